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

// Rows are worked on by strips, with rows as lanes: each sum is sequential along its row, and only their independence
// hides the latency of additions.
constexpr int kGroups = 2;
constexpr int kStripRows = kGroups * kDoubles;

// The rows of a strip; behind the last row of all, the first stands in.
template <class T>
struct Strip {
  const T* rows[kStripRows];

  Strip(const T* data, ptrdiff_t stride, int count) {
    for (int lane = 0; lane < kStripRows; ++lane) rows[lane] = data + (lane < count ? lane : 0) * stride;
  }
};

// The rows of a strip follow each other in memory as a rule, and are walked side by side.
template <class T>
inline void prefetch_strip(const Strip<T>& strip, int64_t column) {
  for (int64_t line = 0; line < kStripRows * kDoubles; line += 64 / static_cast<int64_t>(sizeof(T)))
    __builtin_prefetch(strip.rows[0] + column * kStripRows + kAhead<T> + line);
}

// Calls `add(column, values)` for all columns in turn with the values of each group of rows, which
// `load_row(lane, column)` gives for kDoubles columns.
template <class Load, class Add>
inline void for_each_column(int64_t width, Load load_row, Add add) {
  const auto add_columns = [&](int64_t first, int64_t begin) {
    Doubles columns[kGroups][kDoubles];
    for (int group = 0; group < kGroups; ++group) {
      for (int lane = 0; lane < kDoubles; ++lane) columns[group][lane] = load_row(group * kDoubles + lane, first);
      transpose(columns[group]);
    }
    for (int64_t column = begin; column < kDoubles; ++column) {
      Doubles values[kGroups];
      for (int group = 0; group < kGroups; ++group) values[group] = columns[group][column];
      add(first + column, values);
    }
  };
  int64_t i = 0;
  for (; i + kDoubles <= width; i += kDoubles) add_columns(i, 0);
  // The last vectors overlap those before.
  if (i < width) add_columns(width - kDoubles, kDoubles - (width - i));
}

// Sums over columns of power(cumulative difference), for one strip of rows at least kDoubles wide; kScaled: of y_true
// times `ratios`. The difference is taken before it is accumulated: two running sums of near-equal rows would cancel.
template <bool kScaled, bool kGaps, class T, class Power>
inline void strip_sums(const Strip<T>& y_true, const Strip<T>& y_pred, int64_t width, const double* ratios,
                       const double* gaps, Power power, Doubles* sums) {
  Doubles difference[kGroups] = {};
  for_each_column(
      width,
      [&](int lane, int64_t column) {
        if (lane == 0) {
          if constexpr (!kScaled) prefetch_strip(y_true, column);
          prefetch_strip(y_pred, column);
        }
        const Doubles one = load_doubles(y_true.rows[lane] + column);
        const Doubles other = load_doubles(y_pred.rows[lane] + column);
        if constexpr (kScaled) return one * splat<Doubles>(ratios[lane]) - other;
        return one - other;
      },
      [&](int64_t column, const Doubles* steps) {
        for (int group = 0; group < kGroups; ++group) {
          difference[group] += steps[group];
          if constexpr (kGaps)
            sums[group] += power(difference[group]) * splat<Doubles>(gaps[column]);
          else
            sums[group] += power(difference[group]);
        }
      });
}

// The same for rows narrower than a vector.
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

// The mass of a row; NaN if an entry is negative or NaN, or the mass is not finite.
template <class T>
double mass_of(const T* row, int64_t width) {
  const double mass = sum_of_row(row, row, width, [](auto value, auto) {
    return select(value >= 0.0, value, splat<decltype(value)>(__builtin_nan("")));
  });
  return mass < kInfinity ? mass : __builtin_nan("");
}

// The same, for rows without a sign bit at least kLanes wide: a bit that is set sends a row to the function above.
template <class T>
inline double quick_mass(const T* row, int64_t width) {
  LaneSum sum;
  UnsignedLongs bits = {};
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) {
    for (int64_t at = i; at < i + kLanes; at += kVectorBytes / static_cast<int>(sizeof(T)))
      bits |= load<UnsignedLongs>(row + at);
    for (int part = 0; part < LaneSum::kParts; ++part) sum.parts[part] += load_doubles(row + i + part * kDoubles);
  }
  double total = sum.total();
  bool is_negative = false;
  for (; i < width; ++i) {
    total += static_cast<double>(row[i]);
    is_negative |= row[i] < 0;
  }
  constexpr uint64_t kSigns = sizeof(T) == 4 ? 0x8000000080000000u : 0x8000000000000000u;
  is_negative |= folded<kDoubles / 2>(bits & kSigns, [](auto one, auto other) { return one | other; })[0] != 0;
  if (is_negative) return mass_of(row, width);
  return total < kInfinity ? total : __builtin_nan("");
}

// Masses of a strip of rows narrower than two lanes, in sequence.
template <class T>
inline void narrow_masses(const Strip<T>& strip, int64_t width, int count, double* masses) {
  Doubles totals[kGroups] = {};
  Longs is_sound[kGroups];
  for (Longs& sound : is_sound) sound = splat<Longs>(int64_t{-1});
  for_each_column(
      width, [&](int lane, int64_t column) { return load_doubles(strip.rows[lane] + column); },
      [&](int64_t, const Doubles* values) {
        for (int group = 0; group < kGroups; ++group) {
          totals[group] += values[group];
          is_sound[group] &= values[group] >= 0.0;
        }
      });
  for (int lane = 0; lane < count; ++lane) {
    const double total = totals[lane / kDoubles][lane % kDoubles];
    const bool sound = is_sound[lane / kDoubles][lane % kDoubles] != 0 && total < kInfinity;
    masses[lane] = sound ? total : __builtin_nan("");
  }
}

template <class T>
inline void strip_masses(const Strip<T>& strip, int64_t width, int count, double* masses) {
  if (width >= kDoubles && width < 2 * kLanes) return narrow_masses(strip, width, count, masses);
  for (int lane = 0; lane < count; ++lane) {
    const T* row = strip.rows[lane];
    for (int64_t line = 0; line < width; line += 64 / static_cast<int64_t>(sizeof(T)))
      __builtin_prefetch(row + line + kAhead<T>);
    masses[lane] = width < kLanes ? mass_of(row, width) : quick_mass(row, width);
  }
}

// Sums of powers of all rows, and masses if they are asked for; kScaled: of rows of y_true brought to the mass of
// y_pred.
template <bool kScaled, bool kGaps, class T, class Power>
__attribute__((noinline)) void sums_of_powers(const PairedRows<T>& rows, double* true_mass, double* pred_mass,
                                              const double* gaps, double* sums, Power power) {
  for (int64_t r = 0; r < rows.rows; r += kStripRows) {
    const int count = static_cast<int>(rows.rows - r < kStripRows ? rows.rows - r : kStripRows);
    const Strip<T> y_true(rows.y_true + r * rows.true_stride, rows.true_stride, count);
    const Strip<T> y_pred(rows.y_pred + r * rows.pred_stride, rows.pred_stride, count);
    if (true_mass) {
      strip_masses(y_true, rows.width, count, true_mass + r);
      strip_masses(y_pred, rows.width, count, pred_mass + r);
    }
    double ratios[kStripRows];
    for (int lane = 0; lane < kStripRows; ++lane)
      ratios[lane] = kScaled && lane < count ? pred_mass[r + lane] / true_mass[r + lane] : 1.0;
    if (rows.width < kDoubles) {
      for (int lane = 0; lane < count; ++lane)
        sums[r + lane] = narrow_sum(y_true.rows[lane], y_pred.rows[lane], rows.width, ratios[lane], gaps, power);
      continue;
    }
    Doubles strip[kGroups] = {};
    strip_sums<kScaled, kGaps>(y_true, y_pred, rows.width, ratios, gaps, power, strip);
    for (int lane = 0; lane < count; ++lane) sums[r + lane] = strip[lane / kDoubles][lane % kDoubles];
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
    distances[r] /= pred_mass[r];
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
  double true_mass[kBlockRows];
  double pred_mass[kBlockRows];
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
