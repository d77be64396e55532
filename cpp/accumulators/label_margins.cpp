// Counts of each class, and numbers of label pairs.
#include "accumulators/label_margins.h"

#include <utility>

#include "accumulators/label_views.h"
#include "support/dispatch.h"

namespace tally {

Fault LabelRange::check(const Block& block) const {
  const int64_t row = first_refused(block.true_class, block.rows, classes, ignored);
  const int64_t predicted_row =
      first_refused_prediction(block.true_class, block.predicted, block.rows, classes, ignored);
  if (row >= 0 && (predicted_row < 0 || row <= predicted_row)) return {Argument::kTrueLabel, row};
  if (predicted_row >= 0) return {Argument::kPredictedLabel, predicted_row};
  return {};
}

LabelMargins::LabelMargins(CellTable table, const LabelRange& range, const ArrayView& y_true, const ArrayView& y_pred)
    : counts_(std::move(table)), range_(range), y_true_(y_true), y_pred_(y_pred) {
  const int64_t bytes = bytes_in_place(y_true, y_pred);
  if (!range.ignored.active && bytes > 1) size_ = bytes;
}

bool LabelMargins::direct_cells(const Block& block, uint32_t* of_true, uint32_t* of_predicted) const {
  const auto& functions = *kernels().label_pairs;
  const auto classes = static_cast<uint32_t>(range_.classes);
  const char* y_true = y_true_.row(block.first);
  const char* y_pred = y_pred_.row(block.first);
  if (size_ == 8)
    return functions.margins_i64(reinterpret_cast<const int64_t*>(y_true), reinterpret_cast<const int64_t*>(y_pred),
                                 block.rows, classes, of_true, of_predicted);
  return functions.margins_i32(reinterpret_cast<const int32_t*>(y_true), reinterpret_cast<const int32_t*>(y_pred),
                               block.rows, classes, of_true, of_predicted);
}

Fault LabelMargins::check(const Block& block) const {
  if (!size_) return range_.check(block);
  uint32_t cells[2][kBlockRows];
  if (direct_cells(block, cells[0], cells[1])) return {};
  int32_t labels[2][kBlockRows + kPad];
  const auto& convert = *kernels().convert;
  convert.to_labels(y_true_.row(block.first), y_true_.type, y_true_.row_stride, block.rows, labels[0]);
  convert.to_labels(y_pred_.row(block.first), y_pred_.type, y_pred_.row_stride, block.rows, labels[1]);
  Block converted = block;
  converted.true_class = labels[0];
  converted.predicted = labels[1];
  return range_.check(converted);
}

void LabelMargins::cells_of(const Block& block, uint32_t* of_true, uint32_t* of_predicted) const {
  if (size_) {
    direct_cells(block, of_true, of_predicted);
    return;
  }
  const auto classes = static_cast<uint32_t>(range_.classes);
  const uint32_t nothing = 3 * classes;
  for (int64_t row = 0; row < block.rows; ++row) {
    const auto truth = static_cast<uint32_t>(block.true_class[row]);
    const auto predicted = static_cast<uint32_t>(block.predicted[row]);
    const bool hit = truth == predicted;
    of_true[row] = hit ? truth : classes + truth;
    of_predicted[row] = hit ? nothing : 2 * classes + predicted;
  }
  if (!range_.ignored.active) return;
  for (int64_t row = 0; row < block.rows; ++row)
    if (range_.ignored.contains(block.true_class[row])) of_true[row] = of_predicted[row] = nothing;
}

void LabelMargins::add(const Block& block, int worker) {
  uint32_t of_true[kBlockRows];
  uint32_t of_predicted[kBlockRows];
  cells_of(block, of_true, of_predicted);
  counts_.add(worker, of_true, block.weights, block.rows, block.ahead);
  counts_.add(worker, of_predicted, block.weights, block.rows);
}

void LabelMargins::add_to_state(const Block& block) {
  uint32_t of_true[kBlockRows];
  uint32_t of_predicted[kBlockRows];
  cells_of(block, of_true, of_predicted);
  counts_.add_to_state(of_true, block.weights, block.rows);
  counts_.add_to_state(of_predicted, block.weights, block.rows);
}

void PairKeys::write(const Block& block) {
  int64_t* keys = room_ + 1 + room_[0] + block.first;
  for (int64_t row = 0; row < block.rows; ++row) {
    const int64_t truth = block.true_class[row];
    const int64_t predicted = block.predicted[row];
    keys[row] = truth == predicted ? -2 - truth : truth * range_.classes + predicted;
  }
  for (int64_t row = 0; range_.ignored.active && row < block.rows; ++row)
    if (range_.ignored.contains(block.true_class[row])) keys[row] = -1;
}

}  // namespace tally
