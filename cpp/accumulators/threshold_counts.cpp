// Counts of elements by label and by the number of thresholds that their score exceeds.
#include "accumulators/threshold_counts.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <type_traits>

#include "support/dispatch.h"
#include "support/exact_sum.h"

namespace tally {
namespace {

void convert(const char* source, DType type, ptrdiff_t stride, int64_t count, float* target) {
  kernels().convert->to_float(source, type, stride, count, target);
}
void convert(const char* source, DType type, ptrdiff_t stride, int64_t count, double* target) {
  kernels().convert->to_double(source, type, stride, count, target);
}

// [rows * width] seen as [rows, width].
ArrayView as_rows(ArrayView view, int64_t width) {
  if (view.dimensions == 2) return view;
  view.dimensions = 2;
  view.rows /= width;
  view.width = width;
  view.column_stride = view.row_stride;
  view.row_stride *= width;
  return view;
}

bool is_flat(const ArrayView& view) { return view.row_stride == view.width * view.column_stride; }

// The next element of a row of one is the next row.
ArrayView with_column_stride(ArrayView view) {
  if (view.width == 1) view.column_stride = view.row_stride;
  return view;
}

bool is_higher(double left, double right) {
  if (left != left) return right == right;
  return left > right;
}

}  // namespace

template <class T>
struct ThresholdCounts::Elements {
  T scores[kBlockRows + kPad];
  uint8_t truth[kBlockRows + kPad];
  uint8_t kept[kBlockRows + kPad];
  uint32_t cells[kBlockRows + kPad];
  uint32_t columns[kBlockRows + kPad];
  double weights[kBlockRows + kPad];
  int64_t count = 0;
};

ThresholdCounts::ThresholdCounts(const CellTable& table, const ArrayView& y_true, const ArrayView& y_pred,
                                 const Options& options)
    : counts_(table),
      options_(options),
      true_(with_column_stride(as_rows(y_true, options.width))),
      pred_(with_column_stride(as_rows(y_pred, options.width))),
      by_element_(y_pred.dimensions == 1),
      single_(!options.in_double && (y_pred.type == DType::kFloat16 || y_pred.type == DType::kFloat32)),
      flat_(is_flat(true_) && is_flat(pred_)),
      column_major_(std::abs(pred_.row_stride) < std::abs(pred_.column_stride)),
      buckets_(static_cast<uint32_t>(buckets_of(options))),
      highest_(1),
      units_(table.planes[static_cast<size_t>(kUnitLimb - table.first_limb)]) {
  if (options_.top_k >= options_.width) options_.top_k = 0;
  if (options_.top_k) {
    highest_[0].row.resize(static_cast<size_t>(options_.width));
    highest_[0].kept.resize(static_cast<size_t>(options_.width));
    highest_[0].best.resize(static_cast<size_t>(options_.top_k));
  }
  if (!options_.thresholds) return;
  const int64_t elements = y_pred.rows * y_pred.width;
  direct_ = counts_directly(y_pred) &&
            direct_cells_.build(options_.thresholds, options_.count, options_.least, buckets_, elements);
  if (single_)
    single_search_.build(options_.thresholds, options_.count, options_.least, elements);
  else
    double_search_.build(options_.thresholds, options_.count, options_.least, elements);
}

// A table of ranges must be worth its making.
bool ThresholdCounts::counts_directly(const ArrayView& y_pred) const {
  constexpr int64_t kFewest = 16384;
  constexpr uint32_t kMostBuckets = 2048;
  const int64_t size = size_of(true_.type);
  const bool typed = true_.type == DType::kFloat32 || (!is_floating(true_.type) && size != 2);
  return typed && single_ && flat_ && !options_.by_column && !options_.binary_labels && options_.class_id < 0 &&
         !options_.top_k && pred_.type == DType::kFloat32 && pred_.column_stride == 4 && true_.column_stride == size &&
         options_.count > 1 && buckets_ <= kMostBuckets && y_pred.rows * y_pred.width >= kFewest &&
         y_pred.rows * y_pred.width <= UINT32_MAX;
}

// Blocks of an unweighted batch.
void ThresholdCounts::add_binary(const BinaryCounts& counts, int64_t rows, int64_t* cells) const {
  const int64_t negative = rows - counts.positive;
  const int64_t above = counts.above - counts.both;
  cells[0] += negative - above;
  cells[1] += above;
  cells[2] += counts.positive - counts.both;
  cells[3] += counts.both;
}

void ThresholdCounts::add_cells(const Block& block, uint32_t* counts) const {
  const int64_t begin = by_element_ ? block.first : block.first * options_.width;
  const int64_t count = block.rows * (by_element_ ? 1 : options_.width);
  kernels().binary_counts->cells(reinterpret_cast<const float*>(pred_.data) + begin,
                                 true_.data + begin * true_.column_stride, true_.type, count, direct_cells_.cells(),
                                 counts, 2 * buckets_);
}

void ThresholdCounts::prepare(int workers, int64_t rows, bool weighted) {
  direct_counts_.clear();
  direct_counts_.resize(static_cast<size_t>(workers));
  prepared_directly_ = direct_ && !weighted;
  for (Direct& direct : direct_counts_) {
    if (!prepared_directly_) break;
    const size_t bytes = static_cast<size_t>(kCopies * 2 * buckets_) * sizeof(uint32_t);
    direct.counts = Scratch(bytes);
    std::memset(direct.counts.as<char>(), 0, bytes);
  }
  const bool one_a_row = by_element_ || options_.class_id >= 0;
  counts_.prepare(workers, one_a_row ? rows : rows * options_.width, weighted);
  highest_.resize(static_cast<size_t>(workers), highest_[0]);
}

void ThresholdCounts::commit() {
  counts_.commit();
  for (const Direct& direct : direct_counts_) {
    for (int cell = 0; options_.binary >= 0 && cell < 4; ++cell) units_[cell] += direct.binary[cell];
    const uint32_t* counts = direct.counts.as<uint32_t>();
    for (int64_t copy = 0; prepared_directly_ && copy < kCopies; ++copy)
      for (int64_t cell = 0; cell < 2 * int64_t{buckets_}; ++cell) units_[cell] += *counts++;
  }
}

void ThresholdCounts::add(const Block& block, int worker) {
  Direct& direct = direct_counts_[static_cast<size_t>(worker)];
  if (options_.binary >= 0 && block.binary) return add_binary(block.binary[options_.binary], block.rows, direct.binary);
  if (prepared_directly_) return add_cells(block, direct.counts.as<uint32_t>());
  each(block, highest_[static_cast<size_t>(worker)], [&](const uint32_t* cells, const double* weights, int64_t count) {
    counts_.add(worker, cells, weights, count);
  });
}

void ThresholdCounts::add_to_state(const Block& block) {
  if (options_.binary >= 0 && block.binary) return add_binary(block.binary[options_.binary], block.rows, units_);
  each(block, highest_[0], [&](const uint32_t* cells, const double* weights, int64_t count) {
    counts_.add_to_state(cells, weights, count);
  });
}

template <class Sink>
void ThresholdCounts::each(const Block& block, Highest& highest, const Sink& sink) const {
  const auto all = [&](auto zero) {
    using T = decltype(zero);
    const int64_t begin = by_element_ ? block.first : block.first * options_.width;
    const int64_t end = begin + block.rows * (by_element_ ? 1 : options_.width);
    const bool by_columns = !by_element_ && !options_.top_k;
    if (by_columns && options_.class_id >= 0) return add_column<T>(block, options_.class_id, sink);
    if (!options_.top_k && options_.class_id < 0 && flat_) return add_flat<T>(block, begin, end, sink);
    if (!by_columns || !column_major_) return add_rows<T>(block, begin, end, highest, sink);
    for (int64_t column = 0; column < options_.width; ++column) add_column<T>(block, column, sink);
  };
  if (single_)
    all(float{});
  else
    all(double{});
}

// Elements one after another in memory, at whatever distance.
template <class T, class Sink>
void ThresholdCounts::add_flat(const Block& block, int64_t begin, int64_t end, const Sink& sink) const {
  constexpr DType kType = std::is_same<T, float>::value ? DType::kFloat32 : DType::kFloat64;
  const bool in_place = pred_.type == kType && pred_.column_stride == static_cast<ptrdiff_t>(sizeof(T));
  Elements<T> elements;
  const int64_t width = options_.width;
  int64_t row = begin / width;
  int64_t column = begin % width;
  for (int64_t first = begin; first < end; first += elements.count) {
    elements.count = std::min(kBlockRows, end - first);
    const char* source = pred_.data + first * pred_.column_stride;
    if (!in_place) convert(source, pred_.type, pred_.column_stride, elements.count, elements.scores);
    kernels().convert->to_truth(true_.data + first * true_.column_stride, true_.type, true_.column_stride,
                                elements.count, options_.binary_labels, elements.truth);
    const double* weights = block.weights;
    const bool spread = weights && !by_element_ && width > 1;
    if (weights && !spread) weights += first - begin;
    if (options_.by_column || spread) {
      for (int64_t i = 0; i < elements.count; ++i) {
        elements.columns[i] = static_cast<uint32_t>(column);
        if (spread) elements.weights[i] = block.weights[row - block.first];
        if (++column < width) continue;
        column = 0;
        ++row;
      }
    }
    send(elements, in_place ? reinterpret_cast<const T*>(source) : elements.scores, spread ? elements.weights : weights,
         sink);
  }
}

// One column of all rows.
template <class T, class Sink>
void ThresholdCounts::add_column(const Block& block, int64_t column, const Sink& sink) const {
  Elements<T> elements;
  elements.count = block.rows;
  convert(pred_.row(block.first) + column * pred_.column_stride, pred_.type, pred_.row_stride, block.rows,
          elements.scores);
  kernels().convert->to_truth(true_.row(block.first) + column * true_.column_stride, true_.type, true_.row_stride,
                              block.rows, options_.binary_labels, elements.truth);
  if (options_.by_column) std::fill_n(elements.columns, block.rows, static_cast<uint32_t>(column));
  send(elements, elements.scores, block.weights, sink);
}

// Rows of which each is read by itself; `begin` and `end` number elements.
template <class T, class Sink>
void ThresholdCounts::add_rows(const Block& block, int64_t begin, int64_t end, Highest& highest,
                               const Sink& sink) const {
  Elements<T> elements;
  const int64_t width = options_.width;
  for (int64_t row = begin / width; row * width < end; ++row) {
    int64_t from = std::max<int64_t>(begin - row * width, 0);
    int64_t to = std::min(end - row * width, width);
    if (options_.top_k) find_highest(row, highest);
    for (int64_t column = from; column < to;) {
      const int64_t count = std::min(to - column, kBlockRows - elements.count);
      const bool wanted = options_.class_id < 0 || (column <= options_.class_id && options_.class_id < column + count);
      if (wanted) {
        const int64_t skipped = options_.class_id < 0 ? 0 : options_.class_id - column;
        const int64_t before = elements.count;
        take_piece(row, column + skipped, options_.class_id < 0 ? count : 1, elements);
        if (options_.top_k)
          std::copy_n(&highest.kept[static_cast<size_t>(column + skipped)], elements.count - before,
                      elements.kept + before);
        for (int64_t i = before; block.weights && i < elements.count; ++i)
          elements.weights[i] =
              block.weights[by_element_ ? row * width + column + skipped + i - before - begin : row - block.first];
      }
      column += count;
      if (elements.count == kBlockRows) {
        send(elements, elements.scores, block.weights ? elements.weights : nullptr, sink);
        elements.count = 0;
      }
    }
  }
  send(elements, elements.scores, block.weights ? elements.weights : nullptr, sink);
}

template <class T>
void ThresholdCounts::take_piece(int64_t row, int64_t column, int64_t count, Elements<T>& elements) const {
  const int64_t at = elements.count;
  convert(pred_.row(row) + column * pred_.column_stride, pred_.type, pred_.column_stride, count, elements.scores + at);
  kernels().convert->to_truth(true_.row(row) + column * true_.column_stride, true_.type, true_.column_stride, count,
                              options_.binary_labels, elements.truth + at);
  if (options_.by_column)
    for (int64_t i = 0; i < count; ++i) elements.columns[at + i] = static_cast<uint32_t>(column + i);
  elements.count += count;
}

template <class T, class Sink>
void ThresholdCounts::send(Elements<T>& elements, const T* scores, const double* weights, const Sink& sink) const {
  const int64_t count = elements.count;
  to_cells(scores, count, elements.cells);
  if (options_.top_k)
    for (int64_t i = 0; i < count; ++i) elements.cells[i] = elements.kept[i] ? elements.cells[i] : 0;
  kernels().thresholds->place(elements.truth, count, buckets_, elements.cells);
  if (options_.by_column)
    for (int64_t i = 0; i < count; ++i) elements.cells[i] += elements.columns[i] * 2 * buckets_;
  sink(elements.cells, weights, count);
}

void ThresholdCounts::to_cells(const float* scores, int64_t count, uint32_t* cells) const {
  const auto& functions = *kernels().thresholds;
  if (!options_.thresholds) return functions.bins_f32(scores, count, cells);
  functions.buckets_f32(scores, count, single_search_.grid(), cells);
}

void ThresholdCounts::to_cells(const double* scores, int64_t count, uint32_t* cells) const {
  const auto& functions = *kernels().thresholds;
  if (!options_.thresholds) return functions.bins_f64(scores, count, cells);
  functions.buckets_f64(scores, count, double_search_.grid(), cells);
}

// A NaN is among the highest, before every number; of equal scores the first are taken while there are places.
void ThresholdCounts::find_highest(int64_t row, Highest& highest) const {
  const int64_t width = options_.width;
  convert(pred_.row(row), pred_.type, pred_.column_stride, width, highest.row.data());
  if (width <= kNarrowWidth)
    return kernels().thresholds->keep_highest(highest.row.data(), width, options_.top_k, highest.kept.data());
  std::vector<double>& best = highest.best;
  std::partial_sort_copy(highest.row.begin(), highest.row.end(), best.begin(), best.end(), is_higher);
  const double least = best.back();
  int64_t places = std::count(best.begin(), best.end(), least);
  for (size_t i = 0; i < highest.row.size(); ++i) {
    const bool ties = highest.row[i] == least;
    highest.kept[i] = highest.row[i] > least || (ties && places > 0);
    places -= ties;
  }
}

bool ThresholdCounts::turn_to(const ArrayView& y_true, const ArrayView& y_pred, const ArrayView&) {
  if (by_element_ && y_pred.rows % options_.width) return false;
  true_ = with_column_stride(as_rows(y_true, options_.width));
  pred_ = with_column_stride(as_rows(y_pred, options_.width));
  return true;
}

}  // namespace tally
