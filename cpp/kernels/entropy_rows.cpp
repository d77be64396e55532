// One value for each pair of rows: cross-entropies, the Kullback-Leibler divergence and Poisson's likelihood.
#include "kernels/exponential.h"
#include "kernels/logarithm.h"
#include "kernels/loss_steps.h"
#include "kernels/row_columns.h"

namespace {

// NaN stays.
template <class Double>
inline Double clipped(Double value, double low, double high) {
  const Double raised = select(value < low, splat<Double>(low), value);
  return select(raised > high, splat<Double>(high), raised);
}

// Of values in the normal range, or NaN.
template <class Double>
inline Double logarithm_of_clipped(Double value) {
  return select(value == value, logarithm_of_ordinary(value), value);
}

// log p of the label 1 and log(1 - p) of the label 0: near 1, the latter's fraction is -p, not what 1 - p was rounded
// to.
template <class Double>
inline Logarithm<Double> logarithm_of_label(Double is_one, Double probability) {
  const auto one = is_one == 1.0;
  return Logarithm<Double>(select(one, probability, 1.0 - probability), [&](Double exponent, Double fraction) {
    return select((exponent == 0.0) & ~one, -probability, fraction);
  });
}

inline Doubles clipped_probability(Doubles value) {
  return lesser_of(splat<Doubles>(1.0 - kEpsilon), greater_of(splat<Doubles>(kEpsilon), value));
}

struct BinaryCrossentropy {
  using Kept = Logarithm<Doubles>;

  inline Kept first(Doubles y_true, Doubles y_pred) const {
    return logarithm_of_label(y_true, clipped_probability(y_pred));
  }
  inline Doubles second(const Kept& logarithm, Doubles, Doubles) const { return -logarithm.value(); }
  // Soft labels take both logarithms.
  inline Longs unusual(Doubles y_true, Doubles y_pred) const {
    return ~(((y_true == 0.0) | (y_true == 1.0)) & (y_pred == y_pred));
  }
  inline Doubles of_unusual(Doubles y_true, Doubles y_pred) const {
    const Doubles probability = clipped_probability(y_pred);
    const Doubles of_one = logarithm_of_label(splat<Doubles>(1.0), probability).value();
    const Doubles of_zero = logarithm_of_label(Doubles{}, probability).value();
    // NaN stays.
    return y_pred == y_pred ? -(y_true * of_one + (1.0 - y_true) * of_zero) : y_pred;
  }
};

struct SmoothedBinaryCrossentropy {
  using Kept = Doubles;
  double keep;
  double share;

  inline Kept first(Doubles, Doubles y_pred) const { return y_pred; }
  inline Doubles second(const Kept&, Doubles y_true, Doubles y_pred) const {
    return BinaryCrossentropy{}.of_unusual(y_true * keep + share, y_pred);
  }
  inline Longs unusual(Doubles, Doubles) const { return Longs{}; }
  inline Doubles of_unusual(Doubles y_true, Doubles) const { return y_true; }
};

struct BinaryCrossentropyOfLogits {
  using Kept = Doubles;
  double keep;
  double share;

  inline Kept first(Doubles, Doubles logit) const { return exponential(-absolute(logit)); }
  // max(x, 0) - x y + log(1 + exp(-|x|)), where the first two are |x| times the target's distance from the predicted
  // class: nothing cancels, and an infinite logit on the right side costs 0.
  inline Doubles second(const Kept& power, Doubles y_true, Doubles logit) const {
    const Doubles target = y_true * keep + share;
    const Doubles distance = select(logit > 0.0, 1.0 - target, target);
    return select(distance == 0.0, Doubles{}, absolute(logit) * distance) + logarithm_of_one_plus(power);
  }
  inline Longs unusual(Doubles, Doubles) const { return Longs{}; }
  inline Doubles of_unusual(Doubles y_true, Doubles) const { return y_true; }
};

template <class T>
void binary_crossentropy(const PairedRows<T>& rows, double smoothing, double* means) {
  if (smoothing == 0.0) return means_in_steps(rows, BinaryCrossentropy{}, means);
  means_in_steps(rows, SmoothedBinaryCrossentropy{1.0 - smoothing, 0.5 * smoothing}, means);
}

template <class T>
void binary_crossentropy_of_logits(const PairedRows<T>& rows, double smoothing, double* means) {
  means_in_steps(rows, BinaryCrossentropyOfLogits{1.0 - smoothing, 0.5 * smoothing}, means);
}

struct Divergence {
  using Kept = LogarithmOfQuotient<Doubles>;

  static inline Doubles clipped_share(Doubles value) {
    return lesser_of(splat<Doubles>(1.0), greater_of(splat<Doubles>(kEpsilon), value));
  }
  inline Kept first(Doubles y_true, Doubles y_pred) const {
    const Doubles target = clipped_share(y_true);
    const Doubles share = clipped_share(y_pred);
    return Kept(target, share, target - share);
  }
  inline Doubles second(const Kept& quotient, Doubles y_true, Doubles) const {
    return clipped_share(y_true) * quotient.value();
  }
  inline Longs unusual(Doubles, Doubles) const { return Longs{}; }
  inline Doubles of_unusual(Doubles y_true, Doubles) const { return y_true; }
};

template <class T>
void kl_divergence(const PairedRows<T>& rows, double, double* sums) {
  sums_in_steps(rows, Divergence{}, sums);
}

struct PoissonLoss {
  using Kept = Logarithm<Doubles>;

  inline Kept first(Doubles, Doubles y_pred) const { return Kept(y_pred + kEpsilon); }
  inline Doubles second(const Kept& logarithm, Doubles y_true, Doubles y_pred) const {
    return y_pred - y_true * logarithm.value();
  }
  inline Longs unusual(Doubles, Doubles y_pred) const {
    const Doubles rate = y_pred + kEpsilon;
    return ~((rate >= kLeastNormal) & (rate <= kLargest));
  }
  inline Doubles of_unusual(Doubles y_true, Doubles y_pred) const {
    return y_pred - y_true * natural_logarithm(y_pred + kEpsilon);
  }
};

template <class T>
void poisson(const PairedRows<T>& rows, double, double* means) {
  means_in_steps(rows, PoissonLoss{}, means);
}

// target * log-probability, and 0 for a target of 0 whatever its probability.
struct TargetLogarithm {
  double keep;
  double share;
  double normalizer;
  bool from_logits;

  template <class Double>
  inline Double operator()(Double y_true, Double y_pred) const {
    return of(y_true, y_pred, normalizer);
  }
  template <class Double, class Normalizer>
  inline Double of(Double y_true, Double y_pred, Normalizer own_normalizer) const {
    const Double target = y_true * keep + share;
    const Double logarithm = from_logits
                                 ? y_pred - own_normalizer
                                 : logarithm_of_clipped(clipped(y_pred / own_normalizer, kEpsilon, 1.0 - kEpsilon));
    return select(target == 0.0, Double{}, target * logarithm);
  }
};

template <class T>
inline int count_of_targets(const T* y_true, int count) {
  int targets = 0;
  for (int lane = 0; lane < count; ++lane) targets += y_true[lane] != 0;
  return targets;
}

// Fewer elements than a vector holds, as one vector.
template <class T>
inline void add_rest(const T* y_true, const T* y_pred, int count, const TargetLogarithm& value, double* lanes) {
  T targets[kDoubles] = {};
  T scores[kDoubles] = {};
  for (int lane = 0; lane < count; ++lane) {
    targets[lane] = y_true[lane];
    scores[lane] = y_pred[lane];
  }
  const Doubles values = value(load_doubles(targets), load_doubles(scores));
  for (int lane = 0; lane < count; ++lane) lanes[lane] += values[lane];
}

// Most targets are one-hot: groups without a target cost no logarithm, and those with few one for each.
template <class T>
double crossentropy_of_row(const T* y_true, const T* y_pred, int64_t width, const TargetLogarithm& value) {
  constexpr int kFew = 2;
  double lanes[kLanes] = {};
  for (int64_t begin = 0; begin < width; begin += kLanes) {
    const int count = static_cast<int>(width - begin < kLanes ? width - begin : kLanes);
    const T* targets = y_true + begin;
    const T* scores = y_pred + begin;
    const int found = value.share != 0.0 ? kLanes : count_of_targets(targets, count);
    int lane = 0;
    if (found > kFew) {
      for (; lane + kDoubles <= count; lane += kDoubles)
        store(lanes + lane,
              load<Doubles>(lanes + lane) + value(load_doubles(targets + lane), load_doubles(scores + lane)));
      if (lane + 1 < count) {
        add_rest(targets + lane, scores + lane, count - lane, value, lanes + lane);
        lane = count;
      }
    }
    for (; found && lane < count; ++lane)
      if (value.share != 0.0 || targets[lane] != 0)
        lanes[lane] += value(static_cast<double>(targets[lane]), static_cast<double>(scores[lane]));
  }
  double total = 0.0;
  for (double lane : lanes) total += lane;
  return -total;
}

// Where the only target of a short row is, or -1 if it has none or several.
template <class T>
inline int only_target(const T* y_true, int width) {
  int found = 0;
  int place = 0;
  for (int i = 0; i < width; ++i) {
    const int is_target = y_true[i] != 0;
    found += is_target;
    place += is_target * i;
  }
  return found == 1 ? place : -1;
}

// The same of as many rows as a vector has lanes, of at least kQuarter<T> elements each.
template <class T>
inline void only_targets(const T* y_true, ptrdiff_t stride, int64_t width, int* places) {
  using Vector = typename Native<T>::Vector;
  using Mask = typename Native<T>::Mask;
  using Integer = typename Native<T>::Integer;
  Mask found = {};
  Mask place = {};
  for (int64_t i = 0; i < width; i += kQuarter<T>) {
    // The last columns overlap those before.
    const int64_t first = i + kQuarter<T> <= width ? i : width - kQuarter<T>;
    Vector columns[kQuarter<T>];
    load_columns(y_true + first, stride, columns);
    for (int64_t column = 0; column < kQuarter<T>; ++column) {
      if (first + column < i) continue;
      const Mask is_target = columns[column] != T(0);
      found -= is_target;
      place |= is_target & static_cast<Integer>(first + column);
    }
  }
  place = found == 1 ? place : splat<Mask>(Integer{-1});
  for (int lane = 0; lane < kLanesOf<Mask>; ++lane) places[lane] = static_cast<int>(place[lane]);
}

// Short one-hot rows need one logarithm each: those of many rows are taken in vectors.
template <class T>
void crossentropy_of_short_rows(const PairedRows<T>& rows, const double* normalizers, const TargetLogarithm& value,
                                double* losses) {
  double targets[tally::kBlockRows];
  double scores[tally::kBlockRows];
  int places[tally::kBlockRows];
  constexpr int kRows = kLanesOf<typename Native<T>::Vector>;
  int64_t r = 0;
  for (; rows.width >= kQuarter<T> && r + kRows <= rows.rows; r += kRows)
    only_targets(rows.y_true + r * rows.true_stride, rows.true_stride, rows.width, places + r);
  for (; r < rows.rows; ++r) places[r] = only_target(rows.y_true + r * rows.true_stride, static_cast<int>(rows.width));
  for (r = 0; r < rows.rows; ++r) {
    // Any element of a row with other targets, whose loss is found below.
    const int place = places[r] < 0 ? 0 : places[r];
    targets[r] = static_cast<double>(rows.y_true[r * rows.true_stride + place]);
    scores[r] = static_cast<double>(rows.y_pred[r * rows.pred_stride + place]);
  }
  r = 0;
  for (; r + kDoubles <= rows.rows; r += kDoubles)
    store(losses + r, -value.of(load<Doubles>(targets + r), load<Doubles>(scores + r), load<Doubles>(normalizers + r)));
  for (; r < rows.rows; ++r) losses[r] = -value.of(targets[r], scores[r], normalizers[r]);
  for (r = 0; r < rows.rows; ++r) {
    if (places[r] >= 0) continue;
    TargetLogarithm own = value;
    own.normalizer = normalizers[r];
    losses[r] =
        crossentropy_of_row(rows.y_true + r * rows.true_stride, rows.y_pred + r * rows.pred_stride, rows.width, own);
  }
}

template <class T>
void crossentropy(const PairedRows<T>& rows, const double* normalizers, double smoothing, bool from_logits,
                  double* losses) {
  const double share = smoothing / static_cast<double>(rows.width);
  if (rows.width <= kLanes && share == 0.0)
    return crossentropy_of_short_rows(rows, normalizers, {1.0, 0.0, 1.0, from_logits}, losses);
  for (int64_t r = 0; r < rows.rows; ++r)
    losses[r] = crossentropy_of_row(rows.y_true + r * rows.true_stride, rows.y_pred + r * rows.pred_stride, rows.width,
                                    TargetLogarithm{1.0 - smoothing, share, normalizers[r], from_logits});
}

template <class T>
constexpr tally::EntropyFunctions<T> functions() {
  return {binary_crossentropy<T>, binary_crossentropy_of_logits<T>, kl_divergence<T>, poisson<T>, crossentropy<T>};
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_entropy_row_kernels, TALLY_LEVEL)
extern "C" const tally::EntropyRowKernels TALLY_TABLE;
const tally::EntropyRowKernels TALLY_TABLE = {functions<float>(), functions<double>()};
