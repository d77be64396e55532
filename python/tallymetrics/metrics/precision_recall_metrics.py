"""Precision and recall at score thresholds."""

from typing import Any

import numpy as np

from tallymetrics import _core
from tallymetrics.arguments import as_integer
from tallymetrics.inputs import Batch, Layouts
from tallymetrics.metrics.exact_sum import ExactSum
from tallymetrics.metrics.native import Accumulator
from tallymetrics.metrics.threshold_metric import Floats, ThresholdMetric, as_class_id, as_thresholds, ratio

# What Keras gives the scores that are not among the highest; its default threshold with `top_k`.
_LOWEST = -1e10
_AVERAGES = (None, "micro", "macro", "weighted", "samples", "none")


class _RightAmong(ThresholdMetric):
    """True positives over those and the elements of another kind."""

    _others: str
    _row_value: int

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        average: str | None = None,
    ) -> None:
        super().__init__(as_thresholds(thresholds, 0.5 if top_k is None else _LOWEST), name, dtype)
        if average not in _AVERAGES:
            raise ValueError(f"`average` must be one of {', '.join(map(str, _AVERAGES))}. Received {average!r}.")
        self.init_thresholds = thresholds
        self.top_k = None if top_k is None else as_integer(top_k, "top_k", 1, 2**31 - 1)
        self.class_id = as_class_id(class_id)
        self.average = average
        by_class = average in ("macro", "weighted", "none")
        if by_class and class_id is not None:
            raise ValueError(f"`class_id` must be None where `average` is {average!r}. Received {class_id}.")
        self._means: list[tuple[ExactSum, ExactSum]] = []
        if average == "samples":
            if class_id is not None or top_k is not None:
                raise ValueError('`class_id` and `top_k` must be None where `average` is "samples".')
            for number in range(len(self.thresholds)):
                self._means.append((self._exact_sum(f"total_{number}"), self._exact_sum(f"count_{number}")))
            return
        self._count_at(self.thresholds, by_class)
        self._add_count_views("true_positives", self._others)

    def layout(self, layouts: Layouts) -> Batch:
        if not self._means:
            return super().layout(layouts)
        if max(layouts.y_pred.ndim, layouts.y_true.ndim) < 2:
            raise ValueError(f"`y_pred` must have shape [rows, classes]. Received shape {layouts.y_pred.shape}.")
        return layouts.paired()

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        if not self._means:
            return super().accumulators(batch)
        is_single = batch.y_pred.dtype.kind == "f" and batch.y_pred.itemsize <= 4
        numbers = [float(np.float32(one)) if is_single else one for one in self.thresholds]
        return [
            (_core.MEAN, total.words, count.words, self._row_value, number, False, None, None)
            for (total, count), number in zip(self._means, numbers, strict=True)
        ]

    def result(self) -> Any:
        """Returns the ratio, a float for one threshold, else float64 [thresholds]; 0.0 for an empty state.

        With `average="none"` the array has a last axis of classes, empty for an empty state.
        """
        if self._means:
            with self._lock:
                means = [total.divided_by(count.integer()) for total, count in self._means]
            return self._scalar_or_vector(np.asarray(means))
        counts = self._all_counts()
        right = counts.true_positives
        ratios = ratio(right, right + getattr(counts, self._others))
        if self.average == "none":
            return self._as_result(ratios[0] if len(self.thresholds) == 1 else ratios)
        if self._by_column:
            ratios = self._averaged(ratios, right + counts.false_negatives)
        return self._scalar_or_vector(ratios)

    def _averaged(self, ratios: Floats, support: Floats) -> Floats:
        weights = support if self.average == "weighted" else np.ones_like(support)
        return ratio(np.sum(ratios * weights, axis=-1), np.sum(weights, axis=-1))

    def get_config(self) -> dict[str, Any]:
        thresholds = self._given_thresholds(self.init_thresholds)
        config = {**super().get_config(), "thresholds": thresholds, "top_k": self.top_k, "class_id": self.class_id}
        return config if self.average is None else {**config, "average": self.average}


class Precision(_RightAmong):
    """Share of positive predictions that are right: `TP / (TP + FP)`.

    Args:
        thresholds: A number in [0, 1] or a list of them, in any order; default 0.5, or with `top_k` none. A score is
            a positive prediction if it is greater. Taken in float32 where the scores are float16 or float32.
        top_k: Only the `top_k` highest scores of a row (last axis) can be positive predictions; of equal scores the
            first. Arrays of rank 1 are one row. A NaN takes a place and is no positive prediction.
        class_id: Column of the last axis to count alone, by default all.
        name: Name of the metric, by default `"precision"`, numbered.
        dtype: What `result()` is rounded to, default float64.
        average: None or `"micro"`: over all elements. Else over the classes of the last axis, each with a precision of
            its own: `"macro"` is their mean, `"weighted"` their mean by the weight of their positive labels, and
            `"none"` all of them. `"samples"`: the mean over rows (last axis) of the precision of each.

    `update_state` takes labels and scores of one shape, [samples] or [..., classes]. A label other than 0 is positive,
    NaN too; a NaN score predicts negative. Every element counts, by its weight: weights of shape [samples] are those
    of all elements of a sample. Without a positive prediction the precision is 0.

    Example:
        >>> from tallymetrics import metrics
        >>> precision = metrics.Precision()
        >>> precision.update_state([0, 1, 1, 1], [1, 0, 1, 1])
        >>> round(precision.result(), 6)
        0.666667
        >>> macro = metrics.Precision(average="macro")
        >>> macro.update_state([[1, 0], [0, 1]], [[0.9, 0.8], [0.2, 0.7]])
        >>> macro.result()
        0.75

    Differs from Keras: counts do not stop growing at 2^24; a score is compared with every threshold as it is, where
    Keras clips scores to [0, 1] and rounds them if thresholds are evenly spaced; `average` is new.
    """

    _others = "false_positives"
    _row_value = _core.ROW_PRECISION


class Recall(_RightAmong):
    """Share of positive labels that are predicted: `TP / (TP + FN)`.

    Args:
        thresholds: A number in [0, 1] or a list of them, in any order; default 0.5, or with `top_k` none. A score is
            a positive prediction if it is greater. Taken in float32 where the scores are float16 or float32.
        top_k: Only the `top_k` highest scores of a row (last axis) can be positive predictions; of equal scores the
            first. Arrays of rank 1 are one row. A NaN takes a place and is no positive prediction.
        class_id: Column of the last axis to count alone, by default all.
        name: Name of the metric, by default `"recall"`, numbered.
        dtype: What `result()` is rounded to, default float64.
        average: None or `"micro"`: over all elements. Else over the classes of the last axis, each with a recall of
            its own: `"macro"` is their mean, `"weighted"` their mean by the weight of their positive labels, and
            `"none"` all of them. `"samples"`: the mean over rows (last axis) of the recall of each.

    `update_state` takes labels, scores and weights as `Precision` does. Without a positive label the recall is 0.

    Example:
        >>> from tallymetrics import metrics
        >>> recall = metrics.Recall()
        >>> recall.update_state([0, 1, 1, 1], [1, 0, 1, 1])
        >>> round(recall.result(), 6)
        0.666667

    Differs from Keras: as `Precision` does.
    """

    _others = "false_negatives"
    _row_value = _core.ROW_RECALL
