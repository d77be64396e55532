"""Makers of seeded random inputs for segmentations, F-scores, R2 and correlations."""

import numpy as np
from draws import labels


def draw_unknown_labels(sample_shape=()):
    """Label pairs, half of them equal, some outside [0, classes)."""

    def draw(rng, rows, case):
        shape = (rows, *sample_shape)
        pair = [labels(rng, shape, case).astype(np.int64) for _ in range(2)]
        for side in pair:
            side[rng.random(shape) < 0.1] = case.classes + 3
            if case.label_dtype[0] == "i":
                side[rng.random(shape) < 0.1] = -1
        agree = rng.random(shape) < 0.5
        return pair[0].astype(case.label_dtype), np.where(agree, *pair).astype(case.label_dtype)

    return draw


def draw_multi_label(rng, rows, case):
    """Entries of 0 and 1, and scores on a coarse grid, where rows tie."""
    shape = (rows, case.classes)
    scores = np.round(rng.normal(size=shape) * 8) / 8 + 0.0
    return rng.integers(0, 2, shape).astype(case.label_dtype), scores.astype(case.score_dtype)


def draw_soft_labels(rng, rows, case):
    shape = (rows, 5)
    return rng.random(shape).astype(case.score_dtype), rng.random(shape).astype(case.score_dtype)


def draw_outputs(columns, offset=0.0):
    """Labels and predictions that follow them, [rows, columns]."""

    def draw(rng, rows, case):
        y_true = rng.normal(size=(rows, columns)) + offset
        y_pred = y_true + rng.normal(scale=0.5, size=y_true.shape)
        return y_true.astype(case.score_dtype), y_pred.astype(case.score_dtype)

    return draw
