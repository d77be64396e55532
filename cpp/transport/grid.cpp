// Ling, Okada, "An Efficient Earth Mover's Distance Algorithm for Robust Histogram Comparison", 2007: by the sum of
// steps, mass need only ever move between neighbours. The simplex is that of simplex.cpp; costs and potentials are
// whole numbers here, and exact.
#include "transport/grid.h"

#include <algorithm>
#include <limits>

#include "support/dispatch.h"

namespace tally {
namespace {

constexpr int64_t kPivotsPerWatch = 1024;

struct Entering {
  double reduced = 0.0;
  int64_t from = 0;
  int64_t to = 0;
};

class GridSimplex {
 public:
  GridSimplex(Grid& grid, Watch& watch) : on_(grid), watch_(watch), kernels_(*kernels().transport) {}

  bool run() {
    start();
    int64_t row = 0;
    int64_t priced = 0;
    int64_t pivots = 0;
    while (priced < on_.height) {
      const Entering best = price(row);
      row = row + 1 < on_.height ? row + 1 : 0;
      if (best.reduced >= 0.0) {
        ++priced;
        continue;
      }
      priced = 0;
      pivot(best);
      if (++pivots % kPivotsPerWatch == 0 && watch_.stopped()) return false;
    }
    return true;
  }

 private:
  // All bins lead along their row to the middle column, and along that to the middle.
  void start() {
    const int64_t middle_row = on_.height / 2;
    const int64_t middle = on_.width / 2;
    on_.root = static_cast<int32_t>(middle_row * on_.width + middle);
    on_.parent[on_.root] = on_.root;
    end_ = -1;
    for (int64_t row = middle_row; row < on_.height; ++row) thread_row(row, middle, row == middle_row ? 0 : -1);
    for (int64_t row = middle_row - 1; row >= 0; --row) thread_row(row, middle, 1);
    on_.next[end_] = on_.root;
    on_.previous[on_.root] = end_;
    on_.measure_subtrees();
    std::copy(on_.excess, on_.excess + on_.nodes(), on_.flow);
    for (int32_t node = on_.previous[on_.root]; node != on_.root; node = on_.previous[node])
      on_.flow[on_.parent[node]] += on_.flow[node];
    on_.potential[on_.root] = 0.0;
    for (int32_t node = on_.next[on_.root]; node != on_.root; node = on_.next[node])
      on_.potential[node] = on_.potential[on_.parent[node]] + (on_.flow[node] >= 0 ? -1.0 : 1.0);
  }

  void thread_row(int64_t row, int64_t middle, int64_t towards_parent) {
    const int64_t spine = row * on_.width + middle;
    // The spine continues behind the row's own bins: preorder asks for it, for they are a subtree each.
    append(spine, spine + towards_parent * on_.width);
    for (int64_t column = middle + 1; column < on_.width; ++column)
      append(row * on_.width + column, row * on_.width + column - 1);
    for (int64_t column = middle - 1; column >= 0; --column)
      append(row * on_.width + column, row * on_.width + column + 1);
  }

  void append(int64_t node, int64_t parent) {
    const auto number = static_cast<int32_t>(node);
    on_.parent[number] = static_cast<int32_t>(parent);
    if (end_ >= 0) {
      on_.next[end_] = number;
      on_.previous[number] = end_;
    }
    end_ = number;
  }

  // The best step within a row, or between it and the next.
  Entering price(int64_t row) const {
    const int64_t first = row * on_.width;
    Entering best;
    try_steps(first, first + 1, on_.width - 1, &best);
    try_steps(first + 1, first, on_.width - 1, &best);
    if (row + 1 == on_.height) return best;
    try_steps(first, first + on_.width, on_.width, &best);
    try_steps(first + on_.width, first, on_.width, &best);
    return best;
  }

  void try_steps(int64_t from, int64_t to, int64_t count, Entering* best) const {
    int64_t place = 0;
    const double reduced =
        1.0 + kernels_.least_difference(on_.potential + from, on_.potential + to, count, best->reduced - 1.0, &place);
    if (reduced < best->reduced) *best = {reduced, from + place, to + place};
  }

  void pivot(const Entering& entering) {
    const auto tail = static_cast<int32_t>(entering.from);
    const auto head = static_cast<int32_t>(entering.to);
    // As in simplex.cpp, with the direction of an arc read from its flow: one without flow leads to the parent.
    int32_t from_tail = tail;
    int32_t from_head = head;
    int32_t tail_top = -1;
    int32_t head_top = -1;
    int64_t tail_amount = std::numeric_limits<int64_t>::max();
    int64_t head_amount = tail_amount;
    while (from_tail != from_head) {
      const int32_t tail_size = on_.size[from_tail];
      const int32_t head_size = on_.size[from_head];
      if (tail_size <= head_size) {
        const int64_t flow = on_.flow[from_tail];
        if (flow >= 0 && flow < tail_amount) {
          tail_amount = flow;
          tail_top = from_tail;
        }
        from_tail = on_.parent[from_tail];
      }
      if (head_size <= tail_size) {
        const int64_t flow = -on_.flow[from_head];
        if (flow > 0 && flow <= head_amount) {
          head_amount = flow;
          head_top = from_head;
        }
        from_head = on_.parent[from_head];
      }
    }
    const int32_t join = from_tail;
    const int64_t amount = std::min(tail_amount, head_amount);
    if (amount > 0) {
      for (int32_t node = tail; node != join; node = on_.parent[node]) on_.flow[node] -= amount;
      for (int32_t node = head; node != join; node = on_.parent[node]) on_.flow[node] += amount;
    }
    if (head_amount <= tail_amount) {
      on_.move_subtree(head_top, head, tail, join, -amount, -1);
      on_.shift_subtree(head, entering.reduced);
    } else {
      on_.move_subtree(tail_top, tail, head, join, amount, -1);
      on_.shift_subtree(tail, -entering.reduced);
    }
  }

  Grid& on_;
  Watch& watch_;
  const TransportKernels& kernels_;
  int32_t end_ = -1;
};

}  // namespace

Grid::Grid(int64_t most_bins) {
  const int64_t room = (most_bins + 15) / 16 * 16;
  scratch_ = Scratch(static_cast<size_t>(room) * (3 * sizeof(int64_t) + 5 * sizeof(int32_t)));
  potential = scratch_.as<double>();
  flow = reinterpret_cast<int64_t*>(potential + room);
  excess = flow + room;
  int32_t* numbers = reinterpret_cast<int32_t*>(excess + room);
  for (int32_t** array : {&parent, &next, &previous, &size, &last}) {
    *array = numbers;
    numbers += room;
  }
}

bool solve(Grid& grid, Watch& watch) { return GridSimplex(grid, watch).run(); }

}  // namespace tally
