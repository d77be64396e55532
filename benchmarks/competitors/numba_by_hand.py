"""numba as a careful user writes it: compiled loops on one thread."""

from __future__ import annotations

import numpy as np

from benchmarks.cases import Case
from benchmarks.competitors import numba_loops
from benchmarks.tools import Answer, Tool, computing


def _confusion(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    cells = np.zeros((case.classes, case.classes), np.int64)
    if not numba_loops.count_cells(cells, y_true, y_pred):
        raise ValueError("label out of range")
    return {"confusion_matrix": cells}


def _top_5(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    return {"top_5": numba_loops.count_top_k(y_true, y_pred, 5) / len(y_true)}


def _accuracy(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    return {"accuracy": numba_loops.count_correct(y_true, y_pred) / len(y_true)}


def _collection(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    cells = np.zeros((case.classes, case.classes), np.int64)
    ranks = np.zeros(case.classes, np.int64)
    cross_entropy = numba_loops.collect(cells, ranks, y_true, y_pred, case.from_logits)
    rows = len(y_true)
    answer: Answer = {f"top_{k}": ranks[:k].sum() / rows for k in case.top_k}
    return answer | {
        "accuracy": np.trace(cells) / rows,
        "cross_entropy": cross_entropy / rows,
        "confusion_matrix": cells,
    }


def _row_emd(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    return {"row_emd": numba_loops.sum_row_emd(y_true, y_pred) / len(y_true)}


def _regression(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    squares, distances = numba_loops.sum_errors(y_true, y_pred)
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
TOOLS = [Tool("numba", "by hand", computing(_JOBS))]
