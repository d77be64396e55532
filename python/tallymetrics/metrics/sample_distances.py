"""Distances between two populations of samples, in any number of batches and constant memory."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tallymetrics.arguments import as_integer
from tallymetrics.metrics.binned_transport import first_order, first_order_parts, open_parts, second_order
from tallymetrics.metrics.populations import Populations


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
