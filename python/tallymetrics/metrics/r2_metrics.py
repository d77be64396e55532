"""The coefficient of determination, a twin of keras.metrics.regression_metrics."""

import functools
import math
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.arguments import as_integer
from tallymetrics.inputs import Batch, Layouts
from tallymetrics.metrics.column_metric import ColumnMetric, columns_batch
from tallymetrics.metrics.exact_sum import UNIT_BITS
from tallymetrics.metrics.exact_sums import exact_total
from tallymetrics.metrics.native import Accumulator

_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")
_COUNT, _SUM, _SQUARED_SUM, _RESIDUAL = range(4)


def quotient(numerator: int, denominator: int) -> float:
    """Returns numerator / denominator rounded once; infinite where that is too large, NaN for 0 / 0."""
    if denominator == 0:
        return math.nan if numerator == 0 else math.inf if numerator > 0 else -math.inf
    try:
        return numerator / denominator
    except OverflowError:
        return math.inf if (numerator > 0) == (denominator > 0) else -math.inf


class R2Score(ColumnMetric):
    """Coefficient of determination: the share of the labels' variance that the predictions explain.

    `1 - sum((y_true - y_pred)**2) / sum((y_true - mean(y_true))**2)` for each output, all sums weighted. With
    `num_regressors` = p > 0 and n samples, it is adjusted: `1 - (1 - R2) * (n - 1) / (n - p - 1)`.

    Args:
        class_aggregation: `"uniform_average"` (default) for the mean over outputs, `"variance_weighted_average"` for
            their mean weighted by the variance of the labels, or None for each output.
        num_regressors: Number of independent variables that the predictions were made from; default 0, not adjusted.
        name: Name of the metric, default `"r2_score"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes labels and predictions [rows, outputs], read as float64; one side may be [rows] where the other
    is [rows, 1]. Weights are a scalar, [rows], [rows, 1] or [rows, outputs]. Values between 1e-130 and 1e150 in
    magnitude enter all sums without rounding, so that the variance is exact whatever the labels' mean and whatever the
    order and the cut of batches; only a row's own squared error is rounded. NaN or infinite values make their output
    NaN.

    Example:
        >>> from tallymetrics import metrics
        >>> score = metrics.R2Score()
        >>> score.update_state([[1], [4], [3]], [[2], [4], [4]])
        >>> round(score.result(), 7)
        0.5714286
        >>> score = metrics.R2Score()
        >>> score.update_state([[1e8 + 1], [1e8 + 4], [1e8 + 3]], [[1e8 + 2], [1e8 + 4], [1e8 + 4]])
        >>> round(score.result(), 7)
        0.5714286

    As in Keras, labels that are all equal give 0.0, or NaN where they are predicted exactly, and fewer than p + 2
    samples give a warning and the score unadjusted. Without samples the result is NaN.

    Differs from Keras: labels far from 0 lose nothing, where Keras's float32 sums of squares do: 1,000,000 labels of
    mean 10,000 and deviation 1 give 0.0 there, exactly 0.750339. The adjustment counts rows of non-zero weight, where
    Keras 3.15.1 counts rows times outputs. Rows under a false `_keras_mask` weigh nothing.
    """

    _column = "outputs"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        # A product of a weight and two labels is four doubles.
        super().__init__(name, dtype, sums=4, additions_per_row=4)
        if class_aggregation not in _AGGREGATIONS:
            raise ValueError(
                '`class_aggregation` must be "uniform_average", "variance_weighted_average" or None. '
                f"Received {class_aggregation!r}."
            )
        self.class_aggregation = class_aggregation
        self.num_regressors = as_integer(num_regressors, "num_regressors", 0, 2**31 - 1)
        self._samples = self._exact_sum("samples")
        self.num_samples = self._add_view("num_samples", self._sample_count)
        self.squared_sum = self._add_view("squared_sum", functools.partial(self._sum, _SQUARED_SUM))
        self.sum = self._add_view("sum", functools.partial(self._sum, _SUM))
        self.total_mse = self._add_view("residual", functools.partial(self._sum, _RESIDUAL))
        self.count = self._add_view("count", functools.partial(self._sum, _COUNT))

    def layout(self, layouts: Layouts) -> Batch:
        if {layouts.y_true.ndim, layouts.y_pred.ndim} == {1, 2}:
            y_true, y_pred = (one[:, np.newaxis] if one.ndim == 1 else one for one in (layouts.y_true, layouts.y_pred))
            raw_pred, layouts = layouts._raw_pred, Layouts(y_true, y_pred, layouts._sample_weight)
            layouts._raw_pred = raw_pred
        return columns_batch(layouts, self._column)

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        return [(_core.MOMENTS, self._words_for(batch), self._samples.words, False)]

    def _sample_count(self) -> float:
        with self._lock:
            return float(self._samples)

    def _score_of(self, column: int) -> tuple[float, float]:
        """The score of an output, and the sum of squares of its labels about their mean."""
        if not self._sums.is_finite(column):
            return math.nan, math.nan
        count, total, squares, residual = (self._sums.integer(number, column) for number in range(4))
        # All in units of 2^-1088 for each factor: (count * squares - total**2) / count is the sum about the mean.
        spread = count * squares - total * total
        if spread == 0:
            return (math.nan if residual == 0 else 0.0), 0.0
        return quotient(spread - residual * count, spread), quotient(spread, count << UNIT_BITS)

    def _scores(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], int]:
        with self._lock:
            columns = [self._score_of(column) for column in range(self._sums.width)]
            samples = int(float(self._samples))
        scores, spreads = np.array(columns, np.float64).reshape(-1, 2).T
        return scores, spreads, samples

    def result(self) -> Any:
        """Returns the score, a float, or of each output, float64 [outputs], where `class_aggregation` is None."""
        scores, spreads, samples = self._scores()
        score: Any = scores
        if self.class_aggregation == "uniform_average":
            score = exact_total(scores) / len(scores) if len(scores) else math.nan
        elif self.class_aggregation == "variance_weighted_average":
            total = exact_total(spreads)
            score = exact_total(spreads * scores) / total if total else math.nan
        return self._as_result(self._adjusted(score, samples))

    def _adjusted(self, score: Any, samples: int) -> Any:
        if not self.num_regressors or not samples:
            return score
        freedom = samples - self.num_regressors - 1
        if freedom > 0:
            return 1.0 - (1.0 - score) * (samples - 1) / freedom
        warnings.warn(
            f"`num_regressors` must be less than the number of samples - 1, {samples - 1}, to adjust R2. "
            f"Received {self.num_regressors}; the score is not adjusted.",
            stacklevel=3,
        )
        return score

    def get_config(self) -> dict[str, Any]:
        own = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **own}

    def _merge_key(self) -> dict[str, Any]:
        return {}
