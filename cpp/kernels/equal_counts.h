// Counts of elements that are equal.
#pragma once

#include "kernels/row_sums.h"

namespace {

// Elements for which `holds` gives a mask, or a number, that is not 0.
template <class T, class Holds>
inline int64_t count_elements(const T* y_true, const T* y_pred, int64_t count, Holds holds) {
  using Vector = typename Native<T>::Vector;
  using Mask = typename Native<T>::Mask;
  constexpr int64_t kLine = 64 / sizeof(T);
  Mask counts = {};
  int64_t i = 0;
  for (; i + kLine <= count; i += kLine) {
    __builtin_prefetch(y_true + i + kAhead<T>);
    __builtin_prefetch(y_pred + i + kAhead<T>);
    for (int64_t at = i; at < i + kLine; at += kLanesOf<Vector>)
      counts -= static_cast<Mask>(holds(load<Vector>(y_true + at), load<Vector>(y_pred + at)));
  }
  int64_t total = sum_of_lanes(counts);
  for (; i < count; ++i) total += holds(y_true[i], y_pred[i]) ? 1 : 0;
  return total;
}

template <class T>
int64_t count_equal(const T* y_true, const T* y_pred, int64_t count) {
  return count_elements(y_true, y_pred, count, [](auto left, auto right) { return left == right; });
}

// The same numbers of type T are greater than this as are greater than `threshold`.
template <class T>
inline T not_above(double threshold) {
  T rounded = static_cast<T>(threshold);
  if (static_cast<double>(rounded) <= threshold) return rounded;
  typename Native<T>::Integer bits;
  std::memcpy(&bits, &rounded, sizeof bits);
  bits += bits > 0 ? -1 : 1;
  std::memcpy(&rounded, &bits, sizeof rounded);
  return rounded;
}

template <class T>
int64_t count_binary_equal(const T* y_true, const T* y_pred, int64_t count, double threshold) {
  const T limit = not_above<T>(threshold);
  return count_elements(y_true, y_pred, count,
                        [limit](auto label, auto score) { return score > limit ? label == T(1) : label == T(0); });
}

// A lane counts as many as its type holds before it is added to the total.
template <class Integer>
inline int64_t count_equal_of(const char* left, const char* right, int64_t count) {
  typedef Integer Vector __attribute__((vector_size(kVectorBytes)));
  constexpr int64_t kLine = 64;
  constexpr int64_t kSize = sizeof(Integer);
  constexpr int64_t kMostLines = (kSize == 1 ? INT8_MAX : INT16_MAX) / (kLine / kVectorBytes);
  const int64_t bytes = count * kSize;
  int64_t total = 0;
  int64_t at = 0;
  while (at + kLine <= bytes) {
    Vector counts = {};
    const int64_t rest = at + kMostLines * kLine;
    for (; at + kLine <= (rest < bytes ? rest : bytes); at += kLine) {
      __builtin_prefetch(left + at + kAhead<char>);
      __builtin_prefetch(right + at + kAhead<char>);
      for (int64_t part = at; part < at + kLine; part += kVectorBytes)
        counts -= load<Vector>(left + part) == load<Vector>(right + part);
    }
    for (int64_t lane = 0; lane < kVectorBytes / kSize; ++lane) total += counts[lane];
  }
  for (; at < bytes; at += kSize) total += load<Integer>(left + at) == load<Integer>(right + at);
  return total;
}

int64_t count_equal_integers(const char* left, const char* right, int64_t size, int64_t count) {
  if (size == 8) return count_equal_of<int64_t>(left, right, count);
  if (size == 4) return count_equal_of<int32_t>(left, right, count);
  return size == 2 ? count_equal_of<int16_t>(left, right, count) : count_equal_of<int8_t>(left, right, count);
}

}  // namespace
