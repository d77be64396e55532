// The natural logarithm in plain IEEE operations: the same bits on every machine, which libm does not promise.
#pragma once

#include "kernels/vector.h"

namespace {

constexpr double kLn2High = 0x1.62e42fefa2p-1;     // 40 bits of log 2: times an exponent it is exact
constexpr double kLn2Low = 0x1.9ef35793c7673p-41;  // the rest
constexpr int64_t kSqrtHalfBits = 0x3fe6a09e667f3bcd;
constexpr double kLargest = 0x1.fffffffffffffp1023;
constexpr int64_t kBias = int64_t{1024} << 52;
constexpr int64_t kExponentMask = -(int64_t{1} << 52);

template <class Double>
struct IntegerOf {
  using Type = Longs;
  using Unsigned = UnsignedLongs;
};
template <>
struct IntegerOf<double> {
  using Type = int64_t;
  using Unsigned = uint64_t;
};

// log x = k log 2 + 2 artanh((m - 1) / (m + 1)) with x = 2^k m and m in [sqrt 1/2, sqrt 2), for normal positive x;
// of doubles or of vectors of them. The terms run side by side (Estrin): the processor waits for latencies here.
template <class Double>
inline Double logarithm_of_ordinary(Double value) {
  using Integer = typename IntegerOf<Double>::Type;
  Integer bits;
  std::memcpy(&bits, &value, sizeof bits);
  const Integer offset = bits - kSqrtHalfBits;
  bits -= offset & kExponentMask;
  // k + 1024 in the low bits of 2^52, from which it is exact; few instruction sets shift signed lanes.
  const auto biased = (typename IntegerOf<Double>::Unsigned)(offset + kBias) >> 52 | 0x4330000000000000u;
  Double exponent;
  std::memcpy(&exponent, &biased, sizeof exponent);
  exponent -= 0x1p52 + 1024.0;
  Double mantissa;
  std::memcpy(&mantissa, &bits, sizeof bits);
  const Double fraction = mantissa - 1.0;
  const Double s = fraction / (2.0 + fraction);
  const Double z = s * s;
  const Double z2 = z * z;
  const Double z4 = z2 * z2;
  const Double low = (z * (1.0 / 5) + 1.0 / 3) + z2 * (z * (1.0 / 9) + 1.0 / 7);
  const Double middle = (z * (1.0 / 13) + 1.0 / 11) + z2 * (z * (1.0 / 17) + 1.0 / 15);
  const Double high = (z * (1.0 / 21) + 1.0 / 19) + z2 * (1.0 / 23);
  const Double series = (low + z4 * middle) + (z4 * z4) * high;
  // 2 s = f - s f, so that the leading term is exact.
  const Double tail = s * (2.0 * z * series - fraction) + exponent * kLn2Low;
  return exponent * kLn2High + (fraction + tail);
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
