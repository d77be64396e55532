"""Correlations within rows, the twins of keras.metrics.correlation_metrics."""

from typing import Any

from tallymetrics import _core
from tallymetrics.arguments import Axes, as_axes
from tallymetrics.inputs import Batch, Layouts
from tallymetrics.metrics.native import MeanOfRows


class PearsonCorrelation(MeanOfRows):
    """Mean over rows of Pearson's correlation within a row.

    `sum(a * b) / sqrt(sum(a**2) * sum(b**2))` with `a = y_true - mean(y_true)` and `b = y_pred - mean(y_pred)`. The
    means are subtracted first, so that an offset of any size costs no precision.

    Args:
        name: Name of the metric, default `"pearson_correlation"`.
        dtype: What `result()` is rounded to, default float64.
        axis: The axis along which to correlate, default the last, or several as a tuple.

    `update_state` takes two arrays of one shape [..., width]; weights broadcast to the rows. A row whose labels or
    predictions are all equal has no correlation and gives NaN, and so does a row of width 1, a NaN or an infinity.

    Example:
        >>> from tallymetrics import metrics
        >>> correlation = metrics.PearsonCorrelation()
        >>> correlation.update_state([[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]])
        >>> round(correlation.result(), 7)
        0.9966996

    Differs from Keras: arrays of rank 1 are refused; Keras takes a whole batch of them as one row, so that the
    result depends on how the data are cut into batches. A constant row gives NaN also where its mean is rounded;
    Keras then answers with a correlation of rounding errors.
    """

    _value = _core.PEARSON

    def __init__(self, name: str | None = "pearson_correlation", dtype: Any = None, axis: Axes = -1) -> None:
        super().__init__(name, dtype)
        self.axis = as_axes(axis)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.vectors(self.axis)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


class ConcordanceCorrelation(MeanOfRows):
    """Mean over rows of Lin's concordance correlation within a row.

    `2 * cov / (var_true + var_pred + (mean_true - mean_pred)**2 + 1e-7)`, of the elements of a row. The means are
    subtracted first, so that an offset of any size costs no precision.

    Args:
        name: Name of the metric, default `"concordance_correlation"`.
        dtype: What `result()` is rounded to, default float64.
        axis: The axis along which to correlate, default the last, or several as a tuple.

    `update_state` takes two arrays of one shape [..., width]; weights broadcast to the rows. A constant row gives 0,
    a NaN or an infinity gives NaN.

    Example:
        >>> from tallymetrics import metrics
        >>> correlation = metrics.ConcordanceCorrelation()
        >>> correlation.update_state([[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]])
        >>> round(correlation.result(), 7)
        0.9816317

    Differs from Keras: arrays of rank 1 are refused, as `PearsonCorrelation` explains.

    Source: Lin, "A Concordance Correlation Coefficient to Evaluate Reproducibility", Biometrics 45 (1989).
    """

    _value = _core.CONCORDANCE

    def __init__(self, name: str | None = "concordance_correlation", dtype: Any = None, axis: Axes = -1) -> None:
        super().__init__(name, dtype)
        self.axis = as_axes(axis)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.vectors(self.axis)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
