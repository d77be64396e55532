"""Tables of counts, weighted without rounding."""

import itertools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tallymetrics import _core, runtime
from tallymetrics.metrics.variables import Arrays, Table, Variable

Self = TypeVar("Self", bound="ExactTable")

_DIGIT_MASK = 0xFFFFFFFF
# A plane takes less than 2^32 a row: after so many rows the carries are due.
ROWS_BEFORE_CARRY = 1 << 30
# To look at so many weights takes no longer than to wake a thread.
_ROWS_FOR_ONE_THREAD = 1 << 18
_CARRIED_AT_ONCE = 1 << 16


class ExactTable(Table):
    """A table of exact counts: int64 planes for units of 2^(32 k), of which unweighted counts need only k = 0."""

    # Whether nothing but `planes_for` makes room for weights.
    _repeats_weights = True

    def __init__(self, shape: tuple[int, ...], name: str) -> None:
        self.name = name
        self._replace(np.zeros(shape, np.int64))
        self._before: dict[int, npt.NDArray[np.int64]] | None = None
        self._rows_since_carry = 0
        self._asked = (0, 0, 0)

    @property
    def _units(self) -> npt.NDArray[np.int64]:
        """The plane of ones."""
        return self._planes[_core.UNIT_LIMB]

    def _replace(self, units: npt.NDArray[np.int64]) -> None:
        """Puts a plane of ones in the place of all planes."""
        self._planes: dict[int, npt.NDArray[np.int64]] = {_core.UNIT_LIMB: units}
        self._rows_since_carry = 0
        _core.note_change()

    @property
    def is_integral(self) -> bool:
        """Whether no floating-point weight was ever added, and the counts fit int64."""
        above = self._planes.get(_core.UNIT_LIMB + 1)
        whole = min(self._planes) == _core.UNIT_LIMB and max(self._planes) <= _core.UNIT_LIMB + 1
        return whole and (above is None or not (np.abs(above) >= 1 << 30).any())

    def planes_for(self, weights: npt.NDArray[Any] | None, rows: int) -> tuple[tuple[npt.NDArray[np.int64], ...], int]:
        """Makes room for exact sums of these weights; returns the planes and the limb of the first.

        Weights that are not finite make no room: the pass refuses them.
        """
        if weights is None:
            return (self._planes[_core.UNIT_LIMB],), _core.UNIT_LIMB
        threads = runtime.get_num_threads() if weights.size > _ROWS_FOR_ONE_THREAD else 1
        first, last = _core.weight_limbs(weights, threads)
        if first < 0:
            first = last = _core.UNIT_LIMB
        if first == _core.UNIT_LIMB and weights.dtype.kind == "f":
            first -= 1
        if self._rows_since_carry + rows > ROWS_BEFORE_CARRY:
            self.carry()
        self._rows_since_carry += rows
        planes = self._planes
        if first not in planes or last not in planes:
            self._make_planes(first, last)
            planes = self._planes
        self._asked = first, last, rows
        return tuple(planes[limb] for limb in range(first, last + 1)), first

    def limbs_for_repeats(self, rows: int, repeated_rows: int) -> tuple[int, int] | None:
        first, last, counted = self._asked
        more = -(-counted // rows) * repeated_rows
        if not self._repeats_weights or more > ROWS_BEFORE_CARRY >> 2:
            return None
        if self._rows_since_carry + more > ROWS_BEFORE_CARRY:
            self.carry()
        self._rows_since_carry += more
        return first, last

    def _make_planes(self, first: int, last: int) -> None:
        if self._before is None:
            self._before = dict(self._planes)
        for limb in range(min(first, *self._planes), max(last, *self._planes) + 1):
            if limb not in self._planes:
                self._planes[limb] = np.zeros(self.shape, np.int64)

    def _copied(self: Self) -> Self:
        """A table with arrays of its own, to work on and then to take over by `_become`."""
        copied = object.__new__(type(self))
        vars(copied).update(vars(self))
        copied._planes = {limb: plane.copy() for limb, plane in copied._planes.items()}
        return copied

    def _become(self, other: "ExactTable") -> None:
        """Takes all of the other's state in one step, which no interrupt can divide."""
        vars(self).update(vars(other))
        _core.note_change()

    def settle_room(self, added: bool) -> None:
        if self._before is not None and not added:
            self._planes = self._before
        self._before = None

    def carry(self) -> None:
        """Brings every digit but those of the highest plane into [0, 2^32)."""
        limbs = sorted(self._planes)
        for lower, upper in itertools.pairwise(limbs):
            low, high = self._planes[lower].reshape(-1), self._planes[upper].reshape(-1)
            # Part by part: the carries of all would take as much memory as a plane.
            parts = max(1, low.size // _CARRIED_AT_ONCE)
            for some_low, some_high in zip(np.array_split(low, parts), np.array_split(high, parts), strict=True):
                some_high += some_low >> 32
                some_low &= _DIGIT_MASK
        self._rows_since_carry = 0

    @property
    def value(self) -> npt.NDArray[Any]:
        """int64 while every count is a whole number by its kind, else float64, rounded once."""
        if len(self._planes) > 1:
            self.carry()
        if self.is_integral:
            above = self._planes.get(_core.UNIT_LIMB + 1)
            return self._units if above is None else self._units + (above << 32)
        digits = [self._planes[limb] for limb in sorted(self._planes)]
        return rounded(digits, min(self._planes) - _core.UNIT_LIMB)

    def mapped(self, function: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]]) -> npt.NDArray[Any]:
        """Returns the value that this table would have after a linear map of its integers, rounded once."""
        if len(self._planes) == 1:
            return np.ascontiguousarray(function(self._units))
        self.carry()
        result = ExactTable((0,), self.name)
        result._planes = {limb: np.ascontiguousarray(function(plane)) for limb, plane in self._planes.items()}
        return result.value

    def assign(self, value: Any) -> Variable:
        array = np.asarray(value)
        if array.shape != self.shape or array.dtype.kind not in "biu":
            raise ValueError(f"`value` must hold integers of shape {self.shape}. Received {array.dtype} {array.shape}.")
        ExactTable.reset(self)
        self._units[...] = array
        return self

    def assign_add(self, value: Any) -> Variable:
        self._units[...] += np.asarray(value, dtype=np.int64)
        return self

    def assign_sub(self, value: Any) -> Variable:
        self._units[...] -= np.asarray(value, dtype=np.int64)
        return self

    def reset(self) -> None:
        self._units[...] = 0
        if len(self._planes) > 1:
            self._replace(self._units)
        self._rows_since_carry = 0

    def add(self, other: Any) -> None:
        for limb, plane in other._planes.items():
            if limb in self._planes:
                self._planes[limb] += plane
            else:
                self._planes[limb] = plane.copy()
        self._fill_gaps()
        self.carry()

    def _fill_gaps(self) -> None:
        for limb in range(min(self._planes), max(self._planes)):
            if limb not in self._planes:
                self._planes[limb] = np.zeros(self.shape, np.int64)

    def arrays(self) -> Arrays:
        """The plane of ones under the variable's name, others as `name@k` in units of 2^(32 k)."""
        self.carry()
        return {self._key(limb): self._planes[limb].copy() for limb in sorted(self._planes)}

    def _key(self, limb: int) -> str:
        return self.name if limb == _core.UNIT_LIMB else f"{self.name}@{limb - _core.UNIT_LIMB}"

    def load(self, arrays: Arrays) -> None:
        planes = {limb: arrays[self._key(limb)] for limb in range(_core.LIMBS) if self._key(limb) in arrays}
        named = [name for name in arrays if name == self.name or name.startswith(self.name + "@")]
        if _core.UNIT_LIMB not in planes or len(planes) != len(named):
            raise ValueError(f"`arrays` must hold planes of `{self.name}`, the plane of ones too. Received {named}.")
        for plane in planes.values():
            if plane.shape != self.shape or plane.dtype != np.int64:
                raise ValueError(
                    f"`{self.name}` must be int64 of shape {self.shape}. Received {plane.dtype} of shape {plane.shape}."
                )
        self.assign(planes.pop(_core.UNIT_LIMB))
        self._planes.update({limb: plane.copy() for limb, plane in planes.items()})
        self._fill_gaps()


def rounded(digits: list[npt.NDArray[np.int64]], first: int) -> npt.NDArray[np.float64]:
    """Returns the sums of digits[i] * 2^(32 (first + i)), each rounded once to nearest, ties to even."""
    return _core.rounded_sums(digits, first)
