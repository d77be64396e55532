"""torcheval; what it has no class for goes through its Mean."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torcheval import metrics

from benchmarks.cases import Case
from benchmarks.competitors.torch_by_hand import cross_entropy
from benchmarks.tools import Start, Tool, accumulating

_Feed = Callable[[torch.Tensor, torch.Tensor], object]


def _start(parts: dict[str, tuple[metrics.Metric, _Feed]]) -> tuple:
    """Update every metric by its own feed of (y_true, y_pred)."""
    feeds = [feed for _, feed in parts.values()]

    def update(y_true: torch.Tensor, y_pred: torch.Tensor) -> None:
        for feed in feeds:
            feed(y_true, y_pred)

    return update, lambda: {name: metric.compute() for name, (metric, _) in parts.items()}


def _standard(metric: metrics.Metric) -> tuple[metrics.Metric, _Feed]:
    return metric, lambda y_true, y_pred: metric.update(y_pred, y_true)


def _mean(values: _Feed) -> tuple[metrics.Metric, _Feed]:
    metric = metrics.Mean()
    return metric, lambda y_true, y_pred: metric.update(values(y_true, y_pred))


def _accuracy(case: Case, k: int = 1) -> tuple[metrics.Metric, _Feed]:
    return _standard(metrics.MulticlassAccuracy(k=k))


def _confusion(case: Case) -> tuple:
    return _start({"confusion_matrix": _standard(metrics.MulticlassConfusionMatrix(case.classes))})


def _collection(case: Case) -> tuple:
    parts = {f"top_{k}": _accuracy(case, k) for k in case.top_k}
    parts["accuracy"] = _accuracy(case)
    parts["cross_entropy"] = _mean(lambda y_true, y_pred: cross_entropy(case, y_true, y_pred) / len(y_true))
    parts["confusion_matrix"] = _standard(metrics.MulticlassConfusionMatrix(case.classes))
    return _start(parts)


def _regression(case: Case) -> tuple:
    mae = _mean(lambda y_true, y_pred: (y_true - y_pred).abs().mean())
    return _start({"mse": _standard(metrics.MeanSquaredError()), "mae": mae})


_STARTS: dict[str, Start] = {
    "confusion_10": _confusion,
    "confusion_1000": _confusion,
    "top_5": lambda case: _start({"top_5": _accuracy(case, 5)}),
    "collection": _collection,
    "collection_logits": _collection,
    "accuracy": lambda case: _start({"accuracy": _accuracy(case)}),
    "regression": _regression,
    "update_32": lambda case: _start({"accuracy": _accuracy(case)}),
    "update_32_collection": _collection,
}
TOOLS = [Tool("torcheval", "library", accumulating(_STARTS, torch.from_numpy), True, torch.set_num_threads)]
