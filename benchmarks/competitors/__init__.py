"""The competitors, one module each; one that cannot be imported is skipped by name."""

from __future__ import annotations

import importlib

from benchmarks.tools import Tool

MODULES = (
    "numpy_by_hand",
    "numba_by_hand",
    "torch_by_hand",
    "jax_by_hand",
    "polars_queries",
    "duckdb_queries",
    "scipy_functions",
    "scikit_learn",
    "torch_metrics",
    "torch_eval",
    "keras_on_numpy",
    "keras_on_torch",
    "keras_on_jax",
    "keras_on_tensorflow",
)


def load(names: tuple[str, ...] = MODULES) -> tuple[list[Tool], dict[str, str]]:
    """Import the named modules.

    Returns:
        The tools of those that could be imported, and module name -> reason for the others.
    """
    tools: list[Tool] = []
    skipped: dict[str, str] = {}
    for name in names:
        try:
            module = importlib.import_module(f"{__name__}.{name}")
        except ImportError as error:
            skipped[name] = str(error)
        else:
            tools += module.TOOLS
    return tools, skipped
