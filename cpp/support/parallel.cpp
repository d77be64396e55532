// The caller works itself; a thread that this library owns brings an OpenMP team to help it. For three reasons. OpenMP
// keeps its team per calling thread, and after a fork the team of the surviving thread is gone: a region there would
// wait for ever, while a thread of our own is made anew in each process. The caller answers signals between chunks. And
// it waits for chunks, not for threads: what a busy machine wakes late finds nothing left to do and delays nobody.
#include "support/parallel.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace tally {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(50);

// Chunks to be taken in increasing order. Kept alive by whoever still holds it: helpers may come after the caller has
// gone.
class Region {
 public:
  Region(int64_t chunks, int workers, const ChunkFunction& chunk)
      : workers(workers), chunk_(chunk), chunks_(chunks), wanted_(chunks) {}

  void help() {
    const int worker = arrived_.fetch_add(1);
    while (do_next(worker)) continue;
  }

  // Works until no chunk is left or `stop` says so, then waits for chunks under way; false if it did say so.
  bool work(const StopFunction& stop) {
    const int worker = arrived_.fetch_add(1);
    auto polled = std::chrono::steady_clock::now();
    bool stopped = false;
    while (!stopped && do_next(worker)) {
      const auto now = std::chrono::steady_clock::now();
      if (now - polled < kPollInterval) continue;
      polled = now;
      stopped = stop();
      if (stopped) give_up();
    }
    std::unique_lock<std::mutex> lock(mutex_);
    while (!changed_.wait_for(lock, kPollInterval, [this] { return is_done(); })) {
      if (stopped) continue;
      lock.unlock();
      stopped = stop();
      if (stopped) give_up();
      lock.lock();
    }
    return !stopped;
  }

  bool is_done() const { return finished_.load() >= wanted_.load(); }

  const int workers;

 private:
  bool do_next(int worker) {
    const int64_t index = next_.fetch_add(1);
    if (index >= chunks_) return false;
    chunk_(worker, index);
    finished_.fetch_add(1);
    if (is_done()) {
      const std::lock_guard<std::mutex> lock(mutex_);
      changed_.notify_all();
    }
    return true;
  }

  void give_up() { wanted_.store(std::min({next_.exchange(chunks_), chunks_, wanted_.load()})); }

  const ChunkFunction& chunk_;
  const int64_t chunks_;
  std::atomic<int> arrived_{0};
  std::atomic<int64_t> next_{0};
  std::atomic<int64_t> finished_{0};
  std::atomic<int64_t> wanted_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

// Owned for the life of a process and never destroyed: its thread may still wait when the process ends.
class Launcher {
 public:
  // Brings helpers, if no other region has them and a thread can be had.
  void launch(const std::shared_ptr<Region>& region) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if ((region_ && !region_->is_done()) || !start()) return;
    region_ = region;
    regions_.fetch_add(1);
    changed_.notify_all();
  }
  int64_t regions() const { return regions_.load(); }

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
    std::shared_ptr<Region> served;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return region_ != served; });
      served = region_;
      lock.unlock();
#pragma omp parallel num_threads(served->workers - 1)
      served->help();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<Region> region_;
  bool started_ = false;
  std::atomic<int64_t> regions_{0};
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

}  // namespace

bool for_each_chunk(int64_t chunks, int workers, const ChunkFunction& chunk, const StopFunction& stop) {
  const auto region = std::make_shared<Region>(chunks, workers, chunk);
  if (workers > 1 && chunks > 1) launcher().launch(region);
  return region->work(stop);
}

int64_t regions_with_helpers() { return launcher().regions(); }

}  // namespace tally
