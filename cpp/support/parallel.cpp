// Regions run in a thread that this library owns, for two reasons. OpenMP keeps its team per calling thread, and after
// a fork the team of the surviving thread is gone: a region there would wait for ever. A thread of our own is made anew
// in each process. And the caller stays free to answer signals while the work goes on.
#include "support/parallel.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace tally {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(50);

struct Region {
  int64_t chunks;
  int workers;
  const ChunkFunction* chunk;
  std::atomic<int64_t> next{0};
  std::atomic<bool> stopped{false};

  void work(int worker) {
    while (!stopped.load(std::memory_order_relaxed)) {
      const int64_t index = next.fetch_add(1, std::memory_order_relaxed);
      if (index >= chunks) return;
      (*chunk)(worker, index);
    }
  }
};

// Owned for the life of a process and never destroyed: its thread may still wait when the process ends.
class Launcher {
 public:
  // False, and nothing done, if a region is under way or no thread could be had.
  bool run(Region& region, const StopFunction& stop) {
    std::unique_lock<std::mutex> busy(busy_, std::try_to_lock);
    if (!busy.owns_lock() || !start()) return false;
    std::unique_lock<std::mutex> lock(mutex_);
    region_ = &region;
    changed_.notify_all();
    while (region_) {
      if (changed_.wait_for(lock, kPollInterval, [this] { return region_ == nullptr; })) break;
      lock.unlock();
      if (!region.stopped.load() && stop()) region.stopped.store(true);
      lock.lock();
    }
    return true;
  }

 private:
  bool start() {
    if (started_) return true;
    try {
      std::thread([this] { serve(); }).detach();
    } catch (const std::system_error&) {
      return false;
    }
    return started_ = true;
  }

  [[noreturn]] void serve() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return region_ != nullptr; });
      Region* region = region_;
      lock.unlock();
#pragma omp parallel num_threads(region->workers)
      region->work(next_worker_.fetch_add(1));
      next_worker_.store(0);
      lock.lock();
      region_ = nullptr;
      changed_.notify_all();
    }
  }

  std::mutex busy_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Region* region_ = nullptr;
  std::atomic<int> next_worker_{0};
  bool started_ = false;
};

Launcher& launcher() {
  static std::mutex guard;
  static std::atomic<pid_t> owner{0};
  static std::atomic<Launcher*> instance{nullptr};
  const pid_t process = getpid();
  if (owner.load() == process) return *instance.load();
  std::lock_guard<std::mutex> lock(guard);
  if (owner.load() != process) {
    instance.store(new Launcher);
    owner.store(process);
  }
  return *instance.load();
}

bool work_alone(Region& region, const StopFunction& stop) {
  auto polled = std::chrono::steady_clock::now();
  for (int64_t index = 0; index < region.chunks; ++index) {
    (*region.chunk)(0, index);
    const auto now = std::chrono::steady_clock::now();
    if (now - polled < kPollInterval) continue;
    polled = now;
    if (stop()) return false;
  }
  return true;
}

}  // namespace

bool for_each_chunk(int64_t chunks, int workers, const ChunkFunction& chunk, const StopFunction& stop) {
  Region region{chunks, workers, &chunk};
  if (workers > 1 && chunks > 1 && launcher().run(region, stop)) return !region.stopped.load();
  return work_alone(region, stop);
}

}  // namespace tally
