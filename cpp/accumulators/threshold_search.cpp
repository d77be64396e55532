// Sorted thresholds made ready to be searched.
#include "accumulators/threshold_search.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/threshold_grid.h"

namespace tally {
namespace {

// The power of two for which 2 * step - 1 comparisons by halves place a score among `count` thresholds.
int64_t step_of(int64_t count) {
  int64_t step = 1;
  while (2 * step - 1 < count) step *= 2;
  return step;
}

}  // namespace

template <class T>
void ThresholdSearch<T>::build(const double* thresholds, int64_t count, uint32_t least, int64_t elements) {
  const int64_t step = step_of(count);
  thresholds_.assign(static_cast<size_t>(count + 2 * step + 2), std::numeric_limits<T>::infinity());
  for (int64_t i = 0; i < count; ++i) thresholds_[static_cast<size_t>(i)] = static_cast<T>(thresholds[i]);
  grid_ = {thresholds_.data(), count, step, nullptr, T(0), T(0), 1, least};
  if (count > 3 && elements > 4 * count) build_cells();
}

template <class T>
void ThresholdSearch<T>::build_cells() {
  const auto count = static_cast<size_t>(grid_.count);
  size_t begin = 0;
  size_t end = count;
  while (begin < end && !std::isfinite(thresholds_[begin])) ++begin;
  while (end > begin && !std::isfinite(thresholds_[end - 1])) --end;
  if (end - begin < 2) return;
  int64_t cells = 64;
  // The number of cells must be exact as a float.
  while (cells < 2 * grid_.count && cells < (int64_t{1} << 20)) cells *= 2;
  grid_.cells = cells;
  // The outer cells are left to what lies outside, infinite thresholds too.
  const T size = (thresholds_[end - 1] - thresholds_[begin]) / static_cast<T>(cells - 4);
  grid_.low = thresholds_[begin] - T(1.5) * size;
  grid_.scale = T(1) / size;
  first_.assign(static_cast<size_t>(cells) + 1, 0);
  for (size_t i = 0; i < count; ++i)
    first_[static_cast<size_t>(grid_cell(thresholds_[i], grid_.low, grid_.scale, cells)) + 1] += 1;
  grid_.step = step_of(*std::max_element(first_.begin(), first_.end()));
  for (size_t cell = 1; cell < first_.size(); ++cell) first_[cell] += first_[cell - 1];
  grid_.first = first_.data();
}

namespace {

int32_t ordered_bits(float value) {
  int32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits ^ ((bits >> 31) & INT32_MAX);
}

// The kernel's arithmetic: the number of the threshold that it compares a score with, from 1 on.
int64_t nearest(float score, float steps, size_t count) {
  const float place = score * steps + 0.5f;
  const float most = static_cast<float>(count);
  return static_cast<int64_t>(place > 1.0f ? (place < most ? place : most) : 1.0f);
}

// Thresholds 1 / steps, 2 / steps, ... of which the kernel never compares the wrong one: it errs first, if anywhere, at
// a threshold or just above, for its places grow with the scores. 0 for others.
float steps_of(const std::vector<float>& thresholds) {
  const size_t count = thresholds.size();
  const float steps = std::round(1.0f / thresholds[0]);
  if (!(steps >= 1.0f && steps < 0x1p20f)) return 0.0f;
  for (size_t i = 0; i < count; ++i) {
    if (thresholds[i] != static_cast<float>(i + 1) / steps) return 0.0f;
    const auto exceeded = static_cast<int64_t>(i);
    const int64_t at = nearest(thresholds[i], steps, count) - 1;
    const int64_t above = nearest(std::nextafter(thresholds[i], 2.0f), steps, count) - 1;
    if (at < exceeded - 1 || at > exceeded || above < exceeded || above > exceeded + 1) return 0.0f;
  }
  return steps;
}

}  // namespace

bool ScoreCellTable::build(const double* thresholds, int64_t count, uint32_t least, uint32_t buckets) {
  constexpr int64_t kMostRows = 16384;
  std::vector<int32_t> keys;
  std::vector<float> singles;
  // Every number that matters exceeds -inf, and none +inf.
  uint32_t lowest = 0;
  while (lowest < count && static_cast<float>(thresholds[lowest]) == -std::numeric_limits<float>::infinity()) ++lowest;
  if (lowest > least) return false;
  for (int64_t i = lowest; i < count && static_cast<float>(thresholds[i]) < std::numeric_limits<float>::infinity();
       ++i) {
    // Zeros are equal, so the negative one must not come first.
    singles.push_back(static_cast<float>(thresholds[i]) + 0.0f);
    keys.push_back(ordered_bits(singles.back()));
    if (keys.size() > 1 && keys.back() <= keys[keys.size() - 2]) return false;
  }
  if (keys.empty()) return false;
  cells_.thresholds = static_cast<int32_t>(singles.size());
  cells_.first = static_cast<int32_t>(lowest);
  cells_.buckets = static_cast<int32_t>(buckets);
  cells_.steps = lowest == least ? steps_of(singles) : 0.0f;
  if (cells_.steps != 0.0f) return true;
  const int64_t first = keys.front();
  const int64_t span = keys.back() - first;
  // The largest ranges of bits that hold one threshold each.
  int shift = 0;
  while (shift < 30 && (span >> shift) + 3 > kMostRows) ++shift;
  const auto alone = [&](int wider) {
    for (size_t i = 1; i < keys.size(); ++i)
      if ((keys[i] - first) >> wider == (keys[i - 1] - first) >> wider) return false;
    return true;
  };
  if (!alone(shift)) return false;
  while (shift < 29 && alone(shift + 1)) ++shift;
  const int64_t width = int64_t{1} << shift;
  // A range below the first threshold, and one above the last.
  const int64_t low = first - width;
  const int64_t high = first + ((span >> shift) + 1) * width;
  if (low < INT32_MIN || high > INT32_MAX) return false;
  cells_.least = static_cast<int32_t>(low);
  cells_.greatest = static_cast<int32_t>(high);
  cells_.shift = shift;
  const int64_t rows = ((high - low) >> shift) + 2;
  cells_.rows = static_cast<int32_t>(rows);
  const float none = std::numeric_limits<float>::infinity();
  table_.assign(static_cast<size_t>(2 * rows), ScoreCell{none, 0});
  size_t below = 0;
  for (int64_t row = 1; row < rows; ++row) {
    ScoreCell& cell = table_[static_cast<size_t>(row)];
    cell.bucket = static_cast<int32_t>(lowest) + static_cast<int32_t>(below);
    if (below < keys.size() && (keys[below] - low) >> shift == row - 1) cell.threshold = singles[below++];
    if (cell.bucket < static_cast<int32_t>(least)) cell = {none, static_cast<int32_t>(least)};
  }
  for (int64_t row = 0; row < rows; ++row)
    table_[static_cast<size_t>(rows + row)] = {table_[static_cast<size_t>(row)].threshold,
                                               table_[static_cast<size_t>(row)].bucket + static_cast<int32_t>(buckets)};
  cells_.table = table_.data();
  return true;
}

template class ThresholdSearch<float>;
template class ThresholdSearch<double>;

}  // namespace tally
