"""Slow, obvious twins of every metric: float64 per row, exact fractions across rows, written from the definitions."""

import math
from collections import defaultdict
from fractions import Fraction

import numpy as np

EPSILON = 1e-7


def as_float64(array) -> np.ndarray:
    return np.asarray(array).astype(np.float64)


def exact_sum(values) -> float | Fraction:
    """The sum as a fraction; NaN and infinities as IEEE arithmetic has them."""
    values = as_float64(values).ravel()
    if not np.isfinite(values).all():
        with np.errstate(invalid="ignore"):
            return float(np.sum(values[~np.isfinite(values)]))
    return sum(map(Fraction, values.tolist()), Fraction(0))


def to_float(value: float | Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def ratio(numerator: float | Fraction, denominator: float | Fraction) -> float:
    """The quotient as a float; 0 when the denominator is 0, as Keras's divide_no_nan."""
    if denominator == 0 and not (isinstance(numerator, float) and math.isnan(numerator)):
        return 0.0
    if isinstance(numerator, float) or isinstance(denominator, float):
        return float(numerator) / float(denominator) if denominator != 0 else math.nan
    return to_float(numerator / denominator)


def align_ranks(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keras's rule R1: ranks that differ by one, trailing dimension 1: expand the rank-1 one, else squeeze."""
    if first.ndim == second.ndim + 1 and first.shape[-1] == 1:
        return (first, second[:, None]) if second.ndim == 1 else (first[..., 0], second)
    if second.ndim == first.ndim + 1 and second.shape[-1] == 1:
        return (first[:, None], second) if first.ndim == 1 else (first, second[..., 0])
    return first, second


def align_left(weights: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Weights of a lower rank, repeated along the trailing axes of `shape`."""
    return np.broadcast_to(weights.reshape(weights.shape + (1,) * (len(shape) - weights.ndim)), shape)


def samplewise(values, sample_weight, reduce) -> tuple[np.ndarray, np.ndarray]:
    """Keras's rule S1: one weighted value and one weight per sample; `reduce` is np.mean, or np.sum for Sum."""
    values = np.atleast_1d(as_float64(values))
    if sample_weight is None:
        weights = np.ones(values.shape[0])
    else:
        values, weights = align_ranks(values, as_float64(sample_weight))
        assert weights.ndim <= values.ndim
        values = reduce(values, axis=tuple(range(weights.ndim, values.ndim)))
        weights = np.broadcast_to(weights, values.shape)
        with np.errstate(invalid="ignore"):
            values = values * weights
        weights = reduce(weights, axis=tuple(range(1, weights.ndim)))
    return reduce(values, axis=tuple(range(1, values.ndim))), weights


def accuracy(y_true, y_pred):
    """Exact equality of numbers, whatever their types."""
    y_true, y_pred = align_ranks(np.asarray(y_true), np.asarray(y_pred))
    return (y_true.astype(object) == y_pred.astype(object)).astype(np.float64)


def binary_accuracy(y_true, y_pred, threshold=0.5):
    y_true, y_pred = align_ranks(np.asarray(y_true), np.asarray(y_pred))
    return (as_float64(y_true) == (as_float64(y_pred) > threshold)).astype(np.float64)


def argmax(scores) -> np.ndarray:
    """The first maximum of each last-axis row; a NaN counts as the maximum."""
    scores = as_float64(scores)
    is_nan = np.isnan(scores)
    is_maximum = np.where(is_nan.any(axis=-1, keepdims=True), is_nan, scores == scores.max(axis=-1, keepdims=True))
    return np.argmax(is_maximum, axis=-1)


def label_ids(y_true, rank: int) -> np.ndarray:
    y_true = np.asarray(y_true)
    return (y_true[..., 0] if y_true.ndim == rank + 1 and y_true.shape[-1] == 1 else y_true).astype(np.int64)


def sparse_categorical_accuracy(y_true, y_pred):
    predicted = argmax(y_pred)
    return (label_ids(y_true, predicted.ndim) == predicted).astype(np.float64)


def categorical_accuracy(y_true, y_pred):
    return sparse_categorical_accuracy(argmax(y_true), y_pred)


def ranks(labels, scores, ties="optimistic") -> np.ndarray:
    """1 for the best; infinite when the score of the label is NaN; other NaN scores are better than any number."""
    scores = as_float64(scores)
    labels = label_ids(labels, scores.ndim - 1)[..., None]
    own = np.take_along_axis(scores, labels, axis=-1)
    equal, others = scores == own, np.arange(scores.shape[-1])
    counted = {
        "optimistic": np.zeros_like(equal),
        "pessimistic": equal & (others != labels),
        "lowest_index": equal & (others < labels),
    }
    better = (scores > own) | np.isnan(scores)
    return np.where(np.isnan(own[..., 0]), math.inf, 1 + (better | counted[ties]).sum(axis=-1))


def sparse_top_k_categorical_accuracy(y_true, y_pred, k=5, from_sorted_ids=False):
    if from_sorted_ids:
        y_pred = np.asarray(y_pred)
        return (label_ids(y_true, y_pred.ndim - 1)[..., None] == y_pred[..., :k]).any(-1).astype(np.float64)
    return (ranks(y_true, y_pred) <= k).astype(np.float64)


def top_k_categorical_accuracy(y_true, y_pred, k=5):
    return sparse_top_k_categorical_accuracy(argmax(y_true), y_pred, k)


def log_probabilities(y_pred, from_logits: bool) -> np.ndarray:
    """Of the last axis: log softmax of logits, or the log of rows normalised to sum 1 and clipped."""
    y_pred = as_float64(y_pred)
    with np.errstate(all="ignore"):
        if from_logits:
            shifted = y_pred - y_pred.max(axis=-1, keepdims=True)
            return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        return np.log(np.clip(y_pred / y_pred.sum(axis=-1, keepdims=True), EPSILON, 1 - EPSILON))


def categorical_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
    y_true, y_pred = np.moveaxis(as_float64(y_true), axis, -1), np.moveaxis(as_float64(y_pred), axis, -1)
    y_true = y_true * (1 - label_smoothing) + label_smoothing / y_true.shape[-1]
    return -np.sum(y_true * log_probabilities(y_pred, from_logits), axis=-1)


def sparse_categorical_crossentropy(y_true, y_pred, from_logits=False, axis=-1):
    logarithms = log_probabilities(np.moveaxis(as_float64(y_pred), axis, -1), from_logits)
    labels = label_ids(y_true, logarithms.ndim - 1)
    return -np.take_along_axis(logarithms, labels[..., None], axis=-1)[..., 0]


def row_mean(errors):
    """Mean over the last axis; rank-1 inputs are one value per sample."""
    return errors if errors.ndim <= 1 else errors.mean(axis=-1)


def mean_squared_error(y_true, y_pred):
    y_true, y_pred = align_ranks(as_float64(y_true), as_float64(y_pred))
    return row_mean((y_true - y_pred) ** 2)


def mean_absolute_error(y_true, y_pred):
    y_true, y_pred = align_ranks(as_float64(y_true), as_float64(y_pred))
    return row_mean(np.abs(y_true - y_pred))


def earth_movers_distance(y_true, y_pred, r=2):
    differences = np.abs(np.cumsum(as_float64(y_true) - as_float64(y_pred), axis=-1))
    return np.mean(differences**r, axis=-1) ** (1 / r)


def distribution_mean_error(y_true, y_pred, bins=None):
    y_true, y_pred = as_float64(y_true), as_float64(y_pred)
    bins = np.arange(y_true.shape[-1]) if bins is None else as_float64(bins)
    return np.abs(np.sum(bins * (y_true - y_pred), axis=-1))


class MeanOf:
    """The exact weighted mean over samples of `function(y_true, y_pred, **arguments)`."""

    def __init__(self, function, **arguments):
        self.function, self.arguments = function, arguments
        self.total, self.count = Fraction(0), Fraction(0)

    def update_state(self, *inputs, sample_weight=None):
        self.add(self.function(*inputs, **self.arguments), sample_weight)

    def add(self, values, sample_weight, reduce=np.mean):
        values, weights = samplewise(values, sample_weight, reduce)
        self.total = self.total + exact_sum(values)
        self.count = self.count + exact_sum(weights)

    def result(self):
        return ratio(self.total, self.count)


class SparseCrossentropyMean(MeanOf):
    """Ignored rows weigh nothing, in the numerator and in the denominator."""

    def __init__(self, ignore_class=None, **arguments):
        super().__init__(sparse_categorical_crossentropy, **arguments)
        self.ignore_class = ignore_class

    def update_state(self, y_true, y_pred, sample_weight=None):
        labels = label_ids(y_true, np.ndim(y_pred) - 1)
        if self.ignore_class is None:
            return super().update_state(labels, y_pred, sample_weight=sample_weight)
        kept = labels != self.ignore_class
        weights = kept.astype(np.float64)
        if sample_weight is not None:
            weights = weights * align_left(as_float64(sample_weight), labels.shape)
        values = self.function(np.where(kept, labels, 0), y_pred, **self.arguments)
        return self.add(np.where(kept, values, 0.0), weights)


class Total(MeanOf):
    """Keras's Sum: every element counts."""

    def __init__(self):
        super().__init__(lambda values: values)

    def update_state(self, values, sample_weight=None):
        self.add(values, sample_weight, reduce=np.sum)

    def result(self):
        return to_float(self.total)


class LabelPairs:
    """A confusion matrix of exact fractions: rows are the true, columns the predicted classes."""

    def __init__(self, num_classes, normalize=None, true_rows=False, predicted_rows=False):
        self.classes, self.normalize, self.weighted = num_classes, normalize, False
        self.true_rows, self.predicted_rows = true_rows, predicted_rows
        self.cells = defaultdict(Fraction)

    def update_state(self, y_true, y_pred, sample_weight=None):
        true = argmax(y_true) if self.true_rows else np.asarray(y_true).astype(np.int64)
        predicted = argmax(y_pred) if self.predicted_rows else np.asarray(y_pred).astype(np.int64)
        self.weighted = self.weighted or (np.asarray(sample_weight).dtype.kind == "f" and true.size > 0)
        weights = np.ones(true.shape) if sample_weight is None else as_float64(sample_weight)
        weights = align_left(weights, true.shape)
        for row, column, weight in zip(true.ravel(), predicted.ravel(), weights.ravel(), strict=True):
            self.cells[int(row), int(column)] += Fraction(float(weight))

    def divisors(self):
        """What each cell is divided by: the sum of its row, of its column, or of all cells."""
        place = {"true": lambda cell: cell[0], "pred": lambda cell: cell[1], "all": lambda cell: None}[self.normalize]
        sums = defaultdict(Fraction)
        for cell, weight in self.cells.items():
            sums[place(cell)] += weight
        return {cell: sums[place(cell)] for cell in self.cells}

    def result(self):
        is_count = self.normalize is None and not self.weighted
        result = np.zeros((self.classes, self.classes), dtype=np.int64 if is_count else np.float64)
        divisors = self.divisors() if self.normalize else {}
        for cell, weight in self.cells.items():
            result[cell] = ratio(weight, divisors[cell]) if self.normalize else weight
        return result


class RankCurve:
    """Accuracy at k = 1..max_k, from the exact weight of every rank."""

    def __init__(self, max_k, ties="optimistic"):
        self.max_k, self.ties = max_k, ties
        self.weights = defaultdict(Fraction)

    def update_state(self, y_true, y_pred, sample_weight=None):
        labels = argmax(y_true) if np.ndim(y_true) == np.ndim(y_pred) else np.asarray(y_true)
        weights = np.ones(labels.shape) if sample_weight is None else as_float64(sample_weight)
        weights = align_left(weights, labels.shape)
        for rank, weight in zip(ranks(labels, y_pred, self.ties).flat, weights.flat, strict=True):
            self.weights[rank] += Fraction(float(weight))

    def share(self, value):
        """The mean of value(rank)."""
        return ratio(sum(weight * value(rank) for rank, weight in self.weights.items()), sum(self.weights.values()))

    def result(self):
        return np.array([self.share(lambda rank, k=k: int(rank <= k)) for k in range(1, self.max_k + 1)])

    def mean_reciprocal_rank(self):
        return self.share(lambda rank: Fraction(1, int(rank)) if rank <= self.max_k else 0)


class Together:
    """A collection: every part sees every batch."""

    def __init__(self, parts):
        self.parts = parts

    def update_state(self, *inputs, sample_weight=None):
        for part in self.parts.values():
            part.update_state(*inputs, sample_weight=sample_weight)

    def result(self):
        return {name: part.result() for name, part in self.parts.items()}
