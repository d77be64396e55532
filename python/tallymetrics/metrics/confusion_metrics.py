"""Counts and ratios at score thresholds, the twins of keras.metrics.confusion_metrics."""

from typing import Any

from tallymetrics.arguments import as_integer, as_number
from tallymetrics.metrics.auc_metrics import AUC
from tallymetrics.metrics.precision_recall_metrics import Precision, Recall
from tallymetrics.metrics.threshold_metric import Floats, ThresholdMetric, as_class_id, as_thresholds, even_thresholds

__all__ = [
    "AUC",
    "FalseNegatives",
    "FalsePositives",
    "Precision",
    "PrecisionAtRecall",
    "Recall",
    "RecallAtPrecision",
    "SensitivityAtSpecificity",
    "SpecificityAtSensitivity",
    "TrueNegatives",
    "TruePositives",
]


class _Count(ThresholdMetric):
    """Number, or sum of weights, of elements of one kind at each threshold."""

    _kind: str

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(as_thresholds(thresholds, 0.5), name, dtype)
        self.init_thresholds = thresholds
        self._count_at(self.thresholds)
        self.accumulator = self._add_view("accumulator", self._accumulator)

    def _accumulator(self) -> Floats:
        return self._counts(self._kind)

    def result(self) -> Any:
        """Returns the count, a float for one threshold, else float64 [thresholds]; 0 for an empty state."""
        return self._scalar_or_vector(self._accumulator())

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self._given_thresholds(self.init_thresholds)}


class TruePositives(_Count):
    """Number of positive elements that are predicted positive: `sum(y_true & (y_pred > threshold))`.

    Args:
        thresholds: A number in [0, 1] or a list of them, in any order; default 0.5. A score is a positive prediction
            if it is greater. Taken in float32 where the scores are float16 or float32.
        name: Name of the metric, by default `"true_positives"`, numbered.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes labels and scores of one shape, [samples] or [samples, ...]. A label other than 0 is positive,
    NaN too; a NaN score predicts negative. Every element counts, by its weight: weights of shape [samples] are those
    of all elements of a sample.

    Example:
        >>> from tallymetrics import metrics
        >>> count = metrics.TruePositives()
        >>> count.update_state([0, 1, 1, 1], [1, 0, 1, 1])
        >>> count.result()
        2.0

    Differs from Keras: counts do not stop growing at 2^24, and a score is compared with every threshold as it is:
    Keras clips scores to [0, 1] and rounds them where thresholds are evenly spaced.
    """

    _kind = "true_positives"


class FalsePositives(_Count):
    """Number of negative elements that are predicted positive: `sum(~y_true & (y_pred > threshold))`.

    Args:
        thresholds: A number in [0, 1] or a list of them, in any order; default 0.5. A score is a positive prediction
            if it is greater.
        name: Name of the metric, by default `"false_positives"`, numbered.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes labels, scores and weights as `TruePositives` does.

    Example:
        >>> from tallymetrics import metrics
        >>> count = metrics.FalsePositives()
        >>> count.update_state([0, 1, 0, 0], [0, 0, 1, 1])
        >>> count.result()
        2.0

    Differs from Keras: as `TruePositives` does.
    """

    _kind = "false_positives"


class FalseNegatives(_Count):
    """Number of positive elements that are predicted negative: `sum(y_true & ~(y_pred > threshold))`.

    Args:
        thresholds: A number in [0, 1] or a list of them, in any order; default 0.5. A score is a positive prediction
            if it is greater.
        name: Name of the metric, by default `"false_negatives"`, numbered.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes labels, scores and weights as `TruePositives` does.

    Example:
        >>> from tallymetrics import metrics
        >>> count = metrics.FalseNegatives()
        >>> count.update_state([0, 1, 1, 1], [0, 1, 0, 0])
        >>> count.result()
        2.0

    Differs from Keras: as `TruePositives` does.
    """

    _kind = "false_negatives"


class TrueNegatives(_Count):
    """Number of negative elements that are predicted negative: `sum(~y_true & ~(y_pred > threshold))`.

    Args:
        thresholds: A number in [0, 1] or a list of them, in any order; default 0.5. A score is a positive prediction
            if it is greater.
        name: Name of the metric, by default `"true_negatives"`, numbered.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes labels, scores and weights as `TruePositives` does.

    Example:
        >>> from tallymetrics import metrics
        >>> count = metrics.TrueNegatives()
        >>> count.update_state([0, 1, 0, 0], [1, 1, 0, 0])
        >>> count.result()
        2.0

    Differs from Keras: as `TruePositives` does.
    """

    _kind = "true_negatives"


class _BestUnderConstraint(ThresholdMetric):
    """The greatest value of one ratio over the thresholds at which another is at least `value`."""

    _argument: str
    _constrained: str
    _dependent: str

    def __init__(self, value: Any, num_thresholds: int, class_id: int | None, name: str | None, dtype: Any) -> None:
        self.value = as_number(value, self._argument, 0, 1)
        self.num_thresholds = as_integer(num_thresholds, "num_thresholds", 1, 2**23)
        steps = self.num_thresholds - 1
        super().__init__(even_thresholds(steps) if steps else [0.5], name, dtype)
        self.class_id = as_class_id(class_id)
        self._count_at(self.thresholds)
        self._add_count_views("true_positives", "false_positives", "true_negatives", "false_negatives")

    def result(self) -> float:
        """Returns the greatest value under the constraint; 0.0 where no threshold meets it, or for an empty state."""
        counts = self._all_counts()
        feasible = counts.ratio(self._constrained) >= self.value
        best = max(0.0, *(counts.ratio(self._dependent)[feasible].tolist() or [0.0]))
        value: float = self._as_result(best)
        return value

    def get_config(self) -> dict[str, Any]:
        config = {"num_thresholds": self.num_thresholds, self._argument: self.value, "class_id": self.class_id}
        return {**super().get_config(), **config}


class SensitivityAtSpecificity(_BestUnderConstraint):
    """Highest sensitivity `TP / (TP + FN)` over thresholds at which specificity `TN / (TN + FP)` is high enough.

    Args:
        specificity: Least specificity, in [0, 1].
        num_thresholds: Number of thresholds, evenly spaced over [0, 1], both ends among them; 1 means 0.5. Default 200.
        class_id: Column of the last axis to count alone, by default all.
        name: Name of the metric, by default `"sensitivity_at_specificity"`, numbered.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes labels, scores and weights as `TruePositives` does; [..., classes] with `class_id`.

    Example:
        >>> from tallymetrics import metrics
        >>> metric = metrics.SensitivityAtSpecificity(0.5)
        >>> metric.update_state([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
        >>> metric.result()
        0.5

    Differs from Keras: as `TruePositives` does.
    """

    _argument, _constrained, _dependent = "specificity", "specificity", "sensitivity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)
        self.specificity = self.value


class SpecificityAtSensitivity(_BestUnderConstraint):
    """Highest specificity `TN / (TN + FP)` over thresholds at which sensitivity `TP / (TP + FN)` is high enough.

    Args:
        sensitivity: Least sensitivity, in [0, 1].
        num_thresholds: Number of thresholds, evenly spaced over [0, 1], both ends among them; 1 means 0.5. Default 200.
        class_id: Column of the last axis to count alone, by default all.
        name: Name of the metric, by default `"specificity_at_sensitivity"`, numbered.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes labels, scores and weights as `TruePositives` does; [..., classes] with `class_id`.

    Example:
        >>> from tallymetrics import metrics
        >>> metric = metrics.SpecificityAtSensitivity(0.5)
        >>> metric.update_state([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
        >>> round(metric.result(), 6)
        0.666667

    Differs from Keras: as `TruePositives` does.
    """

    _argument, _constrained, _dependent = "sensitivity", "sensitivity", "specificity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)
        self.sensitivity = self.value


class PrecisionAtRecall(_BestUnderConstraint):
    """Highest precision `TP / (TP + FP)` over thresholds at which recall `TP / (TP + FN)` is high enough.

    Args:
        recall: Least recall, in [0, 1].
        num_thresholds: Number of thresholds, evenly spaced over [0, 1], both ends among them; 1 means 0.5. Default 200.
        class_id: Column of the last axis to count alone, by default all.
        name: Name of the metric, by default `"precision_at_recall"`, numbered.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes labels, scores and weights as `TruePositives` does; [..., classes] with `class_id`.

    Example:
        >>> from tallymetrics import metrics
        >>> metric = metrics.PrecisionAtRecall(0.5)
        >>> metric.update_state([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
        >>> metric.result()
        0.5

    Differs from Keras: as `TruePositives` does.
    """

    _argument, _constrained, _dependent = "recall", "sensitivity", "precision"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)
        self.recall = self.value


class RecallAtPrecision(_BestUnderConstraint):
    """Highest recall `TP / (TP + FN)` over thresholds at which precision `TP / (TP + FP)` is high enough.

    Args:
        precision: Least precision, in [0, 1].
        num_thresholds: Number of thresholds, evenly spaced over [0, 1], both ends among them; 1 means 0.5. Default 200.
        class_id: Column of the last axis to count alone, by default all.
        name: Name of the metric, by default `"recall_at_precision"`, numbered.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes labels, scores and weights as `TruePositives` does; [..., classes] with `class_id`.

    Example:
        >>> from tallymetrics import metrics
        >>> metric = metrics.RecallAtPrecision(0.8)
        >>> metric.update_state([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
        >>> metric.result()
        0.5

    Differs from Keras: as `TruePositives` does.
    """

    _argument, _constrained, _dependent = "precision", "precision", "sensitivity"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)
        self.precision = self.value
