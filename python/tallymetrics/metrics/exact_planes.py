"""Tables of sums of finite doubles without rounding, of a shape that the first values may tell."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics.metrics.exact_table import ExactTable


class ExactPlanes(ExactTable):
    """An `ExactTable` to which tensors of values are added.

    Args:
        shape: Its shape, or None for that of the first values.
        name: Name of the array.
    """

    _repeats_weights = False

    def __init__(self, shape: tuple[int, ...] | None, name: str) -> None:
        super().__init__((0,) if shape is None else shape, name)
        self._given_shape = shape
        self.known_shape = shape

    def _take_shape(self, shape: tuple[int, ...]) -> None:
        if self.known_shape is None:
            self._replace(np.zeros(shape, np.int64))
            self.known_shape = shape

    def addition(
        self, shape: tuple[int, ...], values: npt.NDArray[np.float64] | None
    ) -> tuple[tuple[npt.NDArray[np.int64], ...], int, npt.NDArray[np.float64] | None]:
        """Makes room for finite values of this shape, or for ones; returns what `_core.add_to_tables` takes."""
        if self.known_shape is None:
            self._before = dict(self._planes)
            self._take_shape(shape)
        return *self.planes_for(None if values is None else values.reshape(-1), 1), values

    def settle_room(self, added: bool) -> None:
        super().settle_room(added)
        if self._given_shape is None and not added and self._units.shape != self.known_shape:
            self.known_shape = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self._units.shape

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
