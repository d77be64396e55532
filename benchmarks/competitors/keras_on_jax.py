"""keras.metrics on its jax backend; the clock runs until the state is there."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.competitors.keras_metrics import load_keras, starts
from benchmarks.tools import Tool, accumulating


def _wait(metric: Any) -> None:
    jax.block_until_ready([variable.value for variable in metric.variables])


TOOLS = [Tool("keras (jax)", "library", accumulating(starts(load_keras("jax"), _wait), jnp.asarray), parallel=True)]
