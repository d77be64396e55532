// The cell of a grid that a score lies in, for those who build the grid and those who search by it.
#pragma once

#include <cstdint>
#include <cstring>

namespace {

// Never decreases as the score grows, whatever is rounded; cell 0 for NaN.
template <class T>
inline int32_t grid_cell(T score, T low, T scale, int64_t cells) {
  const T last = static_cast<T>(cells - 1);
  const T place = (score - low) * scale;
  const T above = place > T(0) ? place : T(0);
  return static_cast<int32_t>(above < last ? above : last);
}

}  // namespace
