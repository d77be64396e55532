// Sums and means of an elementwise value over rows, for the kernels that give one value for each pair of rows.
#pragma once

#include "kernels/table.h"
#include "kernels/vector.h"

namespace {

using tally::PairedRows;

// Keras's epsilon: probabilities are clipped to [kEpsilon, 1 - kEpsilon].
constexpr double kEpsilon = 1e-7;

// How many elements ahead to prefetch: far enough for the hardware to cross pages in time.
template <class T>
constexpr int64_t kAhead = 8192 / sizeof(T);

inline Doubles indicator(Longs mask) { return mask ? splat<Doubles>(1.0) : Doubles{}; }
inline double indicator(bool holds) { return holds ? 1.0 : 0.0; }

inline bool all_lanes(bool condition) { return condition; }
inline bool all_lanes(Longs condition) {
  int64_t all = -1;
  for (int lane = 0; lane < kDoubles; ++lane) all &= condition[lane];
  return all != 0;
}

inline double absolute(double value) { return __builtin_fabs(value); }
inline Doubles absolute(Doubles value) { return value < 0.0 ? -value : value; }

// A value that differs between columns has an overload of its own: what it is from column `i` on.
template <class Value>
inline const Value& from_column(const Value& value, int64_t) {
  return value;
}

// Sum over a row of value(y_true, y_pred), in sixteen lanes, or one after the other for rows shorter than that.
template <class T, class Value>
inline double sum_of_row(const T* y_true, const T* y_pred, int64_t width, Value value) {
  int64_t i = 0;
  double total = 0.0;
  if (width >= kLanes) {
    LaneSum sum;
    for (; i + kLanes <= width; i += kLanes)
      for (int part = 0; part < LaneSum::kParts; ++part)
        sum.parts[part] += from_column(value, i + part * kDoubles)(load_doubles(y_true + i + part * kDoubles),
                                                                   load_doubles(y_pred + i + part * kDoubles));
    total = sum.total();
  }
  for (; i + kDoubles <= width; i += kDoubles) {
    double lanes[kDoubles];
    store(lanes, from_column(value, i)(load_doubles(y_true + i), load_doubles(y_pred + i)));
    for (double lane : lanes) total += lane;
  }
  for (; i < width; ++i) total += from_column(value, i)(static_cast<double>(y_true[i]), static_cast<double>(y_pred[i]));
  return total;
}

// value(y_true, y_pred) of each of `count` elements.
template <class T, class Value>
inline void map_elements(const T* __restrict y_true, const T* __restrict y_pred, int64_t count, Value value,
                         double* __restrict values) {
  int64_t i = 0;
  constexpr int64_t kLine = 64 / sizeof(T);
  for (; i + kLine <= count; i += kLine) {
    __builtin_prefetch(y_true + i + kAhead<T>);
    __builtin_prefetch(y_pred + i + kAhead<T>);
    for (int64_t at = i; at < i + kLine; at += kDoubles)
      store(values + at, from_column(value, at)(load_doubles(y_true + at), load_doubles(y_pred + at)));
  }
  for (; i < count; ++i)
    values[i] = from_column(value, i)(static_cast<double>(y_true[i]), static_cast<double>(y_pred[i]));
}

// How many elements are mapped at once into a buffer.
constexpr int64_t kMapped = 1024;

// Sums of rows that follow each other, each in sequence; lanes are rows.
inline void add_up_rows(const double* values, int64_t rows, int64_t width, double* sums) {
  int64_t r = 0;
  for (; width >= kDoubles && r + kDoubles <= rows; r += kDoubles) {
    const double* top = values + r * width;
    Doubles total = {};
    for (int64_t i = 0; i < width; i += kDoubles) {
      // The last columns overlap those before.
      const int64_t first = i + kDoubles <= width ? i : width - kDoubles;
      Doubles columns[kDoubles];
      for (int lane = 0; lane < kDoubles; ++lane) columns[lane] = load<Doubles>(top + lane * width + first);
      transpose(columns);
      for (int64_t column = 0; column < kDoubles; ++column)
        if (first + column >= i) total += columns[column];
    }
    store(sums + r, total);
  }
  for (; r < rows; ++r) {
    double total = 0.0;
    for (int64_t i = 0; i < width; ++i) total += values[r * width + i];
    sums[r] = total;
  }
}

// Short rows: the elements of many are mapped as if they were one row, by map(y_true, y_pred, count, values), then
// added up row by row in the order of sum_of_row.
template <class T, class Map>
inline void sums_of_short_rows(const PairedRows<T>& rows, Map map, double* sums) {
  double values[kMapped];
  const int64_t rows_at_once = kMapped / rows.width;
  for (int64_t first = 0; first < rows.rows; first += rows_at_once) {
    const int64_t count = rows.rows - first < rows_at_once ? rows.rows - first : rows_at_once;
    map(rows.y_true + first * rows.width, rows.y_pred + first * rows.width, count * rows.width, values);
    add_up_rows(values, count, rows.width, sums + first);
  }
}

template <class T>
inline bool are_contiguous(const PairedRows<T>& rows) {
  return rows.true_stride == rows.width && rows.pred_stride == rows.width;
}

template <class T, class Value>
__attribute__((noinline)) void sums_of_rows(const PairedRows<T>& rows, Value value, double* __restrict sums) {
  const auto map = [value](const T* y_true, const T* y_pred, int64_t count, double* values) {
    map_elements(y_true, y_pred, count, value, values);
  };
  if (are_contiguous(rows) && rows.width == 1) return map(rows.y_true, rows.y_pred, rows.rows, sums);
  if (are_contiguous(rows) && rows.width < kLanes) return sums_of_short_rows(rows, map, sums);
  for (int64_t r = 0; r < rows.rows; ++r)
    sums[r] = sum_of_row(rows.y_true + r * rows.true_stride, rows.y_pred + r * rows.pred_stride, rows.width, value);
}

template <class T>
inline void divide_by_width(const PairedRows<T>& rows, double* sums) {
  if (rows.width == 1) return;
  const double width = static_cast<double>(rows.width);
  for (int64_t r = 0; r < rows.rows; ++r) sums[r] /= width;
}

template <class T, class Value>
void means_of_rows(const PairedRows<T>& rows, Value value, double* means) {
  sums_of_rows(rows, value, means);
  divide_by_width(rows, means);
}

}  // namespace
