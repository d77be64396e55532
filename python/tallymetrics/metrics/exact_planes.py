"""Tables of sums of finite doubles without rounding, of a shape that the first values may tell."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core, runtime
from tallymetrics.metrics.exact_table import ROWS_BEFORE_CARRY, ExactTable

_ONES = _core.UNIT_LIMB
# What a cell takes by `add_tensor`, in units of its plane's next.
_MOST_ADDED = 1 << 19


class ExactPlanes(ExactTable):
    """An `ExactTable` to which tensors of values are added.

    Tensors of plain values go to the planes below ones alone, and ones to be added to every cell are kept as a number:
    so long as nothing else is added, the plane of ones is memory that nobody touches.

    Args:
        shape: Its shape, or None for that of the first values.
        name: Name of the array.
    """

    _repeats_weights = False

    def __init__(self, shape: tuple[int, ...] | None, name: str) -> None:
        super().__init__((0,) if shape is None else shape, name)
        self._given_shape = shape
        self.known_shape = shape
        self._is_bare = True
        self._adding = 0

    @property
    def _planes(self) -> dict[int, npt.NDArray[np.int64]]:
        """All planes, with all ones in them; whoever asks may change them. Copies, while the pass adds to them: those
        of signal handlers, and of threads that take no lock."""
        planes, ones = self._held["planes"], self._held["ones"]
        if self._adding:
            return {limb: plane + (ones[0] if limb == _ONES else 0) for limb, plane in planes.items()}
        self._is_bare = False
        if ones[0]:
            self._planes = {**planes, _ONES: np.asarray(planes[_ONES] + ones[0])}
        held: dict[int, npt.NDArray[np.int64]] = self._held["planes"]
        return held

    @_planes.setter
    def _planes(self, planes: dict[int, npt.NDArray[np.int64]]) -> None:
        # In one step, which no interrupt can divide.
        self._held: dict[str, Any] = {"planes": planes, "ones": np.zeros(1, np.int64)}

    def _planes_to_read(self) -> dict[int, npt.NDArray[np.int64]]:
        held = self._held
        planes, ones = dict(held["planes"]), held["ones"][0]
        if ones:
            planes[_ONES] = np.asarray(planes[_ONES] + ones)
        return planes

    def _take_shape(self, shape: tuple[int, ...]) -> None:
        if self.known_shape is None:
            self._replace(np.zeros(shape, np.int64))
            self.known_shape = shape
            self._is_bare = True

    def _begin(self, shape: tuple[int, ...]) -> None:
        """Takes the shape of a tensor, until `settle_room`."""
        if self.known_shape is None:
            self._before = dict(self._planes)
            self._take_shape(shape)

    def _plane_below(self, limb: int) -> npt.NDArray[np.int64]:
        """Returns a plane below that of ones, until `settle_room`."""
        planes: dict[int, npt.NDArray[np.int64]] = self._held["planes"]
        if limb not in planes:
            if self._before is None:
                self._before = dict(planes)
            planes[limb] = np.zeros(self.shape, np.int64)
        return planes[limb]

    def add_tensor(self, values: npt.NDArray[Any], count: "ExactPlanes", committed: list[bool]) -> bool:
        """Adds a tensor in one read, and 1 to every cell of `count`; False if its values must be looked at one by one:
        then nothing is added. `committed` becomes true with the addition."""
        values = np.ascontiguousarray(values).reshape(values.shape)
        self._begin(values.shape)
        count._begin(values.shape)
        if self._rows_since_carry + _MOST_ADDED >= ROWS_BEFORE_CARRY:
            self.carry()
        self._rows_since_carry += _MOST_ADDED
        values, ones, threads = values.reshape(-1), count._held["ones"], runtime.get_num_threads()
        high, low = self._plane_below(_ONES - 1), self._held["planes"].get(_ONES - 2)
        try:
            self._adding, count._adding = self._adding + 1, count._adding + 1
            if _core.add_tensor(high, low, ones, values, threads, committed):
                return True
            if low is not None:
                return False
            return _core.add_tensor(high, self._plane_below(_ONES - 2), ones, values, threads, committed)
        finally:
            self._adding, count._adding = self._adding - 1, count._adding - 1

    @property
    def ones(self) -> int | None:
        """The value of every cell, where nothing but ones was added."""
        return int(self._held["ones"][0]) if self._is_bare and len(self._held["planes"]) == 1 else None

    def rounded(self) -> npt.NDArray[np.float64]:
        """Returns a new array of the sums, each rounded once."""
        if not self._is_bare:
            return self.value
        limbs = sorted(limb for limb in self._held["planes"] if limb < _ONES)
        if not limbs:
            return np.full(self.shape, float(self._held["ones"][0]))
        return _core.rounded_sums([self._held["planes"][limb] for limb in limbs], limbs[0] - _ONES)

    def addition(
        self, shape: tuple[int, ...], values: npt.NDArray[np.float64] | None
    ) -> tuple[tuple[npt.NDArray[np.int64], ...], int, npt.NDArray[np.float64] | None]:
        """Makes room for finite values of this shape, or for ones; returns what `_core.add_to_tables` takes."""
        self._begin(shape)
        return *self.planes_for(None if values is None else values.reshape(-1), 1), values

    def settle_room(self, added: bool) -> None:
        super().settle_room(added)
        if self._given_shape is None and not added and self.shape != self.known_shape:
            self.known_shape = None

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self._held["planes"][_ONES].shape
        return shape

    @property
    def value(self) -> npt.NDArray[Any]:
        """float64, each sum rounded once."""
        return super().value.astype(np.float64)

    @property
    def is_shaped(self) -> bool:
        return self.known_shape is not None

    def fits(self, other: Any) -> bool:
        """Whether the shapes agree; a table without a shape takes any."""
        return not (self.is_shaped and other.is_shaped) or self.shape == other.shape

    def reset(self) -> None:
        if self._given_shape is None:
            self.known_shape = None
            self._replace(np.zeros((0,), np.int64))
        super().reset()
        self._is_bare = True

    def add(self, other: Any) -> None:
        if other.known_shape is None:
            return
        self._take_shape(other.shape)
        super().add(other)

    def load(self, arrays: Any) -> None:
        unit = np.asarray(arrays[self.name]) if self.name in arrays else None
        if self._given_shape is None and unit is not None and unit.ndim:
            self.known_shape = None if unit.shape == (0,) else unit.shape
            self._replace(np.zeros(unit.shape, np.int64))
        super().load(arrays)
