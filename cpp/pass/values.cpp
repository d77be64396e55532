// Values that are formulas over derived columns, without another look at the rows.
#include <cstring>

#include "pass/columns.h"

namespace tally {
namespace {

constexpr double kEpsilon = 1e-7;

double element(const ArrayView& view, const Kernels& kernels, int64_t row, int64_t column) {
  const char* source = view.row(row) + column * view.column_stride;
  if (view.type == DType::kFloat32) {
    float value;
    std::memcpy(&value, source, sizeof value);
    return static_cast<double>(value);
  }
  double value;
  kernels.convert->to_double(source, view.type, 0, 1, &value);
  return value;
}

}  // namespace

unsigned needs_of(const ValueSpec& spec) {
  switch (spec.kind) {
    case ValueKind::kHit:
      return kNeedTrueClass | kNeedPredicted;
    case ValueKind::kWithinTop:
      return kNeedTrueClass | kNeedRank;
    case ValueKind::kSparseCrossentropy:
      return kNeedTrueClass | (spec.from_logits ? kNeedExpSum : kNeedSum);
    case ValueKind::kCrossentropy:
      return spec.from_logits ? kNeedExpSum : kNeedSum;
    default:
      return 0;
  }
}

void Columns::derive_value(const ValueSpec& spec, int64_t first, int64_t offset, int64_t rows, double* target) const {
  const int32_t* true_class = integers_[0] + offset;
  if (spec.kind == ValueKind::kHit) {
    const int32_t* predicted = integers_[1] + offset;
    for (int64_t row = 0; row < rows; ++row) target[row] = true_class[row] == predicted[row] ? 1.0 : 0.0;
    return;
  }
  if (spec.kind == ValueKind::kWithinTop) {
    const int32_t* above = integers_[2] + offset;
    for (int64_t row = 0; row < rows; ++row)
      target[row] = above[row] != kNeverRanked && static_cast<double>(above[row]) < spec.number ? 1.0 : 0.0;
    return;
  }
  sparse_crossentropy(spec.from_logits, first, offset, rows, target);
}

// Rows without a valid class are ignored or refused later; their value only must not read beyond the row.
void Columns::sparse_crossentropy(bool from_logits, int64_t first, int64_t offset, int64_t rows, double* target) const {
  const int32_t* true_class = integers_[0] + offset;
  for (int64_t row = 0; row < rows; ++row) {
    const bool valid = static_cast<uint64_t>(true_class[row]) < static_cast<uint64_t>(batch_.y_pred.width);
    const double score = element(batch_.y_pred, kernels_, first + offset + row, valid ? true_class[row] : 0);
    if (from_logits) {
      target[row] = exp_sum_[offset + row] - score;
      continue;
    }
    const double probability = score / sum_[offset + row];
    const double floored = probability < kEpsilon ? kEpsilon : probability;
    target[row] = floored > 1.0 - kEpsilon ? 1.0 - kEpsilon : floored;
  }
  if (from_logits) return;
  kernels_.sums->logarithm(target, rows);
  for (int64_t row = 0; row < rows; ++row) target[row] = -target[row];
}

}  // namespace tally
