// Which kernel gives which value.
#include "pass/paired_values.h"

namespace tally {
namespace {

void row_ratios(const Kernels& kernels, const PairedRows<float>& rows, double threshold, bool recall, double* ratios) {
  kernels.thresholds->row_ratios_f32(rows, threshold, recall, ratios);
}
void row_ratios(const Kernels& kernels, const PairedRows<double>& rows, double threshold, bool recall, double* ratios) {
  kernels.thresholds->row_ratios_f64(rows, threshold, recall, ratios);
}

}  // namespace

template <class T>
void derive_paired_value(const Kernels& kernels, const ValueSpec& spec, const PairedRows<T>& pair, double* scratch,
                         double* target) {
  const auto& plain = functions_of<T>(*kernels.rows);
  const auto& errors = functions_of<T>(*kernels.errors);
  const auto& entropies = functions_of<T>(*kernels.entropies);
  const auto& correlations = functions_of<T>(*kernels.correlations);
  const auto& histograms = functions_of<T>(*kernels.histograms);
  const double number = spec.number;
  switch (spec.kind) {
    case ValueKind::kSquaredError:
      return plain.squared_error(pair, target);
    case ValueKind::kAbsoluteError:
      return plain.absolute_error(pair, target);
    case ValueKind::kEqual:
      return plain.equal(pair, target);
    case ValueKind::kBinaryEqual:
      return plain.binary_equal(pair, number, target);
    case ValueKind::kRowPrecision:
      return row_ratios(kernels, pair, number, false, target);
    case ValueKind::kRowRecall:
      return row_ratios(kernels, pair, number, true, target);
    case ValueKind::kEarthMovers:
      return histograms.earth_movers(pair, number, spec.form, scratch, target);
    case ValueKind::kMeanError:
      return histograms.mean_error(pair, spec.bins, target);
    case ValueKind::kBinaryCrossentropy:
      return (spec.from_logits ? entropies.binary_crossentropy_of_logits : entropies.binary_crossentropy)(pair, number,
                                                                                                          target);
    case ValueKind::kDivergence:
      return entropies.kl_divergence(pair, number, target);
    case ValueKind::kPoisson:
      return entropies.poisson(pair, number, target);
    case ValueKind::kHinge:
      return errors.hinge(pair, number, target);
    case ValueKind::kSquaredHinge:
      return errors.squared_hinge(pair, number, target);
    case ValueKind::kCategoricalHinge:
      return errors.categorical_hinge(pair, number, target);
    case ValueKind::kPercentageError:
      return errors.percentage_error(pair, number, target);
    case ValueKind::kSquaredLogarithmicError:
      return errors.squared_logarithmic_error(pair, number, target);
    case ValueKind::kLogCosh:
      return errors.log_cosh(pair, number, target);
    case ValueKind::kHuber:
      return errors.huber(pair, number, target);
    case ValueKind::kRelativeError:
      return errors.relative_error(pair, spec.bins, target);
    case ValueKind::kCosine:
      return correlations.cosine(pair, number, target);
    case ValueKind::kPearson:
      return correlations.pearson(pair, number, target);
    case ValueKind::kConcordance:
      return correlations.concordance(pair, number, target);
    case ValueKind::kReached:
      for (int64_t row = 0; row < pair.rows; ++row)
        target[row] = static_cast<double>(pair.y_pred[row * pair.pred_stride]) >= number ? 1.0 : 0.0;
      return;
    default:
      return plain.row_mean(pair, target);
  }
}

template void derive_paired_value<float>(const Kernels&, const ValueSpec&, const PairedRows<float>&, double*, double*);
template void derive_paired_value<double>(const Kernels&, const ValueSpec&, const PairedRows<double>&, double*,
                                          double*);

}  // namespace tally
