"""keras.metrics on a backend of choice; two backends live in one process as two imports of keras."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.cases import Case
from benchmarks.class_cases import CLASS_CASES, start_class
from benchmarks.tools import Start


def load_keras(backend: str) -> ModuleType:
    """Import a copy of keras that is bound to `backend`."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "keras"]:
        del sys.modules[name]
    before = os.environ.get("KERAS_BACKEND")
    os.environ["KERAS_BACKEND"] = backend
    try:
        return importlib.import_module("keras")
    finally:
        os.environ.pop("KERAS_BACKEND")
        if before is not None:
            os.environ["KERAS_BACKEND"] = before


def _start(finish: Callable[[Any], None], metrics: dict) -> tuple:
    def update(*arrays: object) -> None:
        for metric in metrics.values():
            metric.update_state(*arrays)
            finish(metric)

    return update, lambda: {name: np.asarray(_read(name, metric)) for name, metric in metrics.items()}


def _read(name: str, metric: object) -> object:
    """Read a result; the confusion matrix is the state of MeanIoU."""
    return metric.total_cm.value if name == "confusion_matrix" else metric.result()


def starts(keras: ModuleType, finish: Callable[[Any], None] = lambda metric: None) -> dict[str, Start]:
    """Return the accumulators of keras by case name; `finish` waits for what an update started."""
    metrics = keras.metrics

    def emd(y_true: object, y_pred: object) -> object:
        ops = keras.ops
        return ops.sqrt(ops.mean(ops.square(ops.cumsum(y_true - y_pred, axis=-1)), axis=-1))

    def confusion(case: Case) -> tuple:
        return _start(finish, {"confusion_matrix": metrics.MeanIoU(case.classes)})

    def regression(case: Case) -> tuple:
        errors = {"mse": metrics.MeanSquaredError(), "mae": metrics.MeanAbsoluteError()}
        return _start(finish, errors | {"rmse": metrics.RootMeanSquaredError()})

    def binary_counts(case: Case) -> tuple:
        counts = {"precision": metrics.Precision(), "recall": metrics.Recall()}
        return _start(finish, {"accuracy": metrics.BinaryAccuracy()} | counts)

    def top_5(case: Case) -> tuple:
        return _start(finish, {"top_5": metrics.SparseTopKCategoricalAccuracy(k=5)})

    def accuracy(case: Case) -> tuple:
        return _start(finish, {"accuracy": metrics.SparseCategoricalAccuracy()})

    def collection(case: Case) -> tuple:
        parts = {f"top_{k}": metrics.SparseTopKCategoricalAccuracy(k=k) for k in case.top_k}
        parts["accuracy"] = metrics.SparseCategoricalAccuracy()
        parts["cross_entropy"] = metrics.SparseCategoricalCrossentropy(from_logits=case.from_logits)
        parts["confusion_matrix"] = metrics.MeanIoU(case.classes, sparse_y_pred=False)
        return _start(finish, parts)

    return {
        "confusion_10": confusion,
        "confusion_1000": confusion,
        "confusion_maps": confusion,
        "accuracy": accuracy,
        "top_5": top_5,
        "top_5_wide": top_5,
        "top_5_wide_half": top_5,
        "auc_200": lambda case: _start(finish, {"auc": metrics.AUC()}),
        "binary_counts": binary_counts,
        "regression": regression,
        "collection": collection,
        "collection_logits": collection,
        "row_emd": lambda case: _start(finish, {"row_emd": metrics.MeanMetricWrapper(emd)}),
        "update_32": accuracy,
        "update_32_collection": collection,
        **dict.fromkeys(CLASS_CASES, lambda case: start_class(metrics, case, finish)),
    }
