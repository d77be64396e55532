// The values of a column as they are, one for each row of the batch: for functions, which add nothing up.
#pragma once

#include "accumulators/accumulator.h"
#include "accumulators/ignored.h"

namespace tally {

class RowValues final : public Accumulator {
 public:
  // `classes` >= 0: true classes must lie in [0, classes) or be ignored; the value of an ignored row is 0.
  struct Options {
    int value = 0;
    double* target = nullptr;
    int32_t classes = -1;
    Ignored ignored;
  };
  explicit RowValues(const Options& options) : options_(options) {}

  unsigned needs() const override { return options_.classes >= 0 ? kNeedTrueClass : 0; }
  Fault check(const Block& block) const override;
  void prepare(int, int64_t, bool) override {}
  void add(const Block& block, int) override { add_to_state(block); }
  void commit() override {}
  void add_to_state(const Block& block) override;
  bool turn_to(const ArrayView&, const ArrayView&, const ArrayView&) override { return false; }

 private:
  Options options_;
};

}  // namespace tally
