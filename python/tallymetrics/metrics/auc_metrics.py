"""Areas under curves over score thresholds."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tallymetrics.arguments import as_integer, as_number
from tallymetrics.inputs import Batch, Layouts
from tallymetrics.metrics.curves import (
    CURVES,
    SUMMATION_METHODS,
    area_under,
    average_precision,
    average_precision_interval,
    ranked_roc_interval,
)
from tallymetrics.metrics.native import Accumulator
from tallymetrics.metrics.score_table import ScoresOfTable, ScoreTable
from tallymetrics.metrics.threshold_metric import Floats, ThresholdMetric, even_thresholds, ratio

_EPSILON = 1e-7


def _choice(value: Any, name: str, choices: tuple[str, ...]) -> str:
    """One of the choices, for itself, its spelling in lower case or capitalised, or an enum of Keras."""
    given = getattr(value, "value", value)
    for choice in choices:
        if given in (choice, choice.lower(), choice.capitalize() if choice.islower() else choice):
            return choice
    raise ValueError(f"`{name}` must be one of {', '.join(choices)}. Received {value!r}.")


def _logit(probability: float) -> float:
    if not 0 < probability < 1:
        return -math.inf if probability <= 0 else math.inf
    return math.log(probability / (1 - probability))


class AUC(ThresholdMetric):
    """Area under the ROC or the precision-recall curve, from counts at thresholds.

    Args:
        num_thresholds: Number of thresholds, at least 2, evenly spaced over [0, 1]; default 200. None: no thresholds,
            see below.
        curve: `"ROC"` (recall over false positive rate), `"PR"` (precision over recall) or `"PRGAIN"` (their gains,
            Flach and Kull 2015).
        summation_method: `"interpolation"` is the trapezoidal rule, and for PR the integral of Davis and Goadrich;
            `"minoring"` and `"majoring"` take the lower and the higher end of each interval.
        name: Name of the metric, by default `"auc"`, numbered.
        dtype: What `result()` is rounded to, default float64.
        thresholds: Thresholds of your own in place of `num_thresholds`, in any order. One below and one above all
            scores are added to them.
        multi_label: If true, arrays are [rows, labels], and the result is the mean of the labels' areas.
        num_labels: Number of labels; by default the first batch tells. Only with `multi_label`.
        label_weights: Weights of the labels, [labels]: in the mean of areas with `multi_label`, else of the elements
            of each column of the last axis.
        from_logits: If true, scores are logits: they are compared with the logits of the thresholds.

    `update_state` takes labels and scores of one shape, [samples] or [samples, ...]. A label other than 0 is positive,
    NaN too; a NaN score is above no threshold. Every element counts, by its weight: weights of shape [samples] are
    those of all elements of a sample. With labels of one kind only the area under the ROC curve is 0.

    With `num_thresholds=None` the area is exact: that under the ROC curve is the share of pairs of a negative and a
    positive element of which the positive has the greater score, equal scores counting one half; `"PR"` is the average
    precision, the mean over positives of the precision at their scores. NaN ranks with -inf. Up to 262,144 (2^18)
    distinct scores are kept. Beyond, elements are counted in 647,173 bins, 4096 in each binade of the scores and of
    1 - scores, in constant memory; `result_interval()` gives bounds, about 4e-5 apart for smooth scores, and the
    result is their midpoint. Both depend on what was added, not on its order. `curve` is then ROC or PR,
    `summation_method` interpolation, and there are neither `multi_label` nor `label_weights`.

    Example:
        >>> from tallymetrics import metrics
        >>> auc = metrics.AUC(num_thresholds=3)
        >>> auc.update_state([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
        >>> auc.result()
        0.75
        >>> rare = metrics.AUC(num_thresholds=None)
        >>> rare.update_state([0, 0, 1, 1], [0.001, 0.0021, 0.002, 0.003])
        >>> rare.result(), rare.result_interval()
        (0.75, (0.75, 0.75))

    Differs from Keras: a score is a positive prediction at a threshold if it is greater, at every threshold, where
    Keras rounds scores if thresholds are evenly spaced; all numbers lie between the first and the last threshold, where
    Keras loses those outside [0, 1] if thresholds are uneven; counts do not stop growing at 2^24.
    """

    def __init__(
        self,
        num_thresholds: int | None = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        self._has_own_thresholds = thresholds is not None
        self._is_ranked = num_thresholds is None and thresholds is None
        interior = [] if self._is_ranked else self._interior(num_thresholds, thresholds)
        super().__init__([] if self._is_ranked else [-_EPSILON, *interior, 1 + _EPSILON], name, dtype)
        self.num_thresholds = len(self.thresholds) or None
        self.curve = _choice(curve, "curve", CURVES)
        self.summation_method = _choice(summation_method, "summation_method", SUMMATION_METHODS)
        self.multi_label = bool(multi_label)
        self.num_labels = None if num_labels is None else as_integer(num_labels, "num_labels", 0, 2**31 - 1)
        if self.num_labels and not self.multi_label:
            raise ValueError(f"`num_labels` must be None unless `multi_label` is true. Received {num_labels}.")
        self.label_weights = self._checked_label_weights(label_weights)
        self.from_logits = bool(from_logits)
        if self._is_ranked:
            self._rank_scores()
            return
        compared = [_logit(threshold) for threshold in interior] if self.from_logits else interior
        columns = self.num_labels or (None if self.label_weights is None else len(self.label_weights))
        self._least_bucket = 1
        by_column = self.multi_label or self.label_weights is not None
        self._count_at([-math.inf, *compared, math.inf], by_column, columns)
        self._add_count_views("true_positives", "false_positives", "true_negatives", "false_negatives")

    def _rank_scores(self) -> None:
        """Makes the state that keeps scores instead of comparing them with thresholds."""
        if self.curve == "PRGAIN" or self.summation_method != "interpolation":
            given = f"{self.curve}, {self.summation_method}"
            raise ValueError(f"`curve` must be ROC or PR, interpolated, without thresholds. Received {given}.")
        if self.multi_label or self.label_weights is not None:
            raise ValueError("`num_thresholds` must be a number with `multi_label` or `label_weights`. Received None.")
        table = ScoreTable("cells")
        self.scores = self._track(ScoresOfTable("scores", table))
        self.cells = self._track(table)
        self._tables.append(table)

    @property
    def repeatable(self) -> bool:
        return not self._is_ranked and super().repeatable

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        return self.cells.accumulators(batch) if isinstance(self.cells, ScoreTable) else super().accumulators(batch)

    @staticmethod
    def _interior(num_thresholds: int | None, thresholds: Sequence[float] | None) -> list[float]:
        if thresholds is not None:
            return sorted(float(as_number(threshold, "thresholds", -math.inf, math.inf)) for threshold in thresholds)
        steps = as_integer(num_thresholds, "num_thresholds", 2, 2**23) - 1
        return even_thresholds(steps)[1:-1]

    def _checked_label_weights(self, label_weights: Sequence[float] | None) -> list[float] | None:
        if label_weights is None:
            return None
        weights = [float(weight) for weight in np.ravel(np.asarray(label_weights))]
        if self.num_labels and len(weights) != self.num_labels:
            raise ValueError(f"`label_weights` must hold {self.num_labels} numbers. Received {len(weights)}.")
        return weights

    def layout(self, layouts: Layouts) -> Batch:
        if self.multi_label and max(layouts.y_pred.ndim, layouts.y_true.ndim) != 2:
            raise ValueError(f"`y_pred` must have shape [rows, labels]. Received shape {layouts.y_pred.shape}.")
        return super().layout(layouts)

    def _as_given(self, counts: Floats) -> Floats:
        counts = super()._as_given(counts)
        if self.multi_label or self.label_weights is None:
            return counts
        result: Floats = np.sum(counts * np.asarray(self.label_weights), axis=-1)
        return result

    def result(self) -> float:
        """Returns the area, with `multi_label` the mean of the labels' areas; 0.0 for an empty state."""
        value: float = self._as_result(self._ranked_area() if self._is_ranked else self._area())
        return value

    def _area(self) -> float:
        areas = area_under(self.curve, self.summation_method, self._all_counts())
        if areas.ndim == 0:
            return float(areas)
        weights = np.ones(len(areas)) if self.label_weights is None else np.asarray(self.label_weights)
        return float(ratio(np.sum(areas * weights), np.sum(weights)))

    def _ranked_counts(self) -> tuple[bool, Floats, Floats]:
        with self._lock:
            assert isinstance(self.cells, ScoreTable)
            is_binned, (negatives, positives) = self.cells.used_counts()
        return is_binned, negatives, positives

    def _ranked_area(self) -> float:
        low, high = self._ranked_interval()
        return (low + high) / 2

    def _ranked_interval(self) -> tuple[float, float]:
        is_binned, negatives, positives = self._ranked_counts()
        if is_binned:
            interval = average_precision_interval if self.curve == "PR" else ranked_roc_interval
            return interval(negatives, positives)
        if self.curve == "PR":
            area = average_precision(negatives, positives)
        else:
            area = sum(ranked_roc_interval(negatives, positives)) / 2
        return area, area

    def result_interval(self) -> tuple[float, float]:
        """Returns numbers between which the area without thresholds lies, for weights that are not negative.

        Both are the result while every distinct score is kept.

        Raises:
            ValueError: If the metric has thresholds.
        """
        if not self._is_ranked:
            raise ValueError(f"`num_thresholds` must be None for an interval. Received {self.num_thresholds}.")
        return self._ranked_interval()

    def get_config(self) -> dict[str, Any]:
        config = {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self.from_logits,
        }
        return {**config, "thresholds": self.thresholds[1:-1]} if self._has_own_thresholds else config

    def _merge_key(self) -> dict[str, Any]:
        return {key: value for key, value in super()._merge_key().items() if key not in ("curve", "summation_method")}
