// Samples as floats where they are, or as doubles in a buffer, for the kernels.
#include "samples/places.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "support/dispatch.h"

namespace tally {
namespace {

constexpr int64_t kSelectedRows = 64 * kBlockRows;

// Calls `function` with the kernels and the samples of the type they are read as.
template <class Function>
int64_t with_samples(const ArrayView& samples, int64_t first, int64_t rows, Function function) {
  const PositionKernels& positions = *kernels().positions;
  const bool is_dense = samples.row_stride == size_of(samples.type);
  if (is_dense && samples.type == DType::kFloat32)
    return function(positions.f32, reinterpret_cast<const float*>(samples.row(first)));
  if (is_dense && samples.type == DType::kFloat64)
    return function(positions.f64, reinterpret_cast<const double*>(samples.row(first)));
  double values[kBlockRows];
  kernels().convert->to_double(samples.row(first), samples.type, samples.row_stride, rows, values);
  return function(positions.f64, static_cast<const double*>(values));
}

}  // namespace

int64_t first_outside(const ArrayView& samples, int64_t first, int64_t rows, double low, double high) {
  return with_samples(samples, first, rows, [=](const auto& functions, const auto* values) {
    return functions.first_outside(values, rows, low, high);
  });
}

int64_t places_of(const ArrayView& samples, int64_t first, int64_t rows, const PositionGrid& grid, uint64_t* places) {
  return with_samples(samples, first, rows, [=](const auto& functions, const auto* values) {
    return functions.places(values, rows, grid, places);
  });
}

int64_t select_samples(const ArrayView& samples, const PositionGrid& grid, const uint8_t* marks, uint64_t bins,
                       int threads, const StopFunction& stop, int64_t* rows) {
  const int64_t chunks = (samples.rows + kSelectedRows - 1) / kSelectedRows;
  std::vector<int64_t> counts(static_cast<size_t>(chunks));
  const auto chunk = [&](int, int64_t index) {
    const int64_t begin = index * kSelectedRows;
    const int64_t end = std::min(samples.rows, begin + kSelectedRows);
    uint64_t places[kBlockRows];
    int64_t found[kBlockRows];
    int64_t* next = rows + begin;
    for (int64_t first = begin; first < end; first += kBlockRows) {
      const int64_t count = std::min(kBlockRows, end - first);
      places_of(samples, first, count, grid, places);
      int64_t kept = 0;
      for (int64_t i = 0; i < count; ++i) {
        const uint64_t bin = places[i] >> 32;
        found[kept] = first + i;
        kept += bin < bins && marks[bin];
      }
      std::memcpy(next, found, static_cast<size_t>(kept) * sizeof(int64_t));
      next += kept;
    }
    counts[static_cast<size_t>(index)] = next - (rows + begin);
  };
  if (!for_each_chunk(chunks, threads, chunk, stop)) return -1;
  int64_t total = 0;
  for (int64_t index = 0; index < chunks; ++index) {
    const int64_t count = counts[static_cast<size_t>(index)];
    std::memmove(rows + total, rows + index * kSelectedRows, static_cast<size_t>(count) * sizeof(int64_t));
    total += count;
  }
  return total;
}

}  // namespace tally
