"""Sums without rounding."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.metrics.variables import Arrays, Variable

_DIGIT_MASK = 0xFFFFFFFF
UNIT_BITS = 32 * _core.UNIT_LIMB


class ExactSum(Variable):
    """A sum of doubles without rounding: a fixed-point number in int64 limbs, rounded once when it is read."""

    def __init__(self, name: str) -> None:
        super().__init__(np.zeros(_core.SUM_WORDS, np.int64), name)

    @property
    def words(self) -> npt.NDArray[np.int64]:
        """The limbs, then the numbers of NaN, +inf and -inf that were added."""
        return self._value

    def integer(self) -> int:
        """Returns the finite part of the sum in units of 2^-1088."""
        digits = self._value[: _core.LIMBS - 1].astype("<u4").tobytes()
        return int.from_bytes(
            digits + int(self._value[_core.LIMBS - 1]).to_bytes(8, "little", signed=True), "little", signed=True
        )

    def special(self) -> float | None:
        """Returns NaN or an infinity if one was added, else None."""
        nans, above, below = (int(count) for count in self._value[_core.LIMBS :])
        if nans or (above and below):
            return math.nan
        return math.inf if above else -math.inf if below else None

    def divided_by(self, count: int) -> float:
        """Returns the sum over `count` units of 2^-1088, rounded once; 0.0 where both are 0 or only the divisor is."""
        special = self.special()
        if special is not None:
            return special
        if count == 0:
            return 0.0
        total = self.integer()
        try:
            return total / count
        except OverflowError:
            return math.inf if (total > 0) == (count > 0) else -math.inf

    @property
    def value(self) -> npt.NDArray[Any]:
        return np.array(self.divided_by(1 << UNIT_BITS))

    def assign(self, value: Any) -> Variable:
        number = float(np.asarray(value))
        if not math.isfinite(number):
            raise ValueError(f"`value` must be finite. Received {number}.")
        numerator, denominator = number.as_integer_ratio()
        units = numerator * ((1 << UNIT_BITS) // denominator)
        self.reset()
        for limb in range(_core.LIMBS - 1):
            self._value[limb] = (units >> (32 * limb)) & _DIGIT_MASK
        self._value[_core.LIMBS - 1] = units >> (32 * (_core.LIMBS - 1))
        return self

    def assign_add(self, value: Any) -> Variable:
        other = ExactSum(self.name)
        other.assign(value)
        self.add(other)
        return self

    def assign_sub(self, value: Any) -> Variable:
        return self.assign_add(-np.asarray(value))

    def add(self, other: Any) -> None:
        self._value += other._value
        _core.carry_words(self._value)

    def load(self, arrays: Arrays) -> None:
        words = np.asarray(arrays[self.name])
        if words.shape != self._value.shape or words.dtype != np.int64:
            raise ValueError(
                f"`{self.name}` must be int64 of shape {self._value.shape}. "
                f"Received {words.dtype} of shape {words.shape}."
            )
        self._value[...] = words
        _core.carry_words(self._value)
