// Wasserstein distances between two populations of sorted samples.
#pragma once

#include <cstdint>

namespace tally {

struct SortedSamples {
  const double* values = nullptr;   // increasing
  const double* weights = nullptr;  // null: all 1
  int64_t count = 0;

  double weight(int64_t i) const { return weights ? weights[i] : 1.0; }
};

// The integral of |CDF difference|; both populations have some weight.
double first_order(const SortedSamples samples[2]);

// The root of the mean squared distance of samples coupled in their order.
double second_order(const SortedSamples samples[2]);

}  // namespace tally
