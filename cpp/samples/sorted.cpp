// One walk along two sorted populations.
#include "samples/sorted.h"

#include <algorithm>
#include <cmath>

#include "samples/compensated.h"

namespace tally {
namespace {

// So many terms are added up before the sum carries what it rounds off.
constexpr int64_t kTerms = 256;

double total_of(const SortedSamples& samples) {
  if (!samples.weights) return static_cast<double>(samples.count);
  Compensated total;
  for (int64_t i = 0; i < samples.count; ++i) total.add(samples.weights[i]);
  return total.value();
}

// Unweighted, the difference of the CDFs is a whole number of 1 / (count * other count), which doubles count exactly.
double first_order_of_counts(const SortedSamples& one, const SortedSamples& other) {
  const double up = static_cast<double>(other.count);
  const double down = static_cast<double>(one.count);
  int64_t i = 0;
  int64_t j = 0;
  double at = std::min(one.values[0], other.values[0]);
  double difference = 0.0;
  Compensated distance;
  while (i < one.count && j < other.count) {
    // Of the smaller end of both, no index can pass the end before so many steps.
    const int64_t steps = std::min({kTerms, one.count - i, other.count - j});
    double sum = 0.0;
    for (int64_t step = 0; step < steps; ++step) {
      const double left = one.values[i];
      const double right = other.values[j];
      const bool rises = left <= right;
      const double next = rises ? left : right;
      sum += std::fabs(difference) * (next - at);
      difference += rises ? up : -down;
      at = next;
      i += rises;
      j += !rises;
    }
    distance.add(sum);
  }
  for (; i < one.count; ++i, difference += up) {
    distance.add(std::fabs(difference) * (one.values[i] - at));
    at = one.values[i];
  }
  for (; j < other.count; ++j, difference -= down) {
    distance.add(std::fabs(difference) * (other.values[j] - at));
    at = other.values[j];
  }
  return distance.value() / (up * down);
}

double first_order_of_weights(const SortedSamples samples[2]) {
  const double totals[2] = {total_of(samples[0]), total_of(samples[1])};
  int64_t next[2] = {};
  double at = 0.0;
  Compensated difference;
  Compensated distance;
  for (bool begun = false; next[0] < samples[0].count || next[1] < samples[1].count; begun = true) {
    const int side = next[1] == samples[1].count ||
                             (next[0] < samples[0].count && samples[0].values[next[0]] <= samples[1].values[next[1]])
                         ? 0
                         : 1;
    const double value = samples[side].values[next[side]];
    if (begun) distance.add(std::fabs(difference.value()) * (value - at));
    const double share = samples[side].weight(next[side]) / totals[side];
    difference.add(side ? -share : share);
    at = value;
    ++next[side];
  }
  return distance.value();
}

}  // namespace

double first_order(const SortedSamples samples[2]) {
  // Products of counts stay exact up to here.
  const bool counts = !samples[0].weights && !samples[1].weights &&
                      static_cast<double>(samples[0].count) * static_cast<double>(samples[1].count) < 0x1p53;
  return counts ? first_order_of_counts(samples[0], samples[1]) : first_order_of_weights(samples);
}

double second_order(const SortedSamples samples[2]) {
  const double totals[2] = {total_of(samples[0]), total_of(samples[1])};
  int64_t next[2] = {};
  Compensated levels[2];
  for (int side = 0; side < 2; ++side) levels[side].add(samples[side].weight(0) / totals[side]);
  double before = 0.0;
  Compensated cost;
  while (next[0] < samples[0].count && next[1] < samples[1].count) {
    const int side = levels[0].value() <= levels[1].value() ? 0 : 1;
    const double level = levels[side].value();
    const double distance = samples[0].values[next[0]] - samples[1].values[next[1]];
    cost.add(std::max(level - before, 0.0) * (distance * distance));
    before = std::max(level, before);
    if (++next[side] < samples[side].count) levels[side].add(samples[side].weight(next[side]) / totals[side]);
  }
  return std::sqrt(std::max(cost.value(), 0.0));
}

}  // namespace tally
