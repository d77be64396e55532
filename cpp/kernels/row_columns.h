// Columns of rows, transposed in registers.
#pragma once

#include "kernels/vector.h"

namespace {

// The lower or upper halves of each 16 bytes, an element of `left` before each of `right`.
template <int kUpper, class Vector, int... kLane>
inline Vector interleaved(Vector left, Vector right, Lanes<kLane...>) {
  constexpr int kCount = kLanesOf<Vector>;
  constexpr int kQuarter = 16 * kCount / kVectorBytes;
  return __builtin_shufflevector(
      left, right, (kLane / kQuarter * kQuarter + (kUpper * kQuarter + kLane % kQuarter) / 2 + kLane % 2 * kCount)...);
}

// The lower or upper half of each 16 bytes of `left` before that of `right`.
template <int kUpper, class Vector, int... kLane>
inline Vector joined(Vector left, Vector right, Lanes<kLane...>) {
  constexpr int kCount = kLanesOf<Vector>;
  constexpr int kHalf = 8 * kCount / kVectorBytes;
  return __builtin_shufflevector(
      left, right,
      (kLane / (2 * kHalf) * (2 * kHalf) + kUpper * kHalf + kLane % kHalf + kLane / kHalf % 2 * kCount)...);
}

// Columns of 16 bytes' worth of elements, of as many rows as a vector has lanes, `stride` elements apart.
template <class T>
constexpr int kQuarter = 16 / static_cast<int>(sizeof(T));

__attribute__((always_inline)) inline void load_columns(const float* rows, ptrdiff_t stride, Floats* columns) {
  constexpr AllLanes<Floats> kAll = {};
  Floats pairs[4];
  for (int i = 0; i < 4; i += 2) {
    const Floats even = load_quarters(rows + i * stride, 4 * stride);
    const Floats odd = load_quarters(rows + (i + 1) * stride, 4 * stride);
    pairs[i] = interleaved<0>(even, odd, kAll);
    pairs[i + 1] = interleaved<1>(even, odd, kAll);
  }
  for (int i = 0; i < 2; ++i) {
    columns[2 * i] = joined<0>(pairs[i], pairs[i + 2], kAll);
    columns[2 * i + 1] = joined<1>(pairs[i], pairs[i + 2], kAll);
  }
}
__attribute__((always_inline)) inline void load_columns(const double* rows, ptrdiff_t stride, Doubles* columns) {
  constexpr AllLanes<Doubles> kAll = {};
  const Doubles even = load_quarters(rows, 2 * stride);
  const Doubles odd = load_quarters(rows + stride, 2 * stride);
  columns[0] = interleaved<0>(even, odd, kAll);
  columns[1] = interleaved<1>(even, odd, kAll);
}

}  // namespace
