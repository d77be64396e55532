// A call of the pass, and the same call again for the next arrays.
#include "bindings/call.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/plan.h"
#include "bindings/signals.h"
#include "pass/pass.h"
#include "pass/weight_limbs.h"

namespace py = pybind11;

namespace tally {
namespace {

// Letting go of the interpreter costs more than a batch of so few elements does.
constexpr int64_t kSmallBatch = 16384;

// Counts what may make remembered calls stale: changed attributes of metrics, replaced arrays of states.
std::atomic<uint64_t> changes{0};

Batch batch_of(const ArrayView& y_true, const ArrayView& y_pred, const ArrayView& weights, int64_t rows_per_sample) {
  Batch batch{y_true, y_pred, weights, y_pred.rows, rows_per_sample};
  if (!y_pred.dimensions) throw std::invalid_argument("y_pred is missing");
  for (const ArrayView* view : {&y_true, &weights})
    if (view->dimensions && view->rows != batch.rows) throw std::invalid_argument("arrays differ in rows");
  if (weights.dimensions == 2 && weights.width != y_pred.width)
    throw std::invalid_argument("weights must be of rows or of elements");
  if (y_pred.width < 1 || y_true.width < 1 || y_pred.width > INT32_MAX || rows_per_sample < 1)
    throw std::invalid_argument("a width is out of range");
  return batch;
}

std::pair<int64_t, int64_t> weight_limbs(const py::array& weights, int threads) {
  const ArrayView view = view_of(weights);
  std::pair<int64_t, int64_t> limbs;
  {
    py::gil_scoped_release release;
    limbs = limbs_of(view, threads, interrupted);
  }
  if (limbs.second < 0) throw py::error_already_set();
  return limbs;
}

template <class Threads>
Fault add_to_states(const Batch& batch, const py::tuple& specs, const Threads& threads) {
  Plan plan(batch);
  for (const auto& spec : specs) plan.add(py::reinterpret_borrow<py::tuple>(spec));
  Outcome outcome;
  if (batch.rows * std::max(batch.y_pred.width, batch.y_true.width) <= kSmallBatch) {
    outcome = add_batch(batch, plan.demand, plan.accumulators, 1, [] { return false; });
  } else {
    const int most = threads();
    py::gil_scoped_release release;
    outcome = add_batch(batch, plan.demand, plan.accumulators, most, interrupted);
  }
  if (outcome.interrupted) throw py::error_already_set();
  return outcome.fault;
}

std::optional<std::pair<int, int64_t>> add(const py::object& y_true, const py::object& y_pred,
                                           const py::object& weights, int64_t rows_per_sample, const py::tuple& specs,
                                           int threads, const py::object& committed) {
  const Batch batch = batch_of(view_of(y_true), view_of(y_pred), view_of(weights), rows_per_sample);
  const Fault fault = add_to_states(batch, specs, [threads] { return threads; });
  if (fault.argument == Argument::kNone) {
    // An interrupt may keep the caller from learning it by the return.
    if (!committed.is_none()) py::reinterpret_borrow<py::list>(committed).append(true);
    return std::nullopt;
  }
  return std::pair(static_cast<int>(fault.argument), fault.row);
}

// What an array must look like to be read without another look, whole or flattened.
class Look {
 public:
  // (dtype, shape but for the rows, whether it is flattened), or None for no array.
  explicit Look(const py::handle& look) {
    if (look.is_none()) return;
    const auto parts = py::reinterpret_borrow<py::tuple>(look);
    dtype_ = parts[0];
    tail_ = parts[1].cast<std::vector<py::ssize_t>>();
    flat_ = parts[2].cast<bool>();
  }

  bool fits(const py::handle& object) const {
    if (!dtype_) return object.is_none();
    if (Py_TYPE(object.ptr()) != py::detail::npy_api::get().PyArray_Type_) return false;
    const auto* array = py::detail::array_proxy(object.ptr());
    const auto dimensions = static_cast<size_t>(array->nd);
    return array->descr == dtype_.ptr() && dimensions == tail_.size() + 1 &&
           std::equal(tail_.begin(), tail_.end(), array->dimensions + 1) && (!flat_ || is_flat(*array));
  }

  // Of an array that fits.
  ArrayView view(const py::handle& object) const {
    if (!flat_) return view_of(object);
    const auto* array = py::detail::array_proxy(object.ptr());
    return flat_view_of(object, has_one_column() ? array->strides[0] : 0);
  }

 private:
  bool has_one_column() const { return tail_.size() == 1 && tail_[0] == 1; }
  bool is_flat(const py::detail::PyArray_Proxy& array) const {
    return has_one_column() || (array.flags & py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_) != 0;
  }

  py::object dtype_;
  std::vector<py::ssize_t> tail_;
  bool flat_ = false;
};

// Holds locks of Python, taken in the given order.
class Held {
 public:
  explicit Held(const std::vector<py::object>& locks) : locks_(locks) {
    static PyObject* const acquire = PyUnicode_InternFromString("acquire");
    for (const py::object& lock : locks_) {
      const auto taken = py::reinterpret_steal<py::object>(PyObject_CallMethodNoArgs(lock.ptr(), acquire));
      if (!taken) {
        py::error_already_set error;
        release();
        throw error;
      }
      ++held_;
    }
  }
  ~Held() { release(); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  void release() {
    static PyObject* const name = PyUnicode_InternFromString("release");
    while (held_) Py_XDECREF(PyObject_CallMethodNoArgs(locks_[--held_].ptr(), name));
  }

  const std::vector<py::object>& locks_;
  size_t held_ = 0;
};

// The call that added one batch, for batches that look like it: for a few rows, working out how metrics read their
// arrays takes longer than adding them. It keeps no state, only references to the arrays that do.
class Repeated {
 public:
  Repeated() = default;
  // `limbs`: of the planes that tables have for the weights; none if no table takes weights.
  Repeated(const py::tuple& looks, std::optional<std::pair<int64_t, int64_t>> limbs, int64_t rows_per_sample,
           py::tuple accumulators, std::vector<py::object> locks, int64_t rows, py::function threads)
      : limbs_(limbs),
        rows_per_sample_(rows_per_sample),
        rows_left_(rows),
        accumulators_(std::move(accumulators)),
        locks_(std::move(locks)),
        threads_(std::move(threads)),
        changes_(changes.load()) {
    for (const auto& look : looks) looks_.emplace_back(look);
    if (looks_.size() != 3) throw std::invalid_argument("three looks are needed");
  }

  // Whether the batch was added; nothing is if it does not look like the one before or is refused.
  bool add(const py::handle& y_true, const py::handle& y_pred, const py::handle& weights) {
    if (changes_ != changes.load(std::memory_order_relaxed) || looks_.empty()) return false;
    if (!looks_[0].fits(y_true) || !looks_[1].fits(y_pred) || !looks_[2].fits(weights)) return false;
    const Held held(locks_);
    if (changes_ != changes.load()) return false;
    try {
      const Batch batch =
          batch_of(looks_[0].view(y_true), looks_[1].view(y_pred), looks_[2].view(weights), rows_per_sample_);
      rows_left_ -= batch.rows;
      if (rows_left_ < 0 || !has_planes_for(batch.weights)) return false;
      const auto threads = [this] { return threads_().cast<int>(); };
      return add_to_states(batch, accumulators_, threads).argument == Argument::kNone;
    } catch (const std::invalid_argument&) {
      // Lengths that differ or misaligned memory: the long way finds the words.
      return false;
    }
  }

 private:
  bool has_planes_for(const ArrayView& weights) const {
    if (!limbs_) return true;
    const auto [first, last] = limbs_of(weights, 1, [] { return false; });
    return first >= limbs_->first && last <= limbs_->second;
  }

  std::vector<Look> looks_;
  std::optional<std::pair<int64_t, int64_t>> limbs_;
  int64_t rows_per_sample_ = 1;
  int64_t rows_left_ = 0;
  py::tuple accumulators_;
  std::vector<py::object> locks_;
  py::function threads_;
  uint64_t changes_ = 0;
};

}  // namespace

void add_calls(py::module_& module) {
  module.def("add", &add, py::arg("y_true").none(true), py::arg("y_pred"), py::arg("weights").none(true),
             py::arg("rows_per_sample"), py::arg("accumulators"), py::arg("threads"),
             py::arg("committed") = py::none());
  module.def("weight_limbs", &weight_limbs, py::arg("weights"), py::arg("threads"));
  module.def("note_change", [] { ++changes; });
  py::class_<Repeated>(module, "Repeated")
      .def(py::init<>())
      .def(py::init<const py::tuple&, std::optional<std::pair<int64_t, int64_t>>, int64_t, py::tuple,
                    std::vector<py::object>, int64_t, py::function>(),
           py::arg("looks"), py::arg("limbs").none(true), py::arg("rows_per_sample"), py::arg("accumulators"),
           py::arg("locks"), py::arg("rows"), py::arg("threads"))
      .def("add", &Repeated::add, py::arg("y_true").none(true), py::arg("y_pred").none(true),
           py::arg("weights").none(true));
}

}  // namespace tally
