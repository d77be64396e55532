// Rows of labels and scores into counts of each class.
#include "accumulators/class_counts.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "support/block_sum.h"

namespace tally {
namespace {

constexpr int64_t kTileBytes = 32768;
constexpr int kSums = 3;

// The kernels' hits, predictions and truths as the three sums; a sum takes `step` words.
template <class Count>
void add_counts(const Count* counts, int64_t classes, int64_t step, int64_t* sums) {
  for (int64_t c = 0; c < classes; ++c) {
    const int64_t hits = counts[c];
    sums[c * step] += hits;
    sums[(classes + c) * step] += counts[classes + c] - hits;
    sums[(2 * classes + c) * step] += counts[2 * classes + c] - hits;
  }
}

}  // namespace

ClassCounts::ClassCounts(const Options& options) : options_(options), classes_(options.y_pred.width) {
  // Scores of float32 are compared as such; rounding a label to float32 makes no 0 or 1 but of a float64.
  const DType type = options_.y_pred.type;
  single_ = (type == DType::kFloat32 || type == DType::kFloat16) && options_.y_true.type != DType::kFloat64;
  const int64_t row_bytes = 2 * classes_ * static_cast<int64_t>(single_ ? sizeof(float) : sizeof(double));
  tile_rows_ = std::clamp<int64_t>(kTileBytes / row_bytes / kPad * kPad, kPad, kBlockRows);
}

ClassCounts::Partial ClassCounts::partial() const {
  Partial made;
  made.block_counts = Scratch(static_cast<size_t>(kSums * classes_) * sizeof(int64_t));
  made.tiles = Scratch(static_cast<size_t>(2 * classes_ * (tile_rows_ + kPad)) * sizeof(double));
  made.y_true = ColumnStrips(options_.y_true);
  made.y_pred = ColumnStrips(options_.y_pred);
  made.weights = ColumnStrips(options_.weights);
  return made;
}

void ClassCounts::prepare(int workers, int64_t, bool) {
  const auto bytes = static_cast<size_t>(kSums * classes_) * sizeof(int64_t);
  partials_.clear();
  for (int worker = 0; worker < workers; ++worker) {
    partials_.push_back(partial());
    partials_.back().counts = Scratch(bytes);
    std::memset(partials_.back().counts.as<char>(), 0, bytes);
    partials_.back().words = Scratch(bytes * kSumWords);
  }
}

// Adds a block of zeros and ones to `sums`, each of `step` words; false if a label is something else.
template <class T>
bool ClassCounts::count_integers(const Block& block, Partial& partial, int64_t step, int64_t* sums) const {
  const auto& functions = functions_of<T>(*kernels().classes);
  using Count = std::conditional_t<sizeof(T) == sizeof(float), int32_t, int64_t>;
  Count* counts = partial.block_counts.as<Count>();
  std::memset(counts, 0, static_cast<size_t>(kSums * classes_) * sizeof(Count));
  const bool is_narrow = classes_ <= kNarrowWidth;
  const ptrdiff_t stride = tile_rows_ + kPad;
  T* true_tile = partial.tiles.as<T>();
  T* pred_tile = true_tile + classes_ * stride;
  for (int64_t offset = 0; offset < block.rows; offset += tile_rows_) {
    const int64_t first = block.first + offset;
    PairedRows<T> pair = {};
    pair.rows = std::min(tile_rows_, block.rows - offset);
    pair.width = classes_;
    if (is_narrow) {
      pair.y_true = columns_of(options_.y_true, first, pair.rows, true_tile, stride, &pair.true_stride);
      pair.y_pred = columns_of(options_.y_pred, first, pair.rows, pred_tile, stride, &pair.pred_stride);
    } else {
      pair.y_true = rows_of(options_.y_true, first, pair.rows, true_tile, &pair.true_stride);
      pair.y_pred = rows_of(options_.y_pred, first, pair.rows, pred_tile, &pair.pred_stride);
    }
    const auto function = is_narrow ? functions.narrow : functions.wide;
    if (!function(pair, options_.by_maximum, static_cast<T>(options_.threshold), counts)) return false;
  }
  add_counts(counts, classes_, step, sums);
  return true;
}

bool ClassCounts::count_block(const Block& block, Partial& partial, int64_t step, int64_t* sums) const {
  if (block.weights || options_.weights.dimensions) return false;
  return single_ ? count_integers<float>(block, partial, step, sums)
                 : count_integers<double>(block, partial, step, sums);
}

// The maximum of each row, NaN where the row holds one: nothing reaches that.
void ClassCounts::find_maxima(const Block& block, Partial& partial, double* maxima) const {
  std::fill_n(maxima, block.rows, -HUGE_VAL);
  for (int64_t begin = 0; begin < classes_; begin += ColumnStrips::kColumns) {
    const int64_t columns = std::min(ColumnStrips::kColumns, classes_ - begin);
    partial.y_pred.read(begin, columns, block.first, block.rows);
    for (int64_t column = 0; column < columns; ++column) {
      const double* scores = partial.y_pred.column(column);
      for (int64_t row = 0; row < block.rows; ++row)
        maxima[row] = scores[row] > maxima[row] || scores[row] != scores[row] ? scores[row] : maxima[row];
    }
  }
}

struct ClassCounts::Column {
  int64_t rows;
  const double* labels;
  const double* scores;
  const double* weights;  // null: ones
  const double* maxima;   // null: predicted by threshold
};

void ClassCounts::add_column(const Column& column, int64_t number, SumGrid* grids, int64_t* words) const {
  double sums[kSums][kBlockRows];
  for (int64_t row = 0; row < column.rows; ++row) {
    const double score = column.scores[row];
    // No branch: half of them would be mispredicted.
    const bool reaches = column.maxima ? score >= column.maxima[row] : score > options_.threshold;
    const bool predicted = reaches & (!column.maxima | (std::fabs(score) > options_.threshold));
    const double weight = column.weights ? column.weights[row] : 1.0;
    const double positive = weight * column.labels[row];
    const double negative = weight * (1.0 - column.labels[row]);
    sums[0][row] = predicted ? positive : 0.0;
    sums[1][row] = predicted ? negative : 0.0;
    sums[2][row] = predicted ? 0.0 : positive;
  }
  for (int sum = 0; sum < kSums; ++sum)
    add_values(words + (sum * classes_ + number) * kSumWords, sums[sum], column.rows, &grids[sum]);
}

void ClassCounts::add_exact_sums(const Block& block, Partial& partial, int64_t* words) const {
  double maxima[kBlockRows];
  SumGrid grids[kSums];
  if (options_.by_maximum) find_maxima(block, partial, maxima);
  for (int64_t begin = 0; begin < classes_; begin += ColumnStrips::kColumns) {
    const int64_t columns = std::min(ColumnStrips::kColumns, classes_ - begin);
    for (ColumnStrips* strips : {&partial.y_true, &partial.y_pred, &partial.weights})
      strips->read(begin, columns, block.first, block.rows);
    for (int64_t i = 0; i < columns; ++i) {
      const double* own = partial.weights.column(i);
      add_column({block.rows, partial.y_true.column(i), partial.y_pred.column(i), own ? own : block.weights,
                  options_.by_maximum ? maxima : nullptr},
                 begin + i, grids, words);
    }
  }
}

void ClassCounts::carry_words(int64_t* words) const {
  for (int64_t cell = 0; cell < kSums * classes_; ++cell) carry(words + cell * kSumWords);
}

void ClassCounts::add(const Block& block, int worker) {
  Partial& own = partials_[static_cast<size_t>(worker)];
  if (count_block(block, own, 1, own.counts.as<int64_t>())) return;
  int64_t* words = own.words.as<int64_t>();
  if (!own.used) std::memset(words, 0, static_cast<size_t>(kSums * classes_ * kSumWords) * sizeof(int64_t));
  own.used = true;
  add_exact_sums(block, own, words);
  own.additions += block.rows;
  if (own.additions < kAdditionsBeforeCarry) return;
  carry_words(words);
  own.additions = 0;
}

void ClassCounts::commit() {
  for (Partial& own : partials_) {
    const int64_t* counts = own.counts.as<int64_t>();
    for (int64_t cell = 0; cell < kSums * classes_; ++cell)
      options_.words[cell * kSumWords + kUnitLimb] += counts[cell];
    if (!own.used) continue;
    int64_t* words = own.words.as<int64_t>();
    carry_words(words);
    for (int64_t word = 0; word < kSums * classes_ * kSumWords; ++word) options_.words[word] += words[word];
  }
}

void ClassCounts::add_to_state(const Block& block) {
  Partial own = partial();
  if (!count_block(block, own, kSumWords, options_.words + kUnitLimb)) add_exact_sums(block, own, options_.words);
}

bool ClassCounts::turn_to(const ArrayView& y_true, const ArrayView& y_pred, const ArrayView& weights) {
  options_.y_true = y_true;
  options_.y_pred = y_pred;
  if (options_.weights.dimensions) options_.weights = weights;
  return true;
}

}  // namespace tally
