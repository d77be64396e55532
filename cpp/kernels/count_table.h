// The tables of kernels that count: elements by thresholds, samples by positions, label pairs by cells.
#pragma once

#include "kernels/table.h"

namespace tally {

// Sorted thresholds for a search by halves that starts, where `first` is given, from a grid of equal cells.
template <class T>
struct ThresholdGrid {
  const T* thresholds;  // followed by 2 * step times infinity
  int64_t count;
  int64_t step;           // a power of two: after `first`, fewer than 2 * step thresholds are left to compare with
  const uint32_t* first;  // [cells], number of thresholds in lower cells; null: none are
  T low;
  T scale;
  int64_t cells;
  uint32_t least;  // the bucket of numbers that are greater than fewer thresholds
};

struct ThresholdKernels {
  // Number of thresholds that each score is greater than; 0 for NaN.
  void (*buckets_f32)(const float* scores, int64_t count, const ThresholdGrid<float>& grid, uint32_t* buckets);
  void (*buckets_f64)(const double* scores, int64_t count, const ThresholdGrid<double>& grid, uint32_t* buckets);
  // Bins of the fixed histogram, in increasing order of scores; bin 0 for NaN.
  void (*bins_f32)(const float* scores, int64_t count, uint32_t* bins);
  void (*bins_f64)(const double* scores, int64_t count, uint32_t* bins);
  // cells[i] = truth[i] * size + cells[i] for a truth of 0 or 1, else 2 * size.
  void (*place)(const uint8_t* truth, int64_t count, uint32_t size, uint32_t* cells);
  // Whether each score of a row is one of the `places` highest numbers, of equal ones the first; a NaN takes a place.
  void (*keep_highest)(const double* scores, int64_t width, int64_t places, uint8_t* kept);
  // True positives of each row over its positive labels (recall) or predictions (precision); 0 where there are none.
  void (*row_ratios_f32)(const PairedRows<float>& rows, double threshold, bool recall, double* ratios);
  void (*row_ratios_f64)(const PairedRows<double>& rows, double threshold, bool recall, double* ratios);
};

// Bins of equal width from `origin` on. A place counts 2^-32 bins; `places_per_unit`, of those, is a power of two.
struct PositionGrid {
  double origin = 0.0;
  double places_per_unit = 1.0;
};

template <class T>
struct PositionFunctions {
  // First index of a value outside [low, high], or NaN; -1 if there is none.
  int64_t (*first_outside)(const T* values, int64_t count, double low, double high);
  // The nearest place of each value, all of which must be below 2^52; returns how many lie between places.
  int64_t (*places)(const T* values, int64_t count, const PositionGrid& grid, uint64_t* places);
};

struct PositionKernels {
  PositionFunctions<float> f32;
  PositionFunctions<double> f64;
};

// Equal labels of neighbours may be counted in this many diagonals in turn, apart from the other pairs.
constexpr int kDiagonals = 4;

// cells[i] = y_true[i] * classes + y_pred[i] or, if `diagonals` is not 0, for equal labels possibly diagonals +
// (i % kDiagonals) * classes + y_true[i]. False if a label lies outside [0, classes): the cells mean nothing then.
template <class Label>
using PairCells = bool (*)(const Label* y_true, const Label* y_pred, int64_t count, uint32_t classes,
                           uint32_t diagonals, uint32_t* cells);

// What pairs are counted in: bytes, whose wraps are noted, or else one table, or four or eight in turn.
struct PairTable {
  uint32_t classes;
  uint32_t diagonals;  // as of PairCells
  uint32_t* counts;    // of the first four pairs of eight, `step` cells apart, or 0
  uint32_t* others;    // of the other four
  int64_t step;
  uint8_t* bytes;   // null: there are tables
  uint32_t* notes;  // the next cell that wraps is written there
};

// Counts pairs run by run, and ends before the first run that holds a label outside [0, classes); how many were
// counted.
template <class Label>
using PairCount = int64_t (*)(const Label* y_true, const Label* y_pred, int64_t count, PairTable* table);

// Cells of [3, classes]: hits and misses of y_true[i]; others of y_pred[i], or 3 * classes for hits. Else as PairCells.
template <class Label>
using MarginCells = bool (*)(const Label* y_true, const Label* y_pred, int64_t count, uint32_t classes,
                             uint32_t* of_true, uint32_t* of_predicted);

// What fix_weights found, beside the integers.
struct FixedWeights {
  double greatest;  // magnitude among high
  bool has_low;     // not every low is 0
  bool has_others;  // some weights are not such sums: their high and low are 0
};

struct LabelPairKernels {
  // weights[i] * scale = high[i] + low[i] * 2^-32 exactly, of integers below 2^51; `low` is null where it must be 0.
  FixedWeights (*fix_weights)(const double* weights, int64_t count, double scale, int64_t* high, int64_t* low);
  // Weights below 2^19, float32 or float64: 1 if all are multiples of 2^-32, 2 if they are of 2^-64; 0 for all others.
  int (*digits_below_ones)(const char* weights, DType type, int64_t count);
  PairCells<int64_t> cells_i64;
  PairCells<int32_t> cells_i32;
  PairCells<uint8_t> cells_u8;
  PairCount<int64_t> count_i64;
  PairCount<int32_t> count_i32;
  PairCount<uint8_t> count_u8;
  MarginCells<int64_t> margins_i64;
  MarginCells<int32_t> margins_i32;
};

// Bins of the fixed histogram: see kernels/thresholds.cpp.
constexpr int64_t kBinsPerBinade = 4096;
constexpr int64_t kBinades = 32;
constexpr int64_t kNegativeBins = 2 * kBinades * kBinsPerBinade + 2;
constexpr int64_t kHalfBins = (kBinades - 1) * kBinsPerBinade + 1;
constexpr int64_t kHistogramBins = kNegativeBins + 2 * kHalfBins + kBinades * kBinsPerBinade + 1;

}  // namespace tally
