// A row of many logits: its sum of exponentials and, in the same pass, maximum and rank.
#pragma once

#include "kernels/exponential.h"
#include "kernels/score_rows.h"

namespace {

// Differences of so many scores are taken, and then their exponentials: each loop keeps its constants in registers, and
// the processor sees far enough ahead.
constexpr int64_t kLogitChunk = 16 * kScoreBlock;

// How a difference of scores waits for its exponential: as a scaled exponent, or as it is.
template <class T>
struct Exponent;
template <>
struct Exponent<float> {
  using Element = int32_t;
  static constexpr Element kNone = kLeastExponent;
  // Whether differences may be too small to be taken as they are.
  static constexpr bool kBounded = true;

  // One that has no power, for a NaN too, stays in `least`.
  template <bool kBound>
  static inline Ints of(Floats difference, Ints& least) {
    const Ints exponent = kBound ? bounded_exponent(difference) : scaled_exponent(difference);
    least = exponent < least ? exponent : least;
    return exponent;
  }
  static inline bool in_range(Ints least, Floats greatest_difference) {
    return !any_lane((least < -kExponentLimit) | (scaled_exponent(greatest_difference) >= kExponentLimit));
  }
};
template <>
struct Exponent<double> {
  using Element = double;
  static constexpr Element kNone = -__builtin_inf();
  static constexpr bool kBounded = false;

  template <bool kBound>
  static inline Doubles of(Doubles difference, Longs&) {
    return difference;
  }
  static inline bool in_range(Longs, Doubles greatest_difference) { return !any_lane(greatest_difference > 700.0); }
};

// Sums of exponentials. Those of float32 scores are added in their own precision within a block, which is that of the
// exponentials; blocks are added in doubles.
template <class T>
struct PowerSum;
template <>
struct PowerSum<float> {
  static constexpr int kFolded = kLanes / 2;
  DoubleLanes<kFolded> sum;

  // Sums of blocks wait, so that nothing waits for a block's last exponentials.
  inline void add(const int32_t* exponents, int64_t count, const float* scores) {
    float waiting[kLogitChunk / kScoreBlock * kFolded];
    float* end = waiting;
    for (int64_t begin = 0; begin < count; begin += kScoreBlock, end += kFolded) {
      prefetch_block(scores + begin, kFarAhead);
      Floats lanes[kParts];
      for (int part = 0; part < kParts; ++part) lanes[part] = next(exponents + begin + part * kWidth<float>);
      for (int64_t i = kLanes; i < kScoreBlock; i += kLanes)
        for (int part = 0; part < kParts; ++part) lanes[part] += next(exponents + begin + i + part * kWidth<float>);
      fold(lanes, end);
    }
    for (const float* folded = waiting; folded < end; folded += kFolded)
      for (int part = 0; part < sum.kParts; ++part) sum.parts[part] += load_doubles(folded + part * kDoubles);
  }

 private:
  static constexpr int kParts = kLanes / kWidth<float>;

  static inline void fold(const Floats (&lanes)[kParts], float* folded) {
    if constexpr (kParts > 1) {
      for (int part = 0; part < kParts / 2; ++part)
        store(folded + part * kWidth<float>, lanes[part] + lanes[part + kParts / 2]);
    } else {
      float all[kLanes];
      store(all, lanes[0]);
      store(folded, load<HalfFloats>(all) + load<HalfFloats>(all + kFolded));
    }
  }
  static inline Floats next(const int32_t* exponents) { return power(load<Ints>(exponents)); }
};
template <>
struct PowerSum<double> {
  LaneSum sum;

  inline void add(const double* differences, int64_t count, const double* scores) {
    for (int64_t i = 0; i < count; i += kLanes) {
      if (i % kScoreBlock == 0) prefetch_block(scores + i, kFarAhead);
      for (int part = 0; part < LaneSum::kParts; ++part)
        sum.parts[part] += exponential(load<Doubles>(differences + i + part * kDoubles));
    }
  }
};

// Counts differences that are positive, and those that are zero.
template <class T>
struct SignCounts;
template <>
struct SignCounts<float> {
  Bytes positive = {};
  Bytes zero = {};
  Longs positives = {};
  Longs zeros = {};

  inline void add(const Floats (&differences)[4]) {
    const Bytes signs = saturated_bytes(load<Ints>(&differences[0]), load<Ints>(&differences[1]),
                                        load<Ints>(&differences[2]), load<Ints>(&differences[3]));
    positive -= signs > 0;
    zero -= signs == 0;
  }
  // After a chunk at the latest, or bytes overflow.
  inline void gather() {
    positives += sums_of_bytes(positive);
    zeros += sums_of_bytes(zero);
    positive = zero = Bytes{};
  }
};
template <>
struct SignCounts<double> {
  Longs positives = {};
  Longs zeros = {};

  inline void add(const Doubles (&differences)[4]) {
    for (const Doubles& difference : differences) {
      positives -= difference > 0.0;
      zeros -= difference == 0.0;
    }
  }
  inline void gather() {}
};

// The end of a row that fills no block, behind scores of no weight in place of those read before.
template <class T>
struct LastBlock {
  alignas(64) T elements[kScoreBlock];

  LastBlock(const T* row, int64_t classes) {
    using Vector = typename Native<T>::Vector;
    using Mask = typename Native<T>::Mask;
    using Integer = typename Native<T>::Integer;
    constexpr T kNone = -static_cast<T>(__builtin_inf());
    if (classes < kScoreBlock) {
      for (int i = 0; i < kScoreBlock; ++i) elements[i] = i < classes ? row[i] : kNone;
      return;
    }
    const Integer skipped = static_cast<Integer>(kScoreBlock - classes % kScoreBlock);
    const Mask numbers = numbered<Mask>(AllLanes<Mask>{});
    for (int i = 0; i < kScoreBlock; i += kWidth<T>) {
      const Mask kept = numbers + static_cast<Integer>(i) >= skipped;
      store(elements + i, kept ? load<Vector>(row + classes - kScoreBlock + i) : splat<Vector>(kNone));
    }
  }
  // Where a class of the row is, counted from the block's first.
  static int64_t place_of(int64_t number, int64_t classes) {
    return classes < kScoreBlock ? number : number + kScoreBlock - classes % kScoreBlock;
  }
};

// Without kBound differences that are far below 0 are out of range.
template <bool kScores, bool kBound, class T>
struct LogitScan {
  using Vector = typename Native<T>::Vector;
  using Mask = typename Native<T>::Mask;
  using Waiting = typename Exponent<T>::Element;

  FirstMaximum<T> maximum;
  SignCounts<T> counts;
  PowerSum<T> powers;
  Mask least = {};

  // Whole blocks. What is gathered stays in registers.
  template <bool kBoundHere>
  __attribute__((always_inline)) inline void blocks(const T* scores, int64_t first, int64_t count, Vector reference,
                                                    Waiting* exponents) {
    FirstMaximum<T> new_maximum = maximum;
    SignCounts<T> new_counts = counts;
    Mask new_least = least;
    for (int64_t number = first; number < first + count; ++number, scores += kScoreBlock, exponents += kScoreBlock) {
      Vector top = load<Vector>(scores);
      for (int i = 0; i < kScoreBlock; i += 4 * kWidth<T>) {
        Vector differences[4];
        for (int next = 0; next < 4; ++next) {
          const Vector score = load<Vector>(scores + i + next * kWidth<T>);
          top = greater_of(top, score);
          differences[next] = score - reference;
        }
        if (kScores) new_counts.add(differences);
        for (int next = 0; next < 4; ++next)
          store(exponents + i + next * kWidth<T>, Exponent<T>::template of<kBoundHere>(differences[next], new_least));
      }
      if (kScores)
        new_maximum.add(top, number);
      else
        new_maximum.best = greater_of(top, new_maximum.best);
    }
    if (kScores) new_counts.gather();
    maximum = new_maximum;
    counts = new_counts;
    least = new_least;
  }

  // The sum of exp(score - reference), exactly 1 of which are class `one`'s if that is not negative; NaN if a score is
  // NaN or out of range. With kScores also the maximum and the counts.
  double row(const T* scores, int64_t classes, T reference, int64_t one) {
    // From zeros of either sign, -0 leaves +0, which the signs of differences need.
    const Vector subtracted = splat<Vector>(reference == T(0) ? -T(0) : reference);
    const int64_t whole = classes / kScoreBlock * kScoreBlock;
    alignas(64) Waiting exponents[kLogitChunk];
    for (int64_t begin = 0; begin < classes; begin += kLogitChunk) {
      const int64_t end = begin + kLogitChunk < classes ? begin + kLogitChunk : classes;
      const int64_t last = end < whole ? end : whole;
      blocks<kBound>(scores + begin, begin / kScoreBlock, (last - begin) / kScoreBlock, subtracted, exponents);
      if (last < end) {
        const LastBlock<T> rest(scores, classes);
        blocks<true>(rest.elements, last / kScoreBlock, 1, subtracted, exponents + (last - begin));
      }
      if (one >= begin && one < end)
        exponents[(one < last ? one : LastBlock<T>::place_of(one, classes)) - begin] = Exponent<T>::kNone;
      powers.add(exponents, (end - begin + kScoreBlock - 1) / kScoreBlock * kScoreBlock, scores + begin);
    }
    const double total = powers.sum.total() + (one < 0 ? 0.0 : 1.0);
    const bool in_range = Exponent<T>::in_range(least, maximum.best - subtracted);
    return in_range && total - total == 0.0 ? total : __builtin_nan("");
  }
};

}  // namespace
