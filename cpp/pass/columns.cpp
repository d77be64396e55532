// From views of any dtype and stride to the columns of a block.
#include "pass/columns.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "pass/paired_values.h"
#include "support/tiles.h"

namespace tally {
namespace {

constexpr int64_t kTileBytes = 32768;
constexpr int64_t kLargestTile = int64_t{16} << 20;
enum { kTrueClass, kPredicted, kAbove, kTied, kTiedBefore };

template <class Integer>
bool same_number(Integer integer, double number) {
  // The bounds are powers of two: a number within them converts without loss of range.
  constexpr double kEnd = sizeof(Integer) == 8 && Integer(-1) > 0 ? 0x1p64 : 0x1p63;
  constexpr double kBegin = Integer(-1) > 0 ? 0.0 : -0x1p63;
  return number >= kBegin && number < kEnd && static_cast<Integer>(number) == integer &&
         static_cast<double>(integer) == number;
}

bool needs_true_rows(const Batch& batch, const Demand& demand) {
  if (batch.y_true.dimensions == 2) return true;
  return std::any_of(demand.values.begin(), demand.values.end(),
                     [](const ValueSpec& value) { return reads_true_rows(value.kind); });
}

// Whether kernels read the rows where they are.
bool in_place(const ArrayView& view, bool single) {
  const DType type = single ? DType::kFloat32 : DType::kFloat64;
  return view.dimensions == 0 ||
         (view.type == type && view.column_stride == size_of(type) && view.row_stride % size_of(type) == 0);
}

// Wide rows of halves that can be compared where they are.
bool are_halves(const ArrayView& view) {
  return view.type == DType::kFloat16 && view.width > kNarrowWidth && view.column_stride == 2 &&
         view.row_stride % 2 == 0;
}

// Tiles need not be small when every row is read once and where it is; otherwise both arrays' rows must stay in the
// cache between reads. Some kernels work on many rows at once, but not at the price of much memory.
int64_t rows_per_tile(const Batch& batch, const Demand& demand, bool single) {
  const int64_t width = std::max(batch.y_pred.width, batch.y_true.width);
  const bool rows_read_again = std::any_of(demand.values.begin(), demand.values.end(),
                                           [](const ValueSpec& value) { return reads_rows(value.kind); });
  const bool both_in_place =
      in_place(batch.y_pred, single) && (batch.y_true.dimensions < 2 || in_place(batch.y_true, single));
  if (width <= 1 || (both_in_place && !rows_read_again)) return kBlockRows;
  const int64_t row_bytes = width * 8 * (batch.y_true.dimensions == 2 ? 2 : 1);
  const int64_t least = std::clamp<int64_t>(kLargestTile / row_bytes, 1, kPad);
  return least < kPad ? least : std::clamp<int64_t>(kTileBytes / row_bytes / kPad * kPad, kPad, kBlockRows);
}

size_t tile_bytes(const ArrayView& view, bool single, int64_t rows) {
  if (in_place(view, single)) return 0;
  return static_cast<size_t>(view.width) * sizeof(double) * static_cast<size_t>(rows + kPad);
}

}  // namespace

Columns::Columns(const Batch& batch, const Demand& demand, int64_t most_rows)
    : batch_(batch), demand_(demand), kernels_(kernels()), column_(most_rows + kPad), pairs_(batch, demand, most_rows) {
  single_ = fits_float32(batch.y_pred.type) && (!needs_true_rows(batch, demand) || fits_float32(batch.y_true.type));
  true_rows_needed_ = needs_true_rows(batch, demand);
  tile_rows_ = std::min(rows_per_tile(batch, demand, single_), most_rows);
  const size_t values = demand.values.size();
  storage_ = Scratch(static_cast<size_t>(column_) * ((5 + values) * sizeof(double) + 5 * sizeof(int32_t)));
  double* next = storage_.as<double>();
  for (double** column : {&sum_, &reference_, &exp_sum_, &true_score_, &weights_}) {
    *column = next;
    next += column_;
  }
  for (size_t i = 0; i < values; ++i, next += column_) values_.push_back(next);
  for (int i = 0; i < 5; ++i) integers_[i] = reinterpret_cast<int32_t*>(next) + i * column_;

  if (std::any_of(demand.values.begin(), demand.values.end(),
                  [](const ValueSpec& value) { return value.form.circular; }))
    pair_ = Scratch(2 * static_cast<size_t>(batch.y_pred.width) * sizeof(double));

  const size_t true_bytes = tile_bytes(batch.y_true, single_, tile_rows_);
  tiles_ = Scratch(true_bytes + tile_bytes(batch.y_pred, single_, tile_rows_));
  true_tile_ = tiles_.as<char>();
  pred_tile_ = true_tile_ + true_bytes;

  if (demand.needs & kNeedTrueClass) block_.true_class = integers_[kTrueClass];
  if (demand.needs & kNeedPredicted) block_.predicted = integers_[kPredicted];
  if (demand.needs & kNeedRank) {
    block_.above = integers_[kAbove];
    block_.tied = integers_[kTied];
    block_.tied_before = integers_[kTiedBefore];
  }
  block_.values = values_.data();
  block_.pairs = pairs_.columns();
  block_.share = 1.0 / static_cast<double>(batch.rows_per_sample);
  prepare_sums();
  prepare_binary();
  prepare_equal();
  for (size_t i = 0; i < values; ++i) sums_directly_ |= direct_[i] && !in_place_[i];
  needs_no_columns_ = needs_no_columns();
}

Fault Columns::load_weights(int64_t first, int64_t rows) {
  const ArrayView& view = batch_.weights;
  if (view.dimensions == 2) return check_weights(first, rows);
  kernels_.convert->to_double(view.row(first), view.type, view.row_stride, rows, weights_);
  block_.weights = weights_;
  const int64_t row = kernels_.sums->first_not_finite(weights_, rows);
  return row < 0 ? Fault{} : Fault{Argument::kWeight, row};
}

// A weight for each element stays where it is: those accumulators read it that know columns.
Fault Columns::check_weights(int64_t first, int64_t rows) const {
  double weights[kBlockRows];
  Fault fault;
  for (int64_t column = 0; column < batch_.weights.width; ++column) {
    kernels_.convert->to_double(batch_.weights.row(first) + column * batch_.weights.column_stride, batch_.weights.type,
                                batch_.weights.row_stride, rows, weights);
    for (int64_t row = 0; row < rows; ++row)
      if (!std::isfinite(weights[row]) && (fault.argument == Argument::kNone || row < fault.row))
        fault = {Argument::kWeight, row};
  }
  return fault;
}

Fault Columns::derive(int64_t first, int64_t rows) {
  block_.first = first;
  block_.rows = rows;
  const ArrayView& y_true = batch_.y_true;
  const ArrayView& y_pred = batch_.y_pred;
  if ((demand_.needs & kNeedTrueClass) && y_true.dimensions == 1)
    kernels_.convert->to_labels(y_true.row(first), y_true.type, y_true.row_stride, rows, integers_[kTrueClass]);
  if ((demand_.needs & kNeedPredicted) && y_pred.dimensions == 1)
    kernels_.convert->to_labels(y_pred.row(first), y_pred.type, y_pred.row_stride, rows, integers_[kPredicted]);
  if (block_.binary) count_binary(first, rows);
  if (equal_value_ >= 0) count_equal(first, rows);
  if (single_)
    derive_tiles<float>(first, rows);
  else
    derive_tiles<double>(first, rows);
  pairs_.derive(block_);
  for (int i = 0; i < 2; ++i) {
    const ArrayView& labels = i ? y_pred : y_true;
    if (labels.dimensions == 1) block_.ahead[i] = {labels.row(first + rows + rows / 2), labels.row_stride};
  }
  if (batch_.weights.dimensions == 1) block_.ahead[2] = {batch_.weights.row(first + rows), batch_.weights.row_stride};
  const Fault fault = refused_histogram(rows);
  const Fault of_weights = batch_.weights.dimensions ? load_weights(first, rows) : Fault{};
  if (sums_anything_) sum_columns(rows);
  const bool earlier = of_weights.argument != Argument::kNone && of_weights.row < fault.row;
  return fault.argument == Argument::kNone || earlier ? of_weights : fault;
}

// A distance under a policy is NaN for no other reason.
Fault Columns::refused_histogram(int64_t rows) const {
  Fault fault;
  for (size_t i = 0; i < demand_.values.size(); ++i) {
    if (demand_.values[i].form.policy == MassPolicy::kAsIs) continue;
    for (int64_t row = 0; row < (fault.row < 0 ? rows : fault.row); ++row)
      if (std::isnan(values_[i][row])) fault = {Argument::kMass, row};
  }
  return fault;
}

template <class T>
void Columns::derive_tiles(int64_t first, int64_t rows) {
  const bool true_rows = batch_.y_true.dimensions == 2;
  const unsigned score_needs = batch_.y_pred.dimensions == 2 ? demand_.needs & 31u : 0u;
  if (sums_directly_) sum_elements<T>(first, rows);
  for (int64_t offset = 0; offset < rows; offset += tile_rows_) {
    const int64_t count = std::min(tile_rows_, rows - offset);
    if (true_rows && (demand_.needs & kNeedTrueClass))
      derive_scores<T>(batch_.y_true, first, offset, count, kNeedPredicted, true);
    if (score_needs) derive_scores<T>(batch_.y_pred, first, offset, count, score_needs, false);
    derive_values<T>(first, offset, count);
  }
}

template <class T>
void Columns::derive_scores(const ArrayView& view, int64_t first, int64_t offset, int64_t rows, unsigned needs,
                            bool of_true) {
  ScoreColumns columns = {};
  if (needs & kNeedPredicted) columns.predicted = integers_[of_true ? kTrueClass : kPredicted] + offset;
  if (needs & kNeedRank) {
    columns.above = integers_[kAbove] + offset;
    columns.tied = integers_[kTied] + offset;
    columns.tied_before = integers_[kTiedBefore] + offset;
  }
  if (needs & kNeedSum) columns.sum = sum_ + offset;
  if (needs & kNeedTrueScore) columns.true_score = true_score_ + offset;
  columns.reference = reference_ + offset;
  columns.exp_sum = exp_sum_ + offset;

  const int32_t* labels = needs & (kNeedRank | kNeedTrueScore) ? integers_[kTrueClass] + offset : nullptr;
  if (!(needs & ~static_cast<unsigned>(kNeedRank | kNeedPredicted)) && are_halves(view))
    return kernels_.scores->halves(
        {reinterpret_cast<const uint16_t*>(view.row(first + offset)), view.row_stride / 2, 1, rows, view.width, labels},
        needs, columns);
  ScoreRows<T> scores = {};
  scores.rows = rows;
  scores.classes = view.width;
  scores.labels = labels;
  const auto& functions = functions_of<T>(*kernels_.scores);
  char* tile = of_true ? true_tile_ : pred_tile_;
  if (view.width <= kNarrowWidth && in_place(view, single_)) {
    scores.column_stride = 1;
    scores.data = rows_of<T>(view, first + offset, rows, tile, &scores.row_stride);
    functions.narrow(scores, needs, columns);
  } else if (view.width <= kNarrowWidth) {
    scores.row_stride = 1;
    scores.data = columns_of<T>(view, first + offset, rows, tile, &scores.column_stride);
    functions.narrow(scores, needs, columns);
  } else {
    scores.column_stride = 1;
    scores.data = rows_of<T>(view, first + offset, rows, tile, &scores.row_stride);
    functions.wide(scores, needs, columns);
  }
  // exp_sum becomes its logarithm; the log-sum-exp is that plus the reference.
  if (needs & kNeedExpSum) kernels_.sums->logarithm(columns.exp_sum, rows);
}

template <class T>
const T* Columns::rows_of(const ArrayView& view, int64_t first, int64_t rows, char* tile, ptrdiff_t* stride) const {
  return tally::rows_of(view, first, rows, reinterpret_cast<T*>(tile), stride);
}

template <class T>
const T* Columns::columns_of(const ArrayView& view, int64_t first, int64_t rows, char* tile, ptrdiff_t* stride) const {
  return tally::columns_of(view, first, rows, reinterpret_cast<T*>(tile), tile_rows_ + kPad, stride);
}

template <class T>
void Columns::derive_values(int64_t first, int64_t offset, int64_t rows) {
  for (size_t i = 0; i < demand_.values.size(); ++i) {
    const ValueSpec& spec = demand_.values[i];
    if (counted_[i] || (direct_[i] && sums_[i].exact)) continue;
    if (reads_rows(spec.kind))
      derive_row_value<T>(spec, first, offset, rows, values_[i] + offset);
    else
      derive_value(spec, offset, rows, values_[i] + offset);
  }
}

template <class T>
PairedRows<T> Columns::pair_of(bool true_rows, int64_t first, int64_t rows) const {
  PairedRows<T> pair = {};
  pair.rows = rows;
  pair.width = batch_.y_pred.width;
  pair.y_pred = rows_of<T>(batch_.y_pred, first, rows, pred_tile_, &pair.pred_stride);
  pair.y_true = pair.y_pred;
  pair.true_stride = pair.pred_stride;
  if (true_rows) pair.y_true = rows_of<T>(batch_.y_true, first, rows, true_tile_, &pair.true_stride);
  return pair;
}

template PairedRows<float> Columns::pair_of(bool, int64_t, int64_t) const;
template PairedRows<double> Columns::pair_of(bool, int64_t, int64_t) const;

template <class T>
void Columns::derive_row_value(const ValueSpec& spec, int64_t first, int64_t offset, int64_t rows, double* target) {
  const bool integers = !is_floating(batch_.y_true.type) || !is_floating(batch_.y_pred.type);
  if (spec.kind == ValueKind::kEqual && integers && batch_.y_pred.width == 1)
    return equal_exactly(first + offset, rows, target);
  const PairedRows<T> pair = pair_of<T>(reads_true_rows(spec.kind), first + offset, rows);
  if (spec.kind != ValueKind::kCrossentropy)
    return derive_paired_value(kernels_, spec, pair, pair_.as<double>(), target);
  double normalizers[kBlockRows];
  for (int64_t row = 0; row < rows; ++row)
    normalizers[row] = spec.from_logits ? reference_[offset + row] + exp_sum_[offset + row] : sum_[offset + row];
  functions_of<T>(*kernels_.entropies).crossentropy(pair, normalizers, spec.number, spec.from_logits, target);
}

// Integers are compared as integers: float64 would confuse those beyond 2^53.
void Columns::equal_exactly(int64_t first, int64_t rows, double* target) const {
  const ArrayView* views[] = {&batch_.y_true, &batch_.y_pred};
  if (is_floating(views[0]->type)) std::swap(views[0], views[1]);
  const ArrayView& whole = *views[0];
  const ArrayView& other = *views[1];
  int64_t integers[kBlockRows];
  kernels_.convert->to_int64(whole.row(first), whole.type, whole.row_stride, rows, integers);
  const bool is_unsigned = whole.type == DType::kUInt64;
  if (is_floating(other.type)) {
    double numbers[kBlockRows];
    kernels_.convert->to_double(other.row(first), other.type, other.row_stride, rows, numbers);
    for (int64_t row = 0; row < rows; ++row)
      target[row] = (is_unsigned ? same_number<uint64_t>(static_cast<uint64_t>(integers[row]), numbers[row])
                                 : same_number<int64_t>(integers[row], numbers[row]));
    return;
  }
  int64_t others[kBlockRows];
  kernels_.convert->to_int64(other.row(first), other.type, other.row_stride, rows, others);
  // A pattern that is negative as signed is another number as unsigned.
  const int64_t least = is_unsigned != (other.type == DType::kUInt64) ? 0 : INT64_MIN;
  kernels_.convert->equal_integers(integers, others, least, rows, target);
}

}  // namespace tally
