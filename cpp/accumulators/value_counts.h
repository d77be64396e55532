// How often the values of a column fall into each bin of a fixed logarithmic grid.
#pragma once

#include <utility>

#include "accumulators/accumulator.h"
#include "accumulators/cell_counts.h"

namespace tally {

// Values from 2^-64 to 2^64 are told apart by their exponent and the first eight bits behind it. Smaller ones, zero
// among them, are in the first cell, greater ones in the last but one, NaN in the last.
constexpr int kValueBits = 8;
constexpr int kLeastExponent = -64;
constexpr int64_t kValueCells = (int64_t{128} << kValueBits) + 3;

// Counts of a column of values >= 0.
class ValueCounts final : public Accumulator {
 public:
  ValueCounts(CellTable table, int value) : counts_(std::move(table)), value_(value) {}

  unsigned needs() const override { return 0; }
  Fault check(const Block& block) const override;
  void prepare(int workers, int64_t rows, bool weighted) override { counts_.prepare(workers, rows, weighted); }
  void add(const Block& block, int worker) override;
  void commit() override { counts_.commit(); }
  void add_to_state(const Block& block) override;
  bool turn_to(const ArrayView&, const ArrayView&, const ArrayView&) override { return true; }

 private:
  void cells_of(const Block& block, uint32_t* cells) const;

  CellCounts counts_;
  int value_;
};

}  // namespace tally
