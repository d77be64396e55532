"""What the metrics of segmentations share: the confusion matrix of labels, and how labels and rows are read."""

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.arguments import as_integer
from tallymetrics.inputs import Array, Batch, Layouts, as_array, row_weights
from tallymetrics.metrics.ignored_labels import as_labels, ignored_labels
from tallymetrics.metrics.native import Accumulator, NativeMetric
from tallymetrics.metrics.variables import View

Labels = int | Sequence[int] | None


class LabelOverlap(NativeMetric):
    """A confusion matrix of labels, of which those outside [0, num_classes) are dropped and counted."""

    _drops_unknown_labels = True

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None,
        dtype: Any,
        ignore_class: Labels,
        sparse_y_true: bool,
        sparse_y_pred: bool,
        axis: int,
    ) -> None:
        # Keras's own default here is the integer dtype of its state.
        super().__init__(None if _is_integer_dtype(dtype) else dtype, name)
        self.num_classes = as_integer(num_classes, "num_classes", 1, 65535)
        self.target_class_ids = [
            as_integer(label, "target_class_ids", 0, self.num_classes - 1) for label in target_class_ids
        ]
        if not self.target_class_ids:
            raise ValueError(f"`target_class_ids` must name a class. Received {target_class_ids!r}.")
        self.ignore_class = as_labels(ignore_class, "ignore_class")
        self.sparse_y_true = bool(sparse_y_true)
        self.sparse_y_pred = bool(sparse_y_pred)
        self.axis = as_integer(axis, "axis", -64, 64)
        # The pairs of classes, then the rows that were dropped and those that were ignored.
        self._cells = self._exact_table((self.num_classes**2 + 2,), "cells")
        self.total_cm = self._add_view("total_confusion_matrix", self._matrix)
        self.dropped = View("dropped", functools.partial(self._cell, -2))

    def _matrix(self) -> npt.NDArray[Any]:
        with self._lock:
            return self._cells.value[:-2].reshape(self.num_classes, self.num_classes).copy()

    def _cell(self, index: int) -> npt.NDArray[Any]:
        with self._lock:
            return np.array(self._cells.value[index])

    def layout(self, layouts: Layouts) -> Batch:
        true_rows, pred_rows = not self.sparse_y_true, not self.sparse_y_pred
        if pred_rows:
            layouts = layouts.along(self.axis)
        elif true_rows and self.axis not in (-1, layouts.y_true.ndim - 1):
            y_true = _class_axis_last(layouts.y_true, self.axis)
            layouts = Layouts(y_true, layouts._raw_pred, layouts._sample_weight)
        true_shape = _shape_of_labels(layouts.y_true, true_rows, "y_true")
        pred_shape = _shape_of_labels(layouts.y_pred, pred_rows, "y_pred")
        if math.prod(true_shape) != math.prod(pred_shape):
            raise ValueError(
                f"`y_true` must hold as many labels as `y_pred`, {math.prod(pred_shape)}. "
                f"Received shape {layouts.y_true.shape}."
            )
        weights = layouts._sample_weight
        flat = weights is not None and np.shape(weights) != true_shape and np.size(weights) == math.prod(true_shape)
        widths_agree = not (true_rows and pred_rows) or layouts.y_true.shape == layouts.y_pred.shape
        if flat or true_shape != pred_shape or not pred_shape or not widths_agree:
            return _flat_batch(layouts, true_rows, pred_rows, true_shape)
        if true_rows:
            return layouts.dense("classes") if pred_rows else layouts.rows_and_labels()
        return layouts.sparse() if pred_rows else layouts.elements()

    def classes(self, batch: Batch) -> int:
        return self.num_classes

    def _threshold(self, batch: Batch) -> float | None:
        return None

    def accumulators(self, batch: Batch) -> list[Accumulator]:
        planes, first_limb = self._cells.planes_for(batch.weights, len(batch.y_pred))
        ignored = ignored_labels(self.ignore_class)
        return [
            (_core.LABEL_COUNTS, planes, first_limb, self.num_classes, True, ignored, self._threshold(batch)),
        ]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Adds a batch.

        Args:
            y_true: Ground truth, as the class describes it.
            y_pred: Predictions, as the class describes them.
            sample_weight: Optional weights, one for all or for each label; weights of fewer axes align on the left.

        Returns:
            The view `total_cm` of the confusion matrix so far, [true class, predicted class].

        Raises:
            ValueError: If shapes do not agree or a label is no whole number of 32 bits; the state is as before then.
            TypeError: If an array is not numeric.
        """
        super().update_state(y_true, y_pred, sample_weight)
        return self.total_cm

    def result(self) -> float:
        """Returns the mean IoU of those target classes that occur; 0.0 where none does."""
        matrix = self._matrix().astype(np.float64)
        hits = np.diagonal(matrix)[self.target_class_ids]
        unions = (matrix.sum(axis=0) + matrix.sum(axis=1) - np.diagonal(matrix))[self.target_class_ids]
        occurs = unions > 1e-9
        if not occurs.any():
            return 0.0
        value: float = self._as_result(math.fsum(hits[occurs] / unions[occurs]) / int(occurs.sum()))
        return value

    def get_config(self) -> dict[str, Any]:
        own = {
            "num_classes": self.num_classes,
            "target_class_ids": self.target_class_ids,
            "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "axis": self.axis,
        }
        return {**super().get_config(), **own}

    def _merge_key(self) -> dict[str, Any]:
        return {"num_classes": self.num_classes, "ignore_class": self.ignore_class}


def _is_integer_dtype(dtype: Any) -> bool:
    name = getattr(dtype, "name", getattr(dtype, "__name__", dtype))
    return isinstance(name, str) and name.lstrip("u").startswith("int")


def _class_axis_last(rows: Array, axis: int) -> Array:
    if not -rows.ndim <= axis < rows.ndim:
        raise ValueError(f"`axis` must be an axis of `y_true`. Received {axis} with shape {rows.shape}.")
    return np.moveaxis(rows, axis, -1)


def _shape_of_labels(array: Array, are_rows: bool, name: str) -> tuple[int, ...]:
    if not are_rows:
        return array.shape
    if array.ndim < 1 or array.shape[-1] == 0:
        raise ValueError(f"`{name}` must have shape [..., classes]. Received shape {array.shape}.")
    return array.shape[:-1]


def _flat_batch(layouts: Layouts, true_rows: bool, pred_rows: bool, shape: tuple[int, ...]) -> Batch:
    """Labels, scores and weights in the order of their elements, as Keras flattens them."""
    count = math.prod(shape)
    y_true, y_pred = (
        array.reshape(count, array.shape[-1]) if are_rows else array.reshape(-1)
        for array, are_rows in ((layouts.y_true, true_rows), (layouts.y_pred, pred_rows))
    )
    given = layouts._sample_weight
    if given is not None and np.size(given) == count:
        given = as_array(given, "sample_weight").reshape(shape)
    return Batch(y_true, y_pred, row_weights(given, shape or (1,)), 1)
