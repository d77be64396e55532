// Exact weighted sums of labels, predictions and their products, from which variances are computed without loss.
#pragma once

#include <vector>

#include "accumulators/accumulator.h"
#include "support/array_view.h"
#include "support/exact_sum.h"
#include "support/scratch.h"
#include "support/tiles.h"

namespace tally {

class Moments final : public Accumulator {
 public:
  struct Options {
    ArrayView y_true;   // [rows] or [rows, width]
    ArrayView y_pred;   // as y_true
    ArrayView weights;  // [rows, width], or absent: the block's weights count
    // For each column the sums of w, w y, w y y and of w (y - p)^2; or, `crossed`, of w, w y, w p, w y y, w p p, w y p.
    // Products enter unrounded; the squared error is a rounded value. [sums, width, kSumWords], grown without carries.
    int64_t* words = nullptr;
    int64_t* samples = nullptr;  // exact sum of the rows with a weight other than 0; may be null
    bool crossed = false;
  };
  explicit Moments(const Options& options)
      : options_(options),
        width_(options.y_pred.width),
        sums_(options.crossed ? 6 : 4),
        products_fit_(fits_float32(options.y_true.type) && fits_float32(options.y_pred.type)) {}

  unsigned needs() const override { return 0; }
  Fault check(const Block&) const override { return {}; }
  void prepare(int workers, int64_t rows, bool weighted) override;
  void add(const Block& block, int worker) override;
  void commit() override;
  void add_to_state(const Block& block) override;
  bool turn_to(const ArrayView& y_true, const ArrayView& y_pred, const ArrayView& weights) override;

 private:
  struct Column;
  class Expansion;
  struct Partial {
    ColumnStrips y_true;
    ColumnStrips y_pred;
    ColumnStrips weights;
    Scratch words;
    int64_t samples = 0;
    int64_t additions = 0;
    SumGrid grids[6];  // of the terms of each sum in the last column, which the next most likely has too
  };
  Partial partial() const;
  void add_column(const Column& column, int64_t number, SumGrid* grids, int64_t* words) const;
  int64_t add_block(const Block& block, Partial& partial, int64_t* words) const;
  int64_t words() const { return sums_ * width_ * kSumWords; }

  Options options_;
  int64_t width_;
  int64_t sums_;
  bool products_fit_;  // of two elements in one double
  std::vector<Partial> partials_;
};

}  // namespace tally
