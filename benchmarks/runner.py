"""Checks the answers of all tools, then times them in turn."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from typing import Any

import numpy as np

from benchmarks.bandwidth import plain_read, use_best_instruction_set
from benchmarks.cases import Case
from benchmarks.correctness import assert_same_answer
from benchmarks.quiet import QuietCore
from benchmarks.tools import Answer, Arrays, Job, Tool, leave_threads

_PROBE_CALLS = 10
_SETTLE_SECONDS = 0.01
_UPDATE_SECONDS = 0.02
_QUICK_SECONDS, _QUICK_TIMES = 0.06, 3
_FEWEST_ROUNDS = 2
_SHORT_SECONDS, _FEWEST_TIMES, _MOST_TIMES = 0.2, 12, 60
_COMPARED = ("read", "ours", "by hand")
_SETTLED_BEST, _SETTLED_SLACK = 3, 1.02


@dataclass(frozen=True)
class Options:
    """How long to measure: rounds over all arms, and the time beyond which an arm gets a slice of the rows.

    An arm that has used `slow_seconds` sits out the remaining rounds; a case that has used `case_seconds` has no third.
    After the rounds, `settle_seconds` are for what is not settled. `quiet` waits for quiet moments before each timing.
    """

    threads: int
    rounds: int = 5
    slow_seconds: float = 0.6
    case_seconds: float = 12.0
    settle_seconds: float = 20.0
    quiet: bool = True
    slice_parts: tuple[int, ...] = (1000, 20, 1)


@dataclass
class Arm:
    """A tool with a number of threads and an instruction set, and its measured times."""

    tool: str
    kind: str
    threads: int
    instruction_set: str
    make_job: Callable[[Arrays], Job]
    prepare: Callable[[], None]
    rows: int = 0
    calls: int = 1
    seconds: list[float] = field(default_factory=list)
    job: Job | None = None
    core: QuietCore | None = None

    def measure(self) -> None:
        """Time it once, or a few times where that is quick."""
        self.seconds.append(self.time())
        if self.seconds[-1] * self.calls < _QUICK_SECONDS:
            self.seconds += [self.time() for _ in range(_QUICK_TIMES - 1)]

    def settles(self) -> bool:
        """Return whether more times may tell more: it is short and no library, and its best times are few or differ."""
        best, times = sorted(self.seconds)[:_SETTLED_BEST], len(self.seconds)
        if self.kind not in _COMPARED or best[0] * self.calls >= _SHORT_SECONDS or times >= _MOST_TIMES:
            return False
        return times < _FEWEST_TIMES or best[-1] > _SETTLED_SLACK * best[0]

    def time(self) -> float:
        """Return the seconds of one call, the mean over `calls`."""
        assert self.job is not None
        self.prepare()
        run = self.job.run
        time.sleep(_SETTLE_SECONDS)
        if self.core:
            self.core.wait()
        start = time.perf_counter()
        for _ in repeat(None, self.calls):
            run()
        return (time.perf_counter() - start) / self.calls

    def summary(self, case: Case) -> dict[str, Any]:
        """Return what is written to JSON; times of a slice are scaled to all rows, raw ones are kept."""
        scale = case.rows / self.rows
        return {
            "tool": self.tool,
            "kind": self.kind,
            "threads": self.threads,
            "instruction_set": self.instruction_set,
            "rows": self.rows,
            "scale": scale,
            "calls_per_time": self.calls,
            "raw_seconds": [_rounded(seconds) for seconds in self.seconds],
            "best_seconds": _rounded(min(self.seconds) * scale),
            "median_seconds": _rounded(statistics.median(self.seconds) * scale),
        }


def _rounded(seconds: float) -> float:
    """Keep five digits."""
    return float(f"{seconds:.5g}")


def _prepare(tool: Tool, threads: int, instruction_set: str) -> None:
    tool.set_threads(threads)
    if tool.set_instruction_set is not None:
        tool.set_instruction_set(instruction_set)


def _tool_arms(case: Case, tool: Tool, threads: int) -> Iterator[Arm]:
    """Make the arms of a tool: libraries on all threads that they can use, others also on one where one can say so."""
    all_threads = threads if tool.parallel else 1
    both = tool.kind != "library" and tool.set_threads is not leave_threads and not case.update_only
    counts = {1, all_threads} if both else {all_threads}
    make_job = partial(tool.jobs[case.name], case)
    for instruction_set in tool.instruction_sets:
        for count in sorted(counts):
            prepare = partial(_prepare, tool, count, instruction_set)
            yield Arm(tool.name, tool.kind, count, instruction_set, make_job, prepare)


def _read_job(threads: int, arrays: Arrays) -> Job:
    return Job(partial(plain_read, arrays, threads))


def _read_arms(case: Case, threads: int) -> Iterator[Arm]:
    """Make the plain reads; 32 rows are in the cache, where a read says nothing."""
    for count in () if case.update_only else sorted({1, threads}):
        yield Arm("plain read", "read", count, "", partial(_read_job, count), use_best_instruction_set)


def _head(arrays: Arrays, rows: int) -> Arrays:
    return {name: array[:rows] for name, array in arrays.items()}


def _answer(arm: Arm, arrays: Arrays) -> Answer:
    """Run once; copy the answer, as some tools return the state itself."""
    arm.job = arm.make_job(arrays)
    arm.prepare()
    answer = arm.job.answer(arm.job.run()) or {}
    return {name: np.array(value) for name, value in answer.items()}


def _check_arm(case: Case, arm: Arm, arrays: Arrays, references: dict[int, Answer], options: Options) -> None:
    """Compare the answers of an arm with the references, on growing slices of the rows.

    An arm of others that would take more than `slow_seconds` for all rows, or five times that for the next slice, stays
    with the slice it has; small slices overestimate, as every call has a fixed cost.
    """
    arm.calls = _PROBE_CALLS if case.update_only else 1
    for rows, reference in references.items():
        limit = options.slow_seconds * (1 if rows == case.rows else 5)
        if arm.kind != "ours" and arm.rows and arm.time() * rows / arm.rows > limit:
            break
        arm.rows = rows
        answer = _answer(arm, _head(arrays, rows))
        if arm.kind != "read":
            assert_same_answer(arm.tool, answer, reference, case.tolerance)
    if case.update_only:
        arm.calls = math.ceil(_UPDATE_SECONDS / arm.time())


def _check(case: Case, arms: list[Arm], arrays: Arrays, options: Options) -> tuple[list[Arm], dict[str, str]]:
    """Return the arms whose answers are those of the first of ours, and tool -> reason for the other competitors."""
    slices = [case.rows] if case.update_only else sorted({math.ceil(case.rows / part) for part in options.slice_parts})
    ours = next(arm for arm in arms if arm.kind == "ours")
    references = {rows: _answer(ours, _head(arrays, rows)) for rows in slices}
    kept, failed = [], {}
    for arm in arms:
        try:
            _check_arm(case, arm, arrays, references, options)
        except Exception as error:  # whatever a competitor raises costs only its row
            if arm.kind == "ours":
                raise
            failed[arm.tool] = f"{type(error).__name__}: {error}"[:300]
        else:
            kept.append(arm)
    return kept, failed


def run_case(case: Case, tools: list[Tool], options: Options) -> dict[str, Any]:
    """Check and time one case.

    Returns:
        The record of the case as written to JSON: arms with raw times, tools without such a job, and tools that failed.
    """
    arrays = case.make_arrays(case)
    start = time.perf_counter()
    arms = list(_read_arms(case, options.threads))
    arms += [arm for tool in tools if case.name in tool.jobs for arm in _tool_arms(case, tool, options.threads)]
    arms, failed = _check(case, arms, arrays, options)
    gc.collect()
    core = QuietCore() if options.quiet else None
    for arm in arms:
        arm.core = core
    for number in range(options.rounds):
        if number >= _FEWEST_ROUNDS and time.perf_counter() - start > options.case_seconds:
            break
        for arm in arms:
            if sum(arm.seconds) * arm.calls < options.slow_seconds:
                arm.measure()
    end = time.perf_counter() + options.settle_seconds
    while time.perf_counter() < end and (unsettled := [arm for arm in arms if arm.settles()]):
        for arm in unsettled:
            arm.seconds.append(arm.time())
    named = {tool.name for tool in tools if case.name in tool.jobs}
    return {
        "name": case.name,
        "title": case.title,
        "rows": case.rows,
        "bytes": sum(array.nbytes for array in arrays.values()),
        "without_this_job": sorted({tool.name for tool in tools} - named),
        "failed": failed,
        "arms": [arm.summary(case) for arm in arms],
    }
