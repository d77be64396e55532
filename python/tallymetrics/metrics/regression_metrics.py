"""Errors of real-valued predictions, the twins of keras.metrics.regression_metrics."""

from typing import Any

from tallymetrics import _core
from tallymetrics.inputs import Batch, Layouts
from tallymetrics.metrics.native import MeanOfRows


class MeanSquaredError(MeanOfRows):
    """Mean squared error: `mean((y_true - y_pred)**2)` over the last axis, then over samples.

    Args:
        name: Name of the metric, default `"mean_squared_error"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes two arrays of one shape, [samples] or [samples, ..., outputs]; weights broadcast to the
    samples.

    Example:
        >>> from tallymetrics import metrics
        >>> error = metrics.MeanSquaredError()
        >>> error.update_state([[0, 1], [0, 0]], [[1, 1], [0, 0]])
        >>> error.result()
        0.25

    Differs from Keras: arrays of rank 1 are samples, each counted and weighted by itself; Keras takes a whole rank-1
    batch as one sample, so that batches of unequal size give a mean of batch means.
    """

    _value = _core.SQUARED_ERROR

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.paired()


class MeanAbsoluteError(MeanOfRows):
    """Mean absolute error: `mean(abs(y_true - y_pred))` over the last axis, then over samples.

    Args:
        name: Name of the metric, default `"mean_absolute_error"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes two arrays of one shape, [samples] or [samples, ..., outputs]; weights broadcast to the
    samples.

    Example:
        >>> from tallymetrics import metrics
        >>> error = metrics.MeanAbsoluteError()
        >>> error.update_state([[0, 1], [0, 0]], [[1, 1], [0, 0]])
        >>> error.result()
        0.25

    Differs from Keras: arrays of rank 1 are samples, as `MeanSquaredError` explains.
    """

    _value = _core.ABSOLUTE_ERROR

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.paired()
