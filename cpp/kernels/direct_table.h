// The tables of kernels that go from the arrays to sums and counts in one step, without columns.
#pragma once

#include "kernels/table.h"

namespace tally {

// The exact sum of a value over a block: units of 2^exponents[0], of 2^exponents[1], ...
struct ElementSum {
  bool exact;  // false: no such units were found
  int64_t units[kSumGrids];
  int64_t exponents[kSumGrids];
};

// So many elements have their errors added up at once where the grid of those before suits them.
constexpr int64_t kLongErrors = 4096;

template <class T>
struct ElementSumFunctions {
  // Sums of |y_true - y_pred| and of its square over up to kBlockRows elements; either may be null. False if they were
  // not found. `grid` is a guess, and takes what suits these elements for the next block.
  bool (*errors)(const T* y_true, const T* y_pred, int64_t count, SumGrid* grid, ElementSum* magnitudes,
                 ElementSum* squares);
  // The same of the first so many elements as are returned, 0 if it is not found even of kLongErrors, with a guess of
  // its own; null if there is no such kernel.
  int64_t (*long_errors)(const T* y_true, const T* y_pred, int64_t count, int64_t* exponent, ElementSum* magnitudes,
                         ElementSum* squares);
  bool (*values)(const T* values, int64_t count, SumGrid* grid, ElementSum* sum);
  int64_t (*count_equal)(const T* y_true, const T* y_pred, int64_t count);
  // Where y_true equals (y_pred > threshold).
  int64_t (*count_binary_equal)(const T* y_true, const T* y_pred, int64_t count, double threshold);
};

struct ElementSumKernels {
  ElementSumFunctions<float> f32;
  ElementSumFunctions<double> f64;
  // How many integers of so many bytes are equal, of less than 2^31.
  int64_t (*count_equal_integers)(const char* left, const char* right, int64_t size, int64_t count);
};

// Of elements with a score and a label: scores above a threshold, labels that are not 0, both, and labels that are 1
// where the score is above and 0 where it is not.
struct BinaryCounts {
  int64_t above;
  int64_t positive;
  int64_t both;
  int64_t equal;
};

// Row 0 is for NaN, the others are for ranges of numbers in order, by their leading bits; positive labels have a second
// table behind the first, and a second list of thresholds behind the first, with `buckets` entries each.
struct ScoreCells {
  const uint16_t* first;  // of a row, the least bucket of its scores, and `crowded` if it holds several thresholds
  const uint32_t*
      thresholds;        // of a bucket, what scores of the next one exceed, as unsigned ordered bits; else UINT32_MAX
  uint32_t crowded;      // a power of two above all buckets
  int32_t crowded_step;  // a power of two, at least half of what any row holds
  int32_t rows;          // of one label
  int32_t least;         // the bits of the first range, as ordered integers
  int32_t greatest;      // in the last range
  int32_t shift;
  // Not 0: threshold i is (i + origin) / steps, origin 0 or 1, and buckets follow without a table: `lowest`, and one
  // for each threshold, up to `count`, that a number exceeds; `buckets` more for positive labels.
  float steps;
  int32_t origin;
  int32_t count;
  int32_t lowest;
  int32_t buckets;
};

struct BinaryCountKernels {
  // Contiguous elements; false if there is no kernel for the labels' type. Labels other than 0 are positive, NaN too.
  bool (*binary)(const float* scores, const char* labels, DType type, int64_t count, float threshold,
                 BinaryCounts* target);
  // Adds to counts[bucket], in four tables `stride` counts apart.
  bool (*cells)(const float* scores, const char* labels, DType type, int64_t count, const ScoreCells& cells,
                uint32_t* counts, int64_t stride);
};

}  // namespace tally
