// Pairs of labels counted where they are, a run after another: its cells are made and checked, then counted.
#pragma once

#include "kernels/pair_cells.h"

namespace {

// Labels of a run, those of the next one, its cells, and the table share the first-level cache.
constexpr int64_t kBytesPerRun = 8192;
template <class Label>
constexpr int64_t kPairsPerRun =
    kBytesPerRun / 2 / sizeof(Label) < tally::kBlockRows ? kBytesPerRun / 2 / sizeof(Label) : tally::kBlockRows;

inline bool make_cells(const int64_t* y_true, const int64_t* y_pred, int64_t count, const tally::PairTable& table,
                       uint32_t* cells) {
  return cells_of_integers(y_true, y_pred, count, table.classes, table.diagonals, cells);
}
inline bool make_cells(const int32_t* y_true, const int32_t* y_pred, int64_t count, const tally::PairTable& table,
                       uint32_t* cells) {
  return cells_of_integers(y_true, y_pred, count, table.classes, table.diagonals, cells);
}
inline bool make_cells(const uint8_t* y_true, const uint8_t* y_pred, int64_t count, const tally::PairTable& table,
                       uint32_t* cells) {
  return cells_u8(y_true, y_pred, count, table.classes, table.diagonals, cells);
}

inline uint32_t* count_byte(uint8_t* bytes, uint32_t cell, uint32_t* notes) {
  if (__builtin_expect(++bytes[cell] == 0, false)) *notes++ = cell;
  return notes;
}

inline void count_bytes(const uint32_t* cells, int64_t count, tally::PairTable* table) {
  for (int64_t i = 0; i < count; ++i) table->notes = count_byte(table->bytes, cells[i], table->notes);
}

// The later half of the next run's labels is fetched; bytes, of which none were before, a page ahead.
template <class Label>
void count_words(const Label* y_true, const Label* y_pred, const uint32_t* cells, int64_t count,
                 const tally::PairTable& table) {
  uint32_t* counts = table.counts;
  uint32_t* others = table.others;
  const int64_t step = table.step;
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const int64_t ahead = sizeof(Label) == 1 ? 4096 + i : count + (count + i) / 2;
    __builtin_prefetch(y_true + ahead);
    __builtin_prefetch(y_pred + ahead);
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

// Counts a run of cells while it makes those of the next one, whose labels are given.
template <class Label, bool kSplit>
bool count_and_make(const Label* y_true, const Label* y_pred, const uint32_t* __restrict cells,
                    uint32_t* __restrict next, tally::PairTable* table) {
  constexpr int64_t kAhead = 2048 / sizeof(Label);
  CellMaker<Label, kSplit> maker(table->classes, table->diagonals);
  uint8_t* bytes = table->bytes;
  uint32_t* notes = table->notes;
  for (int64_t i = 0; i < kPairsPerRun<Label>; i += kLanesOf<Ints>) {
    __builtin_prefetch(y_true + i + kAhead);
    __builtin_prefetch(y_pred + i + kAhead);
    store(next + i, maker.cells(y_true + i, y_pred + i));
    for (int k = 0; k < kLanesOf<Ints>; ++k) notes = count_byte(bytes, cells[i + k], notes);
  }
  table->notes = notes;
  return all_inside(maker);
}

template <class Label>
int64_t count_in_bytes(const Label* y_true, const Label* y_pred, int64_t count, tally::PairTable* table) {
  constexpr int64_t kRun = kPairsPerRun<Label>;
  const auto run = table->diagonals ? count_and_make<Label, true> : count_and_make<Label, false>;
  alignas(64) uint32_t cells[2][kRun];
  int64_t rows = count < kRun ? count : kRun;
  if (!make_cells(y_true, y_pred, rows, *table, cells[0])) return 0;
  int64_t next = rows;
  int turn = 0;
  for (; next + kRun <= count; next += kRun, turn ^= 1)
    if (!run(y_true + next, y_pred + next, cells[turn], cells[turn ^ 1], table)) return next;
  count_bytes(cells[turn], rows, table);
  rows = count - next;
  if (!rows || !make_cells(y_true + next, y_pred + next, rows, *table, cells[turn])) return next;
  count_bytes(cells[turn], rows, table);
  return count;
}

// Labels that are bytes have at most 256 classes, whose tables are too small for it, unless someone asks for more.
inline int64_t count_in_bytes(const uint8_t*, const uint8_t*, int64_t, tally::PairTable*) { return 0; }

template <class Label>
int64_t count_pairs(const Label* y_true, const Label* y_pred, int64_t count, tally::PairTable* table) {
  if (table->bytes) return count_in_bytes(y_true, y_pred, count, table);
  constexpr int64_t kRun = kPairsPerRun<Label>;
  alignas(64) uint32_t cells[kRun];
  for (int64_t first = 0; first < count; first += kRun) {
    const int64_t rows = count - first < kRun ? count - first : kRun;
    if (!make_cells(y_true + first, y_pred + first, rows, *table, cells)) return first;
    count_words(y_true + first, y_pred + first, cells, rows, *table);
  }
  return count;
}

}  // namespace
