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


def _integers(started: tuple) -> tuple:
    """Widen labels of uint8, which torcheval uses as indices."""
    update, answer = started
    return lambda y_true, y_pred: update(y_true.long(), y_pred.long()), answer


def _collection(case: Case) -> tuple:
    parts = {f"top_{k}": _accuracy(case, k) for k in case.top_k}
    parts["accuracy"] = _accuracy(case)
    parts["cross_entropy"] = _mean(lambda y_true, y_pred: cross_entropy(case, y_true, y_pred) / len(y_true))
    parts["confusion_matrix"] = _standard(metrics.MulticlassConfusionMatrix(case.classes))
    return _start(parts)


class _RootMeanSquaredError(metrics.MeanSquaredError):
    def compute(self) -> torch.Tensor:
        """Return the root, which torcheval leaves to the caller."""
        return super().compute().sqrt()


def _regression(case: Case) -> tuple:
    mae = _mean(lambda y_true, y_pred: (y_true - y_pred).abs().mean())
    return _start(
        {"mse": _standard(metrics.MeanSquaredError()), "mae": mae, "rmse": _standard(_RootMeanSquaredError())}
    )


def _auc_200(case: Case) -> tuple:
    """Return the first of compute's results; the other one is the thresholds."""
    metric = metrics.BinaryBinnedAUROC(threshold=torch.linspace(0, 1, 200))
    update, _ = _start({"auc": _standard(metric)})
    return update, lambda: {"auc": metric.compute()[0].reshape(())}


def _binary_counts(case: Case) -> tuple:
    parts = {"accuracy": metrics.BinaryAccuracy()}
    parts |= {"precision": metrics.BinaryPrecision(), "recall": metrics.BinaryRecall()}
    update, answer = _start({name: _standard(metric) for name, metric in parts.items()})
    return lambda y_true, y_pred: update(y_true.long(), y_pred), answer


_STARTS: dict[str, Start] = {
    "confusion_10": _confusion,
    "confusion_1000": _confusion,
    "confusion_maps": lambda case: _integers(_confusion(case)),
    "accuracy": lambda case: _start({"accuracy": _accuracy(case)}),
    "top_5": lambda case: _start({"top_5": _accuracy(case, 5)}),
    "top_5_wide": lambda case: _start({"top_5": _accuracy(case, 5)}),
    "top_5_wide_half": lambda case: _start({"top_5": _accuracy(case, 5)}),
    "auc_200": _auc_200,
    "auc_exact": lambda case: _start({"auc": _standard(metrics.BinaryAUROC())}),
    "binary_counts": _binary_counts,
    "regression": _regression,
    "collection": _collection,
    "collection_logits": _collection,
    "update_32": lambda case: _start({"accuracy": _accuracy(case)}),
    "update_32_collection": _collection,
}
TOOLS = [Tool("torcheval", "library", accumulating(_STARTS, torch.from_numpy), True, torch.set_num_threads)]
