// Rows of many scores: one pass over each row.
#pragma once

#include "kernels/exponential.h"
#include "kernels/score_rows.h"

namespace {

// Adds sixteen elements to the sixteen lanes.
template <class T>
inline void add_lanes(LaneSum& sum, const T* group) {
  for (int part = 0; part < LaneSum::kParts; ++part) sum.parts[part] += load_doubles(group + part * kDoubles);
}

// What one pass over a row gathers. Maxima are kept per lane together with the block they came from, so that only one
// block is searched for the first maximum afterwards.
template <class T>
struct RowScan {
  using Vector = typename Native<T>::Vector;
  using Mask = typename Native<T>::Mask;
  static constexpr int kWidthT = kWidth<T>;
  static constexpr int64_t kBlock = 64;

  Vector best = splat<Vector>(-static_cast<T>(__builtin_inf()));
  Mask best_block = {};
  Vector target = {};
  Mask greater = {};
  Mask not_less = {};
  Mask unordered = {};
  LaneSum sum;

  template <unsigned kNeeds>
  inline void block(const T* scores, int64_t number, int length) {
    Vector top = load<Vector>(scores);
    for (int i = 0; i < length; i += kWidthT) {
      const Vector score = load<Vector>(scores + i);
      if (kNeeds & tally::kNeedPredicted) {
        top = score > top ? score : top;
        if (!(kNeeds & tally::kNeedSum)) unordered |= score != score;
      }
      if (kNeeds & tally::kNeedRank) {
        greater -= score > target;
        not_less -= score >= target;
        if (!(kNeeds & (tally::kNeedSum | tally::kNeedPredicted))) unordered |= score != score;
      }
    }
    if (kNeeds & tally::kNeedSum)
      for (int i = 0; i < length; i += kLanes) add_lanes(sum, scores + i);
    if (kNeeds & tally::kNeedPredicted) {
      const Mask better = top > best;
      best = better ? top : best;
      best_block = better ? splat<Mask>(static_cast<typename Native<T>::Integer>(number)) : best_block;
    }
  }
};

// Rows follow each other in memory; asking this far ahead beats the hardware's own prefetcher at row ends.
template <class T>
inline void prefetch_block(const T* scores) {
  constexpr int kAhead = 12288;
  const char* address = reinterpret_cast<const char*>(scores) + kAhead;
  for (size_t line = 0; line < RowScan<T>::kBlock * sizeof(T); line += 64) __builtin_prefetch(address + line);
}

// First index of `value` in the block of 64 scores that starts at `begin`. Near the row's end the block is moved back:
// earlier scores cannot equal the maximum, or their block would have been chosen.
template <class T>
inline int32_t find_first(const T* row, int64_t begin, int64_t classes, T value) {
  using Mask = typename Native<T>::Mask;
  constexpr int64_t kBlock = RowScan<T>::kBlock;
  if (classes < kBlock) {
    for (int64_t i = begin; i < classes; ++i)
      if (row[i] == value) return static_cast<int32_t>(i);
    return 0;
  }
  const int64_t first = begin + kBlock <= classes ? begin : classes - kBlock;
  const Mask numbers = numbered<Mask>(AllLanes<Mask>{});
  Mask found = splat<Mask>(static_cast<typename Native<T>::Integer>(kBlock));
  for (int i = kBlock - kWidth<T>; i >= 0; i -= kWidth<T>) {
    const Mask equal = load<typename Native<T>::Vector>(row + first + i) == value;
    found = equal ? numbers + static_cast<typename Native<T>::Integer>(i) : found;
  }
  return static_cast<int32_t>(first + least_lane(found));
}

// The last sixteen elements of a row, of which the first `skipped` were read before, with those replaced.
template <class T>
struct LastGroup {
  T elements[kLanes];

  LastGroup(const T* row, int64_t classes, int skipped, T replacement) {
    using Mask = typename Native<T>::Mask;
    const Mask numbers = numbered<Mask>(AllLanes<Mask>{});
    const T* last = row + classes - kLanes;
    for (int i = 0; i < kLanes; i += kWidth<T>) {
      const Mask kept =
          numbers + static_cast<typename Native<T>::Integer>(i) >= static_cast<typename Native<T>::Integer>(skipped);
      store(elements + i,
            kept ? load<typename Native<T>::Vector>(last + i) : splat<typename Native<T>::Vector>(replacement));
    }
  }
};

template <class T>
inline void store_exponentials(T* target, const T* scores, T maximum) {
  using Vector = typename Native<T>::Vector;
  constexpr int kParts = kLanes / kWidth<T>;
  Vector values[kParts];
  for (int part = 0; part < kParts; ++part)
    values[part] = load<Vector>(scores + part * kWidth<T>) - splat<Vector>(maximum);
  exponentials(values);
  for (int part = 0; part < kParts; ++part) store(target + part * kWidth<T>, values[part]);
}

// The exponentials of four elements are added in their own precision, which is that of the exponentials.
template <class T>
double exponential_sum(const T* row, int64_t classes, T maximum) {
  using Vector = typename Native<T>::Vector;
  constexpr int kParts = kLanes / kWidth<T>;
  constexpr int64_t kStep = 4 * kLanes;
  LaneSum sum;
  T group[kLanes];
  const Vector shift = splat<Vector>(maximum);
  int64_t i = 0;
  for (; i + kStep <= classes; i += kStep) {
    for (int part = 0; part < kParts; ++part) {
      const T* scores = row + i + part * kWidth<T>;
      Vector values[4];
      for (int next = 0; next < 4; ++next) values[next] = load<Vector>(scores + next * kLanes) - shift;
      exponentials(values);
      store(group + part * kWidth<T>, ((values[0] + values[1]) + values[2]) + values[3]);
    }
    add_lanes(sum, group);
  }
  for (; i + kLanes <= classes; i += kLanes) {
    store_exponentials(group, row + i, maximum);
    add_lanes(sum, group);
  }
  if (i < classes) {
    const LastGroup<T> last(row, classes, static_cast<int>(i + kLanes - classes), -static_cast<T>(__builtin_inf()));
    store_exponentials(group, last.elements, maximum);
    add_lanes(sum, group);
  }
  return sum.total() + static_cast<double>(maximum - maximum);  // NaN for a NaN or infinite maximum
}

// The last, partial sixteen of a row: those read before count as -inf in comparisons and as 0 in sums.
template <unsigned kNeeds, class T>
inline void scan_rest(RowScan<T>& scan, const T* row, int64_t classes, int skipped, int64_t number) {
  const LastGroup<T> compared(row, classes, skipped, -static_cast<T>(__builtin_inf()));
  scan.template block<kNeeds & ~static_cast<unsigned>(tally::kNeedSum)>(compared.elements, number, kLanes);
  if (!(kNeeds & tally::kNeedSum)) return;
  const LastGroup<T> added(row, classes, skipped, 0);
  add_lanes(scan.sum, added.elements);
}

template <class T>
inline bool any_nan(const T* row, int64_t classes) {
  bool found = false;
  for (int64_t i = 0; i < classes; ++i) found |= row[i] != row[i];
  return found;
}

template <unsigned kNeeds, class T>
__attribute__((noinline)) void wide_rows(const ScoreRows<T>& scores, unsigned needs, const ScoreColumns& columns) {
  using Mask = typename Native<T>::Mask;
  constexpr int64_t kBlock = RowScan<T>::kBlock;
  const int64_t classes = scores.classes;
  const int64_t whole = classes / kLanes * kLanes;
  const int skipped = static_cast<int>(whole + kLanes - classes);
  for (int64_t r = 0; r < scores.rows; ++r) {
    const T* row = scores.data + r * scores.row_stride;
    RowScan<T> scan;
    const int32_t label = scores.labels ? scores.labels[r] : -1;
    const T target = true_score(row, 1, classes, label);
    scan.target = splat<typename Native<T>::Vector>(target);
    if (columns.true_score) columns.true_score[r] = static_cast<double>(target);
    int64_t i = 0;
    for (; i + kBlock <= whole; i += kBlock) {
      prefetch_block(row + i);
      scan.template block<kNeeds>(row + i, i / kBlock, kBlock);
    }
    if (i < whole) scan.template block<kNeeds>(row + i, i / kBlock, static_cast<int>(whole - i));
    if (whole < classes) scan_rest<kNeeds>(scan, row, classes, skipped, whole / kBlock);

    const double sum = (kNeeds & tally::kNeedSum) ? scan.sum.total() : 0.0;
    if (kNeeds & tally::kNeedSum) columns.sum[r] = sum;
    // A sum is also NaN where it overflows both ways.
    const bool has_nan = (kNeeds & tally::kNeedSum) ? sum != sum && any_nan(row, classes) : any_lane(scan.unordered);
    const T greatest = (kNeeds & tally::kNeedPredicted) ? static_cast<T>(greatest_lane(scan.best)) : T{0};
    if (needs & tally::kNeedExpSum) {
      const T maximum = has_nan ? static_cast<T>(__builtin_nan("")) : greatest;
      columns.maximum[r] = static_cast<double>(maximum);
      columns.exp_sum[r] = exponential_sum(row, classes, maximum);
    }
    if (has_nan) {
      scan_slowly(row, 1, classes, label, r, columns);
      continue;
    }
    if ((kNeeds & tally::kNeedPredicted) && columns.predicted) {
      const Mask last = splat<Mask>(static_cast<typename Native<T>::Integer>(INT32_MAX));
      const int64_t block = least_lane(scan.best == greatest ? scan.best_block : last);
      columns.predicted[r] = find_first(row, block * kBlock, classes, greatest);
    }
    if (kNeeds & tally::kNeedRank) {
      const bool padded = whole < classes && target == -static_cast<T>(__builtin_inf());
      const int64_t greater = sum_of_lanes(scan.greater);
      const int64_t tied = sum_of_lanes(scan.not_less) - greater - (padded ? skipped : 0) - 1;
      columns.above[r] = target == target ? static_cast<int32_t>(greater) : tally::kNeverRanked;
      columns.tied[r] = target == target ? static_cast<int32_t>(tied) : 0;
      int32_t before = 0;
      if (tied > 0)
        for (int32_t c = 0; c < label; ++c) before += row[c] == target;
      columns.tied_before[r] = before;
    }
  }
}

}  // namespace
