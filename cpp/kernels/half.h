// IEEE half precision.
#pragma once

#include <cstdint>
#include <cstring>

namespace {

struct Half {
  uint16_t bits;
};

// Widening of IEEE half precision by integer shifts; the product with 2^112 also places subnormals.
inline float widen(Half half) {
  const uint32_t magnitude = static_cast<uint32_t>(half.bits & 0x7fff) << 13;
  const uint32_t sign = static_cast<uint32_t>(half.bits & 0x8000) << 16;
  float value;
  std::memcpy(&value, &magnitude, 4);
  value *= 0x1p112f;
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  bits = magnitude >= 0x0f800000u ? (magnitude | 0x7f800000u) : bits;
  bits |= sign;
  std::memcpy(&value, &bits, 4);
  return value;
}

}  // namespace
