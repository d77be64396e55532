// Weighted mean of a value column: exact sums of value * weight and of weight.
#pragma once

#include <vector>

#include "accumulators/accumulator.h"
#include "accumulators/ignored.h"
#include "support/exact_sum.h"

namespace tally {

class ValueSum final : public Accumulator {
 public:
  // `classes` >= 0: true classes must lie in [0, classes) or be ignored. `count` may be null.
  struct Options {
    int value = 0;
    int64_t* total = nullptr;
    int64_t* count = nullptr;
    int32_t classes = -1;
    Ignored ignored;
  };
  explicit ValueSum(const Options& options) : options_(options) {}

  unsigned needs() const override { return options_.classes >= 0 ? kNeedTrueClass : 0; }
  bool takes_long() const override { return options_.classes < 0 && !options_.ignored.active; }
  Fault check(const Block& block) const override;
  void prepare(int workers, int64_t rows, bool weighted) override;
  void add(const Block& block, int worker) override;
  void commit() override;
  void add_to_state(const Block& block) override;
  bool turn_to(const ArrayView&, const ArrayView&, const ArrayView&) override { return true; }

 private:
  struct Partial {
    int64_t total[kSumWords] = {};
    int64_t count[kSumWords] = {};
    int64_t additions = 0;
    // Of the total and the count: the last block's, which most likely suit the next one too.
    SumGrid grids[2];
  };
  void add_block(const Block& block, SumGrid* grids, int64_t* total, int64_t* count) const;

  Options options_;
  std::vector<Partial> partials_;
};

}  // namespace tally
