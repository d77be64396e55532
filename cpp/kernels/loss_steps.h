// Losses whose formulas are long: two short loops over a buffer find all constants in registers, and more elements fit
// between the first operation that waits and the last one that is done.
#pragma once

#include "kernels/row_sums.h"

namespace {

// So many elements that all that is kept of them stays in the first-level cache.
constexpr int64_t kStepElements = 256;

// Calls use(i, y_true, y_pred) for each vector of a chunk; the last one is filled up with the first element.
template <class T, class Use>
__attribute__((always_inline)) inline void for_each_vector(const T* y_true, const T* y_pred, int64_t count, Use use) {
  int64_t i = 0;
  for (; i + kDoubles <= count; i += kDoubles) use(i, load_doubles(y_true + i), load_doubles(y_pred + i));
  if (i == count) return;
  T rest[2][kDoubles];
  for (int64_t lane = 0; lane < kDoubles; ++lane) {
    rest[0][lane] = y_true[i + lane < count ? i + lane : 0];
    rest[1][lane] = y_pred[i + lane < count ? i + lane : 0];
  }
  use(i, load_doubles(rest[0]), load_doubles(rest[1]));
}

// What loss.first(y_true, y_pred) keeps of the elements becomes loss.second(kept, y_true, y_pred). Where
// loss.unusual(y_true, y_pred) holds, the value is loss.of_unusual(y_true, y_pred).
template <class T, class Loss>
__attribute__((noinline)) void map_in_steps(const T* y_true, const T* y_pred, int64_t count, const Loss& loss,
                                            double* values) {
  typename Loss::Kept kept[kStepElements / kDoubles];
  double last[kStepElements];
  for (int64_t begin = 0; begin < count; begin += kStepElements) {
    const int64_t size = count - begin < kStepElements ? count - begin : kStepElements;
    const T* labels = y_true + begin;
    const T* scores = y_pred + begin;
    double* target = size % kDoubles ? last : values + begin;
    for (int64_t line = 0; line < size; line += 64 / static_cast<int64_t>(sizeof(T))) {
      __builtin_prefetch(labels + line + kAhead<T>);
      __builtin_prefetch(scores + line + kAhead<T>);
    }
    Longs unusual = {};
    for_each_vector(labels, scores, size, [&](int64_t i, Doubles label, Doubles score) {
      kept[i / kDoubles] = loss.first(label, score);
      unusual |= loss.unusual(label, score);
    });
    for_each_vector(labels, scores, size, [&](int64_t i, Doubles label, Doubles score) {
      store(target + i, loss.second(kept[i / kDoubles], label, score));
    });
    if (__builtin_expect(any_lane(unusual), 0))
      for_each_vector(labels, scores, size, [&](int64_t i, Doubles label, Doubles score) {
        store(target + i, select(loss.unusual(label, score), loss.of_unusual(label, score), load<Doubles>(target + i)));
      });
    if (target == last) std::memcpy(values + begin, last, static_cast<size_t>(size) * sizeof(double));
  }
}

// As sum_of_row.
template <class T, class Map>
inline double sum_of_mapped_row(const T* y_true, const T* y_pred, int64_t width, Map map) {
  double values[kMapped];
  LaneSum sum;
  int64_t count = 0;
  int64_t i = 0;
  for (int64_t begin = 0; begin < width; begin += kMapped) {
    count = width - begin < kMapped ? width - begin : kMapped;
    map(y_true + begin, y_pred + begin, count, values);
    for (i = 0; i + kLanes <= count; i += kLanes)
      for (int part = 0; part < LaneSum::kParts; ++part) sum.parts[part] += load<Doubles>(values + i + part * kDoubles);
  }
  double total = sum.total();
  for (; i < count; ++i) total += values[i];
  return total;
}

template <class T, class Loss>
void sums_in_steps(const PairedRows<T>& rows, const Loss& loss, double* sums) {
  const auto map = [&loss](const T* y_true, const T* y_pred, int64_t count, double* values) {
    map_in_steps(y_true, y_pred, count, loss, values);
  };
  if (are_contiguous(rows) && rows.width == 1) return map(rows.y_true, rows.y_pred, rows.rows, sums);
  if (are_contiguous(rows) && rows.width < kLanes) return sums_of_short_rows(rows, map, sums);
  for (int64_t r = 0; r < rows.rows; ++r)
    sums[r] =
        sum_of_mapped_row(rows.y_true + r * rows.true_stride, rows.y_pred + r * rows.pred_stride, rows.width, map);
}

template <class T, class Loss>
void means_in_steps(const PairedRows<T>& rows, const Loss& loss, double* means) {
  sums_in_steps(rows, loss, means);
  divide_by_width(rows, means);
}

}  // namespace
