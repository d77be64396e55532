"""The cases: what is computed, on which arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from benchmarks import data


@dataclass(frozen=True)
class Case:
    """One measured question.

    `tolerance` is the relative difference allowed between means of two tools; counts must be equal. With
    `update_only` an accumulator is built beforehand and one update is timed, many times over. A case about one class of
    keras.metrics names it as `metric`, with the `arguments` of its constructor.
    """

    name: str
    title: str
    rows: int
    quick_rows: int
    classes: int
    make_arrays: Callable[[Case], dict[str, np.ndarray]]
    top_k: tuple[int, ...] = (5,)
    from_logits: bool = False
    update_only: bool = False
    tolerance: float = 1e-5
    metric: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def quick(self) -> Case:
        """Return the same case at smoke-test size."""
        return replace(self, rows=self.quick_rows)


_COLLECTION = "accuracy + top-5 + cross-entropy + confusion matrix"

_BINARY = "accuracy + precision + recall at 0.5"
_PAIRS = "confusion matrix, 50M pairs"
_TOP_5 = "top-5 accuracy"
_UPDATE = {"top_k": (3, 5), "update_only": True}

CASES = {
    case.name: case
    for case in (
        Case("confusion_10", f"{_PAIRS}, 10 classes", 50_000_000, 5_000, 10, data.uniform_pairs),
        Case("confusion_1000", f"{_PAIRS}, 1000 classes, zipf", 50_000_000, 5_000, 1000, data.zipf_pairs),
        Case("confusion_weighted", f"{_PAIRS}, 10 classes, weighted", 50_000_000, 5_000, 10, data.weighted_pairs),
        Case("confusion_maps", f"{_PAIRS}, 21 classes, uint8 maps", 50_000_000, 5_000, 21, data.segmentation_maps),
        Case("accuracy", "accuracy, 1M x 10", 1_000_000, 2_000, 10, data.probabilities),
        Case("top_5", f"{_TOP_5}, 200k x 1000", 200_000, 200, 1000, data.probabilities),
        Case("top_5_wide", f"{_TOP_5}, 5k x 50k", 5_000, 20, 50_000, data.logits),
        Case("top_5_wide_half", f"{_TOP_5}, 5k x 50k float16", 5_000, 20, 50_000, data.half_logits),
        Case("auc_200", "AUC, 200 thresholds, 10M", 10_000_000, 5_000, 2, data.binary_labels, tolerance=1e-4),
        Case("auc_exact", "AUC, exact, 10M", 10_000_000, 5_000, 2, data.binary_integers),
        Case("binary_counts", f"{_BINARY}, 50M", 50_000_000, 5_000, 2, data.binary_labels),
        Case("regression", "MAE + MSE + RMSE, 50M", 50_000_000, 5_000, 1, data.regression),
        Case("collection", f"{_COLLECTION}, 200k x 1000", 200_000, 200, 1000, data.probabilities),
        Case("collection_logits", f"{_COLLECTION}, from logits", 200_000, 200, 1000, data.logits, from_logits=True),
        Case("row_emd", "row EMD, r = 2, 1M x 100", 1_000_000, 1_000, 100, data.histogram_rows),
        Case("update_32", "one update, accuracy, 32 x 10", 32, 32, 10, data.probabilities, **_UPDATE),
        Case("update_32_collection", "one update, five metrics, 32 x 10", 32, 32, 10, data.probabilities, **_UPDATE),
    )
}
