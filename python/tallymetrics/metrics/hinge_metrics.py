"""Losses of margins, the twins of keras.metrics.hinge_metrics."""

from typing import Any

from tallymetrics import _core
from tallymetrics.inputs import Batch, Layouts
from tallymetrics.metrics.native import MeanOfRows


class Hinge(MeanOfRows):
    """Mean hinge loss: `mean(max(1 - y_true * y_pred, 0))` over the last axis, then over samples.

    Args:
        name: Name of the metric, default `"hinge"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes labels -1 or 1 (or 0, which stands for -1) and scores of one shape, [samples] or
    [samples, ..., outputs]; weights broadcast to the samples. A NaN gives NaN.

    Example:
        >>> from tallymetrics import metrics
        >>> hinge = metrics.Hinge()
        >>> hinge.update_state([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])
        >>> round(hinge.result(), 7)
        1.3

    Differs from Keras: the label 0 always stands for -1, while Keras converts the labels of a batch only if all of
    them are 0 or 1, so that one label's loss depends on the others of its batch; arrays of rank 1 are samples, as
    `MeanSquaredError` explains.
    """

    _value = _core.HINGE

    def __init__(self, name: str | None = "hinge", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.paired()


class SquaredHinge(MeanOfRows):
    """Mean squared hinge loss: `mean(max(1 - y_true * y_pred, 0)**2)` over the last axis, then over samples.

    Args:
        name: Name of the metric, default `"squared_hinge"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes labels -1 or 1 (or 0, which stands for -1) and scores of one shape, [samples] or
    [samples, ..., outputs]; weights broadcast to the samples. A NaN gives NaN.

    Example:
        >>> from tallymetrics import metrics
        >>> hinge = metrics.SquaredHinge()
        >>> hinge.update_state([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])
        >>> round(hinge.result(), 7)
        1.86

    Differs from Keras: the label 0 always stands for -1, and arrays of rank 1 are samples, as `Hinge` explains.
    """

    _value = _core.SQUARED_HINGE

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.paired()


class CategoricalHinge(MeanOfRows):
    """Mean categorical hinge loss: `max(neg - pos + 1, 0)` for each row.

    `pos = sum(y_true * y_pred)` is the score of the true class, `neg = max((1 - y_true) * y_pred)` the highest of the
    others.

    Args:
        name: Name of the metric, default `"categorical_hinge"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes one-hot rows (or any targets) and scores of one shape [..., classes]; weights broadcast to the
    rows. A NaN gives NaN.

    Example:
        >>> from tallymetrics import metrics
        >>> hinge = metrics.CategoricalHinge()
        >>> hinge.update_state([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])
        >>> round(hinge.result(), 7)
        1.4

    Differs from Keras: arrays of rank 1 are refused; Keras takes a whole batch of them as one row.
    """

    _value = _core.CATEGORICAL_HINGE

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.vectors()
