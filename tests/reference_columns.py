"""Slow, obvious twins of segmentations, F-scores, R2 and correlations: exact fractions throughout."""

import math
from collections import defaultdict
from fractions import Fraction

import numpy as np
from reference import align_left, argmax, as_float64, exact_sum, ratio, to_float


def fraction(value) -> Fraction:
    return Fraction(float(value))


class Overlap:
    """Intersection over union of the target classes that occur, from fractions for each pair of labels."""

    def __init__(self, num_classes, targets=None, ignored=(), true_rows=False, pred_rows=False, threshold=None):
        self.classes, self.ignored, self.threshold = num_classes, ignored, threshold
        self.targets = range(num_classes) if targets is None else targets
        self.true_rows, self.pred_rows = true_rows, pred_rows
        self.cells, self.dropped = defaultdict(Fraction), Fraction(0)

    def update_state(self, y_true, y_pred, sample_weight=None):
        true = argmax(y_true) if self.true_rows else np.asarray(y_true)
        predicted = argmax(y_pred) if self.pred_rows else np.asarray(y_pred)
        if self.threshold is not None:
            single = predicted.dtype.kind == "f" and predicted.dtype.itemsize <= 4
            predicted = as_float64(predicted) >= (np.float32(self.threshold) if single else self.threshold)
        weights = np.ones(true.shape) if sample_weight is None else as_float64(sample_weight)
        weights = align_left(weights, true.shape)
        for row, column, weight in zip(true.ravel(), predicted.ravel(), weights.ravel(), strict=True):
            self.add(int(row), int(column), fraction(weight))

    def add(self, row, column, weight):
        if row in self.ignored:
            return
        if 0 <= row < self.classes and 0 <= column < self.classes:
            self.cells[row, column] += weight
        else:
            self.dropped += weight

    def result(self):
        scores = []
        for target in self.targets:
            union = sum(weight for cell, weight in self.cells.items() if target in cell)
            if union > 1e-9:
                scores.append(ratio(self.cells[target, target], union))
        return math.fsum(scores) / len(scores) if scores else 0.0


class FScore:
    """F-beta from fractions; labels may be soft, and the weight of an entry times its label is rounded."""

    def __init__(self, average=None, beta=1.0, threshold=None):
        self.average, self.beta, self.threshold = average, Fraction(beta), threshold
        self.sums = None

    def predicted(self, scores):
        scores = np.asarray(scores)
        if self.threshold is None:
            return (scores == scores.max(axis=1, keepdims=True)) & (np.abs(as_float64(scores)) > 1e-9)
        single = scores.dtype.kind == "f" and scores.dtype.itemsize <= 4
        return as_float64(scores) > (np.float32(self.threshold) if single else self.threshold)

    def update_state(self, y_true, y_pred, sample_weight=None):
        truth, predicted = as_float64(y_true), self.predicted(y_pred).astype(np.float64)
        weights = np.ones(truth.shape) if sample_weight is None else as_float64(sample_weight)
        weights = align_left(weights, truth.shape)
        parts = [weights * truth * predicted, weights * (1 - truth) * predicted, weights * truth * (1 - predicted)]
        sums = [[exact_sum(column) for column in part.T] for part in parts]
        if len(truth):
            before = self.sums or [[Fraction(0)] * truth.shape[1]] * 3
            self.sums = [[a + b for a, b in zip(*pair, strict=True)] for pair in zip(before, sums, strict=True)]

    def score(self, hits, false_alarms, misses):
        numerator = (1 + self.beta**2) * hits
        return ratio(numerator, numerator + self.beta**2 * misses + false_alarms)

    def result(self):
        hits, false_alarms, misses = self.sums or ([], [], [])
        if self.average == "micro":
            return self.score(sum(hits), sum(false_alarms), sum(misses))
        scores = [self.score(*sums) for sums in zip(hits, false_alarms, misses, strict=True)]
        if self.average is None:
            return np.array(scores, np.float64)
        truths = [a + b if self.average == "weighted" else 1 for a, b in zip(hits, misses, strict=True)]
        return ratio(sum(fraction(score) * truth for score, truth in zip(scores, truths, strict=True)), sum(truths))


class Determination:
    """R2 of each column from the definition, in fractions but for the squared errors."""

    def __init__(self, class_aggregation="uniform_average", num_regressors=0):
        self.aggregation, self.regressors = class_aggregation, num_regressors
        self.batches = []

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = as_float64(y_true)
        weights = np.ones(y_true.shape) if sample_weight is None else as_float64(sample_weight)
        if len(y_true):
            self.batches.append((y_true, as_float64(y_pred), align_left(weights, y_true.shape)))

    def column(self, y_true, y_pred, weights):
        labels, shares = [list(map(fraction, side)) for side in (y_true, weights)]
        mean = sum(w * y for w, y in zip(shares, labels, strict=True)) / sum(shares)
        spread = sum(w * (y - mean) ** 2 for w, y in zip(shares, labels, strict=True))
        residual = exact_sum((y_true - y_pred) ** 2 * weights)
        if spread == 0:
            return (math.nan if residual == 0 else 0.0), 0.0
        return to_float(1 - residual / spread), to_float(spread)

    def result(self):
        if not self.batches:
            return np.zeros(0) if self.aggregation is None else math.nan
        sides = [np.concatenate(side) for side in zip(*self.batches, strict=True)]
        scores, spreads = np.array([self.column(*column) for column in zip(*(s.T for s in sides), strict=True)]).T
        if self.aggregation == "uniform_average":
            scores = math.fsum(scores) / len(scores)
        elif self.aggregation is not None:
            total = math.fsum(spreads)
            scores = math.fsum(scores * spreads) / total if total else math.nan
        samples = int((sides[2] != 0).any(axis=1).sum())
        if self.regressors and samples > self.regressors + 1:
            return 1 - (1 - scores) * (samples - 1) / (samples - self.regressors - 1)
        return scores


class StreamCorrelation:
    """Pearson's or Lin's correlation of all elements, from the definition in fractions."""

    def __init__(self, concordance=False):
        self.concordance, self.triples = concordance, []

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = as_float64(y_true)
        weights = align_left(np.ones(()) if sample_weight is None else as_float64(sample_weight), y_true.shape)
        columns = [map(fraction, side.ravel()) for side in (weights, y_true, as_float64(y_pred))]
        self.triples += list(zip(*columns, strict=True))

    def result(self):
        count = sum(w for w, _, _ in self.triples)
        if count == 0:
            return math.nan
        mean_x, mean_y = (sum(one[0] * one[side] for one in self.triples) / count for side in (1, 2))
        x = sum(w * (x - mean_x) ** 2 for w, x, _ in self.triples) / count
        y = sum(w * (y - mean_y) ** 2 for w, _, y in self.triples) / count
        joint = sum(w * (x - mean_x) * (y - mean_y) for w, x, y in self.triples) / count
        if self.concordance:
            below = x + y + (mean_x - mean_y) ** 2
            return to_float(2 * joint / below) if below else math.nan
        if x == 0 or y == 0:
            return math.nan
        return math.copysign(math.sqrt(joint**2 / (x * y)), joint)


def relative_errors(y_true, y_pred, normalizer):
    errors = np.abs(as_float64(y_pred) - as_float64(y_true))
    normalizers = np.broadcast_to(as_float64(normalizer), errors.shape)
    return np.where(normalizers == 0, 0.0, errors / np.where(normalizers == 0, 1.0, normalizers))
