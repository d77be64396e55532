// Rows of few scores: lanes are rows.
#pragma once

#include "kernels/exponential.h"
#include "kernels/row_columns.h"
#include "kernels/score_rows.h"

namespace {

inline void store_integers(int32_t* target, Ints values) { store(target, values); }
inline void store_integers(int32_t* target, Longs values) {
  for (int lane = 0; lane < kDoubles; ++lane) target[lane] = static_cast<int32_t>(values[lane]);
}

// Of `rows`, those from which whole quarters may be read from any class on, without leaving the rows' memory.
template <class T>
inline int64_t readable_rows(int64_t rows, ptrdiff_t row_stride, int64_t width) {
  if (width >= kQuarter<T>) return rows;
  return row_stride > 0 ? rows - (kQuarter<T> - width + row_stride - 1) / row_stride : 0;
}

// The first of the columns to be read for the `width % kQuarter` last ones.
template <class T>
inline int64_t last_columns(int64_t width) {
  return width > kQuarter<T> ? width - kQuarter<T> : 0;
}

template <class T>
void transpose_rows(const T* rows, ptrdiff_t row_stride, int64_t count, int64_t width, T* columns,
                    ptrdiff_t column_stride) {
  const int64_t readable = readable_rows<T>(count, row_stride, width);
  int64_t r = 0;
  for (; r + kWidth<T> <= readable; r += kWidth<T>) {
    const T* top = rows + r * row_stride;
    for (int64_t c = 0; c < width; c += kQuarter<T>) {
      const int64_t first = c + kQuarter<T> <= width ? c : last_columns<T>(width);
      typename Native<T>::Vector group[kQuarter<T>];
      load_columns(top + first, row_stride, group);
      for (int k = 0; k < kQuarter<T> && first + k < width; ++k)
        store(columns + (first + k) * column_stride + r, group[k]);
    }
  }
  for (; r < count; ++r)
    for (int64_t c = 0; c < width; ++c) columns[c * column_stride + r] = rows[r * row_stride + c];
}

// Where the scores of as many rows as there are lanes lie: one row after another, or one column after another.
template <class T>
struct RowsAsLanes {
  using Vector = typename Native<T>::Vector;
  const T* top;
  ptrdiff_t row_stride;
  ptrdiff_t column_stride;

  T at(int lane, int64_t c) const { return top[lane * row_stride + c * column_stride]; }

  // kQuarter columns from `first` on, of which those outside the row mean nothing.
  template <bool kByColumn>
  __attribute__((always_inline)) inline void read(int64_t first, int64_t classes, Vector* group) const {
    if (!kByColumn) return load_columns(top + first, row_stride, group);
    for (int k = 0; k < kQuarter<T>; ++k) {
      const int64_t c = first + k < classes ? first + k : first;
      group[k] = load<Vector>(top + c * column_stride);
    }
  }

  // Calls use(scores) for each class in turn.
  template <bool kByColumn, class Use>
  __attribute__((always_inline)) inline void each_class(int64_t classes, Use use) const {
    Vector group[kQuarter<T>];
    int64_t c = 0;
    for (; c + kQuarter<T> <= classes; c += kQuarter<T>) {
      read<kByColumn>(c, classes, group);
      for (int k = 0; k < kQuarter<T>; ++k) use(group[k]);
    }
    if (c == classes) return;
    const int64_t first = last_columns<T>(classes);
    read<kByColumn>(first, classes, group);
    for (int k = 0; k < kQuarter<T>; ++k)
      if (first + k >= c && first + k < classes) use(group[k]);
  }
};

// What one walk down the classes gathers.
template <unsigned kNeeds, class T>
struct LaneScan {
  using Vector = typename Native<T>::Vector;
  using Mask = typename Native<T>::Mask;
  using Integer = typename Native<T>::Integer;
  static constexpr int kParts = kWidth<T> / kDoubles;

  Vector best = splat<Vector>(-static_cast<T>(__builtin_inf()));
  Vector total = {};  // NaN where a score is, or where infinities cancel
  Vector target = {};
  Mask labels = {};
  Mask number = {};  // of the class that comes next
  Mask predicted = {};
  Mask greater = {};
  Mask not_less = {};
  Doubles sums[kParts] = {};

  __attribute__((always_inline)) inline void add(Vector score) {
    if (kNeeds & (tally::kNeedPredicted | tally::kNeedRank)) total += score;
    if (kNeeds & tally::kNeedPredicted) {
      predicted = score > best ? number : predicted;
      best = greater_of(score, best);
    }
    if (kNeeds & tally::kNeedRank) {
      greater -= score > target;
      not_less -= score >= target;
    }
    number += 1;
    if (kNeeds & tally::kNeedSum) {
      T scores[kWidth<T>];
      store(scores, score);
      for (int part = 0; part < kParts; ++part) sums[part] += load_doubles(scores + part * kDoubles);
    }
  }

  inline Mask ranked() const { return target == target; }
  inline Mask tied() const { return ranked() & (not_less - greater - 1); }

  inline void store_columns(const ScoreColumns& columns, int64_t r) const {
    // Columns have room for the lanes past the last row.
    if ((kNeeds & tally::kNeedPredicted) && columns.predicted) store_integers(columns.predicted + r, predicted);
    if (kNeeds & tally::kNeedSum)
      for (int part = 0; part < kParts; ++part) store(columns.sum + r + part * kDoubles, sums[part]);
    if (kNeeds & tally::kNeedRank) {
      store_integers(columns.above + r, ranked() ? greater : splat<Mask>(static_cast<Integer>(tally::kNeverRanked)));
      store_integers(columns.tied + r, tied());
    }
  }
};

// The score of each lane's true class, NaN where there is none, without a branch.
template <class T>
inline void read_targets(const RowsAsLanes<T>& rows, const int32_t* labels, int64_t classes,
                         typename Native<T>::Mask* own, typename Native<T>::Vector* target) {
  using Mask = typename Native<T>::Mask;
  using Integer = typename Native<T>::Integer;
  for (int lane = 0; lane < kWidth<T>; ++lane) (*own)[lane] = labels[lane];
  const Mask valid = (*own >= 0) & (*own < static_cast<Integer>(classes));
  Integer places[kWidth<T>];
  T targets[kWidth<T>];
  store(places, *own & valid);
  for (int lane = 0; lane < kWidth<T>; ++lane) targets[lane] = rows.at(lane, places[lane]);
  using Vector = typename Native<T>::Vector;
  *target = valid ? load<Vector>(targets) : splat<Vector>(static_cast<T>(__builtin_nan("")));
}

// Infinities of both signs are no NaN, though their sum is one.
template <class T>
__attribute__((noinline)) typename Native<T>::Mask find_unordered(const RowsAsLanes<T>& rows, int64_t classes) {
  typename Native<T>::Mask unordered = {};
  for (int lane = 0; lane < kWidth<T>; ++lane)
    for (int64_t c = 0; c < classes; ++c)
      if (rows.at(lane, c) != rows.at(lane, c)) unordered[lane] = -1;
  return unordered;
}

template <bool kByColumn, class T>
inline void sum_exponentials(const RowsAsLanes<T>& rows, int64_t classes, typename Native<T>::Vector shift, int64_t r,
                             const ScoreColumns& columns) {
  using Vector = typename Native<T>::Vector;
  constexpr int kParts = kWidth<T> / kDoubles;
  Doubles sums[kParts] = {};
  rows.template each_class<kByColumn>(classes, [&](Vector score) __attribute__((always_inline)) {
    T group[kWidth<T>];
    store(group, exponential(score - shift));
    for (int part = 0; part < kParts; ++part) sums[part] += load_doubles(group + part * kDoubles);
  });
  T maxima[kWidth<T>];
  T gaps[kWidth<T>];  // NaN for a NaN or infinite maximum
  store(maxima, shift);
  store(gaps, shift - shift);
  for (int part = 0; part < kParts; ++part) {
    store(columns.reference + r + part * kDoubles, load_doubles(maxima + part * kDoubles));
    store(columns.exp_sum + r + part * kDoubles, sums[part] + load_doubles(gaps + part * kDoubles));
  }
}

// Ties before the true class are looked for where there are ties.
template <bool kByColumn, class T>
inline void count_ties_before(const RowsAsLanes<T>& rows, int64_t classes, typename Native<T>::Mask labels,
                              typename Native<T>::Vector target, bool any, int32_t* tied_before) {
  using Vector = typename Native<T>::Vector;
  using Mask = typename Native<T>::Mask;
  Mask counts = {};
  Mask number = {};
  if (any) {
    rows.template each_class<kByColumn>(classes, [&](Vector score) __attribute__((always_inline)) {
      counts -= (score == target) & (labels > number);
      number += 1;
    });
  }
  store_integers(tied_before, counts);
}

// As many rows as there are lanes, of which the first `count` are wanted.
template <unsigned kNeeds, bool kByColumn, class T>
__attribute__((always_inline)) inline void scan_lanes(const RowsAsLanes<T>& rows, const int32_t* labels,
                                                      int64_t classes, int count, unsigned needs, int64_t r,
                                                      const ScoreColumns& columns) {
  using Vector = typename Native<T>::Vector;
  using Mask = typename Native<T>::Mask;
  LaneScan<kNeeds, T> scan;
  if (labels) {
    read_targets(rows, labels, classes, &scan.labels, &scan.target);
    if (columns.true_score) {
      T targets[kWidth<T>];
      store(targets, scan.target);
      for (int part = 0; part < kWidth<T>; part += kDoubles)
        store(columns.true_score + r + part, load_doubles(targets + part));
    }
  }
  rows.template each_class<kByColumn>(classes, [&](Vector score) __attribute__((always_inline)) { scan.add(score); });
  Mask unordered = scan.total != scan.total;
  const bool any_unordered = any_lane(unordered);
  if (__builtin_expect(any_unordered, 0)) unordered = find_unordered(rows, classes);
  if (needs & tally::kNeedExpSum) {
    const Vector shift = unordered ? splat<Vector>(static_cast<T>(__builtin_nan(""))) : scan.best;
    sum_exponentials<kByColumn>(rows, classes, shift, r, columns);
  }
  scan.store_columns(columns, r);
  if (kNeeds & tally::kNeedRank)
    count_ties_before<kByColumn>(rows, classes, scan.labels, scan.target, any_lane(scan.tied() > 0),
                                 columns.tied_before + r);
  if (__builtin_expect(!any_unordered, 1)) return;
  for (int lane = 0; lane < count; ++lane)
    if (unordered[lane])
      scan_slowly(rows.top + lane * rows.row_stride, rows.column_stride, classes, labels ? labels[lane] : -1, r + lane,
                  columns);
}

// The last rows, fewer than a vector holds or too near to the end of memory, with the first of them repeated.
template <unsigned kNeeds, class T>
__attribute__((noinline)) void scan_rest(const ScoreRows<T>& scores, int64_t r, unsigned needs,
                                         const ScoreColumns& columns) {
  constexpr int kStep = kWidth<T>;
  T partial[tally::kNarrowWidth * kStep];
  int32_t labels[kStep] = {};
  for (; r < scores.rows; r += kStep) {
    const int count = static_cast<int>(scores.rows - r < kStep ? scores.rows - r : kStep);
    for (int lane = 0; lane < kStep; ++lane) {
      const int64_t row = r + (lane < count ? lane : 0);
      if (scores.labels) labels[lane] = scores.labels[row];
      for (int64_t c = 0; c < scores.classes; ++c)
        partial[c * kStep + lane] = scores.data[row * scores.row_stride + c * scores.column_stride];
    }
    scan_lanes<kNeeds, true>(RowsAsLanes<T>{partial, 1, kStep}, scores.labels ? labels : nullptr, scores.classes, count,
                             needs, r, columns);
  }
}

template <unsigned kNeeds, bool kByColumn, class T>
__attribute__((noinline)) void scan_narrow(const ScoreRows<T>& scores, unsigned needs, const ScoreColumns& columns) {
  constexpr int kStep = kWidth<T>;
  constexpr ptrdiff_t kAhead = 8192;
  const int64_t readable = kByColumn ? scores.rows : readable_rows<T>(scores.rows, scores.row_stride, scores.classes);
  const ptrdiff_t row_bytes = scores.row_stride * static_cast<ptrdiff_t>(sizeof(T));
  const ptrdiff_t bytes = !kByColumn && scores.row_stride == scores.classes ? kStep * row_bytes : 0;
  int64_t r = 0;
  for (; r + kStep <= readable; r += kStep) {
    const RowsAsLanes<T> rows = {scores.data + r * scores.row_stride, scores.row_stride, scores.column_stride};
    const char* memory = reinterpret_cast<const char*>(rows.top) + kAhead;
    for (ptrdiff_t line = 0; line < bytes; line += 64) __builtin_prefetch(memory + line);
    scan_lanes<kNeeds, kByColumn>(rows, scores.labels ? scores.labels + r : nullptr, scores.classes, kStep, needs, r,
                                  columns);
  }
  if (r < scores.rows) scan_rest<kNeeds>(scores, r, needs, columns);
}

// Row by row if columns are neighbours, else column by column.
template <unsigned kNeeds, class T>
void narrow_rows(const ScoreRows<T>& scores, unsigned needs, const ScoreColumns& columns) {
  (scores.column_stride == 1 ? scan_narrow<kNeeds, false, T> : scan_narrow<kNeeds, true, T>)(scores, needs, columns);
}

}  // namespace
