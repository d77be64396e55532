// The transport solver's face to Python: arrays checked, the interpreter let go.
#include "bindings/transport.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/signals.h"
#include "transport/ground.h"
#include "transport/pairs.h"

namespace py = pybind11;

namespace tally {
namespace {

constexpr int64_t kCostsPerSignal = int64_t{1} << 21;
constexpr int64_t kMostGridBins = int64_t{1} << 20;

using Matrix = py::array_t<double, py::array::c_style>;

double* optional_numbers(const py::object& object, int64_t count) {
  return object.is_none() ? nullptr : numbers_of(object, count);
}

int64_t checked_size(int64_t bins) {
  if (bins < 1 || bins > (int64_t{1} << 28)) throw std::invalid_argument("a number of bins is out of range");
  return bins;
}

// (kind, lengths, threshold) of a grid.
std::unique_ptr<const GridWays> ways_of(const py::tuple& grid) {
  if (grid.size() != 3) throw std::invalid_argument("a grid must have a kind, lengths and a threshold");
  const auto kind = py::cast<int>(grid[0]);
  const auto lengths = py::cast<std::vector<int64_t>>(grid[1]);
  const auto threshold = py::cast<double>(grid[2]);
  if (kind < 0 || kind > static_cast<int>(GridCost::kSquaredEuclidean)) throw std::invalid_argument("no such cost");
  if (!(threshold >= 0.0)) throw std::invalid_argument("a threshold must be a number >= 0");
  int64_t bins = 1;
  for (const int64_t length : lengths) {
    if (length < 1 || length > kMostGridBins / bins) throw std::invalid_argument("no such grid");
    bins *= length;
  }
  return std::make_unique<const GridWays>(lengths, static_cast<GridCost>(kind), threshold);
}

// None, or the first bad row as (fault, row).
py::object transport(const py::object& costs, bool metric, const py::array& first, const py::array& second, int unequal,
                     double tolerance, double penalty, const py::object& values, const py::object& gaps,
                     const py::object& flows, const py::object& potentials, int threads) {
  const ArrayView one = view_of(first);
  const ArrayView other = view_of(second);
  if (one.dimensions != 2 || other.dimensions != 2 || one.rows != other.rows)
    throw std::invalid_argument("masses must be rows of two arrays");
  Ground ground{nullptr, nullptr, checked_size(one.width), checked_size(other.width), metric};
  if (metric && ground.rows != ground.columns) throw std::invalid_argument("costs must be square");
  Matrix matrix;
  std::unique_ptr<const GridWays> ways;
  if (py::isinstance<py::tuple>(costs)) {
    ways = ways_of(py::reinterpret_borrow<py::tuple>(costs));
    if (ways->shape.bins() != ground.rows || ways->shape.bins() != ground.columns)
      throw std::invalid_argument("a grid must have all bins");
    ground.ways = ways.get();
  } else {
    matrix = py::cast<Matrix>(costs);
    if (matrix.ndim() != 2 || matrix.shape(0) != ground.rows || matrix.shape(1) != ground.columns)
      throw std::invalid_argument("costs must be of all bins");
    ground.costs = matrix.data();
  }
  if (unequal < 0 || unequal > static_cast<int>(Unequal::kPartial)) throw std::invalid_argument("no such policy");
  const Policy policy{static_cast<Unequal>(unequal), tolerance, penalty};
  PairsResult result{numbers_of(values, one.rows), numbers_of(gaps, one.rows),
                     optional_numbers(flows, one.rows * ground.rows * ground.columns)};
  if (!potentials.is_none()) {
    const auto both = py::reinterpret_borrow<py::tuple>(potentials);
    if (!py::isinstance<py::tuple>(potentials) || both.size() != 2) throw std::invalid_argument("expected two arrays");
    result.first = numbers_of(both[0], one.rows * ground.rows);
    result.second = numbers_of(both[1], one.rows * ground.columns);
  }
  PairsOutcome outcome;
  {
    py::gil_scoped_release release;
    outcome = solve_pairs(ground, policy, one, other, threads, interrupted, result);
  }
  if (outcome.stopped) throw py::error_already_set();
  if (outcome.fault == PairFault::kNone) return py::none();
  return py::make_tuple(static_cast<int>(outcome.fault), outcome.row);
}

bool metric_costs(const Matrix& costs) {
  if (costs.ndim() != 2 || costs.shape(0) != costs.shape(1)) throw std::invalid_argument("costs must be square");
  py::gil_scoped_release release;
  return is_metric(costs.data(), costs.shape(0));
}

Matrix costs_of_points(const Matrix& from, const Matrix& to_by_dimension, int kind) {
  if (from.ndim() != 2 || to_by_dimension.ndim() != 2 || from.shape(1) != to_by_dimension.shape(0))
    throw std::invalid_argument("points must have one number of dimensions");
  if (kind < 0 || kind > static_cast<int>(PointCost::kManhattan)) throw std::invalid_argument("no such cost");
  Matrix costs({from.shape(0), to_by_dimension.shape(1)});
  double* const target = costs.mutable_data();
  const int64_t columns = to_by_dimension.shape(1);
  const int64_t block = std::max<int64_t>(1, kCostsPerSignal / std::max<int64_t>(1, columns));
  for (int64_t row = 0; row < from.shape(0); row += block) {
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    py::gil_scoped_release release;
    point_costs(from.data() + row * from.shape(1), std::min(block, from.shape(0) - row), to_by_dimension.data(),
                columns, from.shape(1), static_cast<PointCost>(kind), target + row * columns);
  }
  return costs;
}

}  // namespace

void add_transport(py::module_& module) {
  module.def("transport", &transport, py::arg("costs"), py::arg("metric"), py::arg("first"), py::arg("second"),
             py::arg("unequal"), py::arg("tolerance"), py::arg("penalty"), py::arg("values"), py::arg("gaps"),
             py::arg("flows").none(true), py::arg("potentials").none(true), py::arg("threads"));
  module.def("is_metric", &metric_costs, py::arg("costs"));
  module.def("point_costs", &costs_of_points, py::arg("from_points"), py::arg("to_by_dimension"), py::arg("kind"));
}

}  // namespace tally
