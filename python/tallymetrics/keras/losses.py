"""Differentiable twins of the distances between histogram rows, for training on what is measured.

The functions serve as losses and as metrics; all are registered with Keras under `"tallymetrics>..."`.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from tallymetrics.arguments import as_number
from tallymetrics.metrics import DistributionMeanError as _DistributionMeanError

_registered = keras.saving.register_keras_serializable(package="tallymetrics")


@_registered
def earth_movers_distance(y_true: Any, y_pred: Any, r: float = 2) -> Any:
    """Returns `(mean over bins of |CDF(y_true) - CDF(y_pred)|**r)**(1/r)` for each row.

    The gradient is finite everywhere; where the rows are equal it is 0.

    Args:
        y_true: Histograms `[..., bins]`, each of the same mass as its twin.
        y_pred: Histograms of the same shape.
        r: Order of the mean over bins, any number >= 1, default 2, the loss of NIMA.

    Returns:
        A tensor `[...]`.

    Example:
        >>> import numpy as np
        >>> from tallymetrics.keras import losses
        >>> distance = losses.earth_movers_distance(np.array([[1.0, 0, 0, 0]]), np.array([[0.0, 0, 0, 1]]), r=1)
        >>> float(distance[0])
        0.75
    """
    # Subtracted first, then accumulated: two sums of nearly equal rows would lose the difference.
    differences = ops.cumsum(_difference(y_true, y_pred), axis=-1)
    if r == 1:
        return ops.mean(_absolute(differences), axis=-1)
    means = ops.mean(ops.square(differences) if r == 2 else ops.power(_absolute(differences), r), axis=-1)
    differs = means > 0
    # The root's slope at 0 is infinite: there it is taken of 1 and dropped.
    shifted = ops.where(differs, means, ops.ones_like(means))
    root = ops.sqrt(shifted) if r == 2 else ops.power(shifted, 1 / r)
    return ops.where(differs, root, ops.zeros_like(root))


@_registered
def distribution_mean_error(y_true: Any, y_pred: Any, bins: Any = None) -> Any:
    """Returns `|sum(bins * y_true) - sum(bins * y_pred)|` for each row.

    Args:
        y_true: Histograms `[..., bins]`.
        y_pred: Histograms of the same shape.
        bins: Position of each bin, default 0, 1, ..., bins - 1.

    Returns:
        A tensor `[...]`.

    Example:
        >>> import numpy as np
        >>> from tallymetrics.keras import losses
        >>> error = losses.distribution_mean_error(np.array([[1.0, 0, 0]]), np.array([[0, 0.5, 0.5]]), bins=[1, 2, 3])
        >>> float(error[0])
        1.5
    """
    difference = _difference(y_true, y_pred)
    width = difference.shape[-1]
    positions = np.arange(width) if bins is None else np.asarray(bins)
    if positions.shape != (width,):
        raise ValueError(f"`bins` must have shape ({width},), one position for each bin. Received {positions.shape}.")
    positions = ops.convert_to_tensor(positions, dtype=difference.dtype)
    return _absolute(ops.sum(positions * difference, axis=-1))


def _absolute(values: Any) -> Any:
    # The slope at 0 is 0 on every backend; that of `ops.abs` is 1 on JAX.
    return values * ops.sign(values)


def _difference(y_true: Any, y_pred: Any) -> Any:
    y_pred = ops.convert_to_tensor(y_pred)
    if not keras.backend.is_float_dtype(y_pred.dtype):
        y_pred = ops.cast(y_pred, keras.config.floatx())
    y_true = ops.convert_to_tensor(y_true, dtype=y_pred.dtype)
    if len(y_true.shape) != len(y_pred.shape) or y_true.shape[-1] != y_pred.shape[-1]:
        raise ValueError(f"`y_true` must have the shape of `y_pred`, {y_pred.shape}. Received shape {y_true.shape}.")
    return y_true - y_pred


@_registered
class EarthMoversDistance(keras.losses.Loss):
    """Mean earth mover's distance between histogram rows, as a loss.

    For each row `(mean over bins of |CDF(y_true) - CDF(y_pred)|**r)**(1/r)`; the value is that of
    `tallymetrics.metrics.EarthMoversDistance`.

    Args:
        r: Order of the mean over bins, any number >= 1, default 2.
        reduction: How rows are joined, default `"sum_over_batch_size"`, their mean.
        name: Name of the loss, default `"earth_movers_distance"`.
        dtype: What is computed in, default Keras's `floatx`.

    Example:
        >>> from tallymetrics.keras import losses
        >>> float(losses.EarthMoversDistance(r=1)([[1.0, 0, 0, 0]], [[0.0, 0, 0, 1]]))
        0.75

    Source: Hou, Yu, Samaras, "Squared Earth Mover's Distance-based Loss", 2016, equation 7.
    """

    def __init__(
        self,
        r: float = 2,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "earth_movers_distance",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.r = as_number(r, "r", 1, math.inf)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return earth_movers_distance(y_true, y_pred, self.r)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "r": self.r}


@_registered
class DistributionMeanError(keras.losses.Loss):
    """Mean absolute error of the distributions' means, as a loss.

    For each row `|sum(bins * y_true) - sum(bins * y_pred)|`; the value is that of
    `tallymetrics.metrics.DistributionMeanError`.

    Args:
        bins: Position of each bin, default 0, 1, ..., bins - 1.
        reduction: How rows are joined, default `"sum_over_batch_size"`, their mean.
        name: Name of the loss, default `"distribution_mean_error"`.
        dtype: What is computed in, default Keras's `floatx`.

    Example:
        >>> from tallymetrics.keras import losses
        >>> float(losses.DistributionMeanError(bins=[1, 2, 3])([[1.0, 0, 0]], [[0, 0.5, 0.5]]))
        1.5
    """

    def __init__(
        self,
        bins: Any = None,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "distribution_mean_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.bins = _DistributionMeanError(bins).bins

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return distribution_mean_error(y_true, y_pred, self.bins)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "bins": self.bins}
