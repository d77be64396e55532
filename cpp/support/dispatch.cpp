// The only detection of the processor.
#include "support/dispatch.h"

#include <atomic>

#define TALLY_DECLARE(level)                                                           \
  extern "C" const tally::ConvertKernels tally_convert_kernels_##level;                \
  extern "C" const tally::ScoreKernels tally_score_kernels_##level;                    \
  extern "C" const tally::RowKernels tally_row_kernels_##level;                        \
  extern "C" const tally::SumKernels tally_sum_kernels_##level;                        \
  extern "C" const tally::ErrorRowKernels tally_error_row_kernels_##level;             \
  extern "C" const tally::EntropyRowKernels tally_entropy_row_kernels_##level;         \
  extern "C" const tally::CorrelationRowKernels tally_correlation_row_kernels_##level; \
  extern "C" const tally::HistogramRowKernels tally_histogram_row_kernels_##level;     \
  extern "C" const tally::ClassKernels tally_class_count_kernels_##level;              \
  extern "C" const tally::ThresholdKernels tally_threshold_kernels_##level;            \
  extern "C" const tally::TransportKernels tally_transport_kernels_##level;            \
  extern "C" const tally::PositionKernels tally_position_kernels_##level;              \
  extern "C" const tally::LabelPairKernels tally_label_pair_kernels_##level;           \
  extern "C" const tally::ElementSumKernels tally_element_sum_kernels_##level;         \
  extern "C" const tally::BinaryCountKernels tally_binary_count_kernels_##level;

#define TALLY_KERNELS(level)               \
  {#level,                                 \
   &tally_convert_kernels_##level,         \
   &tally_score_kernels_##level,           \
   &tally_row_kernels_##level,             \
   &tally_sum_kernels_##level,             \
   &tally_error_row_kernels_##level,       \
   &tally_entropy_row_kernels_##level,     \
   &tally_correlation_row_kernels_##level, \
   &tally_histogram_row_kernels_##level,   \
   &tally_class_count_kernels_##level,     \
   &tally_threshold_kernels_##level,       \
   &tally_transport_kernels_##level,       \
   &tally_position_kernels_##level,        \
   &tally_label_pair_kernels_##level,      \
   &tally_element_sum_kernels_##level,     \
   &tally_binary_count_kernels_##level}

TALLY_DECLARE(baseline)
#ifdef TALLY_X86
TALLY_DECLARE(x86_v3)
TALLY_DECLARE(x86_v4)
#endif

namespace tally {
namespace {

const Kernels kSets[] = {
    TALLY_KERNELS(baseline),
#ifdef TALLY_X86
    TALLY_KERNELS(x86_v3),
    TALLY_KERNELS(x86_v4),
#endif
};

int count_supported() {
#ifdef TALLY_X86
  __builtin_cpu_init();
  if (!(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
        __builtin_cpu_supports("fma")))
    return 1;
  if (!(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")))
    return 2;
  return 3;
#else
  return 1;
#endif
}

const int supported = count_supported();
std::atomic<const Kernels*> current{&kSets[supported - 1]};

}  // namespace

const Kernels& kernels() { return *current.load(std::memory_order_relaxed); }

std::vector<std::string> instruction_sets() {
  std::vector<std::string> names;
  for (int i = 0; i < supported; ++i) names.emplace_back(kSets[i].name);
  return names;
}

bool set_instruction_set(const std::string& name) {
  for (int i = 0; i < supported; ++i)
    if (name == kSets[i].name) {
      current.store(&kSets[i]);
      return true;
    }
  return false;
}

}  // namespace tally
