"""Shares of right predictions, the twins of keras.metrics.accuracy_metrics."""

from typing import Any

import numpy as np

from tallymetrics import _core
from tallymetrics.arguments import as_integer, as_number
from tallymetrics.inputs import Batch, Layouts
from tallymetrics.metrics.native import Accumulator, MeanOfRows


class Accuracy(MeanOfRows):
    """Share of predictions that equal the labels.

    `accuracy = mean(y_true == y_pred)`, elementwise, each sample (first axis) counting once.

    Args:
        name: Name of the metric, default `"accuracy"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes `y_true` and `y_pred` of one shape, [samples] or [samples, ...]; `sample_weight` broadcasts to
    them.

    Example:
        >>> from tallymetrics import metrics
        >>> accuracy = metrics.Accuracy()
        >>> accuracy.update_state([1, 2, 3, 4], [0, 2, 3, 4])
        >>> accuracy.result()
        0.75

    Integers are compared exactly, with each other and with floats. Two floating-point arrays are compared in the
    precision of the predictions, as Keras does: a label 0.1 matches a float32 prediction of 0.1.

    Differs from Keras: a label is never cast to an integer type, so 0.7 does not match a prediction 0.
    """

    _value = _core.EQUAL

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def layout(self, layouts: Layouts) -> Batch:
        if layouts.y_pred.ndim == layouts.y_true.ndim + 1 and layouts.y_pred.shape[-1] > 1:
            raise ValueError(
                f"`y_pred` must have shape {layouts.y_true.shape}, as `y_true` has. Received shape "
                f"{layouts.y_pred.shape}. For rows of scores use SparseCategoricalAccuracy."
            )
        true_type, pred_type = layouts.y_true.dtype, layouts.y_pred.dtype
        if true_type.kind in "biu" or pred_type.kind in "biu":
            return layouts.elements()
        batch = layouts.paired_or_elements()
        if true_type.kind == "f" and pred_type.kind == "f" and true_type.itemsize > pred_type.itemsize:
            assert batch.y_true is not None
            with np.errstate(over="ignore"):
                return batch._replace(y_true=batch.y_true.astype(pred_type))
        return batch


class BinaryAccuracy(MeanOfRows):
    """Share of predictions on the right side of a threshold.

    `accuracy = mean(y_true == (y_pred > threshold))`, elementwise, each sample (first axis) counting once.

    Args:
        name: Name of the metric, default `"binary_accuracy"`.
        dtype: What `result()` is rounded to, default float64.
        threshold: Scores above it, and only those, are predictions of 1; default 0.5. Taken in the dtype of the scores.

    `update_state` takes labels 0 or 1 and scores of one shape, [samples] or [samples, ...]; a NaN score predicts 0.

    Example:
        >>> from tallymetrics import metrics
        >>> accuracy = metrics.BinaryAccuracy()
        >>> accuracy.update_state([[1], [1], [0], [0]], [[0.98], [1], [0], [0.6]])
        >>> accuracy.result()
        0.75
    """

    _value = _core.BINARY_EQUAL

    def __init__(self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(name, dtype)
        self.threshold = as_number(threshold, "threshold", 0, 1)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.paired_or_elements()

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        scores = batch.y_pred.dtype
        return [self._mean(float(scores.type(self.threshold)) if scores.kind == "f" else self.threshold)]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "threshold": self.threshold}


class CategoricalAccuracy(MeanOfRows):
    """Share of rows whose highest score is at the highest target.

    `accuracy = mean(argmax(y_true) == argmax(y_pred))`; the first of equal scores counts, and NaN as the highest.

    Args:
        name: Name of the metric, default `"categorical_accuracy"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes one-hot rows (or any targets) and scores, both [..., classes].

    Example:
        >>> from tallymetrics import metrics
        >>> accuracy = metrics.CategoricalAccuracy()
        >>> accuracy.update_state([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
        >>> accuracy.result()
        0.5
    """

    _value = _core.HIT

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.dense("classes")


class SparseCategoricalAccuracy(MeanOfRows):
    """Share of rows whose highest score is at the label.

    `accuracy = mean(y_true == argmax(y_pred))`; the first of equal scores counts, and NaN as the highest.

    Args:
        name: Name of the metric, default `"sparse_categorical_accuracy"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes labels in [0, classes), [...] or [..., 1], and scores [..., classes].

    Example:
        >>> from tallymetrics import metrics
        >>> accuracy = metrics.SparseCategoricalAccuracy()
        >>> accuracy.update_state([[2], [1]], [[0.1, 0.6, 0.3], [0.05, 0.95, 0]])
        >>> accuracy.result()
        0.5

    Differs from Keras: a label outside [0, classes) is an error, not a wrong prediction, and labels are never cast to
    the dtype of the scores, where half precision would confuse those above 2048.
    """

    _value = _core.HIT

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.sparse()


class TopKCategoricalAccuracy(MeanOfRows):
    """Share of rows whose highest target is among the k highest scores.

    A score is among the k highest if fewer than k others are greater: ties at the boundary all count. A NaN score of
    the true class never counts; other NaN rank above it.

    Args:
        k: Number of highest scores, default 5.
        name: Name of the metric, default `"top_k_categorical_accuracy"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes one-hot rows (or any targets) and scores, both [..., classes].

    Example:
        >>> from tallymetrics import metrics
        >>> accuracy = metrics.TopKCategoricalAccuracy(k=1)
        >>> accuracy.update_state([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
        >>> accuracy.result()
        0.5
    """

    _value = _core.WITHIN_TOP

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.k = as_integer(k, "k", 1, 2**31 - 1)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.dense("classes")

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        return [self._mean(self.k)]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k": self.k}


class SparseTopKCategoricalAccuracy(MeanOfRows):
    """Share of rows whose label is among the k highest scores.

    A score is among the k highest if fewer than k others are greater: ties at the boundary all count. A NaN score of
    the true class never counts; other NaN rank above it.

    Args:
        k: Number of highest scores, default 5.
        name: Name of the metric, default `"sparse_top_k_categorical_accuracy"`.
        dtype: What `result()` is rounded to, default float64.
        from_sorted_ids: If true, `y_pred` holds class ids [..., ids >= k], best first, in place of scores.

    `update_state` takes labels in [0, classes), [...] or [..., 1], and scores [..., classes].

    Example:
        >>> from tallymetrics import metrics
        >>> accuracy = metrics.SparseTopKCategoricalAccuracy(k=1)
        >>> accuracy.update_state([2, 1], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
        >>> accuracy.result()
        0.5

    Differs from Keras: a label outside [0, classes) is an error; its backends answer False, True or IndexError.
    """

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(name, dtype)
        self.k = as_integer(k, "k", 1, 2**31 - 1)
        self.from_sorted_ids = bool(from_sorted_ids)
        self._value = _core.ROW_MEAN if self.from_sorted_ids else _core.WITHIN_TOP

    def layout(self, layouts: Layouts) -> Batch:
        batch = layouts.sparse()
        if not self.from_sorted_ids:
            return batch
        assert batch.y_true is not None
        if batch.y_pred.shape[-1] < self.k:
            raise ValueError(f"`y_pred` must have shape [..., ids >= {self.k}]. Received shape {layouts.y_pred.shape}.")
        within = np.any(batch.y_pred[:, : self.k] == batch.y_true[:, np.newaxis], axis=-1)
        return batch._replace(y_true=None, y_pred=within)

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        return [self._mean(self.k)]

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "k": self.k}
        return {**config, "from_sorted_ids": True} if self.from_sorted_ids else config
