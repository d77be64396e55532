// The natural logarithm in plain IEEE operations: the same bits on every machine, which libm does not promise.
#pragma once

#include <cstdint>
#include <cstring>

namespace {

constexpr double kLn2High = 0x1.62e42fefa2p-1;        // 40 bits of log 2: times an exponent it is exact
constexpr double kLn2Low = 0x1.9ef35793c7673p-41;     // the rest
constexpr double kSqrtHalf = 0x1.6a09e667f3bcdp-1;

// log x = k log 2 + 2 artanh((m - 1) / (m + 1)) with x = 2^k m and m in [sqrt 1/2, sqrt 2).
inline double natural_logarithm(double value) {
  if (value == 0.0) return -__builtin_inf();
  if (!(value > 0.0)) return __builtin_nan("");
  if (value > 0x1.fffffffffffffp1023) return value;
  int64_t exponent = 0;
  if (value < 0x1p-1022) {
    value *= 0x1p54;
    exponent = -54;
  }
  int64_t bits;
  int64_t offset;
  std::memcpy(&bits, &value, 8);
  std::memcpy(&offset, &kSqrtHalf, 8);
  const int64_t shift = (bits - offset) >> 52;
  exponent += shift;
  bits -= shift * (int64_t{1} << 52);
  double mantissa;
  std::memcpy(&mantissa, &bits, 8);
  const double fraction = mantissa - 1.0;
  const double s = fraction / (2.0 + fraction);
  const double z = s * s;
  double series = 1.0 / 23;
  for (int odd = 21; odd >= 3; odd -= 2) series = series * z + 1.0 / odd;
  // 2 s = f - s f, so that the leading term is exact.
  const double tail = s * (2.0 * z * series - fraction) + static_cast<double>(exponent) * kLn2Low;
  return static_cast<double>(exponent) * kLn2High + (fraction + tail);
}

}  // namespace
