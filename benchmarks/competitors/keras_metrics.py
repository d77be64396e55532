"""keras.metrics on a backend of choice; two backends live in one process as two imports of keras."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.cases import Case
from benchmarks.class_cases import CLASS_CASES, start_class
from benchmarks.tools import Start

# The modules of each copy of keras.
_COPIES: dict[ModuleType, dict[str, ModuleType]] = {}


def _take_out() -> dict[str, ModuleType]:
    """Take the copy of keras that is imported now out of `sys.modules`."""
    return {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "keras"}


@contextmanager
def imports_from(keras: ModuleType) -> Iterator[None]:
    """Let what keras imports while it runs come from the same copy."""
    other = _take_out()
    sys.modules.update(_COPIES[keras])
    try:
        yield
    finally:
        _COPIES[keras] = _take_out()
        sys.modules.update(other)


def load_keras(backend: str) -> ModuleType:
    """Import a copy of keras that is bound to `backend`."""
    _take_out()
    before = os.environ.get("KERAS_BACKEND")
    os.environ["KERAS_BACKEND"] = backend
    try:
        keras = importlib.import_module("keras")
        _COPIES[keras] = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "keras"}
        return keras
    finally:
        os.environ.pop("KERAS_BACKEND")
        if before is not None:
            os.environ["KERAS_BACKEND"] = before


def _start(finish: Callable[[Any], None], metrics: dict) -> tuple:
    def update(*arrays: object) -> None:
        for metric in metrics.values():
            metric.update_state(*arrays)
            finish(metric)

    return update, lambda: read_results(metrics)


def read_results(metrics: dict) -> dict[str, np.ndarray]:
    """Return the metrics' results by name."""
    return {name: np.asarray(_read(name, metric)) for name, metric in metrics.items()}


def _read(name: str, metric: object) -> object:
    """Read a result; the confusion matrix is the state of MeanIoU."""
    return metric.total_cm.value if name == "confusion_matrix" else metric.result()


def _emd(keras: ModuleType, case: Case) -> dict:
    def distance(y_true: object, y_pred: object) -> object:
        ops = keras.ops
        return ops.sqrt(ops.mean(ops.square(ops.cumsum(y_true - y_pred, axis=-1)), axis=-1))

    return {"row_emd": keras.metrics.MeanMetricWrapper(distance)}


def _confusion(keras: ModuleType, case: Case) -> dict:
    return {"confusion_matrix": keras.metrics.MeanIoU(case.classes)}


def _regression(keras: ModuleType, case: Case) -> dict:
    metrics = keras.metrics
    errors = {"mse": metrics.MeanSquaredError(), "mae": metrics.MeanAbsoluteError()}
    return errors | {"rmse": metrics.RootMeanSquaredError()}


def _binary_counts(keras: ModuleType, case: Case) -> dict:
    metrics = keras.metrics
    return {"accuracy": metrics.BinaryAccuracy(), "precision": metrics.Precision(), "recall": metrics.Recall()}


def _auc(keras: ModuleType, case: Case) -> dict:
    return {"auc": keras.metrics.AUC()}


def _top_5(keras: ModuleType, case: Case) -> dict:
    return {"top_5": keras.metrics.SparseTopKCategoricalAccuracy(k=5)}


def _accuracy(keras: ModuleType, case: Case) -> dict:
    return {"accuracy": keras.metrics.SparseCategoricalAccuracy()}


def _collection(keras: ModuleType, case: Case) -> dict:
    metrics = keras.metrics
    parts = {f"top_{k}": metrics.SparseTopKCategoricalAccuracy(k=k) for k in case.top_k}
    parts["accuracy"] = metrics.SparseCategoricalAccuracy()
    parts["cross_entropy"] = metrics.SparseCategoricalCrossentropy(from_logits=case.from_logits)
    parts["confusion_matrix"] = metrics.MeanIoU(case.classes, sparse_y_pred=False)
    return parts


PARTS: dict[str, Callable[[ModuleType, Case], dict]] = {
    "confusion_10": _confusion,
    "confusion_1000": _confusion,
    "confusion_maps": _confusion,
    "accuracy": _accuracy,
    "top_5": _top_5,
    "top_5_wide": _top_5,
    "top_5_wide_half": _top_5,
    "auc_200": _auc,
    "binary_counts": _binary_counts,
    "regression": _regression,
    "collection": _collection,
    "collection_logits": _collection,
    "row_emd": _emd,
    "update_32": _accuracy,
    "update_32_collection": _collection,
}


def starts(keras: ModuleType, finish: Callable[[Any], None] = lambda metric: None) -> dict[str, Start]:
    """Return the accumulators of keras by case name; `finish` waits for what an update started."""

    def start(case: Case) -> tuple:
        return _start(finish, PARTS[case.name](keras, case))

    classes = dict.fromkeys(CLASS_CASES, lambda case: start_class(keras.metrics, case, finish))
    return dict.fromkeys(PARTS, start) | classes
