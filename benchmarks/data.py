"""The arrays of the cases, from fixed seeds: int64 labels and float32 scores unless said, all C-contiguous."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from benchmarks.cases import Case

Arrays = dict[str, np.ndarray]
_BLOCK_VALUES = 1 << 20
_SHARE_CORRECT = 0.8
# So many scores of rows are drawn, far more than caches hold; larger arrays repeat them.
_DRAWN_VALUES = 24 * _BLOCK_VALUES


def row_blocks(rows: int, block_rows: int) -> Iterator[slice]:
    """Cut `rows` rows into slices of at most `block_rows`."""
    for start in range(0, rows, block_rows):
        yield slice(start, min(start + block_rows, rows))


def _pairs(rows: int, draw: Callable[[int], np.ndarray], generator: np.random.Generator) -> Arrays:
    """Label pairs of which about 80 % agree."""
    y_true, y_pred = np.empty(rows, np.int64), np.empty(rows, np.int64)
    for part in row_blocks(rows, _BLOCK_VALUES):
        size = part.stop - part.start
        y_true[part] = draw(size)
        y_pred[part] = np.where(generator.random(size) < _SHARE_CORRECT, y_true[part], draw(size))
    return {"y_true": y_true, "y_pred": y_pred}


def uniform_pairs(case: Case) -> Arrays:
    """Pairs whose labels are equally frequent."""
    generator = np.random.default_rng(10)
    return _pairs(case.rows, lambda size: generator.integers(0, case.classes, size), generator)


def zipf_pairs(case: Case) -> Arrays:
    """Pairs whose label i is about 1 / (i + 1) as frequent as label 0."""
    generator = np.random.default_rng(11)

    def draw(size: int) -> np.ndarray:
        return np.power(case.classes + 1.0, generator.random(size)).astype(np.int64).clip(1, case.classes) - 1

    return _pairs(case.rows, draw, generator)


def weighted_pairs(case: Case) -> Arrays:
    """Pairs whose labels are equally frequent, and a float32 weight for each."""
    generator = np.random.default_rng(17)
    return uniform_pairs(case) | {"sample_weight": generator.random(case.rows, dtype=np.float32)}


def segmentation_maps(case: Case) -> Arrays:
    """Pixels of uint8 in runs of equal labels, about 60 long, and predictions that go wrong in runs too."""
    generator = np.random.default_rng(18)

    def runs(length: int) -> np.ndarray:
        lengths = generator.geometric(1 / length, 2 * case.rows // length + 100)
        return np.repeat(generator.integers(0, case.classes, len(lengths), np.uint8), lengths)[: case.rows]

    y_true, other = runs(60), runs(25)
    wrong = np.repeat(generator.random(case.rows // 30 + 1) > _SHARE_CORRECT, 30)[: case.rows]
    return {"y_true": y_true, "y_pred": np.where(wrong, other, y_true)}


def _repeated(arrays: Arrays, rows: int) -> Arrays:
    """Return that many rows, from the first on again and again."""
    return {name: np.resize(array, (rows, *array.shape[1:])) for name, array in arrays.items()}


def _scores(case: Case, finish: Callable[[np.ndarray], None], dtype: type[np.floating] = np.float32) -> Arrays:
    """Rows of normal scores in which the true class is raised; no score equals that of the true class.

    Tools break ties differently, and a benchmark of equal answers must not hang on that.
    """
    generator = np.random.default_rng(12)
    rows = min(case.rows, max(1, _DRAWN_VALUES // case.classes))
    y_true = generator.integers(0, case.classes, rows)
    y_pred = np.empty((rows, case.classes), dtype)
    for part in row_blocks(rows, max(1, _BLOCK_VALUES // case.classes)):
        block, labels = y_pred[part], y_true[part]
        drawn = generator.standard_normal(block.shape, dtype=np.float32)
        places = np.arange(len(block)), labels
        drawn[places] += np.float32(np.sqrt(2 * np.log(case.classes)))
        finish(drawn)
        block[:] = drawn
        while (tied := (block == block[places][:, None]).sum(axis=1) > 1).any():
            raised = np.flatnonzero(tied), labels[tied]
            block[raised] = np.nextafter(block[raised], dtype(np.inf))
    return _repeated({"y_true": y_true, "y_pred": y_pred}, case.rows)


def logits(case: Case) -> Arrays:
    """Scores before the softmax."""
    return _scores(case, lambda block: None)


def half_logits(case: Case) -> Arrays:
    """Scores before the softmax, as float16."""
    return _scores(case, lambda block: None, np.float16)


def _softmax(block: np.ndarray) -> None:
    np.exp(block, out=block)
    block /= block.sum(axis=1, keepdims=True)


def probabilities(case: Case) -> Arrays:
    """Scores after the softmax."""
    return _scores(case, _softmax)


def histogram_rows(case: Case) -> Arrays:
    """Two sets of rows that are non-negative and sum to one."""
    generator = np.random.default_rng(13)
    arrays = {name: np.empty((case.rows, case.classes), np.float32) for name in ("y_true", "y_pred")}
    for part in row_blocks(case.rows, max(1, _BLOCK_VALUES // case.classes)):
        for array in arrays.values():
            block = array[part]
            generator.random(out=block, dtype=np.float32)
            np.power(block, 8, out=block)
            block /= block.sum(axis=1, keepdims=True)
    return arrays


def regression(case: Case) -> Arrays:
    """Targets, and predictions with a unit error."""
    generator = np.random.default_rng(14)
    y_true, y_pred = np.empty(case.rows, np.float32), np.empty(case.rows, np.float32)
    for part in row_blocks(case.rows, _BLOCK_VALUES):
        generator.standard_normal(out=y_true[part], dtype=np.float32)
        generator.standard_normal(out=y_pred[part], dtype=np.float32)
        y_pred[part] += y_true[part]
    return {"y_true": y_true, "y_pred": y_pred}


def regression_rows(case: Case) -> Arrays:
    """Rows of positive targets, and predictions near them."""
    generator = np.random.default_rng(15)
    y_true = generator.uniform(0.5, 2, (case.rows, case.classes)).astype(np.float32)
    return {"y_true": y_true, "y_pred": y_true * generator.uniform(0.5, 1.5, y_true.shape).astype(np.float32)}


def one_hot_rows(case: Case) -> Arrays:
    """One-hot rows of float32, as Keras users have them, and probabilities."""
    arrays = probabilities(case)
    return {"y_true": np.eye(case.classes, dtype=np.float32)[arrays["y_true"]], "y_pred": arrays["y_pred"]}


def _binary(rows: int, dtype: type[np.number]) -> Arrays:
    """Labels 0 and 1, and scores between them that lie on none of 200 even thresholds."""
    generator = np.random.default_rng(16)
    y_true, y_pred = np.empty(rows, dtype), np.empty(rows, np.float32)
    for part in row_blocks(rows, _BLOCK_VALUES):
        labels = generator.integers(0, 2, part.stop - part.start)
        # The median of three uniform numbers, lower or higher by the label.
        scores = np.sort(generator.random((3, len(labels)), dtype=np.float32), axis=0)[1]
        scores = (scores * 0.75 + 0.25 * labels).astype(np.float32).clip(1e-6, 1 - 1e-6)
        near = np.abs(scores * 199 - np.round(scores * 199)) < 1e-4
        y_true[part], y_pred[part] = labels, np.where(near, scores + np.float32(2e-6), scores)
    return {"y_true": y_true, "y_pred": y_pred}


def binary_labels(case: Case) -> Arrays:
    """Labels of float32, as Keras users have them, and scores."""
    return _binary(case.rows, np.float32)


def binary_integers(case: Case) -> Arrays:
    """Labels of int64 and scores."""
    return _binary(case.rows, np.int64)


def binary_scores(case: Case) -> Arrays:
    """Labels 0 and 1 of shape [rows, 1], and scores between them that lie on no threshold."""
    return {name: array[:, None] for name, array in _binary(case.rows, np.float32).items()}
