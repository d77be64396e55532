// Samples of any dtype and stride: where they lie on a grid, and which lie in marked bins.
#pragma once

#include "kernels/count_table.h"
#include "support/array_view.h"
#include "support/parallel.h"

namespace tally {

// Of samples [first, first + rows), at most kBlockRows: the first outside [low, high], or -1.
int64_t first_outside(const ArrayView& samples, int64_t first, int64_t rows, double low, double high);

// Their places; returns how many lie between places.
int64_t places_of(const ArrayView& samples, int64_t first, int64_t rows, const PositionGrid& grid, uint64_t* places);

// Writes the indices of the samples in marked bins to `rows`, which has room for all; returns how many they are, or -1
// if stopped.
int64_t select_samples(const ArrayView& samples, const PositionGrid& grid, const uint8_t* marks, uint64_t bins,
                       int threads, const StopFunction& stop, int64_t* rows);

}  // namespace tally
