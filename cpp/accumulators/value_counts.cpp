// Cells of values by their bits, which are ordered as the values are.
#include "accumulators/value_counts.h"

#include <algorithm>
#include <cstring>

namespace tally {

Fault ValueCounts::check(const Block& block) const {
  for (int64_t row = 0; block.weights && row < block.rows; ++row)
    if (block.weights[row] < 0.0) return {Argument::kWeight, row};
  return {};
}

void ValueCounts::cells_of(const Block& block, uint32_t* cells) const {
  constexpr int64_t kFirst = int64_t{1023 + kLeastExponent} << kValueBits;
  const double* values = block.values[value_];
  for (int64_t row = 0; row < block.rows; ++row) {
    int64_t bits;
    std::memcpy(&bits, &values[row], sizeof bits);
    const int64_t cell = std::clamp<int64_t>((bits >> (52 - kValueBits)) - kFirst + 1, 0, kValueCells - 2);
    cells[row] = static_cast<uint32_t>(values[row] == values[row] ? cell : kValueCells - 1);
  }
}

void ValueCounts::add(const Block& block, int worker) {
  uint32_t cells[kBlockRows];
  cells_of(block, cells);
  counts_.add(worker, cells, block.weights, block.rows);
}

void ValueCounts::add_to_state(const Block& block) {
  uint32_t cells[kBlockRows];
  cells_of(block, cells);
  counts_.add_to_state(cells, block.weights, block.rows);
}

}  // namespace tally
