// One read of a batch for many accumulators: all of it is added, or nothing.
#pragma once

#include <memory>
#include <vector>

#include "pass/batch.h"
#include "pass/columns.h"
#include "support/parallel.h"

namespace tally {

struct Outcome {
  Fault fault;               // set: the batch was refused
  bool interrupted = false;  // the stop function asked to end; nothing was added
};

using Accumulators = std::vector<std::unique_ptr<Accumulator>>;

// Adds a batch of one block straight to the state, and others like it, with columns that are made once.
class BlockPass {
 public:
  // All three are kept; `batch` may turn to other arrays by `takes`.
  BlockPass(Batch& batch, const Demand& demand, const Accumulators& accumulators);

  static bool is_block(const Batch& batch);
  // Turns to another batch of the same dtypes and widths, and of the same parts; false if it cannot.
  bool takes(const Batch& batch);
  Fault add();

 private:
  Batch& batch_;
  const Accumulators& accumulators_;
  const Kernels& kernels_;
  int64_t most_rows_;
  Columns columns_;
};

Outcome add_batch(const Batch& batch, const Demand& demand, const Accumulators& accumulators, int threads,
                  const StopFunction& stop);

// Helpers are woken for a batch of a few megabytes if they save more than this, at first 100 microseconds.
void set_worth_waking(int64_t microseconds);

// Sum of the 64-bit words of an array, read by up to `threads` threads.
uint64_t read_words(const uint64_t* words, int64_t count, int threads);

}  // namespace tally
