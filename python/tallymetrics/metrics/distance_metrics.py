"""Distances between the histogram rows of y_true and y_pred."""

from typing import Any

import numpy as np

from tallymetrics import _core
from tallymetrics.inputs import Batch, Layouts
from tallymetrics.metrics.histogram_rows import HistogramForm, as_positions, positions_for
from tallymetrics.metrics.native import Accumulator, MeanOfRows, NativeMetric
from tallymetrics.metrics.value_quantiles import as_quantiles, middle, quantile_bounds


class EarthMoversDistance(MeanOfRows):
    """Mean earth mover's distance between histograms over ordered bins.

    For each row `(mean over bins of |CDF(y_true) - CDF(y_pred)|**r)**(1/r)`, then the mean over rows. Which question
    it answers: how far, as a share of the whole scale, mass must be moved to turn one histogram into the other (r=1),
    with large differences weighted more (r=2, the loss of NIMA). A row is a histogram, the mass of each bin in turn;
    rows of *samples* are not.

    With positions of the bins, `(integral of |CDF(y_true) - CDF(y_pred)|**r over the positions)**(1/r)`: for r=1 the
    mean distance that mass moves, in the unit of the positions (SciPy's `wasserstein_distance` with histograms as
    weights), for r=2 SciPy's `energy_distance` over the square root of 2.

    Around a circle (hours, hues, directions) mass takes the shorter way: the least such mean over all places to cut
    the circle. For r=1 that is the mean of differences from their median, for r=2 from their mean.

    Args:
        r: Order of the mean over bins, any number >= 1, default 2; 1 or 2 around a circle.
        name: Name of the metric, default `"earth_movers_distance"`.
        dtype: What `result()` is rounded to, default float64.
        bins: Increasing positions of the bins, [bins], in place of equal spaces.
        unequal_mass: What becomes of rows whose masses differ. `"as_is"` (default): the formula takes any numbers, as
            Keras users write it, so that missing mass counts as if it lay behind the last bin, and NaN gives NaN.
            `"refuse"`: an error, also for what is negative or not finite. `"normalize"`: each row is divided by its
            mass, which must not be 0.
        tolerance: Of `"refuse"`: by how much masses may differ, as a share of the greater, default 1e-4.
        circular: True if the first bin follows the last; a circumference to have distances in its unit, and always
            with `bins`.
        reduction: `"mean"` (default), or quantiles of the rows' distances, numbers in [0, 1], from counts in the bins
            of a fixed grid: each within 0.2 % of the least distance that this share of the weight does not exceed. A
            distance below 2^-64 is 0, one from 2^64 infinite; weights must not be negative, and are those of rows.

    `update_state` takes histograms of one shape [..., bins].

    Example:
        >>> from tallymetrics import metrics
        >>> distance = metrics.EarthMoversDistance(r=1)
        >>> distance.update_state([[1, 0, 0, 0]], [[0, 0, 0, 1]])
        >>> distance.result()
        0.75
        >>> unit = metrics.EarthMoversDistance(r=1, bins=[0, 1, 5, 10], unequal_mass="refuse")
        >>> unit.update_state([[1, 0, 0, 0]], [[0, 0, 0.5, 0.5]])
        >>> unit.result()
        7.5
        >>> hours = metrics.EarthMoversDistance(r=1, circular=24)
        >>> hours.update_state([[1, 0, 0, 0]], [[0, 0, 0, 1]])
        >>> hours.result()
        6.0
        >>> spread = metrics.EarthMoversDistance(r=1, reduction=[0.5, 1])
        >>> spread.update_state([[1, 0, 0, 0]] * 2, [[0, 1, 0, 0], [0, 0, 0, 1]])
        >>> spread.result()
        array([0.25048828, 0.75097656])

    Source: Hou, Yu, Samaras, "Squared Earth Mover's Distance-based Loss", 2016, equation 7; Talebi, Milanfar, "NIMA",
    2018, equation 1; Rabin, Delon, Gousseau, "Transportation distances on the circle", 2011.
    """

    _value = _core.EARTH_MOVERS

    def __init__(
        self,
        r: float = 2,
        name: str | None = "earth_movers_distance",
        dtype: Any = None,
        bins: Any = None,
        unequal_mass: str = "as_is",
        tolerance: float = 1e-4,
        circular: float | bool = False,
        reduction: Any = "mean",
    ) -> None:
        self._quantiles = as_quantiles(reduction)
        if self._quantiles is None:
            super().__init__(name, dtype)
        else:
            NativeMetric.__init__(self, dtype, name)
            self.counts = self._exact_table((_core.VALUE_CELLS,), "counts")
        self._form = HistogramForm(r, bins, unequal_mass, tolerance, circular)
        self.r = self._form.r

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.dense("bins")

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        form = self._form.native(batch.y_pred.shape[-1])
        if self._quantiles is None:
            return [self._mean(self.r, bins=form)]
        planes, first = self.counts.planes_for(batch.weights, len(batch.y_pred))
        return [(_core.VALUE_COUNTS, planes, first, self._value, self.r, False, form)]

    def _bounds(self, quantiles: Any) -> tuple[Any, Any]:
        with self._lock:
            weights = self.counts.value.astype(np.float64)
        return quantile_bounds(weights, quantiles)

    def result(self) -> Any:
        """Returns the mean, 0.0 where the weights sum to 0; or the quantiles, an array, NaN where there are none."""
        if self._quantiles is None:
            return super().result()
        return self._as_result(middle(*self._bounds(self._quantiles)))

    def result_interval(self) -> tuple[Any, Any]:
        """Returns arrays of numbers between which the quantiles lie; the mean twice."""
        if self._quantiles is None:
            return (self.result(),) * 2
        return self._bounds(self._quantiles)

    @property
    def reduction(self) -> str | list[float]:
        """`"mean"` or the quantiles."""
        return "mean" if self._quantiles is None else self._quantiles.tolist()

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._form.config(), "reduction": self.reduction}


class DistributionMeanError(MeanOfRows):
    """Mean absolute error of the distributions' means.

    For each row `|sum(bins * y_true) - sum(bins * y_pred)|`, then the mean over rows, in the unit of the bins. Which
    question it answers: how far off is the mean that a predicted histogram says, whatever its shape.

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
        self._bins = as_positions(bins)

    @property
    def bins(self) -> list[float] | None:
        return None if self._bins is None else self._bins.tolist()

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.dense("bins")

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        return [self._mean(bins=positions_for(self._bins, batch.y_pred.shape[-1]))]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "bins": self.bins}
