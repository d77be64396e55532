// Products of columns, expanded into doubles that add up to them exactly.
#include "accumulators/moments.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>

#include "support/block_sum.h"
#include "support/tiles.h"

namespace tally {
namespace {

// A column of exact products: the sum of `count` columns of doubles.
class Expansion {
 public:
  explicit Expansion(int64_t rows) : rows_(rows) {}

  // The first factor; weights of null are ones.
  void start(const double* factor) {
    std::copy_n(factor, rows_, terms_[0]);
    count_ = 1;
  }

  // Each product of two doubles is one double and its rounding error, which most often is 0 for all rows.
  void multiply(const double* factor) {
    if (!count_) return start(factor);
    const auto multiply_exactly = kernels().sums->multiply_exactly;
    const int count = count_;
    for (int term = 0; term < count; ++term)
      if (multiply_exactly(terms_[term], factor, rows_, terms_[term], terms_[count_])) ++count_;
  }

  void add_to(int64_t* words) const {
    SumGrid grid;
    for (int term = 0; term < count_; ++term) add_values(words, terms_[term], rows_, &grid);
  }

 private:
  static constexpr int kTerms = 4;  // two multiplications at most double the terms
  int64_t rows_;
  int count_ = 0;
  double terms_[kTerms][kBlockRows];
};

}  // namespace

struct Moments::Column {
  int64_t rows;
  const double* weights;  // null: ones
  const double* y_true;
  const double* y_pred;
};

void Moments::add_column(const Column& column, int64_t number, int64_t* words) const {
  const auto sum = [&](int index) { return words + (index * width_ + number) * kSumWords; };
  const auto add_product = [&](int index, std::initializer_list<const double*> factors) {
    Expansion product(column.rows);
    if (column.weights) product.start(column.weights);
    for (const double* factor : factors) product.multiply(factor);
    product.add_to(sum(index));
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
  double errors[kBlockRows];
  for (int64_t row = 0; row < column.rows; ++row) {
    const double error = column.y_true[row] - column.y_pred[row];
    errors[row] = column.weights ? error * error * column.weights[row] : error * error;
  }
  SumGrid grid;
  add_values(sum(3), errors, column.rows, &grid);
}

void Moments::add_block(const Block& block, int64_t* words) const {
  double y_true[kBlockRows];
  double y_pred[kBlockRows];
  double weights[kBlockRows];
  for (int64_t column = 0; column < width_; ++column) {
    column_as_doubles(options_.y_true, column, block.first, block.rows, y_true);
    column_as_doubles(options_.y_pred, column, block.first, block.rows, y_pred);
    const double* own = block.weights;
    if (options_.weights.dimensions) {
      column_as_doubles(options_.weights, column, block.first, block.rows, weights);
      own = weights;
    }
    add_column({block.rows, own, y_true, y_pred}, column, words);
  }
}

int64_t Moments::samples_of(const Block& block) const {
  if (!options_.weights.dimensions && !block.weights) return block.rows;
  if (block.weights) return block.rows - std::count(block.weights, block.weights + block.rows, 0.0);
  bool weighs[kBlockRows] = {};
  double weights[kBlockRows];
  for (int64_t column = 0; column < width_; ++column) {
    column_as_doubles(options_.weights, column, block.first, block.rows, weights);
    for (int64_t row = 0; row < block.rows; ++row) weighs[row] |= weights[row] != 0.0;
  }
  return std::count(weighs, weighs + block.rows, true);
}

void Moments::prepare(int workers, int64_t, bool) {
  const auto bytes = static_cast<size_t>(words()) * sizeof(int64_t);
  partials_.clear();
  for (int worker = 0; worker < workers; ++worker) {
    partials_.emplace_back();
    partials_.back().words = Scratch(bytes);
    std::memset(partials_.back().words.as<char>(), 0, bytes);
  }
}

void Moments::add(const Block& block, int worker) {
  // A product may add four terms a row.
  constexpr int64_t kTermsPerRow = 4;
  Partial& own = partials_[static_cast<size_t>(worker)];
  int64_t* words = own.words.as<int64_t>();
  add_block(block, words);
  own.samples += samples_of(block);
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
  add_block(block, options_.words);
  if (options_.samples) options_.samples[kUnitLimb] += samples_of(block);
}

}  // namespace tally
