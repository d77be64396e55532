// The natural logarithm in plain IEEE operations: the same bits on every machine, which libm does not promise.
#pragma once

#include "kernels/vector.h"

namespace {

constexpr double kLn2High = 0x1.62e42fefa2p-1;     // 40 bits of log 2: times an exponent it is exact
constexpr double kLn2Low = 0x1.9ef35793c7673p-41;  // the rest
constexpr int64_t kSqrtHalfBits = 0x3fe6a09e667f3bcd;
constexpr int64_t kExponentMask = -(int64_t{1} << 52);

inline Doubles to_doubles(Longs whole) {
  // Exact for |whole| < 2^51: the low bits of 1.5 * 2^52 hold the number.
  const Longs bits = whole + 0x4338000000000000;
  return load<Doubles>(&bits) - 0x1.8p52;
}
inline double to_doubles(int64_t whole) { return static_cast<double>(whole); }

template <class Double>
struct IntegerOf {
  using Type = Longs;
};
template <>
struct IntegerOf<double> {
  using Type = int64_t;
};

// log x = k log 2 + 2 artanh((m - 1) / (m + 1)) with x = 2^k m and m in [sqrt 1/2, sqrt 2), for normal positive x;
// of doubles or of vectors of them.
template <class Double>
inline Double logarithm_of_ordinary(Double value) {
  using Integer = typename IntegerOf<Double>::Type;
  Integer bits;
  std::memcpy(&bits, &value, sizeof bits);
  const Integer offset = bits - kSqrtHalfBits;
  const Integer exponent = offset >> 52;
  bits -= offset & kExponentMask;
  Double mantissa;
  std::memcpy(&mantissa, &bits, sizeof bits);
  const Double fraction = mantissa - 1.0;
  const Double s = fraction / (2.0 + fraction);
  const Double z = s * s;
  Double series = z * (1.0 / 23) + 1.0 / 21;
  for (int odd = 19; odd >= 3; odd -= 2) series = series * z + 1.0 / odd;
  // 2 s = f - s f, so that the leading term is exact.
  const Double tail = s * (2.0 * z * series - fraction) + to_doubles(exponent) * kLn2Low;
  return to_doubles(exponent) * kLn2High + (fraction + tail);
}

inline double natural_logarithm(double value) {
  if (value == 0.0) return -__builtin_inf();
  if (!(value > 0.0)) return __builtin_nan("");
  if (value > 0x1.fffffffffffffp1023) return value;
  if (value < 0x1p-1022) return logarithm_of_ordinary(value * 0x1p54) - 54 * kLn2High - 54 * kLn2Low;
  return logarithm_of_ordinary(value);
}

}  // namespace
