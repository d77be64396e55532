// Distances between histogram rows: of their cumulative differences, along a line or around a circle.
#include "kernels/median.h"
#include "kernels/row_sums.h"

namespace {

using tally::HistogramForm;
using tally::kBlockRows;
using tally::MassPolicy;

constexpr double kInfinity = __builtin_inf();

// What rows are divided by; null: they are taken as they are.
struct Masses {
  const double* y_true = nullptr;
  const double* y_pred = nullptr;
};

// Lanes are rows: each sum is sequential along its row, and only their independence hides the latency of additions.
// The difference is taken before it is accumulated: two running sums of near-equal rows would cancel.
template <bool kScaled, bool kGaps, class T, class Power>
__attribute__((noinline)) void sums_of_powers(const PairedRows<T>& rows, const Masses& masses, const double* gaps,
                                              double* sums, Power power) {
  constexpr int kGroups = 2;
  constexpr int kRows = kGroups * kDoubles;
  for (int64_t r = 0; r < rows.rows; r += kRows) {
    const T* y_true[kRows];
    const T* y_pred[kRows];
    double true_mass[kRows];
    double pred_mass[kRows];
    const int count = static_cast<int>(rows.rows - r < kRows ? rows.rows - r : kRows);
    for (int lane = 0; lane < kRows; ++lane) {
      const int64_t row = r + (lane < count ? lane : 0);
      y_true[lane] = rows.y_true + row * rows.true_stride;
      y_pred[lane] = rows.y_pred + row * rows.pred_stride;
      if constexpr (kScaled) {
        true_mass[lane] = masses.y_true[row];
        pred_mass[lane] = masses.y_pred[row];
      }
    }
    Doubles difference[kGroups] = {};
    Doubles sum[kGroups] = {};
    int64_t i = 0;
    for (; i + kDoubles <= rows.width; i += kDoubles) {
      // The rows of a group follow each other in memory as a rule, and are walked side by side.
      for (int64_t line = 0; line < kRows * kDoubles; line += 64 / static_cast<int64_t>(sizeof(T))) {
        __builtin_prefetch(y_true[0] + i * kRows + kAhead<T> + line);
        __builtin_prefetch(y_pred[0] + i * kRows + kAhead<T> + line);
      }
      Doubles columns[kGroups][kDoubles];
      for (int group = 0; group < kGroups; ++group) {
        for (int lane = 0; lane < kDoubles; ++lane) {
          const int row = group * kDoubles + lane;
          if constexpr (kScaled)
            columns[group][lane] = load_doubles(y_true[row] + i) / splat<Doubles>(true_mass[row]) -
                                   load_doubles(y_pred[row] + i) / splat<Doubles>(pred_mass[row]);
          else
            columns[group][lane] = load_doubles(y_true[row] + i) - load_doubles(y_pred[row] + i);
        }
        transpose(columns[group]);
      }
      for (int column = 0; column < kDoubles; ++column)
        for (int group = 0; group < kGroups; ++group) {
          difference[group] += columns[group][column];
          if constexpr (kGaps)
            sum[group] += power(difference[group]) * splat<Doubles>(gaps[i + column]);
          else
            sum[group] += power(difference[group]);
        }
    }
    for (; i < rows.width; ++i)
      for (int row = 0; row < kRows; ++row) {
        double step;
        if constexpr (kScaled)
          step = static_cast<double>(y_true[row][i]) / true_mass[row] -
                 static_cast<double>(y_pred[row][i]) / pred_mass[row];
        else
          step = static_cast<double>(y_true[row][i]) - static_cast<double>(y_pred[row][i]);
        difference[row / kDoubles][row % kDoubles] += step;
        const double term = power(difference[row / kDoubles][row % kDoubles]);
        sum[row / kDoubles][row % kDoubles] += kGaps ? term * gaps[i] : term;
      }
    for (int row = 0; row < count; ++row) sums[r + row] = sum[row / kDoubles][row % kDoubles];
  }
}

template <class T, class Power>
void sums_along(const PairedRows<T>& rows, const Masses& masses, const double* gaps, double* sums, Power power) {
  if (masses.y_true && gaps) return sums_of_powers<true, true>(rows, masses, gaps, sums, power);
  if (masses.y_true) return sums_of_powers<true, false>(rows, masses, gaps, sums, power);
  if (gaps) return sums_of_powers<false, true>(rows, masses, gaps, sums, power);
  sums_of_powers<false, false>(rows, masses, gaps, sums, power);
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

// The mass of a row; NaN if an entry is negative or NaN, or the mass is not finite.
template <class T>
double mass_of(const T* row, int64_t width) {
  const double mass = sum_of_row(row, row, width, [](auto value, auto) {
    return select(value >= 0.0, value, splat<decltype(value)>(__builtin_nan("")));
  });
  return mass < kInfinity ? mass : __builtin_nan("");
}

bool is_refused(double true_mass, double pred_mass, const HistogramForm& form) {
  if (form.policy == MassPolicy::kNormalize) return !(true_mass > 0.0 && pred_mass > 0.0);
  const double greater = true_mass > pred_mass ? true_mass : pred_mass;
  return !(__builtin_fabs(true_mass - pred_mass) <= form.tolerance * greater);
}

template <class T>
void distances_of(const PairedRows<T>& rows, double order, const HistogramForm& form, const Masses& masses,
                  double* scratch, double* distances) {
  if (form.circular || (order != 1.0 && order != 2.0)) {
    for (int64_t r = 0; r < rows.rows; ++r) {
      const Pair<T> pair = pair_of(rows, masses, r);
      distances[r] =
          form.circular ? around_circle(pair, order, form.gaps, scratch) : power_mean(pair, order, form.gaps);
    }
    return;
  }
  const double whole = form.gaps ? 1.0 : static_cast<double>(rows.width);
  if (order == 1.0) {
    sums_along(rows, masses, form.gaps, distances, [](auto difference) { return absolute(difference); });
    for (int64_t r = 0; r < rows.rows; ++r) distances[r] /= whole;
  } else {
    sums_along(rows, masses, form.gaps, distances, [](auto difference) { return difference * difference; });
    for (int64_t r = 0; r < rows.rows; ++r) distances[r] = __builtin_sqrt(distances[r] / whole);
  }
}

template <class T>
void earth_movers(const PairedRows<T>& rows, double order, const HistogramForm& form, double* scratch,
                  double* distances) {
  if (form.policy == MassPolicy::kAsIs) return distances_of(rows, order, form, Masses{}, scratch, distances);
  double true_mass[kBlockRows];
  double pred_mass[kBlockRows];
  for (int64_t r = 0; r < rows.rows; ++r) {
    true_mass[r] = mass_of(rows.y_true + r * rows.true_stride, rows.width);
    pred_mass[r] = mass_of(rows.y_pred + r * rows.pred_stride, rows.width);
  }
  const bool normalize = form.policy == MassPolicy::kNormalize;
  distances_of(rows, order, form, normalize ? Masses{true_mass, pred_mass} : Masses{}, scratch, distances);
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
