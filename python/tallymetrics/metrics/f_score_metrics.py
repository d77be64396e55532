"""F-scores of multi-class and multi-label predictions, the twins of keras.metrics.f_score_metrics."""

import functools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.inputs import Batch
from tallymetrics.metrics.column_metric import ColumnMetric
from tallymetrics.metrics.exact_sums import exact_total
from tallymetrics.metrics.native import Accumulator

_AVERAGES = (None, "micro", "macro", "weighted")
_HITS, _FALSE_ALARMS, _MISSES = range(3)


class FBetaScore(ColumnMetric):
    """F-beta score of each class, or its average over classes.

    `(1 + beta**2) * tp / ((1 + beta**2) * tp + beta**2 * fn + fp)`, the harmonic mean of precision and recall with
    recall `beta` times as important.

    Args:
        average: None for the score of each class, `"micro"` for one score from the counts of all classes, `"macro"` for
            the mean of the classes' scores, `"weighted"` for their mean weighted by the true entries of each class.
        beta: Weight of recall against precision, a positive Python float, default 1.0.
        threshold: A Python float in (0, 1]: entries of `y_pred` above it are predicted. By default (None) the entries
            that equal the maximum of their row are, all of them where several do, unless that maximum is 0
            (magnitude at most 1e-9).
        name: Name of the metric, default `"fbeta_score"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes labels and scores of one shape [rows, classes]; labels are 0 or 1, or soft: 0.5 counts half on
    each side. Weights are a scalar, [rows], [rows, 1] or, for each entry, [rows, classes]. A row with a NaN score
    predicts nothing by maximum, and a NaN score is not above a threshold; a NaN label makes its class NaN.

    Example:
        >>> from tallymetrics import metrics
        >>> score = metrics.FBetaScore(beta=2.0, threshold=0.5)
        >>> score.update_state([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0]])
        >>> score.result().round(4)
        array([0.3846, 0.9091, 0.8333])

    Differs from Keras: a perfect score is 1.0, where the 1e-7 that Keras adds to denominators gives 0.9999998; 0/0 is 0
    in both. Before the first batch `result()` is 0.0, or an empty array, in place of an error. Weights may also be
    scalars or have two axes. Rows under a false `_keras_mask` weigh nothing.
    """

    _column = "classes"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, dtype, sums=3)
        if average not in _AVERAGES:
            raise ValueError(f'`average` must be "micro", "macro", "weighted" or None. Received {average!r}.')
        if not isinstance(beta, float) or not 0 < beta < math.inf:
            raise ValueError(f"`beta` must be a positive Python float. Received {beta!r}.")
        if threshold is not None and (not isinstance(threshold, float) or not 0 < threshold <= 1):
            raise ValueError(f"`threshold` must be None or a Python float in (0, 1]. Received {threshold!r}.")
        self.average = average
        self.beta = beta
        self.threshold = threshold
        self.true_positives = self._add_view("true_positives", functools.partial(self._counts, _HITS))
        self.false_positives = self._add_view("false_positives", functools.partial(self._counts, _FALSE_ALARMS))
        self.false_negatives = self._add_view("false_negatives", functools.partial(self._counts, _MISSES))
        self.intermediate_weights = self._add_view("intermediate_weights", self._truths)

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        return [(_core.CLASS_COUNTS, self._words_for(batch), self.threshold)]

    def _sums_of_all(self) -> npt.NDArray[np.float64]:
        """The three sums of each class, [3, classes], or of all classes together, [3]."""
        with self._lock:
            return self._sums.over_columns() if self.average == "micro" else self._sums.value

    def _counts(self, number: int) -> npt.NDArray[np.float64]:
        counts: npt.NDArray[np.float64] = self._sums_of_all()[number]
        return counts

    def _truths(self) -> npt.NDArray[np.float64]:
        hits, _, misses = self._sums_of_all()
        truths: npt.NDArray[np.float64] = hits + misses
        return truths

    def result(self) -> Any:
        """Returns the score, a float, or of each class, float64 [classes], where `average` is None.

        A class that is neither true nor predicted has 0.0.
        """
        hits, false_alarms, misses = self._sums_of_all()
        square = self.beta**2
        numerator = (1 + square) * hits
        denominator = numerator + square * misses + false_alarms
        with np.errstate(invalid="ignore"):
            scores = np.divide(numerator, denominator, out=np.zeros(np.shape(hits)), where=denominator != 0)
        if self.average is None:
            return self._as_result(scores)
        return self._as_result(self._averaged(scores, hits + misses))

    def _averaged(self, scores: npt.NDArray[np.float64], truths: npt.NDArray[np.float64]) -> float:
        if self.average == "micro":
            return float(scores)
        weights = truths if self.average == "weighted" else np.ones(len(scores))
        total = exact_total(weights)
        return exact_total(weights * scores) / total if total else 0.0

    def get_config(self) -> dict[str, Any]:
        own = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **own}

    def _merge_key(self) -> dict[str, Any]:
        return {"threshold": self.threshold}


class F1Score(FBetaScore):
    """F1 score of each class, or its average over classes: the harmonic mean of precision and recall.

    `2 tp / (2 tp + fn + fp)`.

    Args:
        average: As for `FBetaScore`: None (default), `"micro"`, `"macro"` or `"weighted"`.
        threshold: As for `FBetaScore`: a Python float in (0, 1], or None (default) for the maxima of each row.
        name: Name of the metric, default `"f1_score"`.
        dtype: What `result()` is rounded to, default float64.

    Example:
        >>> from tallymetrics import metrics
        >>> score = metrics.F1Score(threshold=0.5)
        >>> score.update_state([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0]])
        >>> score.result().round(4)
        array([0.5   , 0.8   , 0.6667])

    Differs from Keras: as `FBetaScore` explains.
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["beta"]
        return config
