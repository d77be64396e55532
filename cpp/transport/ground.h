// Costs between bins and between points.
#pragma once

#include <cstdint>

namespace tally {

// Whether [bins, bins] costs are 0 on the diagonal and nowhere exceed those of a detour, but for rounding errors.
bool is_metric(const double* costs, int64_t bins);

enum class PointCost : int { kEuclidean, kSquaredEuclidean, kManhattan };

// Costs [rows, columns] from points [rows, dimensions] to points given by dimension, [dimensions, columns].
void point_costs(const double* from, int64_t rows, const double* to, int64_t columns, int64_t dimensions,
                 PointCost kind, double* costs);

}  // namespace tally
