// The kernels of each instruction set, and which set is in use.
#pragma once

#include <string>
#include <vector>

#include "kernels/count_table.h"
#include "kernels/direct_table.h"
#include "kernels/transport_table.h"

namespace tally {

struct Kernels {
  const char* name;
  const ConvertKernels* convert;
  const ScoreKernels* scores;
  const RowKernels* rows;
  const SumKernels* sums;
  const ErrorRowKernels* errors;
  const EntropyRowKernels* entropies;
  const CorrelationRowKernels* correlations;
  const HistogramRowKernels* histograms;
  const ClassKernels* classes;
  const ThresholdKernels* thresholds;
  const TransportKernels* transport;
  const PositionKernels* positions;
  const LabelPairKernels* label_pairs;
  const ElementSumKernels* element_sums;
  const BinaryCountKernels* binary_counts;
};

// The half of any table that is for rows of T.
template <class T, class Table>
const auto& functions_of(const Table& table) {
  if constexpr (sizeof(T) == sizeof(float)) {
    return table.f32;
  } else {
    return table.f64;
  }
}

// The kernels in use; at first the best set that this machine runs.
const Kernels& kernels();

// Names of the sets that this machine runs, slowest first.
std::vector<std::string> instruction_sets();

// False if this machine does not run the named set.
bool set_instruction_set(const std::string& name);

}  // namespace tally
