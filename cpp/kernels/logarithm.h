// The natural logarithm in plain IEEE operations: the same bits on every machine, which libm does not promise.
#pragma once

#include "kernels/vector.h"

namespace {

constexpr double kLn2High = 0x1.62e42fefa2p-1;     // 40 bits of log 2: times an exponent it is exact
constexpr double kLn2Low = 0x1.9ef35793c7673p-41;  // the rest
constexpr int64_t kSqrtHalfBits = 0x3fe6a09e667f3bcd;
constexpr double kLeastNormal = 0x1p-1022;
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

template <class Double>
inline auto bits_of_double(Double value) {
  typename IntegerOf<Double>::Type bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}
template <class Double, class Integer>
inline Double double_of_bits(Integer bits) {
  Double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// k of k 2^52 + less, as a double: exact in the low bits of 2^52, as few instruction sets shift signed lanes.
template <class Double>
inline Double exponent_of(typename IntegerOf<Double>::Type scaled) {
  const auto biased = (typename IntegerOf<Double>::Unsigned)(scaled + kBias) >> 52 | 0x4330000000000000u;
  return double_of_bits<Double>(biased) - (0x1p52 + 1024.0);
}

// (artanh(s) / s - 1) / s^2 of z = s^2, for |s| <= 1/5, by the polynomial whose greatest error, 2^-60.8 of artanh, is
// least. The terms run side by side (Estrin): the processor waits for latencies here.
template <class Double>
inline Double artanh_series(Double z) {
  const Double z2 = z * z;
  const Double low =
      (z * 0x1.9999999999f17p-3 + 0x1.5555555555555p-2) + z2 * (z * 0x1.c71c72df580fcp-4 + 0x1.24924923de6edp-3);
  const Double high =
      (z * 0x1.3b29d0452d426p-4 + 0x1.745cac43cc003p-4) + z2 * (z * 0x1.169c38cc826bep-4 + 0x1.0e8c55b42945fp-4);
  return low + (z2 * z2) * high;
}

// x = 2^exponent (1 + fraction) with 1 + fraction in [sqrt 1/2, sqrt 2), for normal positive x; s = artanh's argument
// for it. What comes before a division and what comes after may be in loops of their own.
template <class Double>
struct Logarithm {
  Double exponent;
  Double fraction;
  Double s;

  inline Logarithm() = default;
  explicit inline Logarithm(Double x) : Logarithm(x, [](auto, Double own) { return own; }) {}
  // choose(exponent, fraction) gives a fraction that x has lost digits of by rounding.
  template <class Choose>
  inline Logarithm(Double x, Choose choose) {
    const auto bits = bits_of_double(x);
    const auto offset = bits - kSqrtHalfBits;
    exponent = exponent_of<Double>(offset);
    fraction = choose(exponent, double_of_bits<Double>(bits - (offset & kExponentMask)) - 1.0);
    s = fraction / (2.0 + fraction);
  }

  // log x = exponent log 2 + 2 artanh(s), where 2 s = f - s f, so that the leading term is exact.
  inline Double value() const {
    const Double z = s * s;
    const Double tail = s * ((z + z) * artanh_series(z) - fraction) + exponent * kLn2Low;
    return exponent * kLn2High + (fraction + tail);
  }
};

// log(x / y) = exponent log 2 + 2 artanh(s) with one division, s = (x' - y) / (x' + y), x' = x / 2^exponent, for normal
// positive x and y whose sum is finite. `gap` is x - y, better than from x and y if those were rounded.
template <class Double>
struct LogarithmOfQuotient {
  Double exponent;
  Double s;

  inline LogarithmOfQuotient() = default;
  inline LogarithmOfQuotient(Double x, Double y, Double gap) {
    // The bits of numbers differ by their logarithms, almost: x' / y is within [2/3, 3/2].
    const auto x_bits = bits_of_double(x);
    const auto offset = (x_bits - bits_of_double(y)) + (int64_t{1} << 51);
    const auto scale = offset & kExponentMask;
    exponent = exponent_of<Double>(offset);
    const Double near = double_of_bits<Double>(x_bits - scale);
    s = select(scale == 0, gap, near - y) / (near + y);
  }

  inline Double value() const {
    const Double z = s * s;
    const Double leading = s + s;
    return exponent * kLn2High + (leading + ((leading * z) * artanh_series(z) + exponent * kLn2Low));
  }
};

// Of normal positive numbers.
template <class Double>
inline Double logarithm_of_ordinary(Double value) {
  return Logarithm<Double>(value).value();
}

// Of any double, or of a vector of them, by the same operations: -inf for zeros, NaN for negative numbers and NaN.
template <class Double>
inline Double natural_logarithm(Double value) {
  const auto tiny = value < kLeastNormal;
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
