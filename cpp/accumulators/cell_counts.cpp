// Counting into tables: scratch, commit, and the cells of label pairs and ranks.
#include "accumulators/cell_counts.h"

#include <algorithm>
#include <cstring>

#include "support/dispatch.h"
#include "support/exact_sum.h"

namespace tally {
namespace {

// Up to this many cells, four copies taken in turn keep equal neighbours from waiting for each other.
constexpr int64_t kCopiedCells = 4096;
constexpr int64_t kMostCounts = UINT32_MAX;
constexpr int64_t kBlockAdditions = kBlockRows;

}  // namespace

void CellCounts::prepare(int workers, int64_t additions, bool weighted) {
  weighted_ = weighted;
  copies_ = !weighted && table_.cells <= kCopiedCells ? 4 : 1;
  const int64_t scratch = weighted ? table_.cells * static_cast<int64_t>(table_.planes.size()) : table_.cells * copies_;
  listed_ = scratch > 16384 && scratch > additions / 4;
  partials_.clear();
  for (int worker = 0; worker < workers; ++worker) {
    partials_.emplace_back();
    if (listed_) {
      // Workers may not allocate; untouched pages cost nothing.
      partials_.back().listed_cells.reserve(static_cast<size_t>(additions));
      if (weighted) partials_.back().listed_weights.reserve(static_cast<size_t>(additions));
      continue;
    }
    const size_t bytes = static_cast<size_t>(scratch) * (weighted ? sizeof(int64_t) : sizeof(uint32_t));
    partials_.back().counts = Scratch(bytes);
    std::memset(partials_.back().counts.as<char>(), 0, bytes);
  }
  // A worker may have to spill 32-bit counts, and may not allocate then.
  spilled_.clear();
  if (weighted || listed_ || additions <= kMostCounts) return;
  for (int worker = 0; worker < workers; ++worker) {
    spilled_.emplace_back(static_cast<size_t>(table_.cells) * sizeof(int64_t));
    std::memset(spilled_.back().as<char>(), 0, static_cast<size_t>(table_.cells) * sizeof(int64_t));
  }
}

void CellCounts::add_weighted(int64_t* const* planes, const uint32_t* cells, const double* weights,
                              int64_t count) const {
  for (int64_t i = 0; i < count; ++i) {
    const Digits digits = split_digits(weights[i]);
    for (int digit = 0; digit < 3; ++digit) {
      // The caller made planes for every limb of the weights; the bound only keeps memory safe should it err.
      const auto plane = static_cast<size_t>(digits.first + digit - table_.first_limb);
      if (digits.digit[digit] && plane < table_.planes.size()) planes[plane][cells[i]] += digits.digit[digit];
    }
  }
}

void CellCounts::add(int worker, const uint32_t* cells, const double* weights, int64_t count) {
  Partial& partial = partials_[static_cast<size_t>(worker)];
  if (listed_) {
    partial.listed_cells.insert(partial.listed_cells.end(), cells, cells + count);
    if (weighted_) partial.listed_weights.insert(partial.listed_weights.end(), weights, weights + count);
    return;
  }
  if (weighted_) {
    int64_t* planes[kLimbs];
    for (size_t i = 0; i < table_.planes.size(); ++i)
      planes[i] = partial.counts.as<int64_t>() + static_cast<int64_t>(i) * table_.cells;
    add_weighted(planes, cells, weights, count);
    return;
  }
  if (!spilled_.empty() && partial.added + kBlockAdditions > kMostCounts) {
    int64_t* spill = spilled_[static_cast<size_t>(worker)].as<int64_t>();
    uint32_t* counts = partial.counts.as<uint32_t>();
    for (int64_t i = 0; i < table_.cells * copies_; ++i) spill[i % table_.cells] += counts[i];
    std::memset(counts, 0, static_cast<size_t>(table_.cells * copies_) * sizeof(uint32_t));
    partial.added = 0;
  }
  partial.added += count;
  uint32_t* counts = partial.counts.as<uint32_t>();
  const int64_t step = copies_ == 4 ? table_.cells : 0;
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    counts[cells[i]] += 1;
    counts[cells[i + 1] + step] += 1;
    counts[cells[i + 2] + 2 * step] += 1;
    counts[cells[i + 3] + 3 * step] += 1;
  }
  for (; i < count; ++i) counts[cells[i]] += 1;
}

void CellCounts::add_to_state(const uint32_t* cells, const double* weights, int64_t count) {
  if (weights) return add_weighted(table_.planes.data(), cells, weights, count);
  int64_t* units = table_.planes[static_cast<size_t>(kUnitLimb - table_.first_limb)];
  for (int64_t i = 0; i < count; ++i) units[cells[i]] += 1;
}

void CellCounts::flush(Partial& partial) {
  if (listed_) {
    const double* weights = weighted_ ? partial.listed_weights.data() : nullptr;
    return add_to_state(partial.listed_cells.data(), weights, static_cast<int64_t>(partial.listed_cells.size()));
  }
  if (weighted_) {
    const int64_t* counts = partial.counts.as<int64_t>();
    for (int64_t* plane : table_.planes)
      for (int64_t cell = 0; cell < table_.cells; ++cell) plane[cell] += *counts++;
    return;
  }
  int64_t* units = table_.planes[static_cast<size_t>(kUnitLimb - table_.first_limb)];
  const uint32_t* counts = partial.counts.as<uint32_t>();
  for (int64_t copy = 0; copy < copies_; ++copy)
    for (int64_t cell = 0; cell < table_.cells; ++cell) units[cell] += *counts++;
}

void CellCounts::commit() {
  for (Partial& partial : partials_) flush(partial);
  if (spilled_.empty()) return;
  int64_t* units = table_.planes[static_cast<size_t>(kUnitLimb - table_.first_limb)];
  for (const Scratch& spill : spilled_)
    for (int64_t cell = 0; cell < table_.cells; ++cell) units[cell] += spill.as<int64_t>()[cell];
}

// Of an ignored row no prediction is refused.
int64_t LabelCounts::refused_prediction(const Block& block) const {
  if (options_.predicted_value >= 0) return -1;
  const auto& functions = *kernels().convert;
  if (options_.drops) return functions.first_unreadable(block.predicted, block.rows);
  int64_t row = functions.first_outside(block.predicted, block.rows, options_.classes, 0);
  if (row < 0 || !options_.ignored.active) return row;
  for (; row < block.rows; ++row)
    if (static_cast<uint32_t>(block.predicted[row]) >= static_cast<uint32_t>(options_.classes) &&
        !options_.ignored.contains(block.true_class[row]))
      return row;
  return -1;
}

Fault LabelCounts::check(const Block& block) const {
  const int64_t row = options_.drops ? kernels().convert->first_unreadable(block.true_class, block.rows)
                                     : first_refused(block.true_class, block.rows, options_.classes, options_.ignored);
  const int64_t predicted_row = refused_prediction(block);
  if (row >= 0 && (predicted_row < 0 || row <= predicted_row)) return {Argument::kTrueLabel, row};
  if (predicted_row >= 0) return {Argument::kPredictedLabel, predicted_row};
  return {};
}

void LabelCounts::cells_of(const Block& block, uint32_t* cells) const {
  const auto& functions = *kernels().convert;
  const auto classes = static_cast<uint32_t>(options_.classes);
  const int32_t* predicted = block.predicted;
  int32_t reached[kBlockRows];
  if (options_.predicted_value >= 0) {
    const double* values = block.values[options_.predicted_value];
    for (int64_t row = 0; row < block.rows; ++row) reached[row] = static_cast<int32_t>(values[row]);
    predicted = reached;
  }
  if (!options_.has_extra_cells()) return functions.pair_cells(block.true_class, predicted, block.rows, classes, cells);
  functions.known_pair_cells(block.true_class, predicted, block.rows, classes, cells);
  if (!options_.ignored.active) return;
  const uint32_t cell = classes * classes + 1;
  functions.mark_cells(block.true_class, block.rows, options_.ignored.label, cell, cells);
  for (const int32_t other : options_.ignored.others)
    functions.mark_cells(block.true_class, block.rows, other, cell, cells);
}

void LabelCounts::add(const Block& block, int worker) {
  uint32_t cells[kBlockRows];
  cells_of(block, cells);
  counts_.add(worker, cells, block.weights, block.rows);
}

void LabelCounts::add_to_state(const Block& block) {
  uint32_t cells[kBlockRows];
  cells_of(block, cells);
  counts_.add_to_state(cells, block.weights, block.rows);
}

Fault RankCounts::check(const Block& block) const {
  const int64_t row = kernels().convert->first_outside(block.true_class, block.rows, classes_, 0);
  return row < 0 ? Fault{} : Fault{Argument::kTrueLabel, row};
}

void RankCounts::cells_of(const Block& block, int rule, uint32_t* cells) const {
  const int32_t* ties = rule == 1 ? block.tied : block.tied_before;
  for (int64_t row = 0; row < block.rows; ++row) {
    const int32_t extra = rule == 0 || block.above[row] == kNeverRanked ? 0 : ties[row];
    const int32_t rank = std::min(block.above[row] + extra, max_k_);
    cells[row] = static_cast<uint32_t>(rule) * (static_cast<uint32_t>(max_k_) + 1) + static_cast<uint32_t>(rank);
  }
}

void RankCounts::add(const Block& block, int worker) {
  uint32_t cells[kBlockRows];
  for (int rule = 0; rule < 3; ++rule) {
    cells_of(block, rule, cells);
    counts_.add(worker, cells, block.weights, block.rows);
  }
}

void RankCounts::add_to_state(const Block& block) {
  uint32_t cells[kBlockRows];
  for (int rule = 0; rule < 3; ++rule) {
    cells_of(block, rule, cells);
    counts_.add_to_state(cells, block.weights, block.rows);
  }
}

}  // namespace tally
