// The loop over blocks: small batches straight into the state, large ones through scratch and threads.
#include "pass/pass.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <numeric>

namespace tally {
namespace {

// A chunk is what a worker takes at a time.
constexpr int64_t kLeastChunkBytes = int64_t{64} << 10;
constexpr int64_t kMostChunkBytes = int64_t{1} << 20;
constexpr int64_t kChunksPerWorker = 8;
constexpr int64_t kSmallBytes = int64_t{1} << 19;
// Labels of a block that are counted in pairs: they, those of the next block, and the table share the first-level
// cache.
constexpr int64_t kLabelBlockBytes = 8192;
// Of so many bytes, the first chunk is done alone to see what the others will cost; helpers must save more than it
// takes to wake them.
constexpr int64_t kTrialBytes = int64_t{16} << 20;
std::atomic<int64_t> worth_waking{100};  // microseconds

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

bool same_strides(const ArrayView& left, const ArrayView& right) {
  return left.row_stride == right.row_stride && left.column_stride == right.column_stride;
}

Fault add_block(const Batch& batch, const Accumulators& accumulators, Columns& columns) {
  const Fault fault = first_fault(accumulators, columns.block(), columns.derive(0, batch.rows));
  if (fault.argument != Argument::kNone) return fault;
  for (const auto& accumulator : accumulators) accumulator->add_to_state(columns.block());
  return {};
}

// Whether two arrays of labels are counted, and nothing else is asked of them.
bool counts_labels(const Batch& batch, const Demand& demand) {
  for (const ArrayView* view : {&batch.y_true, &batch.y_pred})
    if (view->dimensions != 1 || is_floating(view->type)) return false;
  return demand.values.empty();
}

// A batch is cut into chunks, and chunks into blocks.
struct Cut {
  int64_t block_rows;
  int64_t chunk_rows;
  int64_t chunks;
};

// Very wide rows are blocked by bytes: a block is also how long a signal waits.
Cut cut_of(int64_t rows, int64_t row_bytes, bool labels_alone, int threads) {
  const int64_t share = rows * row_bytes / (kChunksPerWorker * threads);
  const int64_t block_bytes = labels_alone ? kLabelBlockBytes : kMostChunkBytes;
  const int64_t chunk_bytes = std::clamp(share, kLeastChunkBytes, kMostChunkBytes);
  Cut cut;
  cut.block_rows = std::clamp<int64_t>(block_bytes / row_bytes / kPad * kPad, kPad, kBlockRows);
  cut.chunk_rows = std::max<int64_t>(chunk_bytes / row_bytes / cut.block_rows, 1) * cut.block_rows;
  cut.chunks = (rows + cut.chunk_rows - 1) / cut.chunk_rows;
  return cut;
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

BlockPass::BlockPass(Batch& batch, const Demand& demand, const Accumulators& accumulators)
    : batch_(batch),
      accumulators_(accumulators),
      kernels_(kernels()),
      most_rows_((batch.rows + kPad - 1) / kPad * kPad),
      columns_(batch, demand, most_rows_) {}

bool BlockPass::is_block(const Batch& batch) {
  return batch.rows <= kBlockRows && batch.rows * bytes_per_row(batch) <= kSmallBytes;
}

bool BlockPass::takes(const Batch& batch) {
  if (batch.rows > most_rows_ || &kernels_ != &kernels() || !same_strides(batch.y_true, batch_.y_true) ||
      !same_strides(batch.y_pred, batch_.y_pred) || !same_strides(batch.weights, batch_.weights))
    return false;
  batch_ = batch;
  return std::all_of(accumulators_.begin(), accumulators_.end(), [&](const auto& accumulator) {
    return accumulator->turn_to(batch.y_true, batch.y_pred, batch.weights);
  });
}

Fault BlockPass::add() { return add_block(batch_, accumulators_, columns_); }

Outcome add_batch(const Batch& batch, const Demand& demand, const Accumulators& accumulators, int threads,
                  const StopFunction& stop) {
  if (batch.rows == 0) return {};
  const int64_t row_bytes = bytes_per_row(batch);
  const int64_t bytes = batch.rows * row_bytes;
  if (BlockPass::is_block(batch)) {
    Columns columns(batch, demand);
    return {add_block(batch, accumulators, columns)};
  }
  const Cut cut = cut_of(batch.rows, row_bytes, counts_labels(batch, demand), std::max(threads, 1));
  int workers = static_cast<int>(std::clamp<int64_t>(cut.chunks - 1, 1, std::max(threads, 1)));

  std::vector<std::unique_ptr<Columns>> columns;
  for (int worker = 0; worker < workers; ++worker) columns.push_back(std::make_unique<Columns>(batch, demand));
  for (const auto& accumulator : accumulators) accumulator->prepare(workers, batch.rows, batch.weights.dimensions != 0);

  const bool take_long =
      std::all_of(accumulators.begin(), accumulators.end(), [](const auto& one) { return one->takes_long(); });
  FirstFault faults;
  const auto chunk = [&](int worker, int64_t index) {
    Columns& own = *columns[static_cast<size_t>(worker)];
    const int64_t end = std::min(batch.rows, (index + 1) * cut.chunk_rows);
    int64_t first = index * cut.chunk_rows;
    if (accumulators.size() == 1 && !faults.before(first))
      first += accumulators[0]->add_alone(first, end - first, worker);
    for (int64_t rows = 0; first < end && !faults.before(first); first += rows) {
      rows = take_long ? own.derive_long(first, end - first) : 0;
      if (!rows) {
        rows = std::min(cut.block_rows, end - first);
        const Fault fault = first_fault(accumulators, own.block(), own.derive(first, rows));
        if (fault.argument != Argument::kNone) return faults.report(fault, first);
      }
      for (const auto& accumulator : accumulators) accumulator->add(own.block(), worker);
    }
  };
  int64_t done = 0;
  if (workers > 1 && bytes < kTrialBytes) {
    const auto begun = std::chrono::steady_clock::now();
    chunk(0, done++);
    if ((std::chrono::steady_clock::now() - begun) * (cut.chunks - done) <
        std::chrono::microseconds(worth_waking.load()))
      workers = 1;
  }
  const auto rest = [&](int worker, int64_t index) { chunk(worker, done + index); };
  if (!for_each_chunk(cut.chunks - done, workers, rest, stop)) return {{}, true};
  if (faults.fault().argument != Argument::kNone) return {faults.fault()};
  for (const auto& accumulator : accumulators) accumulator->commit();
  return {};
}

void set_worth_waking(int64_t microseconds) { worth_waking.store(microseconds); }

uint64_t read_words(const uint64_t* words, int64_t count, int threads) {
  constexpr int64_t kWordsPerChunk = kMostChunkBytes / 8;
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
