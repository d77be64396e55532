"""Makers of seeded random inputs for the cases: `draw(rng, rows, case)` gives the arrays of one batch."""

from dataclasses import replace

import numpy as np


def labels(rng, shape, case):
    return rng.integers(0, case.classes, size=shape).astype(case.label_dtype)


def probabilities(rng, shape, case):
    """Rows of sum 1; every other row on a coarse grid, so that ties abound."""
    scores = rng.gamma(0.7, size=(*shape, case.classes)) + 1e-6
    scores[::2] = np.ceil(scores[::2] * 2)
    return (scores / scores.sum(axis=-1, keepdims=True)).astype(case.score_dtype)


def logits(rng, shape, case):
    scores = rng.normal(scale=4, size=(*shape, case.classes))
    scores[::2] = np.round(scores[::2]) + 0.0  # no -0.0, which NumPy's argmax ranks below +0.0
    return scores.astype(case.score_dtype)


def one_hot(ids, case):
    return np.eye(case.classes, dtype=case.label_dtype)[ids]


def draw_label_pairs(sample_shape=()):
    def draw(rng, rows, case):
        pair = labels(rng, (rows, *sample_shape), case), labels(rng, (rows, *sample_shape), case)
        return pair[0], np.where(rng.random(pair[0].shape) < 0.5, *pair)

    return draw


def draw_binary(sample_shape=()):
    def draw(rng, rows, case):
        shape = (rows, *sample_shape)
        scores = np.round(rng.random(shape) * 16) / 16
        return rng.integers(0, 2, size=shape).astype(case.label_dtype), scores.astype(case.score_dtype)

    return draw


def draw_ids_and(scores, sample_shape=()):
    def draw(rng, rows, case):
        shape = (rows, *sample_shape)
        return labels(rng, shape, case), scores(rng, shape, case)

    return draw


def draw_one_hot_and(scores, sample_shape=()):
    def draw(rng, rows, case):
        shape = (rows, *sample_shape)
        return one_hot(rng.integers(0, case.classes, size=shape), case), scores(rng, shape, case)

    return draw


def draw_soft_and(scores, sample_shape=()):
    def draw(rng, rows, case):
        shape = (rows, *sample_shape)
        return probabilities(rng, shape, case), scores(rng, shape, case)

    return draw


def draw_class_axis_1(rng, rows, case):
    return labels(rng, (rows, 3), case), np.moveaxis(probabilities(rng, (rows, 3), case), -1, 1)


def draw_soft_class_axis_1(rng, rows, case):
    return tuple(np.moveaxis(probabilities(rng, (rows, 3), case), -1, 1) for _ in range(2))


def draw_labels_or_ignored(rng, rows, case):
    ids = labels(rng, rows, replace(case, label_dtype="int64"))
    ids[rng.random(rows) < 0.3] = -1
    return ids, probabilities(rng, (rows,), case)


def draw_sorted_ids(rng, rows, case):
    ids = rng.permuted(np.tile(np.arange(max(case.classes, 6)), (rows, 1)), axis=1)[:, :6]
    return labels(rng, rows, case), ids


def draw_values(sample_shape=()):
    def draw(rng, rows, case):
        values = rng.normal(size=(rows, *sample_shape)) * 10.0 ** rng.integers(-3, 4, size=(rows, *sample_shape))
        return (values.astype(case.score_dtype),)

    return draw


def draw_value_pairs(sample_shape=()):
    def draw(rng, rows, case):
        return draw_values(sample_shape)(rng, rows, case) + draw_values(sample_shape)(rng, rows, case)

    return draw


def absolute_difference(y_true, y_pred, scale=1.0):
    """A user's plain function: one value per element."""
    return scale * np.abs(np.subtract(y_true, y_pred, dtype=np.float64))
