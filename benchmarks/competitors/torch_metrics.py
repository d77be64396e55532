"""torchmetrics, with its argument checks off, which favours it."""

from __future__ import annotations

import torch
import torchmetrics
from torchmetrics import classification, regression

from benchmarks.cases import Case
from benchmarks.competitors.torch_by_hand import cross_entropy
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


_STARTS: dict[str, Start] = {
    "confusion_10": lambda case: _start({"confusion_matrix": _matrix(case)}),
    "confusion_1000": lambda case: _start({"confusion_matrix": _matrix(case)}),
    "top_5": lambda case: _start({"top_5": _top_k(case, 5)}),
    "collection": _collection,
    "collection_logits": _collection,
    "accuracy": lambda case: _start({"accuracy": _top_k(case, 1)}),
    "regression": lambda case: _start({"mse": regression.MeanSquaredError(), "mae": regression.MeanAbsoluteError()}),
    "update_32": lambda case: _start({"accuracy": _top_k(case, 1)}),
    "update_32_collection": _collection,
}
TOOLS = [Tool("torchmetrics", "library", accumulating(_STARTS, torch.from_numpy), True, torch.set_num_threads)]
