// Which limbs exact sums of weights touch.
#include "pass/weight_limbs.h"

#include <algorithm>
#include <vector>

#include "support/dispatch.h"
#include "support/exact_sum.h"

namespace tally {
namespace {

using Limbs = std::pair<int64_t, int64_t>;

constexpr int64_t kChunkRows = int64_t{1} << 17;
constexpr Limbs kOnes = {kUnitLimb, kUnitLimb};

Limbs wider(const Limbs& left, const Limbs& right) {
  if (left.first < 0 || right.first < 0) return left.first < 0 ? left : right;
  return {std::min(left.first, right.first), std::max(left.second, right.second)};
}

// One weight after the other.
Limbs limbs_of_digits(const double* weights, int64_t begin, int64_t count) {
  Limbs limbs = kOnes;
  for (int64_t i = 0; i < count; ++i) {
    if (!(weights[i] - weights[i] == 0.0)) return {-1, begin + i};
    const Digits digits = split_digits(weights[i]);
    for (int digit = 0; digit < 3; ++digit) {
      const int64_t limb = digits.first + digit;
      if (digits.digit[digit]) limbs = wider(limbs, {limb, limb});
    }
  }
  return limbs;
}

Limbs limbs_of_block(const ArrayView& weights, int64_t begin, int64_t count) {
  const bool floating = is_floating(weights.type);
  const int digits = weights.row_stride == size_of(weights.type)
                         ? kernels().label_pairs->digits_below_ones(weights.row(begin), weights.type, count)
                         : 0;
  if (digits) return {kUnitLimb - digits, kUnitLimb};
  double buffer[kBlockRows];
  int64_t high[kBlockRows + kPad];
  int64_t low[kBlockRows + kPad];
  const double scale = floating ? 0x1p32 : 1.0;
  kernels().convert->to_double(weights.row(begin), weights.type, weights.row_stride, count, buffer);
  const FixedWeights found = kernels().label_pairs->fix_weights(buffer, count, scale, high, floating ? low : nullptr);
  if (found.has_others || found.greatest >= 0x1p31 * scale) return limbs_of_digits(buffer, begin, count);
  return floating ? Limbs{kUnitLimb - (found.has_low ? 2 : 1), kUnitLimb} : kOnes;
}

Limbs limbs_of_rows(const ArrayView& weights, int64_t begin, int64_t end) {
  Limbs limbs = kOnes;
  for (; begin < end && limbs.first >= 0; begin += kBlockRows)
    limbs = wider(limbs, limbs_of_block(weights, begin, std::min(kBlockRows, end - begin)));
  return limbs;
}

}  // namespace

Limbs limbs_of(const ArrayView& weights, int threads, const StopFunction& interrupted) {
  if (!is_floating(weights.type) && size_of(weights.type) < 8) return kOnes;
  if (weights.rows <= kChunkRows) return limbs_of_rows(weights, 0, weights.rows);
  std::vector<Limbs> found(static_cast<size_t>((weights.rows + kChunkRows - 1) / kChunkRows), kOnes);
  const auto chunk = [&](int, int64_t index) {
    const int64_t end = std::min(weights.rows, (index + 1) * kChunkRows);
    found[static_cast<size_t>(index)] = limbs_of_rows(weights, index * kChunkRows, end);
  };
  if (!for_each_chunk(static_cast<int64_t>(found.size()), threads, chunk, interrupted)) return {0, -1};
  Limbs limbs = kOnes;
  for (const Limbs& other : found) limbs = wider(limbs, other);
  return limbs;
}

}  // namespace tally
