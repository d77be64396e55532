// Inner loops of the transport solver: the least reduced cost of a block of rows, the two least costs of a row.
#include "kernels/table.h"
#include "kernels/vector.h"

namespace {

constexpr int kBlock = 4;
constexpr double kInfinity = __builtin_inf();

inline Doubles lesser(Doubles one, Doubles other) { return one < other ? one : other; }
inline Doubles greater(Doubles one, Doubles other) { return one < other ? other : one; }

inline Doubles reduced(const double* costs, const double* columns, int64_t column) {
  return load<Doubles>(costs + column) - load<Doubles>(columns + column);
}

// The first column of this value. Eight columns are asked at once.
inline int64_t find(const double* costs, const double* columns, int64_t stride, double value) {
  constexpr int kAtOnce = 8;
  for (int64_t column = 0; column < stride; column += kAtOnce) {
    Longs equal = {};
    for (int part = 0; part < kAtOnce; part += kDoubles)
      equal |= reduced(costs, columns, column + part) == splat<Doubles>(value);
    int64_t any = 0;
    for (int lane = 0; lane < kDoubles; ++lane) any |= equal[lane];
    if (!any) continue;
    for (int place = 0; place < kAtOnce; ++place)
      if (costs[column + place] - columns[column + place] == value) return column + place;
  }
  return 0;
}

double price(const double* costs, int64_t stride, const double* rows, const double* columns, int64_t* row,
             int64_t* column) {
  Doubles least[kBlock];
  for (auto& one : least) one = splat<Doubles>(kInfinity);
  for (int64_t c = 0; c < stride; c += kDoubles)
    for (int r = 0; r < kBlock; ++r) least[r] = lesser(reduced(costs + r * stride, columns, c), least[r]);
  double best = kInfinity;
  double value = kInfinity;
  *row = 0;
  for (int r = 0; r < kBlock; ++r) {
    double own = least[r][0];
    for (int lane = 1; lane < kDoubles; ++lane) own = least[r][lane] < own ? least[r][lane] : own;
    if (own + rows[r] < best) {
      best = own + rows[r];
      value = own;
      *row = r;
    }
  }
  // Most blocks have no arc worth entering; those that price out need no place.
  *column = best < 0 ? find(costs + *row * stride, columns, stride, value) : 0;
  return best;
}

int64_t two_least(const double* costs, const double* columns, int64_t stride, double least[2]) {
  Doubles first = splat<Doubles>(kInfinity);
  Doubles second = first;
  for (int64_t c = 0; c < stride; c += kDoubles) {
    const Doubles value = reduced(costs, columns, c);
    second = lesser(greater(value, first), second);
    first = lesser(value, first);
  }
  least[0] = least[1] = kInfinity;
  for (int lane = 0; lane < kDoubles; ++lane) {
    const double values[2] = {first[lane], second[lane]};
    for (const double value : values) {
      if (value < least[0]) {
        least[1] = least[0];
        least[0] = value;
      } else if (value < least[1]) {
        least[1] = value;
      }
    }
  }
  return find(costs, columns, stride, least[0]);
}

double least_difference(const double* from, const double* to, int64_t count, double bound, int64_t* place) {
  double least = bound;
  Doubles lanes = splat<Doubles>(bound);
  int64_t i = 0;
  for (; i + kDoubles <= count; i += kDoubles) lanes = lesser(reduced(from, to, i), lanes);
  for (int lane = 0; lane < kDoubles; ++lane) least = lanes[lane] < least ? lanes[lane] : least;
  for (; i < count; ++i) least = from[i] - to[i] < least ? from[i] - to[i] : least;
  if (!(least < bound)) return bound;
  for (i = 0; from[i] - to[i] != least;) ++i;
  *place = i;
  return least;
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_transport_kernels, TALLY_LEVEL)
extern "C" const tally::TransportKernels TALLY_TABLE;
const tally::TransportKernels TALLY_TABLE = {price, two_least, least_difference};
