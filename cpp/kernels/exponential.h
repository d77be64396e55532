// The exponential of numbers that are not positive, in plain IEEE operations.
#pragma once

#include "kernels/logarithm.h"

namespace {

// exp(x) for x <= 0, by 2^(n + f) with n + f = x log2(e). The product's rounding grows with |x| as exp(x) falls: in a
// sum of exponentials it does not show, nor does the polynomial's error, below 2^-23. What is smaller than 2^-125
// becomes that, and a NaN anything: who adds exponentials has to notice it. Written step by step for all vectors, for
// the processor waits for latencies here, not for units, and does not look far enough ahead to find other work.
template <int kVectors>
inline void exponentials(Floats (&x)[kVectors]) {
  constexpr float kMagic = 0x1.8p23f;  // adding it leaves round(x) in the low bits
  constexpr float kLeast = -125.0f;
  Floats shifted[kVectors], square[kVectors], low[kVectors], middle[kVectors], high[kVectors];
  for (int i = 0; i < kVectors; ++i) x[i] = x[i] * 0x1.715476p0f;
  for (int i = 0; i < kVectors; ++i) x[i] = greater_of(x[i], splat<Floats>(kLeast));
  for (int i = 0; i < kVectors; ++i) shifted[i] = x[i] + kMagic;
  for (int i = 0; i < kVectors; ++i) x[i] -= shifted[i] - kMagic;
  for (int i = 0; i < kVectors; ++i) square[i] = x[i] * x[i];
  for (int i = 0; i < kVectors; ++i) high[i] = x[i] * 0x1.5bda40p-10f + 0x1.3ce8acp-7f;
  for (int i = 0; i < kVectors; ++i) middle[i] = x[i] * 0x1.c6b6d8p-5f + 0x1.ebf9c2p-3f;
  for (int i = 0; i < kVectors; ++i) low[i] = x[i] * 0x1.62e42ap-1f + 1.0f;
  for (int i = 0; i < kVectors; ++i) middle[i] += square[i] * high[i];
  for (int i = 0; i < kVectors; ++i) low[i] += square[i] * middle[i];
  for (int i = 0; i < kVectors; ++i) {
    const Ints bits = load<Ints>(&low[i]) + (load<Ints>(&shifted[i]) << 23);
    std::memcpy(&x[i], &bits, sizeof bits);
  }
}

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

    const Double square = rest * rest;
    const Double fourth = square * square;
    const Double low =
        (rest * 0x1.5555555555555p-3 + 0.5) + square * (rest * 0x1.1111111111111p-7 + 0x1.5555555555555p-5);
    const Double middle = (rest * 0x1.a01a01a01a01ap-13 + 0x1.6c16c16c16c17p-10) +
                          square * (rest * 0x1.71de3a556c734p-19 + 0x1.a01a01a01a01ap-16);
    const Double high = (rest * 0x1.ae64567f544e4p-26 + 0x1.27e4fb7789f5cp-22) +
                        square * (rest * 0x1.6124613a86d09p-33 + 0x1.1eed8eff8d898p-29);
    less_one = rest + square * ((low + fourth * middle) + (fourth * fourth) * high);
  }
};

// exp(x) for x <= 0, of doubles or of vectors of them; 0 where it is no normal number.
template <class Double>
inline Double exponential(Double x) {
  const Reduced<Double> reduced(x);
  return select(x < -708.0, Double{}, (1.0 + reduced.less_one) * reduced.scale);
}

template <int kVectors>
inline void exponentials(Doubles (&x)[kVectors]) {
  for (Doubles& one : x) one = exponential(one);
}

// exp(x) - 1 for -700 <= x <= 0, accurate where x is small.
template <class Double>
inline Double exponential_less_one(Double x) {
  const Reduced<Double> reduced(x);
  return reduced.less_one * reduced.scale + (reduced.scale - 1.0);
}

}  // namespace
