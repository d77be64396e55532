// Tables of exact, possibly weighted counts, and the two that are filled from classes: label pairs and ranks.
#pragma once

#include <vector>

#include "accumulators/accumulator.h"
#include "accumulators/ignored.h"
#include "support/scratch.h"

namespace tally {

// planes[i][cell] counts units of 2^(32 (first_limb + i - kUnitLimb)).
struct CellTable {
  std::vector<int64_t*> planes;
  int first_limb = 0;
  int64_t cells = 0;
};

// Adds lists of cells to a table, through one of two kinds of scratch: tables per worker, or, where the table is large
// for the rows to come, a list of the cells to count, replayed at the commit.
class CellCounts {
 public:
  explicit CellCounts(CellTable table) : table_(std::move(table)) {}

  void prepare(int workers, int64_t additions, bool weighted);
  void add(int worker, const uint32_t* cells, const double* weights, int64_t count);
  void commit();
  void add_to_state(const uint32_t* cells, const double* weights, int64_t count);

 private:
  struct Partial {
    Scratch counts;  // uint32 [copies, cells], or int64 [planes, cells] when weighted
    std::vector<uint32_t> listed_cells;
    std::vector<double> listed_weights;
    int64_t added = 0;
  };
  void flush(Partial& partial);
  void add_weighted(int64_t* const* planes, const uint32_t* cells, const double* weights, int64_t count) const;

  CellTable table_;
  bool listed_ = false;
  bool weighted_ = false;
  int64_t copies_ = 1;
  std::vector<Partial> partials_;
  std::vector<Scratch> spilled_;  // int64 [cells], for workers that outgrow 32 bits
};

// Pairs of true and predicted class: cell = true * classes + predicted.
class LabelCounts final : public Accumulator {
 public:
  struct Options {
    int32_t classes = 0;
    // Rows with a label outside [0, classes) are counted in the cell behind the pairs, not refused.
    bool drops = false;
    // Rows with such a true label are counted in the next cell.
    Ignored ignored;
    // Not negative: the predicted class is that value column, of zeros and ones.
    int predicted_value = -1;

    bool has_extra_cells() const { return drops || ignored.active; }
  };

  LabelCounts(CellTable table, const Options& options) : counts_(std::move(table)), options_(options) {}

  unsigned needs() const override { return kNeedTrueClass | (options_.predicted_value < 0 ? kNeedPredicted : 0u); }
  Fault check(const Block& block) const override;
  void prepare(int workers, int64_t rows, bool weighted) override { counts_.prepare(workers, rows, weighted); }
  void add(const Block& block, int worker) override;
  void commit() override { counts_.commit(); }
  void add_to_state(const Block& block) override;

 private:
  int64_t refused_prediction(const Block& block) const;
  void cells_of(const Block& block, uint32_t* cells) const;

  CellCounts counts_;
  Options options_;
};

// Ranks of the true class under the three tie rules: cell = rule * (max_k + 1) + min(rank, max_k).
class RankCounts final : public Accumulator {
 public:
  RankCounts(CellTable table, int32_t max_k, int32_t classes)
      : counts_(std::move(table)), max_k_(max_k), classes_(classes) {}

  unsigned needs() const override { return kNeedTrueClass | kNeedRank; }
  Fault check(const Block& block) const override;
  void prepare(int workers, int64_t rows, bool weighted) override { counts_.prepare(workers, 3 * rows, weighted); }
  void add(const Block& block, int worker) override;
  void commit() override { counts_.commit(); }
  void add_to_state(const Block& block) override;

 private:
  void cells_of(const Block& block, int rule, uint32_t* cells) const;

  CellCounts counts_;
  int32_t max_k_;
  int32_t classes_;
};

}  // namespace tally
