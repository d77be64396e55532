// The Python module: batches in, outcomes out.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "bindings/arrays.h"
#include "bindings/plan.h"
#include "bindings/transport.h"
#include "pass/pass.h"
#include "support/dispatch.h"
#include "support/exact_sum.h"

namespace py = pybind11;

namespace {

using namespace tally;

Batch batch_of(const py::handle& y_true, const py::handle& y_pred, const py::handle& weights, int64_t rows_per_sample) {
  Batch batch{view_of(y_true), view_of(y_pred), view_of(weights), 0, rows_per_sample};
  if (!batch.y_pred.dimensions) throw std::invalid_argument("y_pred is missing");
  batch.rows = batch.y_pred.rows;
  for (const ArrayView* view : {&batch.y_true, &batch.weights})
    if (view->dimensions && view->rows != batch.rows) throw std::invalid_argument("arrays differ in rows");
  if (batch.weights.dimensions == 2 && batch.weights.width != batch.y_pred.width)
    throw std::invalid_argument("weights must be of rows or of elements");
  if (batch.y_pred.width < 1 || batch.y_true.width < 1 || batch.y_pred.width > INT32_MAX || rows_per_sample < 1)
    throw std::invalid_argument("a width is out of range");
  return batch;
}

py::object add(const py::object& y_true, const py::object& y_pred, const py::object& weights, int64_t rows_per_sample,
               const py::tuple& specs, int threads) {
  const Batch batch = batch_of(y_true, y_pred, weights, rows_per_sample);
  Plan plan(batch);
  for (const auto& spec : specs) plan.add(py::reinterpret_borrow<py::tuple>(spec));
  Outcome outcome;
  // Letting go of the interpreter costs more than a small batch does.
  if (batch.rows * std::max(batch.y_pred.width, batch.y_true.width) <= 16384) {
    outcome = add_batch(batch, plan.demand, plan.accumulators, 1, [] { return false; });
  } else {
    py::gil_scoped_release release;
    outcome = add_batch(batch, plan.demand, plan.accumulators, threads, [] {
      py::gil_scoped_acquire acquire;
      return PyErr_CheckSignals() != 0;
    });
  }
  if (outcome.interrupted) throw py::error_already_set();
  if (outcome.fault.argument == Argument::kNone) return py::none();
  return py::make_tuple(static_cast<int>(outcome.fault.argument), outcome.fault.row);
}

// The limbs that exact sums of these weights touch, as (first, last); (-1, row) for a weight that is not finite.
std::pair<int64_t, int64_t> weight_limbs(const py::array& weights) {
  const ArrayView view = view_of(weights);
  py::gil_scoped_release release;
  int first = kUnitLimb;
  int last = kUnitLimb;
  double buffer[kBlockRows];
  int64_t high[kBlockRows + kPad];
  int64_t low[kBlockRows + kPad];
  for (int64_t begin = 0; begin < view.rows; begin += kBlockRows) {
    const int64_t count = std::min(kBlockRows, view.rows - begin);
    kernels().convert->to_double(view.row(begin), view.type, view.row_stride, count, buffer);
    const double scale = is_floating(view.type) ? 0x1p32 : 1.0;
    const FixedWeights found =
        kernels().label_pairs->fix_weights(buffer, count, scale, high, is_floating(view.type) ? low : nullptr);
    if (!found.has_others && found.greatest < 0x1p31 * scale) {
      if (is_floating(view.type)) first = std::min(first, kUnitLimb - (found.has_low ? 2 : 1));
      continue;
    }
    for (int64_t i = 0; i < count; ++i) {
      if (!(buffer[i] - buffer[i] == 0.0)) return {-1, begin + i};
      const Digits digits = split_digits(buffer[i]);
      for (int digit = 0; digit < 3; ++digit) {
        if (!digits.digit[digit]) continue;
        first = std::min(first, digits.first + digit);
        last = std::max(last, digits.first + digit);
      }
    }
  }
  return {first, last};
}

// The bins of the fixed histogram that float64 scores fall into.
py::array_t<int64_t> histogram_bins(const py::array_t<double, py::array::c_style>& scores) {
  py::array_t<int64_t> bins(scores.size());
  uint32_t buffer[kBlockRows];
  for (int64_t begin = 0; begin < scores.size(); begin += kBlockRows) {
    const int64_t count = std::min(kBlockRows, static_cast<int64_t>(scores.size()) - begin);
    kernels().thresholds->bins_f64(scores.data() + begin, count, buffer);
    std::copy(buffer, buffer + count, bins.mutable_data() + begin);
  }
  return bins;
}

// The indices of the samples that lie in marked bins of a grid.
py::array_t<int64_t> samples_in_bins(const py::array& samples, double origin, double width,
                                     const py::array_t<uint8_t, py::array::c_style>& marked) {
  const ArrayView view = view_of(samples);
  if (view.dimensions != 1) throw std::invalid_argument("samples must have one dimension");
  const PositionGrid grid{origin, 0x1p32 / width};
  const auto bins = static_cast<uint64_t>(marked.size());
  const uint8_t* marks = marked.data();
  std::vector<int64_t> found;
  {
    py::gil_scoped_release release;
    double values[kBlockRows];
    uint64_t places[kBlockRows];
    int64_t rows[kBlockRows];
    for (int64_t begin = 0; begin < view.rows; begin += kBlockRows) {
      const int64_t count = std::min(kBlockRows, view.rows - begin);
      kernels().convert->to_double(view.row(begin), view.type, view.row_stride, count, values);
      kernels().positions->places(values, count, grid, places);
      int64_t kept = 0;
      for (int64_t i = 0; i < count; ++i) {
        const uint64_t bin = places[i] >> 32;
        rows[kept] = begin + i;
        kept += bin < bins && marks[bin];
      }
      found.insert(found.end(), rows, rows + kept);
    }
  }
  return py::array_t<int64_t>(static_cast<py::ssize_t>(found.size()), found.data());
}

void carry_words(const py::array& words) { carry(state_of(words, kSumWords)); }

uint64_t read_sum(const py::array& array, int threads) {
  if (!(array.flags() & py::array::c_style)) throw std::invalid_argument("expected a C-contiguous array");
  const auto* words = static_cast<const uint64_t*>(array.data());
  const int64_t count = array.nbytes() / 8;
  py::gil_scoped_release release;
  return read_words(words, count, std::max(threads, 1));
}

}  // namespace

PYBIND11_MODULE(_core, module) {
  module.doc() = "One native pass over a batch for many accumulators; states are int64 arrays owned by the caller.";
  module.def("add", &add, py::arg("y_true").none(true), py::arg("y_pred"), py::arg("weights").none(true),
             py::arg("rows_per_sample"), py::arg("accumulators"), py::arg("threads"));
  module.def("weight_limbs", &weight_limbs, py::arg("weights"));
  module.def("histogram_bins", &histogram_bins, py::arg("scores"));
  module.def("samples_in_bins", &samples_in_bins, py::arg("samples"), py::arg("origin"), py::arg("width"),
             py::arg("marked"));
  module.def("carry_words", &carry_words, py::arg("words"));
  module.def("read_sum", &read_sum, py::arg("array"), py::arg("threads"));
  add_transport(module);
  module.def("instruction_sets", &instruction_sets);
  module.def("get_instruction_set", [] { return std::string(kernels().name); });
  module.def("set_instruction_set", &set_instruction_set, py::arg("name"));

  module.attr("SUM_WORDS") = kSumWords;
  module.attr("LIMBS") = kLimbs;
  module.attr("UNIT_LIMB") = kUnitLimb;
  module.attr("MEAN") = static_cast<int>(kMeanAccumulator);
  module.attr("LABEL_COUNTS") = static_cast<int>(kLabelAccumulator);
  module.attr("ROW_VALUES") = static_cast<int>(kValuesAccumulator);
  module.attr("RANK_COUNTS") = static_cast<int>(kRankAccumulator);
  module.attr("THRESHOLD_COUNTS") = static_cast<int>(kThresholdAccumulator);
  module.attr("POSITION_COUNTS") = static_cast<int>(kPositionAccumulator);
  module.attr("LABEL_MARGINS") = static_cast<int>(kMarginAccumulator);
  module.attr("PAIR_KEYS") = static_cast<int>(kPairKeyAccumulator);
  module.attr("HISTOGRAM_BINS") = kHistogramBins;
  module.attr("CLASS_COUNTS") = static_cast<int>(kClassAccumulator);
  module.attr("MOMENTS") = static_cast<int>(kMomentAccumulator);
  const char* values[] = {"HIT",
                          "WITHIN_TOP",
                          "SPARSE_CROSSENTROPY",
                          "CROSSENTROPY",
                          "SQUARED_ERROR",
                          "ABSOLUTE_ERROR",
                          "EQUAL",
                          "BINARY_EQUAL",
                          "ROW_PRECISION",
                          "ROW_RECALL",
                          "EARTH_MOVERS",
                          "MEAN_ERROR",
                          "ROW_MEAN",
                          "BINARY_CROSSENTROPY",
                          "HINGE",
                          "SQUARED_HINGE",
                          "CATEGORICAL_HINGE",
                          "KL_DIVERGENCE",
                          "POISSON",
                          "LOG_COSH",
                          "PERCENTAGE_ERROR",
                          "SQUARED_LOGARITHMIC_ERROR",
                          "COSINE",
                          "PEARSON",
                          "CONCORDANCE",
                          "HUBER",
                          "REACHED"};
  static_assert(std::size(values) == static_cast<size_t>(ValueKind::kValueKinds), "every value has a name");
  for (size_t kind = 0; kind < std::size(values); ++kind) module.attr(values[kind]) = kind;
}
