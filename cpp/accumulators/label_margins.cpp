// Counts of each class, and numbers of label pairs.
#include "accumulators/label_margins.h"

namespace tally {

Fault LabelRange::check(const Block& block) const {
  const int64_t row = first_refused(block.true_class, block.rows, classes, ignored);
  const int64_t predicted_row =
      first_refused_prediction(block.true_class, block.predicted, block.rows, classes, ignored);
  if (row >= 0 && (predicted_row < 0 || row <= predicted_row)) return {Argument::kTrueLabel, row};
  if (predicted_row >= 0) return {Argument::kPredictedLabel, predicted_row};
  return {};
}

void LabelMargins::cells_of(const Block& block, uint32_t* of_true, uint32_t* of_predicted) const {
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
