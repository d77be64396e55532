// Where samples lie on a grid of equal bins: the bin, and the place in it as a 32-bit fraction.
#include "kernels/table.h"
#include "kernels/vector.h"

namespace {

using tally::PositionGrid;

// From here to twice as much, the last bit of a double counts ones: adding it rounds to whole numbers.
constexpr double kWhole = 0x1p52;
constexpr uint64_t kFraction = (uint64_t{1} << 52) - 1;

int64_t first_outside(const double* values, int64_t count, double low, double high) {
  int64_t i = 0;
  for (; i + kDoubles <= count; i += kDoubles) {
    const Doubles value = load<Doubles>(values + i);
    const Longs inside = (value >= low) & (value <= high);
    int64_t all = -1;
    for (int lane = 0; lane < kDoubles; ++lane) all &= inside[lane];
    if (!all) break;
  }
  for (; i < count; ++i)
    if (!(values[i] >= low && values[i] <= high)) return i;
  return -1;
}

int64_t places(const double* values, int64_t count, const PositionGrid& grid, uint64_t* target) {
  int64_t i = 0;
  Longs rounded = {};
  for (; i + kDoubles <= count; i += kDoubles) {
    const Doubles exact = (load<Doubles>(values + i) - grid.origin) * grid.places_per_unit;
    const Doubles whole = exact + kWhole;
    UnsignedLongs bits;
    std::memcpy(&bits, &whole, sizeof bits);
    store(target + i, bits & kFraction);
    rounded -= (whole - kWhole) != exact;
  }
  int64_t count_rounded = 0;
  for (int lane = 0; lane < kDoubles; ++lane) count_rounded += rounded[lane];
  for (; i < count; ++i) {
    const double exact = (values[i] - grid.origin) * grid.places_per_unit;
    const double whole = exact + kWhole;
    uint64_t bits;
    std::memcpy(&bits, &whole, sizeof bits);
    target[i] = bits & kFraction;
    count_rounded += (whole - kWhole) != exact;
  }
  return count_rounded;
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_position_kernels, TALLY_LEVEL)
extern "C" const tally::PositionKernels TALLY_TABLE;
const tally::PositionKernels TALLY_TABLE = {first_outside, places};
