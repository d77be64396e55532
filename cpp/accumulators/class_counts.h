// Exact true positives, false positives and false negatives of each class, for F-scores.
#pragma once

#include <vector>

#include "accumulators/accumulator.h"
#include "support/array_view.h"
#include "support/scratch.h"
#include "support/tiles.h"

namespace tally {

// With p = 1 where a class is predicted, else 0, adds w p y, w p (1 - y) and w (1 - p) y; y may be any number. Rows of
// zeros and ones without weights are counted as integers.
class ClassCounts final : public Accumulator {
 public:
  struct Options {
    ArrayView y_true;          // [rows, classes]
    ArrayView y_pred;          // [rows, classes]
    ArrayView weights;         // [rows, classes], or absent: the block's weights count
    int64_t* words = nullptr;  // [3, classes, kSumWords], grown without carries
    bool by_maximum = true;    // predicted: the maxima of a row; else what exceeds the threshold
    double threshold = 0.0;    // with by_maximum: the magnitude that a maximum must exceed
  };
  explicit ClassCounts(const Options& options);

  unsigned needs() const override { return 0; }
  Fault check(const Block&) const override { return {}; }
  void prepare(int workers, int64_t rows, bool weighted) override;
  void add(const Block& block, int worker) override;
  void commit() override;
  void add_to_state(const Block& block) override;
  bool turn_to(const ArrayView& y_true, const ArrayView& y_pred, const ArrayView& weights) override;

 private:
  struct Partial {
    Scratch tiles;
    Scratch block_counts;  // int64 or int32 [3, classes]
    ColumnStrips y_true;
    ColumnStrips y_pred;
    ColumnStrips weights;
    Scratch counts;  // int64 [3, classes]
    Scratch words;   // int64 [3, classes, kSumWords], untouched until `used`
    bool used = false;
    int64_t additions = 0;
  };

  Partial partial() const;
  // A column of labels and scores, the block's weights or its own, and the maxima of the rows.
  struct Column;

  template <class T>
  bool count_integers(const Block& block, Partial& partial, int64_t step, int64_t* sums) const;
  bool count_block(const Block& block, Partial& partial, int64_t step, int64_t* sums) const;
  void find_maxima(const Block& block, Partial& partial, double* maxima) const;
  void add_column(const Column& column, int64_t number, SumGrid* grids, int64_t* words) const;
  void add_exact_sums(const Block& block, Partial& partial, int64_t* words) const;
  void carry_words(int64_t* words) const;

  Options options_;
  int64_t classes_;
  int64_t tile_rows_;
  bool single_;
  std::vector<Partial> partials_;
};

}  // namespace tally
