// Exact sums of value columns over a block, each once for all who ask; of plain errors without a column.
#include "pass/columns.h"

namespace tally {
namespace {

bool is_summed_directly(ValueKind kind) {
  return kind == ValueKind::kSquaredError || kind == ValueKind::kAbsoluteError || kind == ValueKind::kEqual ||
         kind == ValueKind::kBinaryEqual || kind == ValueKind::kRowMean;
}

ElementSum of_grid(bool exact, const SumGrid& grid, const int64_t sums[2]) {
  return {exact, {sums[0], sums[1]}, {grid.exponent - 52, grid.exponent - 103}};
}

ElementSum of_count(int64_t count) { return {true, {count, 0}, {0, 0}}; }

}  // namespace

// Kept samples of one row share nothing, and weights make products of values: those sums need columns.
void Columns::prepare_sums() {
  const size_t values = demand_.values.size();
  sums_.assign(values, ElementSum{});
  grids_.assign(values + 1, SumGrid{});
  direct_.assign(values, false);
  if (batch_.rows_per_sample != 1 || batch_.weights.dimensions == 2) return;
  for (size_t i = 0; i < values; ++i) sums_anything_ |= (demand_.uses[i] & kUsedAsSum) != 0;
  if (!sums_anything_) return;
  block_.sums = sums_.data();
  block_.weight_sum = &weight_sum_;
  const bool one_a_row = batch_.y_pred.width == 1 && (!batch_.y_true.dimensions || batch_.y_true.width == 1);
  if (batch_.weights.dimensions || !one_a_row || !batch_.y_pred.dimensions) return;
  const bool integers = !is_floating(batch_.y_true.type) || !is_floating(batch_.y_pred.type);
  for (size_t i = 0; i < values; ++i) {
    const ValueKind kind = demand_.values[i].kind;
    direct_[i] = demand_.uses[i] == kUsedAsSum && is_summed_directly(kind) && !(kind == ValueKind::kEqual && integers);
    sums_directly_ |= direct_[i];
  }
}

template <class T>
void Columns::sum_elements(int64_t first, int64_t rows) {
  const auto& functions = functions_of<T>(*kernels_.element_sums);
  for (ElementSum& sum : sums_) sum.exact = false;
  const PairedRows<T> pair = pair_of<T>(true_rows_needed_, first, rows);
  if (pair.pred_stride != 1 || pair.true_stride != 1) return;
  size_t errors[2];
  size_t kinds = 0;
  for (size_t i = 0; i < sums_.size(); ++i) {
    if (!direct_[i]) continue;
    const ValueSpec& spec = demand_.values[i];
    if (spec.kind == ValueKind::kRowMean)
      sums_[i].exact = functions.values(pair.y_pred, rows, &grids_[i], &sums_[i]);
    else if (spec.kind == ValueKind::kEqual)
      sums_[i] = of_count(functions.count_equal(pair.y_true, pair.y_pred, rows));
    else if (spec.kind == ValueKind::kBinaryEqual)
      sums_[i] = of_count(functions.count_binary_equal(pair.y_true, pair.y_pred, rows, spec.number));
    else
      errors[kinds++] = i;
  }
  if (!kinds) return;
  ElementSum* magnitudes = nullptr;
  ElementSum* squares = nullptr;
  for (size_t i = 0; i < kinds; ++i)
    (demand_.values[errors[i]].kind == ValueKind::kSquaredError ? squares : magnitudes) = &sums_[errors[i]];
  if (functions.errors(pair.y_true, pair.y_pred, rows, &grids_[errors[0]], magnitudes, squares)) return;
  for (size_t i = 0; i < kinds; ++i) sums_[errors[i]].exact = false;
}

void Columns::sum_columns(int64_t rows) {
  const SumKernels& functions = *kernels_.sums;
  int64_t sums[2] = {};
  for (size_t i = 0; i < sums_.size(); ++i) {
    if (!(demand_.uses[i] & kUsedAsSum) || (direct_[i] && sums_[i].exact)) continue;
    const bool exact = block_.weights ? functions.exact_products(values_[i], weights_, rows, &grids_[i], sums)
                                      : functions.exact_sums(values_[i], rows, &grids_[i], sums);
    sums_[i] = of_grid(exact, grids_[i], sums);
  }
  if (!block_.weights) return;
  SumGrid& grid = grids_.back();
  const bool exact = functions.exact_sums(weights_, rows, &grid, sums);
  weight_sum_ = of_grid(exact, grid, sums);
}

template void Columns::sum_elements<float>(int64_t, int64_t);
template void Columns::sum_elements<double>(int64_t, int64_t);

}  // namespace tally
