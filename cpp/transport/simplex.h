// The network simplex for dense transport.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

#include "support/parallel.h"
#include "transport/tree.h"

namespace tally {

// Whether to give up. The thread that made it asks `stop` about every 50 ms, others see what it answered.
class Watch {
 public:
  explicit Watch(const StopFunction& stop) : stop_(stop), asked_(std::chrono::steady_clock::now()) {}

  bool stopped() {
    if (stopped_.load(std::memory_order_relaxed)) return true;
    if (std::this_thread::get_id() != owner_) return false;
    const auto now = std::chrono::steady_clock::now();
    if (now - asked_ < std::chrono::milliseconds(50)) return false;
    asked_ = now;
    return ask();
  }
  // Asks every so often; `done` is how much work the caller did since it last asked, in numbers read.
  bool stopped_after(int64_t numbers, int64_t* done) {
    *done += numbers;
    if (*done < kNumbersPerLook) return false;
    *done = 0;
    return stopped();
  }
  bool was_stopped() const { return stopped_.load(); }
  bool ask() {
    if (!stopped_.load() && stop_()) stopped_.store(true);
    return stopped_.load();
  }

 private:
  static constexpr int64_t kNumbersPerLook = 1 << 19;

  const StopFunction& stop_;
  const std::thread::id owner_ = std::this_thread::get_id();
  std::chrono::steady_clock::time_point asked_;
  std::atomic<bool> stopped_{false};
};

// Makes the flow on the tree the cheapest there is. `least` takes the least reduced cost that was left, by potentials
// read from the tree: 0, or rounding errors below it. False if stopped.
bool solve(Transport& transport, Watch& watch, double* least);

}  // namespace tally
