"""Many metrics over many batches, in one pass."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tallymetrics.inputs import as_array
from tallymetrics.metrics import Metric, MetricCollection
from tallymetrics.resolve import (
    FirstBatch,
    check_identifier,
    count_labels,
    default_identifiers,
    resolve,
    takes_classes_from_labels,
)
from tallymetrics.runtime import get_num_threads, set_num_threads
from tallymetrics.sources import Batch, Source, array_batches, check_lengths, is_mapped, open_source


def evaluate(
    data: Any,
    y_pred: Any = None,
    *,
    metrics: Sequence[Metric | str | Callable[[Any, Any], Any]] | None = ("accuracy",),
    sample_weight: Any = None,
    y_true: str | None = None,
    batch_size: int | None = None,
    threads: int | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Evaluate metrics of predictions in a file, in arrays or in batches, reading each batch once for all of them.

    A string means what the first batch makes of it: "accuracy" (or "acc") is Accuracy for two arrays of labels,
    BinaryAccuracy for one score per sample, SparseCategoricalAccuracy or CategoricalAccuracy for rows of scores, as
    Keras's `compile` has it; "top_N" and "crossentropy" ("ce", "log_loss") are sparse or categorical alike;
    "confusion_matrix" and "top_k_curve" take their size from the scores, or from the labels, or as in
    "confusion_matrix_10". "emd" and all strings of `metrics.get` are known too.

    A function of `(y_true, y_pred)` returns a value per sample, a number for the batch, which then counts once per
    row, or a dict of such values, which become results of their own.

    Args:
        data: path of a file (see `sources.open_source`), y_true as an array `[rows, ...]` if `y_pred` is one, or an
            iterable of batches `(y_true, y_pred)` or `(y_true, y_pred, sample_weight)`.
        y_pred: predictions `[rows]` or `[rows, classes]`; for a file the name of a column, array or file.
        metrics: list of Metric instances, strings and functions. Instances are reset first and afterwards hold the
            state of this evaluation. None: a choice by the shapes of the first batch. Default `("accuracy",)`.
        sample_weight: weights `[rows]`; for a file a name. Default None: every row counts 1.
        y_true: for a file, the name of the labels' column, array or file.
        batch_size: most rows read at once, of a file or arrays. Default None: 16 MB of a file, arrays as a whole.
        threads: number of threads during the call, in the whole process. Default None: as set before.
        progress: show a progress bar on stderr if that is a terminal. Default False.

    Returns:
        Results by name: floats or NumPy arrays. A string is its own name; duplicates get "_1", "_2". Without rows
        in arrays or batches, the results of empty metrics.

    Raises:
        ImportError: an optional package is needed; the message names the extra.
        TypeError: arguments that do not go together.
        ValueError: an unknown metric, no batch at all, or a bad row; the message says which.

    Example:
        >>> evaluate([0, 1, 2, 2], [0, 1, 1, 2], metrics=["accuracy", "confusion_matrix"])
        {'accuracy': 0.75, 'confusion_matrix': array([[1, 0, 0],
               [0, 1, 0],
               [0, 1, 1]])}
    """
    identifiers = None if metrics is None else _listed(metrics)
    source = _source(data, y_true, y_pred, sample_weight, batch_size)
    evaluation = _Evaluation(source.name, identifiers)
    with _thread_count(threads):
        for batch in _with_progress(source, progress):
            evaluation.add(batch)
    return evaluation.result()


def _listed(metrics: Any) -> list[Any]:
    identifiers = [metrics] if isinstance(metrics, (str, Metric)) or callable(metrics) else list(metrics)
    for identifier in identifiers:
        check_identifier(identifier)
    return identifiers


def _source(data: Any, y_true: Any, y_pred: Any, sample_weight: Any, batch_size: int | None) -> Source:
    if isinstance(data, (str, os.PathLike)):
        for name, value in (("y_true", y_true), ("y_pred", y_pred), ("sample_weight", sample_weight)):
            if value is not None and not isinstance(value, str):
                raise TypeError(f"`{name}` must be a name where `data` is a path. Received {type(value).__name__}.")
        return open_source(data, y_true, y_pred, sample_weight, batch_size)
    if y_true is not None:
        raise TypeError("`y_true` must be given only where `data` is a path. Give an array as `data`.")
    if y_pred is not None:
        return _array_source(data, y_pred, sample_weight, batch_size)
    if sample_weight is not None or batch_size is not None:
        raise TypeError("`sample_weight` and `batch_size` must not be given where `data` holds batches.")
    if hasattr(data, "shape") or not isinstance(data, Iterable):
        raise TypeError(f"`data` must be a path, batches, or an array beside `y_pred`. Received {type(data).__name__}.")
    return Source("data", None, _checked_batches(data))


def _array_source(y_true: Any, y_pred: Any, sample_weight: Any, batch_size: int | None) -> Source:
    names = ("y_true", "y_pred", "sample_weight")
    given = zip(names, (y_true, y_pred, sample_weight), strict=True)
    arrays = [None if array is None else as_array(array, name) for name, array in given]
    rows = check_lengths({name: array.shape for name, array in zip(names, arrays, strict=True) if array is not None})
    # Arrays in memory are best passed whole; mapped ones go by batches, so that the file does not stay in memory.
    whole = batch_size is None and not any(is_mapped(array) for array in arrays)
    batches = iter([Batch(*arrays)]) if whole or rows == 0 else array_batches(arrays, batch_size)
    return Source("data", rows, batches)


def _checked_batches(batches: Iterable[Any]) -> Iterator[Batch]:
    for index, batch in enumerate(batches):
        if not isinstance(batch, (tuple, list)) or not 2 <= len(batch) <= 3:
            count = f"{len(batch)} items" if isinstance(batch, (tuple, list)) else type(batch).__name__
            raise ValueError(
                "`data` must yield batches (y_true, y_pred) or (y_true, y_pred, sample_weight). "
                f"Received {count} as batch {index}."
            )
        if np.ndim(batch[1]) == 0:
            raise ValueError(f"`y_pred` must have at least one axis, the rows. Received {batch[1]!r} in batch {index}.")
        yield Batch(*batch)


class _Evaluation:
    """Metrics that come to be with the first batch that has rows, and the rows added to them."""

    def __init__(self, source_name: str, identifiers: list[Any] | None) -> None:
        self._source_name = source_name
        self._identifiers = identifiers
        self._first: FirstBatch | None = None
        self._collection: MetricCollection | None = None
        self._rows = 0

    def add(self, batch: Batch) -> None:
        """Add a batch to all metrics."""
        rows = len(batch.y_pred)
        if self._collection is None:
            self._first = FirstBatch(batch.y_true, batch.y_pred)
            # Labels are better taken from a batch with rows.
            if rows == 0:
                return
            self._collection = self._make_collection(self._first)
        try:
            self._collection.update_state(*batch)
        except ValueError as error:
            raise ValueError(self._explain(error, batch)) from error
        self._rows += rows

    def result(self) -> dict[str, Any]:
        """The results of all metrics; those of empty metrics if no batch had rows."""
        if self._first is None:
            raise ValueError(f"{self._source_name} must have rows. Received none.")
        collection = self._collection or self._make_collection(self._first)
        return dict(collection.result())

    def _make_collection(self, first: FirstBatch) -> MetricCollection:
        if self._identifiers is None:
            self._identifiers = default_identifiers(first)
        collection = MetricCollection(resolve(self._identifiers, first))
        collection.reset_state()
        return collection

    def _explain(self, error: ValueError, batch: Batch) -> str:
        """Say what the metric could not know: where the batch stands, and where its classes came from."""
        first = self._first
        if self._rows == 0 or first is None:
            return str(error)
        if takes_classes_from_labels(self._identifiers or [], first):
            labels = count_labels(batch.y_true, batch.y_pred)
            if labels > first.labels:
                return (
                    f"'confusion_matrix' took its {first.labels} classes from the first batch, but a batch from row "
                    f"{self._rows} on has label {labels - 1}. Give the number of classes: "
                    f"metrics.ConfusionMatrix({labels}) or 'confusion_matrix_{labels}'."
                )
        return f"{error} Here rows are counted from row {self._rows} of {self._source_name}."


@contextmanager
def _thread_count(threads: int | None) -> Iterator[None]:
    if threads is None:
        yield
        return
    before = get_num_threads()
    set_num_threads(threads)
    try:
        yield
    finally:
        set_num_threads(before)


def _with_progress(source: Source, progress: bool) -> Iterator[Batch]:
    """The batches of the source, each shown on the bar once it has been added."""
    if not progress:
        yield from source.batches
        return
    try:
        from tqdm import tqdm
    except ModuleNotFoundError as error:
        raise ImportError("A progress bar needs tqdm: pip install 'tallymetrics[cli]'", name="tqdm") from error
    # With disable=None tqdm stays silent unless stderr is a terminal.
    with tqdm(total=source.rows, unit=" rows", unit_scale=True, desc=source.name, leave=False, disable=None) as bar:
        for batch in source.batches:
            yield batch
            bar.update(len(batch.y_pred))
