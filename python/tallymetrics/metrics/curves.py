"""Areas under curves of counts at increasing thresholds, [thresholds] or [thresholds, labels]."""

import numpy as np

from tallymetrics.metrics.threshold_metric import Counts, Floats, ratio

CURVES = ("ROC", "PR", "PRGAIN")
SUMMATION_METHODS = ("interpolation", "majoring", "minoring")


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
    return np.asarray(np.add.reduce((x[:-1] - x[1:]) * heights))


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
    return np.asarray(np.add.reduce(ratio(areas, positives)))


def ranked_roc_interval(negatives: Floats, positives: Floats) -> tuple[float, float]:
    """Returns the least and the greatest area under the ROC curve, whatever the order within cells.

    `negatives` and `positives` are weights in cells of increasing scores. The area is the share of pairs of a negative
    and a positive in which the positive has the greater score; pairs of equal scores count one half.
    """
    pairs = float(np.sum(negatives)) * float(np.sum(positives))
    if pairs == 0:
        return 0.0, 0.0
    below = np.cumsum(negatives) - negatives
    return float(np.sum(positives * below)) / pairs, float(np.sum(positives * (below + negatives))) / pairs


def average_precision(negatives: Floats, positives: Floats) -> float:
    """Returns the mean over positives of the precision at their scores, of cells of increasing scores."""
    total = float(np.sum(positives))
    right, wrong = np.cumsum(positives[::-1]), np.cumsum(negatives[::-1])
    return float(np.sum(positives[::-1] * ratio(right, right + wrong))) / total if total else 0.0


def average_precision_interval(negatives: Floats, positives: Floats) -> tuple[float, float]:
    """Returns the least and the greatest average precision, whatever the order within cells.

    At best the positives of a cell come before its negatives, all at one score. At worst they come after them, one by
    one: the mean of their precisions is then at least the integral of x / (x + wrong) over their weights.
    """
    total = float(np.sum(positives))
    if total == 0:
        return 0.0, 0.0
    positives, negatives = positives[::-1], negatives[::-1]
    right, wrong = np.cumsum(positives), np.cumsum(negatives)
    before = right - positives
    growth = np.divide(positives, before + wrong, out=np.zeros_like(positives), where=before + wrong > 0)
    worst = np.sum(positives - wrong * np.log1p(growth))
    best = np.sum(positives * ratio(right, right + wrong - negatives))
    return float(worst) / total, float(best) / total
