// Exact sums of errors between float32 arrays that lie on one grid: where no input is tiny, neither is a difference.
#pragma once

#include "kernels/direct_table.h"
#include "kernels/grid_split.h"
#include "kernels/row_sums.h"

namespace {

using tally::ElementSum;
using tally::SumGrid;

typedef uint32_t UnsignedInts __attribute__((vector_size(kVectorBytes)));

enum Wanted : unsigned { kItself = 1, kMagnitudes = 2, kSquares = 4 };

inline Doubles magnitude(Doubles value) {
  const Longs bits = load<Longs>(&value) & INT64_MAX;
  return load<Doubles>(&bits);
}

// A sum by the units that multiply, where they are others than those that add and convert.
inline Doubles sum_of(Doubles left, Doubles right) { return multiply_add(left, splat<Doubles>(1.0), right); }

// Of 2^grid all inputs, and so all differences, are multiples. Magnitudes are added up as they are: their sum was
// not rounded if it is less than 2^(grid + 53). The sum of squares starts at 2^k and rounds each to a multiple of
// 2^(k - 52) if it ends below 2^(k + 1); what that leaves, at most 1.5 * 2^(k - 53), consists of multiples of
// 2^(2 grid) and is added up apart: exactly, if those are of 2^(k - finest). Sums of what is not negative only grow: so
// the last value of each bounds all of them, and is no number if one of them was none.
template <unsigned kWanted>
struct GridErrors {
  static constexpr int64_t kStep = kLanesOf<Floats>;
  static constexpr int64_t kCoarse = 52;
  static constexpr uint32_t kMagnitude = INT32_MAX;
  // What is left of 2^8 values a lane, of 2^10 in long blocks, has less than 53 digits.
  static int64_t finest(int64_t count) { return count > tally::kBlockRows ? 95 : 97; }
  Doubles magnitudes[2] = {};
  Doubles high[2];
  Doubles low[2] = {};
  // The least of the inputs' magnitudes, but for 0: their bits less 1.
  static constexpr uint32_t kNone = 0x7f800000;
  UnsignedInts nearest = splat<UnsignedInts>(kNone);

  explicit GridErrors(int64_t k) : high{splat<Doubles>(power_of_two(k)), splat<Doubles>(power_of_two(k))} {}

  inline void note(const float* inputs) {
    const UnsignedInts candidate = (load<UnsignedInts>(inputs) & kMagnitude) - 1;
#if defined(__x86_64__) && !defined(__SSE4_1__)
    // There is no such minimum of integers; what was 0 is no number.
    const Floats least = lesser_of((Floats)candidate, (Floats)nearest);
    nearest = load<UnsignedInts>(&least);
#else
    nearest = candidate < nearest ? candidate : nearest;
#endif
  }

  inline void add(Doubles error, int chain) {
    if constexpr (kWanted & kMagnitudes) magnitudes[chain] = sum_of(magnitude(error), magnitudes[chain]);
    if constexpr (kWanted & kSquares) {
      const Doubles next = multiply_add(error, error, high[chain]);
      low[chain] += sum_of(error * error, high[chain] - next);
      high[chain] = next;
    }
  }

  inline void step(const float* y_true, const float* y_pred) {
    note(y_true);
    note(y_pred);
    for (int part = 0; part < kStep; part += kDoubles)
      add(load_doubles(y_true + part) - load_doubles(y_pred + part), part / kDoubles % 2);
  }

  int64_t grid() const {
    const uint32_t least = least_lane(nearest);
    if (least == kNone) return 0;
    const int64_t exponent = (int64_t{least} + 1) >> 23;
    return (exponent > 0 ? exponent : 1) - 127 - 23;
  }

  bool sum_magnitudes(ElementSum* sum) const {
    const int64_t exponent = grid();
    const Doubles bound = splat<Doubles>(power_of_two(exponent + 53));
    *sum = {true, {0, 0}, {exponent, exponent}};
    for (const Doubles& lanes : magnitudes) {
      if (any_lane(~(lanes < bound))) return false;
      const Doubles units = lanes * power_of_two(-exponent);
      for (int lane = 0; lane < kDoubles; ++lane) sum->units[0] += static_cast<int64_t>(units[lane]);
    }
    return true;
  }

  bool sum_squares(int64_t k, int64_t count, ElementSum* sum) const {
    const Doubles start = splat<Doubles>(power_of_two(k));
    const int64_t last = k - finest(count);
    *sum = {true, {0, 0}, {k - kCoarse, last}};
    if (2 * grid() < last) return false;
    for (int chain = 0; chain < 2; ++chain) {
      if (any_lane(~(high[chain] < start + start))) return false;
      sum->units[0] += sum_of_lanes(load<Longs>(&high[chain]) - load<Longs>(&start));
      const Doubles units = low[chain] * power_of_two(-last);
      for (int lane = 0; lane < kDoubles; ++lane) sum->units[1] += static_cast<int64_t>(units[lane]);
    }
    return true;
  }

  // The k for squares whose sums grow to as much, and some more.
  int64_t suited(int64_t k) const {
    constexpr int64_t kLeast = -280;
    constexpr int64_t kGreatest = 280;
    const double most = greatest_lane(greater_of(high[0], high[1])) - power_of_two(k);
    int64_t bits;
    std::memcpy(&bits, &most, sizeof bits);
    const int64_t next = most > 0.0 ? (bits >> 52) - 1023 + 2 : k - 40;
    return next < kLeast ? kLeast : next > kGreatest ? kGreatest : next;
  }
};

// In blocks as long as these, less far ahead than elsewhere.
constexpr int64_t kErrorsAhead = 3072 / sizeof(float);

// False if the elements lie on no such grid, or squares exceed what starts at 2^k; k becomes what suits such elements.
template <unsigned kWanted>
__attribute__((noinline)) bool sums_on_grid(const float* y_true, const float* y_pred, int64_t count, int64_t* k,
                                            ElementSum* magnitudes, ElementSum* squares) {
  constexpr int64_t kLine = 64 / sizeof(float);
  using Own = GridErrors<kWanted>;
  Own own(*k);
  int64_t i = 0;
  for (; i + kLine <= count; i += kLine) {
    __builtin_prefetch(y_true + i + kErrorsAhead);
    __builtin_prefetch(y_pred + i + kErrorsAhead);
    for (int64_t at = i; at < i + kLine; at += Own::kStep) own.step(y_true + at, y_pred + at);
  }
  for (; i < count; i += Own::kStep) {
    float rest[2][Own::kStep] = {};
    const auto bytes = static_cast<size_t>(count - i < Own::kStep ? count - i : Own::kStep) * sizeof(float);
    std::memcpy(rest[0], y_true + i, bytes);
    std::memcpy(rest[1], y_pred + i, bytes);
    own.step(rest[0], rest[1]);
  }
  const bool found = (!(kWanted & kMagnitudes) || own.sum_magnitudes(magnitudes)) &&
                     (!(kWanted & kSquares) || own.sum_squares(*k, count, squares));
  if constexpr (kWanted & kSquares) {
    const int64_t suited = own.suited(*k);
    if (!found || suited > *k || suited < *k - 2) *k = suited;
  }
  return found;
}

// Adds one sum to another, in the finer of their units, where the integers have room.
inline bool add_units(ElementSum* target, const ElementSum& source) {
  constexpr int64_t kMost = int64_t{1} << 62;
  ElementSum sum = *target;
  for (int part = 0; part < 2; ++part) {
    const bool finer = source.exponents[part] < sum.exponents[part];
    const ElementSum& fine = finer ? source : *target;
    const ElementSum& coarse = finer ? *target : source;
    const int64_t shift = coarse.exponents[part] - fine.exponents[part];
    int64_t units = coarse.units[part];
    if (units != 0 && (shift > 62 || __builtin_mul_overflow(units, int64_t{1} << shift, &units))) return false;
    if (__builtin_add_overflow(units, fine.units[part], &sum.units[part])) return false;
    if (sum.units[part] >= kMost || sum.units[part] <= -kMost) return false;
    sum.exponents[part] = fine.exponents[part];
  }
  *target = sum;
  return true;
}

inline int64_t long_errors(const float* y_true, const float* y_pred, int64_t count, int64_t* exponent,
                           ElementSum* magnitudes, ElementSum* squares) {
  constexpr auto both = sums_on_grid<(kMagnitudes | kSquares)>;
  const auto sums = !squares ? sums_on_grid<kMagnitudes> : !magnitudes ? sums_on_grid<kSquares> : both;
  int64_t done = 0;
  while (done < count) {
    const int64_t rows = count - done < tally::kLongErrors ? count - done : tally::kLongErrors;
    ElementSum own[2];
    const auto attempt = [&] { return sums(y_true + done, y_pred + done, rows, exponent, &own[0], &own[1]); };
    const int64_t guess = *exponent;
    if (!attempt() && (*exponent == guess || !attempt())) break;
    ElementSum total[2] = {magnitudes && done ? *magnitudes : ElementSum{true, {}, {}},
                           squares && done ? *squares : ElementSum{true, {}, {}}};
    if (magnitudes && !add_units(&total[0], own[0])) break;
    if (squares && !add_units(&total[1], own[1])) break;
    if (magnitudes) *magnitudes = total[0];
    if (squares) *squares = total[1];
    done += rows;
  }
  return done;
}

}  // namespace
