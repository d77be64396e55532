// Conversion and transposition of rows into tiles.
#include "support/tiles.h"

#include <cstdlib>

#include "support/dispatch.h"

namespace tally {
namespace {

template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::kFloat32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::kFloat64;
}

void convert(const char* source, DType type, ptrdiff_t stride, int64_t count, float* target) {
  kernels().convert->to_float(source, type, stride, count, target);
}
void convert(const char* source, DType type, ptrdiff_t stride, int64_t count, double* target) {
  kernels().convert->to_double(source, type, stride, count, target);
}

}  // namespace

template <class T>
const T* rows_of(const ArrayView& view, int64_t first, int64_t rows, T* tile, ptrdiff_t* stride) {
  const ptrdiff_t size = sizeof(T);
  const bool contiguous = view.width == 1 || view.column_stride == size;
  if (view.type == dtype_of<T>() && contiguous && view.row_stride % size == 0) {
    *stride = view.row_stride / size;
    return reinterpret_cast<const T*>(view.row(first));
  }
  *stride = view.width;
  if (view.width == 1) {
    convert(view.row(first), view.type, view.row_stride, rows, tile);
  } else if (std::abs(view.row_stride) < std::abs(view.column_stride)) {
    T column[kBlockRows];
    for (int64_t c = 0; c < view.width; ++c) {
      convert(view.row(first) + c * view.column_stride, view.type, view.row_stride, rows, column);
      for (int64_t row = 0; row < rows; ++row) tile[row * view.width + c] = column[row];
    }
  } else {
    for (int64_t row = 0; row < rows; ++row)
      convert(view.row(first + row), view.type, view.column_stride, view.width, tile + row * view.width);
  }
  return tile;
}

template <class T>
const T* columns_of(const ArrayView& view, int64_t first, int64_t rows, T* tile, ptrdiff_t tile_stride,
                    ptrdiff_t* stride) {
  const ptrdiff_t size = sizeof(T);
  if (view.type == dtype_of<T>() && view.row_stride == size && view.column_stride % size == 0) {
    *stride = view.column_stride / size;
    return reinterpret_cast<const T*>(view.row(first));
  }
  *stride = tile_stride;
  if (view.type == dtype_of<T>() && view.column_stride == size && view.row_stride % size == 0) {
    const T* source = reinterpret_cast<const T*>(view.row(first));
    functions_of<T>(*kernels().scores).transpose(source, view.row_stride / size, rows, view.width, tile, tile_stride);
  } else {
    for (int64_t c = 0; c < view.width; ++c)
      convert(view.row(first) + c * view.column_stride, view.type, view.row_stride, rows, tile + c * tile_stride);
  }
  return tile;
}

namespace {

// Whether rows of T lie where a kernel can transpose them.
template <class T>
bool has_plain_rows(const ArrayView& view) {
  const ptrdiff_t size = sizeof(T);
  return view.type == dtype_of<T>() && view.column_stride == size && view.row_stride % size == 0;
}

void transpose_floats(const float* source, ptrdiff_t stride, int64_t rows, int64_t columns, double* target) {
  constexpr int64_t kRows = 256;  // so that the floats stay in the first-level cache
  float tile[ColumnStrips::kColumns * kRows];
  for (int64_t begin = 0; begin < rows; begin += kRows) {
    const int64_t count = rows - begin < kRows ? rows - begin : kRows;
    kernels().scores->f32.transpose(source + begin * stride, stride, count, columns, tile, kRows);
    for (int64_t c = 0; c < columns; ++c)
      convert(reinterpret_cast<const char*>(tile + c * kRows), DType::kFloat32, sizeof(float), count,
              target + c * ColumnStrips::kStride + begin);
  }
}

}  // namespace

void ColumnStrips::read(int64_t column, int64_t columns, int64_t first, int64_t rows) {
  if (!view_.dimensions) return;
  double* target = tile_.as<double>();
  const char* source = view_.row(first) + column * view_.column_stride;
  if (columns > 1 && has_plain_rows<float>(view_))
    return transpose_floats(reinterpret_cast<const float*>(source), view_.row_stride / ptrdiff_t{sizeof(float)}, rows,
                            columns, target);
  if (columns > 1 && has_plain_rows<double>(view_))
    return kernels().scores->f64.transpose(reinterpret_cast<const double*>(source),
                                           view_.row_stride / ptrdiff_t{sizeof(double)}, rows, columns, target,
                                           kStride);
  if (columns < 4 || std::abs(view_.row_stride) < std::abs(view_.column_stride)) {
    for (int64_t c = 0; c < columns; ++c)
      convert(source + c * view_.column_stride, view_.type, view_.row_stride, rows, target + c * kStride);
    return;
  }
  double row_values[kColumns];
  for (int64_t row = 0; row < rows; ++row) {
    convert(source + row * view_.row_stride, view_.type, view_.column_stride, columns, row_values);
    for (int64_t c = 0; c < columns; ++c) target[c * kStride + row] = row_values[c];
  }
}

template const float* rows_of(const ArrayView&, int64_t, int64_t, float*, ptrdiff_t*);
template const double* rows_of(const ArrayView&, int64_t, int64_t, double*, ptrdiff_t*);
template const float* columns_of(const ArrayView&, int64_t, int64_t, float*, ptrdiff_t, ptrdiff_t*);
template const double* columns_of(const ArrayView&, int64_t, int64_t, double*, ptrdiff_t, ptrdiff_t*);

}  // namespace tally
