// Many pairs of histograms over threads.
#pragma once

#include "support/array_view.h"
#include "transport/pair.h"

namespace tally {

// Results of all pairs, row after row; null: not wanted.
struct PairsResult {
  double* costs = nullptr;
  double* gaps = nullptr;
  double* flows = nullptr;
  double* first = nullptr;
  double* second = nullptr;
};

struct PairsOutcome {
  PairFault fault = PairFault::kNone;
  int64_t row = -1;
  bool stopped = false;
};

// Solves row against row, all or, if one is bad, none: the outcome tells the first bad row.
PairsOutcome solve_pairs(const Ground& ground, const Policy& policy, const ArrayView& first, const ArrayView& second,
                         int threads, const StopFunction& stop, const PairsResult& result);

}  // namespace tally
