// Costs on grids of bins, and the steps by which mass may move over one.
#include "transport/steps.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

namespace tally {
namespace {

// Most mass takes short steps; long ones are asked for once those are settled.
constexpr double kRounds[] = {1.5, 4.0, 16.0, std::numeric_limits<double>::infinity()};
constexpr double kNear = 2.5;
// What was measured: the dense simplex takes time for every pair of bins, that over steps for each bin.
constexpr double kDirectSteps = 1.0;
constexpr double kDirectEuclidean = 4.4;
// Bits of potentials that the rounding of lengths leaves for their fractions, on a grid of length 1.
constexpr int kFractionBits = 46;

// The next of all vectors below `lengths` in magnitude, the last element first. False after the last one.
bool next_offset(const std::vector<int32_t>& lengths, std::vector<int32_t>& offset) {
  for (size_t axis = lengths.size(); axis-- > 0;) {
    if (++offset[axis] < lengths[axis]) return true;
    offset[axis] = 1 - lengths[axis];
  }
  return false;
}

// Appends the bins of the box between `low` and `high`.
void append_by_halves(const std::vector<int32_t>& lengths, std::vector<int32_t>& low, std::vector<int32_t>& high,
                      std::vector<int32_t>& order) {
  size_t longest = 0;
  for (size_t axis = 1; axis < low.size(); ++axis)
    if (high[axis] - low[axis] > high[longest] - low[longest]) longest = axis;
  if (high[longest] - low[longest] == 1) {
    int32_t bin = 0;
    for (size_t axis = 0; axis < low.size(); ++axis) bin = bin * lengths[axis] + low[axis];
    order.push_back(bin);
    return;
  }
  const int32_t middle = (low[longest] + high[longest]) / 2;
  const int32_t end = std::exchange(high[longest], middle);
  append_by_halves(lengths, low, high, order);
  high[longest] = end;
  const int32_t begin = std::exchange(low[longest], middle);
  append_by_halves(lengths, low, high, order);
  low[longest] = begin;
}

double square(double value) { return value * value; }

double length_of(double sum, GridCost kind) { return kind == GridCost::kEuclidean ? std::sqrt(sum) : sum; }

double term_of(int32_t difference, GridCost kind) { return kind == GridCost::kSteps ? difference : square(difference); }

}  // namespace

GridShape::GridShape(const std::vector<int64_t>& all_lengths) {
  for (const int64_t length : all_lengths)
    if (length > 1) lengths.push_back(static_cast<int32_t>(length));
  if (lengths.empty()) return;
  width = lengths.back();
  lengths.pop_back();
  for (const int32_t length : lengths) lines *= length;
  const auto axes = lengths.size();
  places.resize(static_cast<size_t>(lines) * axes);
  for (int64_t line = 0; line < lines; ++line) {
    int64_t left = line;
    for (size_t axis = axes; axis-- > 0; left /= lengths[axis])
      places[static_cast<size_t>(line) * axes + axis] = static_cast<int32_t>(left % lengths[axis]);
  }
}

int64_t GridShape::lines_of(const std::vector<int32_t>& offset) const {
  int64_t count = 0;
  for (size_t axis = 0; axis < lengths.size(); ++axis) count = count * lengths[axis] + offset[axis];
  return count;
}

bool GridShape::reaches(const std::vector<int32_t>& offset, int64_t line) const {
  const auto axes = lengths.size();
  const int32_t* const place = places.data() + line * static_cast<int64_t>(axes);
  for (size_t axis = 0; axis < axes; ++axis) {
    const int32_t at = place[axis] + offset[axis];
    if (at < 0 || at >= lengths[axis]) return false;
  }
  return true;
}

std::vector<int32_t> GridShape::by_halves() const {
  std::vector<int32_t> order;
  order.reserve(static_cast<size_t>(bins()));
  std::vector<int32_t> high(lengths);
  high.push_back(static_cast<int32_t>(width));
  const std::vector<int32_t> all(high);
  std::vector<int32_t> low(all.size(), 0);
  append_by_halves(all, low, high, order);
  return order;
}

GridWays::GridWays(const std::vector<int64_t>& lengths, GridCost cost, double most)
    : shape(lengths), kind(cost), threshold(most) {
  const int64_t bins = shape.bins();
  axes_ = static_cast<int64_t>(shape.lengths.size()) + 1;
  strides_.assign(static_cast<size_t>(axes_), 1);
  auto across = static_cast<double>(shape.width);
  for (size_t axis = shape.lengths.size(); axis-- > 0;) {
    strides_[axis] = strides_[axis + 1] *
                     (axis + 1 < shape.lengths.size() ? shape.lengths[axis + 1] : static_cast<int32_t>(shape.width));
    across += shape.lengths[axis];
  }
  scale_ = std::exp2(kFractionBits - std::ilogb(across));
  exact_ = rounded(threshold / 2) == threshold / 2;
  for (int64_t bin = 0; bin < bins; ++bin) {
    double sum = 0.0;
    int64_t left = bin;
    for (const int32_t stride : strides_) {
      places_.push_back(static_cast<int32_t>(left / stride));
      left %= stride;
      // The first bin is at 0: a place is a distance along an axis.
      sum += term_of(places_.back(), kind);
    }
    table_.push_back(std::min(length_of(sum, kind), threshold));
    rounded_.push_back(rounded(table_.back()));
    exact_ = exact_ && table_.back() == rounded_.back();
  }
  // Where half of the bins have mass of either kind, there is nothing more to move.
  const bool never = square(static_cast<double>(bins)) / 4.0 <= static_cast<double>(most_direct());
  if (kind != GridCost::kSquaredEuclidean && !never) find_steps();
}

int64_t GridWays::most_direct() const {
  const auto bins = static_cast<double>(shape.bins());
  return static_cast<int64_t>((kind == GridCost::kSteps ? kDirectSteps : kDirectEuclidean) * bins * std::sqrt(bins));
}

int64_t GridWays::middle() const {
  int64_t bin = shape.width / 2;
  for (size_t axis = 0; axis < shape.lengths.size(); ++axis) bin += shape.lengths[axis] / 2 * strides_[axis];
  return bin;
}

int64_t GridWays::towards_middle(int64_t bin) const {
  for (int64_t axis = axes_; axis-- > 0;) {
    const int64_t length = axis + 1 < axes_ ? shape.lengths[static_cast<size_t>(axis)] : shape.width;
    const int64_t place = places_[static_cast<size_t>(bin * axes_ + axis)];
    const int64_t stride = strides_[static_cast<size_t>(axis)];
    if (place != length / 2) return place < length / 2 ? bin + stride : bin - stride;
  }
  return bin;
}

void GridWays::find_steps() {
  double courses = 1.0;
  for (const int32_t length : shape.lengths) courses *= 2 * length - 1;
  std::vector<Course> all;
  std::vector<int32_t> offset(shape.lengths.size(), 0);
  if (kind == GridCost::kSteps) {
    const double most = std::min(threshold, 1.0);
    for (size_t axis = 0; axis <= offset.size(); ++axis) {
      std::fill(offset.begin(), offset.end(), 0);
      if (axis < offset.size()) offset[axis] = 1;
      add_course(offset, most, &all);
    }
  } else if (courses <= 8.0 * static_cast<double>(shape.bins())) {
    // Beyond that, along very many axes, there would be more steps than it takes to go straight to every bin.
    do {
      add_course(offset, threshold, &all);
    } while (next_offset(shape.lengths, offset));
  }
  add_rounds(all);
  if (by_steps()) order_ = shape.by_halves();
}

void GridWays::add_course(const std::vector<int32_t>& offset, double most, std::vector<Course>* all) const {
  int64_t divisor = 0;
  double squares = 0.0;
  for (const int32_t lines : offset) {
    divisor = std::gcd(divisor, int64_t{lines});
    squares += square(lines);
  }
  Course course{shape.lines_of(offset), offset, {}};
  // Each course is walked both ways, so half of them are enough.
  for (int64_t across = divisor ? 1 - shape.width : 1; across < shape.width; ++across) {
    const double length = std::sqrt(squares + square(static_cast<double>(across)));
    if (length <= most && std::gcd(divisor, across) == 1) course.steps.push_back({across, rounded(length)});
  }
  if (!course.steps.empty()) all->push_back(std::move(course));
}

void GridWays::add_rounds(std::vector<Course>& all) {
  size_t known = 0;
  for (const double radius : kRounds) {
    std::vector<Course> round;
    size_t count = 0;
    for (const Course& course : all) {
      Course part{course.lines, course.offset, {}};
      std::copy_if(course.steps.begin(), course.steps.end(), std::back_inserter(part.steps),
                   [radius](const GridStep& step) { return step.length <= radius; });
      count += part.steps.size();
      if (!part.steps.empty()) round.push_back(std::move(part));
    }
    if (count == known) continue;
    known = count;
    rounds_.push_back(std::move(round));
  }
  for (const Course& course : all)
    for (const GridStep& step : course.steps)
      if (step.length <= kNear) nearest_.push_back({course.lines, course.offset, {step}});
  std::stable_sort(nearest_.begin(), nearest_.end(),
                   [](const Course& one, const Course& other) { return one.steps[0].length < other.steps[0].length; });
}

}  // namespace tally
