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
  const bool by_steps = ground.by_steps() && !result.flows && policy.unequal != Unequal::kPartial;
  std::vector<std::unique_ptr<PairMemory>> own;
  for (int worker = 0; worker < workers; ++worker) own.push_back(std::make_unique<PairMemory>(ground, by_steps));

  double* const masses = own[0]->masses.as<double>();
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
    PairMemory& memory = *own[static_cast<size_t>(number)];
    read_row(first, row, memory.masses.as<double>());
    read_row(second, row, memory.masses.as<double>() + ground.rows);
    const PairResult of_pair{of_row(result.costs, row, 1), of_row(result.gaps, row, 1),
                             of_row(result.flows, row, ground.rows * ground.columns),
                             of_row(result.first, row, ground.rows), of_row(result.second, row, ground.columns)};
    solve_pair(ground, policy, memory, watch, of_pair);
  };
  for_each_chunk(pairs, workers, solve_one, [&] { return watch.ask(); });
  outcome.stopped = watch.was_stopped();
  return outcome;
}

}  // namespace tally
