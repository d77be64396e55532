"""Counts of elements by label and exact score, or beyond some number of scores by bins of a fixed histogram."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.inputs import Array, Batch
from tallymetrics.metrics.exact_table import ExactTable
from tallymetrics.metrics.native import Accumulator
from tallymetrics.metrics.variables import Arrays, Variable
from tallymetrics.metrics.waiting_table import WaitingTable

Scores = npt.NDArray[np.float64]
Planes = dict[int, npt.NDArray[np.int64]]

# More distinct scores than this are counted in bins.
MOST_SCORES = 1 << 18
# Fewer elements than this wait for others, because room for new scores costs a copy of the table.
_WAITING_ELEMENTS = 1 << 15
_NO_SCORES: Scores = np.zeros(0)


class ScoreTable(WaitingTable):
    """Counts [is positive, score], exact: what it holds is a function of all that was added, in whatever order.

    The scores are those of `scores`, sorted, after a first cell for NaN and -inf, which rank as equals; a last cell
    stays empty. With more than `MOST_SCORES` distinct scores the cells are the bins of the histogram.
    """

    def __init__(self, name: str) -> None:
        super().__init__((2, 2), name)
        self.scores = _NO_SCORES
        self._waiting: list[Batch] = []
        self._waiting_elements = 0
        self._offered: Batch | None = None
        self._kept: tuple[Scores, Planes] | None = None

    @property
    def is_binned(self) -> bool:
        """Whether there were too many scores to count each by itself."""
        return self.settled()._is_binned

    @property
    def _is_binned(self) -> bool:
        return len(self._units[0]) == _core.HISTOGRAM_BINS

    def fits(self, other: Any) -> bool:
        return isinstance(other, ScoreTable)

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        """Makes room for a batch, to be kept or taken back by `settle_room`; returns what the pass adds up for it."""
        if not self._is_binned and batch.y_pred.size < _WAITING_ELEMENTS:
            self._offered = _copied_elements(batch)
            return []
        self._count()
        self._kept = self.scores, self._planes
        self._make_room(batch.y_pred)
        return self._accumulators(batch)

    def _accumulators(self, batch: Batch) -> list[Accumulator]:
        planes, first_limb = self.planes_for(batch.weights, batch.y_pred.size)
        thresholds = None if self._is_binned else np.concatenate([[-np.inf], self.scores])
        width = batch.y_pred.shape[1] if batch.y_pred.ndim == 2 else 1
        return [(_core.THRESHOLD_COUNTS, planes, first_limb, thresholds, width, -1, 0, False, False, 0, True)]

    def offers(self) -> list[tuple[list[Any], Any]]:
        return [] if self._offered is None else [(self._waiting, self._offered)]

    def settle_room(self, added: bool) -> None:
        super().settle_room(added)
        if self._kept is not None and not added:
            self.scores, self._planes = self._kept
        if self._offered is not None and added:
            self._waiting_elements += len(self._offered.y_pred)
        self._offered = self._kept = None
        if self._waiting_elements >= _WAITING_ELEMENTS:
            self._count()

    @property
    def _waits(self) -> bool:
        return bool(self._waiting)

    def _forget_waiting(self) -> None:
        self._waiting, self._waiting_elements = [], 0

    def _counted_copy(self) -> "ScoreTable":
        settled = self._copied()
        waiting = list(settled._waiting)
        settled._forget_waiting()
        groups: dict[Any, list[Batch]] = {}
        for batch in waiting:
            groups.setdefault(None if batch.weights is None else batch.weights.dtype, []).append(batch)
        for batches in groups.values():
            weights = [batch.weights for batch in batches if batch.weights is not None]
            batch = Batch(
                np.concatenate([batch.y_true for batch in batches if batch.y_true is not None]),
                np.concatenate([batch.y_pred for batch in batches]),
                np.concatenate(weights) if weights else None,
                1,
            )
            settled._make_room(batch.y_pred)
            _core.add(*batch, tuple(settled._accumulators(batch)), 1)
            ExactTable.settle_room(settled, True)
        return settled

    def _make_room(self, y_pred: Array) -> None:
        """Makes a cell for every score, or bins if there are too many."""
        if self._is_binned:
            return
        scores = self.scores
        for piece in _pieces(y_pred):
            scores = _union(scores, _distinct(piece))
            if len(scores) > MOST_SCORES:
                self._use_bins()
                return
        self._use_scores(scores)

    def _use_scores(self, scores: Scores) -> None:
        if len(scores) > len(self.scores):
            self._move(_cells_of(self.scores, scores), len(scores) + 2, scores)

    def _use_bins(self) -> None:
        if not self._is_binned:
            self._move(self._bins(), _core.HISTOGRAM_BINS, _NO_SCORES)

    def _bins(self) -> npt.NDArray[np.int64]:
        return np.concatenate([[0], _core.histogram_bins(self.scores), [0]])

    def _move(self, cells: npt.NDArray[np.int64], count: int, scores: Scores) -> None:
        self.carry()
        planes = {limb: _moved(plane, cells, count) for limb, plane in self._planes.items()}
        vars(self).update(_planes=planes, scores=scores)

    def add(self, other: Any) -> None:
        self.settle()
        other.settle()
        other = other.settled()
        scores = self.scores if other._is_binned else _union(self.scores, other.scores)
        if self._is_binned or other._is_binned or len(scores) > MOST_SCORES:
            self._use_bins()
        else:
            self._use_scores(scores)
        if other._is_binned:
            super().add(other)
            return
        moved = ExactTable((0,), self.name)
        other.carry()
        cells = other._bins() if self._is_binned else _cells_of(other.scores, self.scores)
        moved._planes = {limb: _moved(plane, cells, self._units.shape[1]) for limb, plane in other._planes.items()}
        super().add(moved)

    def used_counts(self) -> tuple[bool, npt.NDArray[np.float64]]:
        """Returns whether the cells are bins, and the weights of negatives and of positives, [2, cells], of the cells
        where anything was counted; for who holds the metric's lock."""
        frozen = self.frozen()
        used = np.any([plane.any(axis=0) for plane in frozen._planes.values()], axis=0)
        return frozen._is_binned, frozen.mapped(lambda plane: plane[:, used]).astype(np.float64)

    def reset(self) -> None:
        self._resize(_NO_SCORES, 2)

    def _resize(self, scores: Scores, cells: int) -> None:
        self._forget_waiting()
        self.scores = scores
        self._replace(np.zeros((2, cells), np.int64))

    def assign(self, value: Any) -> Variable:
        array = np.asarray(value)
        if array.shape not in ((2, len(self.scores) + 2), (2, _core.HISTOGRAM_BINS)) or array.dtype.kind not in "biu":
            raise ValueError(
                f"`value` must hold integers for {len(self.scores)} scores. Received {array.dtype} {array.shape}."
            )
        self._resize(self.scores if array.shape[1] == len(self.scores) + 2 else _NO_SCORES, array.shape[1])
        self._units[...] = array
        return self

    def load(self, arrays: Arrays) -> None:
        self._resize(self.scores, arrays[self.name].shape[-1] if self.name in arrays else 2)
        super().load(arrays)


class ScoresOfTable(Variable):
    """The distinct scores of a table, saved and loaded before it."""

    def __init__(self, name: str, table: ScoreTable) -> None:
        self.name = name
        self._table = table

    @property
    def value(self) -> npt.NDArray[Any]:
        return self._table.settled().scores

    def assign(self, value: Any) -> Variable:
        scores = np.array(value, np.float64)
        if scores.ndim != 1 or len(scores) > MOST_SCORES or not (scores[1:] > scores[:-1]).all():
            raise ValueError(f"`{self.name}` must hold increasing scores. Received shape {scores.shape}.")
        self._table._resize(scores, len(scores) + 2)
        return self

    def fits(self, other: Any) -> bool:
        return isinstance(other, ScoresOfTable)

    def add(self, other: Any) -> None:
        """The table adds its scores with its cells."""

    def reset(self) -> None:
        """The table resets its scores with its cells."""

    def arrays(self) -> Arrays:
        return {self.name: self.value.copy()}


def _copied_elements(batch: Batch) -> Batch:
    assert batch.y_true is not None
    weights = batch.weights
    if weights is not None:
        weights = np.repeat(weights, batch.y_pred.shape[1]) if batch.y_pred.ndim == 2 else weights.copy()
    return Batch((batch.y_true != 0).reshape(-1), batch.y_pred.astype(np.float64).reshape(-1), weights, 1)


def _pieces(y_pred: Array) -> list[Array]:
    rows = max(MOST_SCORES // max(y_pred[:1].size, 1), 1)
    return [y_pred[first : first + rows] for first in range(0, len(y_pred), rows)]


def _distinct(scores: Array) -> Scores:
    """Sorted, without NaN and -inf."""
    if scores.dtype == np.float16:
        scores = np.unique(scores.view(np.uint16)).view(np.float16)  # integers sort far faster
    distinct = np.unique(scores).astype(np.float64) + 0.0
    return distinct[distinct > -np.inf]


def _union(left: Scores, right: Scores) -> Scores:
    return np.union1d(left, right) if len(left) else right


def _cells_of(scores: Scores, among: Scores) -> npt.NDArray[np.int64]:
    """The cells of a table of some scores in one of more scores."""
    return np.concatenate([[0], np.searchsorted(among, scores) + 1, [len(among) + 1]])


def _moved(plane: npt.NDArray[np.int64], cells: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    result = np.zeros((2, count), np.int64)
    for moved, counts in zip(result, plane, strict=True):
        np.add.at(moved, cells, counts)
    return result
