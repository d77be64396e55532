"""Cases of the laws: metrics at score thresholds."""

import numpy as np
import reference_thresholds as twin
from draws import draw_binary
from families import Family

from tallymetrics import metrics

UNSORTED = [0.5, 0.25, 0.7, 0.25, 1.0, 0.0]
MANY = (np.random.default_rng(7).random(300) ** 3).tolist()
EVEN = [step / 199 for step in range(200)]


def draw_scores(sample_shape=(), scale=1.0):
    """Half of the scores lie on a coarse grid, and so on thresholds."""

    def draw(rng, rows, case):
        y_true, coarse = draw_binary(sample_shape)(rng, rows, case)
        fine = rng.random(coarse.shape)
        scores = np.where(rng.random(coarse.shape) < 0.5, coarse, fine)
        return y_true, (scale * (scores - 0.5) if scale != 1 else scores).astype(case.score_dtype)

    return draw


def at_thresholds(name, answer, arguments, others, sample_shape=(), draw=None, **options) -> Family:
    """The class before the first "-" of the name."""
    metric = getattr(metrics, name.split("-")[0])
    return Family(
        name,
        lambda classes: metric(**arguments),
        lambda classes: twin.AtThresholds(answer, **options),
        draw or draw_scores(sample_shape),
        tuple(lambda classes, other=other: metric(**{**arguments, **other}) for other in others),
        sample_shape=sample_shape,
    )


def area(name, arguments, sample_shape=(), scale=1.0, twin_class=twin.AreaAtThresholds, others=(), **options) -> Family:
    curve, method = arguments.get("curve", "ROC"), arguments.get("summation_method", "interpolation")
    thresholds = arguments.get("thresholds", EVEN[1:-1])
    return Family(
        name,
        lambda classes: metrics.AUC(**arguments),
        lambda classes: twin_class(curve, method, thresholds, **options),
        draw_scores(sample_shape, scale),
        tuple(lambda classes, other=other: metrics.AUC(**{**arguments, **other}) for other in others),
        sample_shape=sample_shape,
        float32_tolerance=1e-11,
    )


COUNTS = [
    at_thresholds("TruePositives", twin.true_positives, {}, [{"thresholds": 0.25}]),
    at_thresholds(
        "FalsePositives-unsorted",
        twin.false_positives,
        {"thresholds": UNSORTED},
        [{"thresholds": [0.5]}],
        (4,),
        thresholds=UNSORTED,
    ),
    at_thresholds("TrueNegatives-many", twin.true_negatives, {"thresholds": MANY}, [], thresholds=MANY),
    at_thresholds("FalseNegatives-rank-3", twin.false_negatives, {"thresholds": EVEN}, [], (2, 3), thresholds=EVEN),
]

RATIOS = [
    at_thresholds("Precision", twin.precision, {}, [{"thresholds": 0.25}, {"class_id": 1}]),
    at_thresholds("Precision-top-k", twin.precision, {"top_k": 2}, [{"top_k": 3}], (4,), thresholds=[-1e10], top_k=2),
    at_thresholds(
        "Precision-macro",
        twin.averaged(twin.precision, "macro"),
        {"average": "macro", "thresholds": UNSORTED},
        [{"average": "weighted"}],
        (4,),
        thresholds=UNSORTED,
        by_column=True,
    ),
    at_thresholds(
        "Recall-class-id", twin.recall, {"class_id": 2, "top_k": 3}, [], (4,), thresholds=[-1e10], class_id=2, top_k=3
    ),
    at_thresholds(
        "Recall-weighted", twin.averaged(twin.recall, "weighted"), {"average": "weighted"}, [], (4,), by_column=True
    ),
    Family(
        "Precision-samples",
        lambda classes: metrics.Precision(UNSORTED, average="samples"),
        lambda classes: twin.MeanOfRowRatios(UNSORTED, recall=False),
        draw_scores((4,)),
        (lambda classes: metrics.Precision(UNSORTED),),
    ),
    Family(
        "Recall-samples",
        lambda classes: metrics.Recall(average="samples"),
        lambda classes: twin.MeanOfRowRatios([0.5], recall=True),
        draw_scores((2, 3)),
        (lambda classes: metrics.Recall(),),
        sample_shape=(2,),
    ),
    *(
        at_thresholds(
            name,
            twin.best(dependent, constrained, 0.6),
            {argument: 0.6, **arguments},
            [{"num_thresholds": 5}, {argument: 0.7}],
            (4,) if arguments else (),
            thresholds=EVEN,
            **arguments,
        )
        for name, dependent, constrained, argument, arguments in [
            ("SensitivityAtSpecificity", twin.recall, twin.specificity, "specificity", {}),
            ("SpecificityAtSensitivity", twin.specificity, twin.recall, "sensitivity", {"class_id": 1}),
            ("PrecisionAtRecall", twin.precision, twin.recall, "recall", {}),
            ("RecallAtPrecision", twin.recall, twin.precision, "precision", {}),
        ]
    ),
]

AREAS = [
    area("AUC", {}, others=[{"num_thresholds": 5}, {"from_logits": True}]),
    area(
        "AUC-multi-label",
        {"multi_label": True, "curve": "PR"},
        (4,),
        twin_class=twin.AreaOfLabels,
        others=[{"num_labels": 3}],
        by_column=True,
    ),
    area(
        "AUC-label-weights",
        {"label_weights": [0.5, 2.0, 0.0, 1.0], "curve": "PR", "summation_method": "majoring"},
        (4,),
        by_column=True,
        label_weights=[0.5, 2.0, 0.0, 1.0],
    ),
    area("AUC-logits", {"thresholds": [0.7, 0.5, 0.1], "from_logits": True}, (), 8.0, from_logits=True),
]

RANKED = [
    Family(
        f"AUC-ranked-{curve}",
        lambda classes, curve=curve: metrics.AUC(None, curve),
        lambda classes, curve=curve: twin.RankedArea(curve),
        draw_scores((3,)),
        (lambda classes: metrics.AUC(),),
        sample_shape=(3,),
        float32_tolerance=1e-11,
    )
    for curve in ("ROC", "PR")
]

THRESHOLDS = COUNTS + RATIOS + AREAS + RANKED
