"""Quantiles of values >= 0 from counts in the bins of a fixed logarithmic grid."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.arguments import as_number

Floats = npt.NDArray[np.float64]

# As cpp/accumulators/value_counts.h has them: bins in each binade, and where the first begins.
_BINS = 256
_LEAST = -64


def as_quantiles(reduction: Any) -> Floats | None:
    """Returns the argument `reduction` as quantiles, or None for the mean.

    Raises:
        ValueError: If it is neither "mean" nor quantiles.
    """
    if isinstance(reduction, str) and reduction == "mean":
        return None
    try:
        quantiles = [float(as_number(one, "reduction", 0, 1)) for one in reduction]
    except (TypeError, ValueError):
        quantiles = []
    if not quantiles or isinstance(reduction, str):
        raise ValueError(f'`reduction` must be "mean" or a list of quantiles in [0, 1]. Received {reduction!r}.')
    return np.array(quantiles)


def quantile_bounds(weights: Floats, quantiles: Floats) -> tuple[Floats, Floats]:
    """Returns the bins' edges between which each quantile lies: the least value that a share of the weight does not
    exceed; NaN if there is no weight, or that of a NaN."""
    greatest = weights.max()
    if greatest == 0 or not np.isfinite(greatest) or weights[-1]:
        missing = np.full(len(quantiles), np.nan)
        return missing, missing.copy()
    sums = np.cumsum(weights / greatest)
    last = np.flatnonzero(weights)[-1]
    # A product may be rounded to above the share that it stands for.
    cells = np.searchsorted(sums, quantiles * sums[-1] * (1 - 2.0**-40))
    # Of no weight at all, and of all: the first and the last value.
    cells = np.clip(cells, np.flatnonzero(weights)[0], last)
    edges = _edges()
    return edges[cells], edges[cells + 1]


def _edges() -> Floats:
    steps = np.arange(_core.VALUE_CELLS - 2)
    inner = np.ldexp(1 + steps % _BINS / _BINS, steps // _BINS + _LEAST)
    return np.concatenate([[0.0], inner, [np.inf]])


def middle(low: Floats, high: Floats) -> Floats:
    """The mean of both bounds; 0 for the first bin, infinite for the last."""
    return np.where(high <= 2.0**_LEAST, 0.0, np.where(np.isinf(high), high, (low + high) / 2))
