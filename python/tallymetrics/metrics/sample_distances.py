"""Distances between two populations of samples, in any number of batches and constant memory."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tallymetrics import _core
from tallymetrics.arguments import as_integer
from tallymetrics.metrics.binned_transport import Binned, BinnedSums
from tallymetrics.metrics.populations import Populations
from tallymetrics.metrics.shift_measures import cell_shares, divergences, kolmogorov_smirnov, squared_difference
from tallymetrics.metrics.sorted_samples import distance_of_sorted

MEASURES = (
    *("wasserstein", "energy_distance", "kolmogorov_smirnov", "total_variation", "hellinger", "jensen_shannon"),
    *("kl_divergence", "population_stability_index"),
)


class Wasserstein1D(Populations):
    """Wasserstein distance between two populations of samples.

    `(integral over u in [0, 1] of |quantile_true(u) - quantile_pred(u)|**p)**(1/p)`. Which question it answers: how
    far, on average and in their unit, must samples of y_true move to be distributed as those of y_pred, whichever
    belongs to which. For *histograms* use `EarthMoversDistance`; for errors of pairs, `MeanAbsoluteError`.

    Samples are summed up by bins: the exact weight of each bin and population, and the exact sum of positions. From
    these `result_interval()` has bounds between which the distance lies, and the result is an estimate between them.
    Both are the distance itself where each bin holds one value, as for integers and for numbers on a grid of binary
    fractions no finer than the bins, or for few samples; `refine(batches)` has it from a second look at the data. The
    bins' width is a power of two. With `exact=True` all samples are kept and sorted: the result is exact for any
    floats, and memory grows with the data.

    Args:
        p: Order of the distance, 1 (default) or 2.
        bins: Number of bins at least, from 1 to 131,072, default 65,536; there may be up to twice as many.
        range: Where all samples lie, (low, high), default (0, 1); one outside is refused.
        name: Name of the metric, default `"wasserstein1d"`.
        dtype: What `result()` is rounded to, default float64.
        exact: Whether to keep all samples, as float64, default False; they need only be finite then, whatever `range`.

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
        exact: bool = False,
    ) -> None:
        super().__init__(bins, range, name, dtype, bool(exact))
        self.p = as_integer(p, "p", 1, 2)

    def _interval(self) -> tuple[float, float, float]:
        if self.exact:
            distance = self._distance_of_samples()
            return distance, distance, distance
        sums, nothing, between = self._sums()
        if sums is None:
            return nothing, nothing, nothing
        low, estimate, high = sums.distance(self.p)
        # A sample between places is off by at most half a place, on either side.
        error = 2.0**-32 if between else 0.0
        width = self._grid.width
        return max(low - error, 0.0) * width, estimate * width, (high + error) * width

    def _distance_of_samples(self) -> float:
        with self._lock:
            one, other = (samples.samples() for samples in self._samples)
        empty = [len(one[0]), len(other[0])].count(0)
        if empty:
            return 0.0 if empty == 2 else math.nan
        return distance_of_sorted(one, other, self.p)

    def refine(self, batches: Iterable[Any]) -> float:
        """Returns the distance itself, from a second look at the samples; the state stays as it is.

        For p=1 only samples in bins where the order of the two populations is open are looked at again, a small part as
        a rule; for p=2 those of all bins that have more than one value are gathered and sorted.

        Args:
            batches: All that was added: tuples of the arguments of `update_state`.

        Returns:
            The distance, exact but for rounding.

        Raises:
            ValueError: If the batches are not those that were added.
        """
        if self.exact:
            return self.result()
        sums, nothing, _ = self._sums()
        if sums is None:
            return float(self._as_result(nothing))
        marks = sums.open_bins() if self.p == 1 else sums.shared_bins()
        found = self._samples_in(marks, batches)
        _check_found(sums, marks > 0, found)
        one, other = found
        distance = _core.refined_distance(*sums, one, other) if self.p == 1 else _second_order(sums, marks == 0, found)
        value: float = self._as_result(distance * self._grid.width)
        return value

    def result(self) -> float:
        """Returns the distance; 0.0 where both populations are empty, NaN where one is."""
        value: float = self._as_result(self._interval()[1])
        return value

    def result_interval(self) -> tuple[float, float]:
        """Returns numbers between which the distance lies, but for the rounding of the last sum."""
        low, _, high = self._interval()
        return low, high

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "p": self.p, "exact": self.exact}


def _check_found(sums: BinnedSums, bins: Any, found: list[Any]) -> None:
    """Compares weights and positions of the samples found in some bins with what was added there."""
    sides = zip(("y_true", "y_pred"), found, sums.masses, sums.places, strict=True)
    for name, (positions, weights), mass, place in sides:
        expected = float(mass[bins].sum()), float((place + mass * np.arange(len(mass)))[bins].sum())
        if weights is None:
            received = float(len(positions)), float(positions.sum())
        else:
            received = float(weights.sum()), float((weights * positions).sum())
        if not np.allclose(received, expected, rtol=1e-9, atol=0):
            raise ValueError(
                f"`batches` must be those that were added. Their `{name}` has weight {received[0]}, at the bin "
                f"{received[1]} in sum, where weight {expected[0]} at {expected[1]} is looked for."
            )


def _second_order(sums: BinnedSums, bins: Any, found: list[Any]) -> float:
    """The distance of order 2 of samples that were found, and of the single values of the other bins."""
    sides = []
    for (positions, weights), masses, places in zip(found, sums.masses, sums.places, strict=True):
        used = np.flatnonzero(bins & (masses > 0))
        if len(used):
            weights = np.append(np.ones(len(positions)) if weights is None else weights, masses[used])
            positions = np.append(positions, used + places[used] / masses[used])
            order = np.argsort(positions, kind="stable")
            positions, weights = positions[order], weights[order]
        sides.append((positions, weights))
    one, other = sides
    return distance_of_sorted(one, other, 2)


class DistributionShift(Populations):
    """How far the distribution of y_pred has moved from that of y_true, by several measures of one state.

    Which question it answers: are two populations of samples (a feature in training and in production, scores and
    labels) still distributed alike, whichever sample belongs to which. The result is a dict of

    - `wasserstein`: see `Wasserstein1D`, and `energy_distance`: `sqrt(2 * integral of (CDF difference)**2)`;
    - `kolmogorov_smirnov`: the greatest difference of the CDFs;
    - of `cells` that hold equal shares of y_true, say deciles: `total_variation`, `hellinger`, `jensen_shannon` and
      `kl_divergence` (of y_pred from y_true) in nats, and `population_stability_index`, the sum of
      `(share_true - share_pred) * log(share_true / share_pred)`. The last two are infinite if y_pred leaves a cell
      empty.

    Args:
        cells: Number of cells, at least 2, default 10. Equal samples are never parted, so there may be fewer.
        bins: Number of bins at least, from 1 to 131,072, default 65,536; there may be up to twice as many.
        range: Where all samples lie, (low, high), default (0, 1); one outside is refused.
        name: Name of the metric, default `"distribution_shift"`.
        dtype: What results are rounded to, default float64.

    `update_state` takes what that of `Wasserstein1D` takes. The first three measures are exact where each bin holds one
    value; `result_interval()` has bounds of them. Cells are cut between bins.

    Example:
        >>> from tallymetrics import metrics
        >>> shift = metrics.DistributionShift(cells=2, range=(0, 4))
        >>> shift.update_state([0, 1, 2, 3], [1, 2, 3, 3])
        >>> {name: round(value, 4) for name, value in shift.result().items()}
        ... # doctest: +NORMALIZE_WHITESPACE
        {'wasserstein': 0.75, 'energy_distance': 0.6124, 'kolmogorov_smirnov': 0.25, 'total_variation': 0.25,
         'hellinger': 0.1846, 'jensen_shannon': 0.0338, 'kl_divergence': 0.1438, 'population_stability_index': 0.2747}

    Source: Székely, Rizzo, "Energy statistics", 2013; Lin, "Divergence measures based on the Shannon entropy", 1991.
    """

    def __init__(
        self,
        cells: int = 10,
        bins: int = 65536,
        range: tuple[float, float] = (0.0, 1.0),
        name: str | None = "distribution_shift",
        dtype: Any = None,
    ) -> None:
        super().__init__(bins, range, name, dtype)
        self.cells = as_integer(cells, "cells", 2, 1 << 16)

    def _bounded(self, sums: BinnedSums, binned: Binned) -> dict[str, tuple[float, float, float]]:
        width = self._grid.width
        low, estimate, high = sums.distance(1)
        squares = squared_difference(binned)
        return {
            "wasserstein": (low * width, estimate * width, high * width),
            "energy_distance": (
                math.sqrt(2 * width * squares[0]),
                math.sqrt(2 * width * squares[1]),
                math.sqrt(2 * width * squares[2]),
            ),
            "kolmogorov_smirnov": kolmogorov_smirnov(binned),
        }

    def result(self) -> dict[str, float]:
        """Returns the measures by name; all 0.0 where both populations are empty, NaN where one is."""
        sums, nothing, _ = self._sums()
        if sums is None:
            return dict.fromkeys(MEASURES, float(self._as_result(nothing)))
        binned = Binned.of(sums)
        values = {name: estimate for name, (_, estimate, _) in self._bounded(sums, binned).items()}
        values.update(divergences(cell_shares(binned, self.cells)))
        return {name: float(self._as_result(values[name])) for name in MEASURES}

    def result_interval(self) -> dict[str, tuple[float, float]]:
        """Returns numbers between which the first three measures lie, but for rounding, of positions to 2^-32 bins."""
        sums, nothing, _ = self._sums()
        if sums is None:
            return dict.fromkeys(MEASURES[:3], (nothing, nothing))
        return {name: (low, high) for name, (low, _, high) in self._bounded(sums, Binned.of(sums)).items()}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cells": self.cells}

    def _merge_key(self) -> dict[str, Any]:
        return {key: value for key, value in super()._merge_key().items() if key != "cells"}
