// Pairs of labels into the cells of a square table, with the check of their range folded in.
#pragma once

#include "kernels/count_table.h"
#include "kernels/vector.h"

namespace {

// Lane i counts an equal pair in diagonal i % kDiagonals.
template <class Vector, class Integer>
inline Vector diagonals_of_lanes(Integer first, Integer classes, Integer lane) {
  Vector diagonals;
  for (int i = 0; i < kLanesOf<Vector>; ++i) diagonals[i] = first + (lane + i) % tally::kDiagonals * classes;
  return diagonals;
}

template <class Label>
bool rest_of_cells(const Label* y_true, const Label* y_pred, int64_t first, int64_t count, uint32_t classes,
                   uint32_t* cells) {
  bool outside = false;
  for (int64_t i = first; i < count; ++i) {
    outside |= (static_cast<uint64_t>(y_true[i]) >= classes) | (static_cast<uint64_t>(y_pred[i]) >= classes);
    cells[i] = static_cast<uint32_t>(y_true[i]) * classes + static_cast<uint32_t>(y_pred[i]);
  }
  return !outside;
}

// Half of the next block's labels are fetched while these become cells, the rest while those are counted.
template <class Label>
inline void fetch_ahead(const Label* labels, int64_t i, int64_t count) {
  __builtin_prefetch(labels + count + i / 2);
}

// Makes the cells of as many pairs at once as a vector has Ints. Where a label is negative or above the last, it or its
// distance from the last has the sign bit: one test for all pairs.
template <class Label, bool kSplit>
struct CellMaker;

template <bool kSplit>
struct CellMaker<int64_t, kSplit> {
  static constexpr int kHalf = kLanesOf<Ints> / 2;
  Longs last, factor, starts[2], signs = {};

  CellMaker(uint32_t classes, uint32_t diagonals)
      : last(splat<Longs>(static_cast<int64_t>(classes) - 1)), factor(splat<Longs>(static_cast<int64_t>(classes))) {
    for (int half = 0; half < 2; ++half)
      starts[half] = diagonals_of_lanes<Longs, int64_t>(diagonals, classes, half * kHalf);
  }
  Ints cells(const int64_t* y_true, const int64_t* y_pred) {
    Longs halves[2];
    for (int half = 0; half < 2; ++half) {
      const Longs truth = load<Longs>(y_true + half * kHalf);
      const Longs predicted = load<Longs>(y_pred + half * kHalf);
      signs |= truth | (last - truth) | predicted | (last - predicted);
      halves[half] = multiply_lower_halves(truth, factor) + predicted;
      if (kSplit) halves[half] = truth == predicted ? starts[half] + truth : halves[half];
    }
    return even_lanes((Ints)halves[0], (Ints)halves[1], AllLanes<Ints>{});
  }
};

template <bool kSplit>
struct CellMaker<int32_t, kSplit> {
  Ints last, factor, starts, signs = {};

  CellMaker(uint32_t classes, uint32_t diagonals)
      : last(splat<Ints>(static_cast<int32_t>(classes) - 1)),
        factor(splat<Ints>(static_cast<int32_t>(classes))),
        starts(diagonals_of_lanes<Ints, int32_t>(static_cast<int32_t>(diagonals), static_cast<int32_t>(classes), 0)) {}
  Ints cells(const int32_t* y_true, const int32_t* y_pred) {
    const Ints truth = load<Ints>(y_true);
    const Ints predicted = load<Ints>(y_pred);
    signs |= truth | (last - truth) | predicted | (last - predicted);
    const Ints cell = truth * factor + predicted;
    return kSplit ? (truth == predicted ? starts + truth : cell) : cell;
  }
};

template <class Maker>
bool all_inside(const Maker& maker) {
  return !any_lane(maker.signs < decltype(maker.signs){});
}

template <class Label, bool kSplit>
bool cells_of_vectors(const Label* y_true, const Label* y_pred, int64_t count, uint32_t classes, uint32_t diagonals,
                      uint32_t* cells) {
  CellMaker<Label, kSplit> maker(classes, diagonals);
  int64_t i = 0;
  for (; i + kLanesOf<Ints> <= count; i += kLanesOf<Ints>) {
    fetch_ahead(y_true, i, count);
    fetch_ahead(y_pred, i, count);
    store(cells + i, maker.cells(y_true + i, y_pred + i));
  }
  return rest_of_cells(y_true, y_pred, i, count, classes, cells) && all_inside(maker);
}

template <class Label>
bool cells_of_integers(const Label* y_true, const Label* y_pred, int64_t count, uint32_t classes, uint32_t diagonals,
                       uint32_t* cells) {
  return (diagonals ? cells_of_vectors<Label, true> : cells_of_vectors<Label, false>)(y_true, y_pred, count, classes,
                                                                                      diagonals, cells);
}

// Cells of up to 256 classes fit 16 bits, whose products are cheap; the greatest labels are enough for the range.
template <bool kSplit>
bool cells_of_bytes(const uint8_t* __restrict y_true, const uint8_t* __restrict y_pred, int64_t count, uint32_t classes,
                    uint32_t diagonals, uint32_t* __restrict cells) {
  uint8_t greatest = 0;
  for (int64_t i = 0; i < count; ++i) {
    const uint8_t greater = y_true[i] > y_pred[i] ? y_true[i] : y_pred[i];
    greatest = greater > greatest ? greater : greatest;
  }
  const auto factor = static_cast<uint16_t>(classes);
  for (int64_t i = 0; i < count; ++i) {
    const auto cell = static_cast<uint16_t>(static_cast<uint16_t>(y_true[i] * factor) + y_pred[i]);
    cells[i] = cell;
    if (!kSplit) continue;
    const uint32_t diagonal = diagonals + static_cast<uint32_t>(i) % tally::kDiagonals * classes + y_true[i];
    cells[i] = y_true[i] == y_pred[i] ? diagonal : cell;
  }
  return greatest < classes;
}

bool cells_u8(const uint8_t* y_true, const uint8_t* y_pred, int64_t count, uint32_t classes, uint32_t diagonals,
              uint32_t* cells) {
  if (classes > 256) return rest_of_cells(y_true, y_pred, 0, count, classes, cells);
  return (diagonals ? cells_of_bytes<true> : cells_of_bytes<false>)(y_true, y_pred, count, classes, diagonals, cells);
}

}  // namespace
