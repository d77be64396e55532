// One value for each pair of rows: plain errors, equality, distances between histograms.
#include "kernels/row_sums.h"

namespace {

template <class T>
void squared_error(const PairedRows<T>& rows, double* means) {
  means_of_rows(rows, [](auto y_true, auto y_pred) { return (y_true - y_pred) * (y_true - y_pred); }, means);
}

template <class T>
void absolute_error(const PairedRows<T>& rows, double* means) {
  means_of_rows(rows, [](auto y_true, auto y_pred) { return absolute(y_true - y_pred); }, means);
}

template <class T>
void equal(const PairedRows<T>& rows, double* means) {
  means_of_rows(rows, [](auto y_true, auto y_pred) { return indicator(y_true == y_pred); }, means);
}

template <class T>
void binary_equal(const PairedRows<T>& rows, double threshold, double* means) {
  means_of_rows(
      rows, [threshold](auto y_true, auto y_pred) { return indicator(y_true == indicator(y_pred > threshold)); },
      means);
}

template <class T>
void row_mean(const PairedRows<T>& rows, double* means) {
  means_of_rows(rows, [](auto, auto value) { return value; }, means);
}

// Lanes are rows: each sum is sequential along its row, and only their independence hides the latency of additions.
// The difference is taken before it is accumulated: two running sums of near-equal rows would cancel.
template <class T, class Power>
__attribute__((noinline)) void sums_of_powers(const PairedRows<T>& rows, double* sums, Power power) {
  constexpr int kGroups = 2;
  constexpr int kRows = kGroups * kDoubles;
  for (int64_t r = 0; r < rows.rows; r += kRows) {
    const T* y_true[kRows];
    const T* y_pred[kRows];
    const int count = static_cast<int>(rows.rows - r < kRows ? rows.rows - r : kRows);
    for (int lane = 0; lane < kRows; ++lane) {
      const int64_t row = r + (lane < count ? lane : 0);
      y_true[lane] = rows.y_true + row * rows.true_stride;
      y_pred[lane] = rows.y_pred + row * rows.pred_stride;
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
          columns[group][lane] = load_doubles(y_true[row] + i) - load_doubles(y_pred[row] + i);
        }
        transpose(columns[group]);
      }
      for (int column = 0; column < kDoubles; ++column)
        for (int group = 0; group < kGroups; ++group) {
          difference[group] += columns[group][column];
          sum[group] += power(difference[group]);
        }
    }
    for (; i < rows.width; ++i)
      for (int row = 0; row < kRows; ++row) {
        const double step = static_cast<double>(y_true[row][i]) - static_cast<double>(y_pred[row][i]);
        difference[row / kDoubles][row % kDoubles] += step;
        sum[row / kDoubles][row % kDoubles] += power(difference[row / kDoubles][row % kDoubles]);
      }
    for (int row = 0; row < count; ++row) sums[r + row] = sum[row / kDoubles][row % kDoubles];
  }
}

// (mean |d|^order)^(1 / order) of one row, scaled by the greatest |d|: powers of small differences underflow.
template <class T>
double power_mean(const T* y_true, const T* y_pred, int64_t width, double order) {
  double greatest = 0.0;
  double difference = 0.0;
  for (int64_t i = 0; i < width; ++i) {
    difference += static_cast<double>(y_true[i]) - static_cast<double>(y_pred[i]);
    const double magnitude = __builtin_fabs(difference);
    greatest = greatest >= magnitude ? greatest : magnitude;
  }
  if (difference != difference) return difference;
  if (greatest == 0.0 || greatest > 0x1.fffffffffffffp1023) return greatest;
  double sum = 0.0;
  difference = 0.0;
  for (int64_t i = 0; i < width; ++i) {
    difference += static_cast<double>(y_true[i]) - static_cast<double>(y_pred[i]);
    sum += __builtin_pow(__builtin_fabs(difference) / greatest, order);
  }
  return greatest * __builtin_pow(sum / static_cast<double>(width), 1.0 / order);
}

template <class T>
void earth_movers(const PairedRows<T>& rows, double order, double* distances) {
  const double width = static_cast<double>(rows.width);
  if (order == 1.0) {
    sums_of_powers(rows, distances, [](auto difference) { return absolute(difference); });
    for (int64_t r = 0; r < rows.rows; ++r) distances[r] /= width;
  } else if (order == 2.0) {
    sums_of_powers(rows, distances, [](auto difference) { return difference * difference; });
    for (int64_t r = 0; r < rows.rows; ++r) distances[r] = __builtin_sqrt(distances[r] / width);
  } else {
    for (int64_t r = 0; r < rows.rows; ++r)
      distances[r] =
          power_mean(rows.y_true + r * rows.true_stride, rows.y_pred + r * rows.pred_stride, rows.width, order);
  }
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
constexpr tally::RowFunctions<T> functions() {
  return {squared_error<T>, absolute_error<T>, equal<T>, binary_equal<T>, earth_movers<T>, mean_error<T>, row_mean<T>};
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_row_kernels, TALLY_LEVEL)
extern "C" const tally::RowKernels TALLY_TABLE;
const tally::RowKernels TALLY_TABLE = {functions<float>(), functions<double>()};
