// What wide and narrow rows of scores share, and the obvious scan that answers rows with a NaN.
#pragma once

#include "kernels/table.h"
#include "kernels/vector.h"

namespace {

using tally::ScoreColumns;
using tally::ScoreRows;

template <class T>
constexpr int kWidth = kVectorBytes / static_cast<int>(sizeof(T));

// Scores that share a number of the block they are in.
constexpr int64_t kScoreBlock = 64;

template <class T>
inline T true_score(const T* row, ptrdiff_t stride, int64_t classes, int32_t label) {
  const bool valid = static_cast<uint64_t>(label) < static_cast<uint64_t>(classes);
  return valid ? row[label * stride] : static_cast<T>(__builtin_nan(""));
}

// Asks for the true score of a later row: it is wanted before its row is read.
template <class T>
inline void prefetch_true_score(const ScoreRows<T>& scores, int64_t row) {
  constexpr int64_t kLater = 3;
  if (!scores.labels || row + kLater >= scores.rows) return;
  const int32_t label = scores.labels[row + kLater];
  if (static_cast<uint64_t>(label) < static_cast<uint64_t>(scores.classes))
    __builtin_prefetch(scores.data + (row + kLater) * scores.row_stride + label);
}

// Reads the true scores of a block of rows before the rows. Looking for them row by row makes the processor's
// prefetcher lose the row that it follows; in short rows, or where much is done with each score, that does not show.
template <class T>
__attribute__((noinline)) void read_true_scores(const ScoreRows<T>& scores, int64_t first, int64_t rows, T* targets) {
  for (int64_t r = first; r < first + rows; ++r)
    targets[r - first] = true_score(scores.data + r * scores.row_stride, 1, scores.classes, scores.labels[r]);
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

// Rows follow each other in memory; asking so many bytes ahead beats the hardware's own prefetcher at row ends. Within
// long rows that needs little help, and asking far ahead is worse than near.
constexpr int64_t kFarAhead = 8192;
template <class T>
inline int64_t bytes_ahead(int64_t classes) {
  return classes * static_cast<int64_t>(sizeof(T)) < 32768 ? 4096 : 1536;
}

template <class T>
inline void prefetch_block(const T* scores, int64_t ahead) {
  const char* address = reinterpret_cast<const char*>(scores) + ahead;
  for (size_t line = 0; line < kScoreBlock * sizeof(T); line += 64) __builtin_prefetch(address + line);
}

// The same for what is left of a row behind its blocks.
template <class T>
inline void prefetch_rest(const T* scores, int64_t count, int64_t ahead) {
  const char* address = reinterpret_cast<const char*>(scores) + ahead;
  for (int64_t line = 0; line < count * static_cast<int64_t>(sizeof(T)); line += 64) __builtin_prefetch(address + line);
}

// First index of `value` in the block of 64 scores that starts at `begin`. Near the row's end the block is moved back:
// earlier scores cannot equal the maximum, or their block would have been chosen.
template <class T>
inline int32_t find_first(const T* row, int64_t begin, int64_t classes, T value) {
  using Mask = typename Native<T>::Mask;
  if (classes < kScoreBlock) {
    for (int64_t i = begin; i < classes; ++i)
      if (row[i] == value) return static_cast<int32_t>(i);
    return 0;
  }
  const int64_t first = begin + kScoreBlock <= classes ? begin : classes - kScoreBlock;
  const Mask numbers = numbered<Mask>(AllLanes<Mask>{});
  Mask found = splat<Mask>(static_cast<typename Native<T>::Integer>(kScoreBlock));
  for (int i = kScoreBlock - kWidth<T>; i >= 0; i -= kWidth<T>) {
    const Mask equal = load<typename Native<T>::Vector>(row + first + i) == value;
    found = equal ? numbers + static_cast<typename Native<T>::Integer>(i) : found;
  }
  return static_cast<int32_t>(first + least_lane(found));
}

// The maximum of each lane with the number of the block it came from, so that only one block of a row has to be
// searched for the first maximum.
template <class T>
struct FirstMaximum {
  using Vector = typename Native<T>::Vector;
  using Mask = typename Native<T>::Mask;
  using Integer = typename Native<T>::Integer;

  Vector best = splat<Vector>(-static_cast<T>(__builtin_inf()));
  Mask block = {};

  inline void add(Vector top, int64_t number) {
    const Mask better = top > best;
    best = better ? top : best;
    block = better ? splat<Mask>(static_cast<Integer>(number)) : block;
  }
  inline T value() const { return static_cast<T>(greatest_lane(best)); }
  inline int32_t place(const T* row, int64_t classes, T value) const {
    const Mask last = splat<Mask>(static_cast<Integer>(INT32_MAX));
    return find_first(row, least_lane(best == value ? block : last) * kScoreBlock, classes, value);
  }
};

// `not_below` counts the true score, too.
template <class T>
inline void store_rank(const T* row, int32_t label, T target, int64_t above, int64_t not_below, int64_t r,
                       const ScoreColumns& columns) {
  const int64_t tied = not_below - above - 1;
  const bool ranked = target == target;
  columns.above[r] = ranked ? static_cast<int32_t>(above) : tally::kNeverRanked;
  columns.tied[r] = ranked ? static_cast<int32_t>(tied) : 0;
  int32_t before = 0;
  if (tied > 0)
    for (int32_t c = 0; c < label; ++c) before += row[c] == target;
  columns.tied_before[r] = before;
}

}  // namespace
