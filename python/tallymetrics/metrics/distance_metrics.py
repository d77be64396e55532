"""Distances between the histogram rows of y_true and y_pred."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.arguments import as_number
from tallymetrics.inputs import Batch, Layouts
from tallymetrics.metrics.native import Accumulator, MeanOfRows


class EarthMoversDistance(MeanOfRows):
    """Mean earth mover's distance between histograms over ordered, equally spaced bins.

    For each row `(mean over bins of |CDF(y_true) - CDF(y_pred)|**r)**(1/r)`, then the mean over rows. Which question
    it answers: how far, as a share of the whole scale, mass must be moved to turn one histogram into the other (r=1),
    with large differences weighted more (r=2, the loss of NIMA). For two populations of *samples* it is not meant.

    Args:
        r: Order of the mean over bins, any number >= 1, default 2.
        name: Name of the metric, default `"earth_movers_distance"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes histograms of one shape [..., bins], each row of mass 1 on both sides; rows are taken as they
    are, without normalisation.

    Example:
        >>> from tallymetrics import metrics
        >>> distance = metrics.EarthMoversDistance(r=1)
        >>> distance.update_state([[1, 0, 0, 0]], [[0, 0, 0, 1]])
        >>> distance.result()
        0.75

    Source: Hou, Yu, Samaras, "Squared Earth Mover's Distance-based Loss", 2016, equation 7; Talebi, Milanfar, "NIMA",
    2018, equation 1.
    """

    _value = _core.EARTH_MOVERS

    def __init__(self, r: float = 2, name: str | None = "earth_movers_distance", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.r = as_number(r, "r", 1, math.inf)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.dense("bins")

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        return [self._mean(self.r)]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "r": self.r}


class DistributionMeanError(MeanOfRows):
    """Mean absolute error of the distributions' means.

    For each row `|sum(bins * y_true) - sum(bins * y_pred)|`, then the mean over rows, in the unit of the bins.

    Args:
        bins: Position of each bin, default 0, 1, ..., bins - 1.
        name: Name of the metric, default `"distribution_mean_error"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes histograms of one shape [..., bins].

    Example:
        >>> from tallymetrics import metrics
        >>> error = metrics.DistributionMeanError(bins=[1, 2, 3])
        >>> error.update_state([[1, 0, 0]], [[0, 0.5, 0.5]])
        >>> error.result()
        1.5
    """

    _value = _core.MEAN_ERROR

    def __init__(self, bins: Any = None, name: str | None = "distribution_mean_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self._bins = None if bins is None else np.array(bins, np.float64)
        if self._bins is not None and (self._bins.ndim != 1 or not np.isfinite(self._bins).all()):
            raise ValueError(f"`bins` must be finite positions of shape [bins]. Received {bins!r}.")

    @property
    def bins(self) -> list[float] | None:
        return None if self._bins is None else self._bins.tolist()

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.dense("bins")

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        return [self._mean(bins=self._positions(batch.y_pred.shape[-1]))]

    def _positions(self, width: int) -> npt.NDArray[np.float64]:
        if self._bins is None:
            return np.arange(width, dtype=np.float64)
        if len(self._bins) != width:
            raise ValueError(f"`y_pred` must have one column for each of {len(self._bins)} bins. Received {width}.")
        return self._bins

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "bins": self.bins}
