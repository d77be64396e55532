// Counts of scores by a label and by thresholds, in one read: labels are never written down in between.
#include "kernels/direct_table.h"
#include "kernels/label_masks.h"
#include "kernels/score_cells.h"

namespace {

using tally::DType;

struct BinaryLanes {
  Ints above = {};
  Ints zeros = {};
  Ints both = {};
  Ints equal = {};

  template <class Label>
  inline void add(const float* scores, const Label* labels, float threshold) {
    const LabelMasks masks = label_masks(labels);
    const Ints predicted = load<Floats>(scores) > threshold;
    above -= predicted;
    zeros -= masks.zero;
    both -= predicted & ~masks.zero;
    equal -= predicted ? masks.one : masks.zero;
  }
};

// Long stretches are read from their middle too: of four streams the processor fetches more ahead than of two, and more
// than if it is told what to fetch.
template <class Label>
void count_binary(const float* scores, const Label* labels, int64_t count, float threshold,
                  tally::BinaryCounts* target) {
  constexpr int64_t kLine = 64 / sizeof(float);
  constexpr int64_t kLong = 32768;
  const int64_t half = count < kLong ? 0 : count / (2 * kLine) * kLine;
  BinaryLanes lanes;
  for (int64_t i = 0; i < half; i += kLine)
    for (int64_t first = i; first <= half + i; first += half)
      for (int64_t at = first; at < first + kLine; at += kFloats) lanes.add(scores + at, labels + at, threshold);
  int64_t i = 2 * half;
  for (; i + kFloats <= count; i += kFloats) lanes.add(scores + i, labels + i, threshold);
  *target = {sum_of_lanes(lanes.above), i - sum_of_lanes(lanes.zeros), sum_of_lanes(lanes.both),
             sum_of_lanes(lanes.equal)};
  for (; i < count; ++i) {
    const bool predicted = scores[i] > threshold;
    const bool zero = labels[i] == Label(0);
    target->above += predicted;
    target->positive += !zero;
    target->both += predicted && !zero;
    target->equal += predicted ? labels[i] == Label(1) : zero;
  }
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
                     [&](const auto* typed) { count_cells_of(scores, typed, count, cells, counts, stride); });
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_binary_count_kernels, TALLY_LEVEL)
extern "C" const tally::BinaryCountKernels TALLY_TABLE;
const tally::BinaryCountKernels TALLY_TABLE = {binary, cells};
