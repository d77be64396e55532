// Copies values out of their column.
#include "accumulators/row_values.h"

#include <algorithm>

namespace tally {

Fault RowValues::check(const Block& block) const {
  if (options_.classes < 0) return {};
  const int64_t row = first_refused(block.true_class, block.rows, options_.classes, options_.ignored);
  return row < 0 ? Fault{} : Fault{Argument::kTrueLabel, row};
}

void RowValues::add_to_state(const Block& block) {
  const double* values = block.values[options_.value];
  double* target = options_.target + block.first;
  std::copy(values, values + block.rows, target);
  if (!options_.ignored.active || options_.classes < 0) return;
  for (int64_t row = 0; row < block.rows; ++row)
    if (options_.ignored.contains(block.true_class[row])) target[row] = 0.0;
}

}  // namespace tally
