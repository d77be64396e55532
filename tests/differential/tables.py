"""Cases of F-scores and intersections over unions: the counts are Keras's, the quotients exact.

Keras adds 1e-7 to every denominator and divides in float32, so that a perfect score falls short of 1.
"""

from functools import partial

import numpy as np

from differential.accuracies import Classes
from differential.case import Case, Update
from differential.drawing import FLOATS, INTEGERS, batch_sizes, bits, choose, unit_scores, weight_values


def quotient(numerator, denominator):
    """0 where the denominator is 0."""
    return np.divide(numerator, denominator, out=np.zeros(np.shape(numerator)), where=np.asarray(denominator) != 0)


def f_scores(average, beta, metric):
    true_positives = np.asarray(metric.true_positives)
    weighted = (1 + beta**2) * true_positives
    missed = beta**2 * np.asarray(metric.false_negatives) + np.asarray(metric.false_positives)
    scores = quotient(weighted, weighted + missed)
    if average == "weighted":
        support = np.asarray(metric.intermediate_weights)
        return quotient((scores * support).sum(), support.sum())
    return scores if average in (None, "micro") else scores.mean()


def round_threshold(dtype, metric):
    if metric.threshold is not None:
        metric.threshold = float(np.float64(metric.threshold) if dtype == "float64" else np.float32(metric.threshold))


def draw_f_score(has_beta, rng):
    options = {"average": (None, "micro", "macro", "weighted"), "threshold": (None, 0.5, 0.3, 1.0, 0.7)}
    if has_beta:
        options["beta"] = (0.5, 1.0, 2.0)
    arguments = {name: choose(rng, values) for name, values in options.items() if rng.random() < 0.8}
    width, dtype = choose(rng, (1, 2, 3, 5, 16, 17, 40)), choose(rng, FLOATS)
    is_soft, has_weights = rng.random() < 0.3, rng.random() < 0.5
    updates = []
    for rows in batch_sizes(rng):
        shape = rows, width
        labels = np.round(rng.random(shape) * 4) / 4 if is_soft else bits(rng, shape)
        scores = unit_scores(rng, shape, dtype)
        if rng.random() < 0.2:
            scores = (scores - 0.5).astype(dtype)
        scores = scores * (rng.random((rows, 1)) < 0.9)  # rows of zeros predict nothing
        updates.append(Update((labels, scores.astype(dtype)), weight_values(rng, (rows,)) if has_weights else None))
    read = partial(f_scores, arguments.get("average"), arguments.get("beta", 1.0))
    states = "true_positives", "false_positives", "false_negatives", "intermediate_weights"
    return Case(arguments, updates, read=read, settle=partial(round_threshold, dtype), states=states)


def mean_intersection(targets, metric):
    matrix = np.asarray(metric.total_cm)
    unions = matrix.sum(axis=0) + matrix.sum(axis=1) - matrix.diagonal()
    values = quotient(matrix.diagonal(), unions)[targets]
    return quotient(values.sum(), (unions[targets] > 0).sum())


class Pixels:
    """Ids or rows of scores of `classes` classes, some ids out of range."""

    def __init__(self, rng, true_rows, predicted_rows, classes):
        self.rng, self.classes, self.rows_of = rng, classes, (true_rows, predicted_rows)
        self.inner = choose(rng, ((), (), (4,), (2, 3)))
        rank = 2 + len(self.inner)
        self.axis = int(choose(rng, (-1, rank - 1, 1)))
        self.stray, self.weight_form = rng.random() < 0.3, choose(rng, ("none", "none", "scalar", "element"))

    def ids(self, rows):
        low, high = (-1, self.classes + 1) if self.stray else (0, self.classes)
        ids = self.rng.integers(low, high, size=(rows, *self.inner))
        kinds = ("int8", "int32", "int64", "float32", "float64") if self.stray else (*INTEGERS, *FLOATS)
        return ids.astype(choose(self.rng, kinds))

    def scores(self, rows):
        drawn = Classes(self.rng, self.classes, nan=0)
        drawn.inner = self.inner
        return np.moveaxis(drawn.scores(rows), -1, self.axis)

    def draw(self, rows):
        return tuple(self.scores(rows) if is_rows else self.ids(rows) for is_rows in self.rows_of)

    def updates(self):
        made = []
        for rows in batch_sizes(self.rng):
            shapes = {"none": None, "scalar": (), "element": (rows, *self.inner)}
            shape = shapes[self.weight_form]
            weight = None if shape is None else weight_values(self.rng, shape)
            full = np.full(shapes["element"], weight) if shape == () else None
            made.append(Update(self.draw(rows), weight, None, None, full))
        return made


def draw_iou(name, rng):
    classes = choose(rng, (1, 2, 3, 5, 20, 40))
    one_hot = name.startswith("OneHot")
    true_rows, predicted_rows = one_hot or rng.random() < 0.3, rng.random() < (0.7 if one_hot else 0.3)
    arguments = {"num_classes": classes}
    if not one_hot and (true_rows or rng.random() < 0.5):
        arguments["sparse_y_true"] = not true_rows
    if one_hot != predicted_rows or rng.random() < 0.5:
        arguments["sparse_y_pred"] = not predicted_rows
    pixels = Pixels(rng, true_rows, predicted_rows, classes)
    if pixels.axis != -1 or rng.random() < 0.3:
        arguments["axis"] = pixels.axis
    if rng.random() < 0.3:
        arguments["ignore_class"] = choose(rng, (0, -1, 255, classes - 1))
    targets = list(range(classes))
    if "Mean" not in name:
        targets = rng.permutation(classes)[: rng.integers(1, classes + 1)].tolist()
        arguments["target_class_ids"] = targets
    return Case(arguments, pixels.updates(), read=partial(mean_intersection, targets), states=("total_cm",))


def draw_binary_iou(rng):
    arguments, targets = {}, choose(rng, ([0, 1], [0], [1]))
    if len(targets) == 1 or rng.random() < 0.5:
        arguments["target_class_ids"] = targets
    if rng.random() < 0.7:
        arguments["threshold"] = choose(rng, (0.5, 0.25, 0.3, 0.75, 0.7, 0))
    pixels, dtype = Pixels(rng, False, False, 2), choose(rng, FLOATS)
    pixels.draw = lambda rows: (pixels.ids(rows), unit_scores(rng, (rows, *pixels.inner), dtype))
    return Case(arguments, pixels.updates(), read=partial(mean_intersection, targets), states=("total_cm",))


CLASSES = {
    "F1Score": partial(draw_f_score, False),
    "FBetaScore": partial(draw_f_score, True),
    **{name: partial(draw_iou, name) for name in ("IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU")},
    "BinaryIoU": draw_binary_iou,
}
