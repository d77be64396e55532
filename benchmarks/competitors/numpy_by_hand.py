"""NumPy as a careful user writes it: in blocks that stay in the cache."""

from __future__ import annotations

import numpy as np

from benchmarks.cases import Case
from benchmarks.competitors.areas import INTERVALS, area_of_bins, of_binary_counts, of_errors
from benchmarks.data import row_blocks
from benchmarks.own_cases import jobs
from benchmarks.tools import Answer, Tool, computing

_BLOCK_VALUES = 1 << 16
_EPSILON = 1e-7


def _blocks(array: np.ndarray, values: int = _BLOCK_VALUES):
    return row_blocks(len(array), max(1, values // max(1, array[:1].size)))


def _confusion(case: Case, y_true: np.ndarray, y_pred: np.ndarray, sample_weight: np.ndarray | None = None) -> Answer:
    """Count cells y_true * classes + y_pred; wide tables need long blocks to pay for their output."""
    cells = np.zeros(case.classes**2, np.int64 if sample_weight is None else np.float64)
    for part in _blocks(y_true, max(_BLOCK_VALUES, 8 * cells.size)):
        pairs = np.multiply(y_true[part], case.classes, dtype=np.intp)
        pairs += y_pred[part]
        weights = None if sample_weight is None else sample_weight[part]
        cells += np.bincount(pairs, weights, minlength=cells.size)
    return {"confusion_matrix": cells.reshape(case.classes, case.classes)}


def _count_above(y_true: np.ndarray, y_pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    true_scores = y_pred[np.arange(len(y_true)), y_true]
    return true_scores, np.count_nonzero(y_pred > true_scores[:, None], axis=1)


def _top_5(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    hits = 0
    for part in _blocks(y_pred):
        hits += np.count_nonzero(_count_above(y_true[part], y_pred[part])[1] < 5)
    return {"top_5": hits / len(y_true)}


def _top_5_half(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    """Compare the bits of float16 as integers that are ordered as the scores are."""
    hits = 0
    for part in _blocks(y_pred):
        bits = y_pred[part].view(np.int16)
        hits += np.count_nonzero(_count_above(y_true[part], bits ^ ((bits >> 15) & np.int16(0x7FFF)))[1] < 5)
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
    return of_errors(squares, distances, len(y_true))


def _auc_200(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    bins = np.zeros(2 * INTERVALS, np.int64)
    for part in _blocks(y_true):
        cells = (y_pred[part] * np.float32(INTERVALS)).astype(np.intp)
        cells += y_true[part].astype(np.intp) * INTERVALS
        bins += np.bincount(cells, minlength=len(bins))
    return area_of_bins(bins.reshape(2, INTERVALS))


def _auc_exact(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    """Sort the bits of the positive scores with the label below them; ties count half."""
    keys = y_pred.view(np.uint32) << np.uint32(1)
    keys |= y_true.astype(np.uint32)
    keys.sort()
    last = np.flatnonzero(np.diff(keys >> 1, append=np.uint32(0)))
    positives = np.cumsum(keys & 1, dtype=np.int64)[last]
    negatives = last + 1 - positives
    area = np.trapezoid(negatives.astype(np.float64), positives.astype(np.float64))
    first = negatives[0] * positives[0] / 2
    return {"auc": (area + first) / (positives[-1] * negatives[-1])}


def _binary_counts(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    hits = false_alarms = positives = 0
    for part in _blocks(y_true):
        labels, predicted = y_true[part] > 0.5, y_pred[part] > 0.5
        both = np.count_nonzero(labels & predicted)
        hits += both
        false_alarms += np.count_nonzero(predicted) - both
        positives += np.count_nonzero(labels)
    return of_binary_counts(hits, false_alarms, positives, len(y_true))


def _confusion_of_rows(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    return _confusion(case, y_true, y_pred.argmax(axis=1))


def _f1(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    support, predicted, hits = (
        np.bincount(labels, minlength=case.classes) for labels in (y_true, y_pred, y_true[y_true == y_pred])
    )
    counted = support + predicted
    return {"f1": np.divide(2 * hits, counted, out=np.zeros(case.classes), where=counted > 0)}


def _pairs_that_occur(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    keys, counts = np.unique(y_true * case.classes + y_pred, return_counts=True)
    return {"cells": np.stack([*np.divmod(keys, case.classes), counts])}


def _top_k_curve(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    counts = np.zeros(case.classes, np.int64)
    for part in _blocks(y_pred):
        counts += np.bincount(_count_above(y_true[part], y_pred[part])[1], minlength=case.classes)
    return {"curve": np.cumsum(counts)[:5] / len(y_true)}


def _mean_error(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    bins = np.arange(case.classes, dtype=np.float32)
    return {"error": np.abs((y_true - y_pred) @ bins).mean(dtype=np.float64)}


def _relative_error(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    total = 0.0
    for part in _blocks(y_pred):
        total += (np.abs(y_true[part] - y_pred[part]) / case.arguments["normalizer"]).sum()
    return {"error": total / y_pred.size}


def _mean_tensor(case: Case, y_true: np.ndarray) -> Answer:
    total, count = np.zeros(y_true.shape), np.zeros(y_true.shape, np.int64)
    total += y_true
    count += 1
    return {"mean": total / count}


def _pearson(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    return {"correlation": np.corrcoef(y_true, y_pred)[0, 1]}


def _concordance(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    (one, both), (_, other) = np.cov(y_true, y_pred, bias=True)
    return {"correlation": 2 * both / (one + other + (y_true.mean() - y_pred.mean()) ** 2)}


_OWN = {
    "ClassificationReport": _f1,
    "ConfusionMatrix": _confusion_of_rows,
    "DistributionMeanError": _mean_error,
    "EarthMoversDistance": _row_emd,
    "MeanRelativeError": _relative_error,
    "MeanTensor": _mean_tensor,
    "SparseConfusionMatrix": _pairs_that_occur,
    "StreamConcordanceCorrelation": _concordance,
    "StreamPearsonCorrelation": _pearson,
    "TopKCurve": _top_k_curve,
}
_JOBS = {
    "confusion_10": _confusion,
    "confusion_1000": _confusion,
    "confusion_weighted": _confusion,
    "confusion_maps": _confusion,
    "accuracy": _accuracy,
    "top_5": _top_5,
    "top_5_wide": _top_5,
    "top_5_wide_half": _top_5_half,
    "auc_200": _auc_200,
    "auc_exact": _auc_exact,
    "binary_counts": _binary_counts,
    "regression": _regression,
    "collection": _collection,
    "collection_logits": _collection,
    "row_emd": _row_emd,
    "update_32": _accuracy,
    "update_32_collection": _collection,
    **jobs(_OWN),
}
TOOLS = [
    Tool("NumPy", "by hand", computing(_JOBS)),
    Tool("NumPy argpartition", "by hand", computing({"top_5": _top_5_argpartition, "top_5_wide": _top_5_argpartition})),
]
