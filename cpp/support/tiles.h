// Rows of a view of any dtype and stride as plain arrays: where they are, or converted into a tile.
#pragma once

#include "support/array_view.h"

namespace tally {

// Row-major rows [first, first + rows): where they are if they have the type and are contiguous, else in `tile`, which
// has room for rows * width. `stride` takes the distance of rows in elements.
template <class T>
const T* rows_of(const ArrayView& view, int64_t first, int64_t rows, T* tile, ptrdiff_t* stride);

// The same rows column by column; columns of a tile are `tile_stride` elements apart.
template <class T>
const T* columns_of(const ArrayView& view, int64_t first, int64_t rows, T* tile, ptrdiff_t tile_stride,
                    ptrdiff_t* stride);

// Column `column` of rows [first, first + rows) as doubles.
void column_as_doubles(const ArrayView& view, int64_t column, int64_t first, int64_t rows, double* target);

}  // namespace tally
