"""Models of several outputs: arrays, weights and metrics by the name of the output that they belong to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from tallymetrics.metrics import Metric
from tallymetrics.sources import Batch, array_batches
from tallymetrics.sources.batches import rows_per_batch

# The name of an output; None for the only one of a model without names.
Name = str | None


def split_outputs(y_true: Any, y_pred: Any, sample_weight: Any = None) -> dict[Name, Batch]:
    """The arrays of each output.

    Dicts by name are several outputs, in Keras's order: sorted, or as in an `OrderedDict`. So are lists (or tuples) of
    arrays for both `y_true` and `y_pred`, named `output_0`, `output_1`, ... Anything else is one array each, which has
    no name.

    Args:
        y_true: array-like, dict or list of arrays; labels of outputs that `y_pred` does not have are left out.
        y_pred: array-like, dict or list of arrays.
        sample_weight: None, one array for all outputs, or a dict or list as `y_pred` is; a missing one is None.

    Raises:
        ValueError: the outputs of the arguments differ.
    """
    if isinstance(y_pred, np.ndarray) and isinstance(y_true, np.ndarray):
        return {None: Batch(y_true, y_pred, sample_weight)}
    if isinstance(y_pred, Mapping):
        names = list(y_pred) if isinstance(y_pred, OrderedDict) else sorted(y_pred)
        predictions = dict(y_pred)
    elif _is_list_of_arrays(y_pred) and _is_list_of_arrays(y_true):
        names = [f"output_{index}" for index in range(len(y_pred))]
        predictions = dict(zip(names, y_pred, strict=True))
    elif isinstance(y_true, Mapping):
        raise ValueError(f"`y_pred` must be a dict by output, as `y_true` is. Received {type(y_pred).__name__}.")
    else:
        return {None: Batch(y_true, y_pred, sample_weight)}
    if not names:
        raise ValueError(f"`y_pred` must have at least one output. Received {y_pred!r}.")
    labels = _labels_by_name(y_true, y_pred, names)
    weights = _weights_by_name(sample_weight, names)
    return {name: Batch(labels[name], predictions[name], weights.get(name)) for name in names}


def _is_list_of_arrays(value: Any) -> bool:
    """Whether a list is one of outputs: of arrays, not of numbers or of rows in lists."""
    return (
        isinstance(value, (list, tuple))
        and len(value) > 0
        and all(len(getattr(member, "shape", ())) > 0 for member in value)
    )


def _labels_by_name(y_true: Any, y_pred: Any, names: list[str]) -> dict[str, Any]:
    if isinstance(y_pred, Mapping) != isinstance(y_true, Mapping):
        kind = "a dict by output" if isinstance(y_pred, Mapping) else "a list of outputs"
        raise ValueError(f"`y_true` must be {kind}, as `y_pred` is. Received {type(y_true).__name__}.")
    if isinstance(y_true, Mapping):
        missing = [name for name in names if name not in y_true]
        if missing:
            raise ValueError(f"`y_true` must have the outputs {names} of `y_pred`. Received {list(y_true)}.")
        return dict(y_true)
    if len(y_true) != len(names):
        raise ValueError(f"`y_true` must have {len(names)} outputs, as `y_pred` has. Received {len(y_true)}.")
    return dict(zip(names, y_true, strict=True))


def _weights_by_name(sample_weight: Any, names: list[str]) -> dict[str, Any]:
    if isinstance(sample_weight, Mapping):
        unknown = [name for name in sample_weight if name not in names]
        if unknown:
            raise ValueError(f"`sample_weight` must name outputs of {names}. Received {list(sample_weight)}.")
        return dict(sample_weight)
    listed = isinstance(sample_weight, (list, tuple)) and any(
        hasattr(one, "shape") or one is None for one in sample_weight
    )
    given = list(sample_weight) if listed else [sample_weight]
    if len(given) == 1:
        given *= len(names)
    if len(given) != len(names):
        raise ValueError(f"`sample_weight` must have one array, or one for each of {names}. Received {len(given)}.")
    return dict(zip(names, given, strict=True))


def joined(parts: Mapping[Name, Batch]) -> Batch:
    """The batch of outputs that `split_outputs` splits again."""
    if list(parts) == [None]:
        return parts[None]
    fields = zip(*parts.values(), strict=True)
    return Batch(*(OrderedDict(zip(parts, arrays, strict=True)) for arrays in fields))


def output_batches(parts: Mapping[Name, Batch], batch_size: int | None) -> Iterator[Batch]:
    """Batches of all outputs together, of `batch_size` rows or of about 16 MB."""
    present = [array for part in parts.values() for array in part if array is not None]
    row_bytes = sum(array.nbytes // max(len(array), 1) for array in present)
    step = rows_per_batch(row_bytes, batch_size)
    for pieces in zip(*(array_batches(list(part), step) for part in parts.values()), strict=True):
        yield joined(dict(zip(parts, pieces, strict=True)))


def rows_of(batch: Batch) -> int:
    """The rows of a batch, of its first output where there are several."""
    y_pred = batch.y_pred
    if isinstance(y_pred, np.ndarray):
        return len(y_pred)
    if isinstance(y_pred, Mapping) or (_is_list_of_arrays(y_pred) and _is_list_of_arrays(batch.y_true)):
        y_pred = next(iter(y_pred.values() if isinstance(y_pred, Mapping) else y_pred), ())
    return len(y_pred)


def is_config(value: Any) -> bool:
    """Whether a dict is a metric's configuration, not metrics by output."""
    return isinstance(value, Mapping) and "class_name" in value


def is_one_metric(value: Any) -> bool:
    """Whether a value stands for a metric, not for a list or dict of them."""
    return isinstance(value, (str, Metric)) or callable(value) or is_config(value)


def flat_metrics(metrics: Any) -> list[Any]:
    """All identifiers in lists and dicts, however nested."""
    if is_one_metric(metrics) or not isinstance(metrics, (Mapping, Iterable)):
        return [metrics]
    members = metrics.values() if isinstance(metrics, Mapping) else metrics
    return [identifier for member in members for identifier in flat_metrics(member)]


def metrics_by_output(metrics: Any, names: list[Name], argument: str) -> dict[Name, list[Any]]:
    """The identifiers of each output.

    With one output all are for it. With several, a list holds one entry for each, itself an identifier, a list of them
    or None; a dict holds entries by name, and outputs without one have no metrics.

    Args:
        metrics: an identifier, or a list or dict of them.
        names: the outputs.
        argument: the name of the argument, for messages.

    Raises:
        ValueError: a list of another length than the outputs', or a dict with unknown names.
    """
    outputs = ", ".join(map(repr, names))
    if isinstance(metrics, Mapping) and not is_config(metrics) and names != [None]:
        unknown = [key for key in metrics if key not in names]
        if unknown:
            raise ValueError(f"`{argument}` must name outputs of {outputs}. Received {', '.join(map(repr, unknown))}.")
        return {name: _entry(metrics.get(name)) for name in names}
    if len(names) == 1:
        return {names[0]: flat_metrics(metrics)}
    entries = [metrics] if is_one_metric(metrics) else list(metrics)
    if len(entries) != len(names):
        raise ValueError(
            f"`{argument}` must be a dict by output or a list with one entry, itself a metric or a list of metrics, "
            f"for each of the outputs {outputs}. Received {len(entries)} entries."
        )
    return {name: _entry(entry) for name, entry in zip(names, entries, strict=True)}


def _entry(entry: Any) -> list[Any]:
    return [] if entry is None else flat_metrics(entry)
