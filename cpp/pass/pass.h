// One read of a batch for many accumulators: all of it is added, or nothing.
#pragma once

#include <memory>
#include <vector>

#include "pass/batch.h"
#include "support/parallel.h"

namespace tally {

struct Outcome {
  Fault fault;               // set: the batch was refused
  bool interrupted = false;  // the stop function asked to end; nothing was added
};

using Accumulators = std::vector<std::unique_ptr<Accumulator>>;

Outcome add_batch(const Batch& batch, const Demand& demand, const Accumulators& accumulators, int threads,
                  const StopFunction& stop);

// Sum of the 64-bit words of an array, read by up to `threads` threads.
uint64_t read_words(const uint64_t* words, int64_t count, int threads);

}  // namespace tally
