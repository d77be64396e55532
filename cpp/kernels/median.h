// The weighted median of some numbers, found without sorting them.
#pragma once

#include "kernels/vector.h"

namespace {

// Moves the values of [first, last) for which `belongs` holds to the front, without a branch; returns how many they
// are and adds up their weights.
template <bool kWeighted, class Belongs>
inline int64_t gather_first(double* values, double* weights, int64_t first, int64_t last, Belongs belongs,
                            double* weight) {
  int64_t next = first;
  double sum = 0.0;
  for (int64_t i = first; i < last; ++i) {
    const double value = values[i];
    const bool moves = belongs(value);
    values[i] = values[next];
    values[next] = value;
    if constexpr (kWeighted) {
      const double own = weights[i];
      weights[i] = weights[next];
      weights[next] = own;
      sum += moves ? own : 0.0;
    }
    next += moves;
  }
  *weight = kWeighted ? sum : static_cast<double>(next - first);
  return next;
}

inline double middle_of(double one, double two, double three) {
  const double low = one < two ? one : two;
  const double high = one < two ? two : one;
  return three < low ? low : (three > high ? high : three);
}

// The middle one of three values' middles.
inline double guessed_pivot(const double* values, int64_t first, int64_t last) {
  const int64_t step = (last - first - 1) / 8;
  const double* at = values + first;
  if (step < 4) return middle_of(at[0], at[(last - first) / 2], at[last - first - 1]);
  return middle_of(middle_of(at[0], at[step], at[2 * step]), middle_of(at[3 * step], at[4 * step], at[5 * step]),
                   middle_of(at[6 * step], at[7 * step], at[8 * step]));
}

// An integer that is ordered as finite doubles are.
inline int64_t ordered_bits(double value) {
  int64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits ^ ((bits >> 63) & INT64_MAX);
}

inline double of_ordered_bits(int64_t bits) {
  bits ^= (bits >> 63) & INT64_MAX;
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// A pivot that halves the range of bit patterns: bounds the number of rounds whatever the values are.
inline double halving_pivot(const double* values, int64_t first, int64_t last) {
  int64_t low = INT64_MAX;
  int64_t high = INT64_MIN;
  for (int64_t i = first; i < last; ++i) {
    const int64_t bits = ordered_bits(values[i]);
    low = bits < low ? bits : low;
    high = bits > high ? bits : high;
  }
  return of_ordered_bits((low >> 1) + (high >> 1) + (low & high & 1));
}

// The least value that no more than `half` of the weight lies below and at least `half` not above; permutes both
// arrays. Values must be finite; `weights` is not read unless kWeighted.
template <bool kWeighted>
inline double weighted_median(double* values, double* weights, int64_t count, double half) {
  constexpr int kGuessedRounds = 48;
  int64_t first = 0;
  int64_t last = count;
  double before = 0.0;
  double pivot = values[0];
  for (int round = 0; last - first > 1; ++round) {
    pivot = round < kGuessedRounds ? guessed_pivot(values, first, last) : halving_pivot(values, first, last);
    double below = 0.0;
    const int64_t equal =
        gather_first<kWeighted>(values, weights, first, last, [pivot](double value) { return value < pivot; }, &below);
    if (equal > first) {
      // The pivot stays in play with what lies above it: as a rule it is not the median.
      if (before + below >= half) {
        last = equal;
      } else {
        before += below;
        first = equal;
      }
      continue;
    }
    double at = 0.0;
    const int64_t above =
        gather_first<kWeighted>(values, weights, equal, last, [pivot](double value) { return value == pivot; }, &at);
    // Rounded weights may fall short of their half: the greatest value is the last resort.
    if (above > equal && (before + at >= half || above == last)) return pivot;
    before += at;
    first = above;
  }
  return values[first];
}

}  // namespace
