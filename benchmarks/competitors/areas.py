"""What competitors by hand share once they have counted: small arrays to answers."""

from __future__ import annotations

import numpy as np

from benchmarks.tools import Answer

INTERVALS = 199  # between 200 even thresholds


def area_of_bins(bins: np.ndarray) -> Answer:
    """Return the AUC by trapezoids from counts [negatives and positives, bins of rising scores]."""
    negatives, positives = (np.concatenate([[0], np.cumsum(counts[::-1])]) for counts in np.asarray(bins))
    area = np.trapezoid(positives / positives[-1], negatives / negatives[-1])
    return {"auc": float(area)}


def of_binary_counts(hits: float, false_alarms: float, positives: float, rows: int) -> Answer:
    """Return accuracy, precision and recall."""
    wrong = false_alarms + positives - hits
    return {
        "accuracy": 1 - wrong / rows,
        "precision": hits / (hits + false_alarms),
        "recall": hits / positives,
    }


def of_errors(squares: float, distances: float, rows: int) -> Answer:
    """Return the means of squared and absolute errors, and the root of the first."""
    return {"mse": squares / rows, "mae": distances / rows, "rmse": (squares / rows) ** 0.5}
