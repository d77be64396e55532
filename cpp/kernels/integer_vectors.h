// Vectors of numbers to vectors of integers, those of integers to those of bytes or to bits, and back.
#pragma once

#include "kernels/vector.h"

namespace {

// The nearest integer of each lane, the even one of two; INT32_MIN for a NaN and what does not fit.
inline Ints nearest_integers(Floats values) {
#if defined(__AVX512F__)
  return (Ints)_mm512_maskz_cvtps_epi32(0xffff, values);
#elif defined(__AVX2__)
  return (Ints)_mm256_cvtps_epi32(values);
#elif defined(__x86_64__)
  return (Ints)_mm_cvtps_epi32(values);
#else
  Ints integers;
  for (int lane = 0; lane < static_cast<int>(sizeof(Ints) / 4); ++lane) {
    const bool fits = values[lane] >= -0x1p31f && values[lane] < 0x1p31f;
    integers[lane] = fits ? static_cast<int32_t>(__builtin_rintf(values[lane])) : INT32_MIN;
  }
  return integers;
#endif
}

// The lanes of two vectors, in some order, each the nearest number that a short integer holds.
inline Shorts saturated_shorts(Ints a, Ints b) {
#if defined(__AVX512F__)
  return (Shorts)_mm512_maskz_packs_epi32(0xffffffff, (__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  return (Shorts)_mm256_packs_epi32((__m256i)a, (__m256i)b);
#elif defined(__x86_64__)
  return (Shorts)_mm_packs_epi32((__m128i)a, (__m128i)b);
#else
  constexpr int kInts = static_cast<int>(sizeof(Ints) / 4);
  Shorts shorts;
  for (int i = 0; i < 2 * kInts; ++i) {
    const int32_t value = i < kInts ? a[i] : b[i - kInts];
    shorts[i] = static_cast<int16_t>(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
  }
  return shorts;
#endif
}

// The lanes of four vectors, in some order, each the nearest number that a byte holds.
inline Bytes saturated_bytes(Ints a, Ints b, Ints c, Ints d) {
#if defined(__AVX512F__)
  const __m512i left = _mm512_maskz_packs_epi32(0xffffffff, (__m512i)a, (__m512i)b);
  return (Bytes)_mm512_maskz_packs_epi16(~uint64_t{0}, left,
                                         _mm512_maskz_packs_epi32(0xffffffff, (__m512i)c, (__m512i)d));
#elif defined(__AVX2__)
  const __m256i left = _mm256_packs_epi32((__m256i)a, (__m256i)b);
  return (Bytes)_mm256_packs_epi16(left, _mm256_packs_epi32((__m256i)c, (__m256i)d));
#elif defined(__x86_64__)
  const __m128i left = _mm_packs_epi32((__m128i)a, (__m128i)b);
  return (Bytes)_mm_packs_epi16(left, _mm_packs_epi32((__m128i)c, (__m128i)d));
#else
  constexpr int kInts = static_cast<int>(sizeof(Ints) / 4);
  const Ints vectors[] = {a, b, c, d};
  Bytes bytes;
  for (int i = 0; i < 4 * kInts; ++i) {
    const int32_t value = vectors[i / kInts][i % kInts];
    bytes[i] = static_cast<int8_t>(value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value);
  }
  return bytes;
#endif
}

// The sign bits of the lanes, that of the first lane lowest.
inline uint64_t sign_bits(Ints lanes) {
#if defined(__AVX512F__)
  return _mm512_movepi32_mask((__m512i)lanes);
#elif defined(__AVX2__)
  return static_cast<uint32_t>(_mm256_movemask_ps((__m256)lanes));
#elif defined(__x86_64__)
  return static_cast<uint32_t>(_mm_movemask_ps((__m128)lanes));
#else
  uint64_t bits = 0;
  for (int lane = 0; lane < kLanesOf<Ints>; ++lane) bits |= uint64_t{lanes[lane] < 0} << lane;
  return bits;
#endif
}

// Sums of eight bytes each, taken as unsigned.
inline Longs sums_of_bytes(Bytes bytes) {
#if defined(__AVX512F__)
  return (Longs)_mm512_sad_epu8((__m512i)bytes, __m512i{});
#elif defined(__AVX2__)
  return (Longs)_mm256_sad_epu8((__m256i)bytes, __m256i{});
#elif defined(__x86_64__)
  return (Longs)_mm_sad_epu8((__m128i)bytes, __m128i{});
#else
  Longs sums = {};
  for (int i = 0; i < static_cast<int>(sizeof(Bytes)); ++i) sums[i / 8] += static_cast<uint8_t>(bytes[i]);
  return sums;
#endif
}

// GCC 12 converts vectors of bytes one by one.
inline Ints load_bytes(const uint8_t* source) {
#if defined(__AVX512F__)
  return (Ints)_mm512_maskz_cvtepu8_epi32(0xffff, _mm_loadu_si128(reinterpret_cast<const __m128i*>(source)));
#elif defined(__AVX2__)
  return (Ints)_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(source)));
#elif defined(__x86_64__)
  int32_t four;
  std::memcpy(&four, source, sizeof four);
  const __m128i zero = _mm_setzero_si128();
  return (Ints)_mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(four), zero), zero);
#else
  typedef uint8_t Bytes __attribute__((vector_size(kLanesOf<Ints>)));
  return __builtin_convertvector(load<Bytes>(source), Ints);
#endif
}

}  // namespace
