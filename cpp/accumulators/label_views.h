// Labels that kernels read where they are.
#pragma once

#include "support/array_view.h"

namespace tally {

// Bytes of each label if both arrays are contiguous, of int64, int32, or bytes that are not negative; else 0.
inline int64_t bytes_in_place(const ArrayView& y_true, const ArrayView& y_pred) {
  const auto kind_of = [](const ArrayView& view) {
    const int64_t bytes = size_of(view.type);
    if (view.dimensions != 1 || view.row_stride != bytes) return int64_t{0};
    const bool is_byte = view.type == DType::kUInt8 || view.type == DType::kBool;
    return is_byte || view.type == DType::kInt64 || view.type == DType::kInt32 ? bytes : 0;
  };
  const int64_t bytes = kind_of(y_true);
  return bytes == kind_of(y_pred) ? bytes : 0;
}

// Pairs that are counted straight from their arrays.
struct LabelViews {
  ArrayView y_true;
  ArrayView y_pred;
  uint32_t classes = 0;
  uint32_t diagonals = 0;   // as of PairCells
  int64_t label_bytes = 0;  // 0: they are not
};

}  // namespace tally
