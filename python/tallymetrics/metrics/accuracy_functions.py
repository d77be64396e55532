"""Whether predictions are right, one by one: the functions of keras.metrics.accuracy_metrics.

They return float64 arrays of 0.0 and 1.0, or one number where the result has no axis.
"""

from typing import Any

import numpy as np

from tallymetrics import _core
from tallymetrics.arguments import as_integer
from tallymetrics.inputs import Layouts, as_array
from tallymetrics.metrics.functions import broadcast_pair, row_values, shaped


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """Returns which predictions equal the labels: `y_true == y_pred`.

    Args:
        y_true: Labels of any shape.
        y_pred: Predictions of that shape.

    Returns:
        float64 0.0 or 1.0 for each element. Integers are compared exactly, two floating-point arrays in the
        precision of the predictions.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.accuracy([1, 2, 3, 4], [0, 2, 3, 4])
        array([0., 1., 1., 1.])

    Differs from Keras: a label is never cast to an integer type, so 0.7 does not match a prediction 0.
    """
    true, pred = broadcast_pair(y_true, y_pred)
    if true.dtype.kind == "f" and pred.dtype.kind == "f" and true.itemsize > pred.itemsize:
        with np.errstate(over="ignore"):
            true = true.astype(pred.dtype)
    return shaped(row_values(Layouts(true, pred).elements(), _core.EQUAL), pred.shape)


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """Returns which predictions are on the right side of a threshold: `y_true == (y_pred > threshold)`.

    Args:
        y_true: Labels 0 or 1 of any shape.
        y_pred: Scores of that shape.
        threshold: Scores above it, and only those, are predictions of 1; taken in the dtype of the scores.

    Returns:
        float64 0.0 or 1.0 for each element, as in Keras 3; Keras 2 returned their mean over the last axis.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.binary_accuracy([1, 1, 0, 0], [0.98, 1, 0, 0.6])
        array([1., 1., 1., 0.])
    """
    true, pred = broadcast_pair(y_true, y_pred)
    number = float(pred.dtype.type(threshold)) if pred.dtype.kind == "f" else float(threshold)
    return shaped(row_values(Layouts(true, pred).elements(), _core.BINARY_EQUAL, number), pred.shape)


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Returns which rows have their highest score at the highest target: `argmax(y_true) == argmax(y_pred)`.

    Args:
        y_true: One-hot rows, or any targets, [..., classes].
        y_pred: Scores [..., classes].

    Returns:
        float64 0.0 or 1.0 for each row, [...].

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.categorical_accuracy([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
        array([0., 1.])
    """
    layouts = _rows(y_true, y_pred)
    return shaped(row_values(layouts.dense("classes"), _core.HIT), np.shape(y_pred)[:-1])


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Returns which rows have their highest score at the label: `y_true == argmax(y_pred)`.

    Args:
        y_true: Labels in [0, classes), [...] or [..., 1].
        y_pred: Scores [..., classes].

    Returns:
        float64 0.0 or 1.0 for each row, [...]; a trailing axis of length 1 is dropped.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.sparse_categorical_accuracy([2, 1], [[0.1, 0.6, 0.3], [0.05, 0.95, 0]])
        array([0., 1.])

    Differs from Keras: a label outside [0, classes) is an error.
    """
    layouts = Layouts(y_true, y_pred)
    values = row_values(layouts.sparse(), _core.HIT)
    shape = layouts.y_pred.shape[:-1]
    return shaped(values, shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape)


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """Returns which rows have the highest target among the k highest scores; ties at the boundary all count.

    Args:
        y_true: One-hot rows, or any targets, [..., classes].
        y_pred: Scores [..., classes].
        k: Number of highest scores.

    Returns:
        float64 0.0 or 1.0 for each row, [...].

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.top_k_categorical_accuracy([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]], k=1)
        array([0., 1.])
    """
    number = as_integer(k, "k", 1, 2**31 - 1)
    layouts = _rows(y_true, y_pred)
    return shaped(row_values(layouts.dense("classes"), _core.WITHIN_TOP, number), np.shape(y_pred)[:-1])


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Any:
    """Returns which labels are among the k highest scores; ties at the boundary all count.

    Args:
        y_true: Labels in [0, classes), [...] or [..., 1].
        y_pred: Scores [..., classes].
        k: Number of highest scores.
        from_sorted_ids: If true, `y_pred` holds class ids [..., ids], best first, in place of scores.

    Returns:
        float64 0.0 or 1.0 for each label, in the shape of `y_true`.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.sparse_top_k_categorical_accuracy([2, 1], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]], k=1)
        array([0., 1.])

    Differs from Keras: a label outside [0, classes) is an error.
    """
    number = as_integer(k, "k", 1, 2**31 - 1)
    layouts = Layouts(y_true, y_pred)
    batch = layouts.sparse()
    if not from_sorted_ids:
        return shaped(row_values(batch, _core.WITHIN_TOP, number), layouts.y_true.shape)
    assert batch.y_true is not None
    within = np.any(batch.y_pred[:, :number] == batch.y_true[:, np.newaxis], axis=-1)
    return shaped(within.astype(np.float64), layouts.y_true.shape)


def _rows(y_true: Any, y_pred: Any) -> Layouts:
    """A pair of rank 1 is one row."""
    return Layouts(np.atleast_2d(as_array(y_true, "y_true")), np.atleast_2d(as_array(y_pred, "y_pred")))


acc = ACC = accuracy
