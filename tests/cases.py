"""The one list of cases that drives every law."""

import numpy as np
import reference as twin
from cases_columns import COLUMN_FAMILIES
from cases_distances import DISTANCES, POPULATIONS
from cases_labels import LABELS
from cases_rows import ROWS
from cases_thresholds import THRESHOLDS
from cases_transport import TRANSPORT
from draws import (
    absolute_difference,
    draw_binary,
    draw_class_axis_1,
    draw_ids_and,
    draw_label_pairs,
    draw_labels_or_ignored,
    draw_one_hot_and,
    draw_soft_and,
    draw_soft_class_axis_1,
    draw_sorted_ids,
    draw_value_pairs,
    draw_values,
    logits,
    probabilities,
)
from families import Case, Family, mean_family

from tallymetrics import metrics


def sparse_crossentropy(name, draw, sample_shape=(), float32_tolerance=1e-12, **arguments) -> Family:
    return Family(
        name,
        lambda classes: metrics.SparseCategoricalCrossentropy(**arguments),
        lambda classes: twin.SparseCrossentropyMean(**arguments),
        draw,
        (lambda classes: metrics.SparseCategoricalCrossentropy(**{**arguments, "ignore_class": 7}),),
        (0,),
        sample_shape,
        float32_tolerance,
    )


def matrix(name, draw, labels=(), normalize=None, **rows) -> Family:
    return Family(
        name,
        lambda classes: metrics.ConfusionMatrix(classes, normalize=normalize),
        lambda classes: twin.LabelPairs(classes, normalize, **rows),
        draw,
        (lambda classes: metrics.ConfusionMatrix(classes + 1, normalize=normalize),),
        labels,
    )


def curve(ties, draw, max_k, labels=()) -> Family:
    return Family(
        f"TopKCurve-{ties}-{max_k}",
        lambda classes: metrics.TopKCurve(max_k, ties=ties),
        lambda classes: twin.RankCurve(max_k, ties),
        draw,
        (lambda classes: metrics.TopKCurve(max_k + 1, ties=ties),),
        labels,
    )


def collection_of_four(classes):
    return metrics.MetricCollection(
        [
            metrics.SparseCategoricalAccuracy(name="accuracy"),
            metrics.SparseTopKCategoricalAccuracy(k=5, name="top_5"),
            metrics.SparseCategoricalCrossentropy(name="crossentropy"),
            metrics.ConfusionMatrix(classes),
        ]
    )


def reference_of_four(classes):
    return twin.Together(
        {
            "accuracy": twin.MeanOf(twin.sparse_categorical_accuracy),
            "top_5": twin.MeanOf(twin.sparse_top_k_categorical_accuracy),
            "crossentropy": twin.SparseCrossentropyMean(),
            "confusion_matrix": twin.LabelPairs(classes, predicted_rows=True),
        }
    )


def half_bins(classes):
    return np.linspace(0.5, 2, classes)


ACCURACIES = [
    mean_family("Accuracy", twin.accuracy, draw_label_pairs()),
    mean_family("Accuracy-rank-2", twin.accuracy, draw_label_pairs((3,)), sample_shape=(3,)),
    mean_family("BinaryAccuracy", twin.binary_accuracy, draw_binary(), [{"threshold": 0.25}]),
    mean_family(
        "BinaryAccuracy-rank-2",
        twin.binary_accuracy,
        draw_binary((3,)),
        sample_shape=(3,),
        arguments={"threshold": 0.25},
    ),
    mean_family("CategoricalAccuracy", twin.categorical_accuracy, draw_one_hot_and(probabilities)),
    mean_family("CategoricalAccuracy-soft", twin.categorical_accuracy, draw_soft_and(logits)),
    mean_family("SparseCategoricalAccuracy", twin.sparse_categorical_accuracy, draw_ids_and(logits), labels=(0,)),
    mean_family(
        "SparseCategoricalAccuracy-rank-3",
        twin.sparse_categorical_accuracy,
        draw_ids_and(probabilities, (3,)),
        labels=(0,),
        sample_shape=(3,),
    ),
    mean_family("TopKCategoricalAccuracy", twin.top_k_categorical_accuracy, draw_one_hot_and(logits), [{"k": 3}]),
    mean_family(
        "SparseTopKCategoricalAccuracy",
        twin.sparse_top_k_categorical_accuracy,
        draw_ids_and(probabilities),
        [{"k": 3}, {"from_sorted_ids": True}],
        labels=(0,),
    ),
    mean_family(
        "SparseTopKCategoricalAccuracy-rank-3",
        twin.sparse_top_k_categorical_accuracy,
        draw_ids_and(logits, (3,)),
        labels=(0,),
        sample_shape=(3,),
        arguments={"k": 2},
    ),
    mean_family(
        "SparseTopKCategoricalAccuracy-sorted",
        twin.sparse_top_k_categorical_accuracy,
        draw_sorted_ids,
        arguments={"k": 4, "from_sorted_ids": True},
    ),
]

CROSSENTROPIES = [
    sparse_crossentropy("SparseCategoricalCrossentropy", draw_ids_and(probabilities)),
    sparse_crossentropy("SparseCategoricalCrossentropy-logits", draw_ids_and(logits), (), 1e-6, from_logits=True),
    sparse_crossentropy("SparseCategoricalCrossentropy-ignore", draw_labels_or_ignored, ignore_class=-1),
    sparse_crossentropy("SparseCategoricalCrossentropy-rank-3", draw_ids_and(probabilities, (3,)), (3,)),
    sparse_crossentropy("SparseCategoricalCrossentropy-axis-1", draw_class_axis_1, (3,), axis=1),
    *(
        mean_family(f"CategoricalCrossentropy-{name}", twin.categorical_crossentropy, draw, others, **options)
        for name, draw, others, options in [
            ("one-hot", draw_one_hot_and(probabilities), [{"label_smoothing": 0.1}, {"axis": 1}], {}),
            ("soft", draw_soft_and(probabilities), [{"from_logits": True}], {}),
            ("smooth", draw_one_hot_and(probabilities), [], {"arguments": {"label_smoothing": 0.1}}),
            ("axis-1", draw_soft_class_axis_1, [], {"arguments": {"axis": 1}, "sample_shape": (3,)}),
            ("rank-3", draw_soft_and(probabilities, (3,)), [], {"sample_shape": (3,)}),
            ("logits", draw_soft_and(logits), [], {"arguments": {"from_logits": True}, "float32_tolerance": 1e-6}),
        ]
    ),
]

REDUCTIONS = [
    mean_family("MeanSquaredError", twin.mean_squared_error, draw_value_pairs()),
    mean_family("MeanSquaredError-rank-2", twin.mean_squared_error, draw_value_pairs((5,))),
    mean_family("MeanSquaredError-rank-3", twin.mean_squared_error, draw_value_pairs((3, 5)), sample_shape=(3,)),
    mean_family("MeanAbsoluteError", twin.mean_absolute_error, draw_value_pairs()),
    mean_family("MeanAbsoluteError-rank-2", twin.mean_absolute_error, draw_value_pairs((5,))),
    mean_family("Mean", np.asarray, draw_values()),
    mean_family("Mean-rank-2", np.asarray, draw_values((5,)), sample_shape=(5,)),
    *(
        Family(
            f"Sum-rank-{1 + len(shape)}",
            lambda classes: metrics.Sum(),
            lambda classes: twin.Total(),
            draw_values(shape),
            sample_shape=shape,
        )
        for shape in [(), (5,)]
    ),
    Family(
        "MeanMetricWrapper",
        lambda classes: metrics.MeanMetricWrapper(absolute_difference, scale=2.0),
        lambda classes: twin.MeanOf(absolute_difference, scale=2.0),
        draw_value_pairs((3,)),
        (lambda classes: metrics.MeanMetricWrapper(absolute_difference, scale=3.0),),
        sample_shape=(3,),
    ),
]

OURS = [
    matrix("ConfusionMatrix", draw_label_pairs(), (0, 1)),
    matrix("ConfusionMatrix-scores", draw_ids_and(probabilities), (0,), predicted_rows=True),
    matrix("ConfusionMatrix-rows", draw_one_hot_and(logits), true_rows=True, predicted_rows=True),
    *(matrix(f"ConfusionMatrix-{over}", draw_label_pairs(), (0, 1), over) for over in ("true", "pred", "all")),
    curve("optimistic", draw_ids_and(probabilities), 5, (0,)),
    curve("pessimistic", draw_one_hot_and(probabilities), 12),
    curve("lowest_index", draw_ids_and(probabilities), 20, (0,)),
    *(
        mean_family(f"EarthMoversDistance-{r}", twin.earth_movers_distance, draw, [{"r": 5}], arguments={"r": r})
        for r, draw in [(1, draw_soft_and(probabilities)), (2, draw_soft_and(probabilities))]
    ),
    mean_family("DistributionMeanError", twin.distribution_mean_error, draw_soft_and(probabilities)),
    Family(
        "DistributionMeanError-bins",
        lambda classes: metrics.DistributionMeanError(bins=half_bins(classes)),
        lambda classes: twin.MeanOf(twin.distribution_mean_error, bins=half_bins(classes)),
        draw_soft_and(probabilities),
        (lambda classes: metrics.DistributionMeanError(bins=2 * half_bins(classes)),),
    ),
    Family(
        "MetricCollection",
        collection_of_four,
        reference_of_four,
        draw_ids_and(probabilities),
        (lambda classes: metrics.MetricCollection([metrics.SparseCategoricalAccuracy()]),),
        (0,),
    ),
]

FAMILIES = ACCURACIES + CROSSENTROPIES + REDUCTIONS + ROWS + OURS + COLUMN_FAMILIES + THRESHOLDS
FAMILIES += DISTANCES + POPULATIONS + TRANSPORT + LABELS
KINDS = [
    (3, "float32", "uint8", "none"),
    (10, "float64", "int32", "element"),
    (33, "float16", "int16", "row"),
]
CASES = [Case(one, *kind) for one in FAMILIES for kind in KINDS]
LARGE_KINDS = [(10, "float64", "int64", "row"), (300, "float32", "uint16", "none")]
LARGE_CASES = [Case(one, *kind) for one in FAMILIES for kind in LARGE_KINDS]
