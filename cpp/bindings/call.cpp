// A call of the pass, and the same call again for the next arrays.
#include "bindings/call.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <atomic>
#include <memory>
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

bool is_small(const Batch& batch) {
  return batch.rows * std::max(batch.y_pred.width, batch.y_true.width) <= kSmallBatch;
}

template <class Threads>
Fault add_to_states(const Batch& batch, const py::tuple& specs, const Threads& threads) {
  Plan plan(batch, specs);
  Outcome outcome;
  if (is_small(batch)) {
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
                                           int threads, const py::object& committed, const py::list& kept) {
  const Batch batch = batch_of(view_of(y_true), view_of(y_pred), view_of(weights), rows_per_sample);
  const Fault fault = add_to_states(batch, specs, [threads] { return threads; });
  if (fault.argument == Argument::kNone) {
    // An interrupt may keep the caller from learning it by the return, but does not come between these.
    for (const py::handle one : kept) {
      const auto pair = py::reinterpret_borrow<py::tuple>(one);
      py::reinterpret_borrow<py::list>(pair[0]).append(pair[1]);
    }
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
    view_.type = dtype_of(py::reinterpret_borrow<py::dtype>(dtype_));
    view_.dimensions = flat_ ? 1 : static_cast<int>(tail_.size()) + 1;
    if (view_.dimensions < 1 || view_.dimensions > 2) throw std::invalid_argument("expected one or two dimensions");
    if (view_.dimensions == 2) view_.width = tail_[0];
    view_.column_stride = size_of(view_.type);
  }

  // Whether the object looks so; `view` takes it then.
  bool read(const py::handle& object, ArrayView* view) const {
    if (!dtype_) return object.is_none();
    if (Py_TYPE(object.ptr()) != py::detail::npy_api::get().PyArray_Type_) return false;
    const auto& array = *py::detail::array_proxy(object.ptr());
    if (array.descr != dtype_.ptr() || static_cast<size_t>(array.nd) != tail_.size() + 1 ||
        !std::equal(tail_.begin(), tail_.end(), array.dimensions + 1) ||
        !(array.flags & py::detail::npy_api::NPY_ARRAY_ALIGNED_))
      return false;
    *view = view_;
    view->data = array.data;
    view->rows = array.dimensions[0];
    view->row_stride = array.strides[0];
    if (view_.dimensions == 2) view->column_stride = array.strides[1];
    return !flat_ || flatten(array, view);
  }

 private:
  bool flatten(const py::detail::PyArray_Proxy& array, ArrayView* view) const {
    if (tail_.size() == 1 && tail_[0] == 1) return true;
    for (const py::ssize_t size : tail_) view->rows *= size;
    view->row_stride = view->column_stride;
    return (array.flags & py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_) != 0;
  }

  py::object dtype_;
  std::vector<py::ssize_t> tail_;
  bool flat_ = false;
  ArrayView view_;  // but for place, rows and strides
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

// The same for `with`: no interrupt comes between a lock and the note that it is held.
class HeldLocks {
 public:
  explicit HeldLocks(std::vector<py::object> locks) : locks_(std::move(locks)) {}
  void enter() { held_ = std::make_unique<Held>(locks_); }
  void exit(const py::args&) { held_.reset(); }

 private:
  std::vector<py::object> locks_;
  std::unique_ptr<Held> held_;
};

// The accumulators of a batch of one block, ready for the next.
struct Prepared {
  Prepared(const Batch& first, const py::tuple& specs)
      : batch(first), plan(batch, specs), pass(batch, plan.demand, plan.accumulators) {}

  Batch batch;
  Plan plan;
  BlockPass pass;
};

// The call that added one batch, for batches that look like it: for a few rows, working out how metrics read their
// arrays takes longer than adding them. It keeps no state, only references to the arrays that do.
class Repeated {
 public:
  Repeated() = default;
  // `limbs`: of the planes that tables have for the weights; none if no table takes weights. `since`: what `changes`
  // was when the accumulators had been made.
  Repeated(const py::tuple& looks, std::optional<std::pair<int64_t, int64_t>> limbs, int64_t rows_per_sample,
           py::tuple accumulators, std::vector<py::object> locks, int64_t rows, py::function threads, uint64_t since)
      : limbs_(limbs),
        rows_per_sample_(rows_per_sample),
        rows_left_(rows),
        accumulators_(std::move(accumulators)),
        locks_(std::move(locks)),
        threads_(std::move(threads)),
        changes_(since) {
    for (const auto& look : looks) looks_.emplace_back(look);
    if (looks_.size() != 3) throw std::invalid_argument("three looks are needed");
    for (const py::handle spec : accumulators_)
      if (spec.cast<py::tuple>()[0].cast<int>() == kPairKeyAccumulator) only_small_ = true;
  }

  // Whether the batch was added; nothing is if it does not look like the one before or is refused.
  bool add(const py::handle& y_true, const py::handle& y_pred, const py::handle& weights) {
    if (changes_ != changes.load(std::memory_order_relaxed) || looks_.empty()) return false;
    ArrayView views[3];
    if (!looks_[0].read(y_true, &views[0]) || !looks_[1].read(y_pred, &views[1]) || !looks_[2].read(weights, &views[2]))
      return false;
    const Held held(locks_);
    if (changes_ != changes.load()) return false;
    try {
      const Batch batch = batch_of(views[0], views[1], views[2], rows_per_sample_);
      if (only_small_ && !is_small(batch)) return false;
      rows_left_ -= batch.rows;
      if (rows_left_ < 0 || !has_planes_for(batch.weights)) return false;
      return add_views(batch).argument == Argument::kNone;
    } catch (const std::invalid_argument&) {
      // Lengths that differ: the long way finds the words.
      return false;
    }
  }

 private:
  Fault add_views(const Batch& batch) {
    if (!is_small(batch) || !batch.rows || !BlockPass::is_block(batch))
      return add_to_states(batch, accumulators_, [this] { return threads_().cast<int>(); });
    // The interpreter's lock is held until the batch is added, so that nobody else is here.
    if (!prepared_ || !prepared_->pass.takes(batch)) {
      prepared_.reset();
      prepared_ = std::make_unique<Prepared>(batch, accumulators_);
    }
    return prepared_->pass.add();
  }

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
  // Where keys are written into room that others read, and signal handlers may come between.
  bool only_small_ = false;
  uint64_t changes_ = 0;
  std::unique_ptr<Prepared> prepared_;
};

}  // namespace

void add_calls(py::module_& module) {
  module.def("add", &add, py::arg("y_true").none(true), py::arg("y_pred"), py::arg("weights").none(true),
             py::arg("rows_per_sample"), py::arg("accumulators"), py::arg("threads"), py::arg("committed") = py::none(),
             py::arg("kept") = py::list());
  module.attr("SMALL_BATCH") = kSmallBatch;
  module.def("weight_limbs", &weight_limbs, py::arg("weights"), py::arg("threads"));
  module.def("note_change", [] { ++changes; });
  module.def("changes", [] { return changes.load(); });
  py::class_<HeldLocks>(module, "HeldLocks")
      .def(py::init<std::vector<py::object>>(), py::arg("locks"))
      .def("__enter__", &HeldLocks::enter)
      .def("__exit__", &HeldLocks::exit);
  py::class_<Repeated>(module, "Repeated")
      .def(py::init<>())
      .def(py::init<const py::tuple&, std::optional<std::pair<int64_t, int64_t>>, int64_t, py::tuple,
                    std::vector<py::object>, int64_t, py::function, uint64_t>(),
           py::arg("looks"), py::arg("limbs").none(true), py::arg("rows_per_sample"), py::arg("accumulators"),
           py::arg("locks"), py::arg("rows"), py::arg("threads"), py::arg("since"))
      .def("add", &Repeated::add, py::arg("y_true").none(true), py::arg("y_pred").none(true),
           py::arg("weights").none(true));
}

}  // namespace tally
