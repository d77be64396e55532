// One pair of histograms: from masses to a transport problem, and back to cost, flow and potentials.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "transport/grid.h"
#include "transport/simplex.h"
#include "transport/tree.h"

namespace tally {

// What a unit of mass costs from bin to bin, [rows, columns]. `metric`: no bin costs anything from itself, and no
// detour is cheaper than the direct way; then mass that two histograms share stays where it is.
struct Ground {
  // From a bin to all, in `room` if they are not known already.
  const double* costs_from(int64_t row, double* room) const {
    if (!ways) return costs + row * columns;
    for (int64_t column = 0; column < columns; ++column) room[column] = ways->cost(row, column);
    return room;
  }
  // From a bin to `count` others of increasing numbers.
  void costs_between(int64_t row, const int64_t* to, int64_t count, double* between) const {
    const double* const known = costs + row * columns;
    if (ways) {
      for (int64_t column = 0; column < count; ++column) between[column] = ways->cost(row, to[column]);
    } else if (count == columns) {
      std::copy(known, known + count, between);
    } else {
      for (int64_t column = 0; column < count; ++column) between[column] = known[to[column]];
    }
  }
  // Whether mass may move by steps over the grid.
  bool by_steps() const { return metric && ways && ways->by_steps(); }

  const double* costs = nullptr;   // of no grid
  const GridWays* ways = nullptr;  // of a grid
  int64_t rows = 0;
  int64_t columns = 0;
  bool metric = false;
};

// Unequal masses: refused beyond a relative tolerance, scaled to 1, or only the lesser mass is moved.
enum class Unequal : int { kRefuse, kNormalize, kPartial };

struct Policy {
  Unequal unequal = Unequal::kRefuse;
  double tolerance = 0.0;
  double penalty = 0.0;  // for each unit of mass that stays over
};

enum class PairFault : int { kNone, kBadFirst, kBadSecond, kUnequal, kEmptyFirst, kEmptySecond };

// What is wanted of a pair; null: not.
struct PairResult {
  double* cost = nullptr;
  double* gap = nullptr;     // by how much the cost may exceed the least
  double* flow = nullptr;    // [rows, columns], of zeros
  double* first = nullptr;   // [rows], potentials: first[row] + second[column] <= costs[row, column]
  double* second = nullptr;  // [columns]
};

PairFault check_pair(const Ground& ground, const Policy& policy, const double* first, const double* second);

// Memory in which one pair after the other is solved.
struct PairMemory {
  // `by_steps`: for results that have no flow, of masses that are equal.
  PairMemory(const Ground& ground, bool by_steps);

  Transport transport;
  std::unique_ptr<Grid> grid;  // null: not by steps
  Scratch masses;              // [rows + columns]
  Scratch costs;               // [columns]
};

// Solves a pair that was checked, with masses that it may change. False if stopped.
bool solve_pair(const Ground& ground, const Policy& policy, PairMemory& memory, Watch& watch, const PairResult& result);

}  // namespace tally
