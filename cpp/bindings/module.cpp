// The Python module: batches in, outcomes out.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "accumulators/value_counts.h"
#include "bindings/arrays.h"
#include "bindings/call.h"
#include "bindings/label_keys.h"
#include "bindings/plan.h"
#include "bindings/samples.h"
#include "bindings/transport.h"
#include "pass/pass.h"
#include "support/dispatch.h"
#include "support/exact_sum.h"

namespace py = pybind11;

namespace {

using namespace tally;

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

void carry_words(const py::array& words) {
  int64_t* const first = state_of(words, words.size());
  if (words.size() % kSumWords) throw std::invalid_argument("expected the words of whole sums");
  for (int64_t sum = 0; sum < words.size(); sum += kSumWords) carry(first + sum);
}

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
  add_calls(module);
  module.def("histogram_bins", &histogram_bins, py::arg("scores"));
  module.def("carry_words", &carry_words, py::arg("words"));
  module.def("read_sum", &read_sum, py::arg("array"), py::arg("threads"));
  add_label_keys(module);
  add_samples(module);
  add_transport(module);
  module.def("regions_with_helpers", &regions_with_helpers);
  module.def("set_worth_waking", &set_worth_waking, py::arg("microseconds"));
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
  module.attr("VALUE_COUNTS") = static_cast<int>(kValueCountAccumulator);
  module.attr("VALUE_CELLS") = kValueCells;
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
                          "REACHED",
                          "RELATIVE_ERROR"};
  static_assert(std::size(values) == static_cast<size_t>(ValueKind::kValueKinds), "every value has a name");
  for (size_t kind = 0; kind < std::size(values); ++kind) module.attr(values[kind]) = kind;
}
