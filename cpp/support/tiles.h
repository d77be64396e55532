// Rows of a view of any dtype and stride as plain arrays: where they are, or converted into a tile.
#pragma once

#include "support/array_view.h"
#include "support/scratch.h"

namespace tally {

// Row-major rows [first, first + rows): where they are if they have the type and are contiguous, else in `tile`, which
// has room for rows * width. `stride` takes the distance of rows in elements.
template <class T>
const T* rows_of(const ArrayView& view, int64_t first, int64_t rows, T* tile, ptrdiff_t* stride);

// The same rows column by column; columns of a tile are `tile_stride` elements apart.
template <class T>
const T* columns_of(const ArrayView& view, int64_t first, int64_t rows, T* tile, ptrdiff_t tile_stride,
                    ptrdiff_t* stride);

// Columns of some rows as doubles, a few columns at a time: a row-major array is then read along its rows.
class ColumnStrips {
 public:
  static constexpr int64_t kColumns = 8;
  // Not a power of two, or all columns would fall into the same lines of the cache.
  static constexpr int64_t kStride = kBlockRows + kPad;

  ColumnStrips() = default;
  explicit ColumnStrips(const ArrayView& view) : view_(view), tile_(bytes_of(view)) {}

  // Makes columns [column, column + columns) of rows [first, first + rows) available; columns <= kColumns.
  void read(int64_t column, int64_t columns, int64_t first, int64_t rows);
  // Column `number` of those; null if there is no array.
  const double* column(int64_t number) const {
    return view_.dimensions ? tile_.as<double>() + number * kStride : nullptr;
  }

 private:
  void transpose_singles(const float* source, ptrdiff_t row_stride, int64_t rows, int64_t columns);
  static size_t bytes_of(const ArrayView& view) {
    if (!view.dimensions) return 0;
    return static_cast<size_t>((view.width < kColumns ? view.width : kColumns) * kStride) * sizeof(double);
  }

  ArrayView view_;
  Scratch tile_;
};

}  // namespace tally
