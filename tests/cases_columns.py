"""Cases of segmentations, F-scores, R2 and correlations."""

import reference_columns as twin
from draws import draw_binary, draw_one_hot_and, draw_value_pairs, probabilities
from draws_columns import draw_multi_label, draw_outputs, draw_soft_labels, draw_unknown_labels
from families import Family, mean_family

from tallymetrics import metrics

IOU = [
    Family(
        "IoU",
        lambda classes: metrics.IoU(classes, [0]),
        lambda classes: twin.Overlap(classes, [0]),
        draw_unknown_labels((3,)),
        (lambda classes: metrics.IoU(classes + 1, [0]), lambda classes: metrics.IoU(classes, [0], ignore_class=0)),
        sample_shape=(3,),
    ),
    Family(
        "MeanIoU",
        lambda classes: metrics.MeanIoU(classes),
        lambda classes: twin.Overlap(classes),
        draw_unknown_labels(),
        (lambda classes: metrics.MeanIoU(classes, ignore_class=1),),
    ),
    Family(
        "MeanIoU-ignore",
        lambda classes: metrics.MeanIoU(classes, ignore_class=[classes + 3, 0]),
        lambda classes: twin.Overlap(classes, ignored=(classes + 3, 0)),
        draw_unknown_labels(),
    ),
    Family(
        "BinaryIoU",
        lambda classes: metrics.BinaryIoU(threshold=0.3125),
        lambda classes: twin.Overlap(2, threshold=0.3125),
        draw_binary((2,)),
        (lambda classes: metrics.BinaryIoU(),),
        sample_shape=(2,),
    ),
    Family(
        "OneHotIoU",
        lambda classes: metrics.OneHotIoU(classes, [0, classes - 1]),
        lambda classes: twin.Overlap(classes, sorted({0, classes - 1}), true_rows=True, pred_rows=True),
        draw_one_hot_and(probabilities),
    ),
    Family(
        "OneHotMeanIoU",
        lambda classes: metrics.OneHotMeanIoU(classes),
        lambda classes: twin.Overlap(classes, true_rows=True, pred_rows=True),
        draw_one_hot_and(probabilities),
    ),
]


def f_score(name, draw=draw_multi_label, **arguments) -> Family:
    metric = getattr(metrics, name.split("-")[0])
    return Family(
        name,
        lambda classes: metric(**arguments),
        lambda classes: twin.FScore(**arguments),
        draw,
        (lambda classes: metric(**{**arguments, "threshold": 0.125}),),
        sample_shape=(5,) if draw is draw_soft_labels else (),
    )


F_SCORES = [
    f_score("FBetaScore", beta=2.0),
    f_score("FBetaScore-threshold", threshold=0.5, average="micro", beta=0.5),
    f_score("FBetaScore-soft", draw_soft_labels, threshold=0.25, average="macro"),
    f_score("F1Score", average="weighted"),
]


def r2(name, draw, sample_shape=(), **arguments) -> Family:
    return Family(
        name,
        lambda classes: metrics.R2Score(**arguments),
        lambda classes: twin.Determination(**arguments),
        draw,
        sample_shape=sample_shape,
    )


R2 = [
    r2("R2Score", draw_outputs(1)),
    r2("R2Score-outputs", draw_outputs(3, 3.0), (3,), class_aggregation=None),
    r2("R2Score-variance", draw_outputs(2, -2.0), class_aggregation="variance_weighted_average"),
]

CORRELATIONS = [
    Family(
        "StreamPearsonCorrelation",
        lambda classes: metrics.StreamPearsonCorrelation(),
        lambda classes: twin.StreamCorrelation(),
        draw_outputs(2, 50.0),
        sample_shape=(2,),
    ),
    Family(
        "StreamConcordanceCorrelation",
        lambda classes: metrics.StreamConcordanceCorrelation(),
        lambda classes: twin.StreamCorrelation(concordance=True),
        draw_value_pairs(),
    ),
]

RELATIVE_ERRORS = [
    mean_family(
        "MeanRelativeError",
        twin.relative_errors,
        draw_value_pairs((3,)),
        [{"normalizer": 3.0}],
        sample_shape=(3,),
        arguments={"normalizer": [2.0, 0.0, 3.0]},
    )
]

COLUMN_FAMILIES = IOU + F_SCORES + R2 + CORRELATIONS + RELATIVE_ERRORS
