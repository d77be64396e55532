"""The short way for batches that look like the one before: the native core makes the same call again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core, runtime
from tallymetrics.inputs import Batch

# So many rows may be added without the metric being asked; sums that propagate their carries later allow for them.
MOST_REPEATED_ROWS = 1 << 24
# Fewer where tables take weights: each of those rows is counted to the next carry beforehand.
_MOST_WEIGHTED_ROWS = 1 << 16

# Nothing to repeat: adds no batch.
NOTHING = _core.Repeated()


def repeated_call(
    metrics: Sequence[Any], batch: Batch, accumulators: tuple[Any, ...], changes: int, given: tuple[Any, Any, Any]
) -> _core.Repeated:
    """Returns what adds arrays like the `given` (y_true, y_pred, sample_weight), which made this batch.

    The metrics' locks must be held since the accumulators were made, after so many `changes`. A changed attribute of a
    metric or a replaced array of a state, of which `_core.note_change` is told, makes it stale.
    """
    if not all(metric.repeatable for metric in metrics):
        return NOTHING
    tables = [table for metric in metrics for table in metric._tables]
    weighs_tables = batch.weights is not None and bool(tables)
    limbs = _common_limbs(tables, len(batch.y_pred)) if weighs_tables else None
    if weighs_tables and limbs is None:
        return NOTHING
    looks = tuple(map(_look, given, (batch.y_true, batch.y_pred, batch.weights)))
    if "other" in looks:
        return NOTHING
    locks = [metric._lock for metric in sorted(metrics, key=id)]
    rows = _MOST_WEIGHTED_ROWS if weighs_tables else MOST_REPEATED_ROWS
    threads = runtime.get_num_threads
    return _core.Repeated(looks, limbs, batch.rows_per_sample, accumulators, locks, rows, threads, changes)


def _common_limbs(tables: Sequence[Any], rows: int) -> tuple[int, int] | None:
    """The limbs that every table has planes for, as the weights choose them; None if one must see each batch."""
    ranges: list[tuple[int, int]] = []
    for table in tables:
        limbs = table.limbs_for_repeats(rows, _MOST_WEIGHTED_ROWS)
        if limbs is None:
            return None
        ranges.append(limbs)
    return max(first for first, _ in ranges), min(last for _, last in ranges)


def _look(given: Any, taken: npt.NDArray[Any] | None) -> Any:
    """What an array must look like to be passed on without another look, whole or flattened:
    (dtype, shape but for the rows, whether flattened), None for no array, or "other"."""
    if given is None and taken is None:
        return None
    if type(given) is not np.ndarray or taken is None or given.ndim == 0:
        return "other"
    tail = given.shape[1:]
    if taken is given:
        return given.dtype, tail, False
    place, taken_place = given.__array_interface__["data"], taken.__array_interface__["data"]
    same = taken.dtype is given.dtype and taken.shape == (given.size,) and place == taken_place
    flat = tail == (1,) or given.flags.c_contiguous
    return (given.dtype, tail, True) if same and flat else "other"
