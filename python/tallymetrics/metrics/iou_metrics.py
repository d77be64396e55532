"""Intersection over union of segmentations, the twins of keras.metrics.iou_metrics."""

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.inputs import Array, Batch, Layouts, as_array, as_integer, as_number, row_weights
from tallymetrics.metrics.ignored_labels import as_labels, ignored_labels
from tallymetrics.metrics.native import Accumulator, NativeMetric, add_batch
from tallymetrics.metrics.variables import View

Labels = int | Sequence[int] | None


class _IoUBase(NativeMetric):
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
        add_batch([self], self.layout(Layouts(y_true, y_pred, sample_weight)))
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


class IoU(_IoUBase):
    """Intersection over union of chosen classes, averaged over those that occur.

    `true_positives / (true_positives + false_positives + false_negatives)` of each target class, from the confusion
    matrix of all labels.

    Args:
        num_classes: Number of classes, at most 65,535.
        target_class_ids: The classes to average over.
        name: Name of the metric, default `"io_u"`, numbered.
        dtype: What `result()` is rounded to, default float64; the state is exact whatever it says.
        ignore_class: Labels of `y_true` that take no part: one, or a list of them; for instance 255 for "void". They
            need not lie in [0, num_classes). By default (None) all take part.
        sparse_y_true: Whether `y_true` holds labels (default True), or rows whose first maximum is the class.
        sparse_y_pred: The same for `y_pred`.
        axis: The class axis of rows, default the last.

    `update_state` takes labels of any shape, which are flattened, or rows with classes along `axis`. Pairs with a label
    outside [0, num_classes) on either side are dropped; their weight is read as `dropped`. `total_cm` is the confusion
    matrix, [true class, predicted class].

    Example:
        >>> from tallymetrics import metrics
        >>> iou = metrics.IoU(num_classes=2, target_class_ids=[0])
        >>> matrix = iou.update_state([0, 0, 1, 1, 7], [0, 1, 0, 1, 1])
        >>> round(iou.result(), 4), int(iou.dropped)
        (0.3333, 1)
        >>> matrix.numpy()
        array([[1, 1],
               [1, 1]])

    Differs from Keras: counts are exact at any size and for any weights, where Keras's int32 matrix overflows and
    truncates weights; a perfect score is 1.0, where the 1e-7 that Keras adds to denominators gives 0.9999999; labels
    that are no whole numbers of 32 bits are an error, where Keras truncates 1.9 to 1; a false `_keras_mask` drops a
    label's weight.
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: Labels = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)


class MeanIoU(IoU):
    """Intersection over union averaged over all classes that occur.

    Args:
        num_classes: Number of classes, at most 65,535.
        name: Name of the metric, default `"mean_io_u"`, numbered.
        dtype: What `result()` is rounded to, default float64.
        ignore_class: Labels of `y_true` that take no part, as for `IoU`.
        sparse_y_true: Whether `y_true` holds labels (default True), or rows whose first maximum is the class.
        sparse_y_pred: The same for `y_pred`.
        axis: The class axis of rows, default the last.

    `update_state` takes what that of `IoU` takes.

    Example:
        >>> from tallymetrics import metrics
        >>> iou = metrics.MeanIoU(num_classes=2)
        >>> _ = iou.update_state([0, 0, 1, 1], [0, 1, 0, 1], sample_weight=[0.3, 0.3, 0.3, 0.1])
        >>> round(iou.result(), 4)
        0.2381

    Differs from Keras: as `IoU` explains.
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: Labels = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        classes = range(as_integer(num_classes, "num_classes", 1, 65535))
        super().__init__(num_classes, classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["target_class_ids"]
        return config


class BinaryIoU(IoU):
    """Intersection over union of the classes 0 and 1, predicted by a threshold.

    Args:
        target_class_ids: The classes to average over: default `(0, 1)`; `[1]` for the foreground alone.
        threshold: Scores of at least this are class 1, default 0.5.
        name: Name of the metric, default `"binary_io_u"`, numbered.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes labels 0 and 1 and scores, of any shape; both are flattened. A NaN score is class 0. Scores of
    float16 and float32 are compared with the threshold in float32.

    Example:
        >>> from tallymetrics import metrics
        >>> iou = metrics.BinaryIoU(target_class_ids=[0, 1], threshold=0.3)
        >>> _ = iou.update_state([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])
        >>> round(iou.result(), 4)
        0.3333

    Differs from Keras: as `IoU` explains; float64 scores are compared in float64.
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = as_number(threshold, "threshold", -math.inf, math.inf)

    def _threshold(self, batch: Batch) -> float | None:
        single = batch.y_pred.dtype.kind == "f" and batch.y_pred.dtype.itemsize <= 4
        return float(np.float32(self.threshold)) if single else float(self.threshold)

    def get_config(self) -> dict[str, Any]:
        own = {"target_class_ids": self.target_class_ids, "threshold": self.threshold}
        return {**NativeMetric.get_config(self), **own}

    def _merge_key(self) -> dict[str, Any]:
        return {"threshold": self.threshold}


class OneHotIoU(IoU):
    """Intersection over union of chosen classes, from one-hot labels and scores.

    Args:
        num_classes: Number of classes, at most 65,535.
        target_class_ids: The classes to average over.
        name: Name of the metric, default `"one_hot_io_u"`, numbered.
        dtype: What `result()` is rounded to, default float64.
        ignore_class: Classes of `y_true` that take no part, as for `IoU`.
        sparse_y_pred: Whether `y_pred` holds labels in place of rows of scores, default False.
        axis: The class axis, default the last.

    `update_state` takes one-hot rows [..., num_classes] and scores of that shape; the first maximum is the class.

    Example:
        >>> from tallymetrics import metrics
        >>> iou = metrics.OneHotIoU(num_classes=3, target_class_ids=[0, 2])
        >>> labels = [[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0]]
        >>> _ = iou.update_state(labels, [[0.2, 0.3, 0.5], [0.1, 0.2, 0.7], [0.5, 0.3, 0.1], [0.1, 0.4, 0.5]])
        >>> round(iou.result(), 4)
        0.1667

    Differs from Keras: as `IoU` explains.
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: Labels = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["sparse_y_true"]
        return config


class OneHotMeanIoU(MeanIoU):
    """Intersection over union averaged over all classes that occur, from one-hot labels and scores.

    Args:
        num_classes: Number of classes, at most 65,535.
        name: Name of the metric, default `"one_hot_mean_io_u"`, numbered.
        dtype: What `result()` is rounded to, default float64.
        ignore_class: Classes of `y_true` that take no part, as for `IoU`.
        sparse_y_pred: Whether `y_pred` holds labels in place of rows of scores, default False.
        axis: The class axis, default the last.

    `update_state` takes what that of `OneHotIoU` takes.

    Example:
        >>> from tallymetrics import metrics
        >>> iou = metrics.OneHotMeanIoU(num_classes=3)
        >>> labels = [[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0]]
        >>> _ = iou.update_state(labels, [[0.2, 0.3, 0.5], [0.1, 0.2, 0.7], [0.5, 0.3, 0.1], [0.1, 0.4, 0.5]])
        >>> round(iou.result(), 4)
        0.1111

    Differs from Keras: as `IoU` explains.
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: Labels = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["sparse_y_true"]
        return config
