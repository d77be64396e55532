// Derives the columns of one block, each once, in tiles that stay in the first-level cache.
#pragma once

#include "pass/batch.h"
#include "pass/label_pairs.h"
#include "support/dispatch.h"
#include "support/scratch.h"

namespace tally {

class Columns {
 public:
  // `most_rows`: of a block; a multiple of kPad, at most kBlockRows.
  Columns(const Batch& batch, const Demand& demand, int64_t most_rows = kBlockRows);

  // Fills the columns for rows [first, first + rows); rows <= most_rows.
  Fault derive(int64_t first, int64_t rows);
  // Adds up and counts rows from `first` on, without columns, and says how many: 0 if none can be.
  int64_t derive_long(int64_t first, int64_t rows);
  const Block& block() const { return block_; }

 private:
  template <class T>
  void derive_tiles(int64_t first, int64_t rows);
  template <class T>
  void derive_scores(const ArrayView& view, int64_t first, int64_t offset, int64_t rows, unsigned needs, bool of_true);
  template <class T>
  void derive_values(int64_t first, int64_t offset, int64_t rows);
  template <class T>
  const T* rows_of(const ArrayView& view, int64_t first, int64_t rows, char* tile, ptrdiff_t* stride) const;
  template <class T>
  const T* columns_of(const ArrayView& view, int64_t first, int64_t rows, char* tile, ptrdiff_t* stride) const;
  template <class T>
  void derive_row_value(const ValueSpec& spec, int64_t first, int64_t offset, int64_t rows, double* target);
  void derive_value(const ValueSpec& spec, int64_t offset, int64_t rows, double* target) const;
  void sparse_crossentropy(bool from_logits, int64_t offset, int64_t rows, double* target) const;
  void equal_exactly(int64_t first, int64_t rows, double* target) const;
  template <class T>
  PairedRows<T> pair_of(bool true_rows, int64_t first, int64_t rows) const;
  void prepare_sums();
  void prepare_binary();
  void count_binary(int64_t first, int64_t rows);
  void prepare_equal();
  void count_equal(int64_t first, int64_t rows);
  template <class T>
  void sum_elements(int64_t first, int64_t rows);
  void sum_columns(int64_t rows);
  int64_t count_ones(const ValueSpec& spec, int64_t rows) const;
  bool needs_no_columns() const;
  int64_t sum_long(int64_t first, int64_t rows);
  Fault refused_histogram(int64_t rows) const;
  Fault load_weights(int64_t first, int64_t rows);
  Fault check_weights(int64_t first, int64_t rows) const;

  const Batch& batch_;
  const Demand& demand_;
  const Kernels& kernels_;
  const int64_t column_;  // its storage, with room for the vectors that run past the last row
  Block block_;
  Scratch storage_;
  Scratch tiles_;
  Scratch pair_;  // two rows of doubles, for distances around a circle
  int64_t tile_rows_ = kBlockRows;
  bool single_ = false;  // compute in float32
  int32_t* integers_[5] = {};
  double* sum_ = nullptr;
  double* reference_ = nullptr;
  double* exp_sum_ = nullptr;
  double* true_score_ = nullptr;
  double* weights_ = nullptr;
  char* true_tile_ = nullptr;
  char* pred_tile_ = nullptr;
  std::vector<double*> values_;
  LabelPairs pairs_;
  std::vector<ElementSum> sums_;
  ElementSum weight_sum_ = {};
  std::vector<SumGrid> grids_;  // of each value's last block, which most likely suit the next one; then of the weights
  std::vector<char> direct_;    // values that are summed without a column
  std::vector<char> counted_;   // values of 0 and 1 that are only summed, in the columns they follow from
  std::vector<BinaryCounts> binary_;
  std::vector<int> binary_value_;  // of values that are read off binary counts, which; else -1
  int equal_value_ = -1;           // the value that is a count of equal integers, if there is one
  std::vector<char> in_place_;     // those values, which are counted where the arrays lie
  bool sums_anything_ = false;
  bool sums_directly_ = false;
  bool needs_no_columns_ = false;
  int64_t long_exponent_ = 16;  // a guess for the next long block
  int64_t no_long_before_ = 0;  // this row: the sums of some before it were not found
  bool true_rows_needed_ = false;
};

}  // namespace tally
