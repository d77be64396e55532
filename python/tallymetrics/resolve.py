"""Metrics by name: strings become instances once the first batch is seen."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import numpy as np

from tallymetrics import metrics
from tallymetrics.inputs import as_array
from tallymetrics.metrics.function_metric import FunctionMetric, function_name
from tallymetrics.metrics.identifiers import ADVICE, IDENTIFIERS
from tallymetrics.metrics.names import unique_name

# A confusion matrix of more classes is made only when asked for by its number of classes.
_MOST_CLASSES = 10_000
_MOST_DEFAULT_CLASSES = 1000
_CURVE_LENGTH = 20
_NUMBERED = re.compile(r"(top|confusion_matrix|top_k_curve)_([1-9][0-9]*)")


class FirstBatch:
    """What the first batch tells of the task, and so of the metrics that a general name means."""

    def __init__(self, y_true: Any, y_pred: Any) -> None:
        self.y_true = as_array(y_true, "y_true")
        self.y_pred = as_array(y_pred, "y_pred")

    @property
    def classes(self) -> int | None:
        """The width of the rows of scores; None if y_pred has one value per sample."""
        return _row_width(self.y_pred)

    @property
    def known_classes(self) -> int | None:
        """The number of classes of every batch: the width of the rows of either array; None if both are labels."""
        return self.classes or (_row_width(self.y_true) if self.y_true.ndim > self.y_pred.ndim else None)

    @property
    def sparse(self) -> bool:
        """Whether y_true holds class ids beside rows of scores."""
        narrow = self.y_true.shape[-1:] == (1,) and self.y_pred.shape[-1:] > (1,)
        return self.y_true.ndim < self.y_pred.ndim or narrow

    @property
    def floating(self) -> bool:
        """Whether y_pred is of a floating type."""
        return self.y_pred.dtype.kind == "f"

    @cached_property
    def labels(self) -> int:
        """The number of classes that the labels in both arrays need."""
        return count_labels(self.y_true, self.y_pred)


def _row_width(array: Any) -> int | None:
    return array.shape[-1] if array.ndim > 1 and array.shape[-1] != 1 else None


def count_labels(*labels: Any) -> int:
    """One more than the largest label; 0 without a label."""
    largest = [np.asarray(array).max() for array in labels if np.size(array)]
    return max((int(label) + 1 for label in largest if np.isfinite(label)), default=0)


def _accuracy(first: FirstBatch) -> metrics.Metric:
    if first.y_pred.ndim == 1:
        return metrics.BinaryAccuracy() if first.floating else metrics.Accuracy()
    if first.y_pred.shape[-1] == 1:
        return metrics.BinaryAccuracy()
    return metrics.SparseCategoricalAccuracy() if first.sparse else metrics.CategoricalAccuracy()


def _top(first: FirstBatch, k: int) -> metrics.Metric:
    _require_rows(f"top_{k}", first)
    return metrics.SparseTopKCategoricalAccuracy(k=k) if first.sparse else metrics.TopKCategoricalAccuracy(k=k)


def _crossentropy(first: FirstBatch) -> metrics.Metric:
    one_score = first.floating and first.y_pred.ndim == 1
    if one_score or (first.y_pred.ndim > 1 and first.y_pred.shape[-1] == 1):
        return _named("binary_crossentropy")
    _require_rows("crossentropy", first)
    return metrics.SparseCategoricalCrossentropy() if first.sparse else metrics.CategoricalCrossentropy()


def _confusion_matrix(first: FirstBatch, num_classes: int | None = None) -> metrics.Metric:
    num_classes = num_classes or first.known_classes
    if num_classes is None and first.labels > _MOST_CLASSES:
        raise ValueError(
            f"'confusion_matrix' must be given the number of classes where labels exceed {_MOST_CLASSES - 1}: "
            f"metrics.ConfusionMatrix(num_classes) or 'confusion_matrix_N'. Received label {first.labels - 1}."
        )
    return metrics.ConfusionMatrix(num_classes or max(first.labels, 1))


def _top_k_curve(first: FirstBatch, max_k: int | None = None) -> metrics.Metric:
    classes = _require_rows("top_k_curve", first)
    return metrics.TopKCurve(max_k or min(classes, _CURVE_LENGTH))


def _require_rows(identifier: str, first: FirstBatch) -> int:
    if first.classes is None:
        raise ValueError(
            f"{identifier!r} needs `y_pred` of shape [rows, classes]. Received shape {first.y_pred.shape}."
        )
    return first.classes


_BY_SHAPE: dict[str, Callable[[FirstBatch], metrics.Metric]] = {
    "accuracy": _accuracy,
    "acc": _accuracy,
    "crossentropy": _crossentropy,
    "ce": _crossentropy,
    "log_loss": _crossentropy,
    "confusion_matrix": _confusion_matrix,
    "ConfusionMatrix": _confusion_matrix,
    "top_k_curve": _top_k_curve,
    "TopKCurve": _top_k_curve,
}
_BY_NUMBER: dict[str, Callable[[FirstBatch, int], metrics.Metric]] = {
    "top": _top,
    "confusion_matrix": _confusion_matrix,
    "top_k_curve": _top_k_curve,
}
_ALIASES = {"emd": "earth_movers_distance"}


def default_identifiers(first: FirstBatch) -> list[str]:
    """What is worth seeing of a first look at predictions."""
    if first.classes is None:
        labels_only = not first.floating and first.labels <= _MOST_DEFAULT_CLASSES
        return ["accuracy", *(["confusion_matrix"] if labels_only else [])]
    chosen = ["accuracy", *(["top_5"] if first.classes > 5 else []), "crossentropy"]
    return [*chosen, *(["confusion_matrix"] if first.classes <= _MOST_DEFAULT_CLASSES else [])]


def takes_classes_from_labels(identifiers: Iterable[Any], first: FirstBatch) -> bool:
    """Whether a later batch may hold a label that the confusion matrix made for the first batch has no row for."""
    names = ("confusion_matrix", "ConfusionMatrix")
    return first.known_classes is None and any(isinstance(entry, str) and entry in names for entry in identifiers)


def check_identifier(identifier: Any) -> None:
    """Refuse what no batch could make a metric of.

    Raises:
        TypeError: If it is neither a metric, a metric's class or configuration, a string nor a function.
        ValueError: If it is an unknown string; the message lists the nearest known ones.
    """
    by_shape = isinstance(identifier, str) and (_key(identifier) in _BY_SHAPE or _NUMBERED.fullmatch(identifier))
    if not by_shape:
        _without_batch(identifier)


def resolve(identifiers: Iterable[Any], first: FirstBatch) -> dict[str, metrics.Metric]:
    """The metrics under the keys of their results: a string's own spelling, a metric's or function's name."""
    resolved: dict[str, metrics.Metric] = {}
    for name, metric in resolve_all(identifiers, first):
        resolved[unique_name(name, resolved)] = metric
    return resolved


def resolve_all(identifiers: Iterable[Any], first: FirstBatch) -> list[tuple[str, metrics.Metric]]:
    """The metrics with the names of their results, which may recur."""
    return [_named_metric(identifier, first) for identifier in identifiers]


def _named_metric(identifier: Any, first: FirstBatch) -> tuple[str, metrics.Metric]:
    metric = _metric(identifier, first)
    return identifier if isinstance(identifier, str) else metric.name, metric


def _metric(identifier: Any, first: FirstBatch) -> metrics.Metric:
    if isinstance(identifier, str):
        if _key(identifier) in _BY_SHAPE:
            return _BY_SHAPE[_key(identifier)](first)
        numbered = _NUMBERED.fullmatch(identifier)
        if numbered:
            return _BY_NUMBER[numbered[1]](first, int(numbered[2]))
    return _without_batch(identifier)


def _without_batch(identifier: Any) -> metrics.Metric:
    """The metric of an identifier whose meaning does not depend on shapes."""
    if isinstance(identifier, str):
        return _named(identifier)
    is_class = inspect.isclass(identifier)
    if isinstance(identifier, (metrics.Metric, dict)) or (is_class and issubclass(identifier, metrics.Metric)):
        metric = metrics.get(identifier)
        if isinstance(metric, metrics.Metric):
            return metric
    if not callable(identifier) or is_class:
        raise TypeError(f"`metrics` must hold metrics, strings or functions. Received {identifier!r}.")
    return FunctionMetric(identifier, name=function_name(identifier))


def _key(identifier: str) -> str:
    """Accuracy and cross-entropy are known in any case, as in Keras."""
    general = ("acc", "accuracy", "ce", "crossentropy")
    return identifier.lower() if identifier.lower() in general else identifier


def _named(identifier: str) -> metrics.Metric:
    try:
        metric = metrics.get(_ALIASES.get(identifier, identifier))
    except TypeError as error:
        raise ValueError(f"Metric {error}") from error
    except ValueError as error:
        raise ValueError(str(error) if identifier in ADVICE else _unknown(identifier)) from error
    of_values = (metrics.Mean, metrics.MeanTensor, metrics.Sum, metrics.Metric)
    if not isinstance(metric, metrics.Metric) or type(metric) in of_values:
        raise ValueError(_unknown(identifier))
    return metric


def _unknown(identifier: str) -> str:
    no_use = {"metric", "mean", "sum", "mean_metric_wrapper", "metric_collection"}
    names = {name for name in (*IDENTIFIERS, *_BY_SHAPE) if name.islower()} - no_use
    known = sorted({*names, *_ALIASES, "top_1", "top_5", "top_10"})
    close = difflib.get_close_matches(identifier.lower(), known, n=3, cutoff=0.5)
    return f"`metrics` must name a metric. Received {identifier!r}. Close matches: {', '.join(close or known)}."
