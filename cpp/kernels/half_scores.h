// Ranks in wide rows of halves, which are compared as integers of sixteen bits without widening.
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

// NaN without a valid class.
inline uint16_t true_half(const ScoreRows<uint16_t>& scores, int64_t row) {
  const int32_t label = scores.labels[row];
  const bool valid = static_cast<uint64_t>(label) < static_cast<uint64_t>(scores.classes);
  return valid ? scores.data[row * scores.row_stride + label] : static_cast<uint16_t>(kHalfMagnitude);
}

// Every NaN ranks above the true score. True scores of longer rows are read a block of rows at a time, as in
// read_true_scores.
void rank_halves(const ScoreRows<uint16_t>& scores, const ScoreColumns& columns) {
  constexpr int64_t kShortRow = 4096;
  constexpr int64_t kLongRow = 16384;
  const bool targets_first = scores.classes >= kShortRow;
  const int64_t ahead = targets_first && scores.classes < kLongRow ? 2048 : bytes_ahead<uint16_t>(scores.classes);
  uint16_t targets[tally::kBlockRows];
  for (int64_t r = 0; r < scores.rows; ++r) {
    if (targets_first && r % tally::kBlockRows == 0)
      for (int64_t k = r; k < scores.rows && k < r + tally::kBlockRows; ++k) targets[k - r] = true_half(scores, k);
    const uint16_t* row = scores.data + r * scores.row_stride;
    const int32_t label = scores.labels[r];
    const uint16_t own = targets_first ? targets[r % tally::kBlockRows] : true_half(scores, r);
    columns.tied[r] = columns.tied_before[r] = 0;
    columns.above[r] = tally::kNeverRanked;
    if ((own & kHalfMagnitude) > kHalfInfinity) continue;
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
}

}  // namespace
