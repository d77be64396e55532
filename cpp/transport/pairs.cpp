// Many pairs of histograms over threads.
#include "transport/pairs.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "support/dispatch.h"

namespace tally {
namespace {

// Less work than this, in costs read once, is not worth waking a thread for.
constexpr int64_t kSmallWork = 1 << 14;

struct Worker {
  explicit Worker(const Ground& ground)
      // One row or column more, for mass that stays over.
      : transport(ground.grid_width ? 0 : ground.rows + 1, ground.grid_width ? 0 : ground.columns + 1),
        grid(ground.grid_width ? ground.rows : 0),
        masses(static_cast<size_t>(ground.rows + ground.columns + kPad) * sizeof(double)) {}
  double* first() const { return masses.as<double>(); }

  Transport transport;
  Grid grid;
  Scratch masses;
};

void read_row(const ArrayView& view, int64_t row, double* masses) {
  kernels().convert->to_double(view.row(row), view.type, view.column_stride, view.width, masses);
}

template <class T>
T* of_row(T* values, int64_t row, int64_t width) {
  return values ? values + row * width : nullptr;
}

}  // namespace

PairsOutcome solve_pairs(const Ground& ground, const Policy& policy, const ArrayView& first, const ArrayView& second,
                         int threads, const StopFunction& stop, const PairsResult& result) {
  const int64_t pairs = first.rows;
  PairsOutcome outcome;
  const bool small = pairs * ground.rows * ground.columns < kSmallWork;
  const int workers = small ? 1 : static_cast<int>(std::clamp<int64_t>(threads, 1, std::max<int64_t>(pairs, 1)));
  std::vector<std::unique_ptr<Worker>> own;
  for (int worker = 0; worker < workers; ++worker) own.push_back(std::make_unique<Worker>(ground));

  double* const masses = own[0]->first();
  for (int64_t row = 0; row < pairs; ++row) {
    read_row(first, row, masses);
    read_row(second, row, masses + ground.rows);
    outcome.fault = check_pair(ground, policy, masses, masses + ground.rows);
    if (outcome.fault == PairFault::kNone) continue;
    outcome.row = row;
    return outcome;
  }

  Watch watch(stop);
  const ChunkFunction solve_one = [&](int number, int64_t row) {
    if (watch.stopped()) return;
    Worker& worker = *own[static_cast<size_t>(number)];
    double* const one = worker.first();
    double* const other = one + ground.rows;
    read_row(first, row, one);
    read_row(second, row, other);
    const PairResult of_pair{of_row(result.costs, row, 1), of_row(result.gaps, row, 1),
                             of_row(result.flows, row, ground.rows * ground.columns),
                             of_row(result.first, row, ground.rows), of_row(result.second, row, ground.columns)};
    solve_pair(ground, policy, one, other, worker.transport, worker.grid, watch, of_pair);
  };
  for_each_chunk(pairs, workers, solve_one, [&] { return watch.ask(); });
  outcome.stopped = watch.was_stopped();
  return outcome;
}

}  // namespace tally
