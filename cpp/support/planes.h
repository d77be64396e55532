// Exact sums of many cells: a plane holds the digits of one limb for all cells.
#pragma once

#include <cstdint>

namespace tally {

constexpr int kMostPlanes = 128;

// Adds a finite value to each cell, one where `values` is null; planes[i] is that of limb first + i. False if a value
// has a digit outside of them, which is left out then.
bool add_to_planes(int64_t* const* planes, int count, int first, const double* values, int64_t cells);

// sums[cell] = sum over planes of planes[i][cell] * 2^(32 (first + i)), rounded once to nearest, ties to even. At most
// kMostPlanes planes; their numbers may have any sign and need not have propagated carries.
void round_sums(const int64_t* const* planes, int count, int first, int64_t cells, double* sums);

}  // namespace tally
