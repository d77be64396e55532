"""Metrics of the rank that the true class takes among the scores."""

import functools
import math
import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.arguments import as_integer
from tallymetrics.inputs import Batch, Layouts
from tallymetrics.metrics.native import Accumulator, NativeMetric

_TIES = ("optimistic", "pessimistic", "lowest_index")


class TopKCurve(NativeMetric):
    """Top-k accuracy at every k up to `max_k`, and mean reciprocal rank, from one histogram of ranks.

    The rank of the true class is 1 + the number of greater scores; equal scores are placed when the result is read:
    behind it (`"optimistic"`, Keras's rule), before it (`"pessimistic"`), or before it where their class number is
    lower (`"lowest_index"`, what a stable sort gives). A NaN score of the true class is within no k; other NaN rank
    above it.

    Args:
        max_k: Largest k.
        ties: Rule for equal scores that `result()` uses, default `"optimistic"`.
        name: Name of the metric, default `"top_k_curve"`.
        dtype: What `result()` is rounded to, default float64.
        num_classes: Number of classes, if ranks are to be counted for each true class apart, for `per_class()`.

    `update_state` takes scores [..., classes] and labels [...] or [..., 1], or target rows [..., classes], of which
    the highest is the true class. Every row counts once, by its weight.

    Example:
        >>> from tallymetrics import metrics
        >>> curve = metrics.TopKCurve(max_k=3)
        >>> curve.update_state([2, 1], [[0.5, 0.3, 0.3], [0.1, 0.8, 0.1]])
        >>> curve.result()
        array([0.5, 1. , 1. ])
        >>> curve.result(ties="pessimistic")
        array([0.5, 0.5, 1. ])
        >>> curve.mean_reciprocal_rank()
        0.75
        >>> curve = metrics.TopKCurve(max_k=2, num_classes=3)
        >>> curve.update_state([2, 1], [[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]])
        >>> curve.per_class()
        array([[0., 0.],
               [1., 1.],
               [0., 0.]])
    """

    def __init__(
        self,
        max_k: int,
        ties: str = "optimistic",
        name: str | None = "top_k_curve",
        dtype: Any = None,
        num_classes: int | None = None,
    ) -> None:
        super().__init__(dtype, name)
        self.max_k = as_integer(max_k, "max_k", 1, 2**30 - 1)
        self.ties = self._checked_ties(ties)
        self.num_classes = None if num_classes is None else as_integer(num_classes, "num_classes", 1, 2**30 - 1)
        classes = () if self.num_classes is None else (self.num_classes,)
        if len(_TIES) * math.prod(classes) * (self.max_k + 1) >= 2**32:
            raise ValueError(f"`num_classes` times `max_k` must be below 2^30. Received {num_classes} and {max_k}.")
        self.ranks = self._exact_table((len(_TIES), *classes, self.max_k + 1), "ranks")

    @staticmethod
    def _checked_ties(ties: str) -> str:
        if ties not in _TIES:
            raise ValueError(f"`ties` must be one of {', '.join(_TIES)}. Received {ties!r}.")
        return ties

    def layout(self, layouts: Layouts) -> Batch:
        y_true, y_pred = layouts.y_true, layouts.y_pred
        if y_true.shape == y_pred.shape and y_pred.ndim > 1 and y_pred.shape[-1] > 1:
            batch = layouts.dense("classes")
        else:
            batch = layouts.sparse()
        if self.num_classes not in (None, batch.y_pred.shape[1]):
            raise ValueError(
                f"`y_pred` must have shape [..., {self.num_classes}], one score for each class. "
                f"Received shape {y_pred.shape}."
            )
        return batch

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        planes, first_limb = self.ranks.planes_for(batch.weights, 3 * len(batch.y_pred))
        return [(_core.RANK_COUNTS, planes, first_limb, self.max_k, self.num_classes is not None)]

    def _counts(self, ties: str | None, by_class: bool = False) -> npt.NDArray[np.float64]:
        rule = _TIES.index(self._checked_ties(ties or self.ties))
        with self._lock:
            if by_class or self.num_classes is None:
                counts = self.ranks.mapped(operator.itemgetter(rule))
            else:
                counts = self.ranks.mapped(functools.partial(np.sum, axis=1))[rule]
        return np.asarray(counts, np.float64)

    def result(self, ties: str | None = None) -> npt.NDArray[np.float64]:
        """Returns the accuracy at k = 1, ..., max_k, float64 [max_k]; zeros for an empty state."""
        counts = self._counts(ties)
        within, total = np.cumsum(counts[:-1]), counts.sum()
        curve = within / total if total else np.zeros_like(within)
        result: npt.NDArray[np.float64] = self._as_result(curve)
        return result

    def per_class(self, ties: str | None = None) -> npt.NDArray[np.float64]:
        """Returns the accuracy at k = 1, ..., max_k among the rows of each true class, float64 [classes, max_k]; zeros
        for a class without rows.

        Raises:
            ValueError: If the metric was made without `num_classes`.
        """
        if self.num_classes is None:
            raise ValueError("`num_classes` must be given to count each class apart. Received None.")
        counts = self._counts(ties, by_class=True)
        within, totals = np.cumsum(counts[:, :-1], axis=1), counts.sum(axis=1, keepdims=True)
        curves = np.divide(within, totals, out=np.zeros_like(within), where=totals != 0)
        result: npt.NDArray[np.float64] = self._as_result(curves)
        return result

    def mean_reciprocal_rank(self, ties: str | None = None) -> float:
        """Returns the mean of 1 / rank, with 0 for ranks beyond `max_k`; 0.0 for an empty state."""
        counts = self._counts(ties)
        total = counts.sum()
        value = float(counts[:-1] @ (1 / np.arange(1, self.max_k + 1)) / total) if total else 0.0
        result: float = self._as_result(value)
        return result

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "max_k": self.max_k, "ties": self.ties, "num_classes": self.num_classes}

    def _merge_key(self) -> dict[str, Any]:
        return {key: value for key, value in super()._merge_key().items() if key != "ties"}
