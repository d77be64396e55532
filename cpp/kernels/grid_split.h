// Values split into integers on grids, each finer than the one before.
#pragma once

#include "kernels/table.h"
#include "kernels/vector.h"

namespace {

inline double power_of_two(int64_t exponent) {
  const int64_t bits = (exponent + 1023) << 52;
  double value;
  std::memcpy(&value, &bits, 8);
  return value;
}

// Adding 1.5 * 2^k to a value below 2^(k-1) rounds it to a multiple of 2^(k-52) and leaves that multiple in the low
// bits: as integers, a thousand of them add up without overflow. What is left of the values goes to the next grid, 51
// bits finer.
template <int kGrids>
struct Split {
  // Enough for latencies, as long as registers last.
  static constexpr int kChains = kGrids < 3 ? 4 : 1;
  Doubles starts[kGrids];
  Longs sums[kGrids][kChains] = {};
  Longs changed[kChains] = {};
  Longs left[kChains] = {};

  // Whether all starts and units are normal numbers, or nearly so.
  static bool allows(int64_t k) { return k >= -860 && k <= 1000; }

  explicit Split(int64_t k) {
    for (int grid = 0; grid < kGrids; ++grid) starts[grid] = splat<Doubles>(1.5 * power_of_two(k - 51 * grid));
  }

  static inline Longs bits_of_difference(Doubles left, Doubles right) {
    const Doubles difference = left - right;
    return load<Longs>(&difference);
  }

  inline void add(Doubles value, int chain) {
    for (int grid = 0; grid < kGrids; ++grid) {
      const Doubles next = value + starts[grid];
      sums[grid][chain] += load<Longs>(&next);
      // A value that is too large, or no number, changes the exponent of the sum.
      if (grid == 0) changed[chain] |= load<Longs>(&next) ^ load<Longs>(&starts[0]);
      if (grid < kGrids - 1)
        value -= next - starts[grid];
      else
        left[chain] |= load<Longs>(&value) ^ bits_of_difference(next, starts[grid]);
    }
  }

  // The sums of `vectors` vectors in units of 2^(k - 52), 2^(k - 103), ...; false if the values do not lie on the
  // grids.
  bool finish(int64_t vectors, int64_t* units) const {
    Longs all_changed = {};
    Longs all_left = {};
    for (int chain = 0; chain < kChains; ++chain) {
      all_changed |= changed[chain];
      all_left |= left[chain];
    }
    for (int grid = 0; grid < kGrids; ++grid) {
      Longs sum = {};
      for (int chain = 0; chain < kChains; ++chain) sum += sums[grid][chain];
      // Every addend carried the bits of its start.
      units[grid] = sum_of_lanes(sum) - vectors * kDoubles * load<int64_t>(&starts[grid]);
    }
    // Zeros of either sign are alike.
    const Longs wrong = (all_left << 1) | (Longs)((UnsignedLongs)all_changed >> 52);
    return !any_lane(wrong != 0);
  }
};

}  // namespace
