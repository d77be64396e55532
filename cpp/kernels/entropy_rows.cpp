// One value for each pair of rows: cross-entropies, the Kullback-Leibler divergence and Poisson's likelihood.
#include "kernels/exponential.h"
#include "kernels/logarithm.h"
#include "kernels/row_sums.h"

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

// -log p of the label 1 and -log(1 - p) of the label 0 in one logarithm: 1 - p is rounded, and what that loses is added
// to first order.
template <class Double>
inline Double surprise(Double is_one, Double probability) {
  const auto one = is_one == 1.0;
  const Double argument = select(one, probability, 1.0 - probability);
  const Double lost = select(one, Double{}, ((1.0 - argument) - probability) / argument);
  return -(logarithm_of_clipped(argument) + lost);
}

struct BinaryCrossentropy {
  double keep;
  double share;

  // A hard label's other term is 0 times a finite number: leaving it out changes no bit.
  template <class Double>
  inline Double operator()(Double y_true, Double y_pred) const {
    const Double probability = clipped(y_pred, kEpsilon, 1.0 - kEpsilon);
    if (share == 0.0 && all_lanes((y_true == 0.0) | (y_true == 1.0))) return surprise(y_true, probability);
    const Double target = y_true * keep + share;
    return target * surprise(splat<Double>(1.0), probability) + (1.0 - target) * surprise(Double{}, probability);
  }
};

struct BinaryCrossentropyOfLogits {
  double keep;
  double share;

  // max(x, 0) - x y + log(1 + exp(-|x|)), where the first two are |x| times the target's distance from the predicted
  // class: nothing cancels, and an infinite logit on the right side costs 0.
  template <class Double>
  inline Double operator()(Double y_true, Double logit) const {
    const Double target = y_true * keep + share;
    const Double distance = select(logit > 0.0, 1.0 - target, target);
    const Double magnitude = absolute(logit);
    return select(distance == 0.0, Double{}, magnitude * distance) + logarithm_of_one_plus(exponential(-magnitude));
  }
};

template <class T>
void binary_crossentropy(const PairedRows<T>& rows, double smoothing, double* means) {
  means_of_rows(rows, BinaryCrossentropy{1.0 - smoothing, 0.5 * smoothing}, means);
}

template <class T>
void binary_crossentropy_of_logits(const PairedRows<T>& rows, double smoothing, double* means) {
  means_of_rows(rows, BinaryCrossentropyOfLogits{1.0 - smoothing, 0.5 * smoothing}, means);
}

struct Divergence {
  template <class Double>
  inline Double operator()(Double y_true, Double y_pred) const {
    const Double target = clipped(y_true, kEpsilon, 1.0);
    return target * logarithm_of_clipped(target / clipped(y_pred, kEpsilon, 1.0));
  }
};

template <class T>
void kl_divergence(const PairedRows<T>& rows, double, double* sums) {
  sums_of_rows(rows, Divergence{}, sums);
}

struct PoissonLoss {
  template <class Double>
  inline Double operator()(Double y_true, Double y_pred) const {
    return y_pred - y_true * natural_logarithm(y_pred + kEpsilon);
  }
};

template <class T>
void poisson(const PairedRows<T>& rows, double, double* means) {
  means_of_rows(rows, PoissonLoss{}, means);
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

// Short one-hot rows need one logarithm each: those of many rows are taken in vectors.
template <class T>
void crossentropy_of_short_rows(const PairedRows<T>& rows, const double* normalizers, const TargetLogarithm& value,
                                double* losses) {
  double targets[tally::kBlockRows];
  double scores[tally::kBlockRows];
  bool is_one_hot[tally::kBlockRows];
  const int width = static_cast<int>(rows.width);
  for (int64_t r = 0; r < rows.rows; ++r) {
    const T* y_true = rows.y_true + r * rows.true_stride;
    const T* y_pred = rows.y_pred + r * rows.pred_stride;
    const int place = only_target(y_true, width);
    is_one_hot[r] = place >= 0;
    targets[r] = is_one_hot[r] ? static_cast<double>(y_true[place]) : 0.0;
    scores[r] = is_one_hot[r] ? static_cast<double>(y_pred[place]) : 1.0;
  }
  int64_t r = 0;
  for (; r + kDoubles <= rows.rows; r += kDoubles)
    store(losses + r, -value.of(load<Doubles>(targets + r), load<Doubles>(scores + r), load<Doubles>(normalizers + r)));
  for (; r < rows.rows; ++r) losses[r] = -value.of(targets[r], scores[r], normalizers[r]);
  for (r = 0; r < rows.rows; ++r) {
    if (is_one_hot[r]) continue;
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
