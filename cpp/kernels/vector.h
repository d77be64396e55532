// Native vectors of the instruction set that a kernel is compiled for, and the few operations kernels share.
// Everything is in an unnamed namespace: no symbol of one instruction set may be linked into another.
#pragma once

#include <cstdint>
#include <cstring>

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
typedef int64_t Longs __attribute__((vector_size(kVectorBytes)));
typedef float Floats __attribute__((vector_size(kVectorBytes)));
typedef int32_t Ints __attribute__((vector_size(kVectorBytes)));
typedef float HalfFloats __attribute__((vector_size(kVectorBytes / 2)));
constexpr int kDoubles = kVectorBytes / 8;

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

inline Doubles load_doubles(const float* source) { return __builtin_convertvector(load<HalfFloats>(source), Doubles); }
inline Doubles load_doubles(const double* source) { return load<Doubles>(source); }

// Sixteen double lanes; lane i takes elements i, i + 16, ...
struct LaneSum {
  static constexpr int kParts = kLanes / kDoubles;
  Doubles parts[kParts] = {};

  // A fixed tree over the sixteen lanes.
  double total() const {
    double lanes[kLanes];
    std::memcpy(lanes, parts, sizeof lanes);
    for (int width = kLanes / 2; width > 0; width /= 2)
      for (int lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
    return lanes[0];
  }
};

}  // namespace
