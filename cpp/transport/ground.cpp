// Costs between bins and between points.
#include "transport/ground.h"

#include <algorithm>
#include <cmath>

namespace tally {
namespace {

constexpr double kRounding = 1.0 + 1e-12;

template <class Distance>
void add_up(const double* from, const double* to, int64_t columns, int64_t dimensions, double* costs,
            Distance distance) {
  std::fill(costs, costs + columns, 0.0);
  for (int64_t dimension = 0; dimension < dimensions; ++dimension) {
    const double own = from[dimension];
    const double* others = to + dimension * columns;
    for (int64_t column = 0; column < columns; ++column) costs[column] += distance(own - others[column]);
  }
}

}  // namespace

bool is_metric(const double* costs, int64_t bins) {
  for (int64_t from = 0; from < bins; ++from) {
    const double* direct = costs + from * bins;
    if (direct[from] != 0.0) return false;
    for (int64_t by = 0; by < bins; ++by) {
      const double first = direct[by];
      const double* second = costs + by * bins;
      int64_t cheaper = 0;
      for (int64_t to = 0; to < bins; ++to) cheaper += direct[to] > (first + second[to]) * kRounding;
      if (cheaper) return false;
    }
  }
  return true;
}

void point_costs(const double* from, int64_t rows, const double* to, int64_t columns, int64_t dimensions,
                 PointCost kind, double* costs) {
  for (int64_t row = 0; row < rows; ++row) {
    double* const of_row = costs + row * columns;
    const double* const point = from + row * dimensions;
    if (kind == PointCost::kManhattan) {
      add_up(point, to, columns, dimensions, of_row, [](double difference) { return std::fabs(difference); });
      continue;
    }
    add_up(point, to, columns, dimensions, of_row, [](double difference) { return difference * difference; });
    if (kind == PointCost::kSquaredEuclidean) continue;
    for (int64_t column = 0; column < columns; ++column) of_row[column] = std::sqrt(of_row[column]);
  }
}

}  // namespace tally
