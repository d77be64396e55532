// Logarithms of a column, and the exact sum of a block.
#include "kernels/grid_split.h"
#include "kernels/logarithm.h"
#include "kernels/table.h"
#include "kernels/vector.h"

namespace {

// In two steps, as loss_steps.h has it.
void logarithm(double* values, int64_t count) {
  constexpr int64_t kAtOnce = 32 * kDoubles;
  Logarithm<Doubles> kept[kAtOnce / kDoubles];
  int64_t i = 0;
  for (int64_t end = 0; i + kDoubles <= count; i = end) {
    end = i + (count - i < kAtOnce ? (count - i) / kDoubles * kDoubles : kAtOnce);
    Longs unusual = {};
    for (int64_t at = i; at < end; at += kDoubles) {
      const Doubles value = load<Doubles>(values + at);
      unusual |= ~((value >= kLeastNormal) & (value <= kLargest));
      kept[(at - i) / kDoubles] = Logarithm<Doubles>(value);
    }
    const bool ordinary = !any_lane(unusual);
    for (int64_t at = i; ordinary && at < end; at += kDoubles) store(values + at, kept[(at - i) / kDoubles].value());
    for (int64_t at = i; !ordinary && at < end; at += kDoubles)
      store(values + at, natural_logarithm(load<Doubles>(values + at)));
  }
  for (; i < count; ++i) values[i] = natural_logarithm(values[i]);
}

// What is summed: values, or their products with weights.
struct Values {
  const double* values;
  inline Doubles at(int64_t i) const { return load<Doubles>(values + i); }
  inline double one(int64_t i) const { return values[i]; }
};
struct Products {
  const double* values;
  const double* weights;
  inline Doubles at(int64_t i) const { return load<Doubles>(values + i) * load<Doubles>(weights + i); }
  inline double one(int64_t i) const { return values[i] * weights[i]; }
};

// False if the values do not lie on the grids.
template <int kGrids, class Source>
__attribute__((noinline)) bool split_sum(const Source& source, int64_t count, int64_t k, int64_t* sums) {
  using Parts = Split<kGrids>;
  Parts split(k);
  int64_t i = 0;
  for (; i + Parts::kChains * kDoubles <= count; i += Parts::kChains * kDoubles)
    for (int chain = 0; chain < Parts::kChains; ++chain) split.add(source.at(i + chain * kDoubles), chain);
  for (; i < count; i += kDoubles) {
    double rest[kDoubles] = {};
    for (int64_t lane = 0; lane < kDoubles && i + lane < count; ++lane) rest[lane] = source.one(i + lane);
    split.add(load<Doubles>(rest), 0);
  }
  return split.finish(i / kDoubles, sums);
}

// The least k whose grids hold values of this size.
template <class Source>
int64_t exponent_for(const Source& source, int64_t count) {
  Longs greatest = {};
  int64_t i = 0;
  for (; i + kDoubles <= count; i += kDoubles) {
    const Doubles value = source.at(i);
    const Longs bits = load<Longs>(&value) & INT64_MAX;
    greatest = greatest > bits ? greatest : bits;
  }
  int64_t most = 0;
  for (int lane = 0; lane < kDoubles; ++lane) most = most > greatest[lane] ? most : greatest[lane];
  for (; i < count; ++i) {
    const double value = source.one(i);
    const int64_t bits = load<int64_t>(&value) & INT64_MAX;
    most = most > bits ? most : bits;
  }
  return (most >> 52) - 1023 + 2;
}

// Tries as few grids as suited before, then more.
template <class Source>
bool split_by_guess(const Source& values, int64_t count, tally::SumGrid* grid, int64_t* sums) {
  const int64_t k = grid->exponent;
  if (!Split<tally::kSumGrids>::allows(k)) return false;
  // A try before this one, for another exponent, may have left sums that fewer grids do not write.
  std::memset(sums, 0, tally::kSumGrids * sizeof *sums);
  if (!grid->spread) {
    if (!grid->fine && split_sum<1>(values, count, k, sums)) return true;
    grid->fine = split_sum<2>(values, count, k, sums);
    if (grid->fine) return true;
  }
  if (!split_sum<tally::kSumGrids>(values, count, k, sums)) return false;
  grid->spread = sums[2] != 0 || sums[3] != 0;
  return true;
}

template <class Source>
bool sum_exactly(const Source& values, int64_t count, tally::SumGrid* grid, int64_t* sums) {
  if (split_by_guess(values, count, grid, sums)) return true;
  const int64_t exponent = exponent_for(values, count);
  if (exponent == grid->exponent) return false;
  grid->exponent = exponent;
  grid->fine = grid->spread = false;
  return split_by_guess(values, count, grid, sums);
}

bool exact_sums(const double* values, int64_t count, tally::SumGrid* grid, int64_t* sums) {
  return sum_exactly(Values{values}, count, grid, sums);
}

bool exact_products(const double* values, const double* weights, int64_t count, tally::SumGrid* grid, int64_t* sums) {
  return sum_exactly(Products{values, weights}, count, grid, sums);
}

int64_t first_not_finite(const double* values, int64_t count) {
  // Their products with 0 are no numbers, and neither is a sum of such.
  LaneSum zeros;
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int part = 0; part < LaneSum::kParts; ++part)
      zeros.parts[part] = multiply_add(load<Doubles>(values + i + part * kDoubles), Doubles{}, zeros.parts[part]);
  if (zeros.total() != 0.0) i = 0;
  for (; i < count; ++i)
    if (values[i] - values[i] != 0.0) return i;
  return -1;
}

// The upper 26 bits of a double (Dekker 1971); what is left has 26 bits too.
inline Doubles upper_half(Doubles value) {
  const Doubles scaled = value * 134217729.0;
  return scaled - (scaled - value);
}

inline Doubles product_error(Doubles left, Doubles right, Doubles product) {
  const Doubles left_high = upper_half(left);
  const Doubles right_high = upper_half(right);
  const Doubles left_low = left - left_high;
  const Doubles right_low = right - right_high;
  const Doubles error =
      left_low * right_low - (((product - left_high * right_high) - left_low * right_high) - left_high * right_low);
  // Near the end of the range the halves overflow; the product stands alone then.
  return error - error == 0.0 ? error : Doubles{};
}

inline Longs multiply_some(const double* left, const double* right, double* high, double* low) {
  const Doubles first = load<Doubles>(left);
  const Doubles second = load<Doubles>(right);
  const Doubles product = first * second;
  const Doubles error = product_error(first, second, product);
  store(high, product);
  store(low, error);
  return error != 0.0;
}

// Arithmetic of one rounding an operation, not a fused one: every instruction set gives the same errors.
bool multiply_exactly(const double* left, const double* right, int64_t count, double* high, double* low) {
  Longs inexact = {};
  int64_t i = 0;
  for (; i + kDoubles <= count; i += kDoubles) inexact |= multiply_some(left + i, right + i, high + i, low + i);
  if (i < count) {
    double rest[4][kDoubles] = {};
    const auto bytes = static_cast<size_t>(count - i) * sizeof(double);
    std::memcpy(rest[0], left + i, bytes);
    std::memcpy(rest[1], right + i, bytes);
    inexact |= multiply_some(rest[0], rest[1], rest[2], rest[3]);
    std::memcpy(high + i, rest[2], bytes);
    std::memcpy(low + i, rest[3], bytes);
  }
  int64_t any = 0;
  for (int lane = 0; lane < kDoubles; ++lane) any |= inexact[lane];
  return any != 0;
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_sum_kernels, TALLY_LEVEL)
extern "C" const tally::SumKernels TALLY_TABLE;
const tally::SumKernels TALLY_TABLE = {logarithm, exact_sums, exact_products, first_not_finite, multiply_exactly};
