// Products of columns, expanded into doubles that add up to them exactly.
#include "accumulators/moments.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>

#include "support/block_sum.h"

namespace tally {

// A column of exact products: the sum of a few columns of doubles.
class Moments::Expansion {
 public:
  explicit Expansion(int64_t rows) : rows_(rows) {}

  // Each product of two doubles is one double and its rounding error, which most often is 0 for all rows.
  void multiply(const double* factor) {
    if (!count_) {
      terms_[0] = factor;
      count_ = 1;
      return;
    }
    const auto multiply_exactly = kernels().sums->multiply_exactly;
    const int count = count_;
    for (int term = 0; term < count; ++term) {
      if (multiply_exactly(terms_[term], factor, rows_, storage_[term], storage_[count_])) {
        terms_[count_] = storage_[count_];
        ++count_;
      }
      terms_[term] = storage_[term];
    }
  }

  void add_to(int64_t* words, SumGrid* grid) const {
    SumGrid smaller{grid->exponent - 53};
    for (int term = 0; term < count_; ++term) add_values(words, terms_[term], rows_, term ? &smaller : grid);
  }

 private:
  static constexpr int kTerms = 4;  // two multiplications at most double the terms
  int64_t rows_;
  int count_ = 0;
  const double* terms_[kTerms] = {};
  double storage_[kTerms][kBlockRows];
};

struct Moments::Column {
  int64_t rows;
  const double* weights;  // null: ones
  const double* y_true;
  const double* y_pred;
};

void Moments::add_column(const Column& column, int64_t number, SumGrid* grids, int64_t* words) const {
  const auto sum = [&](int index) { return words + (index * width_ + number) * kSumWords; };
  const SumKernels& functions = *kernels().sums;
  int64_t sums[kSumGrids];
  const auto add_product = [&](int index, std::initializer_list<const double*> factors) {
    if (!column.weights && products_fit_ && factors.size() == 2) {
      const double* const* factor = factors.begin();
      if (functions.exact_products(factor[0], factor[1], column.rows, &grids[index], sums))
        return add_units(sum(index), sums, grids[index]);
    }
    Expansion product(column.rows);
    if (column.weights) product.multiply(column.weights);
    for (const double* factor : factors) product.multiply(factor);
    product.add_to(sum(index), &grids[index]);
  };
  if (column.weights)
    add_product(0, {});
  else
    sum(0)[kUnitLimb] += column.rows;
  add_product(1, {column.y_true});
  if (options_.crossed) {
    add_product(2, {column.y_pred});
    add_product(3, {column.y_true, column.y_true});
    add_product(4, {column.y_pred, column.y_pred});
    add_product(5, {column.y_true, column.y_pred});
    return;
  }
  add_product(2, {column.y_true, column.y_true});
  ElementSum squares;
  if (!column.weights &&
      kernels().element_sums->f64.errors(column.y_true, column.y_pred, column.rows, &grids[3], nullptr, &squares))
    return add_sum(sum(3), squares);
  double errors[kBlockRows];
  for (int64_t row = 0; row < column.rows; ++row) {
    const double error = column.y_true[row] - column.y_pred[row];
    errors[row] = column.weights ? error * error * column.weights[row] : error * error;
  }
  add_values(sum(3), errors, column.rows, &grids[3]);
}

// Returns the number of rows with a weight other than 0.
int64_t Moments::add_block(const Block& block, Partial& partial, int64_t* words) const {
  bool weighs[kBlockRows] = {};
  for (int64_t begin = 0; begin < width_; begin += ColumnStrips::kColumns) {
    const int64_t columns = std::min(ColumnStrips::kColumns, width_ - begin);
    for (ColumnStrips* strips : {&partial.y_true, &partial.y_pred, &partial.weights})
      strips->read(begin, columns, block.first, block.rows);
    for (int64_t i = 0; i < columns; ++i) {
      const double* own = partial.weights.column(i);
      const double* weights = own ? own : block.weights;
      add_column({block.rows, weights, partial.y_true.column(i), partial.y_pred.column(i)}, begin + i, partial.grids,
                 words);
      for (int64_t row = 0; own && row < block.rows; ++row) weighs[row] |= own[row] != 0.0;
    }
  }
  if (options_.weights.dimensions) return std::count(weighs, weighs + block.rows, true);
  return block.rows - (block.weights ? std::count(block.weights, block.weights + block.rows, 0.0) : 0);
}

Moments::Partial Moments::partial() const {
  Partial made;
  made.y_true = ColumnStrips(options_.y_true);
  made.y_pred = ColumnStrips(options_.y_pred);
  made.weights = ColumnStrips(options_.weights);
  return made;
}

void Moments::prepare(int workers, int64_t, bool) {
  const auto bytes = static_cast<size_t>(words()) * sizeof(int64_t);
  partials_.clear();
  for (int worker = 0; worker < workers; ++worker) {
    partials_.push_back(partial());
    partials_.back().words = Scratch(bytes);
    std::memset(partials_.back().words.as<char>(), 0, bytes);
  }
}

void Moments::add(const Block& block, int worker) {
  // A product may add four terms a row.
  constexpr int64_t kTermsPerRow = 4;
  Partial& own = partials_[static_cast<size_t>(worker)];
  int64_t* words = own.words.as<int64_t>();
  own.samples += add_block(block, own, words);
  own.additions += kTermsPerRow * block.rows;
  if (own.additions < kAdditionsBeforeCarry) return;
  for (int64_t sum = 0; sum < sums_ * width_; ++sum) carry(words + sum * kSumWords);
  own.additions = 0;
}

void Moments::commit() {
  for (Partial& own : partials_) {
    int64_t* words = own.words.as<int64_t>();
    for (int64_t sum = 0; sum < sums_ * width_; ++sum) carry(words + sum * kSumWords);
    for (int64_t word = 0; word < this->words(); ++word) options_.words[word] += words[word];
    if (options_.samples) options_.samples[kUnitLimb] += own.samples;
  }
}

void Moments::add_to_state(const Block& block) {
  Partial own = partial();
  const int64_t samples = add_block(block, own, options_.words);
  if (options_.samples) options_.samples[kUnitLimb] += samples;
}

bool Moments::turn_to(const ArrayView& y_true, const ArrayView& y_pred, const ArrayView& weights) {
  options_.y_true = y_true;
  options_.y_pred = y_pred;
  if (options_.weights.dimensions) options_.weights = weights;
  return true;
}

}  // namespace tally
