// Transport on a grid whose cheapest ways are sums of steps: a flow over steps, without a cost matrix.
#pragma once

#include <algorithm>

#include "transport/simplex.h"
#include "transport/steps.h"
#include "transport/tree.h"

namespace tally {

// Nodes are the bins of a grid, line after line with a gap behind each, and perhaps a hub; flow on a tree arc is
// positive towards the parent, negative away from it.
struct Grid : Tree {
  explicit Grid(const GridWays& ways);

  // What it costs to go between a node and its parent, and that rounded.
  double length_above(int32_t node) const;
  double rounded_above(int32_t node) const;
  // The least length of a step, or of a way to the hub.
  double shortest() const { return hub < 0 ? 1.0 : std::min(1.0, ways.threshold / 2); }
  // Potentials along the tree from its root's, which is 0, by lengths or by those rounded.
  void set_potentials(bool rounded);

  const GridWays& ways;
  int64_t stride = 0;
  int32_t* node_of = nullptr;  // by bin
  int32_t* bin_of = nullptr;   // by node
  int32_t hub = -1;            // half the threshold from everywhere; -1: none
  int64_t* excess = nullptr;   // by node, what each bin must send away; of sum 0

 private:
  Scratch scratch_;
};

// Makes the flow that carries off all excesses the cheapest there is. `least` takes the least reduced cost that was
// left: 0, or rounding errors below it. False if stopped.
bool solve(Grid& grid, Watch& watch, double* least);

}  // namespace tally
