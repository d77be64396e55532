// Costs on grids of bins, and the steps by which mass may move over one, so that the cheapest ways are sums of them.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/transport_table.h"

namespace tally {

enum class GridCost : int { kSteps, kEuclidean, kSquaredEuclidean };

// A grid of bins in C order: lines along its last axis, which the other axes number.
struct GridShape {
  explicit GridShape(const std::vector<int64_t>& all_lengths);

  int64_t bins() const { return lines * width; }
  // How many lines further one lies that is `offset` further along all axes.
  int64_t lines_of(const std::vector<int32_t>& offset) const;
  // Whether there is such a line.
  bool reaches(const std::vector<int32_t>& offset, int64_t line) const;
  // All bins, first those of one half of the grid, then those of the other, and so on within each half.
  std::vector<int32_t> by_halves() const;

  int64_t width = 1;
  int64_t lines = 1;
  std::vector<int32_t> lengths;  // but the last
  std::vector<int32_t> places;   // [lines, axes but the last]
};

// Steps from a line to the one that lies `offset` further along the other axes, both ways.
struct Course {
  int64_t lines = 0;
  std::vector<int32_t> offset;
  std::vector<GridStep> steps;
};

// Ways over a grid, none of them more than a threshold.
struct GridWays {
 public:
  GridWays(const std::vector<int64_t>& lengths, GridCost cost, double most);

  // The cost from bin to bin, and that rounded.
  double cost(int64_t from, int64_t to) const { return table_[distance(from, to)]; }
  double rounded_cost(int64_t from, int64_t to) const { return rounded_[distance(from, to)]; }

  // Whether all ways are sums of steps; else there are none.
  bool by_steps() const { return !rounds_.empty(); }
  // Up to how many rows times columns of mass it is quicker to go straight from bin to bin.
  int64_t most_direct() const;
  // The steps up to some length, then those up to a greater one; the last round has all. By the sum of steps those are
  // neighbours (Ling, Okada, "An Efficient Earth Mover's Distance Algorithm for Robust Histogram Comparison", 2007); in
  // straight lines, all that are no multiple of others (Bassetti, Gualandi, Veneroni, "On the Computation of
  // Kantorovich-Wasserstein Distances between Two-Dimensional Histograms by Uncapacitated Minimum Cost Flows", 2020).
  const std::vector<std::vector<Course>>& rounds() const { return rounds_; }
  // Some of the shortest steps, each a course of its own, by length.
  const std::vector<Course>& nearest() const { return nearest_; }
  int64_t middle() const;
  // The next bin on the way to the middle, along the last axis first; of the middle that itself.
  int64_t towards_middle(int64_t bin) const;
  const std::vector<int32_t>& order() const { return order_; }  // bins by halves
  // A length to a multiple of a power of two, so fine that sums of those along ways over the grid are exact.
  double rounded(double length) const { return std::nearbyint(length * scale_) / scale_; }
  double rounding() const { return 1.0 / scale_; }
  // Whether all costs are such multiples.
  bool is_exact() const { return exact_; }

  const GridShape shape;
  const GridCost kind;
  const double threshold;

 private:
  // The number of the bin that lies as far from the first along all axes as two do from each other.
  size_t distance(int64_t from, int64_t to) const {
    const int32_t* const own = places_.data() + from * axes_;
    const int32_t* const other = places_.data() + to * axes_;
    int64_t sum = 0;
    for (int64_t axis = 0; axis < axes_; ++axis) sum += std::abs(own[axis] - other[axis]) * strides_[axis];
    return static_cast<size_t>(sum);
  }
  void find_steps();
  void add_rounds(std::vector<Course>& all);
  void add_course(const std::vector<int32_t>& offset, double most, std::vector<Course>* all) const;

  double scale_ = 1.0;
  bool exact_ = true;
  int64_t axes_ = 1;
  std::vector<int32_t> strides_;  // of axes
  std::vector<int32_t> places_;   // [bins, axes]
  std::vector<double> table_;     // costs by distance
  std::vector<double> rounded_;
  std::vector<std::vector<Course>> rounds_;
  std::vector<Course> nearest_;
  std::vector<int32_t> order_;
};

}  // namespace tally
