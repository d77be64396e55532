// Logarithms of a column, and the exact split of a block's sum.
#include "kernels/logarithm.h"
#include "kernels/table.h"
#include "kernels/vector.h"

namespace {

void logarithm(double* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) values[i] = natural_logarithm(values[i]);
}

inline double power_of_two(int64_t exponent) {
  const int64_t bits = (exponent + 1023) << 52;
  double value;
  std::memcpy(&value, &bits, 8);
  return value;
}

struct Parts {
  double high = 0.0;
  double low = 0.0;
  bool remainder = false;
};

// With every |value| < 2^(e+1), the multiples of 2^(e-43) nearest to 512 of them add up without rounding, and so do
// the multiples of 2^(e-86) nearest to what they leave; only values that leave still more are refused.
Parts split_sum(const double* values, int64_t count, int64_t exponent) {
  const double coarse = 1.5 * power_of_two(exponent - 43 + 52);
  const double fine = 1.5 * power_of_two(exponent - 86 + 52);
  Doubles high = {};
  Doubles low = {};
  Longs left = {};
  Parts parts;
  int64_t i = 0;
  for (; i + kDoubles <= count; i += kDoubles) {
    const Doubles value = load<Doubles>(values + i);
    const Doubles first = (value + coarse) - coarse;
    const Doubles rest = value - first;
    const Doubles second = (rest + fine) - fine;
    high += first;
    low += second;
    left |= rest != second;
  }
  for (int lane = 0; lane < kDoubles; ++lane) {
    parts.high += high[lane];
    parts.low += low[lane];
    parts.remainder |= left[lane] != 0;
  }
  for (; i < count; ++i) {
    const double first = (values[i] + coarse) - coarse;
    const double rest = values[i] - first;
    const double second = (rest + fine) - fine;
    parts.high += first;
    parts.low += second;
    parts.remainder |= rest != second;
  }
  return parts;
}

bool exact_parts(const double* values, int64_t count, double parts[2]) {
  parts[0] = parts[1] = 0.0;
  uint64_t greatest = 0;
  for (int64_t i = 0; i < count; ++i) {
    uint64_t bits;
    std::memcpy(&bits, values + i, 8);
    bits &= ~(uint64_t{1} << 63);
    greatest = bits > greatest ? bits : greatest;
  }
  if (greatest == 0) return true;
  const int64_t exponent = static_cast<int64_t>(greatest >> 52) - 1023;
  if (exponent > 1000 || exponent < -900) return false;
  const Parts split = split_sum(values, count, exponent);
  parts[0] = split.high;
  parts[1] = split.low;
  return !split.remainder;
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_sum_kernels, TALLY_LEVEL)
extern "C" const tally::SumKernels TALLY_TABLE;
const tally::SumKernels TALLY_TABLE = {logarithm, exact_parts};
