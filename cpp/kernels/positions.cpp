// Where samples lie on a grid of equal bins: the bin, and the place in it as a 32-bit fraction.
#include "kernels/count_table.h"
#include "kernels/row_sums.h"

namespace {

using tally::PositionGrid;

// From here to twice as much, the last bit of a double counts ones: adding it rounds to whole numbers.
constexpr double kWhole = 0x1p52;
constexpr uint64_t kFraction = (uint64_t{1} << 52) - 1;

template <class T>
int64_t first_outside(const T* values, int64_t count, double low, double high) {
  int64_t i = 0;
  Longs inside = splat<Longs>(int64_t{-1});
  for (; i + kDoubles <= count; i += kDoubles) {
    __builtin_prefetch(values + i + kAhead<T>);
    const Doubles value = load_doubles(values + i);
    inside &= (value >= low) & (value <= high);
  }
  if (!all_lanes(inside)) i = 0;
  for (; i < count; ++i) {
    const double value = static_cast<double>(values[i]);
    if (!(value >= low && value <= high)) return i;
  }
  return -1;
}

template <class T>
int64_t places(const T* values, int64_t count, const PositionGrid& grid, uint64_t* target) {
  int64_t i = 0;
  Longs rounded = {};
  for (; i + kDoubles <= count; i += kDoubles) {
    const Doubles exact = (load_doubles(values + i) - grid.origin) * grid.places_per_unit;
    const Doubles whole = exact + kWhole;
    UnsignedLongs bits;
    std::memcpy(&bits, &whole, sizeof bits);
    store(target + i, bits & kFraction);
    rounded -= (whole - kWhole) != exact;
  }
  int64_t count_rounded = 0;
  for (int lane = 0; lane < kDoubles; ++lane) count_rounded += rounded[lane];
  for (; i < count; ++i) {
    const double exact = (static_cast<double>(values[i]) - grid.origin) * grid.places_per_unit;
    const double whole = exact + kWhole;
    uint64_t bits;
    std::memcpy(&bits, &whole, sizeof bits);
    target[i] = bits & kFraction;
    count_rounded += (whole - kWhole) != exact;
  }
  return count_rounded;
}

template <class T>
constexpr tally::PositionFunctions<T> functions() {
  return {first_outside<T>, places<T>};
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_position_kernels, TALLY_LEVEL)
extern "C" const tally::PositionKernels TALLY_TABLE;
const tally::PositionKernels TALLY_TABLE = {functions<float>(), functions<double>()};
