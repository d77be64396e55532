"""Losses of probabilities, the twins of keras.metrics.probabilistic_metrics."""

from collections.abc import Sequence
from typing import Any

from tallymetrics import _core
from tallymetrics.arguments import as_integer, as_number
from tallymetrics.inputs import Batch, Layouts
from tallymetrics.metrics.ignored_labels import as_labels, ignored_labels
from tallymetrics.metrics.native import Accumulator, MeanOfRows


class SparseCategoricalCrossentropy(MeanOfRows):
    """Mean cross-entropy, in nats, between labels and class probabilities or logits.

    `-log(p[label])`: probabilities are divided by their row's sum and clipped to [1e-7, 1 - 1e-7], as Keras does;
    from logits it is `logsumexp(scores) - scores[label]`, without clipping.

    Args:
        name: Name of the metric, default `"sparse_categorical_crossentropy"`.
        dtype: What `result()` is rounded to, default float64.
        from_logits: Whether scores are logits in place of probabilities.
        ignore_class: Rows with this label, or with one of a list of labels, take no part; they need not lie in
            [0, classes).
        axis: The class axis of the scores, default the last.

    `update_state` takes labels in [0, classes), [...] or [..., 1], and scores [..., classes].

    Example:
        >>> from tallymetrics import metrics
        >>> crossentropy = metrics.SparseCategoricalCrossentropy()
        >>> crossentropy.update_state([1, 2], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]])
        >>> round(crossentropy.result(), 7)
        1.1769392

    Differs from Keras: ignored rows leave the denominator too, with or without weights; a label outside
    [0, classes) is an error; float64 scores are computed in float64.
    """

    _value = _core.SPARSE_CROSSENTROPY

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | Sequence[int] | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = bool(from_logits)
        self.ignore_class = as_labels(ignore_class, "ignore_class")
        self.axis = as_integer(axis, "axis", -64, 64)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.along(self.axis).sparse()

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        return [self._mean(from_logits=self.from_logits, ignored=ignored_labels(self.ignore_class))]

    def get_config(self) -> dict[str, Any]:
        own = {"from_logits": self.from_logits, "ignore_class": self.ignore_class, "axis": self.axis}
        return {**super().get_config(), **own}


class CategoricalCrossentropy(MeanOfRows):
    """Mean cross-entropy, in nats, between target rows and class probabilities or logits.

    `-sum(target * log p)` with `target = y_true * (1 - label_smoothing) + label_smoothing / classes`; probabilities
    are divided by their row's sum and clipped to [1e-7, 1 - 1e-7], as Keras does; from logits,
    `log p = scores - logsumexp(scores)`, without clipping. A target of 0 adds 0 whatever its probability.

    Args:
        name: Name of the metric, default `"categorical_crossentropy"`.
        dtype: What `result()` is rounded to, default float64.
        from_logits: Whether scores are logits in place of probabilities.
        label_smoothing: Share of each target that is spread over all classes, in [0, 1], default 0.
        axis: The class axis, default the last.

    `update_state` takes targets and scores of one shape [..., classes].

    Example:
        >>> from tallymetrics import metrics
        >>> crossentropy = metrics.CategoricalCrossentropy()
        >>> crossentropy.update_state([[0, 1, 0], [0, 0, 1]], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]])
        >>> round(crossentropy.result(), 7)
        1.1769392
    """

    _value = _core.CROSSENTROPY

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = bool(from_logits)
        self.label_smoothing = as_number(label_smoothing, "label_smoothing", 0, 1)
        self.axis = as_integer(axis, "axis", -64, 64)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.along(self.axis).dense("classes")

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        return [self._mean(self.label_smoothing, self.from_logits)]

    def get_config(self) -> dict[str, Any]:
        own = {"from_logits": self.from_logits, "label_smoothing": self.label_smoothing, "axis": self.axis}
        return {**super().get_config(), **own}


class BinaryCrossentropy(MeanOfRows):
    """Mean cross-entropy, in nats, between binary labels and probabilities or logits.

    `-mean(target * log(p) + (1 - target) * log(1 - p))` over the last axis, then over samples, with
    `target = y_true * (1 - label_smoothing) + label_smoothing / 2` and probabilities clipped to [1e-7, 1 - 1e-7]; from
    logits, `max(x, 0) - x * target + log(1 + exp(-abs(x)))`, without clipping.

    Args:
        name: Name of the metric, default `"binary_crossentropy"`.
        dtype: What `result()` is rounded to, default float64.
        from_logits: Whether scores are logits in place of probabilities.
        label_smoothing: Share of each label that is moved to 1/2, in [0, 1], default 0.

    `update_state` takes labels in [0, 1] and scores of one shape, [samples] or [samples, ..., outputs]; weights
    broadcast to the samples. A NaN gives NaN.

    Example:
        >>> from tallymetrics import metrics
        >>> crossentropy = metrics.BinaryCrossentropy()
        >>> crossentropy.update_state([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])
        >>> round(crossentropy.result(), 7)
        0.8149245

    Differs from Keras: arrays of rank 1 are samples, as `MeanSquaredError` explains, and go with arrays
    [samples, 1]; a wrong prediction of certainty costs 16.118 either way, where Keras's float32 has 15.942 for one of
    them; logits are exact, where Keras's NumPy backend clips their probabilities.
    """

    _value = _core.BINARY_CROSSENTROPY

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = bool(from_logits)
        self.label_smoothing = as_number(label_smoothing, "label_smoothing", 0, 1)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.paired_alike()

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        return [self._mean(self.label_smoothing, self.from_logits)]

    def get_config(self) -> dict[str, Any]:
        own = {"from_logits": self.from_logits, "label_smoothing": self.label_smoothing}
        return {**super().get_config(), **own}


class KLDivergence(MeanOfRows):
    """Mean Kullback-Leibler divergence, in nats, of the predictions from the labels.

    `sum(y_true * log(y_true / y_pred))` over the last axis, then the mean over samples; both are clipped to [1e-7, 1],
    and rows are not normalised.

    Args:
        name: Name of the metric, default `"kl_divergence"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes rows of probabilities of one shape [..., classes]; weights broadcast to the rows. A NaN gives
    NaN.

    Example:
        >>> from tallymetrics import metrics
        >>> divergence = metrics.KLDivergence()
        >>> divergence.update_state([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])
        >>> round(divergence.result(), 5)
        0.45814

    Differs from Keras: arrays of rank 1 are refused; Keras takes a whole batch of them as one row.
    """

    _value = _core.KL_DIVERGENCE

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.vectors()


class Poisson(MeanOfRows):
    """Mean Poisson loss: the negative log-likelihood of counts, but for a term of the labels alone.

    `mean(y_pred - y_true * log(y_pred + 1e-7))` over the last axis, then over samples.

    Args:
        name: Name of the metric, default `"poisson"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes counts and predicted rates of one shape, [samples] or [samples, ..., outputs]; weights
    broadcast to the samples. A negative rate gives NaN.

    Example:
        >>> from tallymetrics import metrics
        >>> poisson = metrics.Poisson()
        >>> poisson.update_state([[0, 1], [0, 0]], [[1, 1], [0, 0]])
        >>> round(poisson.result(), 6)
        0.5

    Differs from Keras: arrays of rank 1 are samples, as `MeanSquaredError` explains.
    """

    _value = _core.POISSON

    def __init__(self, name: str | None = "poisson", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def layout(self, layouts: Layouts) -> Batch:
        return layouts.paired()
