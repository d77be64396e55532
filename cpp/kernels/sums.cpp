// Logarithms of a column, and the exact split of a block's sum.
#include "kernels/logarithm.h"
#include "kernels/table.h"
#include "kernels/vector.h"

namespace {

void logarithm(double* values, int64_t count) {
  int64_t i = 0;
  for (; i + kDoubles <= count; i += kDoubles) store(values + i, natural_logarithm(load<Doubles>(values + i)));
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

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_sum_kernels, TALLY_LEVEL)
extern "C" const tally::SumKernels TALLY_TABLE;
const tally::SumKernels TALLY_TABLE = {logarithm, exact_parts};
