"""numba as a careful user writes it: compiled loops of one pass, on one thread and on pieces of the rows in several."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from benchmarks.cases import Case
from benchmarks.competitors import numba_loops as loops
from benchmarks.competitors.areas import INTERVALS, area_of_bins, of_binary_counts, of_errors
from benchmarks.tools import Answer, Tool, computing

# What a loop counts in some rows, a tuple whose entries add up; and the answer that such sums have for all rows.
_Count = Callable[..., tuple]
_Finish = Callable[..., Answer]


def _collect(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> tuple:
    return loops.collect(case.classes, y_true, y_pred, case.from_logits)


def _finish_collection(case: Case, rows: int, cells: np.ndarray, ranks: np.ndarray, cross_entropy: float) -> Answer:
    answer: Answer = {f"top_{k}": ranks[:k].sum() / rows for k in case.top_k}
    return answer | {
        "accuracy": np.trace(cells) / rows,
        "cross_entropy": cross_entropy / rows,
        "confusion_matrix": cells,
    }


def _matrix(case: Case, rows: int, cells: np.ndarray) -> Answer:
    return {"confusion_matrix": cells}


def _mean_as(name: str) -> _Finish:
    return lambda case, rows, total: {name: total / rows}


def _confusion(case: Case, *arrays: np.ndarray) -> tuple:
    return ((loops.add_weights if len(arrays) == 3 else loops.count_cells)(case.classes, *arrays),)


_CONFUSION = (_confusion, _matrix)
_TOP_5 = (lambda case, y_true, y_pred: (loops.count_top_k(y_true, y_pred, 5),), _mean_as("top_5"))
_ACCURACY = (lambda case, y_true, y_pred: (loops.count_correct(y_true, y_pred),), _mean_as("accuracy"))
_COLLECTION = (_collect, _finish_collection)

_PARTS: dict[str, tuple[_Count, _Finish]] = {
    "confusion_10": _CONFUSION,
    "confusion_1000": _CONFUSION,
    "confusion_weighted": _CONFUSION,
    "confusion_maps": _CONFUSION,
    "accuracy": _ACCURACY,
    "top_5": _TOP_5,
    "top_5_wide": _TOP_5,
    "top_5_wide_half": (
        lambda case, y_true, y_pred: (loops.count_top_k_half(y_true, y_pred.view(np.int16), 5),),
        _mean_as("top_5"),
    ),
    "auc_200": (
        lambda case, y_true, y_pred: (loops.count_bins(y_true, y_pred, INTERVALS),),
        lambda case, rows, bins: area_of_bins(bins),
    ),
    "binary_counts": (
        lambda case, y_true, y_pred: loops.count_binary(y_true, y_pred),
        lambda case, rows, *counts: of_binary_counts(*counts, rows),
    ),
    "regression": (
        lambda case, y_true, y_pred: loops.sum_errors(y_true, y_pred),
        lambda case, rows, *sums: of_errors(*sums, rows),
    ),
    "collection": _COLLECTION,
    "collection_logits": _COLLECTION,
    "row_emd": (lambda case, y_true, y_pred: (loops.sum_row_emd(y_true, y_pred),), _mean_as("row_emd")),
}


class _Pieces:
    """Runs a loop on a piece of the rows for each thread, and adds up."""

    def __init__(self) -> None:
        self.threads = 1
        self.pool = ThreadPoolExecutor()

    def set_threads(self, threads: int) -> None:
        """Cut into that many pieces from now on."""
        self.threads = threads

    def run(self, count: _Count, finish: _Finish, case: Case, *arrays: np.ndarray) -> Answer:
        """Count and answer."""
        rows = len(arrays[0])
        if self.threads == 1:
            return finish(case, rows, *count(case, *arrays))
        pieces: Any = zip(*(np.array_split(array, self.threads) for array in arrays), strict=True)
        counted = self.pool.map(lambda piece: count(case, *piece), pieces)
        return finish(case, rows, *(sum(entries) for entries in zip(*counted, strict=True)))


def _auc_exact(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    keys = loops.pack_scores(y_true, y_pred)
    keys.sort()
    return {"auc": loops.area_of_sorted(keys)}


_PIECES = _Pieces()
_PIECEWISE = {name: partial(_PIECES.run, *parts) for name, parts in _PARTS.items()}
_WHOLE = {
    "auc_exact": _auc_exact,
    "update_32": partial(_Pieces().run, *_ACCURACY),
    "update_32_collection": partial(_Pieces().run, *_COLLECTION),
}
TOOLS = [
    Tool("numba", "by hand", computing(_PIECEWISE), True, _PIECES.set_threads),
    Tool("numba", "by hand", computing(_WHOLE)),
]
