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
from tallymetrics.metrics.correlation_metrics import ConcordanceCorrelation, PearsonCorrelation
from tallymetrics.metrics.distance_metrics import DistributionMeanError, EarthMoversDistance
from tallymetrics.metrics.hinge_metrics import CategoricalHinge, Hinge, SquaredHinge
from tallymetrics.metrics.identifiers import deserialize, get, serialize
from tallymetrics.metrics.metric import Metric
from tallymetrics.metrics.probabilistic_metrics import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
)
from tallymetrics.metrics.ranking_metrics import TopKCurve
from tallymetrics.metrics.reduction_metrics import Mean, MeanMetricWrapper, Sum
from tallymetrics.metrics.regression_metrics import (
    CosineSimilarity,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    RootMeanSquaredError,
)

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "ConfusionMatrix",
    "CosineSimilarity",
    "DistributionMeanError",
    "EarthMoversDistance",
    "Hinge",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "MetricCollection",
    "PearsonCorrelation",
    "Poisson",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TopKCurve",
    "deserialize",
    "get",
    "serialize",
]
