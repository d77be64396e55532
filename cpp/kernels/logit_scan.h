// A row of many logits: its sum of exponentials and, in the same pass, maximum and rank.
#pragma once

#include "kernels/exponential.h"
#include "kernels/score_rows.h"

namespace {

// Differences of so many scores are taken, and then their exponentials: each loop keeps its constants in registers, and
// the processor sees far enough ahead.
constexpr int64_t kLogitChunk = 8 * kScoreBlock;

// How a difference of scores waits for its exponential: as a scaled exponent, or as it is.
template <class T>
struct Exponents;
template <>
struct Exponents<float> {
  int32_t elements[kLogitChunk];

  inline void keep(int64_t i, Floats difference) { store(elements + i, scaled_exponent(difference)); }
  inline void drop(int64_t i) { elements[i] = kLeastExponent; }
};
template <>
struct Exponents<double> {
  double elements[kLogitChunk];

  inline void keep(int64_t i, Doubles difference) { store(elements + i, difference); }
  inline void drop(int64_t i) { elements[i] = -__builtin_inf(); }
};

// Sums of exponentials. Those of float32 scores are added in their own precision within a block, which is that of the
// exponentials; blocks are added in doubles.
template <class T>
struct PowerSum;
template <>
struct PowerSum<float> {
  DoubleLanes<kLanes / 2> sum;
  Ints out_of_range = {};

  // A block's lanes wait for the next block, so that nothing waits for their last exponentials.
  inline void add(const int32_t* exponents, int64_t count, const float* scores) {
    Floats waiting[kParts] = {};
    for (int64_t begin = 0; begin < count; begin += kScoreBlock) {
      prefetch_block(scores + begin, kFarAhead);
      Floats lanes[kParts];
      for (int part = 0; part < kParts; ++part) lanes[part] = next(exponents + begin + part * kWidth<float>);
      for (int64_t i = kLanes; i < kScoreBlock; i += kLanes)
        for (int part = 0; part < kParts; ++part) lanes[part] += next(exponents + begin + i + part * kWidth<float>);
      fold(waiting);
      for (int part = 0; part < kParts; ++part) waiting[part] = lanes[part];
    }
    fold(waiting);
  }

 private:
  static constexpr int kParts = kLanes / kWidth<float>;

  inline void fold(const Floats (&lanes)[kParts]) {
    float folded[kLanes];
    if constexpr (kParts > 1) {
      for (int part = 0; part < kParts / 2; ++part)
        store(folded + part * kWidth<float>, lanes[part] + lanes[part + kParts / 2]);
    } else {
      store(folded, lanes[0]);
      store(folded, load<HalfFloats>(folded) + load<HalfFloats>(folded + kLanes / 2));
    }
    for (int part = 0; part < sum.kParts; ++part) sum.parts[part] += load_doubles(folded + part * kDoubles);
  }
  inline Floats next(const int32_t* exponents) {
    const Floats value = power(load<Ints>(exponents));
    out_of_range |= load<Ints>(&value);
    return value;
  }
};
template <>
struct PowerSum<double> {
  static constexpr double kGreatest = 700.0;
  LaneSum sum;
  Longs out_of_range = {};

  inline void add(const double* differences, int64_t count, const double* scores) {
    for (int64_t i = 0; i < count; i += kLanes) {
      if (i % kScoreBlock == 0) prefetch_block(scores + i, kFarAhead);
      for (int part = 0; part < LaneSum::kParts; ++part) {
        const Doubles difference = load<Doubles>(differences + i + part * kDoubles);
        out_of_range |= difference > kGreatest;
        sum.parts[part] += exponential(difference);
      }
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

// The end of a row that fills no block, followed by scores of no weight.
template <class T>
struct LastBlock {
  T elements[kScoreBlock];

  LastBlock(const T* scores, int64_t count) {
    using Vector = typename Native<T>::Vector;
    int64_t i = 0;
    for (; i + kWidth<T> <= count; i += kWidth<T>) store(elements + i, load<Vector>(scores + i));
    const int64_t whole = i;
    for (; i < kScoreBlock; i += kWidth<T>) store(elements + i, splat<Vector>(-static_cast<T>(__builtin_inf())));
    for (i = whole; i < count; ++i) elements[i] = scores[i];
  }
};

template <bool kScores, class T>
struct LogitScan {
  using Vector = typename Native<T>::Vector;

  FirstMaximum<T> maximum;
  SignCounts<T> counts;
  PowerSum<T> powers;

  inline void block(const T* scores, int64_t number, Vector reference, Exponents<T>& exponents, int64_t place) {
    Vector top = load<Vector>(scores);
    for (int i = 0; i < kScoreBlock; i += 4 * kWidth<T>) {
      Vector differences[4];
      for (int next = 0; next < 4; ++next) {
        const Vector score = load<Vector>(scores + i + next * kWidth<T>);
        if (kScores) top = greater_of(top, score);
        differences[next] = score - reference;
      }
      if (kScores) counts.add(differences);
      for (int next = 0; next < 4; ++next) exponents.keep(place + i + next * kWidth<T>, differences[next]);
    }
    if (kScores) maximum.add(top, number);
  }

  // The sum of exp(score - reference), exactly 1 of which are class `one`'s if that is not negative; NaN if a score is
  // NaN or too large. With kScores also the maximum and the counts.
  double row(const T* scores, int64_t classes, T reference, int64_t one) {
    const LastBlock<T> last(scores + classes / kScoreBlock * kScoreBlock, classes % kScoreBlock);
    // From zeros of either sign, -0 leaves +0, which the signs of differences need.
    const Vector subtracted = splat<Vector>(reference == T(0) ? -T(0) : reference);
    Exponents<T> exponents;
    for (int64_t begin = 0; begin < classes; begin += kLogitChunk) {
      const int64_t end = begin + kLogitChunk < classes ? begin + kLogitChunk : classes;
      for (int64_t i = begin; i < end; i += kScoreBlock) {
        block(i + kScoreBlock <= classes ? scores + i : last.elements, i / kScoreBlock, subtracted, exponents,
              i - begin);
      }
      if (kScores) counts.gather();
      if (one >= begin && one < end) exponents.drop(one - begin);
      powers.add(exponents.elements, (end - begin + kScoreBlock - 1) / kScoreBlock * kScoreBlock, scores + begin);
    }
    const double total = powers.sum.total() + (one < 0 ? 0.0 : 1.0);
    return any_lane(powers.out_of_range < 0) || total - total != 0.0 ? __builtin_nan("") : total;
  }
};

}  // namespace
