// Masses become integers of 60 bits, so that flows are exact and degenerate pivots are known for what they are.
#include "transport/pair.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/table.h"

namespace tally {
namespace {

constexpr int kMassBits = 60;

double total_of(const double* masses, int64_t count) {
  double total = 0.0;
  for (int64_t bin = 0; bin < count; ++bin) total += masses[bin];
  return total;
}

bool is_histogram(const double* masses, int64_t count) {
  bool good = true;
  for (int64_t bin = 0; bin < count; ++bin) good &= masses[bin] >= 0.0;
  return good && std::isfinite(total_of(masses, count));
}

// Times a power of two, in two steps that cannot overflow by themselves.
struct Power {
  explicit Power(int exponent) : half(std::ldexp(1.0, exponent / 2)), rest(std::ldexp(1.0, exponent - exponent / 2)) {}
  double operator()(double value) const { return value * half * rest; }
  double half;
  double rest;
};

// Sums with the rounding errors kept (Neumaier).
struct CarefulSum {
  void add(double value) {
    const double next = sum + value;
    error += std::fabs(sum) >= std::fabs(value) ? (sum - next) + value : (value - next) + sum;
    sum = next;
  }
  double total() const { return sum + error; }
  double sum = 0.0;
  double error = 0.0;
};

class Pair {
 public:
  Pair(const Ground& ground, const Policy& policy, PairMemory& memory, const PairResult& result)
      : ground_(ground),
        policy_(policy),
        first_(memory.masses.as<double>()),
        second_(first_ + ground.rows),
        room_(memory.costs.as<double>()),
        on_(memory.transport),
        grid_(memory.grid.get()),
        result_(result) {}

  bool solve(Watch& watch) {
    const double over = level();
    if (ground_.metric) keep_common_mass();
    double cost = 0.0;
    double gap = 0.0;
    double least = 0.0;
    if (!find_live()) {
      if (result_.first) potentials_of_nothing();
    } else if (grid_ && rows_ * columns_ > grid_->ways.most_direct()) {
      fill_in_grid();
      if (!tally::solve(*grid_, watch, &least)) return false;
      cost = read_steps();
      gap = -least * cost / grid_->shortest();
      if (result_.first) read_grid_potentials();
    } else {
      if (!fill_in(watch) || !tally::solve(on_, watch, &least)) return false;
      cost = read_flow();
      gap = -least * unit_(static_cast<double>(int64_t{1} << kMassBits));
      if (result_.first) read_potentials();
    }
    if (result_.cost) *result_.cost = cost + policy_.penalty * over;
    if (result_.gap) *result_.gap = gap;
    return true;
  }

 private:
  // Makes both masses equal where the policy says so; returns how much one exceeds the other.
  double level() {
    const double first = total_of(first_, ground_.rows);
    const double second = total_of(second_, ground_.columns);
    if (policy_.unequal == Unequal::kNormalize) {
      for (int64_t row = 0; row < ground_.rows; ++row) first_[row] /= first;
      for (int64_t column = 0; column < ground_.columns; ++column) second_[column] /= second;
      return 0.0;
    }
    if (policy_.unequal == Unequal::kPartial) return std::fabs(first - second);
    if (first != second)
      for (int64_t column = 0; column < ground_.columns; ++column) second_[column] *= first / second;
    return 0.0;
  }

  void keep_common_mass() {
    for (int64_t bin = 0; bin < ground_.rows; ++bin) {
      const double common = std::min(first_[bin], second_[bin]);
      first_[bin] -= common;
      second_[bin] -= common;
      if (result_.flow) result_.flow[bin * ground_.columns + bin] += common;
    }
  }

  // Which bins have mass left. False if nothing is left to move.
  bool find_live() {
    const double most = std::max(total_of(first_, ground_.rows), total_of(second_, ground_.columns));
    if (!(most > 0.0)) return false;
    int exponent = 0;
    std::frexp(most, &exponent);
    scale_ = Power(kMassBits - exponent);
    unit_ = Power(exponent - kMassBits);
    rows_ = count_live(first_, ground_.rows, on_.row_of);
    columns_ = count_live(second_, ground_.columns, on_.column_of);
    return rows_ > 0 && columns_ > 0;
  }

  // False if stopped.
  bool fill_in(Watch& watch) {
    // Room for what takes up the mass that stays over.
    const bool partial = policy_.unequal == Unequal::kPartial;
    int64_t left = 0;
    for (int64_t row = 0; row < rows_; ++row) left += mass_of(first_, on_.row_of[row]);
    for (int64_t column = 0; column < columns_; ++column) left -= mass_of(second_, on_.column_of[column]);
    const int64_t more_rows = partial && left < 0;
    const int64_t more_columns = partial && left > 0;
    on_.resize(rows_ + more_rows, columns_ + more_columns);
    int64_t work = 0;
    for (int64_t row = 0; row < rows_; ++row) {
      if (watch.stopped_after(columns_, &work)) return false;
      double* const costs = on_.open_row(row);
      ground_.costs_between(on_.row_of[row], on_.column_of, columns_, costs);
      if (more_columns) costs[columns_] = 0.0;
      on_.mass[on_.node_of_row(row)] = mass_of(first_, on_.row_of[row]);
    }
    for (int64_t column = 0; column < columns_; ++column) on_.mass[column] = mass_of(second_, on_.column_of[column]);
    if (more_rows) {
      std::fill_n(on_.open_row(rows_), columns_, 0.0);
      on_.row_of[rows_] = -1;
      on_.mass[on_.node_of_row(rows_)] = -left;
    } else if (more_columns) {
      on_.column_of[columns_] = -1;
      on_.mass[columns_] = left;
    } else {
      // What rounding leaves goes where it matters least.
      int64_t* const masses = left < 0 ? on_.mass + on_.stride : on_.mass;
      *std::max_element(masses, masses + (left < 0 ? rows_ : columns_)) += std::abs(left);
    }
    return true;
  }

  void fill_in_grid() {
    int64_t left = 0;
    int32_t most = 0;
    int32_t least = 0;
    for (int64_t bin = 0; bin < ground_.rows; ++bin) {
      const int32_t node = grid_->node_of[bin];
      grid_->excess[node] = mass_of(first_, bin) - mass_of(second_, bin);
      left += grid_->excess[node];
      if (grid_->excess[node] > grid_->excess[most]) most = node;
      if (grid_->excess[node] < grid_->excess[least]) least = node;
    }
    grid_->excess[left > 0 ? most : least] -= left;
  }

  double read_steps() const {
    CarefulSum cost;
    const Grid& grid = *grid_;
    for (int32_t node = grid.next[grid.root]; node != grid.root; node = grid.next[node])
      cost.add(unit_(static_cast<double>(std::abs(grid.flow[node]))) * grid.length_above(node));
    return cost.total();
  }

  void read_grid_potentials() const {
    for (int64_t bin = 0; bin < ground_.rows; ++bin) {
      const double potential = grid_->potential[grid_->node_of[bin]];
      result_.first[bin] = -potential;
      result_.second[bin] = potential;
    }
  }

  int64_t mass_of(const double* masses, int64_t bin) const { return static_cast<int64_t>(scale_(masses[bin]) + 0.5); }

  int64_t count_live(const double* masses, int64_t count, int64_t* bins) const {
    int64_t live = 0;
    for (int64_t bin = 0; bin < count; ++bin)
      if (mass_of(masses, bin) > 0) bins[live++] = bin;
    return live;
  }

  double read_flow() {
    CarefulSum cost;
    for (int64_t number = 0; number < on_.nodes(); ++number) {
      const int64_t place = number < on_.columns ? number : on_.stride + number - on_.columns;
      const auto node = static_cast<int32_t>(place);
      if (node == on_.root || on_.flow[node] == 0) continue;
      const double moved = unit_(static_cast<double>(on_.flow[node]));
      cost.add(moved * on_.cost_above(node));
      if (!result_.flow) continue;
      const int32_t other = on_.parent[node];
      const int64_t row = on_.row_of[(on_.is_row(node) ? node : other) - on_.stride];
      const int64_t column = on_.column_of[on_.is_row(node) ? other : node];
      if (row >= 0 && column >= 0) result_.flow[row * ground_.columns + column] += moved;
    }
    return cost.total();
  }

  void potentials_of_nothing() {
    std::fill(result_.first, result_.first + ground_.rows, 0.0);
    std::fill(result_.second, result_.second + ground_.columns, 0.0);
    if (!ground_.metric) follow_costs(nullptr);
  }

  void read_potentials() {
    std::fill(result_.first, result_.first + ground_.rows, -kInfinity);
    std::fill(result_.second, result_.second + ground_.columns, -kInfinity);
    for (int64_t row = 0; row < on_.rows; ++row)
      if (on_.row_of[row] >= 0) result_.first[on_.row_of[row]] = -on_.potential[on_.node_of_row(row)];
    follow_costs(result_.first);
  }

  // Potentials of columns as high as those of rows allow, -infinity where a row has none yet; then those of rows.
  void follow_costs(const double* known) {
    double* const second = result_.second;
    if (known) std::fill(second, second + ground_.columns, kInfinity);
    for (int64_t row = 0; row < ground_.rows; ++row) {
      if (known && known[row] == -kInfinity) continue;
      const double* costs = ground_.costs_from(row, room_);
      const double own = known ? known[row] : 0.0;
      for (int64_t column = 0; column < ground_.columns; ++column)
        second[column] = std::min(second[column], costs[column] - own);
    }
    for (int64_t row = 0; row < ground_.rows; ++row) {
      // By a metric a bin's two potentials are opposite: what it keeps costs nothing.
      if (ground_.metric) {
        result_.first[row] = -second[row];
        continue;
      }
      if (known && known[row] != -kInfinity) continue;
      const double* costs = ground_.costs_from(row, room_);
      double least = kInfinity;
      for (int64_t column = 0; column < ground_.columns; ++column)
        least = std::min(least, costs[column] - second[column]);
      result_.first[row] = least;
    }
  }

  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Ground& ground_;
  const Policy& policy_;
  double* first_;
  double* second_;
  double* room_;
  Transport& on_;
  Grid* grid_;
  const PairResult& result_;
  Power scale_{0};
  Power unit_{0};
  int64_t rows_ = 0;
  int64_t columns_ = 0;
};

}  // namespace

PairFault check_pair(const Ground& ground, const Policy& policy, const double* first, const double* second) {
  if (!is_histogram(first, ground.rows)) return PairFault::kBadFirst;
  if (!is_histogram(second, ground.columns)) return PairFault::kBadSecond;
  const double one = total_of(first, ground.rows);
  const double other = total_of(second, ground.columns);
  if (policy.unequal == Unequal::kNormalize) {
    if (one == 0.0) return PairFault::kEmptyFirst;
    return other == 0.0 ? PairFault::kEmptySecond : PairFault::kNone;
  }
  const bool equal = std::fabs(one - other) <= policy.tolerance * std::max(one, other);
  return policy.unequal == Unequal::kRefuse && !equal ? PairFault::kUnequal : PairFault::kNone;
}

PairMemory::PairMemory(const Ground& ground, bool by_steps)
    // One row or column more, for mass that stays over.
    : transport(ground.rows + 1, ground.columns + 1, by_steps ? ground.ways->most_direct() : -1),
      grid(by_steps ? std::make_unique<Grid>(*ground.ways) : nullptr),
      masses(static_cast<size_t>(ground.rows + ground.columns + kPad) * sizeof(double)),
      costs(static_cast<size_t>(ground.columns) * sizeof(double)) {}

bool solve_pair(const Ground& ground, const Policy& policy, PairMemory& memory, Watch& watch,
                const PairResult& result) {
  return Pair(ground, policy, memory, result).solve(watch);
}

}  // namespace tally
