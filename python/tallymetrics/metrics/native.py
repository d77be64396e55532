"""Metrics whose batches are added by the native pass, alone or many in one read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Any

from tallymetrics import _core, runtime
from tallymetrics.inputs import Batch, Layouts
from tallymetrics.metrics.exact_sum import ExactSum
from tallymetrics.metrics.exact_sums import ExactSums
from tallymetrics.metrics.exact_table import ExactTable
from tallymetrics.metrics.histogram_rows import mass_error
from tallymetrics.metrics.holding import held_alone
from tallymetrics.metrics.locks import locked
from tallymetrics.metrics.metric import Metric
from tallymetrics.metrics.repeated import NOTHING, repeated_call
from tallymetrics.metrics.variables import Table

_NOT_HELD = nullcontext()

# One accumulator of the native pass: its kind, its state arrays and its parameters (see cpp/bindings/plan.cpp).
Accumulator = tuple[Any, ...]
# y_true, y_pred and sample_weight as the caller gave them.
Given = tuple[Any, Any, Any]


class NativeMetric(Metric):
    """A metric that declares how it reads a batch and which accumulators add it.

    Both may depend on the batch's dtypes, on its shape but for the number of rows and on whether it is weighted, and on
    nothing else of it: for batches that look like the last one they are not asked again. Only tables make room by the
    weights themselves.
    """

    # Whether labels outside [0, classes) are left out in place of refused.
    _drops_unknown_labels = False
    # Where every element of both arrays must lie.
    sample_range: tuple[float, float] | None = None

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        super().__init__(dtype, name)
        self._repeated = NOTHING
        self._tables: list[Table] = []

    @property
    def repeatable(self) -> bool:
        """Whether the accumulators of one batch serve the next that looks like it."""
        # Along another axis than the last, what looks like samples need not be.
        return getattr(self, "axis", -1) == -1

    def layout(self, layouts: Layouts) -> Batch:
        """Returns the batch that this metric reads the arrays as."""
        raise NotImplementedError

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        """Returns what the pass adds up for this metric; tables make room for the batch's weights."""
        raise NotImplementedError

    def classes(self, batch: Batch) -> int:
        """Returns the number of classes that labels of the batch may name."""
        return int(batch.y_pred.shape[-1])

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: Ground truth, as the class describes it.
            y_pred: Predictions, as the class describes them.
            sample_weight: Optional weights that broadcast to the samples.

        Raises:
            ValueError: If a shape or a value is refused; the state is as before then.
            TypeError: If an array is not numeric.
        """
        if self._repeated.add(y_true, y_pred, sample_weight):
            return
        self._add(self.layout(Layouts(y_true, y_pred, sample_weight)), (y_true, y_pred, sample_weight))

    def _add(self, batch: Batch, given: Given) -> None:
        """Adds a batch and remembers how, for arrays that look like those `given`."""
        self._repeated = add_batch([self], batch, given)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name != "_repeated":
            _core.note_change()

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_repeated": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({**state, "_repeated": NOTHING})

    def _exact_sum(self, name: str) -> ExactSum:
        variable: ExactSum = self._track(ExactSum(name))
        return variable

    def _exact_table(self, shape: tuple[int, ...], name: str) -> ExactTable:
        variable: ExactTable = self._track(ExactTable(shape, name))
        self._tables.append(variable)
        return variable

    def _exact_sums(self, sums: int, name: str, additions_per_row: int = 1) -> ExactSums:
        variable: ExactSums = self._track(ExactSums(sums, name, additions_per_row))
        self._tables.append(variable)
        return variable


def add_batch(
    metrics: Sequence[NativeMetric], batch: Batch, given: Given | None = None, committed: list[bool] | None = None
) -> _core.Repeated:
    """Adds a batch to all metrics in one read, or to none; returns what adds arrays like those `given` again.

    `committed` becomes true with the batch's addition, after which an interrupt may still be raised.
    """
    if len(batch.y_pred) == 0:
        return NOTHING
    with locked(metrics):
        asked = (accumulator for metric in metrics for accumulator in metric.accumulators(batch))
        listed, changes = add_accumulators(metrics, batch, asked, [] if committed is None else committed)
        return NOTHING if given is None else repeated_call(metrics, batch, listed, changes, given)


def is_of_package(metric: Metric) -> bool:
    """Whether the metric's `update_state` is this package's own."""
    return type(metric).update_state.__module__.startswith("tallymetrics.")


def add_accumulators(
    metrics: Sequence[NativeMetric], batch: Batch, accumulators: Iterable[Accumulator], committed: list[bool]
) -> tuple[tuple[Accumulator, ...], int]:
    """Adds a batch, or nothing, to accumulators of metrics whose locks are held; returns them, and how many changes
    there had been once all were made. Their tables may make room as the accumulators are asked for one by one."""
    tables = [table for metric in metrics for table in metric._tables]
    alone = [table for table in tables if table.held_alone]
    with held_alone(alone) if alone else _NOT_HELD:
        try:
            listed = tuple(accumulators)
            changes, kept = _core.changes(), [one for table in alone for one in table.offers()]
            fault = _core.add(*batch, listed, runtime.get_num_threads(), committed, kept)
            if fault is not None:
                raise _value_error(fault, metrics, batch)
            return listed, changes
        finally:
            for table in tables:
                table.settle_room(bool(committed))


def _value_error(fault: Any, metrics: Sequence[NativeMetric], batch: Batch) -> ValueError:
    argument, row = fault
    inner = batch.rows_per_sample
    place = f"row {row}" if inner == 1 else f"row {row // inner}, position {row % inner}"
    if argument == 4:
        return mass_error(batch, row, place)
    if argument > 4:
        return _sample_error(argument, row, place, metrics, batch)
    if argument == 3:
        assert batch.weights is not None
        weight = batch.weights[row]
        if batch.weights.ndim == 2:
            weight = next(one for one in weight if not math.isfinite(one))
        wanted = "not be negative" if math.isfinite(weight) else "be finite"
        return ValueError(f"`sample_weight` must {wanted}. Received {weight} in {place}.")
    name, labels = ("y_true", batch.y_true) if argument == 1 else ("y_pred", batch.y_pred)
    assert labels is not None
    label = labels[row]
    if labels.dtype.kind == "f" and not float(label).is_integer():
        return ValueError(f"`{name}` must hold whole class labels. Received {label} in {place}.")
    refusing = [metric for metric in metrics if _refuses(metric, batch, label)]
    if all(metric._drops_unknown_labels for metric in refusing):
        return ValueError(f"`{name}` must hold labels of 32 bits. Received {label} in {place}.")
    classes = min(metric.classes(batch) for metric in refusing if not metric._drops_unknown_labels)
    return ValueError(f"`{name}` must hold class labels in [0, {classes}). Received {label} in {place}.")


def _sample_error(argument: int, row: int, place: str, metrics: Sequence[NativeMetric], batch: Batch) -> ValueError:
    name, samples = ("y_true", batch.y_true) if argument == 5 else ("y_pred", batch.y_pred)
    sample = float((batch.y_pred if samples is None else samples)[row])
    ranges = [metric.sample_range for metric in metrics if metric.sample_range is not None]
    low, high = next(one for one in ranges if not one[0] <= sample <= one[1])
    return ValueError(f"`{name}` must hold samples in [{low}, {high}]. Received {sample} in {place}.")


def _refuses(metric: NativeMetric, batch: Batch, label: Any) -> bool:
    if metric._drops_unknown_labels:
        return not -(2**31) < label.item() < 2**31
    # Between two label arrays only metrics with a number of classes of their own check labels.
    checks = batch.y_pred.ndim == 2 or type(metric).classes is not NativeMetric.classes
    return checks and not 0 <= label.item() < metric.classes(batch)


class MeanOfRows(NativeMetric):
    """Weighted mean over samples of one value for each row.

    `total` is the exact sum of weight * value, `count` of the weights; with several rows a sample, each row has an
    equal share of its sample's weight.
    """

    _value: int

    def __init__(self, name: str | None, dtype: Any) -> None:
        super().__init__(dtype, name)
        self.total = self._exact_sum("total")
        self.count = self._exact_sum("count")

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        return [self._mean()]

    def _mean(
        self, number: float = 0.0, from_logits: bool = False, bins: Any = None, ignored: Any = None
    ) -> Accumulator:
        return (_core.MEAN, self.total.words, self.count.words, self._value, number, from_logits, bins, ignored)

    def result(self) -> float:
        """Returns the weighted mean over all samples so far; 0.0 where the weights sum to 0."""
        with self._lock:
            value: float = self._as_result(self.total.divided_by(self.count.integer()))
        return value
