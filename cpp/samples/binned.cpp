// What a bin adds to the distance, by the signs that the CDF difference can have in it.
#include "samples/binned.h"

#include <algorithm>
#include <cmath>

#include "samples/compensated.h"

namespace tally {
namespace {

// One bin: the CDF difference before it, both populations' shares and those times their mean places.
struct Bin {
  double left;
  double share[2];
  double moment[2];
  bool single[2];  // at most one value

  double right() const { return left + share[0] - share[1]; }
  double place(int population) const { return share[population] > 0.0 ? moment[population] / share[population] : 0.0; }
};

struct Part {
  double lower = 0.0;
  double middle = 0.0;
  double excess = 0.0;  // of the upper bound over the lower
};

double total_of(const double* masses, int64_t bins) {
  Compensated total;
  for (int64_t bin = 0; bin < bins; ++bin) total.add(masses[bin]);
  return total.value();
}

// Calls `function(number, bin)` for all bins in turn.
template <class Function>
void for_each_bin(const BinnedSums& sums, Function function) {
  const double totals[2] = {total_of(sums.masses[0], sums.bins), total_of(sums.masses[1], sums.bins)};
  Compensated left;
  for (int64_t i = 0; i < sums.bins; ++i) {
    Bin bin;
    bin.left = left.value();
    for (int population = 0; population < 2; ++population) {
      const double mass = sums.masses[population][i];
      const double place = sums.places[population][i];
      bin.share[population] = mass / totals[population];
      bin.moment[population] = place / totals[population];
      bin.single[population] = place == 0.0 || (!sums.weighted && mass <= 1.0);
    }
    function(i, bin);
    if (bin.share[0] == bin.share[1]) continue;
    left.add(bin.share[0]);
    left.add(-bin.share[1]);
  }
}

// The integral of |difference| over a bin where each population has one value.
double two_jumps(const Bin& bin) {
  const double rising = bin.place(0);
  const double falling = bin.place(1);
  const double first = std::min(rising, falling);
  const double last = std::max(rising, falling);
  const double between = rising <= falling ? bin.left + bin.share[0] : bin.left - bin.share[1];
  return std::fabs(bin.left) * first + std::fabs(between) * (last - first) + std::fabs(bin.right()) * (1.0 - last);
}

// Within a bin the difference stays in [left - share 1, left + share 0]. If it cannot change its sign there, the bin's
// part follows from masses and mean places; else it exceeds that by at most twice the smaller of the areas that the
// bounds allow on the other side of zero, and is at most the greater bound.
Part part_of(const Bin& bin) {
  if (bin.single[0] && bin.single[1]) {
    const double known = two_jumps(bin);
    return {known, known, 0.0};
  }
  Part part;
  part.lower = std::fabs(bin.left + (bin.share[0] - bin.moment[0]) - (bin.share[1] - bin.moment[1]));
  part.middle = part.lower;
  const double above = bin.left + bin.share[0];
  const double below = bin.share[1] - bin.left;
  if (!(above > 0.0 && below > 0.0)) return part;
  const double most = std::min(part.lower + 2.0 * std::min(above, below), std::max(above, below));
  part.excess = std::max(most - part.lower, 0.0);
  // Where both ends differ in sign, a straight line between them; elsewhere a wandering line comes back as a rule.
  const double right = bin.right();
  if (bin.left * right < 0.0) {
    const double crossing = (bin.left * bin.left + right * right) / (2.0 * (std::fabs(bin.left) + std::fabs(right)));
    part.middle = std::clamp(crossing, part.lower, part.lower + part.excess);
  }
  return part;
}

// As samples are counted on the grid: to the nearest place.
int64_t bin_of(double position) { return static_cast<int64_t>(std::nearbyint(position * 0x1p32) * 0x1p-32); }

}  // namespace

Interval first_order(const BinnedSums& sums) {
  Compensated low;
  Compensated middle;
  Compensated excess;
  for_each_bin(sums, [&](int64_t, const Bin& bin) {
    const Part part = part_of(bin);
    low.add(part.lower);
    middle.add(part.middle);
    excess.add(part.excess);
  });
  const double least = low.value();
  const double most = least + excess.value();
  return {least, std::clamp(middle.value(), least, most), most};
}

void mark_open(const BinnedSums& sums, uint8_t* marks) {
  for_each_bin(sums, [&](int64_t i, const Bin& bin) { marks[i] = part_of(bin).excess > 0.0; });
}

double refined(const BinnedSums& sums, const SortedSamples samples[2]) {
  const double totals[2] = {total_of(sums.masses[0], sums.bins), total_of(sums.masses[1], sums.bins)};
  int64_t next[2] = {};
  Compensated distance;
  for_each_bin(sums, [&](int64_t i, const Bin& bin) {
    const Part part = part_of(bin);
    if (!(part.excess > 0.0)) return distance.add(part.lower);
    const double begin = static_cast<double>(i);
    double difference = bin.left;
    double at = begin;
    for (;;) {
      int population = -1;
      for (int one = 0; one < 2; ++one) {
        if (next[one] == samples[one].count || bin_of(samples[one].values[next[one]]) > i) continue;
        if (population < 0 || samples[one].values[next[one]] < samples[population].values[next[population]])
          population = one;
      }
      if (population < 0) break;
      const double position = samples[population].values[next[population]];
      distance.add(std::fabs(difference) * (position - at));
      const double share = samples[population].weight(next[population]) / totals[population];
      difference += population ? -share : share;
      at = position;
      ++next[population];
    }
    distance.add(std::fabs(difference) * (begin + 1.0 - at));
  });
  return distance.value();
}

// Each bin's mass at its mean is at most the root of the mean variance within bins away from the population itself.
Interval second_order(const BinnedSums& sums) {
  std::vector<double> positions[2];
  std::vector<double> masses[2];
  SortedSamples samples[2];
  double error = 0.0;
  for (int population = 0; population < 2; ++population) {
    const double* mass = sums.masses[population];
    const double* place = sums.places[population];
    Compensated spread;
    for (int64_t i = 0; i < sums.bins; ++i) {
      if (!(mass[i] > 0.0)) continue;
      const double mean = place[i] / mass[i];
      positions[population].push_back(static_cast<double>(i) + mean);
      masses[population].push_back(mass[i]);
      const bool single = place[i] == 0.0 || (!sums.weighted && mass[i] <= 1.0);
      if (!single) spread.add(mean * (1.0 - mean) * mass[i]);
    }
    samples[population] = {positions[population].data(), masses[population].data(),
                           static_cast<int64_t>(positions[population].size())};
    error += std::sqrt(std::max(spread.value(), 0.0) / total_of(mass, sums.bins));
  }
  const double distance = second_order(samples);
  return {std::max(distance - error, 0.0), distance, distance + error};
}

}  // namespace tally
