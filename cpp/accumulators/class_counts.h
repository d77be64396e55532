// Exact true positives, false positives and false negatives of each class, for F-scores.
#pragma once

#include <vector>

#include "accumulators/accumulator.h"
#include "support/array_view.h"
#include "support/scratch.h"

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

 private:
  struct Partial {
    Scratch tiles;
    Scratch block_counts;  // int32 [3, classes]
    Scratch counts;        // int64 [3, classes]
    Scratch words;         // int64 [3, classes, kSumWords], untouched until `used`
    bool used = false;
    int64_t additions = 0;
  };

  Partial partial() const;
  template <class T>
  bool count_integers(const Block& block, Partial& partial) const;
  bool count_block(const Block& block, Partial& partial) const;
  void predict_maxima(const Block& block, double* maxima) const;
  void add_exact_sums(const Block& block, int64_t* words) const;
  void carry_words(int64_t* words) const;

  Options options_;
  int64_t classes_;
  int64_t tile_rows_;
  bool single_;
  std::vector<Partial> partials_;
};

}  // namespace tally
