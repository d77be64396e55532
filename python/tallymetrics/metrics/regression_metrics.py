"""Errors of real-valued predictions, the twins of keras.metrics.regression_metrics."""

import math
from typing import Any

from tallymetrics import _core
from tallymetrics.arguments import Axes, as_axes
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


class RootMeanSquaredError(MeanOfRows):
    """Root mean squared error: `sqrt(mean((y_true - y_pred)**2))`, the mean over the elements of a sample, then over
    all samples.

    Args:
        name: Name of the metric, default `"root_mean_squared_error"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes two arrays of one shape, [samples] or [samples, ...]; weights broadcast to the samples or to
    all elements.

    Example:
        >>> from tallymetrics import metrics
        >>> error = metrics.RootMeanSquaredError()
        >>> error.update_state([[0, 1], [0, 0]], [[1, 1], [0, 0]])
        >>> error.result()
        0.5
    """

    _value = _core.SQUARED_ERROR

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.paired_or_elements()

    def result(self) -> float:
        """Returns the error over all samples so far; 0.0 where the weights sum to 0, NaN for a negative mean, which
        negative weights can give."""
        with self._lock:
            mean = self.total.divided_by(self.count.integer())
        value: float = self._as_result(math.nan if mean < 0 else math.sqrt(mean))
        return value


class MeanAbsolutePercentageError(MeanOfRows):
    """Mean absolute error in percent of the labels.

    `100 * mean(abs(y_true - y_pred) / max(abs(y_true), 1e-7))` over the last axis, then over samples.

    Args:
        name: Name of the metric, default `"mean_absolute_percentage_error"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes two arrays of one shape, [samples] or [samples, ..., outputs]; weights broadcast to the
    samples. A label of 0 with a prediction p gives `1e9 * abs(p)`.

    Example:
        >>> from tallymetrics import metrics
        >>> error = metrics.MeanAbsolutePercentageError()
        >>> error.update_state([[1, 2], [4, 5]], [[1, 1], [5, 5]])
        >>> error.result()
        18.75

    Differs from Keras: arrays of rank 1 are samples, as `MeanSquaredError` explains.
    """

    _value = _core.PERCENTAGE_ERROR

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.paired()


class MeanSquaredLogarithmicError(MeanOfRows):
    """Mean squared error of logarithms.

    `mean((log(max(y_true, 1e-7) + 1) - log(max(y_pred, 1e-7) + 1))**2)` over the last axis, then over samples: negative
    numbers count as 0. The difference is computed as one logarithm, so that small numbers and near ones lose nothing.

    Args:
        name: Name of the metric, default `"mean_squared_logarithmic_error"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes two arrays of one shape, [samples] or [samples, ..., outputs]; weights broadcast to the
    samples.

    Example:
        >>> from tallymetrics import metrics
        >>> error = metrics.MeanSquaredLogarithmicError()
        >>> error.update_state([[0, 1], [0, 0]], [[1, 1], [0, 0]])
        >>> round(error.result(), 7)
        0.1201132

    Differs from Keras: arrays of rank 1 are samples, as `MeanSquaredError` explains.
    """

    _value = _core.SQUARED_LOGARITHMIC_ERROR

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.paired()


class LogCoshError(MeanOfRows):
    """Mean logarithm of the hyperbolic cosine of the error.

    `mean(log(cosh(y_pred - y_true)))` over the last axis, then over samples: about `error**2 / 2` where it is small,
    `abs(error) - log(2)` where it is large, and accurate in both.

    Args:
        name: Name of the metric, default `"logcosh"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes two arrays of one shape, [samples] or [samples, ..., outputs]; weights broadcast to the
    samples.

    Example:
        >>> from tallymetrics import metrics
        >>> error = metrics.LogCoshError()
        >>> error.update_state([[0, 1], [0, 0]], [[1, 1], [0, 0]])
        >>> round(error.result(), 7)
        0.1084452

    Differs from Keras: arrays of rank 1 are samples, as `MeanSquaredError` explains; an error of 1e-4 gives 5e-9,
    where Keras's formula cancels in float32.
    """

    _value = _core.LOG_COSH

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.paired()


class CosineSimilarity(MeanOfRows):
    """Mean over rows of the cosine of the angle between labels and predictions.

    `sum(y_true * y_pred) / (norm(y_true) * norm(y_pred))`, from -1 (opposite) to 1 (the same direction); 0 if either
    is all zeros.

    Args:
        name: Name of the metric, default `"cosine_similarity"`.
        dtype: What `result()` is rounded to, default float64.
        axis: The axis along which to compare, default the last, or several as a tuple.

    `update_state` takes two arrays of one shape [..., width]; weights broadcast to the rows. A NaN or an infinity gives
    NaN.

    Example:
        >>> from tallymetrics import metrics
        >>> similarity = metrics.CosineSimilarity()
        >>> similarity.update_state([[0, 1], [1, 1]], [[1, 0], [1, 1]])
        >>> similarity.result()
        0.5

    Differs from Keras: arrays of rank 1 are refused; Keras takes a whole batch of them as one row. Arrays are
    broadcast before their lengths are measured; Keras normalises a column of width 1 by itself and may answer beyond 1.
    The configuration keeps `axis`, which Keras's drops, and `axis=0` works.
    """

    _value = _core.COSINE

    def __init__(self, name: str | None = "cosine_similarity", dtype: Any = None, axis: Axes = -1) -> None:
        super().__init__(name, dtype)
        self.axis = as_axes(axis)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.vectors(self.axis)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
