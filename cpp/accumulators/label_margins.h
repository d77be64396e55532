// What is counted of label pairs without a cell for each pair: counts of each class, and the pairs' numbers.
#pragma once

#include "accumulators/cell_counts.h"
#include "accumulators/ignored.h"
#include "support/array_view.h"

namespace tally {

struct LabelRange {
  int32_t classes = 0;
  Ignored ignored;  // rows with such a true label take no part, and no label of theirs is refused

  Fault check(const Block& block) const;
};

// Cells [3, classes]: hits, rows of the class that were missed, and false predictions of it; then one for nothing.
// Labels of 64 or 32 bits are read where they are.
class LabelMargins final : public Accumulator {
 public:
  LabelMargins(CellTable table, const LabelRange& range, const ArrayView& y_true, const ArrayView& y_pred);

  unsigned needs() const override { return size_ ? 0 : kNeedTrueClass | kNeedPredicted; }
  Fault check(const Block& block) const override;
  void prepare(int workers, int64_t rows, bool weighted) override { counts_.prepare(workers, 2 * rows, weighted); }
  void add(const Block& block, int worker) override;
  void commit() override { counts_.commit(); }
  void add_to_state(const Block& block) override;
  bool turn_to(const ArrayView& y_true, const ArrayView& y_pred, const ArrayView&) override {
    y_true_ = y_true;
    y_pred_ = y_pred;
    return true;
  }

 private:
  // Of labels read where they are: whether all lie in range.
  bool direct_cells(const Block& block, uint32_t* of_true, uint32_t* of_predicted) const;
  void cells_of(const Block& block, uint32_t* of_true, uint32_t* of_predicted) const;

  CellCounts counts_;
  LabelRange range_;
  ArrayView y_true_;
  ArrayView y_pred_;
  int64_t size_ = 0;  // of a label that is read where it is, in bytes; else 0
};

// Writes the numbers of label pairs behind those that wait in an array of the caller's, and then how many wait into its
// first word: true * classes + predicted, -2 - label for equal labels, -1 for ignored rows.
class PairKeys final : public Accumulator {
 public:
  PairKeys(int64_t* room, const LabelRange& range) : room_(room), range_(range) {}

  unsigned needs() const override { return kNeedTrueClass | kNeedPredicted; }
  Fault check(const Block& block) const override { return range_.check(block); }
  void prepare(int, int64_t rows, bool) override { rows_ = rows; }
  void add(const Block& block, int) override { write(block); }
  void commit() override { room_[0] += rows_; }
  void add_to_state(const Block& block) override {
    write(block);
    room_[0] += block.rows;
  }
  // Whether there is room for them is asked for each batch anew.
  bool turn_to(const ArrayView&, const ArrayView&, const ArrayView&) override { return false; }

 private:
  void write(const Block& block);

  int64_t* room_;
  LabelRange range_;
  int64_t rows_ = 0;
};

}  // namespace tally
