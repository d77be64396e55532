"""NumPy as a careful user writes it: in blocks that stay in the cache."""

from __future__ import annotations

import numpy as np

from benchmarks.cases import Case
from benchmarks.data import row_blocks
from benchmarks.tools import Answer, Tool, computing

_BLOCK_VALUES = 1 << 16
_EPSILON = 1e-7


def _blocks(array: np.ndarray, values: int = _BLOCK_VALUES):
    return row_blocks(len(array), max(1, values // max(1, array[:1].size)))


def _confusion(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    """Count cells y_true * classes + y_pred; wide tables need long blocks to pay for their output."""
    cells = np.zeros(case.classes**2, np.int64)
    for part in _blocks(y_true, max(_BLOCK_VALUES, 8 * cells.size)):
        cells += np.bincount(y_true[part] * case.classes + y_pred[part], minlength=cells.size)
    return {"confusion_matrix": cells.reshape(case.classes, case.classes)}


def _count_above(y_true: np.ndarray, y_pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    true_scores = y_pred[np.arange(len(y_true)), y_true]
    return true_scores, np.count_nonzero(y_pred > true_scores[:, None], axis=1)


def _top_5(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    hits = 0
    for part in _blocks(y_pred):
        hits += np.count_nonzero(_count_above(y_true[part], y_pred[part])[1] < 5)
    return {"top_5": hits / len(y_true)}


def _top_5_argpartition(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    hits = 0
    for part in _blocks(y_pred):
        best = np.argpartition(y_pred[part], -5, axis=1)[:, -5:]
        hits += np.count_nonzero(best == y_true[part, None])
    return {"top_5": hits / len(y_true)}


def _accuracy(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    return {"accuracy": np.count_nonzero(y_pred.argmax(axis=1) == y_true) / len(y_true)}


def _cross_entropy(case: Case, true_scores: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return the cross-entropy of each row."""
    if case.from_logits:
        largest = y_pred.max(axis=1)
        return np.log(np.exp(y_pred - largest[:, None]).sum(axis=1)) + largest - true_scores
    return -np.log(np.clip(true_scores / y_pred.sum(axis=1), _EPSILON, 1 - _EPSILON))


def _collection(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    predicted = np.empty(len(y_true), np.int64)
    ranks = np.empty(len(y_true), np.int64)
    cross_entropy = 0.0
    for part in _blocks(y_pred):
        scores = y_pred[part]
        predicted[part] = scores.argmax(axis=1)
        true_scores, ranks[part] = _count_above(y_true[part], scores)
        cross_entropy += _cross_entropy(case, true_scores, scores).sum(dtype=np.float64)
    answer: Answer = {f"top_{k}": np.count_nonzero(ranks < k) / len(y_true) for k in case.top_k}
    answer["accuracy"] = np.count_nonzero(predicted == y_true) / len(y_true)
    answer["cross_entropy"] = cross_entropy / len(y_true)
    return answer | _confusion(case, y_true, predicted)


def _row_emd(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    total = 0.0
    for part in _blocks(y_pred):
        difference = y_true[part] - y_pred[part]
        np.cumsum(difference, axis=1, out=difference)
        np.square(difference, out=difference)
        total += np.sqrt(difference.mean(axis=1)).sum(dtype=np.float64)
    return {"row_emd": total / len(y_true)}


def _regression(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    """Blocks of 8192: in the cache, and below the size from which OpenBLAS uses threads for a dot product."""
    squares = distances = 0.0
    for part in _blocks(y_true, 8192):
        difference = y_true[part] - y_pred[part]
        squares += float(np.dot(difference, difference))
        distances += float(np.abs(difference, out=difference).sum())
    return {"mse": squares / len(y_true), "mae": distances / len(y_true)}


_JOBS = {
    "confusion_10": _confusion,
    "confusion_1000": _confusion,
    "top_5": _top_5,
    "collection": _collection,
    "collection_logits": _collection,
    "accuracy": _accuracy,
    "row_emd": _row_emd,
    "regression": _regression,
    "update_32": _accuracy,
    "update_32_collection": _collection,
}
TOOLS = [
    Tool("NumPy", "by hand", computing(_JOBS)),
    Tool("NumPy argpartition", "by hand", computing({"top_5": _top_5_argpartition})),
]
