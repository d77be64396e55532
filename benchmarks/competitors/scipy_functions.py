"""SciPy: sparse matrices of pairs, the rank sum of the positive scores, correlations, distances of samples."""

from __future__ import annotations

import numpy as np
from scipy import sparse, stats

from benchmarks.cases import Case
from benchmarks.own_cases import jobs
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


def _pairs_that_occur(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    ones = np.broadcast_to(np.int64(1), len(y_true))
    pairs = sparse.coo_array((ones, (y_true, y_pred)), shape=(case.classes, case.classes)).tocsr().tocoo()
    return {"cells": np.stack([*pairs.coords, pairs.data])}


def _pearson(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    return {"correlation": stats.pearsonr(y_true, y_pred).statistic}


def _distance(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    return {"distance": stats.wasserstein_distance(y_true, y_pred)}


def _shift(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    return {
        "wasserstein": stats.wasserstein_distance(y_true, y_pred),
        "energy_distance": stats.energy_distance(y_true, y_pred),
        "kolmogorov_smirnov": stats.ks_2samp(y_true, y_pred, method="asymp").statistic,
    }


_OWN = {
    "SparseConfusionMatrix": _pairs_that_occur,
    "StreamPearsonCorrelation": _pearson,
    "Wasserstein1D": _distance,
    "DistributionShift": _shift,
}
_JOBS = {
    "confusion_10": _confusion,
    "confusion_1000": _confusion,
    "confusion_weighted": _confusion,
    "confusion_maps": _confusion,
    "auc_exact": _auc_exact,
    **jobs(_OWN),
}
TOOLS = [Tool("scipy", "by hand", computing(_JOBS))]
