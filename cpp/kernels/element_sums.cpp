// Exact sums of errors and of values straight from the arrays: no column is written and read again between.
#include "kernels/equal_counts.h"
#include "kernels/float_errors.h"
#include "kernels/spread_errors.h"

namespace {

// Bounds of a block's values: magnitudes are below 2^high, and those that are not 0 at least 2^low.
struct Bounds {
  int64_t high;
  int64_t low;
  bool known;  // false: a value is infinite, no number or subnormal
};

constexpr int64_t kNoValue = 500;

// Gathers bounds in lanes of the arrays' own type. Where remainders are summed, they tell whether one is no number.
template <bool kFine, class T>
struct Range {
  using Vector = typename Native<T>::Vector;
  using Mask = typename Native<T>::Mask;
  static constexpr int kDigits = sizeof(T) == 4 ? 23 : 52;
  static constexpr int64_t kBias = sizeof(T) == 4 ? 127 : 1023;
  static constexpr auto kMagnitude = static_cast<typename Native<T>::Integer>(sizeof(T) == 4 ? INT32_MAX : INT64_MAX);

  Vector greatest = {};
  Vector least = splat<Vector>(static_cast<T>(__builtin_inf()));
  Mask unordered = {};

  inline void add(Vector value) {
    const Mask bits = load<Mask>(&value) & kMagnitude;
    const Vector magnitude = load<Vector>(&bits);
    greatest = magnitude > greatest ? magnitude : greatest;
    const Mask zeros = bits == 0;
    // All bits set are no number, which is not less than anything.
    const Mask own = bits | zeros;
    const Vector candidate = load<Vector>(&own);
    least = candidate < least ? candidate : least;
    if constexpr (!kFine) unordered |= value != value;
  }

  static int64_t exponent(T magnitude) {
    typename Native<T>::Integer bits;
    std::memcpy(&bits, &magnitude, sizeof bits);
    return (bits >> kDigits) - kBias;
  }

  // `rounded` numbers stand for others that they may exceed.
  Bounds bounds(bool rounded) const {
    const T largest = greatest_lane(greatest);
    const int64_t most = exponent(largest);
    const int64_t fewest = exponent(least_lane(least));
    if (largest == T(0)) return {-kNoValue, kNoValue, !any_lane(unordered)};
    return {most + 1, fewest - rounded, !any_lane(unordered) && most <= kBias && fewest > -kBias};
  }
};

// A running sum that starts at 1.5 * 2^k and stays in its binade rounds each value to a multiple of 2^(k - 52); what
// that leaves of the values is added up apart (Dekker's fast two-sum). Neither sum is rounded if values are small and
// digits few enough: a lane takes at most 2^8 values, and remainders are below 2^(k - 52).
template <bool kFine>
struct GridSum {
  static constexpr int64_t kCoarse = 52;
  static constexpr int64_t kFinest = kFine ? 97 : kCoarse;
  static constexpr int64_t kHeadroom = 9;  // k less a bound of the values
  Doubles high[2];
  Doubles low = {};

  explicit GridSum(int64_t k) : high{splat<Doubles>(1.5 * power_of_two(k)), splat<Doubles>(1.5 * power_of_two(k))} {}

  // Two values at once; `next` is close to value + high.
  inline void add(Doubles value, Doubles other) { add(value, value + high[0], other, other + high[1]); }
  inline void add(Doubles value, Doubles next, Doubles other, Doubles other_next) {
    if constexpr (kFine) low += (value - (next - high[0])) + (other - (other_next - high[1]));
    high[0] = next;
    high[1] = other_next;
  }

  ElementSum sum(int64_t k) const {
    ElementSum result = {true, {0, 0}, {k - kCoarse, k - 97}};
    const Doubles start = splat<Doubles>(1.5 * power_of_two(k));
    const Longs bits = load<Longs>(&start);
    result.units[0] = sum_of_lanes((load<Longs>(&high[0]) - bits) + (load<Longs>(&high[1]) - bits));
    if constexpr (kFine) {
      const Doubles units = low * power_of_two(kFinest - k);
      result.exact = !any_lane(units != units);
      for (int lane = 0; result.exact && lane < kDoubles; ++lane) result.units[1] += static_cast<int64_t>(units[lane]);
    }
    return result;
  }
};

// Errors of both arrays, or the elements of one.
template <class T, bool kPaired>
struct Elements {
  using Vector = typename Native<T>::Vector;
  const T* y_true;
  const T* y_pred;

  inline Vector rounded(int64_t i) const {
    if constexpr (kPaired) return load<Vector>(y_true + i) - load<Vector>(y_pred + i);
    return load<Vector>(y_pred + i);
  }
  inline Doubles exact(int64_t i) const {
    if constexpr (kPaired)
      return multiply_add(load_doubles(y_pred + i), splat<Doubles>(-1.0), load_doubles(y_true + i));
    return load_doubles(y_pred + i);
  }
  inline void prefetch(int64_t i) const {
    if constexpr (kPaired) __builtin_prefetch(y_true + i + kAhead<T>);
    __builtin_prefetch(y_pred + i + kAhead<T>);
  }
};

template <unsigned kWanted, bool kFine, class T, bool kPaired>
struct Scan {
  static constexpr bool kRounds = kPaired && sizeof(T) == 4;
  static constexpr int kStep = 2 * kDoubles;
  Range<kFine, T> range;
  GridSum<kFine> first;
  GridSum<kFine> squares;

  Scan(int64_t k_first, int64_t k_squares) : first(k_first), squares(k_squares) {}

  inline void step(const Elements<T, kPaired>& elements, int64_t i) {
    for (int part = 0; part < kStep; part += kLanesOf<typename Native<T>::Vector>)
      range.add(elements.rounded(i + part));
    const Doubles left = elements.exact(i);
    const Doubles right = elements.exact(i + kDoubles);
    if constexpr (kWanted & kItself) first.add(left, right);
    if constexpr (kWanted & kMagnitudes) first.add(magnitude(left), magnitude(right));
    if constexpr (kWanted & kSquares)
      squares.add(left * left, multiply_add(left, left, squares.high[0]), right * right,
                  multiply_add(right, right, squares.high[1]));
  }
};

// Adds up all elements with the grids given, and says what grids they need.
template <unsigned kWanted, bool kFine, class T, bool kPaired>
__attribute__((noinline)) Bounds scan(const Elements<T, kPaired>& elements, int64_t count, int64_t k_first,
                                      int64_t k_squares, ElementSum* first, ElementSum* squares) {
  using Own = Scan<kWanted, kFine, T, kPaired>;
  constexpr int64_t kStep = Own::kStep;
  constexpr int64_t kLine = 64 / static_cast<int64_t>(sizeof(T)) > kStep ? 64 / static_cast<int64_t>(sizeof(T)) : kStep;
  Own own(k_first, k_squares);
  int64_t i = 0;
  for (; i + kLine <= count; i += kLine) {
    for (int64_t at = 0; at < kLine; at += 64 / static_cast<int64_t>(sizeof(T))) elements.prefetch(i + at);
    for (int64_t at = 0; at < kLine; at += kStep) own.step(elements, i + at);
  }
  for (; i < count; i += kStep) {
    T rest[2][kStep] = {};
    const auto bytes = static_cast<size_t>(count - i < kStep ? count - i : kStep) * sizeof(T);
    if (kPaired) std::memcpy(rest[0], elements.y_true + i, bytes);
    std::memcpy(rest[1], elements.y_pred + i, bytes);
    own.step({rest[0], rest[1]}, 0);
  }
  Bounds bounds = own.range.bounds(Own::kRounds);
  if (kWanted & ~static_cast<unsigned>(kSquares)) {
    *first = own.first.sum(k_first);
    bounds.known &= first->exact;
  }
  if (kWanted & kSquares) {
    *squares = own.squares.sum(k_squares);
    bounds.known &= squares->exact;
  }
  return bounds;
}

// Values below 2^high whose last digit is 2^last or more.
template <bool kFine>
inline bool lie_on(int64_t k, int64_t high, int64_t last) {
  constexpr int64_t kLeast = -900;
  constexpr int64_t kGreatest = 1000;
  return k >= kLeast && k <= kGreatest && high <= k - GridSum<kFine>::kHeadroom && last >= k - GridSum<kFine>::kFinest;
}

template <unsigned kWanted>
inline bool errors_lie_on(int64_t k_first, int64_t k_squares, const Bounds& bounds) {
  return bounds.known && (!(kWanted & kMagnitudes) || lie_on<true>(k_first, bounds.high, bounds.low - 52)) &&
         (!(kWanted & kSquares) || lie_on<true>(k_squares, 2 * bounds.high, 2 * bounds.low - 52));
}

// Where one block lies on no grid, a few of the next are not tried.
template <class Try>
inline bool lies_on_grid(SumGrid* grid, Try attempt) {
  constexpr int kPeriod = 4;
  if (grid->misses % kPeriod == 0 && attempt()) {
    grid->misses = 0;
    return true;
  }
  ++grid->misses;
  return false;
}

template <unsigned kWanted, class T>
bool sums_of_errors(const T* y_true, const T* y_pred, int64_t count, SumGrid* grid, ElementSum* magnitudes,
                    ElementSum* squares) {
  constexpr int64_t kRoom = GridSum<true>::kHeadroom;
  constexpr int kPeriod = 64;
  int64_t high = grid->exponent;
  const auto of_spread = [&] {
    return sums_of_spread<kWanted>(y_true, y_pred, count, grid->exponent, magnitudes, squares);
  };
  // Once in a while, whether a single grid would do.
  if (grid->spread && ++grid->misses % kPeriod && of_spread()) return true;
  grid->spread = false;
  if constexpr (sizeof(T) == 4) {
    int64_t k = 2 * high + kRoom;
    if (lies_on_grid(grid, [&] { return sums_on_grid<kWanted>(y_true, y_pred, count, &k, magnitudes, squares); }))
      return true;
  }
  const Elements<T, true> elements = {y_true, y_pred};
  Bounds bounds = scan<kWanted, true>(elements, count, high + kRoom, 2 * high + kRoom, magnitudes, squares);
  const bool found = errors_lie_on<kWanted>(high + kRoom, 2 * high + kRoom, bounds);
  if (bounds.known && bounds.high > -kNoValue) grid->exponent = bounds.high;
  if (found) return true;
  high = bounds.high;
  if (errors_lie_on<kWanted>(high + kRoom, 2 * high + kRoom, bounds)) {
    bounds = scan<kWanted, true>(elements, count, high + kRoom, 2 * high + kRoom, magnitudes, squares);
    if (errors_lie_on<kWanted>(high + kRoom, 2 * high + kRoom, bounds)) return true;
  }
  return grid->spread = bounds.known && of_spread();
}

template <class T>
bool errors(const T* y_true, const T* y_pred, int64_t count, SumGrid* grid, ElementSum* magnitudes,
            ElementSum* squares) {
  if (!squares) return sums_of_errors<kMagnitudes>(y_true, y_pred, count, grid, magnitudes, squares);
  if (!magnitudes) return sums_of_errors<kSquares>(y_true, y_pred, count, grid, magnitudes, squares);
  return sums_of_errors<(kMagnitudes | kSquares)>(y_true, y_pred, count, grid, magnitudes, squares);
}

template <bool kFine, class T>
bool sum_of_values(const T* values, int64_t count, int64_t k, ElementSum* sum, Bounds* bounds) {
  const Elements<T, false> elements = {nullptr, values};
  *bounds = scan<kItself, kFine>(elements, count, k, k, sum, nullptr);
  return bounds->known && lie_on<kFine>(k, bounds->high, bounds->low - Range<kFine, T>::kDigits);
}

template <class T>
bool values(const T* elements, int64_t count, SumGrid* grid, ElementSum* sum) {
  constexpr int64_t kDigits = sizeof(T) == 4 ? 23 : 52;
  int64_t k = grid->exponent;
  Bounds bounds = {};
  const bool found = grid->fine ? sum_of_values<true>(elements, count, k, sum, &bounds)
                                : sum_of_values<false>(elements, count, k, sum, &bounds);
  if (!found && bounds.high + GridSum<true>::kHeadroom > k) k = bounds.high + GridSum<true>::kHeadroom;
  grid->fine = !lie_on<false>(k, bounds.high, bounds.low - kDigits);
  if (found || !bounds.known) return found;
  if (grid->fine && !lie_on<true>(k, bounds.high, bounds.low - kDigits)) k = bounds.high + GridSum<true>::kHeadroom;
  if (!lie_on<true>(k, bounds.high, bounds.low - kDigits)) return false;
  grid->exponent = k;
  return grid->fine ? sum_of_values<true>(elements, count, k, sum, &bounds)
                    : sum_of_values<false>(elements, count, k, sum, &bounds);
}

template <class T>
constexpr tally::ElementSumFunctions<T> functions(decltype(tally::ElementSumFunctions<T>::long_errors) long_sums) {
  return {errors<T>, long_sums, values<T>, count_equal<T>, count_binary_equal<T>};
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_element_sum_kernels, TALLY_LEVEL)
extern "C" const tally::ElementSumKernels TALLY_TABLE;
const tally::ElementSumKernels TALLY_TABLE = {functions<float>(long_errors), functions<double>(nullptr),
                                              count_equal_integers};
