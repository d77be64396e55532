"""Means of tensors element by element, and relative errors: what Keras 2 had beside the metrics of Keras 3."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.arguments import as_integer
from tallymetrics.inputs import Array, Batch, Layouts, aligned_pair, as_array
from tallymetrics.metrics.exact_planes import ExactPlanes
from tallymetrics.metrics.metric import Metric
from tallymetrics.metrics.native import Accumulator
from tallymetrics.metrics.reduction_metrics import MeanMetricWrapper


class MeanTensor(Metric):
    """Weighted mean of tensors of one shape, element by element, over updates.

    `sum(weight * value) / sum(weight)` of each element, with exact sums.

    Args:
        name: Name of the metric, default `"mean_tensor"`.
        dtype: What `result()` is rounded to, default float64.
        shape: Shape of the tensors; by default (None) that of the first update.

    `update_state(values, sample_weight=None)` takes one tensor of finite values; weights broadcast to it, those of
    fewer axes from the left.

    Example:
        >>> from tallymetrics import metrics
        >>> mean = metrics.MeanTensor()
        >>> mean.update_state([0, 1, 2, 3])
        >>> mean.update_state([4, 5, 6, 7], sample_weight=[1, 0.2, 1, 0])
        >>> mean.result().round(4)
        array([2.    , 1.6667, 4.    , 3.    ])

    Differs from Keras 2: sums are exact; values, weights and products that are not finite are refused. Before the first
    update of a metric without `shape` the result is an empty array, where Keras raises.
    """

    def __init__(
        self, name: str | None = "mean_tensor", dtype: Any = None, shape: tuple[int, ...] | list[int] | None = None
    ) -> None:
        super().__init__(dtype, name)
        self._given_shape = None if shape is None else tuple(as_integer(one, "shape", 0, 2**31 - 1) for one in shape)
        self.total: ExactPlanes = self._track(ExactPlanes(self._given_shape, "total"))
        self.count: ExactPlanes = self._track(ExactPlanes(self._given_shape, "count"))

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Adds a tensor.

        Args:
            values: A tensor of the metric's shape.
            sample_weight: Optional weights that broadcast to it.

        Raises:
            ValueError: If the shape differs or a number is not finite; the state is as before then.
        """
        array = as_array(values, "values")
        with self._lock:
            shape = self.total.known_shape
            if shape is not None and array.shape != shape:
                raise ValueError(f"`values` must have shape {shape}. Received shape {array.shape}.")
            if sample_weight is None and self._add_plainly(array):
                return
            numbers = _finite(array, "values")
            weights = None if sample_weight is None else _weights(sample_weight, array.shape)
            products = numbers
            if weights is not None:
                with np.errstate(over="ignore"):
                    products = _finite(numbers * weights, "values * sample_weight")
            committed: list[bool] = []
            try:
                additions = [self.total.addition(array.shape, products), self.count.addition(array.shape, weights)]
                _core.add_to_tables(additions, committed)
            finally:
                for table in (self.total, self.count):
                    table.settle_room(bool(committed))

    def _add_plainly(self, values: Array) -> bool:
        """Adds values without weights, if they are plain enough."""
        committed: list[bool] = []
        try:
            return self.total.add_tensor(values, self.count, committed)
        finally:
            for table in (self.total, self.count):
                table.settle_room(bool(committed))

    def result(self) -> npt.NDArray[Any]:
        """Returns the mean of each element, float64; 0.0 where the weights sum to 0."""
        with self._lock:
            ones = self.count.ones
            if ones is not None:
                rounded = self.total.rounded()
                return np.asarray(self._as_result(np.divide(rounded, max(ones, 1), out=rounded)))
            total, count = self.total.value, self.count.value
        mean: npt.NDArray[Any] = np.divide(total, count, out=np.zeros(total.shape), where=count != 0)
        return np.asarray(self._as_result(mean))

    def get_config(self) -> dict[str, Any]:
        shape = self._given_shape
        return {**super().get_config(), "shape": None if shape is None else list(shape)}

    def _merge_key(self) -> dict[str, Any]:
        return {}


def _finite(array: Array, name: str) -> npt.NDArray[np.float64]:
    numbers = np.ascontiguousarray(array, np.float64).reshape(array.shape)
    finite = np.isfinite(numbers)
    if not finite.all():
        raise ValueError(f"`{name}` must be finite. Received {numbers[~finite][0]}.")
    return numbers


def _weights(sample_weight: Any, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    weights = _finite(as_array(sample_weight, "sample_weight"), "sample_weight")
    aligned = weights.reshape(weights.shape + (1,) * (len(shape) - weights.ndim))
    try:
        return np.ascontiguousarray(np.broadcast_to(aligned, shape)).reshape(shape)
    except ValueError:
        raise ValueError(
            f"`sample_weight` must broadcast to `values`, shape {shape}. Received shape {weights.shape}."
        ) from None


def _relative_errors(y_true: Array, y_pred: Array, normalizer: Array) -> npt.NDArray[np.float64]:
    errors: npt.NDArray[np.float64] = np.subtract(*aligned_pair(y_true, y_pred), dtype=np.float64)
    np.abs(errors, out=errors)
    try:
        zero = np.broadcast_to(normalizer == 0, errors.shape)
    except ValueError:
        raise ValueError(
            f"`normalizer` must broadcast to `y_pred`, shape {errors.shape}. Received shape {normalizer.shape}."
        ) from None
    np.divide(errors, np.where(normalizer == 0, 1.0, normalizer), out=errors)
    if not normalizer.all():
        errors[zero] = 0
    return errors


class MeanRelativeError(MeanMetricWrapper):
    """Mean of the errors relative to a normalizer: `mean(abs(y_pred - y_true) / normalizer)`.

    Args:
        normalizer: Number or array that broadcasts to `y_pred`; where it is 0 the relative error is 0.
        name: Name of the metric, default `"mean_relative_error"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes two arrays of one shape [samples, ...]; each sample counts once, and weights broadcast to the
    samples. A metric of Keras 2.

    Example:
        >>> from tallymetrics import metrics
        >>> error = metrics.MeanRelativeError(normalizer=[1, 3, 2, 3])
        >>> error.update_state([1, 3, 2, 3], [2, 4, 6, 8])
        >>> round(error.result(), 4)
        1.25
    """

    def __init__(self, normalizer: Any, name: str | None = "mean_relative_error", dtype: Any = None) -> None:
        self.normalizer = as_array(normalizer, "normalizer").astype(np.float64)
        super().__init__(_relative_errors, name, dtype, normalizer=self.normalizer)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Adds a batch; weights broadcast to the samples."""
        if self._repeated.add(y_true, y_pred, sample_weight):
            return
        layouts = Layouts(y_true, y_pred, sample_weight)
        is_plain = layouts.y_true.shape == layouts.y_pred.shape and layouts.y_pred.size
        batch = layouts.paired_or_elements() if is_plain else None
        if batch is not None and self._is_of_columns(batch, layouts.y_pred.ndim):
            self._add(batch, (y_true, y_pred, sample_weight))
        else:
            super().update_state(y_true, y_pred, sample_weight)

    def _is_of_columns(self, batch: Batch, axes: int) -> bool:
        """Whether the normalizer has one number for each column of the batch's rows."""
        width = 1 if batch.y_pred.ndim == 1 else batch.y_pred.shape[1]
        size = self.normalizer.size
        return self.normalizer.ndim <= axes and size in (1, width) and self.normalizer.shape[-1:] in ((), (size,))

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        if batch.y_true is None:
            return super().accumulators(batch)
        width = 1 if batch.y_pred.ndim == 1 else batch.y_pred.shape[1]
        normalizers = np.ascontiguousarray(np.broadcast_to(self.normalizer.reshape(-1), width))
        return [(_core.MEAN, self.total.words, self.count.words, _core.RELATIVE_ERROR, 0.0, False, normalizers, None)]

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype, "normalizer": self.normalizer.tolist()}
