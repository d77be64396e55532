// Sorted thresholds made ready to be searched.
#pragma once

#include <vector>

#include "kernels/table.h"

namespace tally {

// Owns what a ThresholdGrid points to.
template <class T>
class ThresholdSearch {
 public:
  // `elements` scores will be looked up: a grid must be worth its making.
  void build(const double* thresholds, int64_t count, uint32_t least, int64_t elements);
  const ThresholdGrid<T>& grid() const { return grid_; }

 private:
  void build_cells();

  std::vector<T> thresholds_;
  std::vector<uint32_t> first_;
  ThresholdGrid<T> grid_ = {};
};

}  // namespace tally
