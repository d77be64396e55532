// A transport problem in memory of its own, and the spanning tree that the simplex moves through it.
#pragma once

#include <cstdint>
#include <limits>

#include "support/scratch.h"

namespace tally {

constexpr int64_t kRowBlock = 4;

// What an arc that enters between two nodes, from tail to head, makes leave: of the arcs on the ways from both up to
// where they meet, that between `top` and its parent.
struct Leaving {
  int32_t top = -1;
  int32_t join = -1;
  bool above_head = false;
  int64_t amount = std::numeric_limits<int64_t>::max();  // how far its flow falls
};

// A spanning tree over numbered nodes. Every node but the root has an arc to its parent, and the flow on it.
struct Tree {
  // `above_tail` and `above_head` tell from a node of either way how far the flow on its arc may fall, less than 0
  // where it rises. Of equal ones the last leaves, seen from the join on the way down to the tail and up from the head.
  template <class AboveTail, class AboveHead>
  Leaving leaving(int32_t tail, int32_t head, AboveTail above_tail, AboveHead above_head) const;
  // Sizes and last successors of all subtrees, from parents and the thread.
  void measure_subtrees();
  // Moves the subtree of `top` to hang from `outside` by an arc between that and its node `inside`, which carries
  // `amount`. Flow on arcs that turn round on the way is multiplied by `turned`.
  void move_subtree(int32_t top, int32_t inside, int32_t outside, int32_t join, int64_t amount, int64_t turned);
  // Adds to the potentials of a subtree, or takes from all others if they are fewer.
  void shift_subtree(int32_t top, double by);

  int32_t root = 0;
  double* potential = nullptr;
  int64_t* flow = nullptr;
  int32_t* parent = nullptr;
  int32_t* next = nullptr;  // the thread: all nodes in preorder, and back to the root
  int32_t* previous = nullptr;
  int32_t* size = nullptr;  // of the subtree
  int32_t* last = nullptr;  // of the subtree, along the thread

 private:
  void shift_thread(int32_t first, int32_t end, int32_t count, double by);
};

template <class AboveTail, class AboveHead>
Leaving Tree::leaving(int32_t tail, int32_t head, AboveTail above_tail, AboveHead above_head) const {
  Leaving of_tail;
  Leaving of_head;
  while (tail != head) {
    const int32_t tail_size = size[tail];
    const int32_t head_size = size[head];
    if (tail_size <= head_size) {
      const int64_t amount = above_tail(tail);
      if (amount >= 0 && amount < of_tail.amount) {
        of_tail.amount = amount;
        of_tail.top = tail;
      }
      tail = parent[tail];
    }
    if (head_size <= tail_size) {
      const int64_t amount = above_head(head);
      if (amount >= 0 && amount <= of_head.amount) {
        of_head.amount = amount;
        of_head.top = head;
      }
      head = parent[head];
    }
  }
  const bool above = of_head.amount <= of_tail.amount;
  const Leaving& least = above ? of_head : of_tail;
  return {least.top, tail, above, least.amount};
}

// Rows ship integer masses to columns; supplies and demands are positive and have one sum. Nodes are numbered: columns
// from 0, rows from `stride`. Tree arcs lead from rows to columns.
struct Transport : Tree {
  // Room for problems up to this size, of up to `most_costs`; -1: of all.
  Transport(int64_t most_rows, int64_t most_columns, int64_t most_costs);

  // Takes the size of the next problem, and leaves masses and all rows of costs to be filled in.
  void resize(int64_t row_count, int64_t column_count);
  // A row of costs to be filled in, padded.
  double* open_row(int64_t row) const;

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

  int64_t rows = 0;
  int64_t columns = 0;
  int64_t stride = 0;
  int64_t blocks = 0;
  double* costs = nullptr;  // [blocks * kRowBlock, stride]; potentials are padded with 0
  int64_t* mass = nullptr;  // by node

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
  void carve(char* memory, int64_t most_rows, int64_t most_columns, int64_t most_costs, int64_t* bytes);
  Scratch scratch_;
};

}  // namespace tally
