"""Intersection over union of segmentations, the twins of keras.metrics.iou_metrics."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tallymetrics.arguments import as_integer, as_number
from tallymetrics.inputs import Batch
from tallymetrics.metrics.label_overlap import LabelOverlap, Labels
from tallymetrics.metrics.native import NativeMetric


class IoU(LabelOverlap):
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
