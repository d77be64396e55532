// What every accumulator is: it reads the columns of a block and adds them to named arrays.
#pragma once

#include <cstdint>

#include "kernels/direct_table.h"
#include "support/array_view.h"

namespace tally {

// Columns that an accumulator may ask for, beside the score needs of kernels/table.h.
constexpr unsigned kNeedTrueClass = 32;

// kMass: a pair of histograms that their MassPolicy refuses. Samples: outside of their range.
enum class Argument { kNone, kTrueLabel, kPredictedLabel, kWeight, kMass, kTrueSample, kPredictedSample };

// The first row that a batch is refused for.
struct Fault {
  Argument argument = Argument::kNone;
  int64_t row = -1;
};

// Cells of pairs of labels, and the first row whose labels are refused: its cells mean nothing.
struct PairColumn {
  const uint32_t* cells = nullptr;
  Fault fault;
};

// What is to be fetched, evenly, while a block is counted: the later half of the next block's labels, or its weights.
struct LabelsAhead {
  const char* labels = nullptr;
  ptrdiff_t stride = 0;
};

// Both arrays' labels, in step with row `row` of the block that is counted.
inline void fetch(const LabelsAhead* streams, int64_t row) {
  __builtin_prefetch(streams[0].labels + row / 2 * streams[0].stride);
  __builtin_prefetch(streams[1].labels + row / 2 * streams[1].stride);
}

// The derived columns of up to kBlockRows rows; those that nobody asked for are null. Long blocks, of any number of
// rows, are for those who take sums and counts alone: there are no columns.
struct Block {
  int64_t first = 0;  // the number of its first row in the batch
  int64_t rows = 0;
  const int32_t* true_class = nullptr;
  const int32_t* predicted = nullptr;
  const int32_t* above = nullptr;
  const int32_t* tied = nullptr;
  const int32_t* tied_before = nullptr;
  const double* const* values = nullptr;  // the value columns of the pass, by number
  const PairColumn* pairs = nullptr;      // by number
  LabelsAhead ahead[3];                   // the third: all weights of the next block
  const double* weights = nullptr;        // null: every weight is 1, or each element has its own
  const ElementSum* sums = nullptr;       // of value columns, times weights; null: columns are to be summed
  const ElementSum* weight_sum = nullptr;
  const BinaryCounts* binary = nullptr;  // by the demand's thresholds; null: rows are not counted so
  double share = 1.0;                    // what one row is of its sample: 1 / rows per sample
};

class Accumulator {
 public:
  virtual ~Accumulator() = default;
  virtual unsigned needs() const = 0;
  // Whether it takes long blocks; asked for once scratch is prepared.
  virtual bool takes_long() const { return false; }
  // The first row of the block that this accumulator cannot take.
  virtual Fault check(const Block& block) const = 0;
  // Scratch for `workers` that together add `rows` rows; everything that may throw happens here.
  virtual void prepare(int workers, int64_t rows, bool weighted) = 0;
  virtual void add(const Block& block, int worker) = 0;
  // The only accumulator of a pass may add rows without a block, up to, at most, the first that `check` would refuse;
  // how many it did, of at most that many.
  virtual int64_t add_alone(int64_t /*first*/, int64_t /*rows*/, int /*worker*/) { return 0; }
  // Adds all scratch to the state.
  virtual void commit() = 0;
  // A checked block straight into the state.
  virtual void add_to_state(const Block& block) = 0;
  // Turns to the arrays of another batch, which differ from those before in place and rows alone. False if it cannot:
  // then it serves one batch.
  virtual bool turn_to(const ArrayView& y_true, const ArrayView& y_pred, const ArrayView& weights) = 0;
};

}  // namespace tally
