// What wide and narrow rows of scores share, and the obvious scan that answers rows with a NaN.
#pragma once

#include "kernels/table.h"
#include "kernels/vector.h"

namespace {

using tally::ScoreColumns;
using tally::ScoreRows;

template <class T>
constexpr int kWidth = kVectorBytes / static_cast<int>(sizeof(T));

template <class T>
inline T true_score(const T* row, ptrdiff_t stride, int64_t classes, int32_t label) {
  const bool valid = static_cast<uint64_t>(label) < static_cast<uint64_t>(classes);
  return valid ? row[label * stride] : static_cast<T>(__builtin_nan(""));
}

// The obvious scan, for rows with a NaN: the first NaN is the maximum, and every NaN ranks above the true score.
template <class T>
void scan_slowly(const T* scores, ptrdiff_t stride, int64_t classes, int32_t label, int64_t row,
                 const ScoreColumns& columns) {
  int64_t predicted = 0;
  const T target = true_score(scores, stride, classes, label);
  int32_t above = 0;
  int32_t tied = 0;
  int32_t tied_before = 0;
  for (int64_t i = 0; i < classes; ++i) {
    const T score = scores[i * stride];
    const T best = scores[predicted * stride];
    if (best == best && (score != score || score > best)) predicted = i;
    above += score > target || score != score;
    tied += score == target && i != label;
    tied_before += score == target && i < label;
  }
  if (columns.predicted) columns.predicted[row] = static_cast<int32_t>(predicted);
  if (!columns.above) return;
  columns.above[row] = target == target ? above : tally::kNeverRanked;
  columns.tied[row] = tied;
  columns.tied_before[row] = tied_before;
}

}  // namespace
