// Sorted thresholds made ready to be searched.
#include "accumulators/threshold_search.h"

#include <algorithm>
#include <cmath>
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

template class ThresholdSearch<float>;
template class ThresholdSearch<double>;

}  // namespace tally
