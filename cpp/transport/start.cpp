// Vogel's approximation, lazily: a row's penalty, what its second cheapest column costs more than its cheapest, is
// only looked at again when the cheapest has closed. Reinfeld, Vogel, "Mathematical Programming", 1958.
#include "transport/start.h"

#include <algorithm>
#include <limits>

#include "support/dispatch.h"

namespace tally {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class Start {
 public:
  Start(Transport& transport, Watch& watch) : on_(transport), watch_(watch), kernels_(*kernels().transport) {}

  // False if stopped.
  bool ship() {
    std::fill(on_.open, on_.open + on_.stride, 0.0);
    std::fill(on_.first_half, on_.first_half + on_.node_of_row(on_.rows), -1);
    for (int64_t row = 0; row < on_.rows; ++row) {
      choose(static_cast<int32_t>(row));
      on_.heap[row] = static_cast<int32_t>(row);
      if (watch_.stopped_after(on_.stride, &work_)) return false;
    }
    int32_t* const heap = on_.heap;
    int64_t waiting = on_.rows;
    const auto less = [this](int32_t one, int32_t other) {
      return on_.penalty[one] != on_.penalty[other] ? on_.penalty[one] < on_.penalty[other] : one > other;
    };
    std::make_heap(heap, heap + waiting, less);
    while (waiting > 0) {
      std::pop_heap(heap, heap + waiting, less);
      const int32_t row = heap[waiting - 1];
      if (is_open(on_.choice[row]) && ship_along(row, on_.choice[row])) {
        --waiting;
        continue;
      }
      choose(row);
      std::push_heap(heap, heap + waiting, less);
      if (watch_.stopped_after(on_.stride, &work_)) return false;
    }
    return true;
  }

  void connect() {
    std::fill(on_.open, on_.open + on_.stride, -kInfinity);
    std::fill(on_.size, on_.size + on_.node_of_row(on_.rows), 0);
    on_.root = on_.node_of_row(0);
    on_.next[on_.root] = on_.previous[on_.root] = on_.root;
    on_.potential[on_.root] = 0.0;
    on_.parent[on_.root] = on_.root;
    on_.flow[on_.root] = 0;
    follow(on_.root, on_.root);
    for (int64_t row = 1; row < on_.rows; ++row) {
      const int32_t node = on_.node_of_row(row);
      if (on_.size[node]) continue;
      double least[2];
      const auto column = static_cast<int32_t>(kernels_.two_least(on_.costs_of(row), on_.open, on_.stride, least));
      on_.parent[node] = column;
      on_.flow[node] = 0;
      on_.potential[node] = -least[0];
      follow(node, column);
    }
    on_.measure_subtrees();
  }

 private:
  bool is_open(int32_t column) const { return on_.open[column] == 0.0; }

  void choose(int32_t row) {
    double least[2];
    on_.choice[row] = static_cast<int32_t>(kernels_.two_least(on_.costs_of(row), on_.open, on_.stride, least));
    on_.penalty[row] = least[1] - least[0];
  }

  // True if nothing is left of the row.
  bool ship_along(int32_t row, int32_t column) {
    const int32_t node = on_.node_of_row(row);
    const int64_t amount = std::min(on_.mass[node], on_.mass[column]);
    on_.amount[arcs_] = amount;
    add_half(2 * arcs_, node, column);
    add_half(2 * arcs_ + 1, column, node);
    ++arcs_;
    on_.mass[node] -= amount;
    on_.mass[column] -= amount;
    if (on_.mass[column] == 0) on_.open[column] = -kInfinity;
    return on_.mass[node] == 0;
  }

  void add_half(int32_t half, int32_t from, int32_t to) {
    on_.end_of[half] = to;
    on_.next_half[half] = on_.first_half[from];
    on_.first_half[from] = half;
  }

  // Threads all nodes that arcs connect to `first` behind the node `behind`.
  void follow(int32_t first, int32_t behind) {
    const int32_t after = on_.next[behind];
    int32_t* const stack = on_.heap;
    int64_t height = 0;
    stack[height++] = first;
    int32_t before = behind;
    while (height > 0) {
      const int32_t node = stack[--height];
      if (node != on_.root) {
        on_.next[before] = node;
        on_.previous[node] = before;
      }
      before = node;
      on_.size[node] = 1;
      if (!on_.is_row(node)) on_.open[node] = on_.potential[node];
      for (int32_t half = on_.first_half[node]; half >= 0; half = on_.next_half[half]) {
        const int32_t child = on_.end_of[half];
        if (on_.size[child]) continue;
        on_.parent[child] = node;
        on_.flow[child] = on_.amount[half / 2];
        const double cost = on_.cost_above(child);
        on_.potential[child] = on_.potential[node] + (on_.is_row(child) ? -cost : cost);
        stack[height++] = child;
      }
    }
    on_.next[before] = after;
    on_.previous[after] = before;
  }

  Transport& on_;
  Watch& watch_;
  const TransportKernels& kernels_;
  int32_t arcs_ = 0;
  int64_t work_ = 0;
};

}  // namespace

bool start_tree(Transport& transport, Watch& watch) {
  Start start(transport, watch);
  if (!start.ship()) return false;
  start.connect();
  return true;
}

}  // namespace tally
