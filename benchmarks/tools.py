"""What is timed: a tool offers one job per case; a job is one call on prepared arrays, and its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from benchmarks.cases import Case

Arrays = dict[str, np.ndarray]
Answer = dict[str, Any]
Convert = Callable[[np.ndarray], Any]
Compute = Callable[..., Answer]
Update = Callable[..., Any]
Start = Callable[[Case], tuple[Update, Callable[[], Answer]]]


@dataclass(frozen=True)
class Job:
    """One timed call and the answer that is read from what it returned."""

    run: Callable[[], Any]
    answer: Callable[[Any], Answer] = lambda returned: returned


JobFactory = Callable[[Case, Arrays], Job]


def leave_threads(threads: int) -> None:
    """Suit tools that always use one thread."""


@dataclass(frozen=True)
class Tool:
    """A tool, its jobs by case name, and how it is told its number of threads.

    `kind` is "ours", "library" (installed and called) or "by hand" (loops or array code the user must write).
    """

    name: str
    kind: str
    jobs: Mapping[str, JobFactory]
    parallel: bool = False
    set_threads: Callable[[int], None] = leave_threads
    set_instruction_set: Callable[[str], None] | None = None
    instruction_sets: tuple[str, ...] = field(default=("",))


def as_is(array: np.ndarray) -> np.ndarray:
    """Return the array: for tools that take NumPy arrays."""
    return array


def computing(functions: Mapping[str, Compute], convert: Convert = as_is) -> dict[str, JobFactory]:
    """Make jobs of functions of the case and its arrays that answer in one call and keep no state."""

    def make(compute: Compute, case: Case, arrays: Arrays) -> Job:
        return Job(partial(compute, case, *map(convert, arrays.values())))

    return {name: partial(make, compute) for name, compute in functions.items()}


def accumulating(starts: Mapping[str, Start], convert: Convert = as_is) -> dict[str, JobFactory]:
    """Make jobs of accumulators: start, one update, answer; only the update is timed where the case says so."""

    def make(start: Start, case: Case, arrays: Arrays) -> Job:
        converted = [convert(array) for array in arrays.values()]
        if case.update_only:
            update, answer = start(case)
            return Job(partial(update, *converted), lambda _: answer())

        def run() -> Answer:
            update, answer = start(case)
            update(*converted)
            return answer()

        return Job(run)

    return {name: partial(make, start) for name, start in starts.items()}
