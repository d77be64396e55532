// Ranks and maxima in wide rows of halves, which are compared as integers of sixteen bits without widening.
#pragma once

#include "kernels/score_rows.h"

namespace {

constexpr int16_t kHalfMagnitude = 0x7fff;
constexpr int16_t kHalfInfinity = 0x7c00;

// Integers in the order of the numbers; both zeros become 0.
inline Shorts in_order(Shorts bits) {
  const Shorts sign = bits >> 15;
  return ((bits & kHalfMagnitude) ^ sign) - sign;
}
inline int16_t in_order(uint16_t bits) {
  const int magnitude = bits & kHalfMagnitude;
  return static_cast<int16_t>(bits >> 15 ? -magnitude : magnitude);
}

// How the scores of a row compare with one of them. A NaN without a sign comes after all numbers as it is.
struct HalfCounts {
  int64_t above = 0;
  int64_t equal = 0;
  int16_t least = 0;

  // Counters of sixteen bits are emptied before they can overflow.
  static constexpr int64_t kPiece = 8192;

  void add(const uint16_t* scores, int64_t count, int16_t target, int64_t ahead) {
    for (int64_t begin = 0; begin < count; begin += kPiece)
      add_piece(scores + begin, count - begin < kPiece ? count - begin : kPiece, target, ahead);
  }

 private:
  inline void add_piece(const uint16_t* scores, int64_t count, int16_t target, int64_t ahead) {
    constexpr int kShorts = kLanesOf<Shorts>;
    constexpr int kLine = 32;
    Shorts greater = {};
    Shorts same = {};
    Shorts lowest = {};
    const int64_t whole = count / kLine * kLine;
    for (int64_t i = 0; i < whole; i += kLine) {
      __builtin_prefetch(reinterpret_cast<const char*>(scores + i) + ahead);
      for (int next = 0; next < kLine; next += kShorts) {
        const Shorts ordered = in_order(load<Shorts>(scores + i + next));
        lowest = ordered < lowest ? ordered : lowest;
        greater -= ordered > target;
        same -= ordered == target;
      }
    }
    for (int lane = 0; lane < kShorts; ++lane) take(greater[lane], same[lane], lowest[lane]);
    for (int64_t i = whole; i < count; ++i) {
      const int16_t ordered = in_order(scores[i]);
      take(ordered > target, ordered == target, ordered);
    }
  }

  inline void take(int greater, int same, int16_t lowest) {
    above += greater;
    equal += same;
    least = lowest < least ? lowest : least;
  }
};

// The greatest and the least of scores in order, and where the greatest may be found first.
struct HalfExtremes {
  int16_t greatest = INT16_MIN;
  int16_t least = INT16_MAX;
  int64_t begin = 0;

  static constexpr int64_t kPiece = 4096;

  inline void add(const uint16_t* row, int64_t begin_of_piece, int64_t end, int64_t ahead) {
    constexpr int kShorts = kLanesOf<Shorts>;
    constexpr int kLine = 32;
    Shorts high = splat<Shorts>(static_cast<int16_t>(INT16_MIN));
    Shorts low = splat<Shorts>(static_cast<int16_t>(INT16_MAX));
    int64_t i = begin_of_piece;
    for (; i + kLine <= end; i += kLine) {
      __builtin_prefetch(reinterpret_cast<const char*>(row + i) + ahead);
      for (int next = 0; next < kLine; next += kShorts) {
        const Shorts ordered = in_order(load<Shorts>(row + i + next));
        high = ordered > high ? ordered : high;
        low = ordered < low ? ordered : low;
      }
    }
    int16_t most = greatest_lane(high);
    const int16_t lowest = least_lane(low);
    least = lowest < least ? lowest : least;
    for (; i < end; ++i) {
      const int16_t ordered = in_order(row[i]);
      most = ordered > most ? ordered : most;
      least = ordered < least ? ordered : least;
    }
    if (most <= greatest) return;
    greatest = most;
    begin = begin_of_piece;
  }
};

// The class of the first maximum; NaN counts as one, and before all numbers. The searches end with the row even if
// somebody writes into it meanwhile.
inline int32_t first_greatest_half(const uint16_t* row, int64_t classes, int64_t ahead) {
  constexpr int64_t kPiece = HalfExtremes::kPiece;
  HalfExtremes extremes;
  for (int64_t begin = 0; begin < classes; begin += kPiece)
    extremes.add(row, begin, classes - begin < kPiece ? classes : begin + kPiece, ahead);
  int64_t i = 0;
  if (extremes.greatest > kHalfInfinity || extremes.least < -kHalfInfinity) {
    while (i < classes - 1 && (row[i] & kHalfMagnitude) <= kHalfInfinity) ++i;
    return static_cast<int32_t>(i);
  }
  constexpr int kShorts = kLanesOf<Shorts>;
  i = extremes.begin;
  while (i + kShorts <= classes && !any_lane(in_order(load<Shorts>(row + i)) == extremes.greatest)) i += kShorts;
  while (i < classes - 1 && in_order(row[i]) != extremes.greatest) ++i;
  return static_cast<int32_t>(i);
}

// NaN without a valid class.
inline uint16_t true_half(const ScoreRows<uint16_t>& scores, int64_t row) {
  const int32_t label = scores.labels[row];
  const bool valid = static_cast<uint64_t>(label) < static_cast<uint64_t>(scores.classes);
  return valid ? scores.data[row * scores.row_stride + label] : static_cast<uint16_t>(kHalfMagnitude);
}

// Every NaN ranks above the true score, whose bits are given.
inline void rank_half_row(const ScoreRows<uint16_t>& scores, int64_t r, uint16_t own, int64_t ahead,
                          const ScoreColumns& columns) {
  columns.tied[r] = columns.tied_before[r] = 0;
  columns.above[r] = tally::kNeverRanked;
  if ((own & kHalfMagnitude) > kHalfInfinity) return;
  const uint16_t* row = scores.data + r * scores.row_stride;
  const int32_t label = scores.labels[r];
  const int16_t target = in_order(own);
  HalfCounts counts;
  counts.add(row, label, target, ahead);
  columns.tied_before[r] = static_cast<int32_t>(counts.equal);
  counts.add(row + label, scores.classes - label, target, ahead);
  columns.tied[r] = static_cast<int32_t>(counts.equal - 1);
  int64_t above = counts.above;
  if (counts.least < -kHalfInfinity)
    for (int64_t i = 0; i < scores.classes; ++i) above += in_order(row[i]) < -kHalfInfinity;
  columns.above[r] = static_cast<int32_t>(above);
}

// Each row is in the cache when a second scan needs it. True scores of longer rows are read a block of rows at a time,
// as in read_true_scores.
void scan_halves(const ScoreRows<uint16_t>& scores, unsigned needs, const ScoreColumns& columns) {
  constexpr int64_t kShortRow = 4096;
  constexpr int64_t kLongRow = 16384;
  const bool ranked = (needs & tally::kNeedRank) != 0;
  const bool targets_first = ranked && scores.classes >= kShortRow;
  const int64_t ahead = targets_first && scores.classes < kLongRow ? 2048 : bytes_ahead<uint16_t>(scores.classes);
  uint16_t targets[tally::kBlockRows];
  for (int64_t r = 0; r < scores.rows; ++r) {
    const int64_t of_block = r % tally::kBlockRows;
    if (targets_first && of_block == 0)
      for (int64_t k = r; k < scores.rows && k < r + tally::kBlockRows; ++k) targets[k - r] = true_half(scores, k);
    if (needs & tally::kNeedPredicted)
      columns.predicted[r] = first_greatest_half(scores.data + r * scores.row_stride, scores.classes, ahead);
    if (ranked) rank_half_row(scores, r, targets_first ? targets[of_block] : true_half(scores, r), ahead, columns);
  }
}

}  // namespace
