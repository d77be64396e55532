"""Metrics with the Keras accumulator protocol: `update_state`, `result`, `reset_state`, and `merge_state`."""

from tallymetrics.metrics.accuracy_metrics import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from tallymetrics.metrics.collection import MetricCollection
from tallymetrics.metrics.confusion_matrix_metrics import ConfusionMatrix
from tallymetrics.metrics.distance_metrics import DistributionMeanError, EarthMoversDistance
from tallymetrics.metrics.f_score_metrics import F1Score, FBetaScore
from tallymetrics.metrics.identifiers import deserialize, get, serialize
from tallymetrics.metrics.iou_metrics import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from tallymetrics.metrics.metric import Metric
from tallymetrics.metrics.probabilistic_metrics import CategoricalCrossentropy, SparseCategoricalCrossentropy
from tallymetrics.metrics.r2_metrics import R2Score
from tallymetrics.metrics.ranking_metrics import TopKCurve
from tallymetrics.metrics.reduction_metrics import Mean, MeanMetricWrapper, Sum
from tallymetrics.metrics.regression_metrics import MeanAbsoluteError, MeanSquaredError
from tallymetrics.metrics.stream_correlation import StreamConcordanceCorrelation, StreamPearsonCorrelation
from tallymetrics.metrics.tensor_metrics import MeanRelativeError, MeanTensor

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "ConfusionMatrix",
    "DistributionMeanError",
    "EarthMoversDistance",
    "F1Score",
    "FBetaScore",
    "IoU",
    "Mean",
    "MeanAbsoluteError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanRelativeError",
    "MeanSquaredError",
    "MeanTensor",
    "Metric",
    "MetricCollection",
    "OneHotIoU",
    "OneHotMeanIoU",
    "R2Score",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "StreamConcordanceCorrelation",
    "StreamPearsonCorrelation",
    "Sum",
    "TopKCategoricalAccuracy",
    "TopKCurve",
    "deserialize",
    "get",
    "serialize",
]
