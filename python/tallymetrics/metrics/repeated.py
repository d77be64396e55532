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

# Nothing to repeat: adds no batch.
NOTHING = _core.Repeated()


def repeated_call(
    metrics: Sequence[Any], batch: Batch, accumulators: tuple[Any, ...], given: tuple[Any, Any, Any]
) -> _core.Repeated:
    """Returns what adds arrays like the `given` (y_true, y_pred, sample_weight), which made this batch.

    The metrics' locks must be held since the accumulators were made. A changed attribute of a metric or a replaced
    array of a state, of which `_core.note_change` is told, makes it stale.
    """
    if not all(metric.repeatable for metric in metrics):
        return NOTHING
    # The planes of a table are chosen by the weights.
    if batch.weights is not None and any(metric._tables for metric in metrics):
        return NOTHING
    looks = tuple(map(_look, given, (batch.y_true, batch.y_pred, batch.weights)))
    if "other" in looks:
        return NOTHING
    locks = [metric._lock for metric in sorted(metrics, key=id)]
    return _core.Repeated(
        looks, batch.rows_per_sample, accumulators, locks, MOST_REPEATED_ROWS, runtime.get_num_threads
    )


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
