// Copies values out of their column.
#include "accumulators/row_values.h"

#include <algorithm>

#include "support/dispatch.h"

namespace tally {

Fault RowValues::check(const Block& block) const {
  if (options_.classes < 0) return {};
  const int32_t ignored = options_.ignored.active ? options_.ignored.label : 0;
  const int64_t row = kernels().convert->first_outside(block.true_class, block.rows, options_.classes, ignored);
  return row < 0 ? Fault{} : Fault{Argument::kTrueLabel, row};
}

void RowValues::add_to_state(const Block& block) {
  const double* values = block.values[options_.value];
  double* target = options_.target + block.first;
  std::copy(values, values + block.rows, target);
  if (!options_.ignored.active || options_.classes < 0) return;
  for (int64_t row = 0; row < block.rows; ++row)
    if (block.true_class[row] == options_.ignored.label) target[row] = 0.0;
}

}  // namespace tally
