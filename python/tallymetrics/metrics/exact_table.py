"""Tables of counts, weighted without rounding."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tallymetrics import _core, runtime
from tallymetrics.metrics.variables import Arrays, Table, Variable

Self = TypeVar("Self", bound="ExactTable")

# A plane takes less than 2^32 a row: after so many rows the carries are due.
ROWS_BEFORE_CARRY = 1 << 30
# To look at so many weights takes no longer than to wake a thread.
_ROWS_FOR_ONE_THREAD = 1 << 18


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

    @property
    def shape(self) -> tuple[int, ...]:
        return self._units.shape

    def _replace(self, units: npt.NDArray[np.int64]) -> None:
        """Puts a plane of ones in the place of all planes."""
        self._planes: dict[int, npt.NDArray[np.int64]] = {_core.UNIT_LIMB: units}
        self._rows_since_carry = 0
        _core.note_change()

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
        planes = self._planes
        limbs = range(min(first, *planes), max(last, *planes) + 1)
        made = {limb: np.zeros(self.shape, np.int64) for limb in limbs if limb not in planes}
        if self._before is None:
            self._before = planes
        # In one step, or a reader would miss one in the middle; what was made meanwhile holds numbers.
        self._planes = {**made, **self._planes}

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
        planes = self._planes
        _core.carry_planes([planes[limb] for limb in sorted(planes)])
        self._rows_since_carry = 0

    @property
    def value(self) -> npt.NDArray[Any]:
        """int64 while no floating-point weight was added and the counts fit, else float64, rounded once."""
        # Nothing is carried: whoever reads a variable need not hold the metric's lock.
        planes = self._planes_to_read()
        units, above = planes[_core.UNIT_LIMB], planes.get(_core.UNIT_LIMB + 1)
        if len(planes) == 1:
            return units
        if above is not None and len(planes) == 2 and not (np.abs(above + (units >> 32)) >= 1 << 30).any():
            return units + (above << 32)
        return rounded([planes[limb] for limb in sorted(planes)], min(planes) - _core.UNIT_LIMB)

    def _planes_to_read(self) -> dict[int, npt.NDArray[np.int64]]:
        return dict(self._planes)

    def mapped(self, function: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]]) -> npt.NDArray[Any]:
        """Returns the value that this table would have after a linear map of its integers, rounded once; for who holds
        the metric's lock."""
        if len(self._planes) == 1:
            return np.ascontiguousarray(function(self._units))
        self.carry()
        result, planes = ExactTable((0,), self.name), self._planes
        result._planes = {limb: np.ascontiguousarray(function(plane)) for limb, plane in planes.items()}
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
        planes = {limb: plane.copy() for limb, plane in sorted(self._planes_to_read().items())}
        _core.carry_planes(list(planes.values()))
        return {self._key(limb): plane for limb, plane in planes.items()}

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
