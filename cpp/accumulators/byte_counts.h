// Counts in bytes, for tables that would outgrow the cache as 32-bit counts.
#pragma once

#include "accumulators/accumulator.h"
#include "support/scratch.h"

namespace tally {

// What wraps is noted: a note stands for 256, so there is at most one for as many additions.
class ByteCounts {
 public:
  ByteCounts() = default;
  ByteCounts(int64_t cells, int64_t additions);

  uint8_t* counts() const { return counts_.as<uint8_t>(); }
  // Where the next note goes.
  uint32_t* notes() const { return notes_.as<uint32_t>() + noted_; }
  void note_up_to(const uint32_t* notes) { noted_ = notes - notes_.as<uint32_t>(); }
  void add(const uint32_t* cells, int64_t count, const LabelsAhead* streams);
  // Adds the counts of the first `cells` cells to sums; those behind them are of diagonals, `classes` each.
  void add_to(int64_t* sums, int64_t cells, int64_t classes) const;

 private:
  Scratch counts_;
  Scratch notes_;
  int64_t cells_ = 0;
  int64_t noted_ = 0;
};

}  // namespace tally
