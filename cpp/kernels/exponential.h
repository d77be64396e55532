// The exponential of numbers that are not positive, in plain IEEE operations.
#pragma once

#include "kernels/logarithm.h"

namespace {

// exp(x) for x <= 0, by 2^(n + f) with n + f = x log2(e). The product's rounding grows with |x| as exp(x) falls: in a
// sum of exponentials it does not show. Below the normal range the result is 0. Even and odd terms of the polynomial
// run side by side (Estrin), for the processor waits for latencies here, not for units.
inline Floats exponential(Floats x) {
  constexpr float kMagic = 0x1.8p23f;  // adding it leaves round(x) in the low bits
  const Floats power = x * 0x1.715476p0f;
  const Floats shifted = power + kMagic;
  const Floats f = power - (shifted - kMagic);
  const Floats f2 = f * f;
  const Floats low = f * 0x1.62e430p-1f + 1.0f;
  const Floats middle = f * 0x1.c6aeccp-5f + 0x1.ebfbe0p-3f;
  const Floats high = (f * 0x1.5f48c0p-10f + 0x1.3b2a1cp-7f) + f2 * 0x1.444000p-13f;
  const Floats value = (low + f2 * middle) + (f2 * f2) * high;
  const Ints scale = (load<Ints>(&shifted) << 23) + 0x3f800000;
  return x < -87.0f ? Floats{} : value * load<Floats>(&scale);
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

// exp(x) - 1 for -700 <= x <= 0, accurate where x is small.
template <class Double>
inline Double exponential_less_one(Double x) {
  const Reduced<Double> reduced(x);
  return reduced.less_one * reduced.scale + (reduced.scale - 1.0);
}

}  // namespace
