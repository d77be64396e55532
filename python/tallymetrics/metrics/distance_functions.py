"""Distances between histograms, one for each pair of rows."""

from typing import Any

from tallymetrics import _core
from tallymetrics.inputs import Array, as_array
from tallymetrics.metrics.functions import values_along
from tallymetrics.metrics.histogram_rows import HistogramForm, as_positions, positions_for


def earth_movers_distance(
    y_true: Any,
    y_pred: Any,
    r: float = 2,
    bins: Any = None,
    unequal_mass: str = "as_is",
    tolerance: float = 1e-4,
    circular: float | bool = False,
) -> Any:
    """Returns `(mean over bins of |CDF(y_true) - CDF(y_pred)|**r)**(1/r)` for each row.

    Args:
        y_true: Histograms [..., bins]: the mass of each bin, not samples.
        y_pred: Histograms of that shape.
        r: Order of the mean over bins, any number >= 1, default 2; 1 or 2 around a circle.
        bins: Increasing positions of the bins, over which is integrated then, in place of the mean.
        unequal_mass: `"as_is"`, `"refuse"` or `"normalize"`, as `EarthMoversDistance` explains.
        tolerance: Of `"refuse"`: by how much masses may differ, as a share of the greater, default 1e-4.
        circular: True if the first bin follows the last, or the circumference.

    Returns:
        float64, the shape without the last axis.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.earth_movers_distance([[1, 0, 0, 0], [0, 1, 0, 0]], [[0, 0, 0, 1], [0, 1, 0, 0]], r=1)
        array([0.75, 0.  ])
    """
    form = HistogramForm(r, bins, unequal_mass, tolerance, circular)
    pair = _histograms(y_true, y_pred)
    return values_along(pair, _core.EARTH_MOVERS, number=form.r, bins=form.native(pair[1].shape[-1]))


def distribution_mean_error(y_true: Any, y_pred: Any, bins: Any = None) -> Any:
    """Returns `|sum(bins * y_true) - sum(bins * y_pred)|` for each row.

    Args:
        y_true: Histograms [..., bins].
        y_pred: Histograms of that shape.
        bins: Position of each bin, default 0, 1, ..., bins - 1.

    Returns:
        float64, the shape without the last axis.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.distribution_mean_error([[1, 0, 0], [1, 0, 0]], [[0, 0.5, 0.5], [1, 0, 0]], bins=[1, 2, 3])
        array([1.5, 0. ])
    """
    pair = _histograms(y_true, y_pred)
    return values_along(pair, _core.MEAN_ERROR, bins=positions_for(as_positions(bins), pair[1].shape[-1]))


def _histograms(y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    pair = as_array(y_true, "y_true"), as_array(y_pred, "y_pred")
    if pair[1].ndim == 0 or pair[1].shape[-1] == 0:
        raise ValueError(f"`y_pred` must have shape [..., bins] of at least one bin. Received shape {pair[1].shape}.")
    if pair[0].shape != pair[1].shape:
        raise ValueError(f"`y_true` must have shape {pair[1].shape}, as `y_pred` has. Received shape {pair[0].shape}.")
    return pair
