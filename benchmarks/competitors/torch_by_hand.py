"""PyTorch operations, as one writes them without a metrics library, on all threads."""

from __future__ import annotations

import torch

from benchmarks.cases import Case
from benchmarks.data import row_blocks
from benchmarks.tools import Answer, Tool, computing

_BLOCK_ROWS = 4096
_EPSILON = 1e-7


def _confusion(case: Case, y_true: torch.Tensor, y_pred: torch.Tensor) -> Answer:
    cells = torch.bincount(y_true * case.classes + y_pred, minlength=case.classes**2)
    return {"confusion_matrix": cells.reshape(case.classes, case.classes).numpy()}


def _count_above(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    return (y_pred > y_pred.gather(1, y_true[:, None])).sum(dim=1)


def _top_5(case: Case, y_true: torch.Tensor, y_pred: torch.Tensor) -> Answer:
    hits = 0
    for part in row_blocks(len(y_true), _BLOCK_ROWS):
        hits += int((_count_above(y_true[part], y_pred[part]) < 5).sum())
    return {"top_5": hits / len(y_true)}


def _top_5_topk(case: Case, y_true: torch.Tensor, y_pred: torch.Tensor) -> Answer:
    best = y_pred.topk(5, dim=1, sorted=False).indices
    return {"top_5": int((best == y_true[:, None]).sum()) / len(y_true)}


def _accuracy(case: Case, y_true: torch.Tensor, y_pred: torch.Tensor) -> Answer:
    return {"accuracy": int((y_pred.argmax(dim=1) == y_true).sum()) / len(y_true)}


def cross_entropy(case: Case, y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Return the summed cross-entropy."""
    if case.from_logits:
        return torch.nn.functional.cross_entropy(y_pred, y_true, reduction="sum")
    true_scores = y_pred.gather(1, y_true[:, None])[:, 0] / y_pred.sum(dim=1)
    return -true_scores.clamp(_EPSILON, 1 - _EPSILON).log().sum()


def _collection(case: Case, y_true: torch.Tensor, y_pred: torch.Tensor) -> Answer:
    rows = len(y_true)
    predicted, ranks = torch.empty_like(y_true), torch.empty_like(y_true)
    loss = 0.0
    for part in row_blocks(rows, _BLOCK_ROWS):
        predicted[part] = y_pred[part].argmax(dim=1)
        ranks[part] = _count_above(y_true[part], y_pred[part])
        loss += float(cross_entropy(case, y_true[part], y_pred[part]))
    answer: Answer = {f"top_{k}": int((ranks < k).sum()) / rows for k in case.top_k}
    answer |= {"accuracy": int((predicted == y_true).sum()) / rows, "cross_entropy": loss / rows}
    return answer | _confusion(case, y_true, predicted)


def row_emd(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    """Return the distance of each row."""
    return (y_true - y_pred).cumsum(dim=1).square().mean(dim=1).sqrt()


def _row_emd(case: Case, y_true: torch.Tensor, y_pred: torch.Tensor) -> Answer:
    total = 0.0
    for part in row_blocks(len(y_true), _BLOCK_ROWS):
        total += float(row_emd(y_true[part], y_pred[part]).sum())
    return {"row_emd": total / len(y_true)}


def _regression(case: Case, y_true: torch.Tensor, y_pred: torch.Tensor) -> Answer:
    difference = y_true - y_pred
    return {"mse": float(difference.square().mean()), "mae": float(difference.abs().mean())}


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
    Tool("torch", "by hand", computing(_JOBS, torch.from_numpy), True, torch.set_num_threads),
    Tool("torch topk", "by hand", computing({"top_5": _top_5_topk}, torch.from_numpy), True, torch.set_num_threads),
]
