// Rows of many scores: one pass over each row.
#pragma once

#include "kernels/logit_scan.h"

namespace {

// Adds sixteen elements to the sixteen lanes.
template <class T>
inline void add_lanes(LaneSum& sum, const T* group) {
  for (int part = 0; part < LaneSum::kParts; ++part) sum.parts[part] += load_doubles(group + part * kDoubles);
}

// What one pass over a row gathers.
template <class T>
struct RowScan {
  using Vector = typename Native<T>::Vector;
  using Mask = typename Native<T>::Mask;
  static constexpr int kWidthT = kWidth<T>;

  FirstMaximum<T> maximum;
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
    if (kNeeds & tally::kNeedPredicted) maximum.add(top, number);
  }
};

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

// When a row's true score is read and how far ahead of its scan memory is asked for.
template <unsigned kNeeds, class T>
struct ReadingOrder {
  static constexpr int64_t kShortRow = 1536;
  static constexpr int64_t kLongRow = 32768;
  bool targets_first;
  int64_t ahead;

  explicit ReadingOrder(const ScoreRows<T>& scores) {
    const int64_t bytes = scores.classes * static_cast<int64_t>(sizeof(T));
    targets_first = !(kNeeds & tally::kNeedSum) && scores.labels && bytes >= kShortRow;
    ahead = targets_first && bytes < kLongRow ? 2048 : bytes_ahead<T>(scores.classes);
  }
};

template <unsigned kNeeds, class T>
__attribute__((noinline)) void wide_rows(const ScoreRows<T>& scores, unsigned needs, const ScoreColumns& columns) {
  constexpr int64_t kBlock = kScoreBlock;
  const int64_t classes = scores.classes;
  const int64_t whole = classes / kLanes * kLanes;
  const int skipped = static_cast<int>(whole + kLanes - classes);
  const ReadingOrder<kNeeds, T> order(scores);
  const int64_t ahead = order.ahead;
  T targets[tally::kBlockRows];
  for (int64_t r = 0; r < scores.rows; ++r) {
    const T* row = scores.data + r * scores.row_stride;
    const int64_t of_block = r % tally::kBlockRows;
    if (!order.targets_first)
      prefetch_true_score(scores, r);
    else if (of_block == 0)
      read_true_scores(scores, r, scores.rows - r < tally::kBlockRows ? scores.rows - r : tally::kBlockRows, targets);
    RowScan<T> scan;
    const int32_t label = scores.labels ? scores.labels[r] : -1;
    const T target = order.targets_first ? targets[of_block] : true_score(row, 1, classes, label);
    scan.target = splat<typename Native<T>::Vector>(target);
    if (columns.true_score) columns.true_score[r] = static_cast<double>(target);
    int64_t i = 0;
    for (; i + kBlock <= whole; i += kBlock) {
      prefetch_block(row + i, ahead);
      scan.template block<kNeeds>(row + i, i / kBlock, kBlock);
    }
    prefetch_rest(row + i, classes - i, ahead);
    if (i < whole) scan.template block<kNeeds>(row + i, i / kBlock, static_cast<int>(whole - i));
    if (whole < classes) scan_rest<kNeeds>(scan, row, classes, skipped, whole / kBlock);

    const double sum = (kNeeds & tally::kNeedSum) ? scan.sum.total() : 0.0;
    if (kNeeds & tally::kNeedSum) columns.sum[r] = sum;
    // A sum is also NaN where it overflows both ways.
    const bool has_nan = (kNeeds & tally::kNeedSum) ? sum != sum && any_nan(row, classes) : any_lane(scan.unordered);
    const T greatest = (kNeeds & tally::kNeedPredicted) ? scan.maximum.value() : T{0};
    if (needs & tally::kNeedExpSum) {
      const T maximum = has_nan ? static_cast<T>(__builtin_nan("")) : greatest;
      columns.reference[r] = static_cast<double>(maximum);
      columns.exp_sum[r] = LogitScan<false, true, T>().row(row, classes, maximum, -1);
    }
    if (has_nan) {
      scan_slowly(row, 1, classes, label, r, columns);
      continue;
    }
    if ((kNeeds & tally::kNeedPredicted) && columns.predicted)
      columns.predicted[r] = scan.maximum.place(row, classes, greatest);
    if ((kNeeds & tally::kNeedRank) && columns.above) {
      const bool padded = whole < classes && target == -static_cast<T>(__builtin_inf());
      store_rank(row, label, target, sum_of_lanes(scan.greater), sum_of_lanes(scan.not_less) - (padded ? skipped : 0),
                 r, columns);
    }
  }
}

inline ScoreColumns from_row(const ScoreColumns& columns, int64_t row) {
  const auto moved = [row](auto* column) { return column ? column + row : nullptr; };
  return {moved(columns.predicted), moved(columns.above),     moved(columns.tied),    moved(columns.tied_before),
          moved(columns.sum),       moved(columns.reference), moved(columns.exp_sum), moved(columns.true_score)};
}

template <bool kScores, bool kBound, class T>
inline bool scan_logits(const ScoreRows<T>& scores, int64_t r, T target, const ScoreColumns& columns) {
  const T* row = scores.data + r * scores.row_stride;
  const int32_t label = scores.labels[r];
  LogitScan<kScores, kBound, T> scan;
  const double sum = scan.row(row, scores.classes, target, label);
  if (sum != sum) return false;
  columns.reference[r] = static_cast<double>(target);
  columns.exp_sum[r] = sum;
  if (kScores && columns.predicted)
    columns.predicted[r] = scan.maximum.place(row, scores.classes, scan.maximum.value());
  if (kScores && columns.above) {
    const int64_t above = sum_of_lanes(scan.counts.positives);
    store_rank(row, label, target, above, above + sum_of_lanes(scan.counts.zeros), r, columns);
  }
  return true;
}

// Of rows with a true class. Exponentials are relative to the true score, which is known before the row is read, so
// that one pass does, and whose own, exactly 1, is added last: so a small loss keeps its digits. Rows that it keeps not
// in range, or that have a NaN, are read again. After one with scores far below the true one, more of them are
// expected.
template <bool kScores, class T>
__attribute__((noinline)) void logit_rows(const ScoreRows<T>& scores, unsigned needs, const ScoreColumns& columns) {
  bool bounded = !Exponent<T>::kBounded;
  for (int64_t r = 0; r < scores.rows; ++r) {
    const T* row = scores.data + r * scores.row_stride;
    prefetch_true_score(scores, r);
    const T target = true_score(row, 1, scores.classes, scores.labels[r]);
    columns.true_score[r] = static_cast<double>(target);
    if (target - target == 0) {
      if (!bounded && scan_logits<kScores, false>(scores, r, target, columns)) continue;
      if (scan_logits<kScores, true>(scores, r, target, columns)) {
        bounded = true;
        continue;
      }
    }
    ScoreRows<T> one = scores;
    one.data = row;
    one.rows = 1;
    one.labels = scores.labels + r;
    wide_rows<3, T>(one, needs, from_row(columns, r));
  }
}

}  // namespace
