// Sorted thresholds made ready to be searched.
#pragma once

#include <vector>

#include "kernels/count_table.h"
#include "kernels/direct_table.h"

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

// Thresholds as the ScoreCells of float32 scores: a table by their leading bits.
class ScoreCellTable {
 public:
  // False if too large a table would be needed for `elements` scores. `buckets` cells of each label; numbers reach
  // bucket `least` at least.
  bool build(const double* thresholds, int64_t count, uint32_t least, uint32_t buckets, int64_t elements);
  const ScoreCells& cells() const { return cells_; }

 private:
  // Whether `thresholds` are evenly spaced from 0 or from their distance on, and need no table.
  bool take_even(const std::vector<float>& thresholds);
  bool choose_rows(const std::vector<int32_t>& keys, int64_t most_rows);
  void fill_rows(const std::vector<int32_t>& keys, uint32_t lowest, uint32_t least);

  std::vector<uint16_t> first_;
  std::vector<uint32_t> thresholds_;
  ScoreCells cells_ = {};
};

}  // namespace tally
