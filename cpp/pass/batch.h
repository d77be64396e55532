// A batch as the pass sees it, and the values that metrics ask to be derived from its rows.
#pragma once

#include <vector>

#include "accumulators/accumulator.h"
#include "accumulators/ignored.h"
#include "support/array_view.h"

namespace tally {

struct Batch {
  ArrayView y_true;   // [rows] labels or values, [rows, width], or absent
  ArrayView y_pred;   // [rows] or [rows, width]
  ArrayView weights;  // [rows], absent, or [rows, width] where accumulators read columns of rows
  int64_t rows = 0;
  int64_t rows_per_sample = 1;
};

enum class ValueKind : int32_t {
  kHit,                 // predicted class is the true class
  kWithinTop,           // fewer than `number` scores above the true one
  kSparseCrossentropy,  // from the true class
  kCrossentropy,        // from a row of targets
  kSquaredError,
  kAbsoluteError,
  kEqual,
  kBinaryEqual,   // y_true equals (y_pred > number)
  kRowPrecision,  // of y_pred > number
  kRowRecall,
  kEarthMovers,  // of order `number`
  kMeanError,    // of the bins
  kRowMean,
  kBinaryCrossentropy,  // of labels smoothed by `number`
  kHinge,
  kSquaredHinge,
  kCategoricalHinge,
  kDivergence,  // Kullback and Leibler's
  kPoisson,
  kLogCosh,
  kPercentageError,
  kSquaredLogarithmicError,
  kCosine,
  kPearson,
  kConcordance,
  kHuber,          // quadratic up to `number`
  kReached,        // y_pred >= number
  kRelativeError,  // to the bins
  kValueKinds
};

struct ValueSpec {
  ValueKind kind = ValueKind::kHit;
  double number = 0.0;
  bool from_logits = false;
  const double* bins = nullptr;
  HistogramForm form;  // of kEarthMovers

  bool operator==(const ValueSpec& other) const {
    return kind == other.kind && number == other.number && from_logits == other.from_logits && bins == other.bins &&
           form == other.form;
  }
};

// The columns that a value is computed from.
unsigned needs_of(const ValueSpec& spec);

// Whether a value reads whole rows of y_pred, and of y_true, beside derived columns.
inline bool reads_rows(ValueKind kind) {
  return kind != ValueKind::kHit && kind != ValueKind::kWithinTop && kind != ValueKind::kSparseCrossentropy;
}
inline bool reads_true_rows(ValueKind kind) {
  return reads_rows(kind) && kind != ValueKind::kRowMean && kind != ValueKind::kReached;
}

// A pair of true and predicted class of each row: cell = true * classes + predicted.
struct PairSpec {
  int32_t classes = 0;
  // Rows with a label outside [0, classes) get the cell behind the pairs and are not refused.
  bool drops = false;
  // Rows with such a true label get the next cell.
  Ignored ignored;
  // Not negative: the predicted class is that value column, of zeros and ones.
  int predicted_value = -1;
  // Not 0: pairs of equal labels may get a cell of the kDiagonals diagonals from there on.
  uint32_t diagonals = 0;

  bool has_extra_cells() const { return drops || ignored.active; }
  bool operator==(const PairSpec& other) const {
    return classes == other.classes && drops == other.drops && ignored == other.ignored &&
           predicted_value == other.predicted_value && diagonals == other.diagonals;
  }
};

// Whether both classes of a pair are labels of the batch, not derived from rows or values.
inline bool reads_labels(const Batch& batch, const PairSpec& spec) {
  return batch.y_true.dimensions == 1 && batch.y_pred.dimensions == 1 && spec.predicted_value < 0;
}

// A value that is only summed needs no column.
enum ValueUse : unsigned { kUsedAsColumn = 1, kUsedAsSum = 2 };

// The union of what the accumulators of a pass ask for.
struct Demand {
  unsigned needs = 0;
  std::vector<ValueSpec> values;
  std::vector<PairSpec> pairs;
  std::vector<unsigned> uses;     // of each value, what it is used as
  std::vector<float> thresholds;  // one by one, for counts of two classes
};

}  // namespace tally
