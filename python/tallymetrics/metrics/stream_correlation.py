"""Correlations over all elements of a stream."""

import math
from typing import Any

from tallymetrics import _core
from tallymetrics.inputs import Batch, Layouts
from tallymetrics.metrics.native import Accumulator, NativeMetric
from tallymetrics.metrics.r2_metrics import quotient

_RATIO_BITS = 64


class _StreamCorrelation(NativeMetric):
    """Exact sums of weights, labels, predictions and their products over all elements."""

    def __init__(self, name: str | None, dtype: Any) -> None:
        super().__init__(dtype, name)
        self._sums = self._exact_sums(6, "sums", additions_per_row=4)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.elements()

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        return [(_core.MOMENTS, self._sums.words_for(1, len(batch.y_pred)), None, True)]

    def _moments(self) -> tuple[int, int, int, int] | None:
        """Returns the spreads of labels and of predictions, their joint spread and the difference of their means, each
        times the sum of weights; None without elements, or with one that is not finite."""
        with self._lock:
            if not self._sums.width or not self._sums.is_finite(0):
                return None
            count, x, y, xx, yy, xy = (self._sums.integer(number, 0) for number in range(6))
        return count * xx - x * x, count * yy - y * y, count * xy - x * y, x - y


class StreamPearsonCorrelation(_StreamCorrelation):
    """Pearson correlation of all labels with all predictions, over every batch.

    `cov(y_true, y_pred) / (std(y_true) * std(y_pred))`, from exact weighted sums, so that the cut into batches, their
    order and the values' distance from 0 change nothing.

    Args:
        name: Name of the metric, default `"stream_pearson_correlation"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes two arrays of one shape, each element a sample; weights broadcast from the left. The result is
    NaN where labels or predictions are all equal, where one is not finite, and without samples.

    Example:
        >>> from tallymetrics import metrics
        >>> correlation = metrics.StreamPearsonCorrelation()
        >>> correlation.update_state([1, 2], [2, 4])
        >>> correlation.update_state([3, 4], [3, 6])
        >>> round(correlation.result(), 7)
        0.8315218
    """

    def __init__(self, name: str | None = "stream_pearson_correlation", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def result(self) -> float:
        """Returns the correlation in [-1, 1], or NaN."""
        moments = self._moments()
        if moments is None or moments[0] <= 0 or moments[1] <= 0:
            return math.nan
        x, y, joint, _ = moments
        # The square root of an integer ratio of at least 64 significant bits.
        shift = max(0, (x * y).bit_length() - (joint * joint).bit_length()) // 2 + _RATIO_BITS
        root = math.isqrt((joint * joint << (2 * shift)) // (x * y))
        value: float = self._as_result(quotient(root if joint > 0 else -root, 1 << shift))
        return value


class StreamConcordanceCorrelation(_StreamCorrelation):
    """Concordance correlation of all labels with all predictions, over every batch.

    `2 cov(y_true, y_pred) / (var(y_true) + var(y_pred) + (mean(y_true) - mean(y_pred))**2)`, from exact weighted sums.

    Args:
        name: Name of the metric, default `"stream_concordance_correlation"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes what that of `StreamPearsonCorrelation` takes. The result is NaN where labels and predictions
    are all one number, where one is not finite, and without samples.

    Example:
        >>> from tallymetrics import metrics
        >>> correlation = metrics.StreamConcordanceCorrelation()
        >>> correlation.update_state([1, 2, 3, 4], [2, 4, 3, 6])
        >>> round(correlation.result(), 7)
        0.55

    Source: Lin, "A concordance correlation coefficient to evaluate reproducibility", Biometrics 45 (1989).
    """

    def __init__(self, name: str | None = "stream_concordance_correlation", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def result(self) -> float:
        """Returns the correlation in [-1, 1], or NaN."""
        moments = self._moments()
        if moments is None:
            return math.nan
        x, y, joint, shift = moments
        value: float = self._as_result(quotient(2 * joint, x + y + shift * shift))
        return value
