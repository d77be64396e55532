// Rows of few scores: lanes are rows.
#pragma once

#include "kernels/exponential.h"
#include "kernels/score_rows.h"

namespace {

inline void store_integers(int32_t* target, Ints values) { store(target, values); }
inline void store_integers(int32_t* target, Longs values) {
  for (int lane = 0; lane < kDoubles; ++lane) target[lane] = static_cast<int32_t>(values[lane]);
}

typedef float FourFloats __attribute__((vector_size(16)));

// Four by four elements by shuffles in registers.
inline void transpose_four(const float* const* rows, float* columns, ptrdiff_t stride) {
  const FourFloats row0 = load<FourFloats>(rows[0]);
  const FourFloats row1 = load<FourFloats>(rows[1]);
  const FourFloats row2 = load<FourFloats>(rows[2]);
  const FourFloats row3 = load<FourFloats>(rows[3]);
  const FourFloats low01 = __builtin_shufflevector(row0, row1, 0, 4, 1, 5);
  const FourFloats low23 = __builtin_shufflevector(row2, row3, 0, 4, 1, 5);
  const FourFloats high01 = __builtin_shufflevector(row0, row1, 2, 6, 3, 7);
  const FourFloats high23 = __builtin_shufflevector(row2, row3, 2, 6, 3, 7);
  store(columns, __builtin_shufflevector(low01, low23, 0, 1, 4, 5));
  store(columns + stride, __builtin_shufflevector(low01, low23, 2, 3, 6, 7));
  store(columns + 2 * stride, __builtin_shufflevector(high01, high23, 0, 1, 4, 5));
  store(columns + 3 * stride, __builtin_shufflevector(high01, high23, 2, 3, 6, 7));
}
inline void transpose_four(const double* const* rows, double* columns, ptrdiff_t stride) {
  for (int c = 0; c < 4; ++c)
    for (int lane = 0; lane < 4; ++lane) columns[c * stride + lane] = rows[lane][c];
}

template <class T>
void transpose_rows(const T* rows, ptrdiff_t row_stride, int64_t count, int64_t width, T* columns,
                    ptrdiff_t column_stride) {
  int64_t r = 0;
  for (; r + 4 <= count; r += 4) {
    const T* source[4];
    for (int lane = 0; lane < 4; ++lane) source[lane] = rows + (r + lane) * row_stride;
    T* target = columns + r;
    int64_t c = 0;
    for (; c + 4 <= width; c += 4) {
      transpose_four(source, target + c * column_stride, column_stride);
      for (const T*& row : source) row += 4;
    }
    for (int lane = 0; lane < 4; ++lane)
      for (int64_t rest = c; rest < width; ++rest) target[rest * column_stride + lane] = source[lane][rest - c];
  }
  for (; r < count; ++r)
    for (int64_t c = 0; c < width; ++c) columns[c * column_stride + r] = rows[r * row_stride + c];
}

// The last rows, fewer than a vector holds, with the first of them repeated.
template <class T>
__attribute__((noinline)) void gather_rest(const T* top, ptrdiff_t stride, int64_t classes, int count, T* columns) {
  for (int64_t c = 0; c < classes; ++c)
    for (int lane = 0; lane < kWidth<T>; ++lane)
      columns[c * kWidth<T> + lane] = top[c * stride + (lane < count ? lane : 0)];
}

// Rows as lanes: one vector of rows at a time, walking down the columns.
template <unsigned kNeeds, class T>
__attribute__((noinline)) void narrow_rows(const ScoreRows<T>& scores, unsigned needs, const ScoreColumns& columns) {
  using Vector = typename Native<T>::Vector;
  using Mask = typename Native<T>::Mask;
  using Integer = typename Native<T>::Integer;
  constexpr int kStep = kWidth<T>;
  constexpr int kParts = kStep / kDoubles;
  const int64_t classes = scores.classes;
  for (int64_t r = 0; r < scores.rows; r += kStep) {
    const int count = static_cast<int>(scores.rows - r < kStep ? scores.rows - r : kStep);
    const T* top = scores.data + r;
    T partial[tally::kNarrowWidth * kStep];
    ptrdiff_t stride = scores.column_stride;
    if (count < kStep) {
      gather_rest(top, stride, classes, count, partial);
      top = partial;
      stride = kStep;
    }
    T targets[kStep] = {};
    Mask labels = {};
    if (scores.labels) {
      for (int lane = 0; lane < kStep; ++lane) {
        const int32_t label = scores.labels[r + (lane < count ? lane : 0)];
        labels[lane] = label;
        targets[lane] = true_score(top + lane, stride, classes, label);
      }
    }
    const Vector target = load<Vector>(targets);
    if (columns.true_score)
      for (int part = 0; part < kParts; ++part)
        store(columns.true_score + r + part * kDoubles, load_doubles(targets + part * kDoubles));
    Vector best = load<Vector>(top);
    Mask predicted = {};
    Mask greater = {};
    Mask not_less = {};
    Mask tied_before = {};
    Mask unordered = {};
    Doubles sums[kParts] = {};
    for (int64_t c = 0; c < classes; ++c) {
      const T* column = top + c * stride;
      const Vector score = load<Vector>(column);
      unordered |= score != score;
      if (kNeeds & tally::kNeedPredicted) {
        const Mask better = score > best;
        best = better ? score : best;
        predicted = better ? splat<Mask>(static_cast<Integer>(c)) : predicted;
      }
      if (kNeeds & tally::kNeedRank) {
        greater -= score > target;
        not_less -= score >= target;
        tied_before -= (score == target) & (labels > static_cast<Integer>(c));
      }
      if (kNeeds & tally::kNeedSum)
        for (int part = 0; part < kParts; ++part) sums[part] += load_doubles(column + part * kDoubles);
    }
    if (needs & tally::kNeedExpSum) {
      const Vector shift = unordered ? splat<Vector>(static_cast<T>(__builtin_nan(""))) : best;
      Doubles sums_of_exponentials[kParts] = {};
      for (int64_t c = 0; c < classes; ++c) {
        T group[kStep];
        store(group, exponential(load<Vector>(top + c * stride) - shift));
        for (int part = 0; part < kParts; ++part) sums_of_exponentials[part] += load_doubles(group + part * kDoubles);
      }
      T maxima[kStep];
      T gaps[kStep];  // NaN for a NaN or infinite maximum
      store(maxima, shift);
      store(gaps, shift - shift);
      for (int part = 0; part < kParts; ++part) {
        store(columns.reference + r + part * kDoubles, load_doubles(maxima + part * kDoubles));
        store(columns.exp_sum + r + part * kDoubles, sums_of_exponentials[part] + load_doubles(gaps + part * kDoubles));
      }
    }
    // Columns have room for the lanes past the last row.
    if (columns.predicted) store_integers(columns.predicted + r, predicted);
    if (kNeeds & tally::kNeedSum)
      for (int part = 0; part < kParts; ++part) store(columns.sum + r + part * kDoubles, sums[part]);
    if (kNeeds & tally::kNeedRank) {
      const Mask ranked = target == target;
      store_integers(columns.above + r, ranked ? greater : splat<Mask>(static_cast<Integer>(tally::kNeverRanked)));
      store_integers(columns.tied + r, ranked & (not_less - greater - 1));
      store_integers(columns.tied_before + r, tied_before);
    }
    if (!any_lane(unordered)) continue;
    for (int lane = 0; lane < count; ++lane) {
      if (!unordered[lane]) continue;
      const int32_t label = scores.labels ? scores.labels[r + lane] : -1;
      scan_slowly(top + lane, stride, classes, label, r + lane, columns);
    }
  }
}

}  // namespace
