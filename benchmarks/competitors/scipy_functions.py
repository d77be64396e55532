"""SciPy: a sparse matrix of pairs, and the rank sum of the positive scores."""

from __future__ import annotations

import numpy as np
from scipy import sparse, stats

from benchmarks.cases import Case
from benchmarks.tools import Answer, Tool, computing


def _confusion(case: Case, y_true: np.ndarray, y_pred: np.ndarray, sample_weight: np.ndarray | None = None) -> Answer:
    counts = np.broadcast_to(np.int64(1), len(y_true)) if sample_weight is None else sample_weight.astype(np.float64)
    pairs = sparse.coo_array((counts, (y_true, y_pred)), shape=(case.classes, case.classes))
    return {"confusion_matrix": pairs.toarray()}


def _auc_exact(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    positive = y_true == 1
    positives = np.count_nonzero(positive)
    test = stats.mannwhitneyu(y_pred[positive], y_pred[~positive], method="asymptotic")
    return {"auc": test.statistic / (positives * (len(y_true) - positives))}


_JOBS = {
    "confusion_10": _confusion,
    "confusion_1000": _confusion,
    "confusion_weighted": _confusion,
    "confusion_maps": _confusion,
    "auc_exact": _auc_exact,
}
TOOLS = [Tool("scipy", "by hand", computing(_JOBS))]
