"""One update of every class of keras.metrics, with 32 rows and with a million."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.cases import Case

_MakeArrays = Callable[[Case], dict[str, np.ndarray]]
_CLASSES = 10

_OF_ONE_HOT_ROWS: dict[str, dict[str, Any]] = {
    "CategoricalAccuracy": {},
    "CategoricalCrossentropy": {},
    "CategoricalHinge": {},
    "F1Score": {"average": "macro"},
    "FBetaScore": {"average": "macro", "beta": 2.0},
    "KLDivergence": {},
    "OneHotIoU": {"num_classes": _CLASSES, "target_class_ids": (0, 1)},
    "OneHotMeanIoU": {"num_classes": _CLASSES},
    "TopKCategoricalAccuracy": {},
}
_OF_LABELS_AND_ROWS: dict[str, dict[str, Any]] = {
    "SparseCategoricalAccuracy": {},
    "SparseCategoricalCrossentropy": {},
    "SparseTopKCategoricalAccuracy": {},
}
_OF_LABEL_PAIRS: dict[str, dict[str, Any]] = {
    "Accuracy": {},
    "IoU": {"num_classes": _CLASSES, "target_class_ids": (0, 1)},
    "MeanIoU": {"num_classes": _CLASSES},
}
_OF_BINARY_SCORES: dict[str, dict[str, Any]] = {
    "AUC": {},
    "BinaryAccuracy": {},
    "BinaryCrossentropy": {},
    "BinaryIoU": {},
    "FalseNegatives": {},
    "FalsePositives": {},
    "Hinge": {},
    "Precision": {},
    "PrecisionAtRecall": {"recall": 0.6},
    "Recall": {},
    "RecallAtPrecision": {"precision": 0.6},
    "SensitivityAtSpecificity": {"specificity": 0.6},
    "SpecificityAtSensitivity": {"sensitivity": 0.6},
    "SquaredHinge": {},
    "TrueNegatives": {},
    "TruePositives": {},
}
_OF_VALUE_ROWS: dict[str, dict[str, Any]] = {
    "ConcordanceCorrelation": {},
    "CosineSimilarity": {},
    "LogCoshError": {},
    "Mean": {},
    "MeanAbsoluteError": {},
    "MeanAbsolutePercentageError": {},
    "MeanMetricWrapper": {},
    "MeanSquaredError": {},
    "MeanSquaredLogarithmicError": {},
    "PearsonCorrelation": {},
    "Poisson": {},
    "R2Score": {},
    "RootMeanSquaredError": {},
    "Sum": {},
}
_GROUPS: tuple[tuple[_MakeArrays, str, dict[str, dict[str, Any]]], ...] = (
    (data.one_hot_rows, f"one-hot rows x {_CLASSES}", _OF_ONE_HOT_ROWS),
    (data.probabilities, f"labels and rows x {_CLASSES}", _OF_LABELS_AND_ROWS),
    (data.uniform_pairs, "label pairs", _OF_LABEL_PAIRS),
    (data.binary_scores, "binary scores", _OF_BINARY_SCORES),
    (data.regression_rows, f"values x {_CLASSES}", _OF_VALUE_ROWS),
)


def absolute_error(y_true: Any, y_pred: Any) -> Any:
    """A user's own function."""
    return abs(y_true - y_pred)


def make_class(module: Any, case: Case) -> Any:
    """Make the metric of a case from a module like keras.metrics."""
    given = (absolute_error,) if case.metric == "MeanMetricWrapper" else ()
    return getattr(module, case.metric)(*given, **case.arguments)


def arguments_of(case: Case, y_true: Any, y_pred: Any) -> tuple:
    """Return what one update of the case's metric takes."""
    return (y_true,) if case.metric in ("Mean", "Sum") else (y_true, y_pred)


def start_class(module: Any, case: Case, finish: Callable[[Any], None] = lambda metric: None) -> tuple:
    """Make the accumulator of a case from a module like keras.metrics; `finish` waits for an update's end."""
    metric = make_class(module, case)

    def update(y_true: Any, y_pred: Any) -> None:
        metric.update_state(*arguments_of(case, y_true, y_pred))
        finish(metric)

    return update, lambda: {case.metric: float(np.asarray(metric.result()))}


def _cases() -> Iterator[Case]:
    for make_arrays, kind, classes in _GROUPS:
        for metric, arguments in classes.items():
            common = (_CLASSES, make_arrays)
            # Keras's R2 loses three digits to float32 already here.
            options = {"metric": metric, "arguments": arguments, "tolerance": 1e-2 if metric == "R2Score" else 1e-3}
            yield Case(f"{metric}_32", f"{metric}, 32 {kind}", 32, 32, *common, update_only=True, **options)
            yield Case(f"{metric}_1m", f"{metric}, 1M {kind}", 1_000_000, 500, *common, **options)


CLASS_CASES = {case.name: case for case in _cases()}
