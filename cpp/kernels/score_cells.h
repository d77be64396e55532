// Counts of scores by a label and by sorted thresholds.
#pragma once

#include "kernels/direct_table.h"
#include "kernels/integer_vectors.h"
#include "kernels/label_masks.h"
#include "kernels/row_sums.h"

namespace {

using tally::ScoreCells;

typedef uint32_t UnsignedInts __attribute__((vector_size(kVectorBytes)));

// The row of each score in `cells`, and the bits as an unsigned integer that grows with the score; 0 for what is no
// number, and so is its row but for positive labels.
inline void find_rows(Floats scores, Ints positive, const ScoreCells& cells, uint32_t* rows, uint32_t* keys) {
  const Ints bits = load<Ints>(&scores);
  const Ints number = scores == scores;
  const Ints ordered = bits ^ ((bits >> 31) & INT32_MAX);
  const Ints raised = ordered > cells.least ? ordered : splat<Ints>(cells.least);
  const Ints bounded = raised < cells.greatest ? raised : splat<Ints>(cells.greatest);
  const UnsignedInts places = (UnsignedInts)(bounded - cells.least) >> static_cast<uint32_t>(cells.shift);
  store(rows, (((Ints)places + 1) & number) + (positive & cells.rows));
  store(keys, (ordered ^ INT32_MIN) & number);
}

constexpr int64_t kChunk = 16;
static_assert(kChunk % kFloats == 0, "whole vectors");

// Chunks on their way to the counts: first rows of the table and keys are known, then all buckets.
struct Buckets {
  static constexpr int64_t kChunks = 16;
  uint32_t buckets[kChunks * kChunk];
  uint32_t keys[kChunks * kChunk];
};

template <class Label>
__attribute__((always_inline)) inline void begin_chunk(const float* scores, const Label* labels,
                                                       const ScoreCells& cells, uint32_t* buckets, uint32_t* keys) {
  for (int64_t i = 0; i < kChunk; i += kFloats)
    find_rows(load<Floats>(scores + i), ~label_masks(labels + i).zero, cells, buckets + i, keys + i);
}

// Rows of several thresholds are searched by halves.
__attribute__((noinline)) void search_crowded(const ScoreCells& cells, uint32_t* buckets, const uint32_t* keys) {
  const auto size = static_cast<uint32_t>(cells.buckets);
  for (int64_t i = 0; i < kChunk; ++i) {
    if (!(buckets[i] & cells.crowded)) continue;
    const uint32_t first = buckets[i] - cells.crowded;
    const uint32_t own = first < size ? first : first - size;
    const uint32_t* thresholds = cells.thresholds + size;  // the second list, for more follow the first
    uint32_t bucket = own;
    for (auto step = static_cast<uint32_t>(cells.crowded_step); step > 0; step /= 2)
      bucket += step * (thresholds[bucket + step - 1] < keys[i]);
    buckets[i] = first + bucket - own;
  }
}

// From rows to buckets, but for those of crowded rows.
__attribute__((always_inline)) inline void end_chunk(const ScoreCells& cells, uint32_t* buckets, const uint32_t* keys) {
  for (int64_t i = 0; i < kChunk; ++i) {
    const uint32_t first = cells.first[buckets[i]];
    buckets[i] = first + (cells.thresholds[first] < keys[i]);
  }
}

__attribute__((always_inline)) inline void finish_chunk(const ScoreCells& cells, uint32_t* buckets,
                                                        const uint32_t* keys) {
  Ints all = {};
  for (int64_t i = 0; i < kChunk; i += kFloats) all |= load<Ints>(buckets + i);
  if (any_lane((all & static_cast<int32_t>(cells.crowded)) != 0)) search_crowded(cells, buckets, keys);
}

template <class Index>
struct Pair;
template <>
struct Pair<uint16_t> {
  using Type = uint32_t;
};
template <>
struct Pair<uint32_t> {
  using Type = uint64_t;
};

// Counts go to four tables in turn, so that equal neighbours do not wait for each other; two buckets, in some order,
// are loaded at once.
template <int64_t kCount, class Index>
__attribute__((always_inline)) inline void count_chunk(const Index* buckets, uint32_t* counts, int64_t stride) {
  using Two = typename Pair<Index>::Type;
  constexpr int kBits = 8 * sizeof(Index);
  uint32_t* second = counts + stride;
  uint32_t* third = second + stride;
  uint32_t* fourth = third + stride;
  // GCC would derive one from the other at each increment.
  asm("" : "+r"(second), "+r"(third), "+r"(fourth));
  for (int64_t i = 0; i < kCount; i += 4) {
    const Two left = load<Two>(buckets + i);
    const Two right = load<Two>(buckets + i + 2);
    counts[static_cast<Index>(left)] += 1;
    second[left >> kBits] += 1;
    third[static_cast<Index>(right)] += 1;
    fourth[right >> kBits] += 1;
  }
}

// The last elements, fewer than kCount: `begin` finds the buckets of a whole chunk, in some order. What fills it up is
// no number, in the first cell.
template <int64_t kCount, class Index, class Label, class Begin>
__attribute__((always_inline)) inline void count_rest(const float* scores, const Label* labels, int64_t count,
                                                      uint32_t* counts, Begin begin) {
  float own[kCount];
  Label own_labels[kCount] = {};
  Index buckets[kCount];
  for (float& score : own) score = __builtin_nanf("");
  std::memcpy(own, scores, static_cast<size_t>(count) * sizeof(float));
  std::memcpy(own_labels, labels, static_cast<size_t>(count) * sizeof(Label));
  begin(own, own_labels, buckets);
  for (const Index bucket : buckets) counts[bucket] += 1;
  counts[0] -= static_cast<uint32_t>(kCount - count);
}

// Asks for the memory of so many elements.
template <int64_t kCount, class T>
inline void fetch_lines(const T* elements) {
  for (int64_t line = 0; line < kCount; line += 64 / static_cast<int64_t>(sizeof(T)))
    __builtin_prefetch(elements + line);
}

// Buckets are found some chunks before they are counted: an increment whose address comes late holds up the loads
// behind it, and arithmetic and increments take turns, for the processor does not look far enough ahead to overlap long
// stretches of either.
template <class Label>
__attribute__((noinline)) void count_by_table(const float* scores, const Label* labels, int64_t count,
                                              const ScoreCells& all_cells, uint32_t* counts, int64_t stride) {
  constexpr int64_t kLead = 4 * kChunk;
  constexpr int64_t kSize = Buckets::kChunks * kChunk;
  static_assert(kSize > 2 * kLead && (kSize & (kSize - 1)) == 0, "chunks do not meet");
  const ScoreCells cells = all_cells;
  Buckets ring;
  const int64_t whole = count / kChunk * kChunk;
  for (int64_t at = -2 * kLead; at < whole; at += kChunk) {
    const int64_t begun = at + 2 * kLead;
    const int64_t ended = at + kLead;
    if (begun < whole) {
      fetch_lines<kChunk>(scores + begun + kAhead<float>);
      fetch_lines<kChunk>(labels + begun + kAhead<Label>);
      const int64_t place = begun % kSize;
      begin_chunk(scores + begun, labels + begun, cells, ring.buckets + place, ring.keys + place);
    }
    if (ended >= 0 && ended < whole) end_chunk(cells, ring.buckets + ended % kSize, ring.keys + ended % kSize);
    if (at < 0) continue;
    uint32_t* own = ring.buckets + at % kSize;
    finish_chunk(cells, own, ring.keys + at % kSize);
    count_chunk<kChunk>(own, counts, stride);
  }
  const auto begin = [&](const float* rest, const Label* rest_labels, uint32_t* buckets) {
    uint32_t keys[kChunk];
    begin_chunk(rest, rest_labels, cells, buckets, keys);
    end_chunk(cells, buckets, keys);
    finish_chunk(cells, buckets, keys);
  };
  count_rest<kChunk, uint32_t>(scores + whole, labels + whole, count - whole, counts, begin);
}

// As many as there are even thresholds that a score exceeds, and `origin` more; less than INT16_MIN for what is no
// number. The only threshold that is compared is the one nearest to the score.
inline Ints even_bucket(Floats scores, const ScoreCells& cells) {
  const auto least = static_cast<float>(cells.origin);
  const auto greatest = static_cast<float>(cells.origin + cells.count - 1);
  // Of two numbers, the second is taken if one is none.
  const Floats raised = greater_of(splat<Floats>(least), scores * cells.steps);
  const Ints nearest = nearest_integers(lesser_of(splat<Floats>(greatest), raised));
  const Floats threshold = __builtin_convertvector(nearest, Floats) / cells.steps;
  return nearest - (scores > threshold);
}

constexpr int64_t kEvenChunk = 2 * kFloats > 16 ? 2 * kFloats : 16;

// Buckets in some order, as integers of 16 bits: fewer instructions to find, and fewer bytes to write and read.
template <class Label>
__attribute__((always_inline)) inline void find_even_buckets(const float* scores, const Label* labels,
                                                             const ScoreCells& cells, uint16_t* buckets) {
  const auto below = splat<Shorts>(static_cast<int16_t>(cells.origin - cells.lowest));
  const auto size = splat<Shorts>(static_cast<int16_t>(cells.buckets));
  for (int64_t i = 0; i < kEvenChunk; i += 2 * kFloats) {
    const Shorts found = saturated_shorts(even_bucket(load<Floats>(scores + i), cells),
                                          even_bucket(load<Floats>(scores + i + kFloats), cells));
    const Shorts zeros = saturated_shorts(label_masks(labels + i).zero, label_masks(labels + i + kFloats).zero);
    store(buckets + i, (found > below ? found : below) - below + (size & ~zeros));
  }
}

// Elements to the next boundary of 64 bytes, from where on vectors of scores share no line.
inline int64_t elements_to_line(const float* scores) {
  return static_cast<int64_t>((0 - reinterpret_cast<uintptr_t>(scores)) % 64 / sizeof(float));
}

// As count_by_table, for thresholds that need none.
template <class Label>
__attribute__((noinline)) void count_evenly(const float* scores, const Label* labels, int64_t count,
                                            const ScoreCells& all_cells, uint32_t* counts, int64_t stride) {
  constexpr int64_t kLead = 8 * kEvenChunk;
  constexpr int64_t kSize = 2 * kLead;
  constexpr int64_t kFetched = 512;
  // Where a line takes more loads, the processor fetches better alone; where it takes one, nobody has measured it.
  constexpr bool kFetches = kVectorBytes == 32;
  const ScoreCells cells = all_cells;
  const auto begin = [&](const float* some, const Label* some_labels, uint16_t* buckets) {
    find_even_buckets(some, some_labels, cells, buckets);
  };
  const int64_t to_line = elements_to_line(scores);
  const int64_t head = to_line < count ? to_line : count;
  count_rest<kEvenChunk, uint16_t>(scores, labels, head, counts, begin);
  scores += head;
  labels += head;
  count -= head;
  alignas(64) uint16_t ring[kSize];
  const int64_t whole = count / kEvenChunk * kEvenChunk;
  const int64_t lead = whole < kLead ? whole : kLead;
  for (int64_t at = 0; at < lead; at += kEvenChunk) begin(scores + at, labels + at, ring + at);
  int64_t at = 0;
  for (; at < whole - lead; at += kEvenChunk) {
    const int64_t begun = at + kLead;
    if constexpr (kFetches) {
      fetch_lines<kEvenChunk>(scores + begun + kFetched);
      fetch_lines<kEvenChunk>(labels + begun + kFetched);
    }
    begin(scores + begun, labels + begun, ring + begun % kSize);
    count_chunk<kEvenChunk>(ring + at % kSize, counts, stride);
  }
  for (; at < whole; at += kEvenChunk) count_chunk<kEvenChunk>(ring + at % kSize, counts, stride);
  count_rest<kEvenChunk, uint16_t>(scores + whole, labels + whole, count - whole, counts, begin);
}

template <class Label>
void count_cells_of(const float* scores, const Label* labels, int64_t count, const ScoreCells& cells, uint32_t* counts,
                    int64_t stride) {
  (cells.steps != 0.0f ? count_evenly<Label> : count_by_table<Label>)(scores, labels, count, cells, counts, stride);
}

}  // namespace
