// The only file that knows Python: arrays and specifications in, outcomes out.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <stdexcept>

#include "accumulators/cell_counts.h"
#include "accumulators/value_sums.h"
#include "pass/pass.h"
#include "support/dispatch.h"
#include "support/exact_sum.h"

namespace py = pybind11;

namespace {

using namespace tally;

enum AccumulatorKind : int { kMeanAccumulator, kLabelAccumulator, kRankAccumulator };

DType dtype_of(const py::dtype& dtype) {
  switch (dtype.num()) {
    case py::detail::npy_api::NPY_BOOL_:
      return DType::kBool;
    case py::detail::npy_api::NPY_BYTE_:
      return DType::kInt8;
    case py::detail::npy_api::NPY_SHORT_:
      return DType::kInt16;
    case py::detail::npy_api::NPY_INT_:
      return DType::kInt32;
    case py::detail::npy_api::NPY_LONG_:
    case py::detail::npy_api::NPY_LONGLONG_:
      return DType::kInt64;
    case py::detail::npy_api::NPY_UBYTE_:
      return DType::kUInt8;
    case py::detail::npy_api::NPY_USHORT_:
      return DType::kUInt16;
    case py::detail::npy_api::NPY_UINT_:
      return DType::kUInt32;
    case py::detail::npy_api::NPY_ULONG_:
    case py::detail::npy_api::NPY_ULONGLONG_:
      return DType::kUInt64;
    case 23:
      return DType::kFloat16;
    case py::detail::npy_api::NPY_FLOAT_:
      return DType::kFloat32;
    case py::detail::npy_api::NPY_DOUBLE_:
      return DType::kFloat64;
    default:
      throw py::type_error("unsupported dtype " + std::string(py::str(dtype)));
  }
}

ArrayView view_of(const py::handle& object) {
  ArrayView view;
  if (object.is_none()) return view;
  if (!py::isinstance<py::array>(object)) throw py::type_error("expected a NumPy array");
  const auto array = py::reinterpret_borrow<py::array>(object);
  if (array.ndim() < 1 || array.ndim() > 2) throw std::invalid_argument("expected one or two dimensions");
  if (!(array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_))
    throw std::invalid_argument("expected an aligned array");
  view.data = static_cast<const char*>(array.data());
  view.type = dtype_of(array.dtype());
  view.dimensions = static_cast<int>(array.ndim());
  view.rows = array.shape(0);
  view.row_stride = array.strides(0);
  view.column_stride = size_of(view.type);
  if (view.dimensions == 2) {
    view.width = array.shape(1);
    view.column_stride = array.strides(1);
  }
  return view;
}

int64_t* state_of(const py::handle& object, int64_t words) {
  const auto array = py::reinterpret_borrow<py::array>(object);
  constexpr int kFlags = py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_WRITEABLE_ |
                         py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  if (!py::isinstance<py::array>(object) || dtype_of(array.dtype()) != DType::kInt64 ||
      (array.flags() & kFlags) != kFlags || array.size() != words)
    throw std::invalid_argument("a state must be a writable, contiguous int64 array of " + std::to_string(words));
  return static_cast<int64_t*>(const_cast<void*>(array.data()));
}

Ignored ignored_of(const py::handle& object) {
  if (object.is_none()) return {};
  return {true, object.cast<int32_t>()};
}

// Builds the accumulators of one pass and gathers what they need.
class Plan {
 public:
  explicit Plan(const Batch& batch) : batch_(batch) {}

  void add(const py::tuple& spec) {
    switch (spec[0].cast<int>()) {
      case kMeanAccumulator:
        add_mean(spec);
        break;
      case kLabelAccumulator:
        add_labels(spec);
        break;
      case kRankAccumulator:
        add_ranks(spec);
        break;
      default:
        throw std::invalid_argument("unknown accumulator");
    }
    demand.needs |= accumulators.back()->needs();
  }

  Demand demand;
  Accumulators accumulators;

 private:
  // (kind, total, count or None, value kind, number, from_logits, bins or None, ignored or None)
  void add_mean(const py::tuple& spec) {
    ValueSpec value;
    const int kind = spec[3].cast<int>();
    if (kind < 0 || kind > static_cast<int>(ValueKind::kRowMean)) throw std::invalid_argument("unknown value");
    value.kind = static_cast<ValueKind>(kind);
    value.number = spec[4].cast<double>();
    value.from_logits = spec[5].cast<bool>();
    if (!spec[6].is_none()) value.bins = bins_of(spec[6]);
    require_shapes(value);

    ValueSum::Options options;
    options.total = state_of(spec[1], kSumWords);
    options.count = spec[2].is_none() ? nullptr : state_of(spec[2], kSumWords);
    options.value = number_of(value);
    options.ignored = ignored_of(spec[7]);
    const unsigned needs = needs_of(value);
    if (needs & kNeedTrueClass) options.classes = static_cast<int32_t>(batch_.y_pred.width);
    demand.needs |= needs;
    accumulators.push_back(std::make_unique<ValueSum>(options));
  }

  // (kind, planes, first limb, classes)
  void add_labels(const py::tuple& spec) {
    const int64_t classes = spec[3].cast<int64_t>();
    for (const ArrayView* view : {&batch_.y_true, &batch_.y_pred})
      require(view->dimensions == 1 || (view->dimensions == 2 && view->width == classes),
              "rows must have one score a class");
    require(classes >= 1 && classes <= 65535, "classes must lie in [1, 65535]");
    accumulators.push_back(
        std::make_unique<LabelCounts>(table_of(spec, classes * classes), static_cast<int32_t>(classes)));
  }

  // (kind, planes, first limb, max_k)
  void add_ranks(const py::tuple& spec) {
    const int64_t max_k = spec[3].cast<int64_t>();
    require(max_k >= 1 && max_k < (int64_t{1} << 30), "max_k is out of range");
    require(batch_.y_pred.dimensions == 2 && batch_.y_true.dimensions >= 1, "ranks need rows of scores");
    accumulators.push_back(std::make_unique<RankCounts>(table_of(spec, 3 * (max_k + 1)), static_cast<int32_t>(max_k),
                                                        static_cast<int32_t>(batch_.y_pred.width)));
  }

  CellTable table_of(const py::tuple& spec, int64_t cells) const {
    CellTable table;
    table.cells = cells;
    table.first_limb = spec[2].cast<int>();
    for (const auto& plane : spec[1].cast<py::tuple>()) table.planes.push_back(state_of(plane, cells));
    const int planes = static_cast<int>(table.planes.size());
    require(table.first_limb >= 0 && table.first_limb + planes <= kLimbs, "planes lie outside the limbs");
    require(table.first_limb <= kUnitLimb && kUnitLimb < table.first_limb + planes, "the plane of ones is missing");
    return table;
  }

  const double* bins_of(const py::handle& object) const {
    const auto array = py::reinterpret_borrow<py::array>(object);
    require(py::isinstance<py::array_t<double, py::array::c_style>>(object) && array.size() == batch_.y_pred.width,
            "bins must be contiguous float64, one a column");
    return static_cast<const double*>(array.data());
  }

  void require_shapes(const ValueSpec& value) const {
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
    require(value.kind != ValueKind::kMeanError || value.bins, "bins are missing");
  }

  int number_of(const ValueSpec& value) {
    for (size_t i = 0; i < demand.values.size(); ++i)
      if (demand.values[i] == value) return static_cast<int>(i);
    demand.values.push_back(value);
    return static_cast<int>(demand.values.size()) - 1;
  }

  static void require(bool holds, const char* message) {
    if (!holds) throw std::invalid_argument(message);
  }

  const Batch& batch_;
};

Batch batch_of(const py::handle& y_true, const py::handle& y_pred, const py::handle& weights, int64_t rows_per_sample) {
  Batch batch{view_of(y_true), view_of(y_pred), view_of(weights), 0, rows_per_sample};
  if (!batch.y_pred.dimensions) throw std::invalid_argument("y_pred is missing");
  batch.rows = batch.y_pred.rows;
  for (const ArrayView* view : {&batch.y_true, &batch.weights})
    if (view->dimensions && view->rows != batch.rows) throw std::invalid_argument("arrays differ in rows");
  if (batch.weights.dimensions == 2) throw std::invalid_argument("weights must have one dimension");
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
  for (int64_t begin = 0; begin < view.rows; begin += kBlockRows) {
    const int64_t count = std::min(kBlockRows, view.rows - begin);
    kernels().convert->to_double(view.row(begin), view.type, view.row_stride, count, buffer);
    bool small_integers = true;
    for (int64_t i = 0; i < count; ++i)
      small_integers &= buffer[i] > -2147483648.0 && buffer[i] < 2147483648.0 &&
                        static_cast<double>(static_cast<int32_t>(buffer[i])) == buffer[i];
    if (small_integers) continue;
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
  module.def("carry_words", &carry_words, py::arg("words"));
  module.def("read_sum", &read_sum, py::arg("array"), py::arg("threads"));
  module.def("instruction_sets", &instruction_sets);
  module.def("get_instruction_set", [] { return std::string(kernels().name); });
  module.def("set_instruction_set", &set_instruction_set, py::arg("name"));

  module.attr("SUM_WORDS") = kSumWords;
  module.attr("LIMBS") = kLimbs;
  module.attr("UNIT_LIMB") = kUnitLimb;
  module.attr("MEAN") = static_cast<int>(kMeanAccumulator);
  module.attr("LABEL_COUNTS") = static_cast<int>(kLabelAccumulator);
  module.attr("RANK_COUNTS") = static_cast<int>(kRankAccumulator);
  const char* values[] = {
      "HIT",   "WITHIN_TOP",   "SPARSE_CROSSENTROPY", "CROSSENTROPY", "SQUARED_ERROR", "ABSOLUTE_ERROR",
      "EQUAL", "BINARY_EQUAL", "EARTH_MOVERS",        "MEAN_ERROR",   "ROW_MEAN"};
  for (int kind = 0; kind <= static_cast<int>(ValueKind::kRowMean); ++kind) module.attr(values[kind]) = kind;
}
