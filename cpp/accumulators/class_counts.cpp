// Rows of labels and scores into counts of each class.
#include "accumulators/class_counts.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "support/block_sum.h"
#include "support/tiles.h"

namespace tally {
namespace {

constexpr int64_t kTileBytes = 32768;
constexpr int kSums = 3;

}  // namespace

ClassCounts::ClassCounts(const Options& options) : options_(options), classes_(options.y_pred.width) {
  // Scores of float32 are compared as such; rounding a label to float32 makes no 0 or 1 but of a float64.
  const DType type = options_.y_pred.type;
  single_ = (type == DType::kFloat32 || type == DType::kFloat16) && options_.y_true.type != DType::kFloat64;
  const int64_t row_bytes = 2 * classes_ * static_cast<int64_t>(single_ ? sizeof(float) : sizeof(double));
  tile_rows_ = std::clamp<int64_t>(kTileBytes / row_bytes / kPad * kPad, kPad, kBlockRows);
}

ClassCounts::Partial ClassCounts::partial() const {
  const auto cells = static_cast<size_t>(kSums * classes_);
  Partial made;
  made.block_counts = Scratch(cells * sizeof(int32_t));
  made.tiles = Scratch(static_cast<size_t>(2 * classes_ * (tile_rows_ + kPad)) * sizeof(double));
  return made;
}

void ClassCounts::prepare(int workers, int64_t, bool) {
  const auto cells = static_cast<size_t>(kSums * classes_);
  partials_.clear();
  for (int worker = 0; worker < workers; ++worker) {
    partials_.push_back(partial());
    partials_.back().counts = Scratch(cells * sizeof(int64_t));
    std::memset(partials_.back().counts.as<char>(), 0, cells * sizeof(int64_t));
    partials_.back().words = Scratch(cells * kSumWords * sizeof(int64_t));
  }
}

// Into the partial's block_counts, as the kernels count; false if a label is neither 0 nor 1.
template <class T>
bool ClassCounts::count_integers(const Block& block, Partial& partial) const {
  const auto& functions = functions_of<T>(*kernels().classes);
  int32_t* counts = partial.block_counts.as<int32_t>();
  std::memset(counts, 0, static_cast<size_t>(kSums * classes_) * sizeof(int32_t));
  T* true_tile = partial.tiles.as<T>();
  T* pred_tile = true_tile + classes_ * (tile_rows_ + kPad);
  for (int64_t offset = 0; offset < block.rows; offset += tile_rows_) {
    const int64_t first = block.first + offset;
    PairedRows<T> pair = {};
    pair.rows = std::min(tile_rows_, block.rows - offset);
    pair.width = classes_;
    const bool is_narrow = classes_ <= kNarrowWidth;
    if (is_narrow) {
      const ptrdiff_t stride = tile_rows_ + kPad;
      pair.y_true = columns_of(options_.y_true, first, pair.rows, true_tile, stride, &pair.true_stride);
      pair.y_pred = columns_of(options_.y_pred, first, pair.rows, pred_tile, stride, &pair.pred_stride);
    } else {
      pair.y_true = rows_of(options_.y_true, first, pair.rows, true_tile, &pair.true_stride);
      pair.y_pred = rows_of(options_.y_pred, first, pair.rows, pred_tile, &pair.pred_stride);
    }
    const auto function = is_narrow ? functions.narrow : functions.wide;
    if (!function(pair, options_.by_maximum, static_cast<T>(options_.threshold), counts)) return false;
  }
  return true;
}

bool ClassCounts::count_block(const Block& block, Partial& partial) const {
  if (block.weights || options_.weights.dimensions) return false;
  return single_ ? count_integers<float>(block, partial) : count_integers<double>(block, partial);
}

// The maximum of each row, NaN where the row holds one.
void ClassCounts::predict_maxima(const Block& block, double* maxima) const {
  double scores[kBlockRows];
  std::fill_n(maxima, block.rows, -HUGE_VAL);
  for (int64_t column = 0; column < classes_; ++column) {
    column_as_doubles(options_.y_pred, column, block.first, block.rows, scores);
    for (int64_t row = 0; row < block.rows; ++row)
      maxima[row] = scores[row] > maxima[row] || scores[row] != scores[row] ? scores[row] : maxima[row];
  }
}

void ClassCounts::add_exact_sums(const Block& block, int64_t* words) const {
  double maxima[kBlockRows];
  double scores[kBlockRows];
  double labels[kBlockRows];
  double own_weights[kBlockRows];
  double sums[kSums][kBlockRows];
  SumGrid grids[kSums];
  if (options_.by_maximum) predict_maxima(block, maxima);
  for (int64_t column = 0; column < classes_; ++column) {
    column_as_doubles(options_.y_pred, column, block.first, block.rows, scores);
    column_as_doubles(options_.y_true, column, block.first, block.rows, labels);
    const double* weights = block.weights;
    if (options_.weights.dimensions) {
      column_as_doubles(options_.weights, column, block.first, block.rows, own_weights);
      weights = own_weights;
    }
    for (int64_t row = 0; row < block.rows; ++row) {
      const bool predicted = options_.by_maximum
                                 ? scores[row] >= maxima[row] && std::fabs(scores[row]) > options_.threshold
                                 : scores[row] > options_.threshold;
      const double weight = weights ? weights[row] : 1.0;
      const double positive = weight * labels[row];
      sums[0][row] = predicted ? positive : 0.0;
      sums[1][row] = predicted ? weight * (1.0 - labels[row]) : 0.0;
      sums[2][row] = predicted ? 0.0 : positive;
    }
    for (int sum = 0; sum < kSums; ++sum)
      add_values(words + (sum * classes_ + column) * kSumWords, sums[sum], block.rows, &grids[sum]);
  }
}

void ClassCounts::carry_words(int64_t* words) const {
  for (int64_t cell = 0; cell < kSums * classes_; ++cell) carry(words + cell * kSumWords);
}

void ClassCounts::add(const Block& block, int worker) {
  Partial& own = partials_[static_cast<size_t>(worker)];
  if (count_block(block, own)) {
    const int32_t* counts = own.block_counts.as<int32_t>();
    int64_t* totals = own.counts.as<int64_t>();
    for (int64_t cell = 0; cell < kSums * classes_; ++cell) totals[cell] += counts[cell];
    return;
  }
  if (!own.used) std::memset(own.words.as<char>(), 0, static_cast<size_t>(kSums * classes_ * kSumWords) * 8);
  own.used = true;
  add_exact_sums(block, own.words.as<int64_t>());
  own.additions += block.rows;
  if (own.additions < kAdditionsBeforeCarry) return;
  carry_words(own.words.as<int64_t>());
  own.additions = 0;
}

namespace {

// The kernels' hits, predictions and truths as the three sums.
template <class Integer>
void add_counts(const Integer* counts, int64_t classes, int64_t* words) {
  for (int64_t c = 0; c < classes; ++c) {
    const int64_t hits = counts[c];
    words[c * kSumWords + kUnitLimb] += hits;
    words[(classes + c) * kSumWords + kUnitLimb] += counts[classes + c] - hits;
    words[(2 * classes + c) * kSumWords + kUnitLimb] += counts[2 * classes + c] - hits;
  }
}

}  // namespace

void ClassCounts::commit() {
  for (Partial& own : partials_) {
    add_counts(own.counts.as<int64_t>(), classes_, options_.words);
    if (!own.used) continue;
    int64_t* words = own.words.as<int64_t>();
    carry_words(words);
    for (int64_t word = 0; word < kSums * classes_ * kSumWords; ++word) options_.words[word] += words[word];
  }
}

void ClassCounts::add_to_state(const Block& block) {
  Partial own = partial();
  if (count_block(block, own))
    add_counts(own.block_counts.as<int32_t>(), classes_, options_.words);
  else
    add_exact_sums(block, options_.words);
}

}  // namespace tally
