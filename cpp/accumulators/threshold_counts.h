// Counts of elements by label and by the number of thresholds that their score exceeds.
#pragma once

#include <vector>

#include "accumulators/cell_counts.h"
#include "accumulators/threshold_search.h"
#include "support/array_view.h"

namespace tally {

// Every element of y_true and y_pred, [rows, width] or [rows * width], goes to cell [label column][is
// positive][bucket]; the label columns are one without `by_column`. The elements of a row share its weight.
class ThresholdCounts final : public Accumulator {
 public:
  struct Options {
    const double* thresholds = nullptr;  // sorted; null: buckets are the bins of the fixed histogram
    int64_t count = 0;
    int64_t width = 1;
    int64_t class_id = -1;       // count this column only
    int64_t top_k = 0;           // scores outside the `top_k` highest of their row go to bucket 0
    bool by_column = false;      // a table for each column
    bool binary_labels = false;  // labels other than 0 and 1 go to a last cell
    uint32_t least = 0;          // the bucket of numbers that exceed fewer thresholds
    int binary = -1;             // of one threshold: its number among those that blocks are counted by
    bool in_double = false;      // compare float32 scores with thresholds that are not float32
  };
  ThresholdCounts(const CellTable& table, const ArrayView& y_true, const ArrayView& y_pred, const Options& options);

  static int64_t buckets_of(const Options& options) { return options.thresholds ? options.count + 1 : kHistogramBins; }
  static int64_t cells_of(const Options& options) {
    return 2 * buckets_of(options) * (options.by_column ? options.width : 1) + options.binary_labels;
  }

  unsigned needs() const override { return 0; }
  bool takes_long() const override { return prepared_directly_ || options_.binary >= 0; }
  Fault check(const Block&) const override { return {}; }
  void prepare(int workers, int64_t rows, bool weighted) override;
  void add(const Block& block, int worker) override;
  void commit() override;
  void add_to_state(const Block& block) override;
  bool turn_to(const ArrayView& y_true, const ArrayView& y_pred, const ArrayView&) override;

 private:
  // Up to kBlockRows elements on their way to their cells.
  template <class T>
  struct Elements;
  // Which scores of a row are among the highest.
  struct Highest {
    std::vector<double> row;
    std::vector<uint8_t> kept;
    std::vector<double> best;
  };

  // Scratch of a worker for counts that go from scores to cells in one step.
  struct Direct {
    int64_t binary[4] = {};
    Scratch counts;  // [kCopies, stride]
  };
  static constexpr int64_t kCopies = 4;

  bool counts_directly(const ArrayView& y_pred) const;
  void add_binary(const BinaryCounts& counts, int64_t rows, int64_t* cells) const;
  void add_cells(const Block& block, uint32_t* counts) const;
  template <class Sink>
  void each(const Block& block, Highest& highest, const Sink& sink) const;
  template <class T, class Sink>
  void add_flat(const Block& block, int64_t begin, int64_t end, const Sink& sink) const;
  template <class T, class Sink>
  void add_column(const Block& block, int64_t column, const Sink& sink) const;
  template <class T, class Sink>
  void add_rows(const Block& block, int64_t begin, int64_t end, Highest& highest, const Sink& sink) const;
  template <class T>
  void take_piece(int64_t row, int64_t column, int64_t count, Elements<T>& elements) const;
  template <class T, class Sink>
  void send(Elements<T>& elements, const T* scores, const double* weights, const Sink& sink) const;
  void find_highest(int64_t row, Highest& highest) const;
  void to_cells(const float* scores, int64_t count, uint32_t* cells) const;
  void to_cells(const double* scores, int64_t count, uint32_t* cells) const;

  CellCounts counts_;
  Options options_;
  ArrayView true_;  // [rows, width]
  ArrayView pred_;
  bool by_element_;  // a row of a block is one element
  bool single_;
  bool flat_;
  bool column_major_;
  uint32_t buckets_;
  ThresholdSearch<float> single_search_;
  ThresholdSearch<double> double_search_;
  std::vector<Highest> highest_;
  int64_t* units_;  // the cells' counts of ones
  ScoreCellTable direct_cells_;
  bool direct_ = false;  // unweighted float32 scores are counted by `direct_cells_`
  bool prepared_directly_ = false;
  std::vector<Direct> direct_counts_;
};

}  // namespace tally
