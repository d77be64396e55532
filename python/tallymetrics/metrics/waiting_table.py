"""Exact tables to which batches are not added one by one."""

from typing import Any, TypeVar

import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.metrics.exact_table import ExactTable
from tallymetrics.metrics.holding import held_alone, is_held
from tallymetrics.metrics.variables import Arrays

Self = TypeVar("Self", bound="WaitingTable")


class WaitingTable(ExactTable):
    """A table whose batches wait until they are many or somebody reads it: room for new cells costs a copy.

    A subclass says what waits, how it is forgotten, and how a copy counts it.
    """

    _repeats_weights = False
    held_alone = True

    @property
    def _waits(self) -> bool:
        """Whether something does."""
        raise NotImplementedError

    def _forget_waiting(self) -> None:
        """Lets nothing wait, and leaves what did to other tables that share it."""
        raise NotImplementedError

    def _counted_copy(self: Self) -> Self:
        """Returns a copy that has counted what waits: all of one moment, whatever others add meanwhile."""
        raise NotImplementedError

    def _count(self) -> None:
        if self._waits:
            # The short way asks nobody whether the table is held.
            _core.note_change()
            self._become(self._counted_copy())

    def settle(self) -> None:
        """Counts what waits, but not within an update; for who holds the metric's lock."""
        if self._waits and not is_held(self):
            with held_alone([self]):
                self._count()

    def settled(self: Self) -> Self:
        """Returns the table with nothing waiting: itself, or a copy, for those who hold no lock change nothing."""
        return self._counted_copy() if self._waits else self

    def frozen(self: Self) -> Self:
        """Returns the table of this moment, with nothing waiting, whatever is added later; for who holds the metric's
        lock."""
        self.settle()
        frozen = object.__new__(type(self))
        vars(frozen).update(vars(self))
        if frozen._waits:
            return frozen._counted_copy()
        frozen._forget_waiting()
        return frozen

    @property
    def shape(self) -> tuple[int, ...]:
        return self.settled()._units.shape

    @property
    def value(self) -> npt.NDArray[Any]:
        settled = self.settled()
        return super().value if settled is self else settled.value

    def mapped(self, function: Any) -> npt.NDArray[Any]:
        settled = self.settled()
        return super().mapped(function) if settled is self else settled.mapped(function)

    def arrays(self) -> Arrays:
        settled = self.settled()
        return super().arrays() if settled is self else settled.arrays()
