"""scikit-learn's functions; it has no accumulators, so an update of a batch is one call."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax
from sklearn import metrics

from benchmarks.cases import Case
from benchmarks.own_cases import jobs
from benchmarks.tools import Answer, Tool, computing


def _confusion(case: Case, y_true: np.ndarray, y_pred: np.ndarray, sample_weight: np.ndarray | None = None) -> Answer:
    labels = np.arange(case.classes)
    return {"confusion_matrix": metrics.confusion_matrix(y_true, y_pred, labels=labels, sample_weight=sample_weight)}


def _top_k(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    labels = np.arange(case.classes)
    return {f"top_{k}": metrics.top_k_accuracy_score(y_true, y_pred, k=k, labels=labels) for k in case.top_k}


def _accuracy(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    return {"accuracy": metrics.accuracy_score(y_true, y_pred.argmax(axis=1))}


def _collection(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    predicted = y_pred.argmax(axis=1)
    probabilities = softmax(y_pred, axis=1) if case.from_logits else y_pred
    loss = metrics.log_loss(y_true, probabilities, labels=np.arange(case.classes))
    answer = {"accuracy": metrics.accuracy_score(y_true, predicted), "cross_entropy": loss}
    return answer | _top_k(case, y_true, y_pred) | _confusion(case, y_true, predicted)


def _regression(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    return {
        "mse": metrics.mean_squared_error(y_true, y_pred),
        "mae": metrics.mean_absolute_error(y_true, y_pred),
        "rmse": metrics.root_mean_squared_error(y_true, y_pred),
    }


def _auc_exact(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    return {"auc": metrics.roc_auc_score(y_true, y_pred)}


def _binary_counts(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    predicted = y_pred > 0.5
    return {
        "accuracy": metrics.accuracy_score(y_true, predicted),
        "precision": metrics.precision_score(y_true, predicted),
        "recall": metrics.recall_score(y_true, predicted),
    }


def _f1(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    labels = np.arange(case.classes)
    return {"f1": metrics.f1_score(y_true, y_pred, labels=labels, average=None, zero_division=0)}


def _confusion_of_rows(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    return _confusion(case, y_true, y_pred.argmax(axis=1))


_JOBS = {
    "confusion_10": _confusion,
    "confusion_1000": _confusion,
    "confusion_weighted": _confusion,
    "confusion_maps": _confusion,
    "accuracy": _accuracy,
    "top_5": _top_k,
    "top_5_wide": _top_k,
    "top_5_wide_half": _top_k,
    "auc_exact": _auc_exact,
    "binary_counts": _binary_counts,
    "regression": _regression,
    "collection": _collection,
    "collection_logits": _collection,
    "update_32": _accuracy,
    "update_32_collection": _collection,
    **jobs({"ClassificationReport": _f1, "ConfusionMatrix": _confusion_of_rows}),
}
TOOLS = [Tool("scikit-learn", "library", computing(_JOBS))]
