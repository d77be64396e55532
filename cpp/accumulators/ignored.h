// Labels that take no part in a metric.
#pragma once

#include <vector>

#include "support/dispatch.h"

namespace tally {

// When `active` is false every label takes part.
struct Ignored {
  bool active = false;
  int32_t label = 0;
  std::vector<int32_t> others;  // beside `label`

  bool operator==(const Ignored& other) const {
    return active == other.active && label == other.label && others == other.others;
  }
  bool contains(int32_t candidate) const {
    bool found = active && candidate == label;
    for (const int32_t other : others) found |= candidate == other;
    return found;
  }
};

// The first row whose label lies outside [0, classes) and is not ignored, or -1.
inline int64_t first_refused(const int32_t* labels, int64_t count, int32_t classes, const Ignored& ignored) {
  int64_t row = kernels().convert->first_outside(labels, count, classes, ignored.active ? ignored.label : 0);
  if (row < 0 || ignored.others.empty()) return row;
  for (; row < count; ++row)
    if (static_cast<uint32_t>(labels[row]) >= static_cast<uint32_t>(classes) && !ignored.contains(labels[row]))
      return row;
  return -1;
}

// The first row whose prediction lies outside [0, classes), of those whose true label is not ignored, or -1.
inline int64_t first_refused_prediction(const int32_t* true_class, const int32_t* predicted, int64_t count,
                                        int32_t classes, const Ignored& ignored) {
  int64_t row = kernels().convert->first_outside(predicted, count, classes, 0);
  if (row < 0 || !ignored.active) return row;
  for (; row < count; ++row)
    if (static_cast<uint32_t>(predicted[row]) >= static_cast<uint32_t>(classes) && !ignored.contains(true_class[row]))
      return row;
  return -1;
}

}  // namespace tally
