// Strips of histogram rows, with rows as lanes: their masses, and their cumulative differences.
#pragma once

#include "kernels/row_sums.h"

namespace {

// Each sum is sequential along its row; only the rows' independence hides the latency of additions.
constexpr int kGroups = 2;
constexpr int kStripRows = kGroups * kDoubles;
// Columns of strips below this width are kept while masses are summed up.
constexpr int kKeptWidth = 32;

// The rows of a strip; behind the last row of all, the first stands in.
template <class T>
struct Strip {
  const T* rows[kStripRows];

  Strip(const T* data, ptrdiff_t stride, int count) {
    for (int lane = 0; lane < kStripRows; ++lane) rows[lane] = data + (lane < count ? lane : 0) * stride;
  }
};

// The rows of a strip follow each other in memory as a rule, and are walked side by side.
template <class T>
inline void prefetch_strip(const Strip<T>& strip, int64_t column) {
  for (int64_t line = 0; line < kStripRows * kDoubles; line += 64 / static_cast<int64_t>(sizeof(T)))
    __builtin_prefetch(strip.rows[0] + column * kStripRows + kAhead<T> + line);
}

// Calls `add(column, values)` for all columns in turn with the values of each group of rows, which
// `load_row(lane, column)` gives for kDoubles columns.
template <class Load, class Add>
__attribute__((always_inline)) inline void for_each_column(int64_t width, Load load_row, Add add) {
  const auto add_columns = [&](int64_t first, int64_t begin) __attribute__((always_inline)) {
    Doubles columns[kGroups][kDoubles];
    for (int group = 0; group < kGroups; ++group) {
      for (int lane = 0; lane < kDoubles; ++lane) columns[group][lane] = load_row(group * kDoubles + lane, first);
      transpose(columns[group]);
    }
    for (int64_t column = begin; column < kDoubles; ++column) {
      Doubles values[kGroups];
      for (int group = 0; group < kGroups; ++group) values[group] = columns[group][column];
      add(first + column, values);
    }
  };
  int64_t i = 0;
  for (; i + kDoubles <= width; i += kDoubles) add_columns(i, 0);
  // The last vectors overlap those before.
  if (i < width) add_columns(width - kDoubles, kDoubles - (width - i));
}

// Adds power(cumulative difference) of the next column.
template <bool kGaps, class Power>
struct DifferenceSums {
  const double* gaps;
  Power power;
  Doubles difference[kGroups] = {};
  Doubles sums[kGroups] = {};

  DifferenceSums(const double* gaps_of_bins, Power power_of_difference)
      : gaps(gaps_of_bins), power(power_of_difference) {}
  void add(int64_t column, int group, Doubles step) {
    difference[group] += step;
    if constexpr (kGaps)
      sums[group] += power(difference[group]) * splat<Doubles>(gaps[column]);
    else
      sums[group] += power(difference[group]);
  }
};

inline UnsignedLongs bits_of(Doubles values) {
  UnsignedLongs bits;
  std::memcpy(&bits, &values, sizeof bits);
  return bits;
}

inline bool has_sign(UnsignedLongs bits) {
  return folded<kDoubles / 2>(bits, [](auto one, auto other) { return one | other; })[0] >> 63 != 0;
}

// Elements in lanes: lane i takes i, i + 16, ..., and of the last, incomplete sixteen those that end with the row. Rows
// of at least sixteen. kChecked: NaN in the place of what is negative; else all sign bits are gathered in `bits`.
template <bool kChecked, class T>
__attribute__((always_inline)) inline Doubles lanes_of_row(const T* row, int64_t width, UnsignedLongs* bits) {
  static const int64_t kMasks[2 * kLanes] = {0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
                                             -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
  LaneSum sum;
  const auto taken = [&](const T* source) __attribute__((always_inline)) {
    const Doubles values = load_doubles(source);
    if constexpr (kChecked) return select(values >= 0.0, values, splat<Doubles>(__builtin_nan("")));
    *bits |= bits_of(values);
    return values;
  };
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes)
    for (int part = 0; part < LaneSum::kParts; ++part) sum.parts[part] += taken(row + i + part * kDoubles);
  if (i < width)
    for (int part = 0; part < LaneSum::kParts; ++part) {
      const int64_t lane = part * kDoubles;
      const Doubles values = taken(row + width - kLanes + lane);
      sum.parts[part] += load<Longs>(kMasks + (width - i) + lane) ? values : Doubles{};
    }
  for (int parts = LaneSum::kParts / 2; parts > 0; parts /= 2)
    for (int part = 0; part < parts; ++part) sum.parts[part] += sum.parts[part + parts];
  return sum.parts[0];
}

// A fixed tree over lanes, of as many rows as a vector has.
inline Doubles totals_of_lanes(Doubles* rows) {
  transpose(rows);
  for (int lanes = kDoubles / 2; lanes > 0; lanes /= 2)
    for (int lane = 0; lane < lanes; ++lane) rows[lane] += rows[lane + lanes];
  return rows[0];
}

// Masses of a strip of rows of at least sixteen columns; those of a row with something negative are NaN.
template <bool kChecked, bool kPrefetched, class T>
__attribute__((flatten)) bool wide_masses(const Strip<T>& strip, int64_t width, Doubles* masses) {
  UnsignedLongs bits = {};
  for (int group = 0; group < kGroups; ++group) {
    Doubles lanes[kDoubles];
    for (int lane = 0; lane < kDoubles; ++lane) {
      const T* row = strip.rows[group * kDoubles + lane];
      for (int64_t line = 0; kPrefetched && line < width; line += 64 / static_cast<int64_t>(sizeof(T)))
        __builtin_prefetch(row + line + kAhead<T>);
      lanes[lane] = lanes_of_row<kChecked>(row, width, &bits);
    }
    masses[group] = totals_of_lanes(lanes);
  }
  return kChecked || !has_sign(bits);
}

// Turns a strip of few columns into columns, and adds them up in sequence. True if no sign bit was seen.
template <class T>
inline bool keep_columns(const Strip<T>& strip, int64_t width, Doubles (*columns)[kGroups], Doubles* masses) {
  UnsignedLongs bits = {};
  for (int group = 0; group < kGroups; ++group) masses[group] = Doubles{};
  for_each_column(
      width,
      [&](int lane, int64_t column) {
        if (lane == 0) prefetch_strip(strip, column);
        const Doubles values = load_doubles(strip.rows[lane] + column);
        bits |= bits_of(values);
        return values;
      },
      [&](int64_t column, const Doubles* values) {
        for (int group = 0; group < kGroups; ++group) {
          columns[column][group] = values[group];
          masses[group] += values[group];
        }
      });
  return !has_sign(bits);
}

inline void check_columns(int64_t width, const Doubles (*columns)[kGroups], Doubles* masses) {
  for (int64_t column = 0; column < width; ++column)
    for (int group = 0; group < kGroups; ++group)
      masses[group] = columns[column][group] < 0.0 ? splat<Doubles>(__builtin_nan("")) : masses[group];
}

}  // namespace
