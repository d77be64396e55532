// Counting into tables: scratch, commit, and the cells of label pairs and ranks.
#include "accumulators/cell_counts.h"

#include <algorithm>
#include <cstring>

#include "support/dispatch.h"
#include "support/exact_sum.h"

namespace tally {
namespace {

// Up to this many cells, four copies taken in turn keep equal neighbours from waiting for each other; of small tables,
// eight do, for runs of equal pairs.
constexpr int64_t kCopiedCells = 4096;
constexpr int64_t kManyCopiedCells = 512;
constexpr int64_t kCopiedSums = 1024;
// Where 32-bit counts fill the second-level cache, bytes are faster, though a store of one takes two cycles.
constexpr int64_t kMostWideCells = 131072;
// What a sum of fixed-point weights may reach before its carry is due.
constexpr double kMostFixed = 0x1p61;
constexpr int64_t kMostCounts = UINT32_MAX;
// Cell numbers have 32 bits.
constexpr int64_t kMostSplitCells = int64_t{1} << 24;

// Whether a table is worth clearing and adding up for so many additions; of weights or in bytes, a larger one is.
bool is_worth(int64_t cells, int64_t additions, bool weighted) {
  if (!weighted && cells > kMostWideCells) return cells / 2 <= additions;
  return cells <= additions / (weighted ? 1 : 4);
}

// What fits the cache always is.
bool is_listed(int64_t cells, int64_t additions, bool weighted) {
  return cells > 16384 && !is_worth(cells, additions, weighted);
}

// Where there are no labels ahead: memory at hand, for fetching from nowhere costs a search for the page.
LabelsAhead ahead_or(const LabelsAhead* ahead, int array, const uint32_t* at_hand) {
  return ahead && ahead[array].labels ? ahead[array] : LabelsAhead{reinterpret_cast<const char*>(at_hand), 0};
}

// Adds to four copies of a table in turn, `step` apart.
void add_numbers(int64_t* sums, int64_t step, const uint32_t* cells, const int64_t* numbers, int64_t count,
                 const LabelsAhead* streams) {
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    fetch(streams, i);
    __builtin_prefetch(streams[2].labels + i * streams[2].stride);
    for (int64_t k = i; k < i + 8; k += 4) {
      sums[cells[k]] += numbers[k];
      sums[cells[k + 1] + step] += numbers[k + 1];
      sums[cells[k + 2] + 2 * step] += numbers[k + 2];
      sums[cells[k + 3] + 3 * step] += numbers[k + 3];
    }
  }
  for (; i < count; ++i) sums[cells[i]] += numbers[i];
}

}  // namespace

bool wants_diagonals(int64_t cells, int64_t additions, bool weighted) {
  return !weighted && cells > kCopiedCells && cells <= kMostSplitCells && is_worth(cells, additions, false);
}

void CellCounts::prepare(int workers, int64_t additions, bool weighted) {
  weighted_ = weighted;
  copies_ = table_.cells <= (weighted ? kCopiedSums : kCopiedCells) ? 4 : 1;
  if (!weighted && table_.cells <= kManyCopiedCells) copies_ = 8;
  const int64_t planes = weighted ? static_cast<int64_t>(table_.planes.size()) : 1;
  const int64_t cells = planes * plane_size();
  scratch_ = cells + (weighted ? 0 : diagonal_cells());
  // Not if `wants_diagonals`: their cells exist in scratch alone and cannot be listed.
  listed_ = is_listed(cells, additions, weighted);
  in_bytes_ = !weighted && !listed_ && table_.cells > kMostWideCells;
  const size_t rows = static_cast<size_t>(additions);
  const size_t bytes = static_cast<size_t>(scratch_) * (weighted ? sizeof(int64_t) : sizeof(uint32_t));
  partials_.clear();
  for (int worker = 0; worker < workers; ++worker) {
    partials_.emplace_back();
    Partial& partial = partials_.back();
    if (listed_) {
      // Workers may not allocate; untouched pages cost nothing.
      partial.counts = Scratch(rows * sizeof(uint32_t));
      if (weighted) partial.listed_weights = Scratch(rows * sizeof(double));
      continue;
    }
    if (in_bytes_) {
      partial.bytes = ByteCounts(scratch_, additions);
      continue;
    }
    partial.counts = Scratch(bytes);
    const auto used = static_cast<size_t>((fixed_plane() + 1) * plane_size()) * sizeof(int64_t);
    std::memset(partial.counts.as<char>(), 0, weighted ? used : bytes);
  }
  // A worker may have to spill 32-bit counts, and may not allocate then.
  spilled_.clear();
  if (weighted || listed_ || in_bytes_ || additions <= kMostCounts) return;
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

void CellCounts::add(int worker, const uint32_t* cells, const double* weights, int64_t count,
                     const LabelsAhead* ahead) {
  Partial& partial = partials_[static_cast<size_t>(worker)];
  if (listed_) {
    std::copy_n(cells, count, partial.counts.as<uint32_t>() + partial.added);
    if (weighted_) std::copy_n(weights, count, partial.listed_weights.as<double>() + partial.added);
    partial.added += count;
    return;
  }
  const LabelsAhead streams[] = {ahead_or(ahead, 0, cells), ahead_or(ahead, 1, cells), ahead_or(ahead, 2, cells)};
  if (weighted_) return add_fixed(partial, cells, weights, count, streams);
  if (in_bytes_) return partial.bytes.add(cells, count, streams);
  uint32_t* counts = counts_for(worker, count);
  const int64_t step = copies_ > 1 ? table_.cells : 0;
  uint32_t* others = counts + (copies_ == 8 ? 4 * step : 0);
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    fetch(streams, i);
    counts[cells[i]] += 1;
    counts[cells[i + 1] + step] += 1;
    counts[cells[i + 2] + 2 * step] += 1;
    counts[cells[i + 3] + 3 * step] += 1;
    others[cells[i + 4]] += 1;
    others[cells[i + 5] + step] += 1;
    others[cells[i + 6] + 2 * step] += 1;
    others[cells[i + 7] + 3 * step] += 1;
  }
  for (; i < count; ++i) counts[cells[i]] += 1;
}

// The 32-bit counts of a worker, with room for so many additions.
uint32_t* CellCounts::counts_for(int worker, int64_t additions) {
  Partial& partial = partials_[static_cast<size_t>(worker)];
  uint32_t* counts = partial.counts.as<uint32_t>();
  if (!spilled_.empty() && partial.added + additions > kMostCounts) {
    add_up(counts, spilled_[static_cast<size_t>(worker)].as<int64_t>());
    std::memset(counts, 0, static_cast<size_t>(table_.cells * copies_ + diagonal_cells()) * sizeof(uint32_t));
    partial.added = 0;
  }
  partial.added += additions;
  return counts;
}

int64_t CellCounts::add_pairs(int worker, const LabelViews& labels, int64_t first, int64_t rows) {
  if (listed_ || weighted_) return 0;
  Partial& partial = partials_[static_cast<size_t>(worker)];
  PairTable table = {labels.classes, labels.diagonals, nullptr, nullptr, 0, nullptr, nullptr};
  if (in_bytes_) {
    table.bytes = partial.bytes.counts();
    table.notes = partial.bytes.notes();
  } else {
    table.counts = counts_for(worker, rows);
    table.step = copies_ > 1 ? table_.cells : 0;
    table.others = table.counts + (copies_ == 8 ? 4 * table.step : 0);
  }
  const auto& functions = *kernels().label_pairs;
  const char* y_true = labels.y_true.row(first);
  const char* y_pred = labels.y_pred.row(first);
  int64_t added = 0;
  if (labels.label_bytes == 8)
    added = functions.count_i64(reinterpret_cast<const int64_t*>(y_true), reinterpret_cast<const int64_t*>(y_pred),
                                rows, &table);
  else if (labels.label_bytes == 4)
    added = functions.count_i32(reinterpret_cast<const int32_t*>(y_true), reinterpret_cast<const int32_t*>(y_pred),
                                rows, &table);
  else
    added = functions.count_u8(reinterpret_cast<const uint8_t*>(y_true), reinterpret_cast<const uint8_t*>(y_pred), rows,
                               &table);
  if (in_bytes_) partial.bytes.note_up_to(table.notes);
  return added;
}

// Adds the counts of a worker to a table.
void CellCounts::add_up(const uint32_t* counts, int64_t* table) const {
  for (int64_t copy = 0; copy < copies_; ++copy)
    for (int64_t cell = 0; cell < table_.cells; ++cell) table[cell] += *counts++;
  for (int64_t i = 0; i < diagonal_cells(); ++i) table[i % diagonals_.classes * (diagonals_.classes + 1)] += *counts++;
}

void CellCounts::add_to_state(const uint32_t* cells, const double* weights, int64_t count) {
  if (weights) return add_weighted(table_.planes.data(), cells, weights, count);
  int64_t* units = table_.planes[static_cast<size_t>(kUnitLimb - table_.first_limb)];
  for (int64_t i = 0; i < count; ++i) units[cells[i]] += 1;
}

// Weights become integers on the grid of one plane, and what is left of them on that of the plane below; the few that
// are too large or too fine for that go digit by digit.
void CellCounts::add_fixed(Partial& partial, const uint32_t* cells, const double* weights, int64_t count,
                           const LabelsAhead* streams) const {
  alignas(64) int64_t high[kBlockRows + kPad];
  alignas(64) int64_t low[kBlockRows + kPad];
  const int plane = fixed_plane();
  const double scale = table_.first_limb < kUnitLimb ? 0x1p32 : 1.0;
  const FixedWeights found = kernels().label_pairs->fix_weights(weights, count, scale, high, plane ? low : nullptr);
  const double most = static_cast<double>(count) * (found.greatest + 0x1p32);
  if (partial.reached + most > kMostFixed) {
    use_upper(partial);
    carry_scratch(partial);
    partial.reached = 0x1p33;
  }
  partial.reached += most;
  const int64_t step = copies_ == 4 ? table_.cells : 0;
  int64_t* sums = partial.counts.as<int64_t>();
  add_numbers(sums + plane * plane_size(), step, cells, high, count, streams);
  if (found.has_low) add_numbers(sums + (plane - 1) * plane_size(), step, cells, low, count, streams);
  if (!found.has_others) return;
  use_upper(partial);
  int64_t* planes[kLimbs];
  for (size_t i = 0; i < table_.planes.size(); ++i) planes[i] = sums + static_cast<int64_t>(i) * plane_size();
  for (int64_t i = 0; i < count; ++i)
    if (!high[i] && !(plane && low[i])) add_weighted(planes, cells + i, weights + i, 1);
}

// The plane of ones, or the one below where there is one.
int CellCounts::fixed_plane() const { return std::max(kUnitLimb - table_.first_limb - 1, 0); }

int CellCounts::planes_in_use(const Partial& partial) const {
  return partial.has_upper ? static_cast<int>(table_.planes.size()) : fixed_plane() + 1;
}

void CellCounts::use_upper(Partial& partial) const {
  if (partial.has_upper) return;
  int64_t* sums = partial.counts.as<int64_t>();
  std::fill(sums + planes_in_use(partial) * plane_size(), sums + scratch_, 0);
  partial.has_upper = true;
}

// Brings all sums but those of the highest plane in use into [0, 2^32).
void CellCounts::carry_scratch(Partial& partial) const {
  const int64_t size = plane_size();
  int64_t* sums = partial.counts.as<int64_t>();
  for (int64_t i = 0; i < (planes_in_use(partial) - 1) * size; ++i) {
    sums[i + size] += sums[i] >> 32;
    sums[i] &= kLimbMask;
  }
}

void CellCounts::flush(Partial& partial) {
  if (listed_)
    return add_to_state(partial.counts.as<uint32_t>(), weighted_ ? partial.listed_weights.as<double>() : nullptr,
                        partial.added);
  if (weighted_) return flush_fixed(partial);
  int64_t* units = table_.planes[static_cast<size_t>(kUnitLimb - table_.first_limb)];
  if (in_bytes_) return partial.bytes.add_to(units, table_.cells, diagonals_.classes);
  add_up(partial.counts.as<uint32_t>(), units);
}

// The highest plane in use carries into the state, if that has one above.
void CellCounts::flush_fixed(Partial& partial) {
  carry_scratch(partial);
  const auto used = static_cast<size_t>(planes_in_use(partial));
  const bool carries = used < table_.planes.size();
  const int64_t* sums = partial.counts.as<int64_t>();
  for (size_t i = 0; i < used; ++i) {
    int64_t* plane = table_.planes[i];
    int64_t* above = carries && i + 1 == used ? table_.planes[used] : nullptr;
    for (int64_t copy = 0; copy < copies_; ++copy, sums += table_.cells)
      for (int64_t cell = 0; cell < table_.cells; ++cell) {
        plane[cell] += above ? sums[cell] & kLimbMask : sums[cell];
        if (above) above[cell] += sums[cell] >> 32;
      }
  }
}

void CellCounts::commit() {
  for (Partial& partial : partials_) flush(partial);
  if (spilled_.empty()) return;
  int64_t* units = table_.planes[static_cast<size_t>(kUnitLimb - table_.first_limb)];
  for (const Scratch& spill : spilled_)
    for (int64_t cell = 0; cell < table_.cells; ++cell) units[cell] += spill.as<int64_t>()[cell];
}

Fault RankCounts::check(const Block& block) const {
  const int64_t row = kernels().convert->first_outside(block.true_class, block.rows, classes_, 0);
  return row < 0 ? Fault{} : Fault{Argument::kTrueLabel, row};
}

void RankCounts::cells_of(const Block& block, int rule, uint32_t* cells) const {
  const int32_t* ties = rule == 1 ? block.tied : block.tied_before;
  const auto ranks = static_cast<uint32_t>(max_k_) + 1;
  const auto first = static_cast<uint32_t>(rule) * (by_class_ ? static_cast<uint32_t>(classes_) : 1);
  for (int64_t row = 0; row < block.rows; ++row) {
    const int32_t extra = rule == 0 || block.above[row] == kNeverRanked ? 0 : ties[row];
    const int32_t rank = std::min(block.above[row] + extra, max_k_);
    const uint32_t table = first + (by_class_ ? static_cast<uint32_t>(block.true_class[row]) : 0);
    cells[row] = table * ranks + static_cast<uint32_t>(rank);
  }
}

void RankCounts::add(const Block& block, int worker) {
  uint32_t cells[kBlockRows];
  for (int rule = 0; rule < 3; ++rule) {
    cells_of(block, rule, cells);
    counts_.add(worker, cells, block.weights, block.rows, block.ahead);
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
