"""keras.metrics on its tensorflow backend, as they are and as a tf.function; it takes no float16 in top-k."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from benchmarks.competitors.keras_jitted import jitted_starts
from benchmarks.competitors.keras_metrics import load_keras, starts
from benchmarks.tools import Start, Tool, accumulating

_KERAS = load_keras("tensorflow")


def _compile_update(metrics: dict[str, Any]) -> tuple[Callable[..., None], Callable[[], None]]:
    @tf.function(jit_compile=False)
    def update(*arrays: Any) -> None:
        for metric in metrics.values():
            metric.update_state(*arrays)

    def reset() -> None:
        for metric in metrics.values():
            metric.reset_state()

    return update, reset


def _tool(name: str, its_starts: dict[str, Start]) -> Tool:
    its_starts.pop("top_5_wide_half")
    return Tool(name, "library", accumulating(its_starts, tf.convert_to_tensor), parallel=True)


TOOLS = [
    _tool("keras (tensorflow)", starts(_KERAS)),
    _tool("keras (tf.function)", jitted_starts(_KERAS, _compile_update)),
]
