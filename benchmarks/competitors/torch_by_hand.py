"""PyTorch operations, as one writes them without a metrics library, on all threads."""

from __future__ import annotations

import torch

from benchmarks.cases import Case
from benchmarks.competitors.areas import INTERVALS, area_of_bins, of_binary_counts, of_errors
from benchmarks.data import row_blocks
from benchmarks.tools import Answer, Tool, computing

_BLOCK_ROWS = 4096
_EPSILON = 1e-7


def _confusion(case: Case, y_true: torch.Tensor, y_pred: torch.Tensor, weights: torch.Tensor | None = None) -> Answer:
    weights = None if weights is None else weights.double()
    cells = torch.bincount(y_true.long() * case.classes + y_pred, weights, minlength=case.classes**2)
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
    return of_errors(float(difference.square().mean()), float(difference.abs().mean()), 1)


def _auc_200(case: Case, y_true: torch.Tensor, y_pred: torch.Tensor) -> Answer:
    cells = (y_pred * INTERVALS).int() + y_true.int() * INTERVALS
    return area_of_bins(torch.bincount(cells, minlength=2 * INTERVALS).reshape(2, INTERVALS).numpy())


def _auc_exact(case: Case, y_true: torch.Tensor, y_pred: torch.Tensor) -> Answer:
    """Sort the bits of the positive scores with the label below them; ties count half."""
    keys = ((y_pred.view(torch.int32).long() << 1) | y_true).int().sort().values
    last = torch.diff(keys >> 1, append=torch.tensor([-1], dtype=torch.int32)).nonzero()[:, 0]
    positives = (keys & 1).cumsum(0)[last].double()
    negatives = last + 1 - positives
    area = torch.trapezoid(negatives, positives) + negatives[0] * positives[0] / 2
    return {"auc": float(area / (positives[-1] * negatives[-1]))}


def _binary_counts(case: Case, y_true: torch.Tensor, y_pred: torch.Tensor) -> Answer:
    labels, predicted = y_true > 0.5, y_pred > 0.5
    hits = int((labels & predicted).sum())
    return of_binary_counts(hits, int(predicted.sum()) - hits, int(labels.sum()), len(y_true))


_JOBS = {
    "confusion_10": _confusion,
    "confusion_1000": _confusion,
    "confusion_weighted": _confusion,
    "confusion_maps": _confusion,
    "accuracy": _accuracy,
    "top_5": _top_5,
    "top_5_wide": _top_5,
    "top_5_wide_half": _top_5,
    "auc_200": _auc_200,
    "auc_exact": _auc_exact,
    "binary_counts": _binary_counts,
    "regression": _regression,
    "collection": _collection,
    "collection_logits": _collection,
    "row_emd": _row_emd,
    "update_32": _accuracy,
    "update_32_collection": _collection,
}
_TOPK = dict.fromkeys(("top_5", "top_5_wide", "top_5_wide_half"), _top_5_topk)
TOOLS = [
    Tool("torch", "by hand", computing(_JOBS, torch.from_numpy), True, torch.set_num_threads),
    Tool("torch topk", "by hand", computing(_TOPK, torch.from_numpy), True, torch.set_num_threads),
]
