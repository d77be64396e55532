// The table of kernel functions for optimal transport.
#pragma once

#include <cstdint>

namespace tally {

// A step over a grid, from a place in a line to one in another, `across` places further along it.
struct GridStep {
  int64_t across = 0;
  double length = 0.0;
};

// Costs of transport in blocks of four rows, [4, stride]; strides are multiples of 8, and what pads rows and blocks is
// infinite.
struct TransportKernels {
  // The least of costs[row][column] + rows[row] - columns[column] in a block, and its place; of equal ones the first.
  double (*price)(const double* costs, int64_t stride, const double* rows, const double* columns, int64_t* row,
                  int64_t* column);
  // The two least of costs[column] - columns[column] in a row, and the place of the first.
  int64_t (*two_least)(const double* costs, const double* columns, int64_t stride, double least[2]);
  // The greatest of |from[place] - to[place + across]| - length over all places and steps that is above `bound`, and
  // the first step and place of it; `bound` if none is. Lines of `width` are followed by at least 8 of NaN.
  double (*price_steps)(const double* from, const double* to, int64_t width, const GridStep* steps, int64_t count,
                        double bound, int64_t* step, int64_t* place);
  // The greatest of |values[place] - centre| that is above `bound`, and the first place of it; `bound` if none is.
  double (*furthest)(const double* values, double centre, int64_t width, double bound, int64_t* place);
};

}  // namespace tally
