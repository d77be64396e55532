// A strided array of one or two dimensions, of any dtype; strides are in bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/table.h"

namespace tally {

struct ArrayView {
  const char* data = nullptr;
  DType type = DType::kFloat64;
  int dimensions = 0;  // 0: absent, 1: [rows], 2: [rows, width]
  int64_t rows = 0;
  int64_t width = 1;
  ptrdiff_t row_stride = 0;
  ptrdiff_t column_stride = 0;

  const char* row(int64_t index) const { return data + index * row_stride; }
};

inline int64_t size_of(DType type) {
  switch (type) {
    case DType::kBool:
    case DType::kInt8:
    case DType::kUInt8:
      return 1;
    case DType::kInt16:
    case DType::kUInt16:
    case DType::kFloat16:
      return 2;
    case DType::kInt32:
    case DType::kUInt32:
    case DType::kFloat32:
      return 4;
    default:
      return 8;
  }
}

inline bool is_floating(DType type) { return type >= DType::kFloat16; }

// Types whose every value is a float32.
inline bool fits_float32(DType type) { return size_of(type) <= 2 || type == DType::kFloat32; }

}  // namespace tally
