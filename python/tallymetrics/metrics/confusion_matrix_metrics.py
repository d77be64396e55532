"""The confusion matrix and everything that is read from it."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.inputs import Batch
from tallymetrics.metrics.class_pairs import ClassPairs, Counts, Floats, ratio_of
from tallymetrics.metrics.ignored_labels import ignored_labels
from tallymetrics.metrics.native import Accumulator
from tallymetrics.metrics.per_class import checked_measures, checked_names, named_measures

_NORMALIZATIONS = (None, "true", "pred", "all")
_KAPPA_WEIGHTS = (None, "linear", "quadratic")


class ConfusionMatrix(ClassPairs):
    """Counts of each pair of true and predicted class, and what follows from them.

    Args:
        num_classes: Number of classes, at most 65,535; `SparseConfusionMatrix` and `ClassificationReport` take more.
        normalize: What `result()` divides by: `"true"` (rows sum to 1), `"pred"` (columns do), `"all"`, or None.
        name: Name of the metric, default `"confusion_matrix"`.
        dtype: What a floating-point `result()` is rounded to, default float64.
        sparse_y_true: Whether `y_true` holds labels; by default its shape and dtype tell.
        sparse_y_pred: Whether `y_pred` holds labels; by default its shape and dtype tell.
        ignore_class: Rows with this true label, or with one of a list of labels, take no part; they need not lie in
            [0, num_classes). By default (None) every row does.
        per_class: Any of `"precision"`, `"recall"`, `"f1"`: `result()` is then a dict of floats, one for each of them
            and each class, `f1_3`, then its mean and its least value over classes, `macro_f1` and `worst_f1`, which
            training logs can hold; `matrix()` gives the matrix. Default: `result()` is the matrix.
        class_names: A name for each class, by default its number; `f1_shirt` instead of `f1_3`.

    `update_state` takes for each side labels in [0, num_classes), [...] or [..., 1], or rows [..., num_classes]
    (one-hot, probabilities or logits) of which the first maximum is the class. Every row counts once, by its weight;
    weights of an integer dtype keep the counts integers.

    Example:
        >>> from tallymetrics import metrics
        >>> matrix = metrics.ConfusionMatrix(num_classes=3)
        >>> matrix.update_state([0, 1, 2, 2], [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0, 0, 1]])
        >>> matrix.result()
        array([[1, 0, 0],
               [0, 1, 0],
               [0, 1, 1]])
        >>> matrix.recall()
        array([1. , 1. , 0.5])
        >>> matrix.precision(average="macro")
        0.8333333333333334
        >>> matrix = metrics.ConfusionMatrix(num_classes=2, per_class=["recall"], class_names=["cat", "dog"])
        >>> matrix.update_state([0, 1, 1, 1], [0, 1, 1, 0])
        >>> matrix.result()
        {'recall_cat': 1.0, 'recall_dog': 0.6666666666666666, 'macro_recall': 0.8333333333333333, \
'worst_recall': 0.6666666666666666}
    """

    def __init__(
        self,
        num_classes: int,
        normalize: Literal["true", "pred", "all"] | None = None,
        name: str | None = "confusion_matrix",
        dtype: Any = None,
        sparse_y_true: bool | None = None,
        sparse_y_pred: bool | None = None,
        ignore_class: int | Sequence[int] | None = None,
        per_class: Sequence[str] | None = None,
        class_names: Sequence[str] | None = None,
    ) -> None:
        super().__init__(num_classes, 65535, name, dtype, sparse_y_true, sparse_y_pred, ignore_class)
        if normalize not in _NORMALIZATIONS:
            raise ValueError(f'`normalize` must be "true", "pred", "all" or None. Received {normalize!r}.')
        self.normalize = normalize
        self.per_class = checked_measures(per_class)
        self.class_names = None if class_names is None else checked_names(class_names, self.num_classes)
        self._pairs = self.num_classes**2
        # With labels to ignore, the pass counts into two cells more: those of dropped and of ignored rows.
        shape = (self.num_classes, self.num_classes) if self.ignore_class is None else (self._pairs + 2,)
        self.cells = self._exact_table(shape, "cells")

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        planes, first_limb = self.cells.planes_for(batch.weights, len(batch.y_pred))
        ignored = ignored_labels(self.ignore_class)
        return [(_core.LABEL_COUNTS, planes, first_limb, self.num_classes, False, ignored, None)]

    def _counts(self) -> npt.NDArray[Any]:
        with self._lock:
            cells = self.cells.value
            counts = cells.reshape(-1)[: self._pairs].reshape(self.num_classes, self.num_classes)
            # Integers may be the state itself, rounded sums never are.
            return counts.copy() if counts.dtype == np.int64 else counts

    def result(self) -> Any:
        """Returns `matrix()`, or with `per_class` a dict of floats: each measure of each class, its mean over all
        classes as `macro_f1`, and its least value over the classes that occur in `y_true` as `worst_f1`."""
        return self.matrix() if self.per_class is None else self._named_measures(self.per_class)

    def _named_measures(self, measures: Sequence[str]) -> dict[str, float]:
        with self._lock:
            values = {"precision": self.precision(), "recall": self.recall(), "f1": self.f_beta()}
            occurs = self.support() > 0
        chosen = {measure: values[measure] for measure in measures}
        named = named_measures(chosen, checked_names(self.class_names, self.num_classes), occurs)
        return {name: self._as_result(value) for name, value in named.items()}

    def matrix(self) -> npt.NDArray[Any]:
        """Returns the matrix [true class, predicted class]: int64 as long as no floating-point weights were given,
        else and when normalised float64; a row or column without counts is normalised to zeros."""
        counts = self._counts()
        if self.normalize is None:
            return counts if counts.dtype == np.int64 else self._as_array(counts)
        axes = {"true": 1, "pred": 0, "all": None}[self.normalize]
        return self._as_array(ratio_of(counts, counts.sum(axis=axes, keepdims=True)))

    def _as_array(self, values: Floats) -> npt.NDArray[Any]:
        array: npt.NDArray[Any] = self._as_result(values)
        return array

    def _class_counts(self) -> tuple[Counts, Counts, Counts]:
        counts = self._counts()
        return np.diagonal(counts), counts.sum(axis=0), counts.sum(axis=1)

    def matthews_correlation(self) -> float:
        """Returns the correlation of true and predicted classes, from -1 to 1; 0.0 where either has one class alone.

        `(c s - sum(t p)) / sqrt((s² - sum(p²)) (s² - sum(t²)))` over classes, of c right counts, s counts in all, t
        true and p predicted counts of each class; with two classes it is Matthews's coefficient.

        Source: J. Gorodkin, Computational Biology and Chemistry 28 (2004), 367-374, equation 8.
        """
        right, total, true, predicted = self._margins()
        spread = (total**2 - sum(count**2 for count in predicted)) * (total**2 - sum(count**2 for count in true))
        both = sum(one * other for one, other in zip(true, predicted, strict=True))
        return float((right * total - both) / spread**0.5) if spread > 0 else 0.0

    def cohen_kappa(self, weights: Literal["linear", "quadratic"] | None = None) -> float:
        """Returns the agreement of true and predicted classes beyond chance, at most 1.

        `1 - sum(w counts) / sum(w expected)`, where the expected counts are the products of the margins over the
        total, and w weighs a disagreement of classes i and j.

        Args:
            weights: None: each disagreement weighs 1; `"linear"`: |i - j|; `"quadratic"`: (i - j)².

        Returns:
            The coefficient; 0.0 where no disagreement is to be expected: in an empty state, or with one class alone.

        Source: J. Cohen, Educational and Psychological Measurement 20 (1960), 37-46; weights: Psychological Bulletin
        70 (1968), 213-220.
        """
        if weights not in _KAPPA_WEIGHTS:
            raise ValueError(f'`weights` must be "linear", "quadratic" or None. Received {weights!r}.')
        counts = self._counts()
        classes = np.arange(self.num_classes)
        distances = np.abs(classes[:, np.newaxis] - classes).astype(np.float64)
        penalties = {None: np.minimum(distances, 1), "linear": distances, "quadratic": distances**2}[weights]
        expected = np.outer(counts.sum(axis=1), counts.sum(axis=0).astype(np.float64))
        chance = float((penalties * expected).sum())
        found = float((penalties * counts).sum()) * float(counts.sum())
        return 1.0 - found / chance if chance else 0.0

    def _margins(self) -> tuple[Any, Any, list[Any], list[Any]]:
        """Right counts, all counts, true and predicted counts of each class; Python's integers do not overflow."""
        counts = self._counts()
        parts = (np.trace(counts), counts.sum(), counts.sum(axis=1), counts.sum(axis=0))
        right, total, true, predicted = (part.tolist() for part in parts)
        return right, total, true, predicted

    def get_config(self) -> dict[str, Any]:
        own = {
            "normalize": self.normalize,
            "per_class": self.per_class,
            "class_names": self.class_names,
        }
        return {**super().get_config(), **own}
