"""Metrics with the Keras accumulator protocol: `update_state`, `result`, `reset_state`, and `merge_state`."""

from tallymetrics.metrics.accuracy_functions import (
    ACC as ACC,
)
from tallymetrics.metrics.accuracy_functions import (
    acc as acc,
)
from tallymetrics.metrics.accuracy_functions import (
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
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
from tallymetrics.metrics.probabilistic_functions import (
    BCE as BCE,
)
from tallymetrics.metrics.probabilistic_functions import (
    KLD as KLD,
)
from tallymetrics.metrics.probabilistic_functions import (
    bce as bce,
)
from tallymetrics.metrics.probabilistic_functions import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    kl_divergence,
    poisson,
    sparse_categorical_crossentropy,
)
from tallymetrics.metrics.probabilistic_functions import (
    kld as kld,
)
from tallymetrics.metrics.probabilistic_functions import (
    kullback_leibler_divergence as kullback_leibler_divergence,
)
from tallymetrics.metrics.probabilistic_metrics import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
)
from tallymetrics.metrics.ranking_metrics import TopKCurve
from tallymetrics.metrics.reduction_metrics import Mean, MeanMetricWrapper, Sum
from tallymetrics.metrics.regression_functions import (
    MAE as MAE,
)
from tallymetrics.metrics.regression_functions import (
    MAPE as MAPE,
)
from tallymetrics.metrics.regression_functions import (
    MSE as MSE,
)
from tallymetrics.metrics.regression_functions import (
    MSLE as MSLE,
)
from tallymetrics.metrics.regression_functions import (
    categorical_hinge,
    concordance_correlation,
    cosine_similarity,
    hinge,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    pearson_correlation,
    squared_hinge,
)
from tallymetrics.metrics.regression_functions import (
    cosine_proximity as cosine_proximity,
)
from tallymetrics.metrics.regression_functions import (
    logcosh as logcosh,
)
from tallymetrics.metrics.regression_functions import (
    mae as mae,
)
from tallymetrics.metrics.regression_functions import (
    mape as mape,
)
from tallymetrics.metrics.regression_functions import (
    mse as mse,
)
from tallymetrics.metrics.regression_functions import (
    msle as msle,
)
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
    "accuracy",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "concordance_correlation",
    "cosine_similarity",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "pearson_correlation",
    "poisson",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]
