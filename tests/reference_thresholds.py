"""Slow, obvious twins of the metrics at score thresholds: every score against every threshold."""

import math

import numpy as np
from reference import MeanOf, align_left, align_ranks, as_float64


def divide(numerator, denominator):
    """0 where the denominator is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator == 0, 0.0, numerator / np.where(denominator == 0, 1, denominator))


def highest_kept(scores, k):
    """Scores outside the k highest of a row become -1e10; NaN ranks first, and of equal scores the first."""
    kept = np.full(scores.shape, -1e10)
    for row in np.ndindex(scores.shape[:-1]):
        own = scores[row]
        order = sorted(range(len(own)), key=lambda i: (not math.isnan(own[i]), -own[i] if own[i] == own[i] else 0, i))
        kept[row][order[:k]] = own[order[:k]]
    return kept


class AtThresholds:
    """Sums of weights of all elements, or of each column, by label and prediction, at each threshold."""

    def __init__(self, answer, thresholds=(0.5,), class_id=None, top_k=None, by_column=False):
        self.answer, self.thresholds = answer, np.asarray(thresholds, np.float64)
        self.class_id, self.top_k, self.by_column = class_id, top_k, by_column
        self.sums = dict.fromkeys(("tp", "fp", "tn", "fn"), np.zeros((len(self.thresholds), 1)[: 1 + by_column]))

    def compared(self, dtype):
        return self.thresholds.astype(np.float32) if dtype in (np.float16, np.float32) else self.thresholds

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = align_ranks(np.asarray(y_true), np.asarray(y_pred))
        thresholds, scores, truth = self.compared(y_pred.dtype), as_float64(y_pred), as_float64(y_true) != 0
        if scores.size == 0:
            return
        weights = (
            np.ones(scores.shape) if sample_weight is None else align_left(as_float64(sample_weight), scores.shape)
        )
        if self.top_k is not None:
            scores = highest_kept(scores, self.top_k)
        if self.class_id is not None:
            scores, truth, weights = (array[..., self.class_id] for array in (scores, truth, weights))
        columns = scores.shape[-1] if self.by_column else 1
        scores, truth, weights = (array.reshape(-1, columns) for array in (scores, truth, weights))
        positive = self.is_positive(scores, thresholds)
        for name, counted in (
            ("tp", truth & positive),
            ("fp", ~truth & positive),
            ("tn", ~truth & ~positive),
            ("fn", truth & ~positive),
        ):
            sums = np.sum(np.where(counted, weights, 0.0), axis=1)
            self.sums[name] = self.sums[name] + (sums if self.by_column else sums[:, 0])

    @staticmethod
    def is_positive(scores, thresholds):
        return scores > as_float64(thresholds)[:, np.newaxis, np.newaxis]

    def result(self):
        answer = np.asarray(self.answer(**self.sums))
        return float(answer) if answer.ndim == 0 else float(answer[0]) if len(answer) == 1 else answer


class AreaAtThresholds(AtThresholds):
    """The first and the last threshold lie below and above all numbers."""

    def __init__(self, curve, method, thresholds, from_logits=False, label_weights=None, **options):
        interior = sorted(thresholds)
        if from_logits:
            interior = [math.log(one / (1 - one)) for one in interior]
        super().__init__(self.area, [-math.inf, *interior, math.inf], **options)
        self.curve, self.method, self.label_weights = curve, method, label_weights

    @staticmethod
    def is_positive(scores, thresholds):
        positive = AtThresholds.is_positive(scores, thresholds)
        positive[0] = scores == scores
        return positive

    def area(self, tp, fp, tn, fn):
        if self.label_weights is not None and not self.multi_label:
            tp, fp, tn, fn = (np.sum(sums * np.asarray(self.label_weights), axis=-1) for sums in (tp, fp, tn, fn))
        recall = divide(tp, tp + fn)
        x, y = {"ROC": (divide(fp, fp + tn), recall), "PR": (recall, divide(tp, tp + fp))}[self.curve]
        if self.curve == "PR" and self.method == "interpolation":
            areas = self.interpolated(tp, fp, fn)
        else:
            ends = np.stack([y[:-1], y[1:]])
            heights = {"interpolation": np.mean, "minoring": np.min, "majoring": np.max}[self.method](ends, axis=0)
            areas = np.sum((x[:-1] - x[1:]) * heights, axis=0)
        weights = self.label_weights if self.multi_label and self.label_weights is not None else None
        return np.average(np.atleast_1d(areas), weights=weights) if np.size(areas) else 0.0

    multi_label = False

    @staticmethod
    def interpolated(tp, fp, fn):
        p = tp + fp
        slope = divide(tp[:-1] - tp[1:], np.maximum(p[:-1] - p[1:], 0))
        both = (p[:-1] > 0) & (p[1:] > 0)
        growth = np.where(both, divide(p[:-1], p[1:]), 1.0)
        areas = slope * (tp[:-1] - tp[1:] + (tp[1:] - slope * p[1:]) * np.log(growth))
        return np.sum(divide(areas, tp[1:] + fn[1:]), axis=0)


class AreaOfLabels(AreaAtThresholds):
    """The mean of each column's area."""

    multi_label = True


def true_positives(tp, fp, tn, fn):
    return tp


def false_positives(tp, fp, tn, fn):
    return fp


def true_negatives(tp, fp, tn, fn):
    return tn


def false_negatives(tp, fp, tn, fn):
    return fn


def precision(tp, fp, tn, fn):
    return divide(tp, tp + fp)


def recall(tp, fp, tn, fn):
    return divide(tp, tp + fn)


def specificity(tp, fp, tn, fn):
    return divide(tn, tn + fp)


def best(dependent, constrained, least):
    def answer(**sums):
        return np.max(np.where(constrained(**sums) >= least, dependent(**sums), 0.0))

    return answer


def averaged(ratio, average):
    def answer(tp, fp, tn, fn):
        values = ratio(tp, fp, tn, fn)
        if values.ndim < 2:
            return values
        weights = tp + fn if average == "weighted" else np.ones_like(tp)
        return divide(np.sum(values * weights, axis=-1), np.sum(weights, axis=-1))

    return answer


class RankedArea:
    """Every positive against every negative, or the precision at every positive's score."""

    def __init__(self, curve):
        self.curve = curve
        self.scores, self.truth, self.weights = (np.zeros(0) for _ in range(3))

    def update_state(self, y_true, y_pred, sample_weight=None):
        scores = as_float64(y_pred)
        weights = align_left(as_float64(1 if sample_weight is None else sample_weight), scores.shape)
        self.scores = np.append(self.scores, np.where(np.isnan(scores), -np.inf, scores))
        self.truth = np.append(self.truth, as_float64(y_true) != 0)
        self.weights = np.append(self.weights, weights)

    def result(self):
        positive, negative = self.weights * (self.truth == 1), self.weights * (self.truth == 0)
        if self.curve == "ROC":
            shares = [
                weight * np.sum(negative * ((self.scores < score) + 0.5 * (self.scores == score)))
                for score, weight in zip(self.scores, positive, strict=True)
                if weight
            ]
            return float(divide(np.sum(shares), np.sum(positive) * np.sum(negative)))
        precisions = [
            weight * np.sum(positive[self.scores >= score]) / np.sum(self.weights[self.scores >= score])
            for score, weight in zip(self.scores, positive, strict=True)
            if weight
        ]
        return float(divide(np.sum(precisions), np.sum(positive)))


class MeanOfRowRatios:
    """The mean over samples of each row's precision or recall, at each threshold."""

    def __init__(self, thresholds, recall):
        self.recall, self.thresholds = recall, np.asarray(thresholds)
        self.means = [MeanOf(self.row_ratio, threshold=number) for number in range(len(thresholds))]

    def row_ratio(self, y_true, y_pred, threshold):
        is_single = np.asarray(y_pred).dtype in (np.float16, np.float32)
        thresholds = self.thresholds.astype(np.float32 if is_single else np.float64)
        truth, positive = as_float64(y_true) != 0, as_float64(y_pred) > float(thresholds[threshold])
        return divide(np.sum(truth & positive, axis=-1), np.sum(truth if self.recall else positive, axis=-1))

    def update_state(self, y_true, y_pred, sample_weight=None):
        for mean in self.means:
            mean.update_state(y_true, y_pred, sample_weight=sample_weight)

    def result(self):
        values = [mean.result() for mean in self.means]
        return values[0] if len(values) == 1 else np.array(values)
