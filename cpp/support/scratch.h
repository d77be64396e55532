// Working memory that is kept between calls: touching new memory costs more than most kernels.
#pragma once

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace tally {

class Scratch {
 public:
  Scratch() = default;
  explicit Scratch(size_t bytes) {
    {
      const std::unique_lock<std::mutex> lock(pool().mutex, std::try_to_lock);
      auto& kept = pool().kept;
      for (size_t i = lock.owns_lock() ? kept.size() : 0; i-- > 0;)
        if (kept[i].bytes_ >= bytes && kept[i].bytes_ <= 4 * bytes + 65536) {
          swap(kept[i]);
          pool().bytes -= bytes_;
          kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(i));
          return;
        }
    }
    const size_t alignment = bytes >= kLargePage ? kLargePage : kAlignment;
    bytes_ = (bytes + alignment - 1) / alignment * alignment;
    data_ = std::aligned_alloc(alignment, bytes_ ? bytes_ : alignment);
    if (!data_) throw std::bad_alloc();
#if defined(__linux__)
    // Counting all over a table of small pages waits for their addresses, too; a refusal costs only that.
    if (alignment == kLargePage) madvise(data_, bytes_, MADV_HUGEPAGE);
#endif
  }
  Scratch(Scratch&& other) noexcept { swap(other); }
  Scratch& operator=(Scratch&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Scratch() {
    if (!data_) return;
    {
      const std::unique_lock<std::mutex> lock(pool().mutex, std::try_to_lock);
      if (lock.owns_lock() && pool().bytes + bytes_ <= kKeptBytes && pool().kept.size() < pool().kept.capacity()) {
        pool().bytes += bytes_;
        pool().kept.emplace_back();
        pool().kept.back().swap(*this);
        return;
      }
    }
    std::free(data_);
  }

  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  static constexpr size_t kAlignment = 64;
  static constexpr size_t kLargePage = size_t{2} << 20;
  static constexpr size_t kKeptBytes = size_t{32} << 20;

  struct Pool {
    std::mutex mutex;
    std::vector<Scratch> kept;
    size_t bytes = 0;
    Pool() { kept.reserve(64); }
  };
  // Never destroyed: a thread may still give back memory while the process ends. Its mutex is only ever tried: in a
  // forked child a thread that is gone may hold it for ever.
  static Pool& pool() {
    static Pool* instance = new Pool;
    return *instance;
  }
  void swap(Scratch& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
  }

  void* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace tally
