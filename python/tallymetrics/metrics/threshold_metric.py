"""What metrics of counts at score thresholds share."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.arguments import as_integer, as_number
from tallymetrics.inputs import Batch, Layouts
from tallymetrics.metrics.column_tables import ColumnTables
from tallymetrics.metrics.exact_table import ExactTable
from tallymetrics.metrics.native import Accumulator, NativeMetric

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def as_thresholds(thresholds: Any, default: float) -> list[float]:
    """Returns one threshold, or several, as a list of numbers in [0, 1]; the default for None."""
    if thresholds is None:
        return [default]
    given = list(thresholds) if np.ndim(thresholds) else [thresholds]
    if not given:
        raise ValueError("`thresholds` must hold at least one number. Received none.")
    for threshold in given:
        if type(threshold) is float and 0 <= threshold <= 1:
            continue
        if threshold is None:
            raise ValueError("`thresholds` must lie in [0, 1]. Received None.")
        as_number(threshold, "thresholds", 0, 1)
    return [float(threshold) for threshold in given]


def ratio(numerator: Any, denominator: Any) -> Floats:
    """Returns numerator / denominator, 0 where the denominator is 0."""
    numerator, denominator = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    result: Floats = np.divide(numerator, denominator, out=np.zeros(numerator.shape), where=denominator != 0)
    return result


class Counts(NamedTuple):
    """Weights of elements by label and prediction, [thresholds], with a last axis of columns where there are any."""

    true_positives: Floats
    false_positives: Floats
    true_negatives: Floats
    false_negatives: Floats

    def ratio(self, name: str) -> Floats:
        """Returns "sensitivity", "specificity" or "precision" at each threshold."""
        right, wrong = {
            "sensitivity": (self.true_positives, self.false_negatives),
            "specificity": (self.true_negatives, self.false_positives),
            "precision": (self.true_positives, self.false_positives),
        }[name]
        return ratio(right, right + wrong)


def _sides(cells: Integers) -> Integers:
    """Of cells [..., buckets], the counts of scores greater than each threshold, and of the others:
    [2, ..., thresholds]."""
    sums = cells.cumsum(axis=-1)
    sides = np.empty((2, *sums.shape[:-1], sums.shape[-1] - 1), np.int64)
    sides[1] = sums[..., :-1]
    np.subtract(sums[..., -1:], sides[1], out=sides[0])
    return sides


# Of longer lists nothing is kept for other metrics.
_MOST_KEPT = 1024


@functools.lru_cache(maxsize=64)
def _even_thresholds(steps: int) -> tuple[float, ...]:
    return tuple(step / steps for step in range(steps + 1))


def even_thresholds(steps: int) -> list[float]:
    """Returns 0, 1 / steps, ..., 1."""
    return list((_even_thresholds if steps < _MOST_KEPT else _even_thresholds.__wrapped__)(steps))


class _Compared(NamedTuple):
    """Thresholds that scores are compared with, increasing; read-only, for metrics share them."""

    for_doubles: Floats
    for_singles: Floats
    order: Integers | None  # places of the thresholds in the order they were given in; None if it is the same


@functools.lru_cache(maxsize=64)
def _compared_with(thresholds: tuple[float, ...]) -> _Compared:
    distinct, order = np.asarray(thresholds, np.float64), None
    if not (distinct[1:] > distinct[:-1]).all():
        distinct, order = np.unique(distinct, return_inverse=True)
        order.flags.writeable = False
    with np.errstate(over="ignore"):
        for_singles = distinct.astype(np.float32).astype(np.float64)
    distinct.flags.writeable = for_singles.flags.writeable = False
    return _Compared(distinct, for_singles, order)


class ThresholdMetric(NativeMetric):
    """Counts of elements by label and by score, at thresholds in any order.

    The state is one table, `cells`: [is positive, number of sorted thresholds that the score is greater than], for each
    column where `by_column`. A label other than 0 is positive, NaN too; a NaN score is greater than no threshold.
    """

    def __init__(self, thresholds: list[float], name: str | None, dtype: Any) -> None:
        super().__init__(dtype, name)
        self.thresholds = thresholds
        self.class_id: int | None = None
        self.top_k: int | None = None
        self._by_column = False
        self._least_bucket = 0

    def _count_at(self, thresholds: Sequence[float], by_column: bool = False, columns: int | None = None) -> None:
        """Makes the state for scores that are compared with these thresholds, in this order."""
        given = tuple(thresholds)
        compared_with = _compared_with if len(given) < _MOST_KEPT else _compared_with.__wrapped__
        self._compared = compared_with(given)
        self._by_column = by_column
        shape = (2, len(self._compared.for_doubles) + 1)
        table = ColumnTables(columns, shape, "cells") if by_column else ExactTable(shape, "cells")
        self.cells: ExactTable = self._track(table)
        self._tables.append(table)

    @property
    def repeatable(self) -> bool:
        """Whether the same state arrays serve the next batch, and its rows are read alike."""
        if self.top_k is not None:
            # A flat array is one row, whatever its length.
            return False
        return not self._by_column or (isinstance(self.cells, ColumnTables) and self.cells._is_fixed)

    def _add_count_views(self, *names: str) -> None:
        for name in names:
            setattr(self, name, self._add_view(name, functools.partial(self._counts, name)))

    def layout(self, layouts: Layouts) -> Batch:
        batch = layouts.paired_or_elements()
        if batch.y_pred.ndim == 2:
            return batch
        shapes = layouts.y_true.shape, layouts.y_pred.shape
        rank = min(map(len, shapes))
        if max(map(len, shapes)) < 2:
            if self.class_id is not None or self._by_column:
                raise ValueError(f"`y_pred` must have shape [rows, classes]. Received shape {shapes[1]}.")
            # The highest scores are those of a row, and this is one.
            return batch if self.top_k is None else batch._replace(rows_per_sample=max(len(batch.y_pred), 1))
        # Every element has a weight, or every row is one element.
        width = max(shape[-1] for shape in shapes if len(shape) == rank) if rank > 1 else 1
        return batch if width == batch.rows_per_sample else batch._replace(rows_per_sample=max(width, 1))

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        needs_width = self._by_column or self.class_id is not None or self.top_k is not None
        width = batch.y_pred.shape[1] if batch.y_pred.ndim == 2 else batch.rows_per_sample if needs_width else 1
        class_id = -1 if self.class_id is None else self.class_id % width
        if self.class_id is not None and not -width <= self.class_id < width:
            raise ValueError(f"`y_pred` must have a column {self.class_id}. Received {width} columns.")
        if isinstance(self.cells, ColumnTables):
            self.cells.make_room(width)
        planes, first_limb = self.cells.planes_for(batch.weights, batch.y_pred.size)
        is_single = batch.y_pred.dtype.kind == "f" and batch.y_pred.itemsize <= 4
        thresholds = self._compared.for_singles if is_single else self._compared.for_doubles
        top_k = self.top_k or 0
        kind = _core.THRESHOLD_COUNTS
        least = self._least_bucket
        return [(kind, planes, first_limb, thresholds, width, class_id, top_k, self._by_column, False, least, False)]

    def _counts(self, name: str) -> Floats:
        """The counts that Keras calls so, [thresholds], with a last axis of columns where there are any."""
        label, side = name in ("true_positives", "false_negatives"), not name.endswith("positives")
        with self._lock:
            counts = self.cells.mapped(lambda cells: _sides(cells[..., int(label), :])[int(side)])
        return self._as_given(counts.astype(np.float64))

    def _all_counts(self) -> Counts:
        with self._lock:
            above, others = self.cells.mapped(_sides).astype(np.float64)
        counts = above[..., 1, :], above[..., 0, :], others[..., 0, :], others[..., 1, :]
        return Counts(*map(self._as_given, counts))

    def _as_given(self, counts: Floats) -> Floats:
        """Counts [..., thresholds] in the thresholds' given order, columns last."""
        order = self._compared.order
        return (counts if order is None else counts[..., order]).T

    def _given_thresholds(self, given: Any) -> Any:
        """The argument as JSON has it."""
        if given is None:
            return None
        return self.thresholds if np.ndim(given) else self.thresholds[0]

    def _scalar_or_vector(self, values: Floats) -> Any:
        return self._as_result(float(values[0]) if len(self.thresholds) == 1 else values)


def as_class_id(class_id: Any) -> int | None:
    return None if class_id is None else as_integer(class_id, "class_id", -(2**31) + 1, 2**31 - 1)
