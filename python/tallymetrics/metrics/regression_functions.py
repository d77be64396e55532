"""Errors of real-valued predictions, one for each row: the functions of keras.metrics that compare numbers.

They return float64, one value for each vector along the axis they reduce, so that two arrays of rank 1 give one number.
"""

import math
from typing import Any

from tallymetrics import _core
from tallymetrics.arguments import Axes, as_axes, as_number
from tallymetrics.metrics.functions import broadcast_pair, values_along


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Returns the mean squared error of each row: `mean((y_true - y_pred)**2)`.

    Args:
        y_true: Labels [..., width].
        y_pred: Predictions of that shape.

    Returns:
        float64, the shape without the last axis.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.mean_squared_error([[0, 1], [0, 0]], [[1, 1], [0, 0]]).round(7)
        array([0.5, 0. ])
    """
    return values_along(broadcast_pair(y_true, y_pred), _core.SQUARED_ERROR)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """Returns the mean absolute error of each row: `mean(abs(y_true - y_pred))`.

    Args:
        y_true: Labels [..., width].
        y_pred: Predictions of that shape.

    Returns:
        float64, the shape without the last axis.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.mean_absolute_error([[0, 1], [0, 0]], [[1, 1], [0, 0]]).round(7)
        array([0.5, 0. ])
    """
    return values_along(broadcast_pair(y_true, y_pred), _core.ABSOLUTE_ERROR)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """Returns the mean absolute error of each row in percent of the labels.

    `100 * mean(abs(y_true - y_pred) / max(abs(y_true), 1e-7))`.

    Args:
        y_true: Labels [..., width].
        y_pred: Predictions of that shape.

    Returns:
        float64, the shape without the last axis.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.mean_absolute_percentage_error([[1, 2], [4, 5]], [[1, 1], [5, 5]]).round(7)
        array([25. , 12.5])
    """
    return values_along(broadcast_pair(y_true, y_pred), _core.PERCENTAGE_ERROR)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """Returns the mean squared error of the logarithms of each row.

    `mean((log(max(y_true, 1e-7) + 1) - log(max(y_pred, 1e-7) + 1))**2)`.

    Args:
        y_true: Labels [..., width].
        y_pred: Predictions of that shape.

    Returns:
        float64, the shape without the last axis.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.mean_squared_logarithmic_error([[0, 1], [0, 0]], [[1, 1], [0, 0]]).round(7)
        array([0.2402264, 0.       ])
    """
    return values_along(broadcast_pair(y_true, y_pred), _core.SQUARED_LOGARITHMIC_ERROR)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """Returns the mean logarithm of the hyperbolic cosine of the errors of each row.

    `mean(log(cosh(y_pred - y_true)))`, accurate for small and for large errors.

    Args:
        y_true: Labels [..., width].
        y_pred: Predictions of that shape.

    Returns:
        float64, the shape without the last axis.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.log_cosh([[0, 1], [0, 0]], [[1, 1], [0, 0]]).round(7)
        array([0.2168904, 0.       ])
    """
    return values_along(broadcast_pair(y_true, y_pred), _core.LOG_COSH)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Returns the mean Huber loss of each row: squares of small errors, multiples of large ones.

    `error**2 / 2` where `abs(error) <= delta`, else `delta * abs(error) - delta**2 / 2`.

    Args:
        y_true: Labels [..., width].
        y_pred: Predictions of that shape.
        delta: Where the loss turns from quadratic to linear.

    Returns:
        float64, the shape without the last axis.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.huber([[0, 1], [0, 0]], [[3, 1], [0.5, 0]]).round(7)
        array([1.25  , 0.0625])
    """
    return values_along(
        broadcast_pair(y_true, y_pred), _core.HUBER, number=float(as_number(delta, "delta", 0, math.inf))
    )


def hinge(y_true: Any, y_pred: Any) -> Any:
    """Returns the mean hinge loss of each row: `mean(max(1 - y_true * y_pred, 0))`.

    Args:
        y_true: Labels -1 or 1 (or 0, which stands for -1), [..., width].
        y_pred: Scores of that shape.

    Returns:
        float64, the shape without the last axis.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.hinge([[-1, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]]).round(7)
        array([1.1, 1.5])

    Differs from Keras: the label 0 always stands for -1, as `Hinge` explains.
    """
    return values_along(broadcast_pair(y_true, y_pred), _core.HINGE)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """Returns the mean squared hinge loss of each row: `mean(max(1 - y_true * y_pred, 0)**2)`.

    Args:
        y_true: Labels -1 or 1 (or 0, which stands for -1), [..., width].
        y_pred: Scores of that shape.

    Returns:
        float64, the shape without the last axis.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.squared_hinge([[-1, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]]).round(7)
        array([1.46, 2.26])

    Differs from Keras: the label 0 always stands for -1, as `Hinge` explains.
    """
    return values_along(broadcast_pair(y_true, y_pred), _core.SQUARED_HINGE)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """Returns the categorical hinge loss of each row.

    `max(max((1 - y_true) * y_pred) - sum(y_true * y_pred) + 1, 0)`.

    Args:
        y_true: One-hot rows, or any targets, [..., classes].
        y_pred: Scores of that shape.

    Returns:
        float64, the shape without the last axis.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.categorical_hinge([[0, 1], [1, 0]], [[0.6, 0.4], [0.4, 0.6]]).round(7)
        array([1.2, 1.2])
    """
    return values_along(broadcast_pair(y_true, y_pred), _core.CATEGORICAL_HINGE)


def cosine_similarity(y_true: Any, y_pred: Any, axis: Axes = -1) -> Any:
    """Returns the cosine of the angle between vectors along an axis.

    `sum(y_true * y_pred) / (norm(y_true) * norm(y_pred))`; 0 if either is all zeros.

    Args:
        y_true: Labels, [..., width].
        y_pred: Predictions of that shape.
        axis: The axis to reduce, or several as a tuple.

    Returns:
        float64, the shape without `axis`.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.cosine_similarity([[0, 1], [1, 1]], [[1, 0], [1, 1]]).round(7)
        array([0., 1.])

    The sign is that of the metric, and of `cosine_proximity` in tf.keras 2: 1 for vectors of one direction.
    `keras.losses.cosine_similarity` has the other.
    """
    return values_along(broadcast_pair(y_true, y_pred), _core.COSINE, as_axes(axis))


def pearson_correlation(y_true: Any, y_pred: Any, axis: Axes = -1) -> Any:
    """Returns Pearson's correlation of vectors along an axis.

    NaN where a vector is constant; `PearsonCorrelation` has the formula.

    Args:
        y_true: Labels, [..., width].
        y_pred: Predictions of that shape.
        axis: The axis to reduce, or several as a tuple.

    Returns:
        float64, the shape without `axis`.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.pearson_correlation([[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]]).round(7)
        array([1.       , 0.9933993])
    """
    return values_along(broadcast_pair(y_true, y_pred), _core.PEARSON, as_axes(axis))


def concordance_correlation(y_true: Any, y_pred: Any, axis: Axes = -1) -> Any:
    """Returns Lin's concordance correlation of vectors along an axis.

    0 where a vector is constant; `ConcordanceCorrelation` has the formula.

    Args:
        y_true: Labels, [..., width].
        y_pred: Predictions of that shape.
        axis: The axis to reduce, or several as a tuple.

    Returns:
        float64, the shape without `axis`.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.concordance_correlation([[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]]).round(7)
        array([0.9756094, 0.987654 ])
    """
    return values_along(broadcast_pair(y_true, y_pred), _core.CONCORDANCE, as_axes(axis))


mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
logcosh = log_cosh
cosine = cosine_proximity = cosine_similarity
