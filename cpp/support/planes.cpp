// Adding splits a value into three digits. Rounding takes the highest 64 bits of a sum, the last of which also stands
// for all behind it: they round as the whole would.
#include "support/planes.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <vector>

#include "support/dispatch.h"
#include "support/exact_sum.h"

namespace tally {
namespace {

constexpr int64_t kDigit = 0xffffffff;

// `digits` hold numbers in [0, 2^32); the highest of them is not 0 unless all are.
double rounded(const uint64_t* digits, int count, int first) {
  int top = count - 1;
  while (top > 0 && !digits[top]) --top;
  if (!digits[top]) return 0.0;
  const uint64_t middle = top > 0 ? digits[top - 1] : 0;
  const uint64_t low = top > 1 ? digits[top - 2] : 0;
  uint64_t leading = (digits[top] << 32) | middle;
  const int shift = __builtin_clzll(leading);
  uint64_t rest = low << shift << 32;
  if (shift) leading = (leading << shift) | (low >> (32 - shift));
  for (int i = top - 3; i >= 0 && !rest; --i) rest = digits[i];
  if (rest) leading |= 1;
  const int exponent = 32 * (top - 1 + first) - shift;
  const int lost = -1074 - exponent;
  // A subnormal number has fewer digits than the 53 that a conversion keeps.
  if (lost > 11) {
    if (lost > 64) return 0.0;
    const uint64_t kept = lost < 64 ? leading >> lost : 0;
    const uint64_t half = uint64_t{1} << (lost - 1);
    const uint64_t left = leading & (half | (half - 1));
    return std::ldexp(static_cast<double>(kept + (left > half || (left == half && kept % 2))), -1074);
  }
  return std::ldexp(static_cast<double>(leading), exponent);
}

double rounded_cell(const int64_t* const* planes, int count, int first, int64_t cell) {
  // The carry out of the highest plane takes up to two digits.
  uint64_t digits[kMostPlanes + 2];
  int64_t carried = 0;
  for (int i = 0; i < count; ++i) {
    const int64_t digit = planes[i][cell];
    const int64_t low = (digit & kDigit) + (carried & kDigit);
    digits[i] = static_cast<uint64_t>(low & kDigit);
    carried = (digit >> 32) + (carried >> 32) + (low >> 32);
  }
  const bool negative = carried < 0;
  digits[count] = static_cast<uint64_t>(carried & kDigit);
  digits[count + 1] = static_cast<uint64_t>((carried >> 32) & kDigit);
  if (negative) {
    uint64_t carry = 1;
    for (int i = 0; i < count + 2; ++i) {
      const uint64_t digit = (~digits[i] & static_cast<uint64_t>(kDigit)) + carry;
      digits[i] = digit & static_cast<uint64_t>(kDigit);
      carry = digit >> 32;
    }
  }
  const double magnitude = rounded(digits, count + 2, first);
  return negative ? -magnitude : magnitude;
}

// Adds some values, or takes them away again; false, and nothing is done, if one of them cannot be added.
class FixedAddition {
 public:
  FixedAddition(int64_t* high, int64_t* low, const ArrayView& values) : high_(high), low_(low), values_(values) {}

  bool add(int64_t begin, int64_t end) const {
    for (int64_t first = begin; first < end; first += kBlockRows) {
      if (add_block<1>(first, std::min(kBlockRows, end - first))) continue;
      take_away(begin, first);
      return false;
    }
    return true;
  }
  void take_away(int64_t begin, int64_t end) const {
    for (int64_t first = begin; first < end; first += kBlockRows)
      add_block<-1>(first, std::min(kBlockRows, end - first));
  }

 private:
  template <int kSign>
  bool add_block(int64_t first, int64_t count) const {
    double numbers[kBlockRows];
    int64_t high[kBlockRows + kPad];
    int64_t low[kBlockRows + kPad];
    const double* source = numbers;
    if (values_.type == DType::kFloat64)
      source = reinterpret_cast<const double*>(values_.row(first));
    else
      kernels().convert->to_double(values_.row(first), values_.type, values_.row_stride, count, numbers);
    const FixedWeights found = kernels().label_pairs->fix_weights(source, count, 0x1p32, high, low_ ? low : nullptr);
    if (found.has_others) return false;
    for (int64_t i = 0; i < count; ++i) high_[first + i] += kSign * high[i];
    for (int64_t i = 0; found.has_low && i < count; ++i) low_[first + i] += kSign * low[i];
    return true;
  }

  int64_t* high_;
  int64_t* low_;
  const ArrayView& values_;
};

}  // namespace

Addition add_fixed(int64_t* high, int64_t* low, const ArrayView& values, int threads, const StopFunction& stop) {
  constexpr int64_t kChunk = int64_t{1} << 17;
  const FixedAddition addition(high, low, values);
  if (values.rows <= kChunk) return addition.add(0, values.rows) ? Addition::kAdded : Addition::kRefused;
  std::vector<char> done(static_cast<size_t>((values.rows + kChunk - 1) / kChunk));
  const auto chunks = static_cast<int64_t>(done.size());
  std::atomic<bool> refused{false};
  const auto end_of = [&](int64_t index) { return std::min(values.rows, (index + 1) * kChunk); };
  const auto add = [&](int, int64_t index) {
    if (refused.load()) return;
    done[static_cast<size_t>(index)] = addition.add(index * kChunk, end_of(index));
    if (!done[static_cast<size_t>(index)]) refused.store(true);
  };
  const bool finished = for_each_chunk(chunks, threads, add, stop);
  if (finished && !refused.load()) return Addition::kAdded;
  const auto undo = [&](int, int64_t index) {
    if (done[static_cast<size_t>(index)]) addition.take_away(index * kChunk, end_of(index));
  };
  for_each_chunk(chunks, threads, undo, [] { return false; });
  return finished ? Addition::kRefused : Addition::kInterrupted;
}

bool add_to_planes(int64_t* const* planes, int count, int first, const double* values, int64_t cells) {
  bool fits = true;
  for (int64_t cell = 0; cell < cells; ++cell) {
    const Digits digits = split_digits(values ? values[cell] : 1.0);
    for (int i = 0; i < 3; ++i) {
      if (!digits.digit[i]) continue;
      const int plane = digits.first + i - first;
      if (plane >= 0 && plane < count)
        planes[plane][cell] += digits.digit[i];
      else
        fits = false;
    }
  }
  return fits;
}

void carry_planes(int64_t* const* planes, int count, int64_t cells) {
  constexpr int64_t kCells = 2048;  // of two planes: half of the L1 cache
  for (int64_t begin = 0; begin < cells; begin += kCells) {
    const int64_t end = std::min(begin + kCells, cells);
    for (int i = 0; i + 1 < count; ++i) {
      int64_t* const low = planes[i];
      int64_t* const high = planes[i + 1];
      for (int64_t cell = begin; cell < end; ++cell) {
        high[cell] += low[cell] >> 32;
        low[cell] &= kDigit;
      }
    }
  }
}

void round_sums(const int64_t* const* planes, int count, int first, int64_t cells, double* sums) {
  constexpr int64_t kSmall = int64_t{1} << 30;
  const double unit = std::ldexp(1.0, 32 * first);
  const bool is_short = count <= 2 && first >= -4 && first <= 4;
  for (int64_t cell = 0; cell < cells; ++cell) {
    const int64_t low = planes[0][cell];
    const int64_t high = is_short && count == 2 ? planes[1][cell] : 0;
    // What fits an integer is rounded by its conversion.
    const bool fits = low > -(kSmall << 32) && low < kSmall << 32 && high > -kSmall && high < kSmall;
    sums[cell] = is_short && fits ? static_cast<double>(high * (kDigit + 1) + low) * unit
                                  : rounded_cell(planes, count, first, cell);
  }
}

}  // namespace tally
