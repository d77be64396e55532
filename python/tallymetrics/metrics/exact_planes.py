"""Tables of sums of finite doubles without rounding, of a shape that the first values may tell."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.metrics.exact_table import ExactTable

_LEAST_EXPONENT = 32 * _core.UNIT_LIMB
_LOW_DIGIT = np.uint64(0xFFFFFFFF)


class ExactPlanes(ExactTable):
    """An `ExactTable` to which tensors of values are added.

    Args:
        shape: Its shape, or None for that of the first values.
        name: Name of the array.
    """

    def __init__(self, shape: tuple[int, ...] | None, name: str) -> None:
        super().__init__((0,) if shape is None else shape, name)
        self._given_shape = shape
        self.known_shape = shape

    def _take_shape(self, shape: tuple[int, ...]) -> None:
        if self.known_shape is None:
            self._replace(np.zeros(shape, np.int64))
            self.known_shape = shape

    def add_values(self, values: npt.NDArray[np.float64]) -> None:
        """Adds finite values of the table's shape, without rounding."""
        self._take_shape(values.shape)
        fractions, exponents = np.frexp(values)
        mantissas = np.abs(np.ldexp(fractions, 53)).astype(np.uint64)
        offsets = exponents.astype(np.int64) - 53 + _LEAST_EXPONENT
        # The mantissa of a subnormal ends in zeros below the least unit.
        mantissas >>= np.maximum(-offsets, 0).astype(np.uint64)
        offsets = np.maximum(offsets, 0)
        limbs, shifts = offsets // 32, (offsets % 32).astype(np.uint64)
        low = (mantissas & _LOW_DIGIT) << shifts
        high = ((mantissas >> np.uint64(32)) << shifts) + (low >> np.uint64(32))
        sign = np.where(values < 0, -1, 1)
        for step, digits in enumerate((low & _LOW_DIGIT, high & _LOW_DIGIT, high >> np.uint64(32))):
            self._add_digits(limbs + step, sign * digits.astype(np.int64))
        self.carry()

    def _add_digits(self, limbs: npt.NDArray[np.int64], digits: npt.NDArray[np.int64]) -> None:
        used = np.unique(limbs[digits != 0])
        for limb in used.tolist():
            if limb not in self._planes:
                self._planes[limb] = np.zeros(self.shape, np.int64)
            self._planes[limb] += np.where(limbs == limb, digits, 0)
        self._fill_gaps()

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
