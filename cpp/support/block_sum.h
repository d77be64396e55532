// Exact sums of a block of doubles into the words of support/exact_sum.h.
#pragma once

#include "support/dispatch.h"
#include "support/exact_sum.h"

namespace tally {

// `exponent` is a guess of the greatest magnitude's, and takes the true one for the next block.
inline void add_values(int64_t* words, const double* values, int64_t count, int64_t* exponent) {
  double parts[2];
  if (kernels().sums->exact_parts(values, count, parts, exponent)) {
    if (parts[0] != 0.0) add_exactly(words, parts[0]);
    if (parts[1] != 0.0) add_exactly(words, parts[1]);
  } else {
    for (int64_t i = 0; i < count; ++i) add_exactly(words, values[i]);
  }
}

}  // namespace tally
