// Exact sums of errors that lie on no two grids: exponentials, say, or incomes.
#pragma once

#include "kernels/float_errors.h"

namespace {

// Errors of any spread that some grids cover: each is split, and nothing may be left of it. Magnitudes below 2^high.
template <unsigned kWanted, class T>
__attribute__((noinline)) bool sums_of_spread(const T* y_true, const T* y_pred, int64_t count, int64_t high,
                                              ElementSum* magnitudes, ElementSum* squares) {
  using First = Split<3>;
  using Second = Split<tally::kSumGrids>;
  constexpr int64_t kRoom = 4;  // for larger elements in later blocks
  const int64_t k[2] = {high + kRoom, 2 * high + kRoom};
  if (!First::allows(k[0]) || !Second::allows(k[1])) return false;
  First first(k[0]);
  Second second(k[1]);
  const auto add = [&](const T* labels, const T* scores, int chain) {
    const Doubles error = load_doubles(labels) - load_doubles(scores);
    if constexpr (kWanted & kMagnitudes) first.add(magnitude(error), chain);
    if constexpr (kWanted & kSquares) second.add(error * error, chain);
  };
  constexpr int64_t kLine = 64 / sizeof(T);
  int64_t i = 0;
  for (; i + kLine <= count; i += kLine) {
    __builtin_prefetch(y_true + i + kAhead<T>);
    __builtin_prefetch(y_pred + i + kAhead<T>);
    for (int64_t at = 0; at < kLine; at += kDoubles)
      add(y_true + i + at, y_pred + i + at, at / kDoubles % First::kChains);
  }
  for (; i < count; i += kDoubles) {
    T rest[2][kDoubles] = {};
    const auto bytes = static_cast<size_t>(count - i < kDoubles ? count - i : kDoubles) * sizeof(T);
    std::memcpy(rest[0], y_true + i, bytes);
    std::memcpy(rest[1], y_pred + i, bytes);
    add(rest[0], rest[1], 0);
  }
  bool exact = true;
  const auto finish = [&](const auto& split, int64_t exponent, ElementSum* sum) {
    *sum = {true, {}, {}};
    exact &= split.finish(i / kDoubles, sum->units);
    for (int digit = 0; digit < tally::kSumGrids; ++digit) sum->exponents[digit] = exponent - 52 - 51 * digit;
  };
  if constexpr (kWanted & kMagnitudes) finish(first, k[0], magnitudes);
  if constexpr (kWanted & kSquares) finish(second, k[1], squares);
  return exact;
}

}  // namespace
