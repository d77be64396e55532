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
  // Only ranks and predicted classes; column_stride == 1.
  void (*halves)(const ScoreRows<uint16_t>& scores, unsigned needs, const ScoreColumns& columns);
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

// The grids of an exact sum: multiples of 2^(exponent - 52), and of powers of two 51 bits apart below.
constexpr int kSumGrids = 4;
struct SumGrid {
  int64_t exponent = 2;
  bool fine = false;    // takes two grids
  bool spread = false;  // takes more
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
  // Sums up to kBlockRows values as integers on the grids, exactly; false if the values do not lie on such grids.
  // `grid` is a guess that spares work where it is right, and takes the grid that was used.
  bool (*exact_sums)(const double* values, int64_t count, SumGrid* grid, int64_t sums[kSumGrids]);
  // The same sum, of products rounded as doubles are.
  bool (*exact_products)(const double* values, const double* weights, int64_t count, SumGrid* grid,
                         int64_t sums[kSumGrids]);
  // First index of what is infinite or no number, or -1.
  int64_t (*first_not_finite)(const double* values, int64_t count);
  // high[i] + low[i] = left[i] * right[i] exactly, unless that leaves the range of doubles. False if every low is 0.
  bool (*multiply_exactly)(const double* left, const double* right, int64_t count, double* high, double* low);
};

}  // namespace tally

#define TALLY_JOIN2(name, level) name##_##level
#define TALLY_JOIN(name, level) TALLY_JOIN2(name, level)
