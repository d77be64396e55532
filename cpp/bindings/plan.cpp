// The tuples of each kind of accumulator, with every size checked again.
#include "bindings/plan.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <stdexcept>

#include "accumulators/cell_counts.h"
#include "accumulators/class_counts.h"
#include "accumulators/moments.h"
#include "accumulators/position_counts.h"
#include "accumulators/row_values.h"
#include "accumulators/threshold_counts.h"
#include "accumulators/value_counts.h"
#include "accumulators/value_sums.h"
#include "bindings/arrays.h"

namespace py = pybind11;

namespace tally {
void Plan::add(const py::tuple& spec) {
  const int kind = spec[0].cast<int>();
  const bool takes_rows_of_weights = kind == kClassAccumulator || kind == kMomentAccumulator;
  require(batch_.weights.dimensions < 2 || takes_rows_of_weights, "weights must have one dimension");
  switch (kind) {
    case kMeanAccumulator:
      add_mean(spec);
      break;
    case kLabelAccumulator:
      add_labels(spec);
      break;
    case kRankAccumulator:
      add_ranks(spec);
      break;
    case kValuesAccumulator:
      add_values(spec);
      break;
    case kClassAccumulator:
      add_classes(spec);
      break;
    case kMomentAccumulator:
      add_moments(spec);
      break;
    case kThresholdAccumulator:
      add_thresholds(spec);
      break;
    case kPositionAccumulator:
      add_positions(spec);
      break;
    case kValueCountAccumulator:
      add_value_counts(spec);
      break;
    case kMarginAccumulator:
      add_margins(spec);
      break;
    case kPairKeyAccumulator:
      add_pair_keys(spec);
      break;
    default:
      throw std::invalid_argument("unknown accumulator");
  }
  demand.needs |= accumulators.back()->needs();
}

ValueSpec Plan::value_of(const py::tuple& spec, size_t first) const {
  ValueSpec value;
  const int kind = spec[first].cast<int>();
  require(kind >= 0 && kind < static_cast<int>(ValueKind::kValueKinds), "unknown value");
  value.kind = static_cast<ValueKind>(kind);
  value.number = spec[first + 1].cast<double>();
  value.from_logits = spec[first + 2].cast<bool>();
  if (py::isinstance<py::tuple>(spec[first + 3]))
    value.form = form_of(py::reinterpret_borrow<py::tuple>(spec[first + 3]));
  else if (!spec[first + 3].is_none())
    value.bins = bins_of(spec[first + 3]);
  require_shapes(value);
  return value;
}

// (gaps or None, policy, tolerance, circular)
HistogramForm Plan::form_of(const py::tuple& spec) const {
  HistogramForm form;
  if (!spec[0].is_none()) form.gaps = bins_of(spec[0]);
  const int policy = spec[1].cast<int>();
  require(policy >= 0 && policy <= static_cast<int>(MassPolicy::kNormalize), "unknown policy");
  form.policy = static_cast<MassPolicy>(policy);
  form.tolerance = spec[2].cast<double>();
  form.circular = spec[3].cast<bool>();
  return form;
}

// (kind, total, count or None, value kind, number, from_logits, bins or a form or None, ignored or None)
void Plan::add_mean(const py::tuple& spec) {
  const ValueSpec value = value_of(spec, 3);
  ValueSum::Options options;
  options.total = state_of(spec[1], kSumWords);
  options.count = spec[2].is_none() ? nullptr : state_of(spec[2], kSumWords);
  options.ignored = ignored_of(spec[7]);
  options.value = number_of(value, options.ignored.active ? kUsedAsColumn : kUsedAsSum);
  const unsigned needs = needs_of(value);
  if (needs & kNeedTrueClass) options.classes = static_cast<int32_t>(batch_.y_pred.width);
  demand.needs |= needs;
  accumulators.push_back(std::make_unique<ValueSum>(options));
}

// (kind, float64 array of one value a row, value kind, number, from_logits, bins or a form or None, ignored or None)
void Plan::add_values(const py::tuple& spec) {
  const ValueSpec value = value_of(spec, 2);
  RowValues::Options options;
  options.target = numbers_of(spec[1], batch_.rows);
  options.value = number_of(value, kUsedAsColumn);
  options.ignored = ignored_of(spec[6]);
  const unsigned needs = needs_of(value);
  if (needs & kNeedTrueClass) options.classes = static_cast<int32_t>(batch_.y_pred.width);
  demand.needs |= needs;
  accumulators.push_back(std::make_unique<RowValues>(options));
}

// (kind, words, threshold or None)
void Plan::add_classes(const py::tuple& spec) {
  const ArrayView& y_pred = batch_.y_pred;
  require(batch_.y_true.dimensions == 2 && y_pred.dimensions == 2 && batch_.y_true.width == y_pred.width,
          "classes need rows of labels and of scores");
  ClassCounts::Options options;
  options.y_true = batch_.y_true;
  options.y_pred = y_pred;
  options.weights = element_weights();
  options.words = state_of(spec[1], 3 * y_pred.width * kSumWords);
  options.by_maximum = spec[2].is_none();
  const double threshold = options.by_maximum ? 1e-9 : spec[2].cast<double>();
  // Scores are compared in their own precision.
  const bool single = is_floating(y_pred.type) && fits_float32(y_pred.type);
  options.threshold = single ? static_cast<double>(static_cast<float>(threshold)) : threshold;
  accumulators.push_back(std::make_unique<ClassCounts>(options));
}

// (kind, words, words of the number of samples or None, crossed)
void Plan::add_moments(const py::tuple& spec) {
  const ArrayView& y_pred = batch_.y_pred;
  require(batch_.y_true.dimensions == y_pred.dimensions && batch_.y_true.width == y_pred.width,
          "y_true and y_pred differ in shape");
  Moments::Options options;
  options.y_true = batch_.y_true;
  options.y_pred = y_pred;
  options.weights = element_weights();
  options.crossed = spec[3].cast<bool>();
  options.words = state_of(spec[1], (options.crossed ? 6 : 4) * y_pred.width * kSumWords);
  if (!spec[2].is_none()) options.samples = state_of(spec[2], kSumWords);
  accumulators.push_back(std::make_unique<Moments>(options));
}

ArrayView Plan::element_weights() const { return batch_.weights.dimensions == 2 ? batch_.weights : ArrayView{}; }

// (kind, planes, first limb, thresholds or None for the histogram, width, class id or -1, top k or 0, by column, binary
// labels, least bucket, in double)
void Plan::add_thresholds(const py::tuple& spec) {
  ThresholdCounts::Options options;
  if (!spec[3].is_none()) {
    const auto thresholds = py::reinterpret_borrow<py::array>(spec[3]);
    require(py::isinstance<py::array_t<double, py::array::c_style>>(thresholds) && thresholds.size() >= 1 &&
                thresholds.size() < (int64_t{1} << 24),
            "thresholds must be contiguous float64");
    options.thresholds = static_cast<const double*>(thresholds.data());
    options.count = thresholds.size();
  }
  options.width = spec[4].cast<int64_t>();
  options.class_id = spec[5].cast<int64_t>();
  options.top_k = spec[6].cast<int64_t>();
  options.by_column = spec[7].cast<bool>();
  options.binary_labels = spec[8].cast<bool>();
  options.least = spec[9].cast<uint32_t>();
  options.in_double = spec[10].cast<bool>();
  const ArrayView& y_true = batch_.y_true;
  const ArrayView& y_pred = batch_.y_pred;
  require(y_true.dimensions == y_pred.dimensions && y_true.width == y_pred.width, "y_true and y_pred differ in shape");
  require(
      options.width >= 1 && (y_pred.dimensions == 1 ? y_pred.rows % options.width == 0 : y_pred.width == options.width),
      "the width is out of range");
  require(options.class_id >= -1 && options.class_id < options.width && options.top_k >= 0, "a class is out of range");
  require(!(options.by_column && options.binary_labels), "binary labels are counted in one table");
  const bool is_binary = options.count == 1 && !options.least && !options.by_column && !options.binary_labels;
  if (is_binary && options.width == 1) options.binary = number_of(options.thresholds[0]);
  const int64_t cells = ThresholdCounts::cells_of(options);
  require(cells < (int64_t{1} << 31), "too many cells");
  accumulators.push_back(std::make_unique<ThresholdCounts>(table_of(spec, cells), y_true, y_pred, options));
}

// (kind, planes, first limb, irregular, origin, width of a bin, bins, low, high, population of y_pred without y_true)
void Plan::add_positions(const py::tuple& spec) {
  const ArrayView& y_true = batch_.y_true;
  const ArrayView& y_pred = batch_.y_pred;
  require(y_pred.dimensions == 1 && y_true.dimensions < 2, "samples must have one dimension");
  PositionCounts::Options options;
  options.irregular = state_of(spec[3], 2);
  options.grid.origin = spec[4].cast<double>();
  const double width = spec[5].cast<double>();
  options.grid.places_per_unit = 0x1p32 / width;
  options.bins = spec[6].cast<int64_t>();
  options.low = spec[7].cast<double>();
  options.high = spec[8].cast<double>();
  const int population = y_true.dimensions ? 1 : spec[9].cast<int>();
  require(population == 0 || population == 1, "there are two populations");
  // The place of a value in [low, high] must lie in a bin.
  require(options.bins >= 1 && options.bins <= (int64_t{1} << 19) && width > 0.0 &&
              options.grid.origin <= options.low &&
              (options.high - options.grid.origin) * options.grid.places_per_unit + 1.0 <
                  static_cast<double>(options.bins) * 0x1p32,
          "the bins do not cover the range");
  options.samples[population] = y_pred;
  if (y_true.dimensions) options.samples[0] = y_true;
  accumulators.push_back(std::make_unique<PositionCounts>(table_of(spec, 4 * options.bins), options));
}

// (kind, planes, first limb, value kind, number, from_logits, bins or a form or None)
void Plan::add_value_counts(const py::tuple& spec) {
  const ValueSpec value = value_of(spec, 3);
  demand.needs |= needs_of(value);
  accumulators.push_back(std::make_unique<ValueCounts>(table_of(spec, kValueCells), number_of(value, kUsedAsColumn)));
}

const double* Plan::bins_of(const py::handle& object) const {
  const auto array = py::reinterpret_borrow<py::array>(object);
  require(py::isinstance<py::array_t<double, py::array::c_style>>(object) && array.size() == batch_.y_pred.width,
          "bins must be contiguous float64, one a column");
  return static_cast<const double*>(array.data());
}

void Plan::require_shapes(const ValueSpec& value) const {
  const ArrayView& y_true = batch_.y_true;
  const ArrayView& y_pred = batch_.y_pred;
  if (value.kind <= ValueKind::kSparseCrossentropy || value.kind == ValueKind::kCrossentropy) {
    require(y_pred.dimensions == 2 && y_true.dimensions >= 1, "the value needs rows of scores");
    require(y_true.dimensions == 1 || y_true.width == y_pred.width, "y_true and y_pred differ in width");
    require(value.kind != ValueKind::kCrossentropy || y_true.dimensions == 2, "the value needs rows of targets");
  } else if (reads_true_rows(value.kind)) {
    require(y_true.dimensions == y_pred.dimensions && y_true.width == y_pred.width,
            "y_true and y_pred differ in shape");
  }
  const bool takes_bins = value.kind == ValueKind::kMeanError || value.kind == ValueKind::kRelativeError;
  require(!takes_bins || value.bins, "bins are missing");
}

template <class Spec>
int Plan::number_among(std::vector<Spec>* specs, const Spec& spec) {
  for (size_t i = 0; i < specs->size(); ++i)
    if ((*specs)[i] == spec) return static_cast<int>(i);
  specs->push_back(spec);
  return static_cast<int>(specs->size()) - 1;
}

// -1 for thresholds that are no float32.
int Plan::number_of(double threshold) {
  const auto single = static_cast<float>(threshold);
  return static_cast<double>(single) == threshold ? number_among(&demand.thresholds, single) : -1;
}

int Plan::number_of(const ValueSpec& value, ValueUse use) {
  const int number = number_among(&demand.values, value);
  demand.uses.resize(demand.values.size());
  demand.uses[static_cast<size_t>(number)] |= use;
  return number;
}

int Plan::number_of(const PairSpec& pair) { return number_among(&demand.pairs, pair); }

}  // namespace tally
