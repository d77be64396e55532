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
from tallymetrics.metrics.identifiers import deserialize, get, serialize
from tallymetrics.metrics.legacy_metrics import (
    f1score,
    fbeta_score,
    fmeasure,
    fscore,
    matthews_correlation,
    precision,
    recall,
)
from tallymetrics.metrics.metric import Metric
from tallymetrics.metrics.probabilistic_metrics import CategoricalCrossentropy, SparseCategoricalCrossentropy
from tallymetrics.metrics.ranking_metrics import TopKCurve
from tallymetrics.metrics.reduction_metrics import Mean, MeanMetricWrapper, Sum
from tallymetrics.metrics.regression_metrics import MeanAbsoluteError, MeanSquaredError

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "ConfusionMatrix",
    "DistributionMeanError",
    "EarthMoversDistance",
    "Mean",
    "MeanAbsoluteError",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "Metric",
    "MetricCollection",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "Sum",
    "TopKCategoricalAccuracy",
    "TopKCurve",
    "deserialize",
    "f1score",
    "fbeta_score",
    "fmeasure",
    "fscore",
    "get",
    "matthews_correlation",
    "precision",
    "recall",
    "serialize",
]
