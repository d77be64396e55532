// Exact sums of many cells: a plane holds the digits of one limb for all cells.
#pragma once

#include <cstdint>

#include "support/array_view.h"
#include "support/parallel.h"

namespace tally {

constexpr int kMostPlanes = 128;

// Adds a finite value to each cell, one where `values` is null; planes[i] is that of limb first + i. False if a value
// has a digit outside of them, which is left out then.
bool add_to_planes(int64_t* const* planes, int count, int first, const double* values, int64_t cells);

enum class Addition { kAdded, kRefused, kInterrupted };

// Adds all values, one for each cell, as integers: in units of 2^-32 to `high`, and what that leaves, in units of
// 2^-64, to `low`, where there is one. Nothing is added if a value is not finite, not below 2^19, or not such a sum, or
// if `stop` says so.
Addition add_fixed(int64_t* high, int64_t* low, const ArrayView& values, int threads, const StopFunction& stop);

// Brings the digits of all planes but the highest, which are of limbs one after another, into [0, 2^32).
void carry_planes(int64_t* const* planes, int count, int64_t cells);

// sums[cell] = sum over planes of planes[i][cell] * 2^(32 (first + i)), rounded once to nearest, ties to even. At most
// kMostPlanes planes; their numbers may have any sign and need not have propagated carries.
void round_sums(const int64_t* const* planes, int count, int first, int64_t cells, double* sums);

}  // namespace tally
