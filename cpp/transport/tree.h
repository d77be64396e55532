// A transport problem in memory of its own, and the spanning tree that the simplex moves through it.
#pragma once

#include <cstdint>

#include "support/scratch.h"

namespace tally {

constexpr int64_t kRowBlock = 4;

// Rows ship integer masses to columns; supplies and demands are positive and have one sum. Nodes are numbered: columns
// from 0, rows from `stride`. Every node but the root has a tree arc to its parent, between its row and its column.
struct Transport {
  Transport(int64_t most_rows, int64_t most_columns);

  // Takes the size of the next problem, clears what pads it, and leaves costs and masses to be filled in.
  void resize(int64_t row_count, int64_t column_count);

  int32_t node_of_row(int64_t row) const { return static_cast<int32_t>(stride + row); }
  bool is_row(int32_t node) const { return node >= stride; }
  double* costs_of(int64_t row) const { return costs + row * stride; }
  // Of the arc between a node and its parent.
  double cost_above(int32_t node) const {
    return is_row(node) ? costs_of(node - stride)[parent[node]] : costs_of(parent[node] - stride)[node];
  }
  int64_t nodes() const { return rows + columns; }

  // Potentials along the tree from its root's, which is 0: column - row = cost on every tree arc.
  void set_potentials();
  // Sizes and last successors of all subtrees, from parents and the thread.
  void measure_subtrees();
  // Moves the subtree of `top` to hang from `outside` by an arc that carries `amount` from its node `inside`.
  void move_subtree(int32_t top, int32_t inside, int32_t outside, int32_t join, int64_t amount);

  int64_t rows = 0;
  int64_t columns = 0;
  int64_t stride = 0;
  int64_t blocks = 0;
  int32_t root = 0;
  double* costs = nullptr;      // [blocks * kRowBlock, stride]
  double* potential = nullptr;  // by node; padded with 0
  int64_t* mass = nullptr;      // by node
  int64_t* flow = nullptr;      // by node, on the arc to its parent
  int32_t* parent = nullptr;
  int32_t* next = nullptr;  // the thread: all nodes in preorder, and back to the root
  int32_t* previous = nullptr;
  int32_t* size = nullptr;  // of the subtree
  int32_t* last = nullptr;  // of the subtree, along the thread

  // Working memory of those who fill in a problem and of those who start it.
  int64_t* row_of = nullptr;
  int64_t* column_of = nullptr;
  int32_t* heap = nullptr;        // [rows]
  int32_t* choice = nullptr;      // [rows]
  int32_t* first_half = nullptr;  // by node
  int32_t* next_half = nullptr;   // by half of an arc
  int32_t* end_of = nullptr;      // by half of an arc
  int64_t* amount = nullptr;      // by arc
  double* open = nullptr;         // [stride]
  double* penalty = nullptr;      // [rows]

 private:
  void carve(char* memory, int64_t most_rows, int64_t most_columns, int64_t* bytes);
  Scratch scratch_;
};

}  // namespace tally
