"""Cases of labels of many classes."""

import reference as twin
import reference_labels
from draws import draw_ids_and, draw_label_pairs, probabilities
from families import Family

from tallymetrics import metrics


def many_classes(name, make, reference, draw, labels=(0,), **arguments) -> Family:
    return Family(
        name,
        lambda classes: make(classes, **arguments),
        lambda classes: reference(classes),
        draw,
        (lambda classes: make(classes + 1), lambda classes: make(classes, ignore_class=[0, 9])),
        labels,
    )


LABELS = [
    many_classes(
        "ClassificationReport", metrics.ClassificationReport, reference_labels.Report, draw_label_pairs(), (0, 1)
    ),
    many_classes(
        "ClassificationReport-scores",
        metrics.ClassificationReport,
        lambda classes: reference_labels.Report(classes, predicted_rows=True),
        draw_ids_and(probabilities),
    ),
    many_classes(
        "SparseConfusionMatrix", metrics.SparseConfusionMatrix, reference_labels.Cells, draw_label_pairs(), (0, 1)
    ),
    many_classes(
        "SparseConfusionMatrix-ignore",
        metrics.SparseConfusionMatrix,
        lambda classes: reference_labels.Cells(classes, (0,)),
        draw_label_pairs(),
        (0, 1),
        ignore_class=0,
    ),
    Family(
        "TopKCurve-classes",
        lambda classes: metrics.TopKCurve(4, num_classes=classes),
        lambda classes: twin.RankCurve(4),
        draw_ids_and(probabilities),
        (lambda classes: metrics.TopKCurve(4), lambda classes: metrics.TopKCurve(4, num_classes=classes + 1)),
        (0,),
    ),
]
