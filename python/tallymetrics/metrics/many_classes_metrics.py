"""What confusion matrices tell, for more classes than a dense matrix has room for."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.inputs import Batch
from tallymetrics.metrics.class_pairs import ClassPairs, Counts
from tallymetrics.metrics.ignored_labels import ignored_labels
from tallymetrics.metrics.native import Accumulator
from tallymetrics.metrics.pair_table import KeysOfTable, PairTable


class ClassificationReport(ClassPairs):
    """Precision, recall, F1 and support of each class, for any number of classes.

    Counts the true positives, false negatives and false positives of each class and nothing else, so that state and
    time grow with the number of classes where a confusion matrix grows with its square.

    Args:
        num_classes: Number of classes, at most 2^30.
        name: Name of the metric, default `"classification_report"`.
        dtype: What floating-point arrays of `result()` are rounded to, default float64.
        sparse_y_true: Whether `y_true` holds labels; by default its shape and dtype tell.
        sparse_y_pred: Whether `y_pred` holds labels; by default its shape and dtype tell.
        ignore_class: Rows with this true label, or with one of a list of labels, take no part; they need not lie in
            [0, num_classes). By default (None) every row does.

    `update_state` takes what `ConfusionMatrix` takes. Every row counts once, by its weight.

    Example:
        >>> from tallymetrics import metrics
        >>> report = metrics.ClassificationReport(num_classes=100_000)
        >>> report.update_state([70_000, 70_000, 99_999], [70_000, 3, 99_999])
        >>> report.result()["recall"][[70_000, 99_999]]
        array([0.5, 1. ])
        >>> report.precision(average="micro")
        0.6666666666666666
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = "classification_report",
        dtype: Any = None,
        sparse_y_true: bool | None = None,
        sparse_y_pred: bool | None = None,
        ignore_class: int | Sequence[int] | None = None,
    ) -> None:
        super().__init__(num_classes, 1 << 30, name, dtype, sparse_y_true, sparse_y_pred, ignore_class)
        # One cell more takes what counts nowhere.
        self.counts = self._exact_table((3 * self.num_classes + 1,), "counts")

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        planes, first_limb = self.counts.planes_for(batch.weights, 2 * len(batch.y_pred))
        return [(_core.LABEL_MARGINS, planes, first_limb, self.num_classes, ignored_labels(self.ignore_class))]

    def _class_counts(self) -> tuple[Counts, Counts, Counts]:
        with self._lock:
            counts = self.counts.mapped(self._with_totals)
        hits, predicted, support = counts
        return hits, predicted, support

    def _with_totals(self, plane: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        hits, missed, false = plane[:-1].reshape(3, self.num_classes)
        return np.stack([hits, hits + false, hits + missed])

    def result(self) -> dict[str, npt.NDArray[Any]]:
        """Returns `{"precision", "recall", "f1", "support"}`, arrays of [classes]: int64 for the support as long as no
        floating-point weights were given, else float64; zeros for an empty state."""
        with self._lock:
            shares = {"precision": self.precision(), "recall": self.recall(), "f1": self.f_beta()}
            support = self.support()
        return {**{name: self._as_result(share) for name, share in shares.items()}, "support": support}


class SparseConfusionMatrix(ClassPairs):
    """Counts of the pairs of true and predicted class that occur, for any number of classes.

    A confusion matrix of 100,000 classes has ten thousand million cells; this one keeps those that are not empty, as
    sorted runs, and merges by aligning them.

    Args:
        num_classes: Number of classes, at most 2^31 - 1.
        name: Name of the metric, default `"sparse_confusion_matrix"`.
        dtype: What floating-point counts of `result()` are rounded to, default float64.
        sparse_y_true: Whether `y_true` holds labels; by default its shape and dtype tell.
        sparse_y_pred: Whether `y_pred` holds labels; by default its shape and dtype tell.
        ignore_class: Rows with this true label, or with one of a list of labels, take no part; they need not lie in
            [0, num_classes). By default (None) every row does.

    `update_state` takes what `ConfusionMatrix` takes. Every row counts once, by its weight. With SciPy,
    `scipy.sparse.coo_array((cells["counts"], (cells["rows"], cells["columns"])))` is the matrix.

    Example:
        >>> from tallymetrics import metrics
        >>> matrix = metrics.SparseConfusionMatrix(num_classes=100_000)
        >>> matrix.update_state([70_000, 70_000, 70_000, 5], [70_000, 3, 3, 5])
        >>> matrix.result()
        {'rows': array([    5, 70000, 70000]), 'columns': array([    5,     3, 70000]), 'counts': array([1, 2, 1])}
        >>> matrix.accuracy()
        0.5
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = "sparse_confusion_matrix",
        dtype: Any = None,
        sparse_y_true: bool | None = None,
        sparse_y_pred: bool | None = None,
        ignore_class: int | Sequence[int] | None = None,
    ) -> None:
        super().__init__(num_classes, 2**31 - 1, name, dtype, sparse_y_true, sparse_y_pred, ignore_class)
        table = PairTable("cells", self.num_classes)
        self.keys = self._track(KeysOfTable("keys", table, self.num_classes**2))
        self.cells: PairTable = self._track(table)
        self._tables.append(table)

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        size = max(one.size for one in (batch.y_true, batch.y_pred) if one is not None)
        room = self.cells.offer(len(batch.y_pred), batch.weights, size <= _core.SMALL_BATCH)
        return [(_core.PAIR_KEYS, room, self.num_classes, ignored_labels(self.ignore_class))]

    def _rows_columns_and_cells(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], PairTable]:
        cells = self.cells.frozen()
        return cells.keys // self.num_classes, cells.keys % self.num_classes, cells

    def _class_counts(self) -> tuple[Counts, Counts, Counts]:
        with self._lock:
            rows, columns, cells = self._rows_columns_and_cells()
            hits, predicted, support = cells.mapped(functools.partial(self._with_totals, rows, columns))
        return hits, predicted, support

    def _right_and_all(self) -> tuple[Any, Any]:
        with self._lock:
            rows, columns, cells = self._rows_columns_and_cells()
            right, total = cells.mapped(lambda plane: np.stack([plane[rows == columns].sum(), plane.sum()]))
        return right, total

    def _with_totals(
        self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], plane: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        totals = np.zeros((3, self.num_classes), np.int64)
        right = rows == columns
        totals[0, rows[right]] = plane[right]
        np.add.at(totals[1], columns, plane)
        np.add.at(totals[2], rows, plane)
        return totals

    def result(self) -> dict[str, npt.NDArray[Any]]:
        """Returns `{"rows", "columns", "counts"}` of the pairs that count, in the order of the matrix: int64, and
        float64 for the counts once floating-point weights were given."""
        with self._lock:
            rows, columns, cells = self._rows_columns_and_cells()
            counts = cells.value.copy()
        used = counts != 0
        if not used.all():
            rows, columns, counts = rows[used], columns[used], counts[used]
        if counts.dtype != np.int64:
            counts = self._as_result(counts)
        return {"rows": rows, "columns": columns, "counts": counts}
