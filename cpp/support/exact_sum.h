// Exact sums of doubles: a fixed-point number wide enough for every double, in int64 limbs of 32 bits.
// A state is kSumWords int64 that grow by addition: limb i counts units of 2^(32 i - 1088); behind the limbs stand the
// numbers of NaN, +inf and -inf seen. After each commit the carries are propagated, so equal sums have equal bits.
#pragma once

#include <cstdint>
#include <cstring>

namespace tally {

constexpr int kLimbs = 68;
constexpr int kUnitLimb = 34;  // the limb that counts ones
constexpr int kSumWords = kLimbs + 3;
constexpr int64_t kLimbMask = 0xffffffff;
// A limb takes less than 2^32 an addition, so this many additions need no carry.
constexpr int64_t kAdditionsBeforeCarry = int64_t{1} << 30;

// A finite double as up to three digits of the limbs first, first + 1, first + 2.
struct Digits {
  int first;
  int64_t digit[3];
};

inline Digits split_digits(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, 8);
  const int biased = static_cast<int>(bits >> 52) & 0x7ff;
  uint64_t mantissa = bits & ((uint64_t{1} << 52) - 1);
  if (biased) mantissa |= uint64_t{1} << 52;
  const int offset = (biased ? biased - 1 : 0) - 1074 + 32 * kUnitLimb;
  const int shift = offset % 32;
  const uint64_t low = (mantissa & kLimbMask) << shift;
  const uint64_t high = ((mantissa >> 32) << shift) + (low >> 32);
  const int64_t sign = (bits >> 63) ? -1 : 1;
  return {offset / 32,
          {sign * static_cast<int64_t>(low & kLimbMask), sign * static_cast<int64_t>(high & kLimbMask),
           sign * static_cast<int64_t>(high >> 32)}};
}

inline void add_exactly(int64_t* words, double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, 8);
  if (((bits >> 52) & 0x7ff) == 0x7ff) {
    const bool infinite = (bits << 12) == 0;
    words[kLimbs + (infinite ? ((bits >> 63) ? 2 : 1) : 0)] += 1;
    return;
  }
  const Digits digits = split_digits(value);
  for (int i = 0; i < 3; ++i) words[digits.first + i] += digits.digit[i];
}

// Adds value * 2^exponent, for |value| < 2^62 and a result within the limbs.
inline void add_exactly(int64_t* words, int64_t value, int64_t exponent) {
  const int64_t offset = exponent + 32 * kUnitLimb;
  const int shift = static_cast<int>(offset % 32);
  const int64_t sign = value < 0 ? -1 : 1;
  const uint64_t magnitude = static_cast<uint64_t>(sign * value);
  const uint64_t low = (magnitude & kLimbMask) << shift;
  const uint64_t high = ((magnitude >> 32) << shift) + (low >> 32);
  int64_t* first = words + offset / 32;
  first[0] += sign * static_cast<int64_t>(low & kLimbMask);
  first[1] += sign * static_cast<int64_t>(high & kLimbMask);
  first[2] += sign * static_cast<int64_t>(high >> 32);
}

// Propagates carries: digits end in [0, 2^32) except the last limb, which keeps the sign.
inline void carry(int64_t* words) {
  // Most often there is nothing to carry, which vectors see at once.
  uint64_t bits = 0;
  for (int i = 0; i < kLimbs - 1; ++i) bits |= static_cast<uint64_t>(words[i]);
  if (!(bits >> 32)) return;
  int64_t carried = 0;
  for (int i = 0; i < kLimbs - 1; ++i) {
    const int64_t limb = words[i] + carried;
    words[i] = limb & kLimbMask;
    carried = limb >> 32;
  }
  words[kLimbs - 1] += carried;
}

}  // namespace tally
