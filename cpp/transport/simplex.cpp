// Dantzig's simplex on the transport problem: an arc enters from the next block of rows that has one of negative
// reduced cost (block pivots: Bonneel, van de Panne, Paris, Heidrich, "Displacement interpolation using Lagrangian mass
// transport", 2011); which arc leaves follows Cunningham, "A network simplex method", 1976, so that degenerate pivots
// cannot cycle: all arcs without flow keep pointing to the root.
#include "transport/simplex.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/dispatch.h"
#include "transport/start.h"

namespace tally {
namespace {

// Reduced costs nearer to 0 than this part of the largest potential are rounding errors.
constexpr double kRounding = 0x1p-50;
// What a pivot is counted for, beside the costs that were read to find it.
constexpr int64_t kPivotWork = 1 << 11;
// More pivots than this for each node would mean that rounding errors make them go round in circles.
constexpr int64_t kMostPivots = 2000;
constexpr int64_t kFreshPivots = 16;

class Simplex {
 public:
  Simplex(Transport& transport, Watch& watch) : on_(transport), watch_(watch), kernels_(*kernels().transport) {}

  bool run(double* least) {
    refresh();
    int64_t priced = 0;
    int64_t block = 0;
    *least = 0.0;
    while (true) {
      const int64_t first = block * kRowBlock;
      int64_t row = 0;
      int64_t column = 0;
      const double reduced = kernels_.price(on_.costs_of(first), on_.stride, on_.potential + on_.stride + first,
                                            on_.potential, &row, &column);
      block = block + 1 < on_.blocks ? block + 1 : 0;
      if (watch_.stopped_after(kRowBlock * on_.stride, &work_)) return false;
      if (reduced < -tolerance_) {
        pivot(on_.node_of_row(first + row), static_cast<int32_t>(column), reduced);
        priced = 0;
        fresh_ = false;
        work_ += kPivotWork;
        // Rounding errors of very many pivots could make others look worth it for ever.
        if (++pivots_ % (kFreshPivots * on_.nodes()) == 0) refresh();
        continue;
      }
      *least = priced ? std::min(*least, reduced) : std::min(0.0, reduced);
      if (++priced < on_.blocks) continue;
      if (fresh_) return true;
      refresh();
      priced = 0;
    }
  }

 private:
  // Potentials lose the rounding errors of the pivots.
  void refresh() {
    on_.set_potentials();
    double largest = 0.0;
    int32_t node = on_.root;
    do {
      largest = std::max(largest, std::fabs(on_.potential[node]));
      node = on_.next[node];
    } while (node != on_.root);
    tolerance_ = largest * kRounding;
    for (int64_t over = pivots_ / (kMostPivots * on_.nodes()); over > 0; --over) tolerance_ *= 16;
    fresh_ = true;
  }

  void pivot(int32_t row, int32_t column, double reduced) {
    // Flow falls on arcs above rows on the way down to `row`, and above columns on the way up from `column`.
    const Leaving leaving = on_.leaving(
        row, column, [this](int32_t node) { return on_.is_row(node) ? on_.flow[node] : -1; },
        [this](int32_t node) { return on_.is_row(node) ? -1 : on_.flow[node]; });
    const int64_t amount = leaving.amount;
    if (amount > 0) {
      for (int32_t node = row; node != leaving.join; node = on_.parent[node])
        on_.flow[node] += on_.is_row(node) ? -amount : amount;
      for (int32_t node = column; node != leaving.join; node = on_.parent[node])
        on_.flow[node] += on_.is_row(node) ? amount : -amount;
    }
    const int32_t inside = leaving.above_head ? column : row;
    on_.move_subtree(leaving.top, inside, leaving.above_head ? row : column, leaving.join, amount, 1);
    on_.shift_subtree(inside, leaving.above_head ? reduced : -reduced);
  }

  Transport& on_;
  Watch& watch_;
  const TransportKernels& kernels_;
  double tolerance_ = 0.0;
  bool fresh_ = false;
  int64_t pivots_ = 0;
  int64_t work_ = 0;
};

}  // namespace

bool solve(Transport& transport, Watch& watch, double* least) {
  if (!start_tree(transport, watch)) return false;
  return Simplex(transport, watch).run(least);
}

}  // namespace tally
