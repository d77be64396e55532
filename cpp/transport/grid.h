// Transport on a grid whose ways are sums of steps: a flow between neighbours, without a cost matrix.
#pragma once

#include "transport/simplex.h"
#include "transport/tree.h"

namespace tally {

// Nodes are the bins of a grid in C order; flow on a tree arc is positive towards the parent, negative away from it.
struct Grid : Tree {
  explicit Grid(int64_t most_bins);

  void resize(int64_t row_count, int64_t column_count) {
    height = row_count;
    width = column_count;
  }
  int64_t nodes() const { return height * width; }

  int64_t height = 0;
  int64_t width = 0;
  int64_t* excess = nullptr;  // what each bin must send away; of sum 0

 private:
  Scratch scratch_;
};

// Makes the flow that carries off all excesses the one of fewest steps. False if stopped.
bool solve(Grid& grid, Watch& watch);

}  // namespace tally
