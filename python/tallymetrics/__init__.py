"""Exact, mergeable evaluation metrics over large arrays: the Keras metrics API on a compiled one-pass core."""

from importlib.metadata import version as _version

from tallymetrics import metrics
from tallymetrics.evaluate import evaluate
from tallymetrics.runtime import (
    get_instruction_set,
    get_num_threads,
    instruction_sets,
    set_instruction_set,
    set_num_threads,
)

__version__ = _version("tallymetrics")

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
