// Tables of exact, possibly weighted counts, and the two that are filled from classes: label pairs and ranks.
#pragma once

#include <vector>

#include "accumulators/accumulator.h"
#include "accumulators/byte_counts.h"
#include "accumulators/label_views.h"
#include "kernels/count_table.h"
#include "support/scratch.h"

namespace tally {

// planes[i][cell] counts units of 2^(32 (first_limb + i - kUnitLimb)).
struct CellTable {
  std::vector<int64_t*> planes;
  int first_limb = 0;
  int64_t cells = 0;
};

// Cells behind a table that stand for those of its diagonal: kDiagonals times `classes`, from `first` on.
struct Diagonals {
  int64_t first = 0;
  int64_t classes = 0;
};

// Whether diagonals pay: in batches that are counted in tables per worker, and those are too large for copies.
bool wants_diagonals(int64_t cells, int64_t additions, bool weighted);

// Adds lists of cells to a table, through one of two kinds of scratch: tables per worker, or, where the table is large
// for the rows to come, a list of the cells to count, replayed at the commit.
class CellCounts {
 public:
  explicit CellCounts(CellTable table, const Diagonals& diagonals = {})
      : table_(std::move(table)), diagonals_(diagonals) {}

  void prepare(int workers, int64_t additions, bool weighted);
  void add(int worker, const uint32_t* cells, const double* weights, int64_t count, const LabelsAhead* ahead = nullptr);
  // Pairs of contiguous labels; how many were added before a run of them that holds one outside [0, classes).
  int64_t add_pairs(int worker, const LabelViews& labels, int64_t first, int64_t rows);
  void commit();
  void add_to_state(const uint32_t* cells, const double* weights, int64_t count);

 private:
  struct Partial {
    Scratch counts;  // uint32 [copies, cells] or [cells and diagonals], int64 [planes, copies, cells], or listed cells
    Scratch listed_weights;
    ByteCounts bytes;  // in place of `counts`, of large tables
    int64_t added = 0;
    double reached = 0.0;    // no fixed-point sum can be greater
    bool has_upper = false;  // whether the planes above the fixed one are in use: else they are not even touched
  };
  int64_t diagonal_cells() const { return kDiagonals * diagonals_.classes; }
  int64_t plane_size() const { return table_.cells * copies_; }
  uint32_t* counts_for(int worker, int64_t additions);
  void add_up(const uint32_t* counts, int64_t* table) const;
  int fixed_plane() const;
  void add_fixed(Partial& partial, const uint32_t* cells, const double* weights, int64_t count,
                 const LabelsAhead* streams) const;
  void use_upper(Partial& partial) const;
  void carry_scratch(Partial& partial) const;
  int planes_in_use(const Partial& partial) const;
  void flush(Partial& partial);
  void flush_fixed(Partial& partial);
  void add_weighted(int64_t* const* planes, const uint32_t* cells, const double* weights, int64_t count) const;

  CellTable table_;
  Diagonals diagonals_;
  bool listed_ = false;
  bool weighted_ = false;
  bool in_bytes_ = false;
  int64_t copies_ = 1;
  int64_t scratch_ = 0;  // integers of it per worker
  std::vector<Partial> partials_;
  std::vector<Scratch> spilled_;  // int64 [cells], for workers that outgrow 32 bits
};

// Pairs of true and predicted class, of the pair column of that number.
class LabelCounts final : public Accumulator {
 public:
  LabelCounts(CellTable table, int pair, const Diagonals& diagonals, const LabelViews& labels)
      : counts_(std::move(table), diagonals), pair_(static_cast<size_t>(pair)), labels_(labels) {}

  unsigned needs() const override { return 0; }
  Fault check(const Block& block) const override { return block.pairs[pair_].fault; }
  void prepare(int workers, int64_t rows, bool weighted) override { counts_.prepare(workers, rows, weighted); }
  void add(const Block& block, int worker) override {
    counts_.add(worker, block.pairs[pair_].cells, block.weights, block.rows, block.ahead);
  }
  int64_t add_alone(int64_t first, int64_t rows, int worker) override {
    return labels_.label_bytes ? counts_.add_pairs(worker, labels_, first, rows) : 0;
  }
  void commit() override { counts_.commit(); }
  void add_to_state(const Block& block) override {
    counts_.add_to_state(block.pairs[pair_].cells, block.weights, block.rows);
  }
  bool turn_to(const ArrayView& y_true, const ArrayView& y_pred, const ArrayView&) override {
    labels_.y_true = y_true;
    labels_.y_pred = y_pred;
    return true;
  }

 private:
  CellCounts counts_;
  size_t pair_;
  LabelViews labels_;
};

// Ranks of the true class under the three tie rules: cell = rule * (max_k + 1) + min(rank, max_k), or, counted for each
// true class, (rule * classes + class) * (max_k + 1) + min(rank, max_k).
class RankCounts final : public Accumulator {
 public:
  RankCounts(CellTable table, int32_t max_k, int32_t classes, bool by_class)
      : counts_(std::move(table)), max_k_(max_k), classes_(classes), by_class_(by_class) {}

  unsigned needs() const override { return kNeedTrueClass | kNeedRank; }
  Fault check(const Block& block) const override;
  void prepare(int workers, int64_t rows, bool weighted) override { counts_.prepare(workers, 3 * rows, weighted); }
  void add(const Block& block, int worker) override;
  void commit() override { counts_.commit(); }
  void add_to_state(const Block& block) override;
  bool turn_to(const ArrayView&, const ArrayView&, const ArrayView&) override { return true; }

 private:
  void cells_of(const Block& block, int rule, uint32_t* cells) const;

  CellCounts counts_;
  int32_t max_k_;
  int32_t classes_;
  bool by_class_;
};

}  // namespace tally
