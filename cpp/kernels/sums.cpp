// Logarithms of a column, and the exact split of a block's sum.
#include "kernels/logarithm.h"
#include "kernels/table.h"
#include "kernels/vector.h"

namespace {

void logarithm(double* values, int64_t count) {
  int64_t i = 0;
  for (; i + kDoubles <= count; i += kDoubles) {
    const Doubles value = load<Doubles>(values + i);
    const Longs ordinary = (value >= 0x1p-1022) & (value <= 0x1.fffffffffffffp1023);
    int64_t all = -1;
    for (int lane = 0; lane < kDoubles; ++lane) all &= ordinary[lane];
    if (all) {
      store(values + i, logarithm_of_ordinary(value));
    } else {
      for (int lane = 0; lane < kDoubles; ++lane) values[i + lane] = natural_logarithm(values[i + lane]);
    }
  }
  for (; i < count; ++i) values[i] = natural_logarithm(values[i]);
}

inline double power_of_two(int64_t exponent) {
  const int64_t bits = (exponent + 1023) << 52;
  double value;
  std::memcpy(&value, &bits, 8);
  return value;
}

// With every |value| < 2^(e+1), the multiples of 2^(e-42) nearest to 1024 of them add up without rounding, and so do
// the multiples of 2^(e-84) nearest to what they leave.
struct Split {
  static constexpr int kChains = 4;
  Doubles coarse;
  Doubles fine;
  Doubles high[kChains] = {};
  Doubles low[kChains] = {};
  Doubles greatest[kChains] = {};
  Longs left[kChains] = {};

  explicit Split(int64_t exponent)
      : coarse(splat<Doubles>(1.5 * power_of_two(exponent - 42 + 52))),
        fine(splat<Doubles>(1.5 * power_of_two(exponent - 84 + 52))) {}

  inline void add(Doubles value, int chain) {
    const Longs bits = load<Longs>(&value) & INT64_MAX;
    const Doubles magnitude = load<Doubles>(&bits);
    // This drops a NaN that a number follows, but what a NaN leaves over is never zero.
    greatest[chain] = greatest[chain] > magnitude ? greatest[chain] : magnitude;
    const Doubles first = (value + coarse) - coarse;
    const Doubles rest = value - first;
    const Doubles second = (rest + fine) - fine;
    high[chain] += first;
    low[chain] += second;
    left[chain] |= rest != second;
  }
};

// Leaves in `exponent` that of the greatest magnitude. True if the grids of `assumed` were right for it and nothing was
// left over.
bool split_sum(const double* values, int64_t count, int64_t assumed, double parts[2], int64_t* exponent) {
  Split split(assumed);
  int64_t i = 0;
  for (; i + Split::kChains * kDoubles <= count; i += Split::kChains * kDoubles)
    for (int chain = 0; chain < Split::kChains; ++chain) split.add(load<Doubles>(values + i + chain * kDoubles), chain);
  for (; i < count; i += kDoubles) {
    double rest[kDoubles] = {};
    std::memcpy(rest, values + i, static_cast<size_t>(count - i < kDoubles ? count - i : kDoubles) * sizeof(double));
    split.add(load<Doubles>(rest), 0);
  }
  double greatest = 0.0;
  bool left = false;
  parts[0] = parts[1] = 0.0;
  for (int chain = 0; chain < Split::kChains; ++chain)
    for (int lane = 0; lane < kDoubles; ++lane) {
      greatest = greatest >= split.greatest[chain][lane] ? greatest : split.greatest[chain][lane];
      parts[0] += split.high[chain][lane];
      parts[1] += split.low[chain][lane];
      left |= split.left[chain][lane] != 0;
    }
  uint64_t bits;
  std::memcpy(&bits, &greatest, 8);
  *exponent = greatest == 0.0 ? assumed : static_cast<int64_t>(bits >> 52) - 1023;
  return !left && *exponent <= assumed;
}

// `exponent` is a guess that spares a second pass where it is right; the sum does not depend on it.
bool exact_parts(const double* values, int64_t count, double parts[2], int64_t* exponent) {
  constexpr int64_t kLeast = -900;
  constexpr int64_t kGreatest = 1000;
  const int64_t guess = *exponent < kLeast ? kLeast : *exponent > kGreatest ? kGreatest : *exponent;
  if (split_sum(values, count, guess, parts, exponent)) return true;
  if (*exponent == guess || *exponent < kLeast || *exponent > kGreatest) return false;
  return split_sum(values, count, *exponent, parts, exponent);
}

// The upper 26 bits of a double (Dekker 1971); what is left has 26 bits too.
inline Doubles upper_half(Doubles value) {
  const Doubles scaled = value * 134217729.0;
  return scaled - (scaled - value);
}

inline Doubles product_error(Doubles left, Doubles right, Doubles product) {
  const Doubles left_high = upper_half(left);
  const Doubles right_high = upper_half(right);
  const Doubles left_low = left - left_high;
  const Doubles right_low = right - right_high;
  const Doubles error =
      left_low * right_low - (((product - left_high * right_high) - left_low * right_high) - left_high * right_low);
  // Near the end of the range the halves overflow; the product stands alone then.
  return error - error == 0.0 ? error : Doubles{};
}

inline Longs multiply_some(const double* left, const double* right, double* high, double* low) {
  const Doubles first = load<Doubles>(left);
  const Doubles second = load<Doubles>(right);
  const Doubles product = first * second;
  const Doubles error = product_error(first, second, product);
  store(high, product);
  store(low, error);
  return error != 0.0;
}

// Arithmetic of one rounding an operation, not a fused one: every instruction set gives the same errors.
bool multiply_exactly(const double* left, const double* right, int64_t count, double* high, double* low) {
  Longs inexact = {};
  int64_t i = 0;
  for (; i + kDoubles <= count; i += kDoubles) inexact |= multiply_some(left + i, right + i, high + i, low + i);
  if (i < count) {
    double rest[4][kDoubles] = {};
    const auto bytes = static_cast<size_t>(count - i) * sizeof(double);
    std::memcpy(rest[0], left + i, bytes);
    std::memcpy(rest[1], right + i, bytes);
    inexact |= multiply_some(rest[0], rest[1], rest[2], rest[3]);
    std::memcpy(high + i, rest[2], bytes);
    std::memcpy(low + i, rest[3], bytes);
  }
  int64_t any = 0;
  for (int lane = 0; lane < kDoubles; ++lane) any |= inexact[lane];
  return any != 0;
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_sum_kernels, TALLY_LEVEL)
extern "C" const tally::SumKernels TALLY_TABLE;
const tally::SumKernels TALLY_TABLE = {logarithm, exact_parts, multiply_exactly};
