// The loop over blocks: small batches straight into the state, large ones through scratch and threads.
#include "pass/pass.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <numeric>

#include "pass/columns.h"

namespace tally {
namespace {

// A chunk is what a worker takes at a time; a batch of fewer bytes than a thread is worth stays on one thread.
constexpr int64_t kChunkBytes = int64_t{1} << 20;
constexpr int64_t kBytesPerThread = int64_t{2} << 20;

Fault first_fault(const Accumulators& accumulators, const Block& block, Fault fault) {
  for (const auto& accumulator : accumulators) {
    const Fault found = accumulator->check(block);
    if (found.argument == Argument::kNone) continue;
    if (fault.argument == Argument::kNone || found.row < fault.row) fault = found;
  }
  return fault;
}

int64_t bytes_per_row(const Batch& batch) {
  int64_t bytes = 0;
  for (const ArrayView* view : {&batch.y_true, &batch.y_pred, &batch.weights})
    if (view->dimensions) bytes += view->width * size_of(view->type);
  return std::max<int64_t>(bytes, 1);
}

Outcome add_small(const Batch& batch, const Demand& demand, const Accumulators& accumulators) {
  Columns columns(batch, demand);
  const Fault fault = first_fault(accumulators, columns.block(), columns.derive(0, batch.rows));
  if (fault.argument != Argument::kNone) return {fault};
  for (const auto& accumulator : accumulators) accumulator->add_to_state(columns.block());
  return {};
}

// The fault of the lowest row, whichever worker finds it first.
class FirstFault {
 public:
  bool before(int64_t row) const { return row_.load(std::memory_order_relaxed) < row; }
  void report(Fault fault, int64_t first) {
    fault.row += first;
    std::lock_guard<std::mutex> lock(mutex_);
    if (fault.row >= row_.load()) return;
    row_.store(fault.row);
    fault_ = fault;
  }
  Fault fault() const { return fault_; }

 private:
  std::mutex mutex_;
  std::atomic<int64_t> row_{INT64_MAX};
  Fault fault_;
};

}  // namespace

Outcome add_batch(const Batch& batch, const Demand& demand, const Accumulators& accumulators, int threads,
                  const StopFunction& stop) {
  if (batch.rows == 0) return {};
  const int64_t row_bytes = bytes_per_row(batch);
  if (batch.rows <= kBlockRows && batch.rows * row_bytes <= kBytesPerThread)
    return add_small(batch, demand, accumulators);

  // Very wide rows are blocked by bytes: a block is also how long a signal waits.
  const int64_t block_rows = std::clamp<int64_t>(kChunkBytes / row_bytes / kPad * kPad, kPad, kBlockRows);
  const int64_t chunk_rows = std::max<int64_t>(kChunkBytes / row_bytes / block_rows, 1) * block_rows;
  const int64_t chunks = (batch.rows + chunk_rows - 1) / chunk_rows;
  const int64_t worth = std::min(chunks, batch.rows * row_bytes / kBytesPerThread);
  const int workers = static_cast<int>(std::clamp<int64_t>(worth, 1, threads));

  std::vector<std::unique_ptr<Columns>> columns;
  for (int worker = 0; worker < workers; ++worker) columns.push_back(std::make_unique<Columns>(batch, demand));
  for (const auto& accumulator : accumulators) accumulator->prepare(workers, batch.rows, batch.weights.dimensions != 0);

  FirstFault faults;
  const auto chunk = [&](int worker, int64_t index) {
    Columns& own = *columns[static_cast<size_t>(worker)];
    const int64_t end = std::min(batch.rows, (index + 1) * chunk_rows);
    for (int64_t first = index * chunk_rows; first < end && !faults.before(first); first += block_rows) {
      const Fault fault = first_fault(accumulators, own.block(), own.derive(first, std::min(block_rows, end - first)));
      if (fault.argument != Argument::kNone) return faults.report(fault, first);
      for (const auto& accumulator : accumulators) accumulator->add(own.block(), worker);
    }
  };
  if (!for_each_chunk(chunks, workers, chunk, stop)) return {{}, true};
  if (faults.fault().argument != Argument::kNone) return {faults.fault()};
  for (const auto& accumulator : accumulators) accumulator->commit();
  return {};
}

uint64_t read_words(const uint64_t* words, int64_t count, int threads) {
  constexpr int64_t kWordsPerChunk = kChunkBytes / 8;
  const int64_t chunks = (count + kWordsPerChunk - 1) / kWordsPerChunk;
  std::vector<uint64_t> sums(static_cast<size_t>(threads) * 8);
  const auto chunk = [&](int worker, int64_t index) {
    const int64_t first = index * kWordsPerChunk;
    sums[static_cast<size_t>(worker) * 8] +=
        kernels().convert->read_words(words + first, std::min(kWordsPerChunk, count - first));
  };
  for_each_chunk(chunks, threads, chunk, [] { return false; });
  return std::accumulate(sums.begin(), sums.end(), uint64_t{0});
}

}  // namespace tally
