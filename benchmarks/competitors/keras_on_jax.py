"""keras.metrics on its jax backend, as they are and jitted; the clock runs until the state is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.competitors.keras_jitted import jitted_starts
from benchmarks.competitors.keras_metrics import imports_from, load_keras, starts
from benchmarks.tools import Tool, accumulating

_KERAS = load_keras("jax")


def _wait(metric: Any) -> None:
    jax.block_until_ready([variable.value for variable in metric.variables])


def _compile_update(metrics: dict[str, Any]) -> tuple[Callable[..., None], Callable[[], None]]:
    variables: list[list[Any]] = []

    @jax.jit
    def add(states: list, *arrays: Any) -> list:
        each = zip(metrics.values(), states, strict=True)
        with imports_from(_KERAS):
            return [metric.stateless_update_state(state, *arrays) for metric, state in each]

    def update(*arrays: Any) -> None:
        if not variables:  # some are made by the first update
            for metric in metrics.values():
                metric.update_state(*arrays)
            reset()
            variables.extend(metric.variables for metric in metrics.values())
        states = jax.block_until_ready(add([[one.value for one in some] for some in variables], *arrays))
        for some, values in zip(variables, states, strict=True):
            for one, value in zip(some, values, strict=True):
                one.assign(value)

    def reset() -> None:
        for metric in metrics.values():
            metric.reset_state()

    return update, reset


_JITTED = jitted_starts(_KERAS, _compile_update)
TOOLS = [
    Tool("keras (jax)", "library", accumulating(starts(_KERAS, _wait), jnp.asarray), parallel=True),
    Tool("keras (jax.jit)", "library", accumulating(_JITTED, jnp.asarray), parallel=True),
]
