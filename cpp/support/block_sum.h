// Exact sums of a block of doubles into the words of support/exact_sum.h.
#pragma once

#include "support/dispatch.h"
#include "support/exact_sum.h"

namespace tally {

inline void add_units(int64_t* words, const int64_t sums[kSumGrids], const SumGrid& grid) {
  for (int digit = 0; digit < kSumGrids; ++digit)
    if (sums[digit]) add_exactly(words, sums[digit], grid.exponent - 52 - 51 * digit);
}

// `grid` is a guess, and takes the grid that suits these values for the next block.
inline void add_values(int64_t* words, const double* values, int64_t count, SumGrid* grid) {
  int64_t sums[kSumGrids];
  if (kernels().sums->exact_sums(values, count, grid, sums)) {
    add_units(words, sums, *grid);
  } else {
    for (int64_t i = 0; i < count; ++i) add_exactly(words, values[i]);
  }
}

inline void add_sum(int64_t* words, const ElementSum& sum) {
  for (int digit = 0; digit < kSumGrids; ++digit)
    if (sum.units[digit]) add_exactly(words, sum.units[digit], sum.exponents[digit]);
}

}  // namespace tally
