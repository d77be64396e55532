"""Cases of accuracies: equal values, thresholds, argmax and top k, from labels, one-hot rows, scores and sorted ids."""

import numpy as np

from differential.case import Case, Update
from differential.drawing import CLASS_NUMBERS, FLOATS, INTEGERS, bits, choose, samplewise_case, unit_scores
from differential.errors import ANY_FORM, Pairs


def whole_numbers(rng, shape):
    dtype = choose(rng, (*INTEGERS, *FLOATS))
    return rng.integers(0, 4, size=shape).astype(dtype)


def whole_or_half(rng, shape):
    return (rng.integers(0, 4, size=shape) / choose(rng, (1, 2))).astype(choose(rng, FLOATS))


def draw_accuracy(rng):
    draw = choose(rng, (whole_numbers, whole_or_half))
    pairs = Pairs(rng, draw_true=draw, draw_pred=draw)
    return Case({}, samplewise_case(rng, pairs.draw, pairs.element_shape))


def binary_labels(rng, shape):
    """Of the float kind where some are neither 0 nor 1."""
    labels = bits(rng, shape)
    if labels.dtype.kind == "f" and rng.random() < 0.3:
        labels[rng.random(shape) < 0.3] = 0.625
    return labels


def draw_threshold(rng, dtype):
    """Ours, and for Keras in float64 the one that scores of this dtype are compared with."""
    threshold = choose(rng, (None, 0.5, 0.25, 0.3, 0.0, 1.0, float(np.round(rng.random(), 2))))
    if threshold is None:
        return {}, {}
    return {"threshold": threshold}, {"threshold": float(np.dtype(dtype).type(threshold))}


def binary_pairs(rng, forms=ANY_FORM):
    dtype = choose(rng, FLOATS)
    pairs = Pairs(rng, forms, binary_labels, lambda rng, shape: with_nan(rng, unit_scores(rng, shape, dtype), 0.05))
    return pairs, *draw_threshold(rng, dtype)


def with_nan(rng, scores, share):
    """Now and then some NaN among the scores."""
    if rng.random() < 0.1:
        scores = scores.copy()
        scores[rng.random(scores.shape) < share] = np.nan
    return scores


def draw_binary_accuracy(rng):
    pairs, arguments, keras_arguments = binary_pairs(rng)
    updates = samplewise_case(rng, pairs.draw, pairs.element_shape)
    return Case(arguments, updates, keras_arguments)


def draw_binary_accuracy_function(rng):
    pairs, arguments, keras_arguments = binary_pairs(rng)
    return Case(arguments, [Update(pairs.draw(int(rng.integers(1, 30)))[0])], keras_arguments)


class Classes:
    """Labels and scores of some classes, [..., classes]."""

    def __init__(self, rng, classes=None, nan=0.02):
        self.rng, self.classes, self.nan = rng, classes or choose(rng, CLASS_NUMBERS), nan
        self.inner = choose(rng, ((), (), (), (3,), (2, 2)))
        self.column = rng.random() < 0.2

    def ids(self, rows):
        dtype = choose(self.rng, (*INTEGERS, "float32", "float64"))
        labels = self.rng.integers(0, self.classes, size=(rows, *self.inner))
        return (labels[..., np.newaxis] if self.column else labels).astype(dtype)

    def scores(self, rows):
        scores = unit_scores(self.rng, (rows, *self.inner, self.classes))
        if choose(self.rng, (True, False)):
            scores = (scores * 8 - 4 + 0).astype(scores.dtype)
        return with_nan(self.rng, scores, self.nan)

    def targets(self, rows):
        """One-hot rows, soft rows or rows with ties."""
        kind = choose(self.rng, ("one-hot", "one-hot", "soft", "bits"))
        shape = (rows, *self.inner)
        if kind == "soft":
            return unit_scores(self.rng, (*shape, self.classes))
        if kind == "bits":
            return bits(self.rng, (*shape, self.classes))
        labels = self.rng.integers(0, self.classes, size=shape)
        return np.eye(self.classes)[labels].astype(choose(self.rng, ("bool", "uint8", "int32", "float16", "float32")))

    def sparse(self, rows):
        labels, scores = self.ids(rows), self.scores(rows)
        # For Keras without the axis of length 1, which some of its functions keep and some drop.
        return (labels, scores), (labels[..., 0], scores) if self.column else None

    def dense(self, rows):
        return (self.targets(rows), self.scores(rows)), None

    def sorted_ids(self, rows):
        """Ids of the best classes, best first, in place of scores."""
        order = self.rng.permuted(np.tile(np.arange(self.classes), (rows, *(1,) * len(self.inner), 1)), axis=-1)
        order = np.broadcast_to(order, (rows, *self.inner, self.classes))
        best = order[..., : max(self.k, self.classes // 2)].astype(choose(self.rng, ("int32", "int64", "float32")))
        labels = self.ids(rows)
        return (labels, best), (labels[..., 0], best) if self.column else None

    def shape(self, rows):
        return (rows, *self.inner)


def mean_over_rows(layout):
    def draw(rng):
        drawn = Classes(rng)
        return Case({}, samplewise_case(rng, getattr(drawn, layout), drawn.shape))

    return draw


def draw_k(rng, classes):
    return {} if rng.random() < 0.2 else {"k": int(rng.integers(1, classes + 1))}


def draw_top_k(rng):
    drawn = Classes(rng)
    return Case(draw_k(rng, drawn.classes), samplewise_case(rng, drawn.dense, drawn.shape))


def draw_sparse_top_k(rng):
    drawn = Classes(rng)
    if rng.random() < 0.4:
        drawn.k = int(rng.integers(1, drawn.classes + 1))
        arguments = {"k": drawn.k, "from_sorted_ids": True}
        return Case(arguments, samplewise_case(rng, drawn.sorted_ids, drawn.shape))
    return Case(draw_k(rng, drawn.classes), samplewise_case(rng, drawn.sparse, drawn.shape))


def function_of(layout, draw_arguments=lambda rng, classes: {}):
    """One call; Keras answers labels of rank 1 and more alike, but not with an axis of length 1 in every function."""

    def draw(rng):
        drawn = Classes(rng)
        drawn.column = False
        inputs, _ = getattr(drawn, layout)(int(rng.integers(1, 30)))
        return Case(draw_arguments(rng, drawn.classes), [Update(inputs)])

    return draw


def draw_sparse_top_k_function(rng):
    drawn = Classes(rng)
    drawn.column = False
    arguments, layout = draw_k(rng, drawn.classes), drawn.sparse
    if rng.random() < 0.4:
        drawn.k = int(rng.integers(1, drawn.classes + 1))
        arguments, layout = {"k": drawn.k, "from_sorted_ids": True}, drawn.sorted_ids
    return Case(arguments, [Update(layout(int(rng.integers(1, 30)))[0])])


CLASSES = {
    "Accuracy": draw_accuracy,
    "BinaryAccuracy": draw_binary_accuracy,
    "CategoricalAccuracy": mean_over_rows("dense"),
    "SparseCategoricalAccuracy": mean_over_rows("sparse"),
    "TopKCategoricalAccuracy": draw_top_k,
    "SparseTopKCategoricalAccuracy": draw_sparse_top_k,
}
FUNCTIONS = {
    "binary_accuracy": draw_binary_accuracy_function,
    "categorical_accuracy": function_of("dense"),
    "sparse_categorical_accuracy": function_of("sparse"),
    "top_k_categorical_accuracy": function_of("dense", draw_k),
    "sparse_top_k_categorical_accuracy": draw_sparse_top_k_function,
}
