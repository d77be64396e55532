"""What metrics of a true and a predicted class share: how labels and rows are read, and precision, recall and F."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tallymetrics.arguments import as_integer
from tallymetrics.inputs import Array, Batch, Layouts
from tallymetrics.metrics.ignored_labels import as_labels
from tallymetrics.metrics.native import NativeMetric
from tallymetrics.metrics.per_class import checked_names

Average = Literal["micro", "macro", "weighted"]
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[Any]

_AVERAGES = (None, "micro", "macro", "weighted")


def ratio_of(numerator: Any, denominator: Any) -> Floats:
    """Returns numerator / denominator, 0 where the denominator is 0."""
    numerator, denominator = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    result: Floats = np.divide(numerator, denominator, out=np.zeros(shape), where=denominator != 0)
    return result


class ClassPairs(NativeMetric):
    """A metric of the true and the predicted class of each row."""

    class_names: list[str] | None = None

    def __init__(
        self,
        num_classes: int,
        most_classes: int,
        name: str | None,
        dtype: Any,
        sparse_y_true: bool | None,
        sparse_y_pred: bool | None,
        ignore_class: int | Sequence[int] | None,
    ) -> None:
        super().__init__(dtype, name)
        self.num_classes = as_integer(num_classes, "num_classes", 1, most_classes)
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.ignore_class = as_labels(ignore_class, "ignore_class")

    def classes(self, batch: Batch) -> int:
        return self.num_classes

    def layout(self, layouts: Layouts) -> Batch:
        true_rows, pred_rows = self._which_are_rows(layouts.y_true, layouts.y_pred)
        if true_rows and pred_rows:
            batch = layouts.dense("classes")
        elif true_rows:
            batch = layouts.rows_and_labels()
        elif pred_rows:
            batch = layouts.sparse()
        else:
            batch = layouts.elements()
        for name, rows, array in (("y_true", true_rows, batch.y_true), ("y_pred", pred_rows, batch.y_pred)):
            if rows and array is not None and array.shape[-1] != self.num_classes:
                raise ValueError(
                    f"`{name}` must have shape [..., {self.num_classes}], one score for each class. "
                    f"Received shape {getattr(layouts, name).shape}."
                )
        return batch

    def _which_are_rows(self, y_true: Array, y_pred: Array) -> tuple[bool, bool]:
        if self.sparse_y_true is not None and self.sparse_y_pred is not None:
            return not self.sparse_y_true, not self.sparse_y_pred
        true_rows, pred_rows = self._rows_by_shape(y_true, y_pred)
        if self.sparse_y_true is not None:
            true_rows = not self.sparse_y_true
        if self.sparse_y_pred is not None:
            pred_rows = not self.sparse_y_pred
        return true_rows, pred_rows

    def _rows_by_shape(self, y_true: Array, y_pred: Array) -> tuple[bool, bool]:
        true_last = y_true.shape[-1] if y_true.ndim else 0
        pred_last = y_pred.shape[-1] if y_pred.ndim else 0
        if y_pred.ndim == y_true.ndim + 1:
            return False, pred_last != 1 or self.num_classes == 1
        if y_true.ndim == y_pred.ndim + 1:
            return true_last != 1, False
        if y_pred.ndim < 2 or pred_last == true_last == 1:
            return False, False
        if true_last == 1 or pred_last == 1:
            return true_last != 1, pred_last != 1
        if y_pred.dtype.kind == "f" or y_pred.dtype.kind == "b":
            return True, True
        if pred_last == self.num_classes and (self.sparse_y_true is None and self.sparse_y_pred is None):
            raise ValueError(
                f"Integers of shape {y_pred.shape} with {self.num_classes} classes may be one-hot rows or labels: "
                "set `sparse_y_true` and `sparse_y_pred`."
            )
        return False, False

    def _class_counts(self) -> tuple[Counts, Counts, Counts]:
        """Returns the weights of right predictions, of all predictions and of all rows of each class, [classes]."""
        raise NotImplementedError

    def support(self) -> Counts:
        """Returns the weight of each true class, [classes]."""
        return self._class_counts()[2]

    def precision(self, average: Average | None = None) -> Any:
        """Returns the share of each predicted class that is right, float64 [classes], or its average.

        Args:
            average: `"micro"` over all counts, `"macro"` over classes, `"weighted"` over classes by their support,
                or None for each class. Classes never predicted have 0.
        """
        hits, predicted, support = self._class_counts()
        return self._averaged(hits, predicted, support, average)

    def recall(self, average: Average | None = None) -> Any:
        """Returns the share of each true class that is found, float64 [classes], or its average; see `precision`."""
        hits, _, support = self._class_counts()
        return self._averaged(hits, support, support, average)

    def f_beta(self, beta: float = 1.0, average: Average | None = None) -> Any:
        """Returns the F-beta score of each class, float64 [classes], or its average; see `precision`.

        `(1 + beta²) hits / (beta² true + predicted)`, the weighted harmonic mean of precision and recall.

        Args:
            beta: Weight of recall against precision, positive, default 1.
            average: As for `precision`.
        """
        if not beta > 0:
            raise ValueError(f"`beta` must be positive. Received {beta}.")
        hits, predicted, support = self._class_counts()
        return self._averaged((1 + beta**2) * hits, beta**2 * support + predicted, support, average)

    @staticmethod
    def _averaged(hits: Any, totals: Any, support: Any, average: Average | None) -> Any:
        if average not in _AVERAGES:
            raise ValueError(f'`average` must be "micro", "macro", "weighted" or None. Received {average!r}.')
        if average == "micro":
            return float(ratio_of(hits.sum(), totals.sum()))
        ratios = ratio_of(hits, totals)
        if average is None:
            return ratios
        if average == "macro":
            return float(ratios.mean())
        return float(ratio_of((ratios * support).sum(), support.sum()))

    def accuracy(self) -> float:
        """Returns the share of all counts that are right; 0.0 for an empty state."""
        return float(ratio_of(*self._right_and_all()))

    def _right_and_all(self) -> tuple[Any, Any]:
        """Returns the weights of right predictions and of all rows."""
        hits, _, support = self._class_counts()
        return hits.sum(), support.sum()

    def classification_report(self, class_names: Sequence[str] | None = None) -> dict[str, Any]:
        """Returns precision, recall, F1 and support of each class and their averages.

        Args:
            class_names: A name for each class, by default those of the metric.

        Returns:
            `{class_name: {"precision", "recall", "f1-score", "support"}, ..., "accuracy": float, "macro avg": {...},
            "weighted avg": {...}}`, as scikit-learn's `classification_report(output_dict=True)`.
        """
        names = checked_names(self.class_names if class_names is None else class_names, self.num_classes)
        columns = zip(self.precision(), self.recall(), self.f_beta(), self.support(), strict=True)
        report: dict[str, Any] = {name: self._report_row(*row) for name, row in zip(names, columns, strict=True)}
        report["accuracy"] = self.accuracy()
        total = self.support().sum()
        averages: tuple[Average, Average] = ("macro", "weighted")
        for average in averages:
            scores = (self.precision(average), self.recall(average), self.f_beta(average=average))
            report[f"{average} avg"] = self._report_row(*scores, total)
        return report

    @staticmethod
    def _report_row(precision: Any, recall: Any, f_score: Any, support: Any) -> dict[str, float]:
        return {
            "precision": float(precision),
            "recall": float(recall),
            "f1-score": float(f_score),
            "support": support.item(),
        }

    def get_config(self) -> dict[str, Any]:
        own = {
            "num_classes": self.num_classes,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "ignore_class": self.ignore_class,
        }
        return {**super().get_config(), **own}

    def _merge_key(self) -> dict[str, Any]:
        return {"num_classes": self.num_classes, "ignore_class": self.ignore_class}
