// Where scores lie among thresholds, and in the fixed histogram.
#include "kernels/count_table.h"
#include "kernels/threshold_grid.h"

namespace {

using tally::kBinsPerBinade;
using tally::ThresholdGrid;

// A few thresholds are compared one by one, in vectors of scores.
template <int kCount, class T>
void compare_all(const T* __restrict scores, int64_t count, const T* thresholds, uint32_t* __restrict buckets) {
  T own[kCount];
  for (int i = 0; i < kCount; ++i) own[i] = thresholds[i];
  for (int64_t i = 0; i < count; ++i) {
    uint32_t bucket = 0;
    for (int j = 0; j < kCount; ++j) bucket += scores[i] > own[j];
    buckets[i] = bucket;
  }
}

// Every threshold of a lower cell is below the score, every threshold of a higher cell is not: only those of the
// score's own cell are compared.
template <class T>
void search(const T* __restrict scores, int64_t count, const ThresholdGrid<T>& grid, uint32_t* __restrict buckets) {
  const T* thresholds = grid.thresholds;
  if (grid.first && grid.step == 1) {
    for (int64_t i = 0; i < count; ++i) {
      const uint32_t bucket = grid.first[grid_cell(scores[i], grid.low, grid.scale, grid.cells)];
      buckets[i] = bucket + (scores[i] > thresholds[bucket]);
    }
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    const T score = scores[i];
    uint32_t bucket = grid.first ? grid.first[grid_cell(score, grid.low, grid.scale, grid.cells)] : 0;
    for (auto step = static_cast<uint32_t>(grid.step); step > 0; step /= 2)
      bucket += step * (score > thresholds[bucket + step - 1]);  // a branch would be guessed wrong
    buckets[i] = bucket;
  }
}

template <class T>
void buckets(const T* scores, int64_t count, const ThresholdGrid<T>& grid, uint32_t* target) {
  if (grid.count == 1)
    compare_all<1>(scores, count, grid.thresholds, target);
  else if (grid.count <= 3)
    compare_all<3>(scores, count, grid.thresholds, target);
  else
    search(scores, count, grid, target);
  if (!grid.least) return;
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t least = scores[i] == scores[i] ? grid.least : 0;
    target[i] = target[i] < least ? least : target[i];
  }
}

// 4096 bins a binade of the magnitude from 2^-32 on, one for what is below; the last takes what is above.
inline int64_t magnitude_bin(double magnitude, int64_t last) {
  int64_t bits;
  std::memcpy(&bits, &magnitude, 8);
  constexpr int64_t kFirst = (int64_t{1023} - tally::kBinades) * kBinsPerBinade;
  const int64_t bin = (bits >> 40) - kFirst + 1;
  return bin < 0 ? 0 : bin > last ? last : bin;
}

// Negative scores, those in [0, 1/2), those in [1/2, 1) by their distance from 1, and the rest.
inline int64_t histogram_bin(double score) {
  constexpr int64_t kLastNegative = tally::kNegativeBins - 1;
  constexpr int64_t kLastHalf = tally::kNegativeBins + 2 * tally::kHalfBins - 1;
  if (!(score == score)) return 0;
  if (score < 0.0) return kLastNegative - magnitude_bin(-score, kLastNegative);
  if (score < 0.5) return tally::kNegativeBins + magnitude_bin(score + 0.0, tally::kHalfBins - 1);
  if (score < 1.0) return kLastHalf - magnitude_bin(1.0 - score, tally::kHalfBins - 1);
  return kLastHalf + magnitude_bin(score, kLastNegative) - tally::kBinades * kBinsPerBinade;
}

template <class T>
void bins(const T* scores, int64_t count, uint32_t* target) {
  for (int64_t i = 0; i < count; ++i) target[i] = static_cast<uint32_t>(histogram_bin(static_cast<double>(scores[i])));
}

void place(const uint8_t* __restrict truth, int64_t count, uint32_t size, uint32_t* __restrict cells) {
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t label = truth[i];
    cells[i] = label * size + (label > 1 ? 0 : cells[i]);
  }
}

// Rows of few scores: each is compared with all others. A NaN is among the highest and is not kept.
void keep_highest(const double* __restrict scores, int64_t width, int64_t places, uint8_t* __restrict kept) {
  for (int64_t i = 0; i < width; ++i) places -= scores[i] != scores[i];
  for (int64_t i = 0; i < width; ++i) {
    const double score = scores[i];
    int64_t before = 0;
    for (int64_t j = 0; j < i; ++j) before += scores[j] >= score;
    for (int64_t j = i + 1; j < width; ++j) before += scores[j] > score;
    kept[i] = score == score && before < places;
  }
}

template <class T>
void row_ratios(const tally::PairedRows<T>& rows, double threshold, bool recall, double* ratios) {
  for (int64_t r = 0; r < rows.rows; ++r) {
    const T* y_true = rows.y_true + r * rows.true_stride;
    const T* y_pred = rows.y_pred + r * rows.pred_stride;
    int64_t right = 0;
    int64_t all = 0;
    for (int64_t i = 0; i < rows.width; ++i) {
      const bool label = y_true[i] != T(0);
      const bool predicted = static_cast<double>(y_pred[i]) > threshold;
      right += label & predicted;
      all += recall ? label : predicted;
    }
    ratios[r] = all ? static_cast<double>(right) / static_cast<double>(all) : 0.0;
  }
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_threshold_kernels, TALLY_LEVEL)
extern "C" const tally::ThresholdKernels TALLY_TABLE;
const tally::ThresholdKernels TALLY_TABLE = {buckets<float>, buckets<double>, bins<float>,       bins<double>,
                                             place,          keep_highest,    row_ratios<float>, row_ratios<double>};
