// From the tuples that metrics declare to the accumulators of one pass.
#pragma once

#include <pybind11/pybind11.h>

#include "pass/pass.h"

namespace tally {

enum AccumulatorKind : int { kMeanAccumulator, kLabelAccumulator, kRankAccumulator, kThresholdAccumulator };

// Builds the accumulators of one pass and gathers what they need.
class Plan {
 public:
  explicit Plan(const Batch& batch) : batch_(batch) {}

  void add(const pybind11::tuple& spec);

  Demand demand;
  Accumulators accumulators;

 private:
  void add_mean(const pybind11::tuple& spec);
  void add_labels(const pybind11::tuple& spec);
  void add_ranks(const pybind11::tuple& spec);
  void add_thresholds(const pybind11::tuple& spec);
  const double* bins_of(const pybind11::handle& object) const;
  void require_shapes(const ValueSpec& value) const;
  int number_of(const ValueSpec& value);

  const Batch& batch_;
};

}  // namespace tally
