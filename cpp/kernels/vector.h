// Native vectors of the instruction set that a kernel is compiled for, and the few operations kernels share.
// Everything is in an unnamed namespace: no symbol of one instruction set may be linked into another.
#pragma once

#include <cstdint>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

// Sums run in this many lanes on every instruction set, so that all of them round alike.
constexpr int kLanes = 16;

typedef double Doubles __attribute__((vector_size(kVectorBytes)));
typedef uint64_t UnsignedLongs __attribute__((vector_size(kVectorBytes)));
typedef int64_t Longs __attribute__((vector_size(kVectorBytes)));
typedef float Floats __attribute__((vector_size(kVectorBytes)));
typedef int32_t Ints __attribute__((vector_size(kVectorBytes)));
typedef int16_t Shorts __attribute__((vector_size(kVectorBytes)));
typedef int8_t Bytes __attribute__((vector_size(kVectorBytes)));
typedef float HalfFloats __attribute__((vector_size(kVectorBytes / 2)));
constexpr int kDoubles = kVectorBytes / 8;

template <int... kLane>
struct Lanes {};
template <int kCount, int... kLane>
struct LanesUpTo : LanesUpTo<kCount - 1, kCount - 1, kLane...> {};
template <int... kLane>
struct LanesUpTo<0, kLane...> {
  using Type = Lanes<kLane...>;
};
template <class Vector>
constexpr int kLanesOf = static_cast<int>(sizeof(Vector) / sizeof(Vector{}[0]));
template <class Vector>
using AllLanes = typename LanesUpTo<kLanesOf<Vector>>::Type;

template <class T>
struct Native;
template <>
struct Native<float> {
  using Vector = Floats;
  using Mask = Ints;
  using Integer = int32_t;
};
template <>
struct Native<double> {
  using Vector = Doubles;
  using Mask = Longs;
  using Integer = int64_t;
};

template <class Vector, class Source>
inline Vector load(const Source* source) {
  Vector vector;
  std::memcpy(&vector, source, sizeof vector);
  return vector;
}

template <class Vector, class Target>
inline void store(Target* target, Vector vector) {
  std::memcpy(target, &vector, sizeof vector);
}

template <class Vector, class T>
inline Vector splat(T value) {
  return value - Vector{};
}

// Elementwise formulas are written once, for doubles and for vectors of them.
inline double select(bool condition, double yes, double no) { return condition ? yes : no; }
inline Doubles select(Longs condition, Doubles yes, Doubles no) { return condition ? yes : no; }

// GCC 12 takes a general conversion through the stack.
inline Doubles load_doubles(const float* source) {
#if defined(__AVX512F__)
  return _mm512_maskz_cvtps_pd(0xff, _mm256_loadu_ps(source));
#elif defined(__AVX2__)
  return _mm256_cvtps_pd(_mm_loadu_ps(source));
#elif defined(__x86_64__)
  double pair;
  std::memcpy(&pair, source, sizeof pair);
  return _mm_cvtps_pd(_mm_castpd_ps(_mm_set_sd(pair)));
#else
  return __builtin_convertvector(load<HalfFloats>(source), Doubles);
#endif
}
inline Doubles load_doubles(const double* source) { return load<Doubles>(source); }

// The greater of each lane, b if one is NaN. Compilers make a comparison and a selection of the plain form.
inline Floats greater_of(Floats a, Floats b) {
#if defined(__AVX512F__)
  return _mm512_maskz_max_ps(0xffff, a, b);
#elif defined(__AVX2__)
  return _mm256_max_ps(a, b);
#elif defined(__x86_64__)
  return _mm_max_ps(a, b);
#else
  return a > b ? a : b;
#endif
}

inline Doubles greater_of(Doubles a, Doubles b) {
#if defined(__AVX512F__)
  return _mm512_maskz_max_pd(0xff, a, b);
#elif defined(__AVX2__)
  return _mm256_max_pd(a, b);
#elif defined(__x86_64__)
  return _mm_max_pd(a, b);
#else
  return a > b ? a : b;
#endif
}

// The lesser of each lane, b if one is NaN.
inline Floats lesser_of(Floats a, Floats b) {
#if defined(__AVX512F__)
  return _mm512_maskz_min_ps(0xffff, a, b);
#elif defined(__AVX2__)
  return _mm256_min_ps(a, b);
#elif defined(__x86_64__)
  return _mm_min_ps(a, b);
#else
  return a < b ? a : b;
#endif
}

inline Doubles lesser_of(Doubles a, Doubles b) {
#if defined(__AVX512F__)
  return _mm512_maskz_min_pd(0xff, a, b);
#elif defined(__AVX2__)
  return _mm256_min_pd(a, b);
#elif defined(__x86_64__)
  return _mm_min_pd(a, b);
#else
  return a < b ? a : b;
#endif
}

// A vector of 16 bytes of each of some rows, `stride` elements apart.
inline Floats load_quarters(const float* rows, ptrdiff_t stride) {
#if defined(__AVX512F__)
  const __m256 low = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(rows)), _mm_loadu_ps(rows + stride), 1);
  const float* upper = rows + 2 * stride;
  const __m256 high =
      _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(upper)), _mm_loadu_ps(upper + stride), 1);
  return (Floats)_mm512_maskz_insertf64x4(0xff, _mm512_castps_pd(_mm512_castps256_ps512(low)), _mm256_castps_pd(high),
                                          1);
#elif defined(__AVX2__)
  return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(rows)), _mm_loadu_ps(rows + stride), 1);
#else
  (void)stride;
  return load<Floats>(rows);
#endif
}
inline Doubles load_quarters(const double* rows, ptrdiff_t stride) {
  return (Doubles)load_quarters(reinterpret_cast<const float*>(rows), 2 * stride);
}

// left * right + addend, rounded once where the instruction set can: for those who get the same bits either way.
inline Doubles multiply_add(Doubles left, Doubles right, Doubles addend) {
#if defined(__AVX512F__)
  return _mm512_fmadd_pd(left, right, addend);
#elif defined(__FMA__)
  return _mm256_fmadd_pd(left, right, addend);
#else
  return left * right + addend;
#endif
}

// Keeps a vector's computation where the program has it: compilers know less of what a processor waits for.
template <class Vector>
inline void pin(Vector& vector) {
#if defined(__AVX512F__)
  asm volatile("" : "+v"(vector));
#elif defined(__x86_64__)
  asm volatile("" : "+x"(vector));
#else
  (void)vector;
#endif
}

// Lanes of a mask are all ones or all zeros.
template <class Mask>
inline bool any_lane(Mask mask) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  return _mm256_movemask_epi8((__m256i)mask) != 0;
#elif defined(__x86_64__) && !defined(__AVX512F__)
  return _mm_movemask_epi8((__m128i)mask) != 0;
#else
  uint64_t words[sizeof(Mask) / 8];
  std::memcpy(words, &mask, sizeof mask);
  uint64_t any = 0;
  for (uint64_t word : words) any |= word;
  return any != 0;
#endif
}

// Lane i of the result is lane i of `left`, or lane i - kStep of `right` where i has the bit kStep.
template <int kStep, class Vector, int... kLane>
inline Vector lower_halves(Vector left, Vector right, Lanes<kLane...>) {
  return __builtin_shufflevector(left, right, ((kLane & kStep) ? kDoubles + kLane - kStep : kLane)...);
}

// Lane i of the result is lane i + kStep of `left`, or lane i of `right` where i has the bit kStep.
template <int kStep, class Vector, int... kLane>
inline Vector upper_halves(Vector left, Vector right, Lanes<kLane...>) {
  return __builtin_shufflevector(left, right, ((kLane & kStep) ? kDoubles + kLane : kLane + kStep)...);
}

template <int kStep>
inline void transpose_step(Doubles* rows) {
  if constexpr (kStep < kDoubles) {
    for (int row = 0; row < kDoubles; ++row) {
      if (row & kStep) continue;
      const Doubles left = rows[row];
      const Doubles right = rows[row + kStep];
      rows[row] = lower_halves<kStep>(left, right, AllLanes<Doubles>{});
      rows[row + kStep] = upper_halves<kStep>(left, right, AllLanes<Doubles>{});
    }
    transpose_step<2 * kStep>(rows);
  }
}

// Turns kDoubles rows of kDoubles elements into columns, in place.
inline void transpose(Doubles* rows) { transpose_step<1>(rows); }

// Lane i of the result is lane i + kStep, cyclically.
template <int kStep, class Vector, int... kLane>
inline Vector rotated(Vector vector, Lanes<kLane...>) {
  return __builtin_shufflevector(vector, vector, ((kLane + kStep) % kLanesOf<Vector>)...);
}

// Combines all lanes by a tree: first those half a vector apart, at last neighbours.
template <int kStep, class Vector, class Combine>
inline Vector folded(Vector vector, Combine combine) {
  if constexpr (kStep > 0) {
    return folded<kStep / 2>(combine(vector, rotated<kStep>(vector, AllLanes<Vector>{})), combine);
  } else {
    return vector;
  }
}

template <class Vector>
inline auto greatest_lane(Vector vector) {
  const auto greater = [](Vector left, Vector right) { return left > right ? left : right; };
  return folded<kLanesOf<Vector> / 2>(vector, greater)[0];
}

template <class Vector>
inline auto least_lane(Vector vector) {
  const auto less = [](Vector left, Vector right) { return left < right ? left : right; };
  return folded<kLanesOf<Vector> / 2>(vector, less)[0];
}

template <class Vector>
inline auto sum_of_lanes(Vector vector) {
  return folded<kLanesOf<Vector> / 2>(vector, [](Vector left, Vector right) { return left + right; })[0];
}

// 0, 1, 2, ...
template <class Vector, int... kLane>
inline Vector numbered(Lanes<kLane...>) {
  return Vector{kLane...};
}

template <class Vector, int... kLane>
inline Vector even_lanes(Vector left, Vector right, Lanes<kLane...>) {
  return __builtin_shufflevector(left, right, (2 * kLane)...);
}
template <class Vector, int... kLane>
inline Vector odd_lanes(Vector left, Vector right, Lanes<kLane...>) {
  return __builtin_shufflevector(left, right, (2 * kLane + 1)...);
}

// The product of the lower halves; little-endian.
inline Longs multiply_lower_halves(Longs left, Longs right) {
#if defined(__AVX512F__)
  return (Longs)_mm512_maskz_mul_epu32(0xff, (__m512i)left, (__m512i)right);
#elif defined(__AVX2__)
  return (Longs)_mm256_mul_epu32((__m256i)left, (__m256i)right);
#elif defined(__x86_64__)
  return (Longs)_mm_mul_epu32((__m128i)left, (__m128i)right);
#else
  constexpr int64_t kLowerHalf = 0xffffffff;
  return (left & kLowerHalf) * (right & kLowerHalf);
#endif
}

// Double lanes; lane i takes elements i, i + kCount, ...
template <int kCount>
struct DoubleLanes {
  static constexpr int kParts = kCount / kDoubles;
  Doubles parts[kParts] = {};

  // A fixed tree over the lanes.
  double total() const {
    Doubles folds[kParts];
    for (int part = 0; part < kParts; ++part) folds[part] = parts[part];
    for (int width = kParts / 2; width > 0; width /= 2)
      for (int part = 0; part < width; ++part) folds[part] += folds[part + width];
    return sum_of_lanes(folds[0]);
  }
};
using LaneSum = DoubleLanes<kLanes>;

}  // namespace
