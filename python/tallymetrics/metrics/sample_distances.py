"""Distances between two populations of samples, in any number of batches and constant memory."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tallymetrics.arguments import as_integer
from tallymetrics.metrics.binned_transport import Binned, first_order, first_order_parts, open_parts, second_order
from tallymetrics.metrics.populations import Populations
from tallymetrics.metrics.shift_measures import cell_shares, divergences, kolmogorov_smirnov, squared_difference

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
    fractions no finer than the bins, or for few samples; `refine(batches)` has it for p=1 from a second look at the
    data. The bins' width is a power of two.

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
        super().__init__(bins, range, name, dtype)
        self.p = as_integer(p, "p", 1, 2)

    def _interval(self) -> tuple[float, float, float]:
        binned, nothing, between = self._binned()
        if binned is None:
            return nothing, nothing, nothing
        low, estimate, high = first_order(binned) if self.p == 1 else second_order(binned)
        # A sample between places is off by at most half a place, on either side.
        error = 2.0**-32 if between else 0.0
        width = self._grid.width
        return max(low - error, 0.0) * width, estimate * width, (high + error) * width

    def refine(self, batches: Iterable[Any]) -> float:
        """Returns the distance itself, from a second look at the samples; the state stays as it is.

        Only samples in bins where the order of the two populations is open are looked at again.

        Args:
            batches: All that was added: tuples of the arguments of `update_state`.

        Returns:
            The distance of order 1, exact but for rounding.

        Raises:
            ValueError: If `p` is 2, or the batches are not those that were added.
        """
        if self.p != 1:
            raise ValueError(f"`p` must be 1 to refine. Received {self.p}.")
        binned, nothing, _ = self._binned()
        if binned is None:
            return float(self._as_result(nothing))
        parts = first_order_parts(binned)
        is_open = parts.excess > 0
        found = self._samples_in(is_open, batches)
        masses, places = self.places.sums()
        for name, (positions, weights), mass, place in zip(("y_true", "y_pred"), found, masses, places, strict=True):
            expected = math.fsum(mass[is_open]), math.fsum((place + mass * np.arange(len(mass)))[is_open])
            received = math.fsum(weights), math.fsum(weights * positions)
            if not np.allclose(received, expected, rtol=1e-9, atol=0):
                raise ValueError(
                    f"`batches` must be those that were added. Their `{name}` has weight {received[0]}, at the bin "
                    f"{received[1]} in sum, where weight {expected[0]} at {expected[1]} is looked for."
                )
        rest = math.fsum(parts.lower[~is_open])
        shares = [(positions, own / total) for (positions, own), total in zip(found, masses.sum(axis=1), strict=True)]
        value: float = self._as_result((rest + open_parts(binned, *shares)) * self._grid.width)
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
        return {**super().get_config(), "p": self.p}


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

    def _bounded(self, binned: Binned) -> dict[str, tuple[float, float, float]]:
        width = self._grid.width
        low, estimate, high = first_order(binned)
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
        binned, nothing, _ = self._binned()
        if binned is None:
            return dict.fromkeys(MEASURES, float(self._as_result(nothing)))
        values = {name: estimate for name, (_, estimate, _) in self._bounded(binned).items()}
        values.update(divergences(cell_shares(binned, self.cells)))
        return {name: float(self._as_result(values[name])) for name in MEASURES}

    def result_interval(self) -> dict[str, tuple[float, float]]:
        """Returns numbers between which the first three measures lie, but for rounding, of positions to 2^-32 bins."""
        binned, nothing, _ = self._binned()
        if binned is None:
            return dict.fromkeys(MEASURES[:3], (nothing, nothing))
        return {name: (low, high) for name, (low, _, high) in self._bounded(binned).items()}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cells": self.cells}

    def _merge_key(self) -> dict[str, Any]:
        return {key: value for key, value in super()._merge_key().items() if key != "cells"}
