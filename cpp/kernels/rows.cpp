// One value for each pair of rows: plain errors and equality.
#include "kernels/row_sums.h"

namespace {

template <class T>
void squared_error(const PairedRows<T>& rows, double* means) {
  means_of_rows(rows, [](auto y_true, auto y_pred) { return (y_true - y_pred) * (y_true - y_pred); }, means);
}

template <class T>
void absolute_error(const PairedRows<T>& rows, double* means) {
  means_of_rows(rows, [](auto y_true, auto y_pred) { return absolute(y_true - y_pred); }, means);
}

template <class T>
void equal(const PairedRows<T>& rows, double* means) {
  means_of_rows(rows, [](auto y_true, auto y_pred) { return indicator(y_true == y_pred); }, means);
}

template <class T>
void binary_equal(const PairedRows<T>& rows, double threshold, double* means) {
  means_of_rows(
      rows, [threshold](auto y_true, auto y_pred) { return indicator(y_true == indicator(y_pred > threshold)); },
      means);
}

template <class T>
void row_mean(const PairedRows<T>& rows, double* means) {
  means_of_rows(rows, [](auto, auto value) { return value; }, means);
}

template <class T>
constexpr tally::RowFunctions<T> functions() {
  return {squared_error<T>, absolute_error<T>, equal<T>, binary_equal<T>, row_mean<T>};
}

}  // namespace

#define TALLY_TABLE TALLY_JOIN(tally_row_kernels, TALLY_LEVEL)
extern "C" const tally::RowKernels TALLY_TABLE;
const tally::RowKernels TALLY_TABLE = {functions<float>(), functions<double>()};
