// Populations of samples as Python has them: arrays checked, the interpreter let go.
#include "bindings/samples.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/signals.h"
#include "samples/binned.h"
#include "samples/directions.h"
#include "samples/places.h"
#include "samples/sorted.h"
#include "support/planes.h"

namespace py = pybind11;

namespace tally {
namespace {

// Letting go of the interpreter costs more than so many values do.
constexpr int64_t kSmallTensor = 16384;

using Numbers = py::array_t<double, py::array::c_style>;

// Both arrays are [population, bin].
BinnedSums sums_of(const Numbers& masses, const Numbers& places, bool weighted) {
  if (masses.ndim() != 2 || masses.shape(0) != 2 || places.ndim() != 2 || places.shape(0) != 2 ||
      places.shape(1) != masses.shape(1))
    throw std::invalid_argument("sums must be of two populations");
  return {{masses.data(), masses.data() + masses.shape(1)},
          {places.data(), places.data() + places.shape(1)},
          masses.shape(1),
          weighted};
}

// (values, weights or None), at least `least` of them.
SortedSamples samples_of(const py::tuple& pair, int64_t least) {
  const auto numbers = [](const py::handle& object) {
    if (!py::isinstance<Numbers>(object)) throw std::invalid_argument("samples must be contiguous float64");
    return py::reinterpret_borrow<Numbers>(object);
  };
  SortedSamples samples;
  const Numbers values = numbers(pair[0]);
  samples.values = values.data();
  samples.count = values.size();
  if (!pair[1].is_none()) {
    const Numbers weights = numbers(pair[1]);
    if (weights.size() != samples.count) throw std::invalid_argument("weights must be of all samples");
    samples.weights = weights.data();
  }
  if (samples.count < least) throw std::invalid_argument("a population is empty");
  return samples;
}

std::tuple<double, double, double> binned_distance(const Numbers& masses, const Numbers& places, bool weighted, int p) {
  const BinnedSums sums = sums_of(masses, places, weighted);
  py::gil_scoped_release release;
  const Interval interval = p == 1 ? first_order(sums) : second_order(sums);
  return {interval.low, interval.estimate, interval.high};
}

py::array_t<uint8_t> open_bins(const Numbers& masses, const Numbers& places, bool weighted) {
  const BinnedSums sums = sums_of(masses, places, weighted);
  py::array_t<uint8_t> marks(sums.bins);
  mark_open(sums, marks.mutable_data());
  return marks;
}

double refined_distance(const Numbers& masses, const Numbers& places, bool weighted, const py::tuple& one,
                        const py::tuple& other) {
  const BinnedSums sums = sums_of(masses, places, weighted);
  const SortedSamples samples[2] = {samples_of(one, 0), samples_of(other, 0)};
  py::gil_scoped_release release;
  return refined(sums, samples);
}

double sorted_distance(const py::tuple& one, const py::tuple& other, int p) {
  const SortedSamples samples[2] = {samples_of(one, 1), samples_of(other, 1)};
  py::gil_scoped_release release;
  return p == 1 ? first_order(samples) : second_order(samples);
}

// The indices of the samples that lie in marked bins of a grid.
py::array_t<int64_t> samples_in_bins(const py::array& samples, double origin, double width,
                                     const py::array_t<uint8_t, py::array::c_style>& marked, int threads) {
  const ArrayView view = view_of(samples);
  if (view.dimensions != 1) throw std::invalid_argument("samples must have one dimension");
  const PositionGrid grid{origin, 0x1p32 / width};
  // Untouched pages cost nothing.
  const std::unique_ptr<int64_t[]> rows(new int64_t[static_cast<size_t>(view.rows)]);
  int64_t count = 0;
  {
    py::gil_scoped_release release;
    count = select_samples(view, grid, marked.data(), static_cast<uint64_t>(marked.size()), std::max(threads, 1),
                           interrupted, rows.get());
  }
  if (count < 0) throw py::error_already_set();
  return py::array_t<int64_t>(count, rows.get());
}

// The first index of a sample outside [low, high], or NaN; -1 if there is none.
int64_t first_sample_outside(const py::array& samples, double low, double high) {
  const ArrayView view = view_of(samples);
  if (view.dimensions != 1) throw std::invalid_argument("samples must have one dimension");
  py::gil_scoped_release release;
  for (int64_t begin = 0; begin < view.rows; begin += kBlockRows) {
    const int64_t row = first_outside(view, begin, std::min(kBlockRows, view.rows - begin), low, high);
    if (row >= 0) return begin + row;
  }
  return -1;
}

// Adds values, or ones for None, to tables given as (planes, limb of the first, values); no interrupt comes between.
void add_to_tables(const std::vector<std::tuple<std::vector<py::array>, int, std::optional<Numbers>>>& tables,
                   py::list& committed) {
  std::vector<std::vector<int64_t*>> digits;
  for (const auto& [planes, first, values] : tables) {
    if (planes.empty() || (values && values->size() != planes[0].size()))
      throw std::invalid_argument("there must be planes, and values of all their cells");
    digits.emplace_back();
    for (const py::array& plane : planes) digits.back().push_back(state_of(plane, planes[0].size()));
  }
  bool fits = true;
  for (size_t i = 0; i < tables.size(); ++i) {
    const auto& [planes, first, values] = tables[i];
    fits &= add_to_planes(digits[i].data(), static_cast<int>(planes.size()), first, values ? values->data() : nullptr,
                          planes[0].size());
  }
  if (!fits) throw std::invalid_argument("a value needs more planes");
  committed.append(true);
}

// Adds a tensor to the planes of the two limbs below ones, of which the lower may be missing, and 1 to `ones`; or
// nothing, if its values do not fit there.
bool add_tensor(const py::array& high, const std::optional<py::array>& low, const py::array& ones,
                const py::array& values, int threads, py::list& committed) {
  const ArrayView view = view_of(values);
  if (view.dimensions != 1 || values.size() != high.size() || (view.rows > 1 && view.row_stride != size_of(view.type)))
    throw std::invalid_argument("there must be contiguous values, as many as cells");
  int64_t* const of_high = state_of(high, values.size());
  int64_t* const of_low = low ? state_of(*low, values.size()) : nullptr;
  int64_t* const count = state_of(ones, 1);
  Addition addition;
  if (values.size() <= kSmallTensor) {
    addition = add_fixed(of_high, of_low, view, 1, [] { return false; });
  } else {
    py::gil_scoped_release release;
    addition = add_fixed(of_high, of_low, view, threads, interrupted);
  }
  if (addition == Addition::kInterrupted) throw py::error_already_set();
  if (addition == Addition::kRefused) return false;
  *count += 1;
  committed.append(true);
  return true;
}

// The interpreter's lock is held, so that neither interrupts nor other readers come between.
void carry_all(const std::vector<py::array>& planes) {
  std::vector<int64_t*> digits;
  for (const py::array& plane : planes) digits.push_back(state_of(plane, planes[0].size()));
  if (!planes.empty()) carry_planes(digits.data(), static_cast<int>(digits.size()), planes[0].size());
}

// sum of planes[i] * 2^(32 (first + i)) for each cell, rounded once.
Numbers rounded_sums(const std::vector<py::array_t<int64_t, py::array::c_style>>& planes, int first) {
  if (planes.empty() || planes.size() > kMostPlanes) throw std::invalid_argument("there must be some planes");
  std::vector<const int64_t*> digits;
  for (const auto& plane : planes) {
    if (plane.size() != planes[0].size()) throw std::invalid_argument("planes differ in size");
    digits.push_back(plane.data());
  }
  Numbers sums(std::vector<py::ssize_t>(planes[0].shape(), planes[0].shape() + planes[0].ndim()));
  round_sums(digits.data(), static_cast<int>(digits.size()), first, planes[0].size(), sums.mutable_data());
  return sums;
}

Numbers sphere_directions(uint64_t seed, int64_t count, int64_t dimensions) {
  if (count < 0 || dimensions < 1) throw std::invalid_argument("a number of directions is out of range");
  Numbers directions({count, dimensions});
  draw_directions(seed, count, dimensions, directions.mutable_data());
  return directions;
}

// [directions, points] of coordinates [dimensions, points].
Numbers projections(const Numbers& coordinates, const Numbers& directions, int threads) {
  if (coordinates.ndim() != 2 || directions.ndim() != 2 || coordinates.shape(0) != directions.shape(1))
    throw std::invalid_argument("points and directions must have one number of dimensions");
  const int64_t dimensions = coordinates.shape(0);
  const int64_t points = coordinates.shape(1);
  Numbers products({directions.shape(0), coordinates.shape(1)});
  double* const target = products.mutable_data();
  bool done = false;
  {
    py::gil_scoped_release release;
    const double* const from = coordinates.data();
    const double* const along = directions.data();
    done = for_each_chunk(
        directions.shape(0), std::max(threads, 1),
        [=](int, int64_t index) {
          project(from, points, dimensions, along + index * dimensions, target + index * points);
        },
        interrupted);
  }
  if (!done) throw py::error_already_set();
  return products;
}

}  // namespace

void add_samples(py::module_& module) {
  module.def("binned_distance", &binned_distance, py::arg("masses"), py::arg("places"), py::arg("weighted"),
             py::arg("p"));
  module.def("open_bins", &open_bins, py::arg("masses"), py::arg("places"), py::arg("weighted"));
  module.def("refined_distance", &refined_distance, py::arg("masses"), py::arg("places"), py::arg("weighted"),
             py::arg("one"), py::arg("other"));
  module.def("sorted_distance", &sorted_distance, py::arg("one"), py::arg("other"), py::arg("p"));
  module.def("samples_in_bins", &samples_in_bins, py::arg("samples"), py::arg("origin"), py::arg("width"),
             py::arg("marked"), py::arg("threads"));
  module.def("sphere_directions", &sphere_directions, py::arg("seed"), py::arg("count"), py::arg("dimensions"));
  module.def("projections", &projections, py::arg("coordinates"), py::arg("directions"), py::arg("threads"));
  module.def("first_outside", &first_sample_outside, py::arg("samples"), py::arg("low"), py::arg("high"));
  module.def("add_to_tables", &add_to_tables, py::arg("tables"), py::arg("committed"));
  module.def("add_tensor", &add_tensor, py::arg("high"), py::arg("low").none(true), py::arg("ones"), py::arg("values"),
             py::arg("threads"), py::arg("committed"));
  module.def("carry_planes", &carry_all, py::arg("planes"));
  module.def("rounded_sums", &rounded_sums, py::arg("planes"), py::arg("first"));
}

}  // namespace tally
