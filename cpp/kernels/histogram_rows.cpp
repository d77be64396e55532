// Distances between histogram rows: of their cumulative differences, along a line or around a circle.
#include "kernels/histogram_strips.h"
#include "kernels/median.h"

namespace {

using tally::HistogramForm;
using tally::kBlockRows;
using tally::kPad;
using tally::MassPolicy;

constexpr double kInfinity = __builtin_inf();

// What rows are divided by; null: they are taken as they are.
struct Masses {
  const double* y_true = nullptr;
  const double* y_pred = nullptr;
};

template <class Mass>
inline Mass finite(Mass mass) {
  return select(mass < kInfinity, mass, splat<Mass>(__builtin_nan("")));
}

// The mass of a row; NaN if an entry is negative or NaN, or the mass is not finite.
template <class T>
double mass_of(const T* row, int64_t width) {
  const double mass = sum_of_row(row, row, width, [](auto value, auto) {
    return select(value >= 0.0, value, splat<decltype(value)>(__builtin_nan("")));
  });
  return finite(mass);
}

// The sums of powers of rows narrower than a vector.
template <class T, class Power>
double narrow_sum(const T* y_true, const T* y_pred, int64_t width, double ratio, const double* gaps, Power power) {
  double difference = 0.0;
  double sum = 0.0;
  for (int64_t i = 0; i < width; ++i) {
    difference += static_cast<double>(y_true[i]) * ratio - static_cast<double>(y_pred[i]);
    const double term = power(difference);
    sum += gaps ? term * gaps[i] : term;
  }
  return sum;
}

// What a strip of rows is asked for. The difference is taken before it is accumulated: two running sums of near-equal
// rows would cancel.
template <bool kScaled, bool kGaps, class T, class Power>
struct StripDistances {
  const Strip<T>& y_true;
  const Strip<T>& y_pred;
  int64_t width;
  bool is_read;  // y_true was asked for while its masses were summed up
  Doubles masses[2][kGroups];

  Doubles ratio(int group) const { return masses[1][group] / masses[0][group]; }

  __attribute__((flatten)) void sum_plain(const double* gaps, Power power, Doubles* result) const {
    DifferenceSums<kGaps, Power> sums(gaps, power);
    double ratios[kStripRows];
    if constexpr (kScaled)
      for (int group = 0; group < kGroups; ++group) store(ratios + group * kDoubles, ratio(group));
    for_each_column(
        width,
        [&](int lane, int64_t column) {
          if (!is_read && lane == 0) prefetch_strip(y_true, column);
          if (lane == 0) prefetch_strip(y_pred, column);
          const Doubles one = load_doubles(y_true.rows[lane] + column);
          const Doubles other = load_doubles(y_pred.rows[lane] + column);
          if constexpr (kScaled) return one * splat<Doubles>(ratios[lane]) - other;
          return one - other;
        },
        [&](int64_t column, const Doubles* steps) {
          for (int group = 0; group < kGroups; ++group) sums.add(column, group, steps[group]);
        });
    for (int group = 0; group < kGroups; ++group) result[group] = sums.sums[group];
  }

  void sum_with_wide_masses(const double* gaps, Power power, Doubles* result) {
    if (!wide_masses<false, true>(y_true, width, masses[0])) wide_masses<true, false>(y_true, width, masses[0]);
    if (!wide_masses<false, false>(y_pred, width, masses[1])) wide_masses<true, false>(y_pred, width, masses[1]);
    sum_plain(gaps, power, result);
  }

  __attribute__((flatten)) void sum_with_kept_columns(const double* gaps, Power power, Doubles* result) {
    Doubles kept[2][kKeptWidth][kGroups];
    if (!keep_columns(y_true, width, kept[0], masses[0])) check_columns(width, kept[0], masses[0]);
    if (!keep_columns(y_pred, width, kept[1], masses[1])) check_columns(width, kept[1], masses[1]);
    DifferenceSums<kGaps, Power> sums(gaps, power);
    Doubles scales[kGroups];
    for (int group = 0; group < kGroups; ++group) scales[group] = kScaled ? ratio(group) : splat<Doubles>(1.0);
    for (int64_t column = 0; column < width; ++column)
      for (int group = 0; group < kGroups; ++group)
        sums.add(column, group, kept[0][column][group] * scales[group] - kept[1][column][group]);
    for (int group = 0; group < kGroups; ++group) result[group] = sums.sums[group];
  }
};

// Sums of powers of all rows, and masses if they are asked for; kScaled: of rows of y_true brought to the mass of
// y_pred.
template <bool kScaled, bool kGaps, class T, class Power>
__attribute__((noinline)) void sums_of_powers(const PairedRows<T>& rows, double* true_mass, double* pred_mass,
                                              const double* gaps, double* sums, Power power) {
  if (rows.width < kDoubles) {
    for (int64_t r = 0; r < rows.rows; ++r) {
      const T* y_true = rows.y_true + r * rows.true_stride;
      const T* y_pred = rows.y_pred + r * rows.pred_stride;
      if (true_mass) true_mass[r] = mass_of(y_true, rows.width);
      if (true_mass) pred_mass[r] = mass_of(y_pred, rows.width);
      sums[r] = narrow_sum(y_true, y_pred, rows.width, kScaled ? pred_mass[r] / true_mass[r] : 1.0, gaps, power);
    }
    return;
  }
  for (int64_t r = 0; r < rows.rows; r += kStripRows) {
    const int count = static_cast<int>(rows.rows - r < kStripRows ? rows.rows - r : kStripRows);
    const Strip<T> y_true(rows.y_true + r * rows.true_stride, rows.true_stride, count);
    const Strip<T> y_pred(rows.y_pred + r * rows.pred_stride, rows.pred_stride, count);
    StripDistances<kScaled, kGaps, T, Power> strip{y_true, y_pred, rows.width, true_mass != nullptr, {}};
    Doubles results[kGroups];
    if (!true_mass)
      strip.sum_plain(gaps, power, results);
    else if (rows.width < kKeptWidth)
      strip.sum_with_kept_columns(gaps, power, results);
    else
      strip.sum_with_wide_masses(gaps, power, results);
    // There is room behind the last row.
    for (int group = 0; group < kGroups; ++group) {
      const int64_t first = r + group * kDoubles;
      store(sums + first, results[group]);
      if (true_mass) store(true_mass + first, finite(strip.masses[0][group]));
      if (true_mass) store(pred_mass + first, finite(strip.masses[1][group]));
    }
  }
}

template <class T, class Power>
void sums_along(const PairedRows<T>& rows, bool scaled, double* true_mass, double* pred_mass, const double* gaps,
                double* sums, Power power) {
  if (scaled && gaps) return sums_of_powers<true, true>(rows, true_mass, pred_mass, gaps, sums, power);
  if (scaled) return sums_of_powers<true, false>(rows, true_mass, pred_mass, gaps, sums, power);
  if (gaps) return sums_of_powers<false, true>(rows, true_mass, pred_mass, gaps, sums, power);
  sums_of_powers<false, false>(rows, true_mass, pred_mass, gaps, sums, power);
}

// One pair of rows, each divided by its mass.
template <class T>
struct Pair {
  const T* y_true;
  const T* y_pred;
  double true_mass;
  double pred_mass;
  int64_t width;

  double step(int64_t i) const {
    return static_cast<double>(y_true[i]) / true_mass - static_cast<double>(y_pred[i]) / pred_mass;
  }
};

template <class T>
Pair<T> pair_of(const PairedRows<T>& rows, const Masses& masses, int64_t r) {
  return {rows.y_true + r * rows.true_stride, rows.y_pred + r * rows.pred_stride,
          masses.y_true ? masses.y_true[r] : 1.0, masses.y_pred ? masses.y_pred[r] : 1.0, rows.width};
}

// (sum of |d|^order * gap)^(1 / order), or of the mean without gaps, scaled by the greatest |d| that counts: powers of
// small differences underflow.
template <class T>
double power_mean(const Pair<T>& pair, double order, const double* gaps) {
  double greatest = 0.0;
  double difference = 0.0;
  for (int64_t i = 0; i < pair.width; ++i) {
    difference += pair.step(i);
    const double magnitude = !gaps || gaps[i] > 0.0 ? __builtin_fabs(difference) : 0.0;
    greatest = greatest >= magnitude ? greatest : magnitude;
  }
  if (difference != difference) return difference;
  if (greatest == 0.0 || greatest == kInfinity) return greatest;
  double sum = 0.0;
  difference = 0.0;
  for (int64_t i = 0; i < pair.width; ++i) {
    difference += pair.step(i);
    const double gap = gaps ? gaps[i] : 1.0;
    if (gap > 0.0) sum += __builtin_pow(__builtin_fabs(difference) / greatest, order) * gap;
  }
  return greatest * __builtin_pow(gaps ? sum : sum / static_cast<double>(pair.width), 1.0 / order);
}

// The least power mean, of order 1 or 2, over all places where the circle may be cut: of differences to their median,
// or mean (Rabin, Delon, Gousseau 2011). `scratch` has room for two rows.
template <class T>
double around_circle(const Pair<T>& pair, double order, const double* gaps, double* scratch) {
  const int64_t width = pair.width;
  double* weights = scratch + width;
  double difference = 0.0;
  double circumference = 0.0;
  for (int64_t i = 0; i < width; ++i) {
    difference += pair.step(i);
    scratch[i] = difference;
    if (gaps) circumference += weights[i] = gaps[i];
  }
  if (!(__builtin_fabs(difference) < kInfinity)) return __builtin_fabs(difference);
  if (!gaps) circumference = static_cast<double>(width);
  double center;
  if (order == 1.0) {
    center = gaps ? weighted_median<true>(scratch, weights, width, circumference / 2)
                  : weighted_median<false>(scratch, nullptr, width, circumference / 2);
  } else {
    const double total =
        gaps ? sum_of_row(scratch, weights, width, [](auto value, auto weight) { return value * weight; })
             : sum_of_row(scratch, scratch, width, [](auto value, auto) { return value; });
    center = total / circumference;
  }
  const bool linear = order == 1.0;
  const auto power = [center, linear](auto value) {
    const auto rest = value - center;
    return linear ? absolute(rest) : rest * rest;
  };
  const double sum =
      gaps ? sum_of_row(scratch, weights, width, [power](auto value, auto weight) { return power(value) * weight; })
           : sum_of_row(scratch, scratch, width, [power](auto value, auto) { return power(value); });
  const double mean = gaps ? sum : sum / circumference;
  return linear ? mean : __builtin_sqrt(mean);
}

bool is_refused(double true_mass, double pred_mass, const HistogramForm& form) {
  if (form.policy == MassPolicy::kNormalize) return !(true_mass > 0.0 && pred_mass > 0.0);
  const double greater = true_mass > pred_mass ? true_mass : pred_mass;
  return !(__builtin_fabs(true_mass - pred_mass) <= form.tolerance * greater);
}

// Whether scaling by masses cannot overflow or lose digits.
bool is_moderate(double mass) { return mass > 0x1p-400 && mass < 0x1p400; }

// Of order 1 or 2 along a line; masses are null if nobody asks for them.
template <class T>
void straight_distances(const PairedRows<T>& rows, double order, const HistogramForm& form, double* true_mass,
                        double* pred_mass, double* distances) {
  const bool scaled = form.policy == MassPolicy::kNormalize;
  if (order == 1.0)
    sums_along(rows, scaled, true_mass, pred_mass, form.gaps, distances, [](auto step) { return absolute(step); });
  else
    sums_along(rows, scaled, true_mass, pred_mass, form.gaps, distances, [](auto step) { return step * step; });
  const double whole = form.gaps ? 1.0 : static_cast<double>(rows.width);
  for (int64_t r = 0; r < rows.rows; ++r) distances[r] /= whole;
  if (order != 1.0)
    for (int64_t r = 0; r < rows.rows; ++r) distances[r] = __builtin_sqrt(distances[r]);
  if (!scaled) return;
  for (int64_t r = 0; r < rows.rows; ++r) {
    // One bin is all of its row's mass, which scaling might miss by a rounding.
    distances[r] = rows.width == 1 ? 0.0 : distances[r] / pred_mass[r];
    if (!(is_moderate(true_mass[r]) && is_moderate(pred_mass[r])))
      distances[r] = power_mean(pair_of(rows, Masses{true_mass, pred_mass}, r), order, form.gaps);
  }
}

template <class T>
void bent_distances(const PairedRows<T>& rows, double order, const HistogramForm& form, const Masses& masses,
                    double* scratch, double* distances) {
  for (int64_t r = 0; r < rows.rows; ++r) {
    const Pair<T> pair = pair_of(rows, masses, r);
    distances[r] = form.circular ? around_circle(pair, order, form.gaps, scratch) : power_mean(pair, order, form.gaps);
  }
}

template <class T>
void earth_movers(const PairedRows<T>& rows, double order, const HistogramForm& form, double* scratch,
                  double* distances) {
  const bool is_straight = !form.circular && (order == 1.0 || order == 2.0);
  if (form.policy == MassPolicy::kAsIs) {
    if (is_straight) return straight_distances(rows, order, form, nullptr, nullptr, distances);
    return bent_distances(rows, order, form, Masses{}, scratch, distances);
  }
  double true_mass[kBlockRows + kPad];
  double pred_mass[kBlockRows + kPad];
  if (is_straight) {
    straight_distances(rows, order, form, true_mass, pred_mass, distances);
  } else {
    for (int64_t r = 0; r < rows.rows; ++r) {
      true_mass[r] = mass_of(rows.y_true + r * rows.true_stride, rows.width);
      pred_mass[r] = mass_of(rows.y_pred + r * rows.pred_stride, rows.width);
    }
    const bool normalize = form.policy == MassPolicy::kNormalize;
    bent_distances(rows, order, form, normalize ? Masses{true_mass, pred_mass} : Masses{}, scratch, distances);
  }
  for (int64_t r = 0; r < rows.rows; ++r)
    if (is_refused(true_mass[r], pred_mass[r], form)) distances[r] = __builtin_nan("");
}

template <class T>
void mean_error(const PairedRows<T>& rows, const double* bins, double* errors) {
  for (int64_t r = 0; r < rows.rows; ++r) {
    const T* y_true = rows.y_true + r * rows.true_stride;
    const T* y_pred = rows.y_pred + r * rows.pred_stride;
    int64_t i = 0;
    LaneSum sum;
    for (; i + kLanes <= rows.width; i += kLanes)
      for (int part = 0; part < LaneSum::kParts; ++part) {
        const int64_t at = i + part * kDoubles;
        sum.parts[part] += load<Doubles>(bins + at) * (load_doubles(y_true + at) - load_doubles(y_pred + at));
      }
    double total = sum.total();
    for (; i < rows.width; ++i) total += bins[i] * (static_cast<double>(y_true[i]) - static_cast<double>(y_pred[i]));
    errors[r] = __builtin_fabs(total);
  }
}

template <class T>
constexpr tally::HistogramFunctions<T> functions() {
  return {earth_movers<T>, mean_error<T>};
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_histogram_row_kernels, TALLY_LEVEL)
extern "C" const tally::HistogramRowKernels TALLY_TABLE;
const tally::HistogramRowKernels TALLY_TABLE = {functions<float>(), functions<double>()};
