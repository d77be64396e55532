"""Slow twins of what is counted of label pairs without a dense matrix."""

from collections import defaultdict
from fractions import Fraction

import numpy as np
from reference import LabelPairs, ratio, to_float


class Report:
    """Precision, recall, F1 and support, from the exact cells of a confusion matrix."""

    def __init__(self, num_classes, ignored=(), **rows):
        self.classes, self.ignored = num_classes, ignored
        self.pairs = LabelPairs(num_classes, **rows)

    def update_state(self, y_true, y_pred, sample_weight=None):
        kept = ~np.isin(y_true, self.ignored) if self.ignored else slice(None)
        weight = None if sample_weight is None else np.asarray(sample_weight)[kept]
        self.pairs.update_state(np.asarray(y_true)[kept], np.asarray(y_pred)[kept], sample_weight=weight)
        if sample_weight is not None and len(y_true):
            self.pairs.weighted |= np.asarray(sample_weight).dtype.kind == "f"

    def sums(self, place):
        sums = defaultdict(Fraction)
        for cell, weight in self.pairs.cells.items():
            sums[place(cell)] += weight
        return [sums[label] for label in range(self.classes)]

    def result(self):
        true, predicted = self.sums(lambda cell: cell[0]), self.sums(lambda cell: cell[1])
        hits = self.sums(lambda cell: cell[0] if cell[0] == cell[1] else -1)
        totals = [one + other for one, other in zip(true, predicted, strict=True)]
        shares = {"precision": predicted, "recall": true, "f1": [total / 2 for total in totals]}
        result = {
            name: np.array([ratio(hit, part) for hit, part in zip(hits, parts, strict=True)])
            for name, parts in shares.items()
        }
        dtype = np.float64 if self.pairs.weighted else np.int64
        return {**result, "support": np.array([to_float(weight) for weight in true]).astype(dtype)}


class Cells(Report):
    """The cells that are not empty."""

    def result(self):
        cells = sorted((cell, weight) for cell, weight in self.pairs.cells.items() if weight)
        places = np.array([cell for cell, _ in cells], np.int64).reshape(-1, 2)
        dtype = np.float64 if self.pairs.weighted else np.int64
        counts = np.array([to_float(weight) for _, weight in cells]).astype(dtype)
        return {"rows": places[:, 0], "columns": places[:, 1], "counts": counts}
