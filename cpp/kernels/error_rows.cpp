// One value for each pair of rows: hinges, and errors that are relative, logarithmic or bounded.
#include "kernels/log_cosh.h"
#include "kernels/logarithm.h"
#include "kernels/loss_steps.h"

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
  using Kept = LogarithmOfQuotient<Doubles>;
  static constexpr double kHuge = 0x1p1000;

  static inline Doubles raised(Doubles value) { return greater_of(splat<Doubles>(kEpsilon), value); }

  // The difference of two logarithms is the one of a quotient, and near values do not cancel.
  inline Kept first(Doubles y_true, Doubles y_pred) const {
    const Doubles left = raised(y_true);
    const Doubles right = raised(y_pred);
    return Kept(1.0 + left, 1.0 + right, left - right);
  }
  inline Doubles second(const Kept& quotient, Doubles, Doubles) const {
    const Doubles error = quotient.value();
    return error * error;
  }
  inline Longs unusual(Doubles y_true, Doubles y_pred) const { return ~((y_true <= kHuge) & (y_pred <= kHuge)); }
  // |log(1 + a) - log(1 + b)| = log(1 + |a - b| / (1 + the lesser)).
  inline Doubles of_unusual(Doubles y_true, Doubles y_pred) const {
    const Doubles left = raised(y_true);
    const Doubles right = raised(y_pred);
    const Doubles error = logarithm_of_one_plus(absolute(left - right) / (1.0 + select(left > right, right, left)));
    return error * error;
  }
};

template <class T>
void squared_logarithmic_error(const PairedRows<T>& rows, double, double* means) {
  means_in_steps(rows, SquaredLogarithmicError{}, means);
}

template <class T>
void log_cosh(const PairedRows<T>& rows, double, double* means) {
  means_in_steps(rows, LogarithmOfCosh{}, means);
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
