// Exact sums of value columns over a block, each once for all who ask; of plain errors without a column.
#include <algorithm>
#include <cmath>

#include "pass/columns.h"

namespace tally {
namespace {

bool is_error(ValueKind kind) { return kind == ValueKind::kSquaredError || kind == ValueKind::kAbsoluteError; }

bool is_summed_directly(ValueKind kind) {
  return is_error(kind) || kind == ValueKind::kEqual || kind == ValueKind::kBinaryEqual || kind == ValueKind::kRowMean;
}

bool is_counted(ValueKind kind) { return kind == ValueKind::kHit || kind == ValueKind::kWithinTop; }

ElementSum of_grid(bool exact, const SumGrid& grid, const int64_t* sums) {
  ElementSum sum = {exact, {}, {}};
  for (int digit = 0; digit < kSumGrids; ++digit) {
    sum.units[digit] = sums[digit];
    sum.exponents[digit] = grid.exponent - 52 - 51 * digit;
  }
  return sum;
}

ElementSum of_count(int64_t count) { return {true, {count}, {}}; }

}  // namespace

// Rank-1 float32 scores and labels that are counted where they are, one of each a row.
void Columns::prepare_binary() {
  const ArrayView& y_true = batch_.y_true;
  const ArrayView& y_pred = batch_.y_pred;
  const int64_t size = size_of(y_true.type);
  const bool in_place = y_true.dimensions && y_true.width == 1 && y_pred.width == 1 && y_true.row_stride == size &&
                        y_pred.type == DType::kFloat32 && y_pred.row_stride == static_cast<ptrdiff_t>(sizeof(float));
  const bool typed = y_true.type == DType::kFloat32 || (!is_floating(y_true.type) && size != 2);
  binary_value_.assign(demand_.values.size(), -1);
  in_place_.assign(demand_.values.size(), false);
  if (!in_place || !typed || batch_.weights.dimensions || demand_.thresholds.empty()) return;
  binary_.resize(demand_.thresholds.size());
  block_.binary = binary_.data();
  if (batch_.rows_per_sample != 1) return;
  for (size_t i = 0; i < demand_.values.size(); ++i) {
    const ValueSpec& spec = demand_.values[i];
    if (spec.kind != ValueKind::kBinaryEqual || demand_.uses[i] != kUsedAsSum) continue;
    for (size_t j = 0; j < demand_.thresholds.size(); ++j)
      if (static_cast<double>(demand_.thresholds[j]) == spec.number) binary_value_[i] = static_cast<int>(j);
    direct_[i] = in_place_[i] = binary_value_[i] >= 0;
  }
}

void Columns::count_binary(int64_t first, int64_t rows) {
  const auto* scores = reinterpret_cast<const float*>(batch_.y_pred.row(first));
  for (size_t j = 0; j < binary_.size(); ++j)
    kernels_.binary_counts->binary(scores, batch_.y_true.row(first), batch_.y_true.type, rows, demand_.thresholds[j],
                                   &binary_[j]);
  for (size_t i = 0; i < sums_.size(); ++i)
    if (binary_value_[i] >= 0) sums_[i] = of_count(binary_[static_cast<size_t>(binary_value_[i])].equal);
}

// Integers of one type, one of each a row, of which it is only counted how many are equal.
void Columns::prepare_equal() {
  const ArrayView& y_true = batch_.y_true;
  const ArrayView& y_pred = batch_.y_pred;
  const int64_t size = size_of(y_pred.type);
  if (is_floating(y_pred.type) || y_true.type != y_pred.type || y_true.width != 1 || y_pred.width != 1 ||
      y_true.row_stride != size || y_pred.row_stride != size || batch_.weights.dimensions ||
      batch_.rows_per_sample != 1 || !y_true.dimensions)
    return;
  for (size_t i = 0; i < demand_.values.size(); ++i)
    if (demand_.values[i].kind == ValueKind::kEqual && demand_.uses[i] == kUsedAsSum) {
      equal_value_ = static_cast<int>(i);
      direct_[i] = in_place_[i] = true;
    }
}

void Columns::count_equal(int64_t first, int64_t rows) {
  const ArrayView& y_true = batch_.y_true;
  const int64_t count = kernels_.element_sums->count_equal_integers(y_true.row(first), batch_.y_pred.row(first),
                                                                    size_of(y_true.type), rows);
  sums_[static_cast<size_t>(equal_value_)] = of_count(count);
}

// Kept samples of one row share nothing, and weights make products of values: those sums need columns.
void Columns::prepare_sums() {
  const size_t values = demand_.values.size();
  sums_.assign(values, ElementSum{});
  grids_.assign(values + 1, SumGrid{});
  direct_.assign(values, false);
  counted_.assign(values, false);
  if (batch_.rows_per_sample != 1 || batch_.weights.dimensions == 2) return;
  for (size_t i = 0; i < values; ++i) sums_anything_ |= (demand_.uses[i] & kUsedAsSum) != 0;
  if (!sums_anything_) return;
  block_.sums = sums_.data();
  block_.weight_sum = &weight_sum_;
  for (size_t i = 0; i < values && !batch_.weights.dimensions; ++i)
    counted_[i] = demand_.uses[i] == kUsedAsSum && is_counted(demand_.values[i].kind);
  const bool one_a_row = batch_.y_pred.width == 1 && (!batch_.y_true.dimensions || batch_.y_true.width == 1);
  if (batch_.weights.dimensions || !one_a_row || !batch_.y_pred.dimensions) return;
  const bool integers = !is_floating(batch_.y_true.type) || !is_floating(batch_.y_pred.type);
  for (size_t i = 0; i < values; ++i) {
    const ValueKind kind = demand_.values[i].kind;
    direct_[i] = demand_.uses[i] == kUsedAsSum && is_summed_directly(kind) && !(kind == ValueKind::kEqual && integers);
  }
}

// Whether nothing is asked for but counts, and sums of errors between float32 arrays as they are.
bool Columns::needs_no_columns() const {
  if (demand_.needs || !demand_.pairs.empty() || batch_.weights.dimensions) return false;
  if (!demand_.thresholds.empty() && !block_.binary) return false;
  bool in_place = true;
  for (const ArrayView* view : {&batch_.y_true, &batch_.y_pred})
    in_place &= view->type == DType::kFloat32 && view->row_stride == static_cast<ptrdiff_t>(sizeof(float));
  for (size_t i = 0; i < demand_.values.size(); ++i) {
    const bool is_summed = direct_[i] && is_error(demand_.values[i].kind) && in_place;
    if (!is_summed && !in_place_[i]) return false;
  }
  return true;
}

int64_t Columns::derive_long(int64_t first, int64_t rows) {
  if (!needs_no_columns_ || first < no_long_before_ || rows <= kBlockRows) return 0;
  block_.first = first;
  block_.rows = sums_directly_ ? sum_long(first, rows) : rows;
  // Where errors lie on no grid, the next few are not tried either.
  if (block_.rows < rows) no_long_before_ = first + std::min(block_.rows + 8 * kLongErrors, rows);
  if (block_.binary && block_.rows) count_binary(first, block_.rows);
  if (equal_value_ >= 0 && block_.rows) count_equal(first, block_.rows);
  return block_.rows;
}

// Of errors between float32 arrays as they are.
int64_t Columns::sum_long(int64_t first, int64_t rows) {
  ElementSum* sums[2] = {};
  for (size_t i = 0; i < sums_.size(); ++i)
    if (!in_place_[i]) sums[demand_.values[i].kind == ValueKind::kSquaredError] = &sums_[i];
  const auto* y_true = reinterpret_cast<const float*>(batch_.y_true.row(first));
  const auto* y_pred = reinterpret_cast<const float*>(batch_.y_pred.row(first));
  return kernels_.element_sums->f32.long_errors(y_true, y_pred, rows, &long_exponent_, sums[0], sums[1]);
}

template <class T>
void Columns::sum_elements(int64_t first, int64_t rows) {
  const auto& functions = functions_of<T>(*kernels_.element_sums);
  for (size_t i = 0; i < sums_.size(); ++i)
    if (!in_place_[i]) sums_[i].exact = false;
  const PairedRows<T> pair = pair_of<T>(true_rows_needed_, first, rows);
  if (pair.pred_stride != 1 || pair.true_stride != 1) return;
  size_t errors[2];
  size_t kinds = 0;
  for (size_t i = 0; i < sums_.size(); ++i) {
    if (!direct_[i] || in_place_[i]) continue;
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

// Of a value that is 0 or 1.
int64_t Columns::count_ones(const ValueSpec& spec, int64_t rows) const {
  if (spec.kind == ValueKind::kHit)
    return kernels_.element_sums->count_equal_integers(reinterpret_cast<const char*>(block_.true_class),
                                                       reinterpret_cast<const char*>(block_.predicted),
                                                       sizeof *block_.predicted, rows);
  // A row that is never ranked is not below any bound.
  const double bound = std::clamp(std::ceil(spec.number), 0.0, static_cast<double>(kNeverRanked));
  const auto below = static_cast<int32_t>(bound);
  int32_t ones = 0;
  for (int64_t row = 0; row < rows; ++row) ones += block_.above[row] < below;
  return ones;
}

void Columns::sum_columns(int64_t rows) {
  const SumKernels& functions = *kernels_.sums;
  int64_t sums[kSumGrids] = {};
  for (size_t i = 0; i < sums_.size(); ++i) {
    if (counted_[i]) sums_[i] = of_count(count_ones(demand_.values[i], rows));
    if (counted_[i] || !(demand_.uses[i] & kUsedAsSum) || (direct_[i] && sums_[i].exact)) continue;
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
