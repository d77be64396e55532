"""torchmetrics, with its argument checks off, which favours it."""

from __future__ import annotations

import torch
import torchmetrics
from torchmetrics import classification, regression

from benchmarks.cases import Case
from benchmarks.competitors.torch_by_hand import cross_entropy
from benchmarks.own_cases import jobs
from benchmarks.tools import Start, Tool, accumulating


class _CrossEntropy(torchmetrics.Metric):
    """The mean cross-entropy, which torchmetrics lacks as such, written on its base class."""

    full_state_update = False

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.case = case
        self.add_state("total", torch.tensor(0.0, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("rows", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, preds: torch.Tensor, target: torch.Tensor) -> None:
        """Add one batch."""
        self.total += cross_entropy(self.case, target, preds)
        self.rows += len(target)

    def compute(self) -> torch.Tensor:
        """Return the mean."""
        return self.total / self.rows


def _top_k(case: Case, k: int) -> torchmetrics.Metric:
    return classification.MulticlassAccuracy(case.classes, top_k=k, average="micro", validate_args=False)


def _matrix(case: Case) -> torchmetrics.Metric:
    return classification.MulticlassConfusionMatrix(case.classes, validate_args=False)


def _start(metrics: dict[str, torchmetrics.Metric]) -> tuple:
    """Feed one metric, or several as a MetricCollection."""
    (name, metric), *others = metrics.items()
    if others:
        collection = torchmetrics.MetricCollection(metrics)
        return lambda y_true, y_pred: collection.update(y_pred, y_true), lambda: collection.compute()
    return lambda y_true, y_pred: metric.update(y_pred, y_true), lambda: {name: metric.compute()}


def _collection(case: Case) -> tuple:
    metrics = {"accuracy": _top_k(case, 1), "cross_entropy": _CrossEntropy(case), "confusion_matrix": _matrix(case)}
    return _start(metrics | {f"top_{k}": _top_k(case, k) for k in case.top_k})


def _regression(case: Case) -> tuple:
    squares, roots = (regression.MeanSquaredError(squared=squared) for squared in (True, False))
    return _start({"mse": squares, "mae": regression.MeanAbsoluteError(), "rmse": roots})


def _auc_200(case: Case) -> tuple:
    return _start_binary({"auc": classification.BinaryAUROC(thresholds=200, validate_args=False)})


def _auc_exact(case: Case) -> tuple:
    return _start_binary({"auc": classification.BinaryAUROC(validate_args=False)})


def _binary_counts(case: Case) -> tuple:
    parts = {"accuracy": classification.BinaryAccuracy(validate_args=False)}
    parts |= {"precision": classification.BinaryPrecision(validate_args=False)}
    return _start_binary(parts | {"recall": classification.BinaryRecall(validate_args=False)})


def _start_binary(metrics: dict[str, torchmetrics.Metric]) -> tuple:
    """Feed integer labels, which these metrics want."""
    update, answer = _start(metrics)
    return lambda y_true, y_pred: update(y_true.int(), y_pred), answer


def _curve(case: Case) -> tuple:
    update, answer = _start({f"top_{k}": _top_k(case, k) for k in range(1, 6)})
    return update, lambda: {"curve": torch.stack([answer()[f"top_{k}"] for k in range(1, 6)])}


def _f1(case: Case) -> tuple:
    return _start({"f1": classification.MulticlassF1Score(case.classes, average=None, validate_args=False)})


_OWN: dict[str, Start] = {
    "ClassificationReport": _f1,
    "ConfusionMatrix": lambda case: _start({"confusion_matrix": _matrix(case)}),
    "StreamConcordanceCorrelation": lambda case: _start({"correlation": regression.ConcordanceCorrCoef()}),
    "StreamPearsonCorrelation": lambda case: _start({"correlation": regression.PearsonCorrCoef()}),
    "TopKCurve": _curve,
}
_STARTS: dict[str, Start] = {
    "confusion_10": lambda case: _start({"confusion_matrix": _matrix(case)}),
    "confusion_1000": lambda case: _start({"confusion_matrix": _matrix(case)}),
    "confusion_maps": lambda case: _start({"confusion_matrix": _matrix(case)}),
    "accuracy": lambda case: _start({"accuracy": _top_k(case, 1)}),
    "top_5": lambda case: _start({"top_5": _top_k(case, 5)}),
    "top_5_wide": lambda case: _start({"top_5": _top_k(case, 5)}),
    "top_5_wide_half": lambda case: _start({"top_5": _top_k(case, 5)}),
    "auc_200": _auc_200,
    "auc_exact": _auc_exact,
    "binary_counts": _binary_counts,
    "regression": _regression,
    "collection": _collection,
    "collection_logits": _collection,
    "update_32": lambda case: _start({"accuracy": _top_k(case, 1)}),
    "update_32_collection": _collection,
    **jobs(_OWN),
}
TOOLS = [Tool("torchmetrics", "library", accumulating(_STARTS, torch.from_numpy), True, torch.set_num_threads)]
