// Pairs of a true and a predicted label as cells of a square table, checked.
#pragma once

#include "pass/batch.h"
#include "support/scratch.h"

namespace tally {

// Reads label arrays as they are; labels become int32 only where a kernel for their type is missing, where they come
// from rows or a threshold, and in blocks that hold labels outside [0, classes) or to be ignored.
class LabelPairs {
 public:
  LabelPairs(const Batch& batch, const Demand& demand, int64_t most_rows);

  // Fills one column for each pair of the demand; the other columns of the block must be there.
  void derive(const Block& block);
  const PairColumn* columns() const { return columns_.data(); }

 private:
  bool plain_cells(const PairSpec& spec, const Block& block, uint32_t* cells);
  void fill(const PairSpec& spec, const Block& block, PairColumn* column, uint32_t* cells);
  void read_labels(const PairSpec& spec, const Block& block);
  bool has_others(const PairSpec& spec, int64_t rows) const;
  Fault check(const PairSpec& spec, int64_t rows) const;
  int64_t refused_prediction(const PairSpec& spec, int64_t rows) const;

  const Batch& batch_;
  const Demand& demand_;
  const size_t column_;
  std::vector<PairColumn> columns_;
  Scratch storage_;
  bool held_others_ = false;  // labels outside [0, classes), the last block
  bool converted_ = false;    // the label arrays, for this block
  int32_t* buffers_[3] = {};
  uint32_t* cells_ = nullptr;
  const int32_t* true_class_ = nullptr;
  const int32_t* predicted_ = nullptr;
};

}  // namespace tally
