// Hits, predictions and truths of each class, over rows of zeros and ones and of scores.
#include "kernels/table.h"
#include "kernels/vector.h"

namespace {

using tally::PairedRows;

template <class T>
constexpr int kWidth = kVectorBytes / static_cast<int>(sizeof(T));

template <class T>
using Count = typename Native<T>::Integer;

template <class T>
inline void add_lanes(Count<T>* counts, typename Native<T>::Mask mask) {
  store(counts, load<typename Native<T>::Mask>(counts) - mask);
}

template <class Vector>
inline Vector magnitude(Vector value) {
  return value < 0 ? -value : value;
}

// The maximum of a row, NaN if there is one: nothing reaches that.
template <class T>
inline T maximum_of_row(const T* row, int64_t width) {
  using Vector = typename Native<T>::Vector;
  T best = row[0];
  bool unordered = false;
  int64_t c = 0;
  if (width >= kWidth<T>) {
    Vector bests = load<Vector>(row);
    typename Native<T>::Mask nan = {};
    for (; c + kWidth<T> <= width; c += kWidth<T>) {
      const Vector score = load<Vector>(row + c);
      bests = score > bests ? score : bests;
      nan |= score != score;
    }
    for (int lane = 0; lane < kWidth<T>; ++lane) unordered |= nan[lane] != 0;
    best = static_cast<T>(greatest_lane(bests));
  }
  for (; c < width; ++c) {
    best = row[c] > best ? row[c] : best;
    unordered |= row[c] != row[c];
  }
  return unordered ? static_cast<T>(__builtin_nan("")) : best;
}

template <class T>
bool wide(const PairedRows<T>& rows, bool by_maximum, T threshold, Count<T>* counts) {
  using Vector = typename Native<T>::Vector;
  using Mask = typename Native<T>::Mask;
  const int64_t width = rows.width;
  Count<T>* hits = counts;
  Count<T>* predictions = counts + width;
  Count<T>* truths = counts + 2 * width;
  Mask others = {};
  bool other = false;
  for (int64_t r = 0; r < rows.rows; ++r) {
    const T* y_true = rows.y_true + r * rows.true_stride;
    const T* y_pred = rows.y_pred + r * rows.pred_stride;
    // By threshold every magnitude passes, by maximum the score must reach that of its row.
    const T least = by_maximum ? maximum_of_row(y_pred, width) : threshold;
    const Vector bound = splat<Vector>(least);
    int64_t c = 0;
    for (; c + kWidth<T> <= width; c += kWidth<T>) {
      const Vector score = load<Vector>(y_pred + c);
      const Vector truth = load<Vector>(y_true + c);
      const Mask predicted =
          by_maximum ? (score >= bound) & (magnitude(score) > splat<Vector>(threshold)) : score > bound;
      const Mask positive = truth == splat<Vector>(static_cast<T>(1));
      others |= ~positive & (truth != Vector{});
      add_lanes<T>(hits + c, predicted & positive);
      add_lanes<T>(predictions + c, predicted);
      add_lanes<T>(truths + c, positive);
    }
    for (; c < width; ++c) {
      const T score = y_pred[c];
      const bool predicted =
          by_maximum ? score >= least && (score < 0 ? -score : score) > threshold : score > threshold;
      const bool positive = y_true[c] == 1;
      other |= !positive && y_true[c] != 0;
      hits[c] += predicted && positive;
      predictions[c] += predicted;
      truths[c] += positive;
    }
  }
  for (int lane = 0; lane < kWidth<T>; ++lane) other |= others[lane] != 0;
  return !other;
}

// The maximum of each of a vector of rows.
template <class T>
inline typename Native<T>::Vector maxima_of_rows(const T* scores, ptrdiff_t stride, int64_t width) {
  using Vector = typename Native<T>::Vector;
  Vector best = load<Vector>(scores);
  typename Native<T>::Mask nan = {};
  for (int64_t c = 0; c < width; ++c) {
    const Vector score = load<Vector>(scores + c * stride);
    best = score > best ? score : best;
    nan |= score != score;
  }
  return nan ? splat<Vector>(static_cast<T>(__builtin_nan(""))) : best;
}

// The last rows, fewer than a vector holds; the lanes without a row hold zeros, which count nowhere.
template <class T>
__attribute__((noinline)) void gather_rest(const T* source, ptrdiff_t stride, int64_t width, int64_t count, T* target) {
  std::memset(target, 0, static_cast<size_t>(width * kWidth<T>) * sizeof(T));
  for (int64_t c = 0; c < width; ++c)
    for (int64_t lane = 0; lane < count; ++lane) target[c * kWidth<T> + lane] = source[c * stride + lane];
}

// Lanes are rows.
template <class T>
bool narrow(const PairedRows<T>& columns, bool by_maximum, T threshold, Count<T>* counts) {
  using Vector = typename Native<T>::Vector;
  using Mask = typename Native<T>::Mask;
  const int64_t width = columns.width;
  Mask others = {};
  Mask sums[3][tally::kNarrowWidth] = {};
  T rest[2][tally::kNarrowWidth * kWidth<T>];
  for (int64_t r = 0; r < columns.rows; r += kWidth<T>) {
    PairedRows<T> part = columns;
    part.y_true += r;
    part.y_pred += r;
    if (columns.rows - r < kWidth<T>) {
      gather_rest(part.y_true, columns.true_stride, width, columns.rows - r, rest[0]);
      gather_rest(part.y_pred, columns.pred_stride, width, columns.rows - r, rest[1]);
      part.y_true = rest[0];
      part.y_pred = rest[1];
      part.true_stride = part.pred_stride = kWidth<T>;
    }
    const Vector bound = by_maximum ? maxima_of_rows(part.y_pred, part.pred_stride, width) : splat<Vector>(threshold);
    for (int64_t c = 0; c < width; ++c) {
      const Vector score = load<Vector>(part.y_pred + c * part.pred_stride);
      const Vector truth = load<Vector>(part.y_true + c * part.true_stride);
      const Mask predicted =
          by_maximum ? (score >= bound) & (magnitude(score) > splat<Vector>(threshold)) : score > bound;
      const Mask positive = truth == splat<Vector>(static_cast<T>(1));
      others |= ~positive & (truth != Vector{});
      sums[0][c] -= predicted & positive;
      sums[1][c] -= predicted;
      sums[2][c] -= positive;
    }
  }
  for (int sum = 0; sum < 3; ++sum)
    for (int64_t c = 0; c < width; ++c)
      for (int lane = 0; lane < kWidth<T>; ++lane) counts[sum * width + c] += sums[sum][c][lane];
  bool other = false;
  for (int lane = 0; lane < kWidth<T>; ++lane) other |= others[lane] != 0;
  return !other;
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_class_count_kernels, TALLY_LEVEL)
extern "C" const tally::ClassKernels TALLY_TABLE;
const tally::ClassKernels TALLY_TABLE = {{wide<float>, narrow<float>}, {wide<double>, narrow<double>}};
