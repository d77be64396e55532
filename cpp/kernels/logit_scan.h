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

  template <bool kBound>
  static inline Ints of(Floats difference) {
    return kBound ? bounded_exponent(difference) : scaled_exponent(difference);
  }
};
template <>
struct Exponent<double> {
  using Element = double;
  static constexpr Element kNone = -__builtin_inf();
  static constexpr bool kBounded = false;

  template <bool kBound>
  static inline Doubles of(Doubles difference) {
    return difference;
  }
};

// Sums of exponentials. Those of float32 scores are added in their own precision within two blocks, which is that of
// the exponentials; their sums are added in doubles.
template <class T>
struct PowerSum;
template <>
struct PowerSum<float> {
  static constexpr bool kNeedsMaximum = false;
  static constexpr int kFolded = kLanes / 2;
  DoubleLanes<kFolded> sum;
  // Of all powers. One out of range has a sign, or makes the sum infinite or a NaN.
  uint64_t signs = 0;

  // Sums of two blocks wait, so that nothing waits for their last exponentials.
  inline void add(const int32_t* exponents, int64_t count, const float* scores) {
    float waiting[kLogitChunk / kScoreBlock / 2 * kFolded];
    float* end = waiting;
    int64_t begin = 0;
    for (; begin + 2 * kScoreBlock <= count; begin += 2 * kScoreBlock, end += kFolded) {
      prefetch_block(scores + begin, kFarAhead);
      prefetch_block(scores + begin + kScoreBlock, kFarAhead);
      add_blocks<2>(exponents + begin, end);
    }
    if (begin < count) {
      prefetch_block(scores + begin, kFarAhead);
      add_blocks<1>(exponents + begin, end);
      end += kFolded;
    }
    for (const float* folded = waiting; folded < end; folded += kFolded)
      for (int part = 0; part < sum.kParts; ++part) sum.parts[part] += load_doubles(folded + part * kDoubles);
  }
  inline bool in_range(Floats) const { return signs == 0; }

 private:
  static constexpr int kParts = kLanes / kWidth<float>;

  template <int kBlocks>
  __attribute__((always_inline)) inline void add_blocks(const int32_t* exponents, float* folded) {
    Floats lanes[kParts];
    uint64_t new_signs = signs;
    PowersInTurn<kBlocks * kScoreBlock / kWidth<float>> powers(exponents);
    powers.run([&](int number, Floats power) __attribute__((always_inline)) {
      Floats& lane = lanes[number % kParts];
      new_signs |= sign_bits(load<Ints>(&power));
      if (number < kParts)
        lane = power;
      else
        pin(lane += power);
    });
    signs = new_signs;
    fold(lanes, folded);
  }
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
};
template <>
struct PowerSum<double> {
  static constexpr bool kNeedsMaximum = true;
  LaneSum sum;

  inline void add(const double* differences, int64_t count, const double* scores) {
    for (int64_t i = 0; i < count; i += kLanes) {
      if (i % kScoreBlock == 0) prefetch_block(scores + i, kFarAhead);
      for (int part = 0; part < LaneSum::kParts; ++part)
        sum.parts[part] += exponential(load<Doubles>(differences + i + part * kDoubles));
    }
  }
  static inline bool in_range(Doubles greatest_difference) { return !any_lane(greatest_difference > 700.0); }
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
  static constexpr bool kMaximum = kScores || PowerSum<T>::kNeedsMaximum;

  FirstMaximum<T> maximum;
  SignCounts<T> counts;
  PowerSum<T> powers;

  // Whole blocks. What is gathered stays in registers.
  template <bool kBoundHere>
  __attribute__((always_inline)) inline void blocks(const T* scores, int64_t first, int64_t count, Vector reference,
                                                    Waiting* exponents) {
    FirstMaximum<T> new_maximum = maximum;
    SignCounts<T> new_counts = counts;
    for (int64_t number = first; number < first + count; ++number, scores += kScoreBlock, exponents += kScoreBlock) {
      Vector top = load<Vector>(scores);
      for (int i = 0; i < kScoreBlock; i += 4 * kWidth<T>) {
        Vector differences[4];
        for (int next = 0; next < 4; ++next) {
          const Vector score = load<Vector>(scores + i + next * kWidth<T>);
          if (kMaximum) top = greater_of(top, score);
          differences[next] = score - reference;
        }
        if (kScores) new_counts.add(differences);
        for (int next = 0; next < 4; ++next)
          store(exponents + i + next * kWidth<T>, Exponent<T>::template of<kBoundHere>(differences[next]));
      }
      if (kScores)
        new_maximum.add(top, number);
      else if (kMaximum)
        new_maximum.best = greater_of(top, new_maximum.best);
    }
    if (kScores) new_counts.gather();
    maximum = new_maximum;
    counts = new_counts;
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
    return powers.in_range(maximum.best - subtracted) && total - total == 0.0 ? total : __builtin_nan("");
  }
};

}  // namespace
