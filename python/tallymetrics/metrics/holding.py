"""Which tables an update or a reading holds, so that a signal handler within it neither undoes nor repeats its work.

Whoever puts a state back after an interrupt must not do it in the frame that held.
"""

import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any

# By the table's id, the frame that holds it.
_HOLDERS: dict[int, FrameType] = {}


def is_held(table: Any) -> bool:
    """Whether what this thread is about to do lies within something that holds the table; for who holds the metric's
    lock."""
    holder = _HOLDERS.get(id(table))
    frame: FrameType | None = sys._getframe(1) if holder else None
    # An interrupt may have ended the holder before it let go.
    while frame is not None and frame is not holder:
        frame = frame.f_back
    return frame is not None


class held_alone:  # noqa: N801 - used like a function
    """Holds those of the tables that must be `held_alone`, while whoever uses it runs; for who holds the metric's lock.

    Raises:
        RuntimeError: If one is held already, by what a signal handler interrupted.
    """

    def __init__(self, tables: Iterable[Any]) -> None:
        self._tables = {id(table): table for table in tables if table.held_alone}

    def __enter__(self) -> None:
        if any(map(is_held, self._tables.values())):
            raise RuntimeError(
                "The metric must not be changed within an update or a reading of it, as by a signal handler."
            )
        _HOLDERS.update(dict.fromkeys(self._tables, sys._getframe(1)))

    def __exit__(self, *_: Any) -> None:
        for table in self._tables:
            _HOLDERS.pop(table, None)
