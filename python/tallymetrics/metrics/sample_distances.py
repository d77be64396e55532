"""Distances between two populations of samples, in any number of batches and constant memory."""

import math
from typing import Any

import numpy as np

from tallymetrics import _core, runtime
from tallymetrics.arguments import as_integer
from tallymetrics.inputs import Batch, Layouts, as_array, row_weights
from tallymetrics.metrics.binned_transport import Binned, first_order, second_order
from tallymetrics.metrics.native import Accumulator, NativeMetric, _value_error
from tallymetrics.metrics.position_table import PositionGrid, PositionTable


class Wasserstein1D(NativeMetric):
    """Wasserstein distance between two populations of samples.

    `(integral over u in [0, 1] of |quantile_true(u) - quantile_pred(u)|**p)**(1/p)`. Which question it answers: how
    far, on average and in their unit, must samples of y_true move to be distributed as those of y_pred, whichever
    belongs to which. For *histograms* use `EarthMoversDistance`; for errors of pairs, `MeanAbsoluteError`.

    Samples are summed up by bins: the exact weight of each bin and population, and the exact sum of positions. From
    these `result_interval()` has bounds between which the distance lies, and the result is an estimate between them.
    Both are the distance itself where each bin holds one value, as for integers and for numbers on a grid of binary
    fractions no finer than the bins, or for few samples. The bins' width is a power of two.

    Args:
        p: Order of the distance, 1 (default) or 2.
        bins: Number of bins at least, from 1 to 131,072, default 65,536; there may be up to twice as many.
        range: Where all samples lie, (low, high), default (0, 1); one outside is refused.
        name: Name of the metric, default `"wasserstein1d"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes samples of any shape; both arrays need not be of one length, and either may be empty. Weights,
    none negative, belong to the samples of both arrays, or are a tuple of two arrays or None, for y_true and y_pred.

    Example:
        >>> from tallymetrics import metrics
        >>> distance = metrics.Wasserstein1D(range=(0, 10))
        >>> distance.update_state([0, 1, 3], [5, 6, 8])
        >>> distance.result(), distance.result_interval()
        (5.0, (5.0, 5.0))
        >>> distance.update_state([], [2, 2], sample_weight=(None, [0.5, 0.5]))
        >>> round(distance.result(), 12)
        3.916666666667

    Source: Villani, "Topics in Optimal Transportation", 2003, section 2.2.
    """

    def __init__(
        self,
        p: int = 1,
        bins: int = 65536,
        range: tuple[float, float] = (0.0, 1.0),
        name: str | None = "wasserstein1d",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        self.p = as_integer(p, "p", 1, 2)
        self._grid = PositionGrid.of(bins, range)
        self.bins = int(bins)
        self.sample_range = self._grid.low, self._grid.high
        self.places: PositionTable = self._track(PositionTable(self._grid, "places"))
        self._tables.append(self.places)
        # Samples between the places of a bin, and weighted samples.
        self.irregular = self._exact_table((2,), "irregular")

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.elements()

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        return [self.places.accumulator(batch, self.irregular, 1)]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds samples to both populations, or to none.

        Args:
            y_true: Samples of the one population, of any shape.
            y_pred: Samples of the other, of any shape.
            sample_weight: Weights of both arrays' samples, or a tuple of two, either of which may be None.

        Raises:
            ValueError: If a sample lies outside the range, or a weight is negative or not finite.
            TypeError: If an array is not numeric.
        """
        weights = _weights_apart(sample_weight)
        if weights is None and np.shape(y_true) == np.shape(y_pred):
            super().update_state(y_true, y_pred, sample_weight)
            return
        if weights is None and sample_weight is not None:
            raise ValueError(
                "`sample_weight` must be a tuple of two arrays for populations of different shapes. "
                f"Received shapes {np.shape(y_true)} and {np.shape(y_pred)}."
            )
        pairs = zip(("y_true", "y_pred"), (y_true, y_pred), weights or (None, None), strict=True)
        self._add_apart([_samples(*one) for one in pairs])

    def _add_apart(self, batches: list[Batch]) -> None:
        with self._lock:
            before = self.state_arrays()
            try:
                for population, batch in enumerate(batches):
                    accumulator = self.places.accumulator(batch, self.irregular, population)
                    fault = _core.add(*batch, (accumulator,), runtime.get_num_threads())
                    if fault is not None:
                        raise _value_error(fault, [self], batch)
                    self.places.settle_room(True)
            except BaseException:
                self.load_state_arrays(before)
                raise

    def _interval(self) -> tuple[float, float, float]:
        with self._lock:
            masses, places = self.places.sums()
            between, weighted = (int(count) for count in self.irregular.value)
        empty = (masses.sum(axis=1) == 0).sum()
        if empty:
            nothing = 0.0 if empty == 2 else math.nan
            return nothing, nothing, nothing
        order = first_order if self.p == 1 else second_order
        low, estimate, high = order(Binned.of(masses, places, weighted > 0))
        # A sample between places is off by at most half a place, on either side.
        error = 2.0**-32 if between else 0.0
        width = self._grid.width
        return max(low - error, 0.0) * width, estimate * width, (high + error) * width

    def result(self) -> float:
        """Returns the distance; 0.0 where both populations are empty, NaN where one is."""
        value: float = self._as_result(self._interval()[1])
        return value

    def result_interval(self) -> tuple[float, float]:
        """Returns numbers between which the distance lies, but for the rounding of the last sum."""
        low, _, high = self._interval()
        return low, high

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "p": self.p, "bins": self.bins, "range": list(self.sample_range or ())}


def _weights_apart(sample_weight: Any) -> tuple[Any, Any] | None:
    """The weights of both populations, if they are given so; two plain numbers are weights of two samples."""
    if not isinstance(sample_weight, tuple) or len(sample_weight) != 2:
        return None
    if all(one is not None and np.ndim(one) == 0 for one in sample_weight):
        return None
    return sample_weight


def _samples(name: str, values: Any, weights: Any) -> Batch:
    array = as_array(values, name)
    return Batch(None, array.reshape(-1), row_weights(weights, array.shape), 1)
