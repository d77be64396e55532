// The tables of kernel functions that each instruction set exports. C types only: kernel objects share nothing else.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tally {

// Rows per block of columns; kernels may write up to kPad entries past the rows they were given.
constexpr int64_t kBlockRows = 1024;
constexpr int64_t kPad = 16;
// Rows of scores up to this width are worked on with rows as lanes.
constexpr int64_t kNarrowWidth = 32;
// The rank of a true score that is NaN: outside every k.
constexpr int32_t kNeverRanked = INT32_MAX;

enum class DType : int32_t {
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kFloat16,
  kFloat32,
  kFloat64
};

// What a score kernel derives from each row; combinations are compiled separately.
enum ScoreNeeds : unsigned {
  kNeedPredicted = 1,   // class of the first maximum (a NaN counts as maximum)
  kNeedRank = 2,        // comparisons with the score of the true class
  kNeedSum = 4,         // sum of the row in double precision
  kNeedExpSum = 8,      // reference, and sum of exp(score - reference)
  kNeedTrueScore = 16,  // score of the true class, read while its row is in the cache
};

struct ScoreColumns {
  int32_t* predicted;
  int32_t* above;        // scores greater than the true score (NaN scores included); kNeverRanked if it is NaN
  int32_t* tied;         // other scores equal to the true score
  int32_t* tied_before;  // those of lower class number
  double* sum;
  double* reference;  // a number that keeps the exponentials in range: the true score if it may, or the maximum
  double* exp_sum;
  double* true_score;  // NaN without a valid class
};

// Rows of scores in memory: `row_stride` and `column_stride` count elements.
template <class T>
struct ScoreRows {
  const T* data;
  ptrdiff_t row_stride;
  ptrdiff_t column_stride;
  int64_t rows;
  int64_t classes;
  const int32_t* labels;  // true classes; those outside [0, classes) get kNeverRanked
};

// Two arrays of rows, each row contiguous; strides count elements.
template <class T>
struct PairedRows {
  const T* y_true;
  const T* y_pred;
  ptrdiff_t true_stride;
  ptrdiff_t pred_stride;
  int64_t rows;
  int64_t width;
};

struct ConvertKernels {
  // Reads `count` elements `stride` bytes apart; anything that is not an integer of 32 bits becomes INT32_MIN.
  void (*to_labels)(const char* source, DType type, ptrdiff_t stride, int64_t count, int32_t* target);
  void (*to_int64)(const char* source, DType type, ptrdiff_t stride, int64_t count, int64_t* target);
  // 1 where both are equal and at least `least`, else 0.
  void (*equal_integers)(const int64_t* left, const int64_t* right, int64_t least, int64_t count, double* target);
  void (*to_float)(const char* source, DType type, ptrdiff_t stride, int64_t count, float* target);
  void (*to_double)(const char* source, DType type, ptrdiff_t stride, int64_t count, double* target);
  // First index of a label outside [0, classes) that is not `ignored`, or -1.
  int64_t (*first_outside)(const int32_t* labels, int64_t count, int32_t classes, int32_t ignored);
  // First index of a label that to_labels could not read, or -1.
  int64_t (*first_unreadable)(const int32_t* labels, int64_t count);
  // cells[i] = rows[i] * classes + columns[i], or classes * classes where a label lies outside [0, classes).
  void (*known_pair_cells)(const int32_t* rows, const int32_t* columns, int64_t count, uint32_t classes,
                           uint32_t* cells);
  // cells[i] = cell where labels[i] == label.
  void (*mark_cells)(const int32_t* labels, int64_t count, int32_t label, uint32_t cell, uint32_t* cells);
  // 1 for what is not 0 (NaN too), else 0; where `binary`, 2 for what is neither 0 nor 1.
  void (*to_truth)(const char* source, DType type, ptrdiff_t stride, int64_t count, bool binary, uint8_t* target);
  // Sum of 64-bit words, as a plain vectorised loop reads them: the yardstick of the benchmarks.
  uint64_t (*read_words)(const uint64_t* words, int64_t count);
};

template <class T>
struct ScoreFunctions {
  // columns[c * column_stride + r] = rows[r * row_stride + c]
  void (*transpose)(const T* rows, ptrdiff_t row_stride, int64_t count, int64_t width, T* columns,
                    ptrdiff_t column_stride);
  void (*wide)(const ScoreRows<T>& scores, unsigned needs, const ScoreColumns& columns);    // column_stride == 1
  void (*narrow)(const ScoreRows<T>& scores, unsigned needs, const ScoreColumns& columns);  // either stride == 1
};

struct ScoreKernels {
  ScoreFunctions<float> f32;
  ScoreFunctions<double> f64;
  void (*rank_halves)(const ScoreRows<uint16_t>& scores, const ScoreColumns& columns);  // column_stride == 1
};

template <class T>
struct RowFunctions {
  void (*squared_error)(const PairedRows<T>& rows, double* means);
  void (*absolute_error)(const PairedRows<T>& rows, double* means);
  void (*equal)(const PairedRows<T>& rows, double* means);
  void (*binary_equal)(const PairedRows<T>& rows, double threshold, double* means);
  void (*row_mean)(const PairedRows<T>& rows, double* means);  // of y_pred
};

struct RowKernels {
  RowFunctions<float> f32;
  RowFunctions<double> f64;
};

// What becomes of histograms whose masses differ.
enum class MassPolicy : int32_t { kAsIs, kRefuse, kNormalize };

// How histograms are compared, beside the order.
struct HistogramForm {
  const double* gaps = nullptr;  // from each bin to the next; null: all count alike, and together 1
  MassPolicy policy = MassPolicy::kAsIs;
  double tolerance = 0.0;  // of kRefuse, as a share of the greater mass
  bool circular = false;   // the first bin follows the last

  bool operator==(const HistogramForm& other) const {
    return gaps == other.gaps && policy == other.policy && tolerance == other.tolerance && circular == other.circular;
  }
};

template <class T>
struct HistogramFunctions {
  // Up to kBlockRows rows; NaN for those that the policy refuses. A circular form takes scratch for 2 * width doubles.
  void (*earth_movers)(const PairedRows<T>& rows, double order, const HistogramForm& form, double* scratch,
                       double* distances);
  void (*mean_error)(const PairedRows<T>& rows, const double* bins, double* errors);
};

struct HistogramRowKernels {
  HistogramFunctions<float> f32;
  HistogramFunctions<double> f64;
};

// The two grids of an exact sum: multiples of 2^(exponent - 52) and, if `fine`, of 2^(exponent - 103).
struct SumGrid {
  int64_t exponent = 2;
  bool fine = false;
  uint32_t misses = 0;  // blocks since the last one whose elements lay on one grid
};

// One value for each pair of rows; what `number` is, its ValueKind says.
template <class T>
using RowValue = void (*)(const PairedRows<T>& rows, double number, double* values);

template <class T>
struct ErrorFunctions {
  RowValue<T> hinge;
  RowValue<T> squared_hinge;
  RowValue<T> categorical_hinge;
  RowValue<T> percentage_error;
  RowValue<T> squared_logarithmic_error;
  RowValue<T> log_cosh;
  RowValue<T> huber;
  // The mean of |y_true - y_pred| / normalizers, one for each column; where that is 0, so is the relative error.
  void (*relative_error)(const PairedRows<T>& rows, const double* normalizers, double* means);
};

struct ErrorRowKernels {
  ErrorFunctions<float> f32;
  ErrorFunctions<double> f64;
};

template <class T>
struct EntropyFunctions {
  RowValue<T> binary_crossentropy;
  RowValue<T> binary_crossentropy_of_logits;
  RowValue<T> kl_divergence;
  RowValue<T> poisson;
  // -sum of target * log-probability, target = y_true * (1 - smoothing) + smoothing / width; `normalizers` are
  // the row sums of y_pred or, for logits, its log-sum-exps.
  void (*crossentropy)(const PairedRows<T>& rows, const double* normalizers, double smoothing, bool from_logits,
                       double* losses);
};

struct EntropyRowKernels {
  EntropyFunctions<float> f32;
  EntropyFunctions<double> f64;
};

template <class T>
struct CorrelationFunctions {
  RowValue<T> cosine;
  RowValue<T> pearson;
  RowValue<T> concordance;
};

struct CorrelationRowKernels {
  CorrelationFunctions<float> f32;
  CorrelationFunctions<double> f64;
};

// Sums over rows for each class, added to: [3, classes] of predicted and true, predicted, true.
template <class T, class Count>
struct ClassFunctions {
  // Both arrays row by row (column strides of 1), or column by column (row strides of 1; the strides given are then
  // those of columns). An entry is predicted if it exceeds `threshold` or, with `by_maximum`, equals the maximum of
  // its row and exceeds `threshold` in magnitude. False if a y_true is neither 0 nor 1: the counts mean nothing then.
  bool (*wide)(const PairedRows<T>& rows, bool by_maximum, T threshold, Count* counts);
  bool (*narrow)(const PairedRows<T>& columns, bool by_maximum, T threshold, Count* counts);
};

struct ClassKernels {
  ClassFunctions<float, int32_t> f32;
  ClassFunctions<double, int64_t> f64;
};

struct SumKernels {
  // Replaces each value by its natural logarithm.
  void (*logarithm)(double* values, int64_t count);
  // Sums up to kBlockRows values as two integers on the grids, exactly; false if the values do not lie on such grids.
  // `grid` is a guess that spares work where it is right, and takes the grid that was used.
  bool (*exact_sums)(const double* values, int64_t count, SumGrid* grid, int64_t sums[2]);
  // The same sum, of products rounded as doubles are.
  bool (*exact_products)(const double* values, const double* weights, int64_t count, SumGrid* grid, int64_t sums[2]);
  // First index of what is infinite or no number, or -1.
  int64_t (*first_not_finite)(const double* values, int64_t count);
  // high[i] + low[i] = left[i] * right[i] exactly, unless that leaves the range of doubles. False if every low is 0.
  bool (*multiply_exactly)(const double* left, const double* right, int64_t count, double* high, double* low);
};

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
};

// Bins of the fixed histogram: see kernels/thresholds.cpp.
constexpr int64_t kBinsPerBinade = 4096;
constexpr int64_t kBinades = 32;
constexpr int64_t kNegativeBins = 2 * kBinades * kBinsPerBinade + 2;
constexpr int64_t kHalfBins = (kBinades - 1) * kBinsPerBinade + 1;
constexpr int64_t kHistogramBins = kNegativeBins + 2 * kHalfBins + kBinades * kBinsPerBinade + 1;

}  // namespace tally

#define TALLY_JOIN2(name, level) name##_##level
#define TALLY_JOIN(name, level) TALLY_JOIN2(name, level)
