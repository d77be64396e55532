// The tables of kernels that go from the arrays to sums and counts in one step, without columns.
#pragma once

#include "kernels/table.h"

namespace tally {

// The exact sum of a value over a block: units of 2^exponents[0] and of 2^exponents[1].
struct ElementSum {
  bool exact;  // false: no such units were found
  int64_t units[2];
  int64_t exponents[2];
};

// So many elements have their errors added up at once where the grid of the block before suits them.
constexpr int64_t kLongBlockRows = 4096;

template <class T>
struct ElementSumFunctions {
  // Sums of |y_true - y_pred| and of its square over up to kBlockRows elements; either may be null. False if they were
  // not found. `grid` is a guess, and takes what suits these elements for the next block.
  bool (*errors)(const T* y_true, const T* y_pred, int64_t count, SumGrid* grid, ElementSum* magnitudes,
                 ElementSum* squares);
  // The same of up to kLongBlockRows elements, with a guess of its own; null if there is no such kernel.
  bool (*long_errors)(const T* y_true, const T* y_pred, int64_t count, int64_t* exponent, ElementSum* magnitudes,
                      ElementSum* squares);
  bool (*values)(const T* values, int64_t count, SumGrid* grid, ElementSum* sum);
  int64_t (*count_equal)(const T* y_true, const T* y_pred, int64_t count);
  // Where y_true equals (y_pred > threshold).
  int64_t (*count_binary_equal)(const T* y_true, const T* y_pred, int64_t count, double threshold);
};

struct ElementSumKernels {
  ElementSumFunctions<float> f32;
  ElementSumFunctions<double> f64;
};

// Of elements with a score and a label: scores above a threshold, labels that are not 0, both, and labels that are 1
// where the score is above and 0 where it is not.
struct BinaryCounts {
  int64_t above;
  int64_t positive;
  int64_t both;
  int64_t equal;
};

// The scores whose leading bits are equal: they exceed as many thresholds, but for one.
struct ScoreCell {
  float threshold;
  int32_t bucket;  // one less than that of scores above `threshold`
};

// Row 0 is for NaN, the others are for ranges of numbers in order; positive labels have a second table behind the
// first.
struct ScoreCells {
  const ScoreCell* table;
  int32_t rows;      // of one label
  int32_t least;     // the bits of the first range, as ordered integers
  int32_t greatest;  // in the last range
  int32_t shift;
  // Not 0: threshold i is (i + 1) / steps, and buckets follow without a table: `first`, and one for each threshold, up
  // to `thresholds`, that a number exceeds; `buckets` more for positive labels.
  float steps;
  int32_t thresholds;
  int32_t first;
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
