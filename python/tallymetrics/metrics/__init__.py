"""The metrics of Keras, exact and mergeable, and what Keras lacks.

A metric gathers batches by `update_state(y_true, y_pred, sample_weight=None)` and answers by `result()`;
`reset_state()` starts anew. `merge_state(others)` adds what other metrics of its kind have gathered, to the same bits
as if one had seen all batches. Several in a `MetricCollection` share one read of each batch.

Which one answers the question:

- Is the predicted class right? `SparseCategoricalAccuracy` for labels, `CategoricalAccuracy` for one-hot rows,
  `BinaryAccuracy` for one score, `Accuracy` for predicted labels; among the k highest, `SparseTopKCategoricalAccuracy`,
  or every k at once, `TopKCurve`.
- Which classes are taken for which? `ConfusionMatrix`, with precision, recall and F-scores of each class; of very many
  classes `ClassificationReport` and `SparseConfusionMatrix`; for segmentation `MeanIoU`; for several labels a sample
  `F1Score`.
- How well do scores tell two classes apart? `AUC`, `AUC(num_thresholds=None)` without bins; at a threshold `Precision`,
  `Recall`, `TruePositives`, ...; at a wanted rate `PrecisionAtRecall`, ...
- How good are the probabilities? `SparseCategoricalCrossentropy`, `BinaryCrossentropy`, `KLDivergence`, ...
- How far off are numbers? `MeanSquaredError`, `MeanAbsoluteError`, `R2Score`, `CosineSimilarity`, ...; distributions,
  `EarthMoversDistance`, `DistributionMeanError`; with bins on a grid or costs of your own, `OptimalTransport`; two
  populations of samples, `Wasserstein1D`, `DistributionShift`.
- A mean of anything: `Mean`, `MeanMetricWrapper`, or a subclass of `Metric`.

In lower case there are functions of `(y_true, y_pred)` that return a value for each row, as Keras has them. `get`
finds a metric by name.
"""

from tallymetrics.metrics.accuracy_functions import (
    ACC as ACC,
    acc as acc,
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
from tallymetrics.metrics.auc_metrics import AUC
from tallymetrics.metrics.collection import MetricCollection
from tallymetrics.metrics.confusion_matrix_metrics import ConfusionMatrix
from tallymetrics.metrics.confusion_metrics import (
    FalseNegatives,
    FalsePositives,
    Precision,
    PrecisionAtRecall,
    Recall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
    TrueNegatives,
    TruePositives,
)
from tallymetrics.metrics.correlation_metrics import ConcordanceCorrelation, PearsonCorrelation
from tallymetrics.metrics.distance_functions import distribution_mean_error, earth_movers_distance
from tallymetrics.metrics.distance_metrics import DistributionMeanError, EarthMoversDistance
from tallymetrics.metrics.f_score_metrics import F1Score, FBetaScore
from tallymetrics.metrics.flow_plot import plot_flow
from tallymetrics.metrics.hinge_metrics import CategoricalHinge, Hinge, SquaredHinge
from tallymetrics.metrics.identifiers import deserialize, get, serialize
from tallymetrics.metrics.iou_metrics import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from tallymetrics.metrics.legacy_metrics import (
    f1score,
    fbeta_score,
    fmeasure,
    fscore,
    matthews_correlation,
    precision,
    recall,
)
from tallymetrics.metrics.many_classes_metrics import ClassificationReport, SparseConfusionMatrix
from tallymetrics.metrics.metric import Metric
from tallymetrics.metrics.probabilistic_functions import (
    BCE as BCE,
    KLD as KLD,
    bce as bce,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    kl_divergence,
    kld as kld,
    kullback_leibler_divergence as kullback_leibler_divergence,
    poisson,
    sparse_categorical_crossentropy,
)
from tallymetrics.metrics.probabilistic_metrics import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
)
from tallymetrics.metrics.r2_metrics import R2Score
from tallymetrics.metrics.ranking_metrics import TopKCurve
from tallymetrics.metrics.reduction_metrics import Mean, MeanMetricWrapper, Sum
from tallymetrics.metrics.regression_functions import (
    MAE as MAE,
    MAPE as MAPE,
    MSE as MSE,
    MSLE as MSLE,
    categorical_hinge,
    concordance_correlation,
    cosine_proximity as cosine_proximity,
    cosine_similarity,
    hinge,
    huber,
    log_cosh,
    logcosh as logcosh,
    mae as mae,
    mape as mape,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    mse as mse,
    msle as msle,
    pearson_correlation,
    squared_hinge,
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
from tallymetrics.metrics.sample_distances import DistributionShift, Wasserstein1D
from tallymetrics.metrics.sliced_distances import sliced_distance
from tallymetrics.metrics.stream_correlation import StreamConcordanceCorrelation, StreamPearsonCorrelation
from tallymetrics.metrics.tensor_metrics import MeanRelativeError, MeanTensor
from tallymetrics.metrics.transport_functions import optimal_transport, point_cloud_distance
from tallymetrics.metrics.transport_metrics import OptimalTransport

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ClassificationReport",
    "ConcordanceCorrelation",
    "ConfusionMatrix",
    "CosineSimilarity",
    "DistributionMeanError",
    "DistributionShift",
    "EarthMoversDistance",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanRelativeError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "MeanTensor",
    "Metric",
    "MetricCollection",
    "OneHotIoU",
    "OneHotMeanIoU",
    "OptimalTransport",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseConfusionMatrix",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "StreamConcordanceCorrelation",
    "StreamPearsonCorrelation",
    "Sum",
    "TopKCategoricalAccuracy",
    "TopKCurve",
    "TrueNegatives",
    "TruePositives",
    "Wasserstein1D",
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
    "distribution_mean_error",
    "earth_movers_distance",
    "f1score",
    "fbeta_score",
    "fmeasure",
    "fscore",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "optimal_transport",
    "pearson_correlation",
    "plot_flow",
    "point_cloud_distance",
    "poisson",
    "matthews_correlation",
    "precision",
    "recall",
    "serialize",
    "sliced_distance",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]
