// The exponential in plain IEEE operations.
#pragma once

#include "kernels/integer_vectors.h"
#include "kernels/logarithm.h"

namespace {

// x log2(e) in units of 2^-23: an exponent and, below, a fraction. The product's rounding grows with |x|. INT32_MIN for
// a NaN and for what is below -256, 256 or more.
inline Ints scaled_exponent(Floats x) { return nearest_integers(x * (0x1.715476p0f * 0x1p23f)); }
constexpr int32_t kLeastExponent = -125 * (1 << 23);

// The same for numbers of any size below 256: what is below -125 becomes that.
inline Ints bounded_exponent(Floats x) {
  return nearest_integers(greater_of(splat<Floats>(static_cast<float>(kLeastExponent)), x * (0x1.715476p0f * 0x1p23f)));
}

// 2^n of such an exponent, n at least -126 and below 128. As bits of a number the exponent is m 2^n, where m = 1 + f
// has the fraction's bits as its mantissa: too much, by (m - 2^f) 2^n. A polynomial without a fourth power gives 1 - (m
// - 2^f) / 2, from 1/2 to 1, so well that the power is off by less than 2^-21.8 of it, roundings included. Its bits are
// those that the exponent lacks, less what was too much. Exactly 1 for 0. From -127 to -126 at least 0 and below
// 2^-126; from 128 to 129 infinite or a NaN. All others have the sign bit set, as the addition wraps: that of
// INT32_MIN, so of a NaN, is -1, which no sum shows.
constexpr float kPowerTerms[] = {0x1.3fd382p+0f, -0x1.4b84ep-2f, 0x1.c0ce42p-5f, 0x1.32de5cp-6f, 0.0f, 0x1.de55e4p-11f};

inline Floats power(Ints exponent) {
  const Ints bits = (exponent & 0x7fffff) | 0x3f800000;
  const Floats m = load<Floats>(&bits);
  const Floats square = m * m;
  const Floats high = (square * kPowerTerms[5] + kPowerTerms[3]) * m + kPowerTerms[2];
  const Floats less = (m * kPowerTerms[1] + kPowerTerms[0]) + square * high;
  const Ints result = exponent + load<Ints>(&less);
  return load<Floats>(&result);
}

// Powers of kCount vectors of exponents that follow each other, by the operations of power(). Most wait three cycles
// for the one before, so those of four vectors take turns, each vector a quarter of the way ahead of the next: neither
// compilers nor processors look that far for something to do.
template <int kCount>
struct PowersInTurn {
  const int32_t* exponents;
  Floats m[kCount];
  Floats square[kCount];
  Floats high[kCount];
  Floats less[kCount];

  explicit inline PowersInTurn(const int32_t* first) : exponents(first) {}

  // Calls use(number, power) for each vector.
  template <class Use>
  __attribute__((always_inline)) inline void run(Use use) {
    turns(use, typename LanesUpTo<kCount + 3>::Type{});
  }

 private:
  template <class Use, int... kTurn>
  __attribute__((always_inline)) inline void turns(Use& use, Lanes<kTurn...>) {
    (turn<kTurn>(use), ...);
  }

  __attribute__((always_inline)) inline Ints exponent(int number) const {
    return load<Ints>(exponents + number * kLanesOf<Ints>);
  }

  template <int kTurn, class Use>
  __attribute__((always_inline)) inline void turn(Use& use) {
    constexpr int a = kTurn, b = kTurn - 1, c = kTurn - 2, d = kTurn - 3;
    constexpr bool kA = a < kCount, kB = b >= 0 && b < kCount, kC = c >= 0 && c < kCount, kD = d >= 0;
    Ints bits;
    Ints result;
    if constexpr (kD) pin(result = exponent(d) + load<Ints>(&less[d]));
    if constexpr (kA) pin(bits = exponent(a) & 0x7fffff);
    if constexpr (kB) pin(high[b] *= m[b]);
    if constexpr (kC) pin(high[c] *= square[c]);
    if constexpr (kA) pin(bits |= 0x3f800000);
    if constexpr (kA) m[a] = load<Floats>(&bits);
    if constexpr (kC) pin(less[c] = m[c] * kPowerTerms[1]);
    if constexpr (kB) pin(high[b] += kPowerTerms[2]);
    if constexpr (kA) pin(square[a] = m[a] * m[a]);
    if constexpr (kC) pin(less[c] += kPowerTerms[0]);
    if constexpr (kD) use(d, load<Floats>(&result));
    if constexpr (kA) pin(high[a] = square[a] * kPowerTerms[5]);
    if constexpr (kC) pin(less[c] += high[c]);
    if constexpr (kA) pin(high[a] += kPowerTerms[3]);
  }
};

// Of what is at most 88.
inline Floats exponential(Floats x) { return power(bounded_exponent(x)); }

// x = n log 2 + rest with |rest| <= log(2) / 2; `scale` becomes 2^n, and `less_one` exp(rest) - 1.
template <class Double>
struct Reduced {
  Double scale;
  Double less_one;

  explicit inline Reduced(Double x) {
    constexpr double kMagic = 0x1.8p52;  // adding it leaves round(x) in the low bits
    const Double shifted = x * 0x1.71547652b82fep0 + kMagic;
    const Double whole = shifted - kMagic;
    const Double rest = (x - whole * kLn2High) - whole * kLn2Low;
    typename IntegerOf<Double>::Type power;
    std::memcpy(&power, &shifted, sizeof power);
    power = (power << 52) + (int64_t{1023} << 52);
    std::memcpy(&scale, &power, sizeof scale);

    // The polynomial of degree 11 whose greatest error, 2^-56.1, is least.
    const Double square = rest * rest;
    const Double fourth = square * square;
    const Double low =
        (rest * 0x1.5555555555556p-3 + 0.5) + square * (rest * 0x1.11111111109b5p-7 + 0x1.5555555553d68p-5);
    const Double middle = (rest * 0x1.a01a01a7c2efep-13 + 0x1.6c16c17889ef1p-10) +
                          square * (rest * 0x1.71de0db2f6b19p-19 + 0x1.a019b9149a41cp-16);
    const Double high = rest * 0x1.af389ecfc4b9cp-26 + 0x1.28917c89a43a7p-22;
    less_one = rest + square * ((low + fourth * middle) + (fourth * fourth) * high);
  }
};

// exp(x) for x <= 709, of doubles or of vectors of them; 0 where it is no normal number.
template <class Double>
inline Double exponential(Double x) {
  const Reduced<Double> reduced(x);
  return select(x < -708.0, Double{}, (1.0 + reduced.less_one) * reduced.scale);
}

// exp(x) - 1 for -700 <= x <= 0, accurate where x is small.
template <class Double>
inline Double exponential_less_one(Double x) {
  const Reduced<Double> reduced(x);
  return reduced.less_one * reduced.scale + (reduced.scale - 1.0);
}

}  // namespace
