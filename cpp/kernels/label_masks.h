// Labels of any type compared with 0 and 1, as many as there are floats in a vector.
#pragma once

#include "kernels/integer_vectors.h"

namespace {

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

}  // namespace
