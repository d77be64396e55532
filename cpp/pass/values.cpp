// Values that are formulas over derived columns, without another look at the rows.
#include "pass/columns.h"

namespace tally {
namespace {

constexpr double kEpsilon = 1e-7;

}  // namespace

unsigned needs_of(const ValueSpec& spec) {
  switch (spec.kind) {
    case ValueKind::kHit:
      return kNeedTrueClass | kNeedPredicted;
    case ValueKind::kWithinTop:
      return kNeedTrueClass | kNeedRank;
    case ValueKind::kSparseCrossentropy:
      return kNeedTrueClass | kNeedTrueScore | (spec.from_logits ? kNeedExpSum : kNeedSum);
    case ValueKind::kCrossentropy:
      return spec.from_logits ? kNeedExpSum : kNeedSum;
    default:
      return 0;
  }
}

void Columns::derive_value(const ValueSpec& spec, int64_t offset, int64_t rows, double* target) const {
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
  sparse_crossentropy(spec.from_logits, offset, rows, target);
}

// Rows without a valid class get NaN; they are ignored or refused later.
void Columns::sparse_crossentropy(bool from_logits, int64_t offset, int64_t rows, double* target) const {
  const double* score = true_score_ + offset;
  if (from_logits) {
    // The reference cancels before the small logarithm is added: large logits lose nothing.
    const double* reference = reference_ + offset;
    const double* log_sum = exp_sum_ + offset;
    for (int64_t row = 0; row < rows; ++row) target[row] = log_sum[row] + (reference[row] - score[row]);
    return;
  }
  const double* sum = sum_ + offset;
  for (int64_t row = 0; row < rows; ++row) {
    const double probability = score[row] / sum[row];
    const double floored = probability < kEpsilon ? kEpsilon : probability;
    target[row] = floored > 1.0 - kEpsilon ? 1.0 - kEpsilon : floored;
  }
  kernels_.sums->logarithm(target, rows);
  for (int64_t row = 0; row < rows; ++row) target[row] = -target[row];
}

}  // namespace tally
