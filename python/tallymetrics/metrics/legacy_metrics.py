"""The batch-wise functions that Keras 1 had: one number for the arrays given, no accumulation."""

from typing import Any

import numpy as np

from tallymetrics.arguments import as_number
from tallymetrics.inputs import aligned_pair, as_array


def precision(y_true: Any, y_pred: Any) -> float:
    """Returns the share of positive predictions that are right, `true positives / predicted positives`.

    Args:
        y_true: Labels 0 or 1, [...].
        y_pred: Scores of the same shape. Labels and scores are clipped to [0, 1] and rounded, 0.5 to 0, so that a score
            above 0.5 is positive and NaN is not.

    Returns:
        One float over all elements of the arrays; 0.0 where nothing is predicted positive. Averaged over batches it is
        not the precision of the whole: use `Precision` for a stream.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.precision([1, 1, 0, 0], [0.9, 0.2, 0.7, 0.1])
        0.5

    Differs from Keras 1: the denominator has no epsilon of 1e-7, so that a perfect score is 1.0.
    """
    _, _, predicted, both = _counts(y_true, y_pred)
    return _ratio(both, predicted)


def recall(y_true: Any, y_pred: Any) -> float:
    """Returns the share of positive labels that are found, `true positives / labels that are positive`.

    Args:
        y_true: Labels 0 or 1, [...].
        y_pred: Scores of the same shape, clipped and rounded as for `precision`.

    Returns:
        One float over all elements of the arrays; 0.0 where no label is positive. Use `Recall` for a stream.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.recall([1, 1, 1, 1, 0], [0.9, 0.2, 0.7, 0.6, 0.1])
        0.75

    Differs from Keras 1: no epsilon, as for `precision`.
    """
    _, true, _, both = _counts(y_true, y_pred)
    return _ratio(both, true)


def fbeta_score(y_true: Any, y_pred: Any, beta: float = 1) -> float:
    """Returns the weighted harmonic mean of precision and recall.

    `(1 + beta²) precision recall / (beta² precision + recall)`

    Args:
        y_true: Labels 0 or 1, [...].
        y_pred: Scores of the same shape, clipped and rounded as for `precision`.
        beta: Weight of recall against precision, 0 (only precision) or more, default 1.

    Returns:
        One float over all elements of the arrays; 0.0 where no label is positive. Use `FBetaScore` for a stream.

    Raises:
        ValueError: If `beta` is negative.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.fbeta_score([1, 1, 1, 1, 0], [0.9, 0.2, 0.2, 0.6, 0.1], beta=2)
        0.5555555555555556

    Differs from Keras 1: no epsilon, as for `precision`.
    """
    weight = float(as_number(beta, "beta", 0.0, 1e100)) ** 2
    _, true, predicted, both = _counts(y_true, y_pred)
    # The terms of precision and recall multiplied out, so that nothing is rounded twice.
    return _ratio((1 + weight) * both, weight * true + predicted) if true else 0.0


def fmeasure(y_true: Any, y_pred: Any) -> float:
    """Returns the harmonic mean of precision and recall, `fbeta_score` with `beta=1`.

    Args:
        y_true: Labels 0 or 1, [...].
        y_pred: Scores of the same shape, clipped and rounded as for `precision`.

    Returns:
        One float over all elements of the arrays. Use `F1Score` for a stream.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.fmeasure([1, 1, 1, 1, 0], [0.9, 0.2, 0.2, 0.6, 0.1])
        0.6666666666666666
    """
    return fbeta_score(y_true, y_pred, 1)


fscore = f1score = fmeasure


def matthews_correlation(y_true: Any, y_pred: Any) -> float:
    """Returns Matthews's correlation of binary labels and predictions, from -1 to 1; 0 is chance.

    `(TP TN - FP FN) / sqrt((TP + FP) (TP + FN) (TN + FP) (TN + FN))`

    Args:
        y_true: Labels 0 or 1, [...].
        y_pred: Scores of the same shape, clipped and rounded as for `precision`.

    Returns:
        One float over all elements of the arrays; 0.0 where all labels or all predictions are of one class. For a
        stream, or for several classes, use `ConfusionMatrix.matthews_correlation`.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.matthews_correlation([1, 1, 0, 0], [0.9, 0.2, 0.1, 0.3])
        0.5773502691896258

    Differs from Keras 1: no epsilon, as for `precision`.

    Source: B. W. Matthews, Biochimica et Biophysica Acta 405 (1975), 442-451.
    """
    elements, true, predicted, both = _counts(y_true, y_pred)
    # Python's integers do not overflow.
    spread = true * (elements - true) * predicted * (elements - predicted)
    return float((both * elements - true * predicted) / spread**0.5) if spread else 0.0


def _counts(y_true: Any, y_pred: Any) -> tuple[int, int, int, int]:
    """Returns the number of elements, and how many labels, predictions, and both at once are positive."""
    true, predicted = aligned_pair(as_array(y_true, "y_true"), as_array(y_pred, "y_pred"))
    # What clipping to [0, 1] and rounding halves to even makes 1.
    true_positive, predicted_positive = true > 0.5, predicted > 0.5
    both = true_positive & predicted_positive
    true_count, predicted_count, hits = (
        int(np.count_nonzero(one)) for one in (true_positive, predicted_positive, both)
    )
    return true.size, true_count, predicted_count, hits


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else 0.0
