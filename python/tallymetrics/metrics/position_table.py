"""Two populations of samples by bins of equal width: exact weights and sums of positions."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.arguments import as_integer, as_number
from tallymetrics.inputs import Batch
from tallymetrics.metrics.exact_table import ExactTable
from tallymetrics.metrics.native import Accumulator
from tallymetrics.metrics.repeated import MOST_REPEATED_ROWS
from tallymetrics.metrics.variables import Arrays, Variable

Floats = npt.NDArray[np.float64]

_BELOW = _core.UNIT_LIMB - 1
_ROWS_BEFORE_CARRY = 1 << 29
MOST_BINS = 1 << 17
_PLACES = 2.0**32


class PositionGrid(NamedTuple):
    """Bins whose width is a power of two and divides `origin`: what is a short binary fraction has an exact place."""

    origin: float
    width: float
    bins: int
    low: float
    high: float

    @classmethod
    def of(cls, bins: Any, sample_range: Any) -> "PositionGrid":
        """Returns a grid of at least `bins` bins over a range, and fewer than twice as many.

        Raises:
            TypeError: If an argument is no number.
            ValueError: If one is out of range.
        """
        count = as_integer(bins, "bins", 1, MOST_BINS)
        try:
            low, high = (as_number(end, "range", -math.inf, math.inf) for end in sample_range)
        except (TypeError, ValueError):
            raise ValueError(f"`range` must be a pair of finite numbers. Received {sample_range!r}.") from None
        low, high = float(low), float(high)
        if not (low < high and 1e-250 < high - low < 1e250):
            raise ValueError(f"`range` must be a pair of increasing numbers. Received {sample_range!r}.")
        width = math.ldexp(1.0, math.frexp((high - low) / count)[1] - 1)
        origin = math.floor(low / width) * width
        return cls(origin, width, math.floor((high - origin) / width + 2.0**-30) + 1, low, high)


class PositionTable(ExactTable):
    """Sums [population, 2, bin]: weights, and weights times places in the bin, from 0 to 1."""

    _repeats_weights = False

    def __init__(self, grid: PositionGrid, name: str) -> None:
        self.grid = grid
        super().__init__((2, 2, grid.bins), name)
        self._planes[_BELOW] = np.zeros(self.shape, np.int64)

    def accumulator(self, batch: Batch, irregular: ExactTable, population: int) -> Accumulator:
        """Returns what adds both arrays of a batch, or without y_true those of y_pred to one population."""
        planes, first = self.planes_for(batch.weights, len(batch.y_pred))
        marks = irregular.planes_for(None, 0)[0][0]
        return (_core.POSITION_COUNTS, planes, first, marks, *self.grid, population)

    def planes_for(self, weights: npt.NDArray[Any] | None, rows: int) -> tuple[tuple[npt.NDArray[np.int64], ...], int]:
        """As of any table, and one plane lower: products of a digit and a place reach there."""
        additions = 2 * rows + MOST_REPEATED_ROWS
        if self._rows_since_carry + additions > _ROWS_BEFORE_CARRY:
            self.carry()
        planes, first = super().planes_for(weights, 2 * rows)
        if first == 0:
            assert weights is not None
            row = int(np.argmin(np.where(weights == 0, np.inf, np.abs(weights))))
            raise ValueError(f"`sample_weight` must be 0 or at least 1e-300. Received {weights[row]} in row {row}.")
        if weights is None:
            self._rows_since_carry += additions
        if first - 1 not in self._planes:
            self._make_planes(first - 1, first)
        return (self._planes[first - 1], *planes), first - 1

    def reset(self) -> None:
        below = self._planes[_BELOW]
        below[...] = 0
        super().reset()
        self._planes[_BELOW] = below

    def load(self, arrays: Arrays) -> None:
        super().load(arrays)
        if _BELOW not in self._planes:
            self._planes[_BELOW] = np.zeros(self.shape, np.int64)
        _core.note_change()

    def assign(self, value: Any) -> Variable:
        super().assign(value)
        self._planes.setdefault(_BELOW, np.zeros(self.shape, np.int64))
        _core.note_change()
        return self

    def sums(self) -> tuple[Floats, Floats]:
        """Returns the weights and the sums of places, each [population, bin], rounded once."""
        limbs = sorted(self._planes)
        values = _core.rounded_sums([self._planes[limb] for limb in limbs], limbs[0] - _core.UNIT_LIMB)
        return np.ascontiguousarray(values[:, 0]), np.ascontiguousarray(values[:, 1])
