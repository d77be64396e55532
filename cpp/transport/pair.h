// One pair of histograms: from masses to a transport problem, and back to cost, flow and potentials.
#pragma once

#include <cstdint>

#include "transport/grid.h"
#include "transport/simplex.h"
#include "transport/tree.h"

namespace tally {

// What a unit of mass costs from bin to bin, [rows, columns]. `metric`: no bin costs anything from itself, and no
// detour is cheaper than the direct way; then mass that two histograms share stays where it is.
struct Ground {
  const double* costs = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
  bool metric = false;
  // Of a grid whose ways are sums of steps, the length of its rows; 0: of none. Neighbours need no costs, but have no
  // flow from bin to bin to show, no potentials, and no place for mass that stays over.
  int64_t grid_width = 0;
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

// Solves a pair that was checked, with masses that it may change. False if stopped.
bool solve_pair(const Ground& ground, const Policy& policy, double* first, double* second, Transport& transport,
                Grid& grid, Watch& watch, const PairResult& result);

}  // namespace tally
