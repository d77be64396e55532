// The natural logarithm in plain IEEE operations: the same bits on every machine, which libm does not promise.
#pragma once

#include "kernels/vector.h"

namespace {

constexpr double kLn2High = 0x1.62e42fefa2p-1;     // 40 bits of log 2: times an exponent it is exact
constexpr double kLn2Low = 0x1.9ef35793c7673p-41;  // the rest
constexpr int64_t kSqrtHalfBits = 0x3fe6a09e667f3bcd;
constexpr double kLargest = 0x1.fffffffffffffp1023;
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

// Of any double, or of a vector of them, by the same operations: -inf for zeros, NaN for negative numbers and NaN.
template <class Double>
inline Double natural_logarithm(Double value) {
  const auto tiny = value < 0x1p-1022;
  const Double logarithm = logarithm_of_ordinary(select(tiny, value * 0x1p54, value));
  Double result = select(tiny, logarithm - 54 * kLn2High - 54 * kLn2Low, logarithm);
  result = select(value > kLargest, value, result);
  result = select(value == 0.0, splat<Double>(-__builtin_inf()), result);
  return select(value >= 0.0, result, splat<Double>(__builtin_nan("")));
}

// log(1 + x) for x > -1, accurate where x is small: what 1 + x loses by rounding is added to first order. Infinity and
// NaN come back as they are.
template <class Double>
inline Double logarithm_of_one_plus(Double value) {
  const Double sum = 1.0 + value;
  const Double lost = (value - (sum - 1.0)) / sum;
  return select(value <= kLargest, logarithm_of_ordinary(sum) + lost, value);
}

}  // namespace
