"""Losses of probabilities, one for each row: the functions of keras.metrics that compare distributions.

They return float64, one value for each vector along the axis they reduce, or one number where no axis is left.
"""

from typing import Any

import numpy as np

from tallymetrics import _core
from tallymetrics.arguments import as_integer, as_number
from tallymetrics.inputs import Array, Layouts
from tallymetrics.metrics.functions import as_axis, broadcast_pair, row_values, same_shape_pair, shaped, values_along

_EPSILON = 1e-7


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """Returns the mean binary cross-entropy, in nats, along an axis.

    `-mean(target * log(p) + (1 - target) * log(1 - p))`; `BinaryCrossentropy` explains target and clipping.

    Args:
        y_true: Labels in [0, 1], [..., width].
        y_pred: Probabilities or logits of that shape.
        from_logits: Whether scores are logits in place of probabilities.
        label_smoothing: Share of each label that is moved to 1/2, in [0, 1].
        axis: The axis to reduce.

    Returns:
        float64, the shape without `axis`.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.binary_crossentropy([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]]).round(7)
        array([0.9162907, 0.7135582])

    Differs from Keras: logits are exact, where Keras's NumPy backend clips their probabilities.
    """
    number = float(as_number(label_smoothing, "label_smoothing", 0, 1))
    pair = same_shape_pair(y_true, y_pred)
    return values_along(pair, _core.BINARY_CROSSENTROPY, as_axis(axis), number, bool(from_logits))


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Returns the mean binary focal cross-entropy along an axis: easy elements weigh less.

    `mean(weight * (1 - p_t)**gamma * crossentropy)` with `p_t = target * p + (1 - target) * (1 - p)`; `weight` is
    `target * alpha + (1 - target) * (1 - alpha)` if classes are balanced, else 1.

    Args:
        y_true: Labels in [0, 1], [..., width].
        y_pred: Probabilities or logits of that shape.
        apply_class_balancing: Whether to weigh the two classes by `alpha`.
        alpha: Weight of class 1; that of class 0 is `1 - alpha`.
        gamma: How much less easy elements weigh; 0 is the plain cross-entropy.
        from_logits: Whether scores are logits in place of probabilities.
        label_smoothing: Share of each label that is moved to 1/2, in [0, 1].
        axis: The axis to reduce.

    Returns:
        float64, the shape without `axis`.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.binary_focal_crossentropy([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]]).round(7)
        array([0.3298647, 0.2057984])

    Source: Lin et al., "Focal Loss for Dense Object Detection" (2017), equations 4 and 5.
    """
    smoothing = float(as_number(label_smoothing, "label_smoothing", 0, 1))
    target, probability = (one.astype(np.float64) for one in same_shape_pair(y_true, y_pred))
    target = target * (1 - smoothing) + smoothing / 2
    if from_logits:
        probability = 0.5 * (1 + np.tanh(0.5 * probability))
    clipped = np.clip(probability, _EPSILON, 1 - _EPSILON)
    losses = -(target * np.log(clipped) + (1 - target) * np.log1p(-clipped))
    losses *= (1 - (target * probability + (1 - target) * (1 - probability))) ** gamma
    if apply_class_balancing:
        losses *= target * alpha + (1 - target) * (1 - alpha)
    return np.mean(losses, axis=as_axis(axis))


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """Returns the cross-entropy, in nats, of each row of targets: `-sum(target * log p)`.

    `CategoricalCrossentropy` explains target, normalisation and clipping.

    Args:
        y_true: Targets [..., classes].
        y_pred: Probabilities or logits of that shape.
        from_logits: Whether scores are logits in place of probabilities.
        label_smoothing: Share of each target that is spread over all classes, in [0, 1].
        axis: The class axis.

    Returns:
        float64, the shape without `axis`.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.categorical_crossentropy([[0, 1, 0], [0, 0, 1]], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]]).round(7)
        array([0.0512933, 2.3025851])
    """
    number = float(as_number(label_smoothing, "label_smoothing", 0, 1))
    pair = same_shape_pair(y_true, y_pred)
    return values_along(pair, _core.CROSSENTROPY, as_axis(axis), number, bool(from_logits))


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Returns the focal cross-entropy of each row of targets: easy rows weigh less.

    `-sum(alpha * (1 - p)**gamma * target * log p)`, with `p` and `target` as in `categorical_crossentropy`.

    Args:
        y_true: Targets [..., classes].
        y_pred: Probabilities or logits of that shape.
        alpha: Weight, a number or one for each class.
        gamma: How much less easy rows weigh; 0 is the plain cross-entropy, times `alpha`.
        from_logits: Whether scores are logits in place of probabilities.
        label_smoothing: Share of each target that is spread over all classes, in [0, 1].
        axis: The class axis.

    Returns:
        float64, the shape without `axis`.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.categorical_focal_crossentropy([[0, 1, 0], [0, 0, 1]], [[0.2, 0.6, 0.2], [0.1, 0.8, 0.1]]).round(7)
        array([0.020433 , 0.4662735])

    Source: Lin et al., "Focal Loss for Dense Object Detection" (2017), equations 4 and 5.
    """
    smoothing, axis = float(as_number(label_smoothing, "label_smoothing", 0, 1)), as_axis(axis)
    target, scores = (one.astype(np.float64) for one in same_shape_pair(y_true, y_pred))
    target = target * (1 - smoothing) + smoothing / target.shape[axis]
    if from_logits:
        scores = np.exp(scores - scores.max(axis=axis, keepdims=True))
    with np.errstate(invalid="ignore", divide="ignore"):
        clipped = np.clip(scores / scores.sum(axis=axis, keepdims=True), _EPSILON, 1 - _EPSILON)
    losses: Array = -target * np.log(clipped) * ((1 - clipped) ** gamma * alpha)
    return np.sum(losses, axis=axis)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """Returns the cross-entropy, in nats, of each label: `-log(p[label])`.

    `SparseCategoricalCrossentropy` explains normalisation and clipping.

    Args:
        y_true: Labels in [0, classes), [...], or with a class axis of length 1.
        y_pred: Probabilities or logits [..., classes].
        from_logits: Whether scores are logits in place of probabilities.
        ignore_class: The result is 0 where a label is this.
        axis: The class axis.

    Returns:
        float64, the shape of `y_pred` without `axis`.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.sparse_categorical_crossentropy([1, 2], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]]).round(7)
        array([0.0512933, 2.3025851])

    Differs from Keras: a label outside [0, classes) is an error.
    """
    ignored = None if ignore_class is None else as_integer(ignore_class, "ignore_class", 1 - 2**31, 2**31 - 1)
    layouts = Layouts(y_true, y_pred).along(as_axis(axis))
    values = row_values(layouts.sparse(), _core.SPARSE_CROSSENTROPY, 0.0, bool(from_logits), ignored)
    return shaped(values, layouts.y_pred.shape[:-1])


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Returns the Kullback-Leibler divergence, in nats, of each row: `sum(y_true * log(y_true / y_pred))`.

    Args:
        y_true: Probabilities [..., classes], clipped to [1e-7, 1].
        y_pred: Probabilities of that shape, clipped likewise.

    Returns:
        float64, the shape without the last axis.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.kl_divergence([[0, 1], [0.5, 0.5]], [[0.6, 0.4], [0.4, 0.6]]).round(7)
        array([0.9162892, 0.020411 ])
    """
    return values_along(broadcast_pair(y_true, y_pred), _core.KL_DIVERGENCE)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """Returns the mean Poisson loss of each row: `mean(y_pred - y_true * log(y_pred + 1e-7))`.

    Args:
        y_true: Counts [..., width].
        y_pred: Predicted rates of that shape.

    Returns:
        float64, the shape without the last axis.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.poisson([[0, 1], [0, 0]], [[1, 1], [0, 0]]).round(6)
        array([1., 0.])
    """
    return values_along(broadcast_pair(y_true, y_pred), _core.POISSON)


bce = BCE = binary_crossentropy
kld = KLD = kullback_leibler_divergence = kl_divergence
