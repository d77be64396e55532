// Sorting numbers of label pairs out, and counting runs of them.
#include "bindings/label_keys.h"

#include <pybind11/numpy.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "bindings/arrays.h"

namespace py = pybind11;

namespace tally {
namespace {

using Integers = py::array_t<int64_t, py::array::c_style>;

// Counts equal labels in equal[label], in its last word what has no label; returns how many keys it copied to `others`.
int64_t split_equal(const Integers& keys, const py::object& equal, const py::object& others) {
  const auto classes = static_cast<uint64_t>(py::len(equal)) - 1;
  int64_t* counts = state_of(equal, static_cast<int64_t>(py::len(equal)));
  int64_t* target = state_of(others, keys.size());
  if (py::len(equal) < 2) throw std::invalid_argument("there are no classes");
  const int64_t* source = keys.data();
  const int64_t size = keys.size();
  const py::gil_scoped_release release;
  int64_t copied = 0;
  for (int64_t i = 0; i < size; ++i) {
    const int64_t key = source[i];
    target[copied] = key;
    copied += key >= 0;
    counts[std::min(static_cast<uint64_t>(-2 - key), classes)] += 1;
  }
  return copied;
}

// The distinct keys and how often each occurs, of sorted keys and of counts of equal labels (see split_equal); no key
// is of equal labels if there are such counts.
std::pair<Integers, Integers> key_runs(const Integers& keys, const Integers& equal) {
  const int64_t* sorted = keys.data();
  const int64_t* counts = equal.data();
  const int64_t size = keys.size();
  const int64_t classes = std::max<int64_t>(equal.size() - 1, 0);
  int64_t runs = size > 0;
  for (int64_t i = 1; i < size; ++i) runs += sorted[i] != sorted[i - 1];
  for (int64_t label = 0; label < classes; ++label) runs += counts[label] != 0;
  std::pair<Integers, Integers> result{Integers(runs), Integers(runs)};
  int64_t* distinct = result.first.mutable_data();
  int64_t* lengths = result.second.mutable_data();
  const py::gil_scoped_release release;
  int64_t i = 0;
  const auto add_runs = [&](int64_t end) {
    while (i < size && sorted[i] < end) {
      const int64_t begin = i;
      const int64_t key = sorted[i];
      while (i < size && sorted[i] == key) ++i;
      *distinct++ = key;
      *lengths++ = i - begin;
    }
  };
  for (int64_t label = 0; label < classes; ++label) {
    if (!counts[label]) continue;
    add_runs(label * (classes + 1));
    *distinct++ = label * (classes + 1);
    *lengths++ = counts[label];
  }
  add_runs(INT64_MAX);
  return result;
}

}  // namespace

void add_label_keys(py::module_& module) {
  module.def("split_equal", &split_equal, py::arg("keys"), py::arg("equal"), py::arg("others"));
  module.def("key_runs", &key_runs, py::arg("keys"), py::arg("equal"));
}

}  // namespace tally
