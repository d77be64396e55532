// What is counted of label pairs without a cell for each pair: counts of each class, and the pairs' numbers.
#pragma once

#include "accumulators/cell_counts.h"
#include "accumulators/ignored.h"

namespace tally {

struct LabelRange {
  int32_t classes = 0;
  Ignored ignored;  // rows with such a true label take no part, and no label of theirs is refused

  Fault check(const Block& block) const;
};

// Cells [3, classes]: hits, rows of the class that were missed, and false predictions of it; then one for nothing.
class LabelMargins final : public Accumulator {
 public:
  LabelMargins(CellTable table, const LabelRange& range) : counts_(std::move(table)), range_(range) {}

  unsigned needs() const override { return kNeedTrueClass | kNeedPredicted; }
  Fault check(const Block& block) const override { return range_.check(block); }
  void prepare(int workers, int64_t rows, bool weighted) override { counts_.prepare(workers, 2 * rows, weighted); }
  void add(const Block& block, int worker) override;
  void commit() override { counts_.commit(); }
  void add_to_state(const Block& block) override;
  bool turn_to(const ArrayView&, const ArrayView&, const ArrayView&) override { return true; }

 private:
  void cells_of(const Block& block, uint32_t* of_true, uint32_t* of_predicted) const;

  CellCounts counts_;
  LabelRange range_;
};

// Writes true * classes + predicted of each row into an array of the caller's, -1 for ignored rows.
class PairKeys final : public Accumulator {
 public:
  PairKeys(int64_t* keys, const LabelRange& range) : keys_(keys), range_(range) {}

  unsigned needs() const override { return kNeedTrueClass | kNeedPredicted; }
  Fault check(const Block& block) const override { return range_.check(block); }
  void prepare(int, int64_t, bool) override {}
  void add(const Block& block, int) override { add_to_state(block); }
  void commit() override {}
  void add_to_state(const Block& block) override;
  bool turn_to(const ArrayView&, const ArrayView&, const ArrayView&) override { return false; }

 private:
  int64_t* keys_;
  LabelRange range_;
};

}  // namespace tally
