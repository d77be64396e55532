// One read of a row of scores: first maximum, rank of the true class, sum, and sum of exponentials.
#include "kernels/table.h"
#include "kernels/vector.h"

namespace {

using tally::ScoreColumns;
using tally::ScoreRows;

// exp(x) for x <= 0: x = n log 2 + r, 2^n by its bits, exp(r) by a polynomial. Below the normal range the result is 0.
inline Floats exponential(Floats x) {
  constexpr float kMagic = 0x1.8p23f;  // adding it leaves round(x) in the low bits
  const Floats shifted = x * 0x1.715476p0f + kMagic;
  const Floats whole = shifted - kMagic;
  const Floats r = (x - whole * 0x1.62ep-1f) - whole * 0x1.0bfbe8p-15f;
  Floats value = r * 0x1.6d753ap-10f + 0x1.126fb4p-7f;
  value = value * r + 0x1.5554acp-5f;
  value = value * r + 0x1.555404p-3f;
  value = value * r + 0x1p-1f;
  value = value * r + 1.0f;
  value = value * r + 1.0f;
  const Ints scale = (load<Ints>(&shifted) << 23) + 0x3f800000;
  value *= load<Floats>(&scale);
  return x < -87.0f ? Floats{} : value;
}

inline Doubles exponential(Doubles x) {
  constexpr double kMagic = 0x1.8p52;
  const Doubles shifted = x * 0x1.71547652b82fep0 + kMagic;
  const Doubles whole = shifted - kMagic;
  const Doubles r = (x - whole * 0x1.62e42fefa2p-1) - whole * 0x1.9ef35793c7673p-41;
  constexpr double kInverseFactorials[] = {0x1.6124613a86d09p-33,
                                           0x1.1eed8eff8d898p-29,
                                           0x1.ae64567f544e4p-26,
                                           0x1.27e4fb7789f5cp-22,
                                           0x1.71de3a556c734p-19,
                                           0x1.a01a01a01a01ap-16,
                                           0x1.a01a01a01a01ap-13,
                                           0x1.6c16c16c16c17p-10,
                                           0x1.1111111111111p-7,
                                           0x1.5555555555555p-5,
                                           0x1.5555555555555p-3,
                                           0.5,
                                           1.0,
                                           1.0};
  Doubles value = splat<Doubles>(kInverseFactorials[0]);
  for (int i = 1; i < 14; ++i) value = value * r + kInverseFactorials[i];
  const Longs scale = (load<Longs>(&shifted) << 52) + (int64_t{1023} << 52);
  value *= load<Doubles>(&scale);
  return x < -708.0 ? Doubles{} : value;
}

// Adds sixteen elements to the sixteen lanes.
template <class T>
inline void add_lanes(LaneSum& sum, const T* group) {
  for (int part = 0; part < LaneSum::kParts; ++part) sum.parts[part] += load_doubles(group + part * kDoubles);
}

template <class T>
constexpr int kWidth = kVectorBytes / static_cast<int>(sizeof(T));

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

template <class Mask>
inline int64_t count_lanes(Mask mask) {
  int64_t total = 0;
  for (size_t lane = 0; lane < sizeof(Mask) / sizeof(mask[0]); ++lane) total += mask[lane];
  return total;
}

template <class Mask>
inline bool any_lane(Mask mask) {
  uint64_t words[sizeof(Mask) / 8];
  std::memcpy(words, &mask, sizeof mask);
  uint64_t any = 0;
  for (uint64_t word : words) any |= word;
  return any != 0;
}

inline void store_integers(int32_t* target, Ints values) { store(target, values); }
inline void store_integers(int32_t* target, Longs values) {
  for (int lane = 0; lane < kDoubles; ++lane) target[lane] = static_cast<int32_t>(values[lane]);
}

// The obvious scan, for rows with a NaN: the first NaN is the maximum, and every NaN ranks above the true score.
template <class T>
void scan_slowly(const T* scores, ptrdiff_t stride, int64_t classes, int32_t label, int64_t row,
                 const ScoreColumns& columns) {
  int64_t predicted = 0;
  const bool valid = static_cast<uint64_t>(label) < static_cast<uint64_t>(classes);
  const T target = valid ? scores[label * stride] : static_cast<T>(__builtin_nan(""));
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

template <class T>
inline int64_t find_first(const T* row, int64_t begin, int64_t classes, T value) {
  for (int64_t i = begin; i < classes; ++i)
    if (row[i] == value) return i;
  return begin;
}

template <class T>
inline T greatest_lane(typename Native<T>::Vector best) {
  T greatest = best[0];
  for (int lane = 1; lane < kWidth<T>; ++lane) greatest = best[lane] > greatest ? best[lane] : greatest;
  return greatest;
}

template <class T>
double exponential_sum(const T* row, int64_t classes, T maximum) {
  using Vector = typename Native<T>::Vector;
  LaneSum sum;
  T group[kLanes];
  const Vector shift = splat<Vector>(maximum);
  int64_t i = 0;
  for (; i + kLanes <= classes; i += kLanes) {
    for (int part = 0; part < kLanes; part += kWidth<T>)
      store(group + part, exponential(load<Vector>(row + i + part) - shift));
    add_lanes(sum, group);
  }
  if (i < classes) {
    T rest[kLanes];
    for (int lane = 0; lane < kLanes; ++lane) rest[lane] = -static_cast<T>(__builtin_inf());
    std::memcpy(rest, row + i, static_cast<size_t>(classes - i) * sizeof(T));
    for (int part = 0; part < kLanes; part += kWidth<T>)
      store(group + part, exponential(load<Vector>(rest + part) - shift));
    add_lanes(sum, group);
  }
  return sum.total();
}

// The last, partial sixteen of a row, padded with -inf for comparisons and with 0 for sums.
template <unsigned kNeeds, class T>
inline void scan_rest(RowScan<T>& scan, const T* rest, int count, int64_t number) {
  T group[kLanes];
  for (int lane = 0; lane < kLanes; ++lane) group[lane] = -static_cast<T>(__builtin_inf());
  std::memcpy(group, rest, static_cast<size_t>(count) * sizeof(T));
  scan.template block<kNeeds & ~static_cast<unsigned>(tally::kNeedSum)>(group, number, kLanes);
  if (!(kNeeds & tally::kNeedSum)) return;
  for (int lane = count; lane < kLanes; ++lane) group[lane] = 0;
  add_lanes(scan.sum, group);
}

template <unsigned kNeeds, class T>
__attribute__((noinline)) void wide_rows(const ScoreRows<T>& scores, unsigned needs, const ScoreColumns& columns) {
  constexpr int64_t kBlock = RowScan<T>::kBlock;
  const int64_t classes = scores.classes;
  const int64_t whole = classes / kLanes * kLanes;
  for (int64_t r = 0; r < scores.rows; ++r) {
    const T* row = scores.data + r * scores.row_stride;
    RowScan<T> scan;
    int32_t label = -1;
    T target = 0;
    if (kNeeds & tally::kNeedRank) {
      label = scores.labels[r];
      const bool valid = static_cast<uint64_t>(label) < static_cast<uint64_t>(classes);
      target = valid ? row[label] : static_cast<T>(__builtin_nan(""));
      scan.target = splat<typename Native<T>::Vector>(target);
    }
    int64_t i = 0;
    for (; i + kBlock <= whole; i += kBlock) scan.template block<kNeeds>(row + i, i / kBlock, kBlock);
    if (i < whole) scan.template block<kNeeds>(row + i, i / kBlock, static_cast<int>(whole - i));
    if (whole < classes) scan_rest<kNeeds>(scan, row + whole, static_cast<int>(classes - whole), whole / kBlock);

    const double sum = (kNeeds & tally::kNeedSum) ? scan.sum.total() : 0.0;
    if (columns.sum) columns.sum[r] = sum;
    const bool has_nan = (kNeeds & tally::kNeedSum) ? sum != sum : any_lane(scan.unordered);
    if (needs & tally::kNeedExpSum) {
      const T maximum = has_nan ? static_cast<T>(__builtin_nan("")) : greatest_lane<T>(scan.best);
      columns.maximum[r] = static_cast<double>(maximum);
      columns.exp_sum[r] = exponential_sum(row, classes, maximum);
    }
    if (has_nan) {
      scan_slowly(row, 1, classes, label, r, columns);
      continue;
    }
    if (columns.predicted) {
      const T greatest = greatest_lane<T>(scan.best);
      int64_t block = INT64_MAX;
      for (int lane = 0; lane < kWidth<T>; ++lane)
        if (scan.best[lane] == greatest && scan.best_block[lane] < block) block = scan.best_block[lane];
      columns.predicted[r] = static_cast<int32_t>(find_first(row, block * kBlock, classes, greatest));
    }
    if (kNeeds & tally::kNeedRank) {
      const int64_t padding =
          (whole < classes && target == -static_cast<T>(__builtin_inf())) ? whole + kLanes - classes : 0;
      const int64_t greater = count_lanes(scan.greater);
      const int64_t tied = count_lanes(scan.not_less) - greater - padding - 1;
      columns.above[r] = target == target ? static_cast<int32_t>(greater) : tally::kNeverRanked;
      columns.tied[r] = target == target ? static_cast<int32_t>(tied) : 0;
      int32_t before = 0;
      if (tied > 0)
        for (int32_t c = 0; c < label; ++c) before += row[c] == target;
      columns.tied_before[r] = before;
    }
  }
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
    Vector target = {};
    Mask labels = {};
    if (kNeeds & tally::kNeedRank) {
      for (int lane = 0; lane < kStep; ++lane) {
        const int32_t label = scores.labels[r + (lane < count ? lane : 0)];
        const bool valid = static_cast<uint64_t>(label) < static_cast<uint64_t>(classes);
        labels[lane] = label;
        target[lane] = valid ? top[label * stride + lane] : static_cast<T>(__builtin_nan(""));
      }
    }
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
      Doubles exponentials[kParts] = {};
      for (int64_t c = 0; c < classes; ++c) {
        T group[kStep];
        store(group, exponential(load<Vector>(top + c * stride) - shift));
        for (int part = 0; part < kParts; ++part) exponentials[part] += load_doubles(group + part * kDoubles);
      }
      T maxima[kStep];
      store(maxima, shift);
      for (int part = 0; part < kParts; ++part) {
        store(columns.maximum + r + part * kDoubles, load_doubles(maxima + part * kDoubles));
        store(columns.exp_sum + r + part * kDoubles, exponentials[part]);
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

template <class T>
using Scan = void (*)(const ScoreRows<T>&, unsigned, const ScoreColumns&);

// The exponential sum needs the maximum and, to notice NaN, nothing more.
inline unsigned scan_needs(unsigned needs) { return (needs & 7u) | ((needs & tally::kNeedExpSum) ? 1u : 0u); }

template <class T>
void wide(const ScoreRows<T>& scores, unsigned needs, const ScoreColumns& columns) {
  static constexpr Scan<T> kScans[8] = {wide_rows<0, T>, wide_rows<1, T>, wide_rows<2, T>, wide_rows<3, T>,
                                        wide_rows<4, T>, wide_rows<5, T>, wide_rows<6, T>, wide_rows<7, T>};
  kScans[scan_needs(needs)](scores, needs, columns);
}

template <class T>
void narrow(const ScoreRows<T>& scores, unsigned needs, const ScoreColumns& columns) {
  static constexpr Scan<T> kScans[8] = {narrow_rows<0, T>, narrow_rows<1, T>, narrow_rows<2, T>, narrow_rows<3, T>,
                                        narrow_rows<4, T>, narrow_rows<5, T>, narrow_rows<6, T>, narrow_rows<7, T>};
  kScans[scan_needs(needs)](scores, needs, columns);
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_score_kernels, TALLY_LEVEL)
extern "C" const tally::ScoreKernels TALLY_TABLE;
const tally::ScoreKernels TALLY_TABLE = {{wide<float>, narrow<float>}, {wide<double>, narrow<double>}};
