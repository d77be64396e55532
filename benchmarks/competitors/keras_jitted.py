"""keras.metrics compiled as keras's own training step compiles them: one jitted update of all metrics of a job.

A job is compiled once, before the clock starts; each run then begins with a new state.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.cases import Case
from benchmarks.class_cases import CLASS_CASES, arguments_of, make_class
from benchmarks.competitors.keras_metrics import PARTS, read_results
from benchmarks.tools import Start

# Makes of metrics by name: a function that adds arrays to them, and one that resets them.
Compile = Callable[[dict[str, Any]], tuple[Callable[..., None], Callable[[], None]]]


def jitted_starts(keras: Any, compile_update: Compile) -> dict[str, Start]:
    """Return the accumulators of keras by case name, updated by what `compile_update` makes."""

    compiled: dict[str, tuple] = {}

    def start(case: Case) -> tuple:
        is_class = case.name in CLASS_CASES
        if case.name not in compiled:
            metrics = {case.metric: make_class(keras.metrics, case)} if is_class else PARTS[case.name](keras, case)
            compiled[case.name] = metrics, *compile_update(metrics)
        metrics, update, reset = compiled[case.name]
        reset()
        taken = partial(arguments_of, case) if is_class else lambda *arrays: arrays
        return lambda *arrays: update(*taken(*arrays)), lambda: read_results(metrics)

    return dict.fromkeys((*PARTS, *CLASS_CASES), start)
