"""Slow, obvious twins of the values that a row has: losses, errors and correlations, from their definitions."""

import numpy as np
from reference import EPSILON, MeanOf, align_ranks, as_float64, row_mean


def pair(y_true, y_pred):
    return align_ranks(as_float64(y_true), as_float64(y_pred))


def binary_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0):
    y_true, y_pred = pair(y_true, y_pred)
    target = y_true * (1 - label_smoothing) + label_smoothing / 2
    if from_logits:
        return row_mean(np.maximum(y_pred, 0) - y_pred * target + np.log1p(np.exp(-np.abs(y_pred))))
    clipped = np.clip(y_pred, EPSILON, 1 - EPSILON)
    return row_mean(-(target * np.log(clipped) + (1 - target) * np.log1p(-clipped)))


def row_sum(values):
    return values if values.ndim <= 1 else values.sum(axis=-1)


def kl_divergence(y_true, y_pred):
    y_true, y_pred = (np.clip(one, EPSILON, 1) for one in pair(y_true, y_pred))
    return row_sum(y_true * np.log(y_true / y_pred))


def poisson(y_true, y_pred):
    y_true, y_pred = pair(y_true, y_pred)
    with np.errstate(all="ignore"):
        return row_mean(y_pred - y_true * np.log(y_pred + EPSILON))


def margins(y_true, y_pred):
    y_true, y_pred = pair(y_true, y_pred)
    return np.maximum(1 - np.where(y_true == 0, -1, y_true) * y_pred, 0)


def hinge(y_true, y_pred):
    return row_mean(margins(y_true, y_pred))


def squared_hinge(y_true, y_pred):
    return row_mean(margins(y_true, y_pred) ** 2)


def categorical_hinge(y_true, y_pred):
    y_true, y_pred = pair(y_true, y_pred)
    return np.maximum(np.max((1 - y_true) * y_pred, axis=-1) - np.sum(y_true * y_pred, axis=-1) + 1, 0)


def squared_error(y_true, y_pred):
    y_true, y_pred = pair(y_true, y_pred)
    return (y_true - y_pred) ** 2


class RootMeanOf(MeanOf):
    """The square root of the mean."""

    def result(self):
        return float(np.sqrt(super().result()))


def mean_absolute_percentage_error(y_true, y_pred):
    y_true, y_pred = pair(y_true, y_pred)
    return 100 * row_mean(np.abs(y_true - y_pred) / np.maximum(np.abs(y_true), EPSILON))


def mean_squared_logarithmic_error(y_true, y_pred):
    y_true, y_pred = (np.log1p(np.maximum(one.astype(np.longdouble), EPSILON)) for one in pair(y_true, y_pred))
    return row_mean((y_true - y_pred) ** 2).astype(np.float64)


def log_cosh(y_true, y_pred):
    y_true, y_pred = pair(y_true, y_pred)
    error = np.abs(y_true - y_pred).astype(np.longdouble)
    near = np.log1p(2 * np.sinh(np.minimum(error, 50) / 2) ** 2)
    return row_mean(np.where(error < 50, near, error - np.log(np.longdouble(2)))).astype(np.float64)


def cosine_similarity(y_true, y_pred, axis=-1):
    y_true, y_pred = pair(y_true, y_pred)
    products = np.sum(y_true * y_pred, axis=axis)
    norms = np.linalg.norm(y_true, axis=axis) * np.linalg.norm(y_pred, axis=axis)
    return np.divide(products, norms, out=np.zeros_like(products), where=norms != 0)


def deviations(y_true, y_pred, axis):
    y_true, y_pred = pair(y_true, y_pred)
    return y_true - y_true.mean(axis=axis, keepdims=True), y_pred - y_pred.mean(axis=axis, keepdims=True)


def pearson_correlation(y_true, y_pred, axis=-1):
    y_true, y_pred = deviations(y_true, y_pred, axis)
    with np.errstate(invalid="ignore"):
        return np.sum(y_true * y_pred, axis) / np.sqrt(np.sum(y_true**2, axis) * np.sum(y_pred**2, axis))


def concordance_correlation(y_true, y_pred, axis=-1):
    distance = np.mean(as_float64(y_true), axis) - np.mean(as_float64(y_pred), axis)
    y_true, y_pred = deviations(y_true, y_pred, axis)
    spread = np.mean(y_true**2, axis) + np.mean(y_pred**2, axis) + distance**2
    return 2 * np.mean(y_true * y_pred, axis) / (spread + EPSILON)
