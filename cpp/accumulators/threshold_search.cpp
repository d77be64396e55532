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

// Thresholds i / steps, for i from `origin` on.
struct EvenThresholds {
  float steps;
  int64_t origin;
  int64_t count;

  // The kernel's arithmetic: which threshold it compares a score with.
  int64_t nearest(float score) const {
    const auto least = static_cast<float>(origin);
    const auto greatest = static_cast<float>(origin + count - 1);
    return std::lrint(std::clamp(score * steps, least, greatest)) - origin;
  }
};

// Whether the kernel never compares the wrong one of these thresholds: it errs first, if anywhere, at a threshold or
// just above, for its places grow with the scores.
bool holds(const EvenThresholds& even, const std::vector<float>& thresholds) {
  if (!(even.steps >= 1.0f && even.steps < 0x1p20f)) return false;
  for (size_t i = 0; i < thresholds.size(); ++i) {
    const auto exceeded = static_cast<int64_t>(i);
    if (thresholds[i] != static_cast<float>(exceeded + even.origin) / even.steps) return false;
    const int64_t at = even.nearest(thresholds[i]);
    const int64_t above = even.nearest(std::nextafter(thresholds[i], 2.0f));
    if (at < exceeded - 1 || at > exceeded || above < exceeded || above > exceeded + 1) return false;
  }
  return true;
}

}  // namespace

bool ScoreCellTable::build(const double* thresholds, int64_t count, uint32_t least, uint32_t buckets,
                           int64_t elements) {
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
    if (keys.size() > 1 && keys.back() < keys[keys.size() - 2]) return false;
  }
  if (keys.empty()) return false;
  cells_.count = static_cast<int32_t>(singles.size());
  cells_.lowest = static_cast<int32_t>(lowest);
  cells_.buckets = static_cast<int32_t>(buckets);
  if (lowest == least && take_even(singles)) return true;
  if (!choose_rows(keys, std::clamp<int64_t>(elements / 8, 2048, 16384))) return false;
  thresholds_.assign(2 * size_t{buckets}, UINT32_MAX);
  for (const size_t table : {size_t{lowest}, size_t{buckets} + lowest})
    for (size_t i = 0; i < keys.size(); ++i) thresholds_[table + i] = static_cast<uint32_t>(keys[i]) ^ 0x80000000u;
  fill_rows(keys, lowest, least);
  return true;
}

bool ScoreCellTable::take_even(const std::vector<float>& thresholds) {
  const size_t origin = thresholds[0] == 0.0f ? 0 : 1;
  if (thresholds.size() < 2 - origin) return false;
  const EvenThresholds even = {std::round(1.0f / thresholds[1 - origin]), static_cast<int64_t>(origin),
                               static_cast<int64_t>(thresholds.size())};
  if (!holds(even, thresholds)) return false;
  cells_.steps = even.steps;
  cells_.origin = static_cast<int32_t>(origin);
  return true;
}

// The largest ranges of bits that crowd no more thresholds together than the smallest do.
bool ScoreCellTable::choose_rows(const std::vector<int32_t>& keys, int64_t most_rows) {
  const int64_t first = keys.front();
  const int64_t span = keys.back() - first;
  const auto neighbours_in_a_row = [&](int shift) {
    int64_t found = 0;
    for (size_t i = 1; i < keys.size(); ++i) found += (keys[i] - first) >> shift == (keys[i - 1] - first) >> shift;
    return found;
  };
  int shift = 0;
  while (shift < 30 && (span >> shift) + 3 > most_rows) ++shift;
  const int64_t fewest = neighbours_in_a_row(shift);
  while (shift < 29 && neighbours_in_a_row(shift + 1) == fewest) ++shift;
  const int64_t width = int64_t{1} << shift;
  // A range below the first threshold, and one above the last.
  const int64_t low = first - width;
  const int64_t high = first + ((span >> shift) + 1) * width;
  if (low < INT32_MIN || high > INT32_MAX) return false;
  cells_.least = static_cast<int32_t>(low);
  cells_.greatest = static_cast<int32_t>(high);
  cells_.shift = shift;
  cells_.rows = static_cast<int32_t>(((high - low) >> shift) + 2);
  return true;
}

void ScoreCellTable::fill_rows(const std::vector<int32_t>& keys, uint32_t lowest, uint32_t least) {
  const auto rows = static_cast<size_t>(cells_.rows);
  first_.resize(2 * rows);
  first_[0] = 0;
  // A row's bucket is the number of thresholds in the rows before.
  size_t row = 1;
  int64_t held = 1;
  int64_t most = 1;
  cells_.crowded = 2;
  while (cells_.crowded < 2 * static_cast<uint32_t>(cells_.buckets)) cells_.crowded *= 2;
  for (size_t below = 0; below <= keys.size(); ++below) {
    const size_t end =
        below < keys.size() ? static_cast<size_t>((int64_t{keys[below]} - cells_.least) >> cells_.shift) + 2 : rows;
    held = end == row ? held + 1 : 1;
    most = std::max(most, held);
    if (end == row) first_[row - 1] |= static_cast<uint16_t>(cells_.crowded);
    const auto bucket = static_cast<uint16_t>(std::max(lowest + static_cast<uint32_t>(below), least));
    for (; row < end; ++row) first_[row] = bucket;
  }
  cells_.crowded_step = static_cast<int32_t>(step_of(most));
  for (size_t i = 0; i < rows; ++i) first_[rows + i] = static_cast<uint16_t>(first_[i] + cells_.buckets);
  cells_.first = first_.data();
  // Room for searches from any bucket on, and for buckets of crowded rows.
  thresholds_.resize(
      std::max<size_t>(2 * cells_.crowded, thresholds_.size() + 2 * static_cast<size_t>(cells_.crowded_step)),
      UINT32_MAX);
  cells_.thresholds = thresholds_.data();
}

template class ThresholdSearch<float>;
template class ThresholdSearch<double>;

}  // namespace tally
