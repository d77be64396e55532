"""Many metrics over many batches, in one pass."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tallymetrics.evaluation import DEFAULT_METRICS, Evaluation
from tallymetrics.inputs import as_array
from tallymetrics.metrics import Metric
from tallymetrics.outputs import Name, joined, output_batches, rows_of, split_outputs
from tallymetrics.runtime import get_num_threads, set_num_threads
from tallymetrics.sources import Batch, Source, check_lengths, is_mapped, open_source

Identifier = Metric | type[Metric] | str | dict[str, Any] | Callable[[Any, Any], Any] | None
Identifiers = Identifier | Sequence[Any] | Mapping[str, Any]


def evaluate(
    data: Any = None,
    y_pred: Any = None,
    metrics: Identifiers = DEFAULT_METRICS,
    weighted_metrics: Identifiers = None,
    sample_weight: Any = None,
    *,
    y_true: Any = None,
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

    Results are named as by Keras's `compile`: a string is its own name in the spelling given, a function and a metric
    have theirs, names that recur are numbered `name_1`, `name_2`, and a weighted metric whose name is taken becomes
    `weighted_name`.

    A model of several outputs has dicts by the output's name, or lists of arrays, for both `y_true` and `y_pred`; lists
    are named `output_0`, `output_1`, ... Metrics are then a dict by output, in which a missing output has none, or a
    list with one entry for each output; an entry is one metric, a list of them, or None. Results are named
    `output_metric`. Dicts go in Keras's order, sorted by name.

    Args:
        data: path of a file (see `sources.open_source`); y_true as an array `[rows, ...]`, or of several outputs, if
            `y_pred` is one; or an iterable of batches `(y_true, y_pred)` or `(y_true, y_pred, sample_weight)`.
        y_pred: predictions `[rows]` or `[rows, classes]`; for a file the name of a column, array or file.
        metrics: list of metrics: instances, their classes or configurations, strings and functions. Instances are
            reset first and afterwards hold the state of this evaluation. Default `("accuracy",)`, or none where
            `weighted_metrics` are given. None: a choice by the shapes of the first batch, or none likewise.
        weighted_metrics: list of metrics that see `sample_weight`; those in `metrics` then do not, as Keras's
            `compile` has it. Default None: there are none, and `metrics` see the weights.
        sample_weight: weights `[rows]`, for all outputs or a dict or list of them by output; for a file a name.
            Default None: every row counts 1.
        y_true: the labels by their own name, in place of `data`; for a file, the name of the labels' column, array or
            file.
        batch_size: most rows read at once, of a file or arrays. Default None: 16 MB of a file, arrays as a whole.
        threads: number of threads during the call, in the whole process. Default None: as set before.
        progress: show a progress bar on stderr if that is a terminal. Default False.

    Returns:
        Results by name: floats, or NumPy arrays of metrics with several values. Without rows in arrays or batches, the
        results of empty metrics.

    Raises:
        ImportError: an optional package is needed; the message names the extra.
        TypeError: arguments that do not go together.
        ValueError: an unknown metric, no batch at all, or a bad row; the message says which.

    Example:
        >>> evaluate([0, 1, 2, 2], [0, 1, 1, 2], metrics=["accuracy", "confusion_matrix"])
        {'accuracy': 0.75, 'confusion_matrix': array([[1, 0, 0],
               [0, 1, 0],
               [0, 1, 1]])}
        >>> outputs = {"age": np.array([30.0, 50.0]), "member": np.array([0.9, 0.2])}
        >>> labels = {"age": np.array([31.0, 47.0]), "member": np.array([1, 1])}
        >>> evaluate(labels, outputs, metrics={"age": ["mae", "mse"], "member": "acc"})
        {'age_mae': 2.0, 'age_mse': 5.0, 'member_acc': 0.5}
    """
    source = _source(data, y_true, y_pred, sample_weight, batch_size)
    evaluation = Evaluation(source.name, metrics, weighted_metrics)
    with _thread_count(threads):
        for batch in _with_progress(source, progress):
            evaluation.add(batch)
    return evaluation.result()


def _source(data: Any, y_true: Any, y_pred: Any, sample_weight: Any, batch_size: int | None) -> Source:
    if isinstance(data, (str, os.PathLike)):
        for name, value in (("y_true", y_true), ("y_pred", y_pred), ("sample_weight", sample_weight)):
            if value is not None and not isinstance(value, str):
                raise TypeError(f"`{name}` must be a name where `data` is a path. Received {type(value).__name__}.")
        return open_source(data, y_true, y_pred, sample_weight, batch_size)
    if y_true is not None:
        if data is not None:
            raise TypeError("`y_true` must be given only where `data` is a path, or in its place. Received both.")
        data = y_true
    if y_pred is not None:
        return _array_source(data, y_pred, sample_weight, batch_size)
    if sample_weight is not None or batch_size is not None:
        raise TypeError("`sample_weight` and `batch_size` must not be given where `data` holds batches.")
    if hasattr(data, "shape") or not isinstance(data, Iterable):
        raise TypeError(f"`data` must be a path, batches, or an array beside `y_pred`. Received {type(data).__name__}.")
    return Source("data", None, _checked_batches(data))


def _array_source(y_true: Any, y_pred: Any, sample_weight: Any, batch_size: int | None) -> Source:
    parts = {name: _arrays(name, part) for name, part in split_outputs(y_true, y_pred, sample_weight).items()}
    shapes = {_label(key, name): array.shape for name, part in parts.items() for key, array in _present(part)}
    rows = check_lengths(shapes)
    # Arrays in memory are best passed whole; mapped ones go by batches, so that the file does not stay in memory.
    whole = batch_size is None and not any(is_mapped(array) for part in parts.values() for array in part)
    if not whole and any(hasattr(part.y_pred, "_keras_mask") for part in parts.values()):
        raise ValueError("`batch_size` must be None for `y_pred` with a `_keras_mask`, which cannot be cut.")
    batches = iter([joined(parts)]) if whole or rows == 0 else output_batches(parts, batch_size)
    return Source("data", rows, batches)


def _arrays(name: Name, part: Batch) -> Batch:
    arrays = {key: as_array(array, _label(key, name)) for key, array in _present(part)}
    # The mask that Keras attaches is read by the metrics, and would be lost with the conversion.
    if hasattr(part.y_pred, "_keras_mask"):
        del arrays["y_pred"]
    return part._replace(**arrays)


def _present(part: Batch) -> Iterator[tuple[str, Any]]:
    return ((key, array) for key, array in part._asdict().items() if array is not None or key != "sample_weight")


def _label(key: str, name: Name) -> str:
    return key if name is None else f"{key}[{name!r}]"


def _checked_batches(batches: Iterable[Any]) -> Iterator[Batch]:
    for index, batch in enumerate(batches):
        if not isinstance(batch, (tuple, list)) or not 2 <= len(batch) <= 3:
            count = f"{len(batch)} items" if isinstance(batch, (tuple, list)) else type(batch).__name__
            raise ValueError(
                "`data` must yield batches (y_true, y_pred) or (y_true, y_pred, sample_weight). "
                f"Received {count} as batch {index}."
            )
        for part in split_outputs(*batch).values():
            if np.ndim(part.y_pred) == 0:
                raise ValueError(
                    f"`y_pred` must have at least one axis, the rows. Received {part.y_pred!r} in batch {index}."
                )
        yield Batch(*batch)


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
            bar.update(rows_of(batch))
