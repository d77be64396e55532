// From the tuples that metrics declare to the accumulators of one pass.
#pragma once

#include <pybind11/pybind11.h>

#include <stdexcept>

#include "accumulators/label_margins.h"
#include "pass/pass.h"

namespace tally {

enum AccumulatorKind : int {
  kMeanAccumulator,
  kLabelAccumulator,
  kRankAccumulator,
  kValuesAccumulator,
  kClassAccumulator,
  kMomentAccumulator,
  kThresholdAccumulator,
  kPositionAccumulator,
  kValueCountAccumulator,
  kMarginAccumulator,
  kPairKeyAccumulator
};

inline void require(bool holds, const char* message) {
  if (!holds) throw std::invalid_argument(message);
}

// None, a label, or a tuple of labels.
Ignored ignored_of(const pybind11::handle& object);
// Entries 1 and 2 of a tuple: the planes and the limb of the first.
CellTable table_of(const pybind11::tuple& spec, int64_t cells);

// Builds the accumulators of one pass and gathers what they need.
class Plan {
 public:
  Plan(const Batch& batch, const pybind11::tuple& specs) : batch_(batch) {
    for (const auto& spec : specs) add(pybind11::reinterpret_borrow<pybind11::tuple>(spec));
  }

  Demand demand;
  Accumulators accumulators;

 private:
  void add(const pybind11::tuple& spec);
  void add_mean(const pybind11::tuple& spec);
  void add_values(const pybind11::tuple& spec);
  void add_labels(const pybind11::tuple& spec);
  void add_ranks(const pybind11::tuple& spec);
  // The value that four entries of a tuple describe: kind, number, from_logits, bins or the form of a histogram or
  // None.
  ValueSpec value_of(const pybind11::tuple& spec, size_t first) const;
  void add_classes(const pybind11::tuple& spec);
  void add_moments(const pybind11::tuple& spec);
  ArrayView element_weights() const;
  void add_thresholds(const pybind11::tuple& spec);
  void add_positions(const pybind11::tuple& spec);
  void add_value_counts(const pybind11::tuple& spec);
  void add_margins(const pybind11::tuple& spec);
  void add_pair_keys(const pybind11::tuple& spec);
  LabelRange label_range(const pybind11::handle& classes, const pybind11::handle& ignored, int64_t most) const;
  HistogramForm form_of(const pybind11::tuple& spec) const;
  const double* bins_of(const pybind11::handle& object) const;
  void require_shapes(const ValueSpec& value) const;
  template <class Spec>
  static int number_among(std::vector<Spec>* specs, const Spec& spec);
  int number_of(const ValueSpec& value, ValueUse use);
  int number_of(const PairSpec& pair);
  int number_of(double threshold);

  const Batch& batch_;
};

}  // namespace tally
