"""Sums and means of values, the twins of keras.metrics.reduction_metrics."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from tallymetrics import _core
from tallymetrics.inputs import Batch, as_array, masked_weights, row_weights, rows_per_sample, values_batch
from tallymetrics.metrics.functions_by_name import function_config, function_of
from tallymetrics.metrics.names import snake_case
from tallymetrics.metrics.native import Accumulator, MeanOfRows, NativeMetric

Wrapper = TypeVar("Wrapper", bound="MeanMetricWrapper")


class Sum(NativeMetric):
    """Weighted sum of values.

    Args:
        name: Name of the metric, default `"sum"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state(values, sample_weight=None)` takes values of any shape, read as float64; weights broadcast to
    them from the left.

    Example:
        >>> from tallymetrics import metrics
        >>> total = metrics.Sum()
        >>> total.update_state([1e16, 1, -1e16])
        >>> total.result()
        1.0
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self._exact_sum("total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Adds values, [...], with weights that broadcast to them."""
        if self._repeated.add(None, values, sample_weight):
            return
        array = as_array(values, "values")
        weights = row_weights(sample_weight, array.shape or (1,))
        elements = array if array.ndim == 1 else array.reshape(-1)
        # Without weights, it makes no difference which elements are one sample's.
        inner = 1 if weights is None else rows_per_sample(array.shape)
        self._add(Batch(None, elements, weights, inner), (None, values, sample_weight))

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        return [(_core.MEAN, self.total.words, None, _core.ROW_MEAN, 0.0, False, None, None)]

    def result(self) -> float:
        """Returns the sum, rounded once; 0.0 for an empty state."""
        with self._lock:
            value: float = self._as_result(float(self.total))
        return value


class Mean(MeanOfRows):
    """Weighted mean of values, each sample (first axis) counting once whatever its length.

    Args:
        name: Name of the metric, default `"mean"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state(values, sample_weight=None)` takes values [samples, ...]; weights broadcast to them from the left.

    Example:
        >>> from tallymetrics import metrics
        >>> mean = metrics.Mean()
        >>> mean.update_state([1, 3, 5, 7], sample_weight=[1, 1, 0, 0])
        >>> mean.result()
        2.0
    """

    _value = _core.ROW_MEAN

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Adds values, [samples, ...], with weights that broadcast to them."""
        if not self._repeated.add(None, values, sample_weight):
            self._add(values_batch(values, sample_weight), (None, values, sample_weight))


class MeanMetricWrapper(Mean):
    """Weighted mean of what a function of `(y_true, y_pred)` returns.

    Args:
        fn: `fn(y_true, y_pred, **kwargs)` returns one value for each sample, [samples, ...], or one for the batch,
            which then stands for every sample of it.
        name: Name of the metric, by default the function's.
        dtype: What `result()` is rounded to, default float64.
        **kwargs: Passed to `fn`.

    Example:
        >>> import numpy as np
        >>> from tallymetrics import metrics
        >>> def within_one(y_true, y_pred):
        ...     return np.abs(y_true - y_pred) <= 1
        >>> metric = metrics.MeanMetricWrapper(within_one)
        >>> metric.update_state([1, 2, 3], [1.5, 5, 3])
        >>> round(metric.result(), 4)
        0.6667

    Differs from Keras: a function that returns a single value for the batch is weighted by the batch's samples.
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        if not callable(fn):
            raise TypeError(f"`fn` must be a function of (y_true, y_pred). Received {fn!r}.")
        super().__init__(name or snake_case(getattr(fn, "__name__", type(fn).__name__)), dtype)
        self._fn = fn
        self._fn_kwargs = kwargs

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Calls the function on NumPy arrays and adds its values."""
        labels, predictions = as_array(y_true, "y_true"), as_array(y_pred, "y_pred")
        values = as_array(self._fn(labels, predictions, **self._fn_kwargs), "values")
        if values.ndim == 0:
            values = np.broadcast_to(values, predictions.shape[:1] or (1,))
        weights = row_weights(masked_weights(sample_weight, y_pred, values.shape), values.shape)
        super().update_state(values, None if weights is None else weights.reshape(values.shape))

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments; `fn` by its name where it can be found again, as JSON needs it."""
        return {"name": self.name, "dtype": self.dtype, "fn": function_config(self._fn), **self._fn_kwargs}

    @classmethod
    def from_config(cls: type[Wrapper], config: dict[str, Any]) -> Wrapper:
        """Returns a fresh metric of a configuration."""
        return cls(**{key: function_of(value) for key, value in config.items()})
