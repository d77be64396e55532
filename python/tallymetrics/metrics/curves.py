"""Areas under curves of counts at increasing thresholds, [thresholds] or [thresholds, labels]."""

from typing import NamedTuple

import numpy as np

from tallymetrics.metrics.threshold_metric import Floats, ratio

CURVES = ("ROC", "PR", "PRGAIN")
SUMMATION_METHODS = ("interpolation", "majoring", "minoring")


class Counts(NamedTuple):
    """Weights of elements by label and prediction."""

    true_positives: Floats
    false_positives: Floats
    true_negatives: Floats
    false_negatives: Floats


def area_under(curve: str, summation_method: str, counts: Counts) -> Floats:
    """Returns the area under a curve, summed over the intervals between thresholds, for each label."""
    if curve == "PR" and summation_method == "interpolation":
        return _interpolated_precision_recall_area(counts)
    x, y = _curve_points(curve, counts)
    if summation_method == "interpolation":
        heights = (y[:-1] + y[1:]) / 2
    elif summation_method == "minoring":
        heights = np.minimum(y[:-1], y[1:])
    else:
        heights = np.maximum(y[:-1], y[1:])
    return np.asarray(np.sum((x[:-1] - x[1:]) * heights, axis=0))


def _curve_points(curve: str, counts: Counts) -> tuple[Floats, Floats]:
    right, false_alarms, _, missed = counts
    recall = ratio(right, right + missed)
    if curve == "ROC":
        return ratio(false_alarms, false_alarms + counts.true_negatives), recall
    if curve == "PR":
        return recall, ratio(right, right + false_alarms)
    # P. Flach and M. Kull, Precision-Recall-Gain Curves, NeurIPS 2015, equation 4.
    odds = ratio(right + missed, counts.true_negatives + false_alarms)
    recall_gain = np.where(right == 0, 0.0, 1 - odds * ratio(missed, right))
    precision_gain = np.where(right == 0, 1.0, 1 - odds * ratio(false_alarms, right))
    return np.maximum(recall_gain, 0.0), precision_gain


def _interpolated_precision_recall_area(counts: Counts) -> Floats:
    """The integral of precision over recall, with false positives linear in true positives between thresholds.

    J. Davis and M. Goadrich, The relationship between precision-recall and ROC curves, ICML 2006: with p predicted
    positives and slope s = dTP / dp, the area of an interval is s (dTP + (TP - s p) log(p' / p)) over all positives.
    """
    right = counts.true_positives
    predicted = right + counts.false_positives
    gained = right[:-1] - right[1:]
    slope = ratio(gained, np.maximum(predicted[:-1] - predicted[1:], 0.0))
    intercept = right[1:] - slope * predicted[1:]
    growth = np.ones_like(slope)
    both = (predicted[:-1] > 0) & (predicted[1:] > 0)
    np.divide(predicted[:-1], predicted[1:], out=growth, where=both)
    areas = slope * (gained + intercept * np.log(growth))
    positives = np.maximum(right[1:] + counts.false_negatives[1:], 0.0)
    return np.asarray(np.sum(ratio(areas, positives), axis=0))
