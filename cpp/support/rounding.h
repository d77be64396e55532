// Exact sums in planes of 32-bit digits, as doubles.
#pragma once

#include <cstdint>

namespace tally {

constexpr int kMostPlanes = 128;

// sums[cell] = sum over planes of planes[i][cell] * 2^(32 (first + i)), rounded once to nearest, ties to even. At most
// kMostPlanes planes; their numbers may have any sign and need not have propagated carries.
void round_sums(const int64_t* const* planes, int count, int first, int64_t cells, double* sums);

}  // namespace tally
