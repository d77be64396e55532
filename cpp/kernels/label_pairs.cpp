// The kernels of labels: pairs, their margins, and weights in fixed point.
#include "kernels/pair_counts.h"

namespace {

using tally::DType;

inline Ints load_labels(const int64_t* labels, Longs last, Longs* signs) {
  constexpr int kHalf = kLanesOf<Ints> / 2;
  const Longs halves[] = {load<Longs>(labels), load<Longs>(labels + kHalf)};
  for (const Longs half : halves) *signs |= half | (last - half);
  return even_lanes((Ints)halves[0], (Ints)halves[1], AllLanes<Ints>{});
}

inline Ints load_labels(const int32_t* labels, Ints last, Ints* signs) {
  const Ints vector = load<Ints>(labels);
  *signs |= vector | (last - vector);
  return vector;
}

// of_true[i] = y_true[i], or classes + y_true[i] if y_pred[i] differs; of_predicted[i] = 2 * classes + y_pred[i] if it
// does, else 3 * classes.
template <class Labels, class Label>
bool margins(const Label* y_true, const Label* y_pred, int64_t count, uint32_t classes, uint32_t* of_true,
             uint32_t* of_predicted) {
  constexpr int kInts = kLanesOf<Ints>;
  const Labels last = splat<Labels>(static_cast<Label>(classes) - 1);
  const Ints missed = splat<Ints>(static_cast<int32_t>(classes));
  const Ints falsely = missed + missed;
  const Ints nothing = falsely + missed;
  Labels signs = {};
  int64_t i = 0;
  for (; i + kInts <= count; i += kInts) {
    fetch_ahead(y_true, i, count);
    fetch_ahead(y_pred, i, count);
    const Ints truth = load_labels(y_true + i, last, &signs);
    const Ints predicted = load_labels(y_pred + i, last, &signs);
    const Ints hit = truth == predicted;
    store(of_true + i, truth + (~hit & missed));
    store(of_predicted + i, hit ? nothing : predicted + falsely);
  }
  bool inside = true;
  for (int lane = 0; lane < kLanesOf<Labels>; ++lane) inside &= signs[lane] >= 0;
  for (; i < count; ++i) {
    inside &= static_cast<uint64_t>(y_true[i]) < classes && static_cast<uint64_t>(y_pred[i]) < classes;
    const bool hit = y_true[i] == y_pred[i];
    of_true[i] = static_cast<uint32_t>(y_true[i]) + (hit ? 0 : classes);
    of_predicted[i] = hit ? 3 * classes : 2 * classes + static_cast<uint32_t>(y_pred[i]);
  }
  return inside;
}

// Adding 1.5 * 2^52 rounds to an integer and leaves it in the low bits.
constexpr double kRounding = 0x1.8p52;

template <bool kLow>
tally::FixedWeights fix(const double* weights, int64_t count, double scale, int64_t* high, int64_t* low) {
  const Doubles rounding = splat<Doubles>(kRounding);
  const Doubles least = splat<Doubles>(-0x1p51);
  const Doubles bound = splat<Doubles>(0x1p51);
  Doubles greatest = {};
  Longs lows = {};
  Longs others = {};
  for (int64_t i = 0; i < count; i += kDoubles) {
    Doubles weight = {};
    if (i + kDoubles <= count)
      weight = load<Doubles>(weights + i);
    else
      std::memcpy(&weight, weights + i, static_cast<size_t>(count - i) * sizeof(double));
    const Doubles value = weight * scale;
    const Doubles shifted = value + rounding;
    const Doubles whole = shifted - rounding;
    const Doubles rest = (value - whole) * 0x1p32;
    const Doubles shifted_rest = rest + rounding;
    const Longs fits = (value > least) & (value < bound) & (kLow ? shifted_rest - rounding == rest : rest == Doubles{});
    const Longs integers = ((Longs)shifted - (Longs)rounding) & fits;
    const Doubles magnitude = whole < Doubles{} ? -whole : whole;
    greatest = fits & (magnitude > greatest) ? magnitude : greatest;
    others |= ~fits;
    std::memcpy(high + i, &integers, sizeof integers);
    if (kLow) {
      const Longs low_integers = ((Longs)shifted_rest - (Longs)rounding) & fits;
      lows |= low_integers;
      std::memcpy(low + i, &low_integers, sizeof low_integers);
    }
  }
  tally::FixedWeights result = {greatest_lane(greatest), false, false};
  for (int lane = 0; lane < kDoubles; ++lane) {
    result.has_low |= lows[lane] != 0;
    result.has_others |= others[lane] != 0;
  }
  return result;
}

// Most weights are integers of the first grid; false if some are not.
bool fix_plainly(const double* weights, int64_t count, double scale, int64_t* integers, double* greatest) {
  const Doubles rounding = splat<Doubles>(kRounding);
  Doubles most = {};
  Longs others = {};
  const auto fix_some = [&](Doubles weight, int64_t* target) {
    const Doubles value = weight * scale;
    const Doubles shifted = value + rounding;
    others |= shifted - rounding != value;
    const Longs magnitude = (Longs)value & INT64_MAX;
    most = greater_of(load<Doubles>(&magnitude), most);
    store(target, (Longs)shifted - (Longs)rounding);
  };
  int64_t i = 0;
  for (; i + kDoubles <= count; i += kDoubles) fix_some(load<Doubles>(weights + i), integers + i);
  if (i < count) {
    Doubles rest = {};
    std::memcpy(&rest, weights + i, static_cast<size_t>(count - i) * sizeof(double));
    fix_some(rest, integers + i);
  }
  *greatest = greatest_lane(most);
  return !any_lane(others) && *greatest < 0x1p51;
}

tally::FixedWeights fix_weights(const double* weights, int64_t count, double scale, int64_t* high, int64_t* low) {
  double greatest;
  if (fix_plainly(weights, count, scale, high, &greatest)) return {greatest, false, false};
  return (low ? fix<true> : fix<false>)(weights, count, scale, high, low);
}

// Adding a power of two rounds what is smaller to its last digit.
template <class T>
bool are_multiples(const T* weights, int64_t count, double least) {
  using Vector = typename Native<T>::Vector;
  using Mask = typename Native<T>::Mask;
  constexpr double kRange = sizeof(T) == 4 ? 0x1p23 : 0x1p52;
  constexpr auto kMagnitude = static_cast<typename Native<T>::Integer>(sizeof(T) == 4 ? INT32_MAX : INT64_MAX);
  constexpr int kLanesHere = kLanesOf<Vector>;
  const Vector power = splat<Vector>(static_cast<T>(least * kRange));
  const Vector bound = splat<Vector>(static_cast<T>(0x1p19));
  Mask others = {};
  for (int64_t i = 0; i < count; i += kLanesHere) {
    Vector weight = {};
    if (i + kLanesHere <= count)
      weight = load<Vector>(weights + i);
    else
      std::memcpy(&weight, weights + i, static_cast<size_t>(count - i) * sizeof(T));
    __builtin_prefetch(weights + i + 4096 / sizeof(T));
    const Mask bits = (Mask)weight & kMagnitude;
    const Vector magnitude = (Vector)bits;
    others |= ~(magnitude < bound) | ((magnitude < power) & ((magnitude + power) - power != magnitude));
  }
  return !any_lane(others);
}

template <class T>
int digits_of(const T* weights, int64_t count) {
  return are_multiples(weights, count, 0x1p-32) ? 1 : are_multiples(weights, count, 0x1p-64) ? 2 : 0;
}

int digits_below_ones(const char* weights, DType type, int64_t count) {
  if (type == DType::kFloat32) return digits_of(reinterpret_cast<const float*>(weights), count);
  return type == DType::kFloat64 ? digits_of(reinterpret_cast<const double*>(weights), count) : 0;
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_label_pair_kernels, TALLY_LEVEL)
extern "C" const tally::LabelPairKernels TALLY_TABLE;
const tally::LabelPairKernels TALLY_TABLE = {fix_weights,
                                             digits_below_ones,
                                             cells_of_integers<int64_t>,
                                             cells_of_integers<int32_t>,
                                             cells_u8,
                                             count_pairs<int64_t>,
                                             count_pairs<int32_t>,
                                             count_pairs<uint8_t>,
                                             margins<Longs, int64_t>,
                                             margins<Ints, int32_t>};
