// Which limbs exact sums of weights touch: read beforehand, for the state must have them.
#pragma once

#include <utility>

#include "support/array_view.h"
#include "support/parallel.h"

namespace tally {

// The limbs that exact sums of these weights touch, as (first, last); (-1, row) for a weight that is not finite.
// (0, -1) if it was `interrupted`, which is asked between chunks.
std::pair<int64_t, int64_t> limbs_of(const ArrayView& weights, int threads, const StopFunction& interrupted);

}  // namespace tally
