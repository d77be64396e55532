"""Exact, mergeable evaluation metrics over large arrays: the Keras metrics API on a compiled one-pass core."""

from tallymetrics import metrics
from tallymetrics.evaluate import evaluate
from tallymetrics.runtime import (
    get_instruction_set,
    get_num_threads,
    instruction_sets,
    set_instruction_set,
    set_num_threads,
)

__all__ = [
    "__version__",
    "evaluate",
    "get_instruction_set",
    "get_num_threads",
    "instruction_sets",
    "metrics",
    "set_instruction_set",
    "set_num_threads",
]


def __getattr__(name: str) -> str:
    # Reading the installed version takes longer than most of the import.
    if name == "__version__":
        from importlib.metadata import version

        return version("tallymetrics")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
