"""scikit-learn's functions; it has no accumulators, so an update of a batch is one call."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax
from sklearn import metrics

from benchmarks.cases import Case
from benchmarks.tools import Answer, Tool, computing


def _confusion(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    return {"confusion_matrix": metrics.confusion_matrix(y_true, y_pred, labels=np.arange(case.classes))}


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
    }


_JOBS = {
    "confusion_10": _confusion,
    "confusion_1000": _confusion,
    "top_5": _top_k,
    "collection": _collection,
    "collection_logits": _collection,
    "accuracy": _accuracy,
    "regression": _regression,
    "update_32": _accuracy,
    "update_32_collection": _collection,
}
TOOLS = [Tool("scikit-learn", "library", computing(_JOBS))]
