// The spanning tree with a preorder thread. Source: Barr, Glover, Klingman, "Enhancements of spanning tree labelling
// procedures for network optimization", INFOR 17, 1979.
#include "transport/tree.h"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace tally {
namespace {

constexpr int64_t kLineBytes = 64;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

int64_t rounded_up(int64_t count, int64_t multiple) { return (count + multiple - 1) / multiple * multiple; }

template <class T>
void take(T*& pointer, char* memory, int64_t count, int64_t* offset) {
  if (memory) pointer = reinterpret_cast<T*>(memory + *offset);
  *offset += rounded_up(count * static_cast<int64_t>(sizeof(T)), kLineBytes);
}

}  // namespace

Transport::Transport(int64_t most_rows, int64_t most_columns, int64_t most_costs) {
  int64_t bytes = 0;
  carve(nullptr, most_rows, most_columns, most_costs, &bytes);
  scratch_ = Scratch(static_cast<size_t>(bytes));
  bytes = 0;
  carve(scratch_.as<char>(), most_rows, most_columns, most_costs, &bytes);
}

void Transport::carve(char* memory, int64_t most_rows, int64_t most_columns, int64_t most_costs, int64_t* bytes) {
  const int64_t wide = rounded_up(most_columns, 8);
  const int64_t high = rounded_up(most_rows, kRowBlock);
  // With what pads each row, and the last block of rows.
  const int64_t padded = most_costs < 0 ? wide * high : most_costs + 8 * (wide + high);
  take(costs, memory, std::min(padded, wide * high), bytes);
  take(potential, memory, wide + high, bytes);
  take(mass, memory, wide + high, bytes);
  take(flow, memory, wide + high, bytes);
  for (int32_t** array : {&parent, &next, &previous, &size, &last}) take(*array, memory, wide + high, bytes);
  for (int32_t** array : {&next_half, &end_of}) take(*array, memory, 2 * (wide + high), bytes);
  take(first_half, memory, wide + high, bytes);
  take(amount, memory, wide + high, bytes);
  take(heap, memory, wide + high, bytes);
  take(choice, memory, high, bytes);
  take(row_of, memory, high, bytes);
  take(column_of, memory, wide, bytes);
  take(open, memory, wide, bytes);
  take(penalty, memory, high, bytes);
}

void Transport::resize(int64_t row_count, int64_t column_count) {
  rows = row_count;
  columns = column_count;
  stride = rounded_up(columns, 8);
  blocks = rounded_up(rows, kRowBlock) / kRowBlock;
  std::fill(costs_of(rows), costs_of(blocks * kRowBlock), kInfinity);
  std::fill(potential, potential + stride + blocks * kRowBlock, 0.0);
}

double* Transport::open_row(int64_t row) const {
  double* const of_row = costs_of(row);
  std::fill(of_row + columns, of_row + stride, kInfinity);
  return of_row;
}

void Transport::set_potentials() {
  potential[root] = 0.0;
  for (int32_t node = next[root]; node != root; node = next[node]) {
    const double cost = cost_above(node);
    potential[node] = potential[parent[node]] + (is_row(node) ? -cost : cost);
  }
}

void Tree::measure_subtrees() {
  int32_t node = root;
  do {
    size[node] = 1;
    last[node] = -1;
    node = next[node];
  } while (node != root);
  for (node = previous[root];; node = previous[node]) {
    if (last[node] < 0) last[node] = node;
    if (node == root) return;
    size[parent[node]] += size[node];
    if (last[parent[node]] < 0) last[parent[node]] = last[node];
  }
}

void Tree::move_subtree(int32_t top, int32_t inside, int32_t outside, int32_t join, int64_t amount, int64_t turned) {
  const int32_t count = size[top];
  const int32_t left = parent[top];

  // The subtree leaves the thread, the last successors and the sizes of those above it.
  const int32_t before = previous[top];
  const int32_t end = last[top];
  const int32_t after = next[end];
  next[before] = after;
  previous[after] = before;
  for (int32_t node = left; last[node] == end; node = parent[node]) {
    last[node] = before;
    if (node == root) break;
  }
  for (int32_t node = left; node != join; node = parent[node]) size[node] -= count;

  // It is hung up by `inside`: what is below each node of the stem follows what was below the one before, and the arcs
  // of the stem turn round.
  int32_t child = inside;
  int32_t child_previous = previous[inside];
  int32_t child_last = last[inside];
  int32_t child_next = next[child_last];
  int32_t child_size = size[inside];
  int32_t tail = child_last;
  int32_t above = parent[inside];
  int64_t carried = flow[inside];
  parent[inside] = outside;
  flow[inside] = amount;
  size[inside] = count;
  while (child != top) {
    const int32_t stem = above;
    const int32_t stem_previous = previous[stem];
    const int32_t stem_last = last[stem];
    const int32_t stem_next = stem_last == child_last ? child_next : next[stem_last];
    const int32_t stem_size = size[stem];
    above = parent[stem];
    parent[stem] = child;
    const int64_t above_stem = flow[stem];
    flow[stem] = carried * turned;
    carried = above_stem;
    size[stem] = count - child_size;
    next[tail] = stem;
    previous[stem] = tail;
    tail = child_previous;
    if (stem_last != child_last) {
      next[child_previous] = child_next;
      previous[child_next] = child_previous;
      tail = stem_last;
    }
    child = stem;
    child_previous = stem_previous;
    child_last = stem_last;
    child_next = stem_next;
    child_size = stem_size;
  }
  for (int32_t node = top; node != inside; node = parent[node]) last[node] = tail;
  last[inside] = tail;

  // It joins the thread behind `outside`.
  const int32_t behind = next[outside];
  next[outside] = inside;
  previous[inside] = outside;
  next[tail] = behind;
  previous[behind] = tail;
  for (int32_t node = outside; last[node] == outside; node = parent[node]) {
    last[node] = tail;
    if (node == root) break;
  }
  for (int32_t node = outside; node != join; node = parent[node]) size[node] += count;
}

void Tree::shift_subtree(int32_t top, double by) {
  const int32_t behind = next[last[top]];
  const int32_t others = size[root] - size[top];
  if (size[top] <= others) {
    shift_thread(top, last[top], size[top], by);
  } else {
    shift_thread(behind, previous[top], others, -by);
  }
}

// From both ends, for a step along the thread waits for the one before it.
void Tree::shift_thread(int32_t first, int32_t end, int32_t count, double by) {
  for (int32_t pairs = count / 2; pairs > 0; --pairs) {
    potential[first] += by;
    potential[end] += by;
    first = next[first];
    end = previous[end];
  }
  if (count % 2) potential[first] += by;
}

}  // namespace tally
