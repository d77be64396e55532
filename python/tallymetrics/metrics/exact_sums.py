"""Tables of sums without rounding, one column for each class or output, as wide as the first batch is."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.metrics.exact_sum import ExactSum
from tallymetrics.metrics.exact_table import rounded
from tallymetrics.metrics.repeated import MOST_REPEATED_ROWS
from tallymetrics.metrics.variables import Arrays, Table, Variable

_ADDITIONS_BEFORE_CARRY = 1 << 30


class ExactSums(Table):
    """Exact sums of doubles, [sums, width]: int64 words [sums, width, SUM_WORDS] as those of `ExactSum`.

    The width is 0 until the first batch tells it. Carries are propagated when words are read, not at each update.

    Args:
        sums: Number of sums for each column.
        name: Name of the array.
        additions_per_row: How many doubles a row may add to a sum.
    """

    def __init__(self, sums: int, name: str, additions_per_row: int = 1) -> None:
        super().__init__(np.zeros((sums, 0, _core.SUM_WORDS), np.int64), name)
        self._additions_per_row = additions_per_row
        self._additions = 0
        self._began_empty = False

    @property
    def shape(self) -> tuple[int, ...]:
        return self._value.shape[:2]

    @property
    def width(self) -> int:
        return int(self._value.shape[1])

    def words_for(self, width: int, rows: int) -> npt.NDArray[np.int64]:
        """Returns the words to which a batch of rows is added; an empty table takes the width."""
        self._began_empty = not self.width
        if self._began_empty:
            self._replace(np.zeros((self._value.shape[0], width, _core.SUM_WORDS), np.int64))
        additions = (rows + MOST_REPEATED_ROWS) * self._additions_per_row
        if self._additions + additions > _ADDITIONS_BEFORE_CARRY:
            self.carry()
        self._additions += additions
        return self._value

    def _replace(self, words: npt.NDArray[np.int64]) -> None:
        self._value = words
        _core.note_change()

    def carry(self) -> None:
        """Brings every limb but the highest into [0, 2^32), so that equal sums have equal words."""
        _core.carry_words(self._value)
        self._additions = 0

    @property
    def value(self) -> npt.NDArray[Any]:
        """The sums as float64, each rounded once."""
        return self._rounded(self._value)

    def over_columns(self) -> npt.NDArray[np.float64]:
        """Returns the sums over all columns, [sums], each rounded once."""
        self.carry()
        return self._rounded(self._value.sum(axis=1))

    def _rounded(self, words: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        words = words.copy()
        used = np.flatnonzero(words[..., : _core.LIMBS].reshape(-1, _core.LIMBS).any(axis=0))
        if not len(used):
            return self._with_specials(np.zeros(words.shape[:-1]), words)
        # One limb more takes the carries of the highest.
        limbs = range(int(used[0]), min(int(used[-1]) + 2, _core.LIMBS))
        result = rounded([words[..., limb] for limb in limbs], limbs[0] - _core.UNIT_LIMB)
        return self._with_specials(result, words)

    @staticmethod
    def _with_specials(result: npt.NDArray[np.float64], words: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        nans, above, below = np.moveaxis(words[..., _core.LIMBS :], -1, 0)
        if words[..., _core.LIMBS :].any():
            result = np.where(above > 0, math.inf, result)
            result = np.where(below > 0, -math.inf, result)
            result = np.where((nans > 0) | ((above > 0) & (below > 0)), math.nan, result)
        return result

    def integer(self, number: int, column: int) -> int:
        """Returns the finite part of a sum in units of 2^-1088."""
        words = self._value[number, column, : _core.LIMBS]
        used = np.flatnonzero(words)
        return sum(int(words[limb]) << (32 * int(limb)) for limb in used)

    def is_finite(self, column: int) -> bool:
        """Whether no NaN or infinity was added to a column."""
        return not self._value[:, column, _core.LIMBS :].any()

    def settle_room(self, added: bool) -> None:
        """Ends what `words_for` began: forgets the width that it took unless the batch was added."""
        if self._began_empty and not added:
            self.reset()
        self._began_empty = False

    @property
    def is_shaped(self) -> bool:
        return self.width > 0

    def fits(self, other: Any) -> bool:
        """Whether the widths agree; an empty table takes any."""
        return not (self.is_shaped and other.is_shaped) or self.shape == other.shape

    def reset(self) -> None:
        self._replace(self._initial.copy())
        self._additions = 0

    def add(self, other: Any) -> None:
        if not other.width:
            return
        other.carry()
        if self.width:
            self._value += other._value
        else:
            self._replace(other._value.copy())
        self.carry()

    def arrays(self) -> Arrays:
        words = self._value.copy()
        _core.carry_words(words)
        return {self.name: words}

    def load(self, arrays: Arrays) -> None:
        words = np.asarray(arrays[self.name])
        expected = self._initial.shape
        if words.ndim != 3 or words.shape[::2] != expected[::2] or words.dtype != np.int64:
            raise ValueError(
                f"`{self.name}` must be int64 of shape [{expected[0]}, width, {expected[2]}]. "
                f"Received {words.dtype} of shape {words.shape}."
            )
        self._replace(words.copy())
        self.carry()

    def assign(self, value: Any) -> Variable:
        """Replaces the sums by finite numbers, [sums, width]."""
        array = np.asarray(value, np.float64)
        sums, _, words = self._initial.shape
        if array.ndim != 2 or len(array) != sums:
            raise ValueError(f"`value` must have shape [{sums}, width]. Received shape {array.shape}.")
        assigned = np.zeros((*array.shape, words), np.int64)
        for index in np.ndindex(array.shape):
            assigned[index] = ExactSum(self.name).assign(array[index]).arrays()[self.name]
        self.load({self.name: assigned})
        return self

    def assign_add(self, value: Any) -> Variable:
        other = ExactSums(len(self._initial), self.name)
        other.assign(value)
        self.add(other)
        return self

    def assign_sub(self, value: Any) -> Variable:
        return self.assign_add(-np.asarray(value))


def exact_total(values: npt.NDArray[Any]) -> float:
    """Returns the sum of float64 values, rounded once, whatever their order; NaN and infinities as IEEE has them."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):
        with np.errstate(invalid="ignore"):
            return float(np.sum(values))
