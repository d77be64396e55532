// The simplex of simplex.cpp over the steps of a grid; with a hub for ways that cost no more than a threshold (Pele,
// Werman, "Fast and Robust Earth Mover's Distances", 2009).
#include "transport/grid.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/dispatch.h"

namespace tally {
namespace {

constexpr int64_t kGap = 8;  // as many doubles as the widest vector has
// More pivots than this for each node would mean that rounding errors make them go round in circles.
constexpr int64_t kMostPivots = 2000;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Entering {
  double gain = 0.0;  // how far its reduced cost is below 0
  int64_t one = 0;
  int64_t other = 0;
};

class GridSimplex {
 public:
  GridSimplex(Grid& grid, Watch& watch)
      : on_(grid),
        shape_(grid.ways.shape),
        rounds_(grid.ways.rounds()),
        half_(grid.ways.rounded(grid.ways.threshold / 2)),
        watch_(watch),
        kernels_(*kernels().transport) {}

  bool run(double* least) {
    start();
    on_.set_potentials(true);
    for (const auto& round : rounds_)
      if (!settle(round)) return false;
    if (!on_.ways.is_exact()) {
      half_ = on_.ways.threshold / 2;
      on_.set_potentials(false);
    }
    *least = -most_gain();
    return true;
  }

 private:
  // Pivots until no step of a round is worth it.
  bool settle(const std::vector<Course>& round) {
    int64_t line = 0;
    for (int64_t priced = 0; priced < shape_.lines; ++priced) {
      const int64_t before = pivots_;
      if (watch_.stopped()) return false;
      for (const Course& course : round)
        if (shape_.reaches(course.offset, line)) improve(price(course, line));
      if (on_.hub >= 0) improve(price_hub(line));
      line = line + 1 < shape_.lines ? line + 1 : 0;
      if (pivots_ > before) priced = -1;
    }
    return true;
  }

  void improve(const Entering& best) {
    if (!(best.gain > tolerance_)) return;
    pivot(best);
    // Potentials are exact, but for problems that no grid is known to pose.
    if (++pivots_ % (kMostPivots * shape_.bins())) return;
    on_.set_potentials(true);
    tolerance_ = std::max(16 * tolerance_, on_.ways.rounding());
  }

  double most_gain() const {
    double most = 0.0;
    for (int64_t line = 0; line < shape_.lines; ++line) {
      for (const Course& course : rounds_.back())
        if (shape_.reaches(course.offset, line)) most = std::max(most, price(course, line).gain);
      if (on_.hub >= 0) most = std::max(most, price_hub(line).gain);
    }
    return most;
  }

  void start() {
    const int64_t nodes = shape_.lines * on_.stride + 1;
    if (on_.ways.kind == GridCost::kSteps) {
      lead_to_middle();
    } else {
      ship_nearest();
    }
    if (on_.hub >= 0) on_.parent[on_.hub] = on_.root;
    thread();
    on_.measure_subtrees();
    std::copy(on_.excess, on_.excess + nodes, on_.flow);
    for (int32_t node = on_.previous[on_.root]; node != on_.root; node = on_.previous[node])
      on_.flow[on_.parent[node]] += on_.flow[node];
  }

  // All bins lead to the middle of the grid, along one axis after the other, the last first.
  void lead_to_middle() {
    on_.root = on_.node_of[on_.ways.middle()];
    for (int64_t bin = 0; bin < shape_.bins(); ++bin)
      on_.parent[on_.node_of[bin]] = on_.node_of[on_.ways.towards_middle(bin)];
  }

  // Excesses go to the nearest bins that lack mass. What stays over in each of the trees that this makes leads to the
  // middle one of those in a half of the grid, and so on for halves of halves.
  void ship_nearest() {
    const int64_t nodes = shape_.lines * on_.stride + 1;
    std::copy(on_.excess, on_.excess + nodes, on_.flow);
    std::fill(on_.parent, on_.parent + nodes, -1);
    for (const Course& course : on_.ways.nearest())
      for (int64_t line = 0; line < shape_.lines; ++line)
        if (shape_.reaches(course.offset, line))
          ship(line * on_.stride, course.lines * on_.stride, course.steps[0].across);
    int64_t tops = 0;
    for (const int32_t bin : on_.ways.order())
      if (on_.parent[on_.node_of[bin]] < 0) on_.next[tops++] = on_.node_of[bin];
    on_.root = on_.next[tops / 2];
    join(0, tops, on_.root);
  }

  void ship(int64_t line, int64_t lines, int64_t across) {
    int64_t* const left = on_.flow;
    const int64_t first = line + (across < 0 ? -across : 0);
    const int64_t end = line + shape_.width - (across > 0 ? across : 0);
    for (int64_t one = first; one < end; ++one) {
      const int64_t other = one + lines + across;
      if (!((left[one] > 0 && left[other] < 0) || (left[one] < 0 && left[other] > 0))) continue;
      const bool greater = std::abs(left[one]) > std::abs(left[other]);
      const int64_t spent = greater ? other : one;
      const int64_t kept = greater ? one : other;
      left[kept] += left[spent];
      left[spent] = 0;
      on_.parent[spent] = static_cast<int32_t>(kept);
    }
  }

  // The middle one of some tops leads to `above`, and those before and behind it to it.
  void join(int64_t begin, int64_t end, int32_t above) {
    if (begin == end) return;
    const int64_t middle = (begin + end) / 2;
    const int32_t top = on_.next[middle];
    on_.parent[top] = above;
    join(begin, middle, top);
    join(middle + 1, end, top);
  }

  // Threads all nodes in preorder, from their parents.
  void thread() {
    int32_t* const child = on_.last;
    int32_t* const sibling = on_.size;
    std::fill(child, child + shape_.lines * on_.stride + 1, -1);
    const auto add = [&](int32_t node) {
      if (node == on_.root) return;
      sibling[node] = child[on_.parent[node]];
      child[on_.parent[node]] = node;
    };
    for (const int32_t bin : on_.ways.order()) add(on_.node_of[bin]);
    if (on_.hub >= 0) add(on_.hub);
    sibling[on_.root] = -1;
    int32_t before = on_.root;
    for (int32_t node = child[on_.root]; node >= 0;) {
      on_.next[before] = node;
      on_.previous[node] = before;
      before = node;
      if (child[node] >= 0) {
        node = child[node];
        continue;
      }
      while (node != on_.root && sibling[node] < 0) node = on_.parent[node];
      node = sibling[node];
    }
    on_.next[before] = on_.root;
    on_.previous[on_.root] = before;
  }

  // The best step of a course from a line.
  Entering price(const Course& course, int64_t line) const {
    const int64_t first = line * on_.stride;
    const int64_t other = first + course.lines * on_.stride;
    int64_t step = 0;
    int64_t place = 0;
    const double gain =
        kernels_.price_steps(on_.potential + first, on_.potential + other, shape_.width, course.steps.data(),
                             static_cast<int64_t>(course.steps.size()), 0.0, &step, &place);
    return {gain, first + place, other + place + course.steps[static_cast<size_t>(step)].across};
  }

  Entering price_hub(int64_t line) const {
    const int64_t first = line * on_.stride;
    int64_t place = 0;
    const double furthest =
        kernels_.furthest(on_.potential + first, on_.potential[on_.hub], shape_.width, half_, &place);
    return {furthest - half_, first + place, on_.hub};
  }

  void pivot(const Entering& entering) {
    const bool forward = on_.potential[entering.one] < on_.potential[entering.other];
    const auto tail = static_cast<int32_t>(forward ? entering.one : entering.other);
    const auto head = static_cast<int32_t>(forward ? entering.other : entering.one);
    // The direction of an arc is read from its flow: one without flow leads to the parent.
    const Leaving leaving = on_.leaving(
        tail, head, [this](int32_t node) { return on_.flow[node]; },
        [this](int32_t node) { return on_.flow[node] < 0 ? -on_.flow[node] : -1; });
    const int64_t amount = leaving.amount;
    if (amount > 0) {
      for (int32_t node = tail; node != leaving.join; node = on_.parent[node]) on_.flow[node] -= amount;
      for (int32_t node = head; node != leaving.join; node = on_.parent[node]) on_.flow[node] += amount;
    }
    const int32_t inside = leaving.above_head ? head : tail;
    const int32_t outside = leaving.above_head ? tail : head;
    on_.move_subtree(leaving.top, inside, outside, leaving.join, leaving.above_head ? -amount : amount, -1);
    on_.shift_subtree(inside, leaving.above_head ? -entering.gain : entering.gain);
  }

  Grid& on_;
  const GridShape& shape_;
  const std::vector<std::vector<Course>>& rounds_;
  double half_;  // the threshold's
  Watch& watch_;
  const TransportKernels& kernels_;
  double tolerance_ = 0.0;
  int64_t pivots_ = 0;
};

}  // namespace

Grid::Grid(const GridWays& over) : ways(over), stride(over.shape.width + kGap) {
  const int64_t bins = over.shape.lines * stride;
  const int64_t room = (kGap + bins + 1 + 15) / 16 * 16;
  scratch_ = Scratch(static_cast<size_t>(room) * (3 * sizeof(int64_t) + 7 * sizeof(int32_t)));
  flow = scratch_.as<int64_t>();
  excess = flow + room;
  double* const padded = reinterpret_cast<double*>(excess + room);
  potential = padded + kGap;
  int32_t* numbers = reinterpret_cast<int32_t*>(padded + room);
  for (int32_t** array : {&parent, &next, &previous, &size, &last, &node_of, &bin_of}) {
    *array = numbers;
    numbers += room;
  }
  // What fills the gaps is nearer than anything.
  std::fill(padded, padded + room, std::numeric_limits<double>::quiet_NaN());
  std::fill(excess, excess + room, 0);
  for (int64_t bin = 0; bin < over.shape.bins(); ++bin) {
    node_of[bin] = static_cast<int32_t>(bin + bin / over.shape.width * kGap);
    bin_of[node_of[bin]] = static_cast<int32_t>(bin);
  }
  if (over.threshold < kInfinity) hub = static_cast<int32_t>(bins);
}

double Grid::length_above(int32_t node) const {
  if (node == hub || parent[node] == hub) return ways.threshold / 2;
  return ways.cost(bin_of[node], bin_of[parent[node]]);
}

double Grid::rounded_above(int32_t node) const {
  if (node == hub || parent[node] == hub) return ways.rounded(ways.threshold / 2);
  return ways.rounded_cost(bin_of[node], bin_of[parent[node]]);
}

void Grid::set_potentials(bool rounded) {
  potential[root] = 0.0;
  for (int32_t node = next[root]; node != root; node = next[node]) {
    const double length = rounded ? rounded_above(node) : length_above(node);
    potential[node] = potential[parent[node]] + (flow[node] >= 0 ? -length : length);
  }
}

bool solve(Grid& grid, Watch& watch, double* least) { return GridSimplex(grid, watch).run(least); }

}  // namespace tally
