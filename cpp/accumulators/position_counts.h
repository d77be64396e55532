// Two populations of samples on a grid of equal bins: each bin's weight, and the sum of its samples' places in it.
#pragma once

#include <vector>

#include "accumulators/accumulator.h"
#include "accumulators/cell_counts.h"
#include "kernels/count_table.h"
#include "support/array_view.h"
#include "support/scratch.h"

namespace tally {

// Cells [population, 2, bins]: weights, then weights times places in units of a bin. All sums are of integers: a place
// is a multiple of 2^-32 bins, and what a weight of three digits adds is the products of each with the place.
class PositionCounts final : public Accumulator {
 public:
  struct Options {
    ArrayView samples[2];  // of each population, [rows]; one may be absent
    PositionGrid grid;
    double low = 0.0;
    double high = 0.0;
    int64_t bins = 0;
    int64_t* irregular = nullptr;  // how many samples lie between places, and how many were weighted
  };
  PositionCounts(CellTable table, const Options& options) : table_(std::move(table)), options_(options) {}

  unsigned needs() const override { return 0; }
  Fault check(const Block& block) const override;
  void prepare(int workers, int64_t rows, bool weighted) override;
  void add(const Block& block, int worker) override;
  void commit() override;
  void add_to_state(const Block& block) override;
  bool turn_to(const ArrayView& y_true, const ArrayView& y_pred, const ArrayView&) override;

 private:
  struct Partial {
    Scratch sums;  // [population, bins, 2]: number and sum of places
    std::vector<uint64_t> places;
    std::vector<double> weights;
    int64_t rounded = 0;
  };
  void add_place(int population, uint64_t place) const;
  void add_weighted(int population, uint64_t place, double weight) const;
  void add_to_plane(int limb, int64_t cell, int64_t units) const;
  void add_list(const Partial& partial) const;
  void add_sums(const Partial& partial) const;

  CellTable table_;
  Options options_;
  bool listed_ = false;
  bool weighted_ = false;
  std::vector<Partial> partials_;
};

}  // namespace tally
