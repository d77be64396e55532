// From labels to checked cells.
#include "pass/label_pairs.h"

#include "accumulators/label_views.h"

namespace tally {
namespace {

template <class Label>
const Label* labels_of(const ArrayView& view, int64_t first) {
  return reinterpret_cast<const Label*>(view.row(first));
}

}  // namespace

LabelPairs::LabelPairs(const Batch& batch, const Demand& demand, int64_t most_rows)
    : batch_(batch), demand_(demand), column_(static_cast<size_t>(most_rows + kPad)) {
  const size_t pairs = demand.pairs.size();
  if (!pairs) return;
  storage_ = Scratch((3 + pairs) * column_ * sizeof(uint32_t));
  for (int i = 0; i < 3; ++i) buffers_[i] = storage_.as<int32_t>() + i * column_;
  cells_ = reinterpret_cast<uint32_t*>(buffers_[2] + column_);
  for (size_t i = 0; i < pairs; ++i) columns_.push_back({cells_ + i * column_, {}});
}

void LabelPairs::derive(const Block& block) {
  converted_ = false;
  for (size_t i = 0; i < columns_.size(); ++i) fill(demand_.pairs[i], block, &columns_[i], cells_ + i * column_);
}

void LabelPairs::fill(const PairSpec& spec, const Block& block, PairColumn* column, uint32_t* cells) {
  column->fault = {};
  // Where the last block held labels outside, this one may, too.
  const bool are_inside = !(spec.has_extra_cells() && held_others_) && plain_cells(spec, block, cells);
  if (are_inside && !spec.ignored.active) return;
  read_labels(spec, block);
  const auto& functions = *kernels().convert;
  const auto classes = static_cast<uint32_t>(spec.classes);
  if (!are_inside) {
    column->fault = check(spec, block.rows);
    functions.known_pair_cells(true_class_, predicted_, block.rows, classes, cells);
  }
  held_others_ = !are_inside && has_others(spec, block.rows);
  if (!spec.ignored.active) return;
  const uint32_t cell = classes * classes + 1;
  functions.mark_cells(true_class_, block.rows, spec.ignored.label, cell, cells);
  for (const int32_t other : spec.ignored.others) functions.mark_cells(true_class_, block.rows, other, cell, cells);
}

bool LabelPairs::has_others(const PairSpec& spec, int64_t rows) const {
  const auto& functions = *kernels().convert;
  return functions.first_outside(true_class_, rows, spec.classes, 0) >= 0 ||
         functions.first_outside(predicted_, rows, spec.classes, 0) >= 0;
}

// The cells of labels in [0, classes); false if there are others.
bool LabelPairs::plain_cells(const PairSpec& spec, const Block& block, uint32_t* cells) {
  const auto& functions = *kernels().label_pairs;
  const auto classes = static_cast<uint32_t>(spec.classes);
  if (reads_labels(batch_, spec)) {
    const ArrayView& y_true = batch_.y_true;
    const ArrayView& y_pred = batch_.y_pred;
    const int64_t bytes = bytes_in_place(y_true, y_pred);
    if (bytes == 8)
      return functions.cells_i64(labels_of<int64_t>(y_true, block.first), labels_of<int64_t>(y_pred, block.first),
                                 block.rows, classes, spec.diagonals, cells);
    if (bytes == 4)
      return functions.cells_i32(labels_of<int32_t>(y_true, block.first), labels_of<int32_t>(y_pred, block.first),
                                 block.rows, classes, spec.diagonals, cells);
    if (bytes == 1)
      return functions.cells_u8(labels_of<uint8_t>(y_true, block.first), labels_of<uint8_t>(y_pred, block.first),
                                block.rows, classes, spec.diagonals, cells);
  }
  read_labels(spec, block);
  return functions.cells_i32(true_class_, predicted_, block.rows, classes, spec.diagonals, cells);
}

void LabelPairs::read_labels(const PairSpec& spec, const Block& block) {
  true_class_ = block.true_class;
  predicted_ = block.predicted;
  if (reads_labels(batch_, spec)) {
    const auto& functions = *kernels().convert;
    if (!converted_) {
      functions.to_labels(batch_.y_true.row(block.first), batch_.y_true.type, batch_.y_true.row_stride, block.rows,
                          buffers_[0]);
      functions.to_labels(batch_.y_pred.row(block.first), batch_.y_pred.type, batch_.y_pred.row_stride, block.rows,
                          buffers_[1]);
    }
    converted_ = true;
    true_class_ = buffers_[0];
    predicted_ = buffers_[1];
  } else if (spec.predicted_value >= 0) {
    const double* values = block.values[spec.predicted_value];
    for (int64_t row = 0; row < block.rows; ++row) buffers_[2][row] = static_cast<int32_t>(values[row]);
    predicted_ = buffers_[2];
  }
}

int64_t LabelPairs::refused_prediction(const PairSpec& spec, int64_t rows) const {
  if (spec.predicted_value >= 0) return -1;
  if (spec.drops) return kernels().convert->first_unreadable(predicted_, rows);
  return first_refused_prediction(true_class_, predicted_, rows, spec.classes, spec.ignored);
}

Fault LabelPairs::check(const PairSpec& spec, int64_t rows) const {
  const int64_t row = spec.drops ? kernels().convert->first_unreadable(true_class_, rows)
                                 : first_refused(true_class_, rows, spec.classes, spec.ignored);
  const int64_t predicted_row = refused_prediction(spec, rows);
  if (row >= 0 && (predicted_row < 0 || row <= predicted_row)) return {Argument::kTrueLabel, row};
  if (predicted_row >= 0) return {Argument::kPredictedLabel, predicted_row};
  return {};
}

}  // namespace tally
