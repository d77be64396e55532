"""Moments in which nobody else computes on this core.

A processor of a shared machine is often one of two hardware threads. While a neighbour uses the other, what runs within
the caches takes up to twice as long, and a read of memory hardly longer: a comparison of the two then measures the
neighbour. A short loop within the cache tells such moments from quiet ones.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b

_BUFFER = bytes(65_536)
_FIRST_LOOPS = 2000
_LOOPS_IN_A_ROW, _SLACK = 6, 1.1
_MOST_SECONDS = 0.3
_TRIALS, _LOOPS_PER_TRIAL = 60, 20


def _loop_seconds() -> float:
    """Time integer arithmetic without branches that keeps a core busy; hashlib releases the GIL meanwhile."""
    start = time.perf_counter()
    blake2b(_BUFFER)
    return time.perf_counter() - start


class QuietCore:
    """Waits for quiet moments, which are those when the loop runs at the best speed seen so far."""

    def __init__(self, loop_seconds: Callable[[], float] = _loop_seconds) -> None:
        self._loop_seconds = loop_seconds
        self._best = min(loop_seconds() for _ in range(_FIRST_LOOPS))

    def wait(self, most_seconds: float = _MOST_SECONDS) -> bool:
        """Return True once some loops in a row were quick, or False after `most_seconds`."""
        end = time.perf_counter() + most_seconds
        quick = 0
        while quick < _LOOPS_IN_A_ROW:
            if time.perf_counter() >= end:
                return False
            seconds = self._loop_seconds()
            self._best = min(self._best, seconds)
            quick = quick + 1 if seconds < _SLACK * self._best else 0
        return True


def gain_of_threads(threads: int) -> float:
    """Return how many times as much as one thread all together compute within their caches, in quiet moments."""
    core = QuietCore()

    def trial(_: int = 0) -> float:
        return sum(_loop_seconds() for _ in range(_LOOPS_PER_TRIAL))

    single, together = [], []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(_TRIALS):
            core.wait()
            single.append(trial())
            core.wait()
            together.append(max(pool.map(trial, range(threads))))
    return threads * min(single) / statistics.median(together)
