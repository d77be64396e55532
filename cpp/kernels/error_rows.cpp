// One value for each pair of rows: hinges, and errors that are relative, logarithmic or bounded.
#include "kernels/exponential.h"
#include "kernels/logarithm.h"
#include "kernels/row_sums.h"

namespace {

// The greater of both, NaN if `value` is.
template <class Double>
inline Double at_least(Double value, double low) {
  return select(value < low, splat<Double>(low), value);
}

struct HingeLoss {
  // Label 0 stands for -1.
  template <class Double>
  inline Double operator()(Double y_true, Double y_pred) const {
    const Double sign = select(y_true == 0.0, splat<Double>(-1.0), y_true);
    return at_least(1.0 - sign * y_pred, 0.0);
  }
};

template <class T>
void hinge(const PairedRows<T>& rows, double, double* means) {
  means_of_rows(rows, HingeLoss{}, means);
}

struct SquaredHingeLoss {
  template <class Double>
  inline Double operator()(Double y_true, Double y_pred) const {
    const Double loss = HingeLoss{}(y_true, y_pred);
    return loss * loss;
  }
};

template <class T>
void squared_hinge(const PairedRows<T>& rows, double, double* means) {
  means_of_rows(rows, SquaredHingeLoss{}, means);
}

// The greatest of (1 - y_true) * y_pred in a row; NaN if there is one.
template <class T>
double greatest_of_others(const T* y_true, const T* y_pred, int64_t width) {
  const auto other = [](auto target, auto score) { return (1.0 - target) * score; };
  Doubles greatest = splat<Doubles>(-__builtin_inf());
  Doubles unordered = {};
  int64_t i = 0;
  for (; i + kDoubles <= width; i += kDoubles) {
    const Doubles value = other(load_doubles(y_true + i), load_doubles(y_pred + i));
    greatest = select(value > greatest, value, greatest);
    unordered = select(value == value, unordered, value);
  }
  double result = greatest_lane(greatest);
  double nan = sum_of_lanes(unordered);
  for (; i < width; ++i) {
    const double value = other(static_cast<double>(y_true[i]), static_cast<double>(y_pred[i]));
    result = select(value > result, value, result);
    nan = select(value == value, nan, value);
  }
  return result + nan;
}

template <class T>
void categorical_hinge(const PairedRows<T>& rows, double, double* losses) {
  sums_of_rows(rows, [](auto y_true, auto y_pred) { return y_true * y_pred; }, losses);
  for (int64_t r = 0; r < rows.rows; ++r) {
    const double others =
        greatest_of_others(rows.y_true + r * rows.true_stride, rows.y_pred + r * rows.pred_stride, rows.width);
    losses[r] = at_least(others - losses[r] + 1.0, 0.0);
  }
}

struct PercentageError {
  template <class Double>
  inline Double operator()(Double y_true, Double y_pred) const {
    return 100.0 * (absolute(y_true - y_pred) / at_least(absolute(y_true), kEpsilon));
  }
};

template <class T>
void percentage_error(const PairedRows<T>& rows, double, double* means) {
  means_of_rows(rows, PercentageError{}, means);
}

struct SquaredLogarithmicError {
  // |log(1 + a) - log(1 + b)| = log(1 + |a - b| / (1 + the lesser)): one logarithm, and near values do not cancel.
  template <class Double>
  inline Double operator()(Double y_true, Double y_pred) const {
    const Double first = at_least(y_true, kEpsilon);
    const Double second = at_least(y_pred, kEpsilon);
    const auto greater = first > second;
    const Double high = select(greater, first, second);
    const Double low = select(greater, second, first);
    const Double error = logarithm_of_one_plus((high - low) / (1.0 + low));
    return error * error;
  }
};

template <class T>
void squared_logarithmic_error(const PairedRows<T>& rows, double, double* means) {
  means_of_rows(rows, SquaredLogarithmicError{}, means);
}

struct LogarithmOfCosh {
  // cosh x - 1 = (1 - exp(-|x|))^2 / (2 exp(-|x|)) does not cancel near 0; beyond kFar, log cosh x is |x| - log 2.
  template <class Double>
  inline Double operator()(Double y_true, Double y_pred) const {
    constexpr double kFar = 20.0;
    const Double magnitude = absolute(y_pred - y_true);
    const auto near = magnitude < kFar;
    const Double exponent = select(near, -magnitude, splat<Double>(-kFar));
    const Double fall = exponential_less_one(exponent);
    const Double value = logarithm_of_one_plus(fall * fall / (2.0 * exponential(exponent)));
    return select(near, value, magnitude - (kLn2High + kLn2Low));
  }
};

template <class T>
void log_cosh(const PairedRows<T>& rows, double, double* means) {
  means_of_rows(rows, LogarithmOfCosh{}, means);
}

struct HuberLoss {
  double delta;

  template <class Double>
  inline Double operator()(Double y_true, Double y_pred) const {
    const Double magnitude = absolute(y_true - y_pred);
    return select(magnitude <= delta, 0.5 * (magnitude * magnitude), delta * magnitude - 0.5 * (delta * delta));
  }
};

template <class T>
void huber(const PairedRows<T>& rows, double delta, double* means) {
  means_of_rows(rows, HuberLoss{delta}, means);
}

struct RelativeError {
  const double* normalizers;

  inline double normalizer(double) const { return *normalizers; }
  inline Doubles normalizer(Doubles) const { return load<Doubles>(normalizers); }
  template <class Double>
  inline Double operator()(Double y_true, Double y_pred) const {
    const Double divisor = normalizer(y_true);
    const auto is_zero = divisor == 0.0;
    const Double ratio = absolute(y_pred - y_true) / select(is_zero, splat<Double>(1.0), divisor);
    return select(is_zero, splat<Double>(0.0), ratio);
  }
};

inline RelativeError from_column(const RelativeError& value, int64_t column) { return {value.normalizers + column}; }

template <class T>
void relative_error(const PairedRows<T>& rows, const double* normalizers, double* means) {
  // Short rows are mapped as one, up to so many elements.
  constexpr int64_t kElements = tally::kBlockRows;
  double repeated[kElements];
  if (rows.width < kLanes) {
    const int64_t elements = rows.rows * rows.width;
    for (int64_t i = 0; i < rows.width; ++i) repeated[i] = normalizers[i];
    for (int64_t i = rows.width; i < kElements && i < elements; ++i) repeated[i] = repeated[i - rows.width];
    normalizers = repeated;
  }
  means_of_rows(rows, RelativeError{normalizers}, means);
}

template <class T>
constexpr tally::ErrorFunctions<T> functions() {
  return {hinge<T>,    squared_hinge<T>, categorical_hinge<T>, percentage_error<T>, squared_logarithmic_error<T>,
          log_cosh<T>, huber<T>,         relative_error<T>};
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_error_row_kernels, TALLY_LEVEL)
extern "C" const tally::ErrorRowKernels TALLY_TABLE;
const tally::ErrorRowKernels TALLY_TABLE = {functions<float>(), functions<double>()};
