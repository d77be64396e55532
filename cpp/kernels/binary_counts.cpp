// Counts of scores by a label and by thresholds, in one read: labels are never written down in between.
#include "kernels/direct_table.h"
#include "kernels/row_sums.h"

namespace {

using tally::DType;
using tally::ScoreCells;

typedef uint32_t UnsignedInts __attribute__((vector_size(kVectorBytes)));
constexpr int kFloats = kLanesOf<Floats>;

// What a kernel needs to know of as many labels as there are floats in a vector.
struct LabelMasks {
  Ints zero;
  Ints one;
};

inline LabelMasks masks_of(Ints labels) { return {labels == 0, labels == 1}; }

template <class Label>
inline LabelMasks label_masks(const Label* labels) {
  if constexpr (sizeof(Label) == 1) {
    return masks_of(load_bytes(labels));
  } else if constexpr (sizeof(Label) == 4) {
    return masks_of(load<Ints>(labels));
  } else {
    const Ints left = load<Ints>(labels);
    const Ints right = load<Ints>(labels + kFloats / 2);
    const Ints low = even_lanes(left, right, AllLanes<Ints>{});
    const Ints high = odd_lanes(left, right, AllLanes<Ints>{});
    const LabelMasks masks = masks_of(low);
    return {masks.zero & (high == 0), masks.one & (high == 0)};
  }
}
template <>
inline LabelMasks label_masks(const float* labels) {
  const Floats values = load<Floats>(labels);
  return {values == 0.0f, values == 1.0f};
}

template <class Label>
void count_binary(const float* scores, const Label* labels, int64_t count, float threshold,
                  tally::BinaryCounts* target) {
  Ints above = {};
  Ints zeros = {};
  Ints both = {};
  Ints equal = {};
  int64_t i = 0;
  constexpr int64_t kLine = 64 / sizeof(float);
  for (; i + kLine <= count; i += kLine) {
    __builtin_prefetch(scores + i + kAhead<float>);
    for (int64_t line = 0; line < kLine; line += 64 / static_cast<int64_t>(sizeof(Label)))
      __builtin_prefetch(labels + i + line + kAhead<Label>);
    for (int64_t at = i; at < i + kLine; at += kFloats) {
      const LabelMasks masks = label_masks(labels + at);
      const Ints predicted = load<Floats>(scores + at) > threshold;
      above -= predicted;
      zeros -= masks.zero;
      both -= predicted & ~masks.zero;
      equal -= predicted ? masks.one : masks.zero;
    }
  }
  *target = {sum_of_lanes(above), count - sum_of_lanes(zeros), sum_of_lanes(both), sum_of_lanes(equal)};
  for (; i < count; ++i) {
    const bool predicted = scores[i] > threshold;
    const bool zero = labels[i] == Label(0);
    target->above += predicted;
    target->positive -= zero;
    target->both += predicted && !zero;
    target->equal += predicted ? labels[i] == Label(1) : zero;
  }
}

// The bits of a float32 as an integer that grows with it.
inline Ints ordered(Floats scores) {
  const Ints bits = load<Ints>(&scores);
  return bits ^ ((bits >> 31) & INT32_MAX);
}

// Rows of `table`: that of numbers follows from their leading bits, and the first is for what is no number.
inline Ints rows_of(Floats scores, Ints positive, const ScoreCells& cells) {
  const Ints keys = ordered(scores);
  const Ints raised = keys > cells.least ? keys : splat<Ints>(cells.least);
  const Ints bounded = raised < cells.greatest ? raised : splat<Ints>(cells.greatest);
  const UnsignedInts places = (UnsignedInts)(bounded - cells.least) >> static_cast<uint32_t>(cells.shift);
  return (((Ints)places + 1) & (scores == scores)) + (positive & cells.rows);
}

// The only threshold that is compared is the one nearest to the score.
inline Ints even_buckets(Floats scores, Ints positive, const ScoreCells& cells) {
  const Floats places = scores * cells.steps + 0.5f;
  const Floats raised = places > 1.0f ? places : splat<Floats>(1.0f);
  const Floats most = splat<Floats>(static_cast<float>(cells.thresholds));
  const Ints nearest = __builtin_convertvector(raised < most ? raised : most, Ints);
  const Floats threshold = __builtin_convertvector(nearest, Floats) / cells.steps;
  const Ints bucket = nearest + (cells.first - 1) - (scores > threshold);
  return (bucket & (scores == scores)) + (positive & cells.buckets);
}

// Counts go to four tables in turn, so that equal neighbours do not wait for each other.
template <bool kEven, class Label>
void count_groups(const float* scores, const Label* labels, int64_t count, const ScoreCells& cells, uint32_t* counts,
                  int64_t stride) {
  constexpr int64_t kGroup = 64;
  static_assert(kGroup % kFloats == 0, "whole vectors");
  int32_t buckets[kGroup];
  for (int64_t begin = 0; begin < count; begin += kGroup) {
    const int64_t length = count - begin < kGroup ? count - begin : kGroup;
    float rest[kGroup];
    Label rest_labels[kGroup];
    const float* own = scores + begin;
    const Label* own_labels = labels + begin;
    if (length < kGroup) {
      std::memset(rest, 0, sizeof rest);
      std::memset(rest_labels, 0, sizeof rest_labels);
      std::memcpy(rest, own, static_cast<size_t>(length) * sizeof(float));
      std::memcpy(rest_labels, own_labels, static_cast<size_t>(length) * sizeof(Label));
      own = rest;
      own_labels = rest_labels;
    }
    for (int64_t line = 0; line < kGroup; line += 64 / static_cast<int64_t>(sizeof(float)))
      __builtin_prefetch(own + line + kAhead<float>);
    for (int64_t line = 0; line < kGroup; line += 64 / static_cast<int64_t>(sizeof(Label)))
      __builtin_prefetch(own_labels + line + kAhead<Label>);
    for (int64_t i = 0; i < kGroup; i += kFloats) {
      const Floats values = load<Floats>(own + i);
      const Ints positive = ~label_masks(own_labels + i).zero;
      store(buckets + i, kEven ? even_buckets(values, positive, cells) : rows_of(values, positive, cells));
    }
    // All buckets first: an increment whose address comes late holds up the loads behind it.
    for (int64_t i = 0; !kEven && i < kGroup; ++i) {
      const tally::ScoreCell& cell = cells.table[buckets[i]];
      buckets[i] = cell.bucket + (own[i] > cell.threshold);
    }
    int64_t i = 0;
    for (; i + 4 <= length; i += 4) {
      counts[buckets[i]] += 1;
      counts[buckets[i + 1] + stride] += 1;
      counts[buckets[i + 2] + 2 * stride] += 1;
      counts[buckets[i + 3] + 3 * stride] += 1;
    }
    for (; i < length; ++i) counts[buckets[i]] += 1;
  }
}

template <class Label>
void count_cells(const float* scores, const Label* labels, int64_t count, const ScoreCells& cells, uint32_t* counts,
                 int64_t stride) {
  (cells.steps != 0.0f ? count_groups<true, Label> : count_groups<false, Label>)(scores, labels, count, cells, counts,
                                                                                 stride);
}

// Calls `use` with the labels as what they are; false if there is no kernel for the type.
template <class Use>
inline bool with_labels(const char* labels, DType type, Use use) {
  switch (type) {
    case DType::kBool:
    case DType::kInt8:
    case DType::kUInt8:
      use(reinterpret_cast<const uint8_t*>(labels));
      return true;
    case DType::kInt32:
    case DType::kUInt32:
      use(reinterpret_cast<const int32_t*>(labels));
      return true;
    case DType::kInt64:
    case DType::kUInt64:
      use(reinterpret_cast<const int64_t*>(labels));
      return true;
    case DType::kFloat32:
      use(reinterpret_cast<const float*>(labels));
      return true;
    default:
      return false;
  }
}

bool binary(const float* scores, const char* labels, DType type, int64_t count, float threshold,
            tally::BinaryCounts* target) {
  return with_labels(labels, type, [&](const auto* typed) { count_binary(scores, typed, count, threshold, target); });
}

bool cells(const float* scores, const char* labels, DType type, int64_t count, const ScoreCells& cells,
           uint32_t* counts, int64_t stride) {
  return with_labels(labels, type,
                     [&](const auto* typed) { count_cells(scores, typed, count, cells, counts, stride); });
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_binary_count_kernels, TALLY_LEVEL)
extern "C" const tally::BinaryCountKernels TALLY_TABLE;
const tally::BinaryCountKernels TALLY_TABLE = {binary, cells};
