// The kernels of each instruction set, and which set is in use.
#pragma once

#include <string>
#include <vector>

#include "kernels/table.h"

namespace tally {

struct Kernels {
  const char* name;
  const ConvertKernels* convert;
  const ScoreKernels* scores;
  const RowKernels* rows;
  const SumKernels* sums;
  const ClassKernels* classes;
};

template <class T>
const ScoreFunctions<T>& score_functions(const Kernels& kernels);
template <>
inline const ScoreFunctions<float>& score_functions(const Kernels& kernels) {
  return kernels.scores->f32;
}
template <>
inline const ScoreFunctions<double>& score_functions(const Kernels& kernels) {
  return kernels.scores->f64;
}

template <class T>
const RowFunctions<T>& row_functions(const Kernels& kernels);
template <>
inline const RowFunctions<float>& row_functions(const Kernels& kernels) {
  return kernels.rows->f32;
}
template <>
inline const RowFunctions<double>& row_functions(const Kernels& kernels) {
  return kernels.rows->f64;
}

inline const auto& class_functions(const Kernels& kernels, float) { return kernels.classes->f32; }
inline const auto& class_functions(const Kernels& kernels, double) { return kernels.classes->f64; }

// The kernels in use; at first the best set that this machine runs.
const Kernels& kernels();

// Names of the sets that this machine runs, slowest first.
std::vector<std::string> instruction_sets();

// False if this machine does not run the named set.
bool set_instruction_set(const std::string& name);

}  // namespace tally
