// Inner loops of the transport solver: the least reduced cost of a block of rows or of steps over a grid, the two
// least costs of a row.
#include "kernels/table.h"
#include "kernels/transport_table.h"
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

inline Doubles magnitude(Doubles value) {
  return reinterpret_cast<Doubles>(reinterpret_cast<Longs>(value) & splat<Longs>(int64_t{0x7fffffffffffffff}));
}

inline bool any(Longs mask) {
  int64_t all = 0;
  for (int lane = 0; lane < kDoubles; ++lane) all |= mask[lane];
  return all != 0;
}

// The steps that lead from some of kDoubles places into a line: [first, last) of those sorted by `across`.
struct Within {
  const tally::GridStep* steps;
  int64_t width;
  int64_t first;
  int64_t last;

  // Places only ever increase.
  void move_to(int64_t place) {
    while (first > 0 && steps[first - 1].across + place + kDoubles > 0) --first;
    while (last > 0 && steps[last - 1].across + place >= width) --last;
  }
};

inline Within all_steps(const tally::GridStep* steps, int64_t width, int64_t count) {
  return {steps, width, count, count};
}

inline Doubles over(Doubles from, const double* to, const tally::GridStep& step) {
  return magnitude(from - load<Doubles>(to + step.across)) - splat<Doubles>(step.length);
}

double price_steps(const double* from, const double* to, int64_t width, const tally::GridStep* steps, int64_t count,
                   double bound, int64_t* step, int64_t* place) {
  Doubles best = splat<Doubles>(bound);
  Within within = all_steps(steps, width, count);
  for (int64_t i = 0; i < width; i += kDoubles) {
    within.move_to(i);
    const Doubles own = load<Doubles>(from + i);
    // NaN is greater than nothing.
    for (int64_t s = within.first; s < within.last; ++s) {
      const Doubles value = over(own, to + i, steps[s]);
      best = value > best ? value : best;
    }
  }
  const double most = greatest_lane(best);
  if (!(most > bound)) return bound;
  within = all_steps(steps, width, count);
  for (int64_t i = 0; i < width; i += kDoubles) {
    within.move_to(i);
    const Doubles own = load<Doubles>(from + i);
    Longs equal = {};
    for (int64_t s = within.first; s < within.last; ++s) equal |= over(own, to + i, steps[s]) == splat<Doubles>(most);
    if (!any(equal)) continue;
    for (*place = i;; ++*place)
      for (*step = within.first; *step < within.last; ++*step)
        if (__builtin_fabs(from[*place] - to[*place + steps[*step].across]) - steps[*step].length == most) return most;
  }
  return most;
}

double furthest(const double* values, double centre, int64_t width, double bound, int64_t* place) {
  Doubles best = splat<Doubles>(bound);
  for (int64_t i = 0; i < width; i += kDoubles) {
    const Doubles value = magnitude(load<Doubles>(values + i) - splat<Doubles>(centre));
    best = value > best ? value : best;
  }
  const double most = greatest_lane(best);
  if (!(most > bound)) return bound;
  int64_t i = 0;
  while (__builtin_fabs(values[i] - centre) != most) ++i;
  *place = i;
  return most;
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_transport_kernels, TALLY_LEVEL)
extern "C" const tally::TransportKernels TALLY_TABLE;
const tally::TransportKernels TALLY_TABLE = {price, two_least, price_steps, furthest};
