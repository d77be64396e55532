// Exact sums of a value column and of its weights.
#include "accumulators/value_sums.h"

#include "accumulators/ignored.h"
#include "support/block_sum.h"
#include "support/dispatch.h"

namespace tally {
namespace {

void add_words(int64_t* target, const int64_t* source) {
  for (int i = 0; i < kSumWords; ++i) target[i] += source[i];
  carry(target);
}

}  // namespace

Fault ValueSum::check(const Block& block) const {
  if (options_.classes < 0) return {};
  const int64_t row = first_refused(block.true_class, block.rows, options_.classes, options_.ignored);
  return row < 0 ? Fault{} : Fault{Argument::kTrueLabel, row};
}

void ValueSum::prepare(int workers, int64_t, bool) { partials_.assign(static_cast<size_t>(workers), Partial{}); }

// Rows of an ignored label are left out of both sums.
void ValueSum::add_block(const Block& block, SumGrid* grids, int64_t* total, int64_t* count) const {
  const bool from_sums = block.sums && !options_.ignored.active;
  if (from_sums && block.sums[options_.value].exact && (!block.weights || block.weight_sum->exact)) {
    add_sum(total, block.sums[options_.value]);
    if (!count) return;
    if (block.weights)
      add_sum(count, *block.weight_sum);
    else
      count[kUnitLimb] += block.rows;
    return;
  }
  const double* values = block.values[options_.value];
  double products[kBlockRows];
  double weights[kBlockRows];
  int64_t kept = 0;
  // A sum takes weights as they are; in a mean the rows of a sample share its weight.
  const double share = options_.count ? block.share : 1.0;
  for (int64_t row = 0; row < block.rows; ++row) {
    weights[kept] = (block.weights ? block.weights[row] : 1.0) * share;
    products[kept] = values[row] * weights[kept];
    kept += !(options_.ignored.active && options_.ignored.contains(block.true_class[row]));
  }
  add_values(total, products, kept, &grids[0]);
  if (count) add_values(count, weights, kept, &grids[1]);
}

void ValueSum::add(const Block& block, int worker) {
  Partial& partial = partials_[static_cast<size_t>(worker)];
  add_block(block, partial.grids, partial.total, partial.count);
  partial.additions += block.rows;
  if (partial.additions < kAdditionsBeforeCarry) return;
  carry(partial.total);
  carry(partial.count);
  partial.additions = 0;
}

void ValueSum::commit() {
  for (const Partial& partial : partials_) {
    add_words(options_.total, partial.total);
    if (options_.count) add_words(options_.count, partial.count);
  }
}

void ValueSum::add_to_state(const Block& block) {
  SumGrid guesses[2];
  add_block(block, guesses, options_.total, options_.count);
  carry(options_.total);
  if (options_.count) carry(options_.count);
}

}  // namespace tally
