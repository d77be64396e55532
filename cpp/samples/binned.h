// Distances between two populations of samples of which each bin's mass and mean place are known, with bounds.
// Everything is in units of a bin; places lie in [0, 1].
#pragma once

#include <cstdint>
#include <vector>

#include "samples/sorted.h"

namespace tally {

// Weights of each population's bins, and their sums of weight times place.
struct BinnedSums {
  const double* masses[2];
  const double* places[2];
  int64_t bins = 0;
  bool weighted = false;  // if not, a mass of 1 is one sample
};

struct Interval {
  double low = 0.0;
  double estimate = 0.0;
  double high = 0.0;
};

// The integral of |CDF difference|.
Interval first_order(const BinnedSums& sums);

// The root of the mean squared distance of the best coupling.
Interval second_order(const BinnedSums& sums);

// Marks the bins in which the order of the two populations is open.
void mark_open(const BinnedSums& sums, uint8_t* marks);

// The integral of |CDF difference|, of all samples that lie in open bins; positions count bins from the origin.
double refined(const BinnedSums& sums, const SortedSamples samples[2]);

}  // namespace tally
