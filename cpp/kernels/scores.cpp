// One read of a row of scores: first maximum, rank of the true class, sum, and sum of exponentials.
#include "kernels/table.h"
#include "kernels/vector.h"

namespace {

using tally::ScoreColumns;
using tally::ScoreRows;

// exp(x) for x <= 0, by 2^(n + f) with n + f = x log2(e). The product's rounding grows with |x| as exp(x) falls: in a
// sum of exponentials it does not show. Below the normal range the result is 0. Even and odd terms of the polynomial
// run side by side (Estrin), for the processor waits for latencies here, not for units.
inline Floats exponential(Floats x) {
  constexpr float kMagic = 0x1.8p23f;  // adding it leaves round(x) in the low bits
  const Floats power = x * 0x1.715476p0f;
  const Floats shifted = power + kMagic;
  const Floats f = power - (shifted - kMagic);
  const Floats f2 = f * f;
  const Floats low = f * 0x1.62e430p-1f + 1.0f;
  const Floats middle = f * 0x1.c6aeccp-5f + 0x1.ebfbe0p-3f;
  const Floats high = (f * 0x1.5f48c0p-10f + 0x1.3b2a1cp-7f) + f2 * 0x1.444000p-13f;
  const Floats value = (low + f2 * middle) + (f2 * f2) * high;
  const Ints scale = (load<Ints>(&shifted) << 23) + 0x3f800000;
  return x < -87.0f ? Floats{} : value * load<Floats>(&scale);
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

// Rows follow each other in memory; asking this far ahead beats the hardware's own prefetcher at row ends.
template <class T>
inline void prefetch_block(const T* scores) {
  constexpr int kAhead = 2048;
  const char* address = reinterpret_cast<const char*>(scores) + kAhead;
  for (size_t line = 0; line < RowScan<T>::kBlock * sizeof(T); line += 64) __builtin_prefetch(address + line);
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
      Vector partial = exponential(load<Vector>(scores) - shift);
      for (int next = 1; next < 4; ++next) partial += exponential(load<Vector>(scores + next * kLanes) - shift);
      store(group + part * kWidth<T>, partial);
    }
    add_lanes(sum, group);
  }
  for (; i + kLanes <= classes; i += kLanes) {
    for (int part = 0; part < kLanes; part += kWidth<T>)
      store(group + part, exponential(load<Vector>(row + i + part) - shift));
    add_lanes(sum, group);
  }
  if (i < classes) {
    const LastGroup<T> last(row, classes, static_cast<int>(i + kLanes - classes), -static_cast<T>(__builtin_inf()));
    for (int part = 0; part < kLanes; part += kWidth<T>)
      store(group + part, exponential(load<Vector>(last.elements + part) - shift));
    add_lanes(sum, group);
  }
  return sum.total();
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
    int32_t label = -1;
    T target = 0;
    if (kNeeds & tally::kNeedRank) {
      label = scores.labels[r];
      const bool valid = static_cast<uint64_t>(label) < static_cast<uint64_t>(classes);
      target = valid ? row[label] : static_cast<T>(__builtin_nan(""));
      scan.target = splat<typename Native<T>::Vector>(target);
    }
    int64_t i = 0;
    for (; i + kBlock <= whole; i += kBlock) {
      prefetch_block(row + i);
      scan.template block<kNeeds>(row + i, i / kBlock, kBlock);
    }
    if (i < whole) scan.template block<kNeeds>(row + i, i / kBlock, static_cast<int>(whole - i));
    if (whole < classes) scan_rest<kNeeds>(scan, row, classes, skipped, whole / kBlock);

    const double sum = (kNeeds & tally::kNeedSum) ? scan.sum.total() : 0.0;
    if (kNeeds & tally::kNeedSum) columns.sum[r] = sum;
    const bool has_nan = (kNeeds & tally::kNeedSum) ? sum != sum : any_lane(scan.unordered);
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
