"""Tables of counts for each column of the data."""

from typing import Any

import numpy as np

from tallymetrics.metrics.exact_table import ExactTable
from tallymetrics.metrics.variables import Arrays, Variable


class ColumnTables(ExactTable):
    """One table for each column; where `columns` is None, the first batch, merge or load tells how many there are."""

    _repeats_weights = False

    def __init__(self, columns: int | None, shape: tuple[int, ...], name: str) -> None:
        super().__init__((columns or 0, *shape), name)
        self._is_fixed = columns is not None
        self._has_grown = False

    def make_room(self, columns: int) -> None:
        """Takes the number of columns of a batch, which must be that of those before it.

        Raises:
            ValueError: If it is not.
        """
        if columns == len(self._units):
            return
        if self._is_fixed or len(self._units):
            before = "" if self._is_fixed else ", as in the batches before"
            raise ValueError(f"`y_pred` must have {len(self._units)} columns{before}. Received {columns}.")
        self._resize(columns)
        self._has_grown = True

    def _resize(self, columns: int) -> None:
        self._replace(np.zeros((columns, *self._units.shape[1:]), np.int64))

    def settle_room(self, added: bool) -> None:
        super().settle_room(added)
        if self._has_grown and not added:
            self._resize(0)
        self._has_grown = False

    @property
    def is_shaped(self) -> bool:
        return len(self._units) > 0

    def fits(self, other: Any) -> bool:
        """Whether the numbers of columns agree; a table of none takes any."""
        agree = not (self.is_shaped and other.is_shaped) or len(self._units) == len(other._units)
        return agree and self.shape[1:] == other.shape[1:]

    def add(self, other: Any) -> None:
        if not len(other._units):
            return
        if not len(self._units):
            self._resize(len(other._units))
        super().add(other)

    def reset(self) -> None:
        if self._is_fixed:
            super().reset()
        else:
            self._resize(0)

    def assign(self, value: Any) -> Variable:
        array = np.asarray(value)
        if array.shape[1:] == self.shape[1:] and array.dtype.kind in "biu" and not self._is_fixed:
            self._resize(len(array))
        if array.shape != self.shape or array.dtype.kind not in "biu":
            raise ValueError(f"`value` must hold integers of shape {self.shape}. Received {array.dtype} {array.shape}.")
        # In place, or the calls that were worked out for this array would go astray.
        ExactTable.reset(self)
        self._units[...] = array
        return self

    def load(self, arrays: Arrays) -> None:
        if self.name in arrays and not self._is_fixed and arrays[self.name].shape[1:] == self.shape[1:]:
            self._resize(len(arrays[self.name]))
        super().load(arrays)
