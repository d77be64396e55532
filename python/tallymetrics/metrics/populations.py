"""The state of metrics of two populations of samples, which need not be of one size."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core, runtime
from tallymetrics.inputs import Array, Batch, Layouts, as_array, row_weights
from tallymetrics.metrics.binned_transport import BinnedSums
from tallymetrics.metrics.locks import locked, restored_on_error
from tallymetrics.metrics.native import Accumulator, NativeMetric, add_accumulators
from tallymetrics.metrics.position_table import Floats, PositionGrid, PositionTable
from tallymetrics.metrics.sorted_samples import SortedSamples


class Populations(NativeMetric):
    """Gathers the samples of y_true and those of y_pred: weights and sums of positions by bins, or the samples."""

    def __init__(self, bins: int, sample_range: Any, name: str | None, dtype: Any, exact: bool = False) -> None:
        super().__init__(dtype, name)
        self._grid = PositionGrid.of(bins, sample_range)
        self.bins = int(bins)
        self.exact = exact
        self._samples: list[SortedSamples] = []
        if exact:
            self._samples = [self._track(SortedSamples(side)) for side in ("true_samples", "pred_samples")]
            self._tables += self._samples
            return
        self.sample_range = self._grid.low, self._grid.high
        self.places: PositionTable = self._track(PositionTable(self._grid, "places"))
        self._tables.append(self.places)
        # Samples between the places of a bin, and weighted samples.
        self.irregular = self._exact_table((2,), "irregular")

    @property
    def repeatable(self) -> bool:
        # Samples that are kept do not pass through the native core.
        return not self.exact

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.elements()

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        if not self.exact:
            return [self.places.accumulator(batch, self.irregular, 1)]
        for population, samples in enumerate((batch.y_true, batch.y_pred)):
            assert samples is not None
            self._offer(population, samples, batch.weights)
        return []

    def _offer(self, population: int, samples: Array, weights: Array | None) -> None:
        self._samples[population].offer(("y_true", "y_pred")[population], samples, weights)

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
        self._add_apart(self._apart(y_true, y_pred, sample_weight))

    def _apart(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> list[Batch]:
        """Returns the samples of each population, as a batch of its own."""
        weights = _weights_apart(sample_weight)
        if weights is None and np.shape(y_true) == np.shape(y_pred):
            batch = self.layout(Layouts(y_true, y_pred, sample_weight))
            assert batch.y_true is not None
            return [Batch(None, one, batch.weights, 1) for one in (batch.y_true, batch.y_pred)]
        if weights is None and sample_weight is not None:
            raise ValueError(
                "`sample_weight` must be a tuple of two arrays for populations of different shapes. "
                f"Received shapes {np.shape(y_true)} and {np.shape(y_pred)}."
            )
        pairs = zip(("y_true", "y_pred"), (y_true, y_pred), weights or (None, None), strict=True)
        return [_samples(*one) for one in pairs]

    def _add_apart(self, batches: list[Batch]) -> None:
        asked = [self._asked(*one) for one in enumerate(batches)]
        committed: list[bool] = []
        with locked([self]):
            if self.exact:
                add_accumulators([self], batches[0], itertools.chain(*asked), committed)
                return
            with restored_on_error([self], committed):
                add_accumulators([self], batches[0], asked[0], [])
                add_accumulators([self], batches[1], asked[1], committed)

    def _asked(self, population: int, batch: Batch) -> Iterator[Accumulator]:
        """Makes room for the samples of one population; yields what adds them, unless they are kept."""
        if self.exact:
            self._offer(population, batch.y_pred, batch.weights)
        else:
            yield self.places.accumulator(batch, self.irregular, population)

    def _sums(self) -> tuple[BinnedSums | None, float, bool]:
        """Returns the sums, or None and the answer where a population is empty; and whether samples lie between
        places."""
        with self._lock:
            masses, places = self.places.sums()
            between, weighted = (int(count) for count in self.irregular.value)
        empty = 2 - masses.any(axis=1).sum()
        if empty:
            return None, 0.0 if empty == 2 else np.nan, False
        if masses.max() > 2.0**900:
            # Totals must stay finite.
            masses, places = masses * 2.0**-100, places * 2.0**-100
        if not np.isfinite(masses).all():
            return None, np.nan, False
        return BinnedSums(masses, places, weighted > 0), 0.0, between > 0

    def _samples_in(self, bins: npt.NDArray[np.uint8], batches: Iterable[Any]) -> list[tuple[Floats, Floats | None]]:
        """Returns positions, in bins from the origin, and weights, None if there are none, of each population's samples
        in some bins; the positions increase."""
        found: list[list[tuple[Floats, Floats | None]]] = [[], []]
        for given in batches:
            for side, batch in zip(found, self._apart(*given), strict=True):
                side.append(self._selected(bins, batch))
        return [_joined(side) for side in found]

    def _selected(self, bins: npt.NDArray[np.uint8], batch: Batch) -> tuple[Floats, Floats | None]:
        origin, width = self._grid.origin, self._grid.width
        rows = _core.samples_in_bins(batch.y_pred, origin, width, bins, runtime.get_num_threads())
        positions = (batch.y_pred[rows].astype(np.float64) - origin) / width
        return positions, None if batch.weights is None else batch.weights[rows].astype(np.float64)

    def get_config(self) -> dict[str, Any]:
        low, high = self._grid.low, self._grid.high
        return {**super().get_config(), "bins": self.bins, "range": [low, high]}


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


def _joined(pieces: list[tuple[Floats, Floats | None]]) -> tuple[Floats, Floats | None]:
    """Positions, sorted, and their weights."""
    positions = np.concatenate([np.zeros(0), *(one for one, _ in pieces)])
    if all(weights is None for _, weights in pieces):
        positions.sort()
        return positions, None
    weights = np.concatenate([np.ones(len(one)) if own is None else own for one, own in pieces])
    order = np.argsort(positions, kind="stable")
    return positions[order], weights[order]
