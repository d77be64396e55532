"""The short way for batches that look like the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tallymetrics import _core, runtime
from tallymetrics.inputs import Batch
from tallymetrics.metrics.variables import Changes

# So many rows may be added without the metric being asked; sums that propagate their carries later allow for them.
MOST_REPEATED_ROWS = 1 << 24
# Fewer where tables take weights: each of those rows is counted to the next carry beforehand.
_MOST_WEIGHTED_ROWS = 1 << 16


class Repeated:
    """The native call for batches that look like one that was added before.

    For a few rows, working out how a metric reads its arrays takes longer than adding them.
    """

    __slots__ = (
        "_accumulators",
        "_limbs",
        "_locks",
        "_pred",
        "_rows_left",
        "_rows_per_sample",
        "_token",
        "_true",
        "_weights",
    )

    _accumulators: tuple[Any, ...]
    _limbs: tuple[int, int] | None
    _locks: list[Any]
    _true: _Look
    _pred: _Look
    _weights: _Look
    _rows_left: int
    _rows_per_sample: int

    def __init__(self) -> None:
        self._token: object = None

    @classmethod
    def of(
        cls,
        metrics: Sequence[Any],
        batch: Batch,
        accumulators: tuple[Any, ...],
        given: tuple[Any, Any, Any],
    ) -> Repeated:
        """What adds arrays like the `given` (y_true, y_pred, sample_weight), which made this batch.

        The metrics' locks must be held since the accumulators were made.
        """
        repeated = cls()
        if not all(metric.repeatable for metric in metrics):
            return repeated
        tables = [table for metric in metrics for table in metric._tables]
        weighs_tables = batch.weights is not None and bool(tables)
        limbs = _common_limbs(tables, len(batch.y_pred)) if weighs_tables else None
        if weighs_tables and limbs is None:
            return repeated
        y_true, y_pred, weights = map(_Look.of, given, (batch.y_true, batch.y_pred, batch.weights))
        if y_true and y_pred and weights:
            repeated._true, repeated._pred, repeated._weights = y_true, y_pred, weights
            repeated._accumulators = accumulators
            repeated._locks = [metric._lock for metric in sorted(metrics, key=id)]
            repeated._rows_per_sample = batch.rows_per_sample
            repeated._limbs = limbs
            repeated._rows_left = _MOST_WEIGHTED_ROWS if weighs_tables else MOST_REPEATED_ROWS
            repeated._token = Changes.token
        return repeated

    def add(self, y_true: Any, y_pred: Any, sample_weight: Any) -> bool:
        """Adds a batch if it looks like the one before; False, with nothing added, if not or if it is refused."""
        if self._token is not Changes.token:
            return False
        if not (self._true.fits(y_true) and self._pred.fits(y_pred) and self._weights.fits(sample_weight)):
            return False
        if self._true.flat:
            y_true = y_true.reshape(-1)
        if self._pred.flat:
            y_pred = y_pred.reshape(-1)
        if self._weights.flat:
            sample_weight = sample_weight.reshape(-1)
        self._rows_left -= len(y_pred)
        if self._rows_left < 0:
            return False
        locks = self._locks
        held = 0
        try:
            for lock in locks:
                lock.acquire()
                held += 1
            if self._token is not Changes.token:
                return False
            if self._limbs is not None:
                # The planes of a table are chosen by the weights.
                first, last = _core.weight_limbs(sample_weight)
                if first < self._limbs[0] or last > self._limbs[1]:
                    return False
            threads = runtime.get_num_threads()
            return _core.add(y_true, y_pred, sample_weight, self._rows_per_sample, self._accumulators, threads) is None
        except ValueError:
            # Lengths that differ or misaligned memory: the long way finds the words.
            return False
        finally:
            for lock in locks[:held]:
                lock.release()


def _common_limbs(tables: Sequence[Any], rows: int) -> tuple[int, int] | None:
    """The limbs that every table has planes for; None if one must see each batch."""
    ranges: list[tuple[int, int]] = []
    for table in tables:
        limbs = table.limbs_for_repeats(rows, _MOST_WEIGHTED_ROWS) if hasattr(table, "limbs_for_repeats") else None
        if limbs is None:
            return None
        ranges.append(limbs)
    return max(first for first, _ in ranges), min(last for _, last in ranges)


class _Look(NamedTuple):
    """What an array must look like to be passed on without another look, whole or flattened."""

    kind: Any
    dtype: np.dtype[Any] | None
    tail: tuple[int, ...]
    flat: bool

    @classmethod
    def of(cls, given: Any, taken: npt.NDArray[Any] | None) -> _Look | None:
        if given is None and taken is None:
            return cls(type(None), None, (), False)
        if type(given) is not np.ndarray or taken is None or given.ndim == 0:
            return None
        tail = given.shape[1:]
        if taken is given:
            return cls(np.ndarray, given.dtype, tail, False)
        place, taken_place = given.__array_interface__["data"], taken.__array_interface__["data"]
        same = taken.dtype is given.dtype and taken.shape == (given.size,) and place == taken_place
        return cls(np.ndarray, given.dtype, tail, True) if same and _is_flat(given) else None

    def fits(self, value: Any) -> bool:
        if type(value) is not self.kind:
            return False
        if value is None:
            return True
        if value.dtype is not self.dtype or value.shape[1:] != self.tail:
            return False
        return not self.flat or _is_flat(value)


def _is_flat(array: npt.NDArray[Any]) -> bool:
    """Whether `reshape(-1)` is a view."""
    return array.shape[1:] == (1,) or array.flags.c_contiguous
