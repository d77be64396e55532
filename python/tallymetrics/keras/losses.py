"""Differentiable twins of the distances between histogram rows, for training on what is measured.

The functions serve as losses and as metrics; all are registered with Keras under `"tallymetrics>..."`.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from tallymetrics.metrics import DistributionMeanError as _DistributionMeanError
from tallymetrics.metrics.histogram_rows import HistogramForm

_registered = keras.saving.register_keras_serializable(package="tallymetrics")


@_registered
def earth_movers_distance(
    y_true: Any,
    y_pred: Any,
    r: float = 2,
    bins: Any = None,
    unequal_mass: str = "as_is",
    circular: float | bool = False,
) -> Any:
    """Returns `(mean over bins of |CDF(y_true) - CDF(y_pred)|**r)**(1/r)` for each row.

    The gradient is finite everywhere; where the rows are equal it is 0.

    Args:
        y_true: Histograms `[..., bins]`, each of the same mass as its twin.
        y_pred: Histograms of the same shape.
        r: Order of the mean over bins, any number >= 1, default 2, the loss of NIMA; 1 or 2 around a circle.
        bins: Increasing positions of the bins, over which is integrated then, in place of the mean.
        unequal_mass: `"as_is"` (default) or `"normalize"`: each row is divided by its mass, which must not be 0.
        circular: True if the first bin follows the last, or the circumference, as always with `bins`.

    Returns:
        A tensor `[...]`.

    Example:
        >>> import numpy as np
        >>> from tallymetrics.keras import losses
        >>> distance = losses.earth_movers_distance(np.array([[1.0, 0, 0, 0]]), np.array([[0.0, 0, 0, 1]]), r=1)
        >>> float(distance[0])
        0.75
    """
    form = _form(r, bins, unequal_mass, circular)
    y_true, y_pred = _histograms(y_true, y_pred)
    if unequal_mass == "normalize":
        y_true, y_pred = (rows / ops.sum(rows, axis=-1, keepdims=True) for rows in (y_true, y_pred))
    # Subtracted first, then accumulated: two sums of nearly equal rows would lose the difference.
    differences = ops.cumsum(y_true - y_pred, axis=-1)
    gaps = form.gaps(differences.shape[-1])
    if form.circular:
        differences = differences - _center(differences, form.r, gaps)
    if r == 1:
        return _mean(_absolute(differences), gaps)
    means = _mean(ops.square(differences) if r == 2 else ops.power(_absolute(differences), r), gaps)
    differs = means > 0
    # The root's slope at 0 is infinite: there it is taken of 1 and dropped.
    shifted = ops.where(differs, means, ops.ones_like(means))
    root = ops.sqrt(shifted) if r == 2 else ops.power(shifted, 1 / r)
    return ops.where(differs, root, ops.zeros_like(root))


def _form(r: Any, bins: Any, unequal_mass: Any, circular: Any) -> HistogramForm:
    if unequal_mass == "refuse":
        raise ValueError("`unequal_mass` must be 'as_is' or 'normalize' in a loss. Received 'refuse'.")
    return HistogramForm(r, bins, unequal_mass, 1e-4, circular)


def _mean(values: Any, gaps: Any) -> Any:
    """Mean over bins, or the sum of values times gaps."""
    if gaps is None:
        return ops.mean(values, axis=-1)
    return ops.sum(values * ops.convert_to_tensor(gaps, dtype=values.dtype), axis=-1)


def _center(differences: Any, r: float, gaps: Any) -> Any:
    """What differences are taken from around a circle: their mean for r=2, their median for r=1."""
    if r == 2:
        total = 1.0 if gaps is None else float(np.sum(gaps))
        return ops.expand_dims(_mean(differences, gaps) / total, -1)
    width = differences.shape[-1]
    weights = np.ones(width) if gaps is None else gaps
    order = ops.argsort(differences, axis=-1)
    sums = ops.cumsum(ops.take(ops.convert_to_tensor(weights, dtype=differences.dtype), order, axis=0), axis=-1)
    # The first of the sorted differences that half of the weight does not exceed.
    reached = ops.cast(sums >= float(np.sum(weights)) / 2, "int32")
    place = ops.expand_dims(ops.argmax(reached, axis=-1), -1)
    sorted_differences = ops.take_along_axis(differences, order, axis=-1)
    return ops.take_along_axis(sorted_differences, place, axis=-1)


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
    y_true, y_pred = _histograms(y_true, y_pred)
    difference = y_true - y_pred
    width = difference.shape[-1]
    positions = np.arange(width) if bins is None else np.asarray(bins)
    if positions.shape != (width,):
        raise ValueError(f"`bins` must have shape ({width},), one position for each bin. Received {positions.shape}.")
    positions = ops.convert_to_tensor(positions, dtype=difference.dtype)
    return _absolute(ops.sum(positions * difference, axis=-1))


def _absolute(values: Any) -> Any:
    # The slope at 0 is 0 on every backend; that of `ops.abs` is 1 on JAX.
    return values * ops.sign(values)


def _histograms(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    y_pred = ops.convert_to_tensor(y_pred)
    if not keras.backend.is_float_dtype(y_pred.dtype):
        y_pred = ops.cast(y_pred, keras.config.floatx())
    y_true = ops.convert_to_tensor(y_true, dtype=y_pred.dtype)
    if len(y_true.shape) != len(y_pred.shape) or y_true.shape[-1] != y_pred.shape[-1]:
        raise ValueError(f"`y_true` must have the shape of `y_pred`, {y_pred.shape}. Received shape {y_true.shape}.")
    return y_true, y_pred


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
        bins: Increasing positions of the bins, default None for equal spaces.
        unequal_mass: `"as_is"` (default) or `"normalize"`.
        circular: True if the first bin follows the last, or the circumference.

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
        bins: Any = None,
        unequal_mass: str = "as_is",
        circular: float | bool = False,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        form = _form(r, bins, unequal_mass, circular)
        self.r = form.r
        self._form = {name: getattr(form, name) for name in ("bins", "unequal_mass", "circular")}

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return earth_movers_distance(y_true, y_pred, self.r, **self._form)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "r": self.r, **self._form}


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
