// Elements of any dtype and stride into the few types that the other kernels take.
#include "kernels/table.h"
#include "kernels/vector.h"

namespace {

using tally::DType;

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

template <class T>
inline T widen(T value) {
  return value;
}

template <class T>
inline int32_t as_label(T value) {
  return value >= INT32_MIN && value <= INT32_MAX ? static_cast<int32_t>(value) : INT32_MIN;
}
inline int32_t as_label(uint64_t value) { return value <= INT32_MAX ? static_cast<int32_t>(value) : INT32_MIN; }
inline int32_t as_label(uint32_t value) { return value <= INT32_MAX ? static_cast<int32_t>(value) : INT32_MIN; }
inline int32_t as_label(double value) {
  const bool fits = value >= -2147483648.0 && value <= 2147483647.0;
  const int32_t whole = fits ? static_cast<int32_t>(value) : INT32_MIN;
  return static_cast<double>(whole) == value ? whole : INT32_MIN;
}
inline int32_t as_label(float value) { return as_label(static_cast<double>(value)); }

template <class Source, class Target, class Change>
inline void each(const char* source, ptrdiff_t stride, int64_t count, Target* __restrict target, Change change) {
  if (stride == static_cast<ptrdiff_t>(sizeof(Source))) {
    const Source* __restrict elements = reinterpret_cast<const Source*>(source);
    for (int64_t i = 0; i < count; ++i) target[i] = change(elements[i]);
  } else {
    for (int64_t i = 0; i < count; ++i) {
      Source element;
      std::memcpy(&element, source + i * stride, sizeof element);
      target[i] = change(element);
    }
  }
}

template <class Target, class Change>
inline void convert(const char* source, DType type, ptrdiff_t stride, int64_t count, Target* target, Change change) {
  switch (type) {
    case DType::kBool:
    case DType::kUInt8:
      return each<uint8_t>(source, stride, count, target, change);
    case DType::kInt8:
      return each<int8_t>(source, stride, count, target, change);
    case DType::kInt16:
      return each<int16_t>(source, stride, count, target, change);
    case DType::kInt32:
      return each<int32_t>(source, stride, count, target, change);
    case DType::kInt64:
      return each<int64_t>(source, stride, count, target, change);
    case DType::kUInt16:
      return each<uint16_t>(source, stride, count, target, change);
    case DType::kUInt32:
      return each<uint32_t>(source, stride, count, target, change);
    case DType::kUInt64:
      return each<uint64_t>(source, stride, count, target, change);
    case DType::kFloat16:
      return each<Half>(source, stride, count, target, change);
    case DType::kFloat32:
      return each<float>(source, stride, count, target, change);
    case DType::kFloat64:
      return each<double>(source, stride, count, target, change);
  }
}

// A 64-bit integer fits 32 bits if its upper half repeats the sign of the lower; little-endian halves.
void narrow_labels(const int64_t* source, int64_t count, int32_t* target) {
  constexpr int kInts = kLanesOf<Ints>;
  int64_t i = 0;
  for (; i + kInts <= count; i += kInts) {
    __builtin_prefetch(source + i + 1024);
    const Ints left = load<Ints>(source + i);
    const Ints right = load<Ints>(source + i + kInts / 2);
    const Ints low = even_lanes(left, right, AllLanes<Ints>{});
    const Ints high = odd_lanes(left, right, AllLanes<Ints>{});
    store(target + i, high == (low >> 31) ? low : splat<Ints>(INT32_MIN));
  }
  for (; i < count; ++i) target[i] = as_label(source[i]);
}

void to_labels(const char* source, DType type, ptrdiff_t stride, int64_t count, int32_t* target) {
  if (type == DType::kInt64 && stride == sizeof(int64_t))
    return narrow_labels(reinterpret_cast<const int64_t*>(source), count, target);
  convert(source, type, stride, count, target, [](auto value) { return as_label(widen(value)); });
}

void to_int64(const char* source, DType type, ptrdiff_t stride, int64_t count, int64_t* target) {
  if (type == DType::kInt64 && stride == sizeof(int64_t)) {
    for (int64_t i = 0; i < count; i += 8) __builtin_prefetch(source + (i + 2 * tally::kBlockRows) * 8);
    std::memcpy(target, source, static_cast<size_t>(count) * sizeof(int64_t));
    return;
  }
  convert(source, type, stride, count, target, [](auto value) { return static_cast<int64_t>(widen(value)); });
}

void equal_integers(const int64_t* left, const int64_t* right, int64_t least, int64_t count, double* target) {
  int64_t i = 0;
  for (; i + kDoubles <= count; i += kDoubles) {
    const Longs integers = load<Longs>(left + i);
    const Longs equal = (integers == load<Longs>(right + i)) & (integers >= least);
    store(target + i, equal ? splat<Doubles>(1.0) : Doubles{});
  }
  for (; i < count; ++i) target[i] = left[i] == right[i] && left[i] >= least ? 1.0 : 0.0;
}

void to_float(const char* source, DType type, ptrdiff_t stride, int64_t count, float* target) {
  convert(source, type, stride, count, target, [](auto value) { return static_cast<float>(widen(value)); });
}

void to_double(const char* source, DType type, ptrdiff_t stride, int64_t count, double* target) {
  if (type == DType::kFloat32 && stride == sizeof(float)) {
    const auto* elements = reinterpret_cast<const float*>(source);
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      __builtin_prefetch(elements + i + 2 * tally::kBlockRows);
      for (int part = 0; part < kLanes; part += kDoubles) store(target + i + part, load_doubles(elements + i + part));
    }
    for (; i < count; ++i) target[i] = static_cast<double>(elements[i]);
    return;
  }
  convert(source, type, stride, count, target, [](auto value) { return static_cast<double>(widen(value)); });
}

void to_truth(const char* source, DType type, ptrdiff_t stride, int64_t count, bool binary, uint8_t* target) {
  if (!binary)
    return convert(source, type, stride, count, target, [](auto value) { return uint8_t{widen(value) != 0}; });
  convert(source, type, stride, count, target, [](auto value) {
    return static_cast<uint8_t>(widen(value) == 0 ? 0 : widen(value) == 1 ? 1 : 2);
  });
}

int64_t first_outside(const int32_t* labels, int64_t count, int32_t classes, int32_t ignored) {
  int32_t outside = 0;
  for (int64_t i = 0; i < count; ++i)
    outside |= (static_cast<uint32_t>(labels[i]) >= static_cast<uint32_t>(classes)) & (labels[i] != ignored);
  if (!outside) return -1;
  for (int64_t i = 0;; ++i)
    if (static_cast<uint32_t>(labels[i]) >= static_cast<uint32_t>(classes) && labels[i] != ignored) return i;
}

int64_t first_unreadable(const int32_t* labels, int64_t count) {
  int32_t found = 0;
  for (int64_t i = 0; i < count; ++i) found |= labels[i] == INT32_MIN;
  if (!found) return -1;
  for (int64_t i = 0;; ++i)
    if (labels[i] == INT32_MIN) return i;
}

void known_pair_cells(const int32_t* __restrict rows, const int32_t* __restrict columns, int64_t count,
                      uint32_t classes, uint32_t* __restrict cells) {
  const uint32_t unknown = classes * classes;
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t row = static_cast<uint32_t>(rows[i]);
    const uint32_t column = static_cast<uint32_t>(columns[i]);
    cells[i] = (row < classes) & (column < classes) ? row * classes + column : unknown;
  }
}

void mark_cells(const int32_t* __restrict labels, int64_t count, int32_t label, uint32_t cell,
                uint32_t* __restrict cells) {
  for (int64_t i = 0; i < count; ++i) cells[i] = labels[i] == label ? cell : cells[i];
}

uint64_t read_words(const uint64_t* words, int64_t count) {
  Longs sums[4] = {};
  constexpr int64_t kStep = 4 * kDoubles;
  int64_t i = 0;
  for (; i + kStep <= count; i += kStep)
    for (int part = 0; part < 4; ++part) sums[part] += load<Longs>(words + i + part * kDoubles);
  uint64_t total = 0;
  for (int part = 0; part < 4; ++part)
    for (int lane = 0; lane < kDoubles; ++lane) total += static_cast<uint64_t>(sums[part][lane]);
  for (; i < count; ++i) total += words[i];
  return total;
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_convert_kernels, TALLY_LEVEL)
extern "C" const tally::ConvertKernels TALLY_TABLE;
const tally::ConvertKernels TALLY_TABLE = {to_labels,  to_int64,      equal_integers,   to_float,
                                           to_double,  first_outside, first_unreadable, known_pair_cells,
                                           mark_cells, to_truth,      read_words};
