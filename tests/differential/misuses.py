"""What both libraries refuse: `name -> [(what, constructor arguments, arguments of update_state or None)]`."""

import numpy as np

BITS, ROWS, IDS = np.array([0.0, 1, 1, 0]), np.array([[0.0, 1], [1, 0], [0.2, 0.8], [0.5, 0.5]]), np.array([0, 1, 1, 0])
SCORES = np.array([0.1, 0.9, 0.4, 0.6])

# The least arguments that a constructor takes, where it needs any.
REQUIRED = {
    "IoU": {"num_classes": 2, "target_class_ids": [0]},
    "OneHotIoU": {"num_classes": 2, "target_class_ids": [0]},
    "MeanIoU": {"num_classes": 2},
    "OneHotMeanIoU": {"num_classes": 2},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "MeanMetricWrapper": {"fn": lambda y_true, y_pred: np.abs(np.subtract(y_true, y_pred))},
}
COUNTS = ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives")
OPERATING_POINTS = [name for name in REQUIRED if "At" in name]
THRESHOLDED = (*COUNTS, "Precision", "Recall")
SPARSE = ("SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy", "SparseCategoricalCrossentropy")
TABLES = ("IoU", "MeanIoU", "BinaryIoU")
COLUMNS_MAY_DIFFER = ("OneHotIoU", "OneHotMeanIoU", "CategoricalAccuracy", "TopKCategoricalAccuracy")
VALUES = ("Mean", "Sum")


def inputs_of(name):
    """A small valid batch."""
    if name in VALUES:
        return (SCORES,)
    if name in SPARSE:
        return IDS, ROWS
    if name in TABLES:
        return IDS, IDS
    return ROWS, ROWS


def misuses_of_every(name):
    """Wrong in the same way for every class."""
    required, inputs = REQUIRED.get(name, {}), inputs_of(name)
    if name != "MeanMetricWrapper":
        yield "unknown argument", {**required, "no_such_argument": 1}, None
    yield "unknown dtype", {**required, "dtype": "float99"}, None
    yield "no arrays", required, ()
    yield "too many arguments", required, (*inputs, None, None)
    yield "text for scores", required, (*inputs[:-1], np.full(inputs[-1].shape, "a"))
    yield "text for weights", required, (*inputs, ["a"] * 4)
    yield "weights of too few rows", required, (*inputs, np.ones(3))
    if required:
        yield "missing argument", {}, None


SHAPES = {
    "fewer rows": ((3, 2), (4, 2)),
    "fewer columns": ((4, 3), (4, 2)),
}
CLASSES = {
    **{
        name: [("outside [0, 1]", {"thresholds": wrong}, None) for wrong in (-0.1, 1.5, [0.5, 2], [None])]
        for name in COUNTS
    },
    **{
        name: [("outside [0, 1]", {"thresholds": wrong}, None) for wrong in (-0.1, 1.5, [0.5, 2])]
        + [("class of rank 1", {"class_id": 0}, (BITS, SCORES)), ("no such class", {"class_id": 2}, (ROWS, ROWS))]
        for name in ("Precision", "Recall")
    },
    **{
        name: [("outside [0, 1]", {next(iter(REQUIRED[name])): wrong}, None) for wrong in (-0.1, 1.1)]
        + [("no thresholds", {**REQUIRED[name], "num_thresholds": wrong}, None) for wrong in (0, -3)]
        + [("class of rank 1", {**REQUIRED[name], "class_id": 1}, (BITS, SCORES))]
        for name in OPERATING_POINTS
    },
    "AUC": [
        ("one threshold", {"num_thresholds": 1}, None),
        ("unknown curve", {"curve": "ROCK"}, None),
        ("unknown summation", {"summation_method": "majority"}, None),
        ("labels of one label", {"num_labels": 3}, None),
        ("rank 1", {"multi_label": True}, (BITS, SCORES)),
        ("other number of labels", {"multi_label": True, "num_labels": 3}, (ROWS, ROWS)),
        ("other number of label weights", {"label_weights": [1.0, 2, 3]}, (ROWS, ROWS)),
    ],
    **{
        name: [
            ("unknown average", {"average": "mean"}, None),
            ("threshold that is no float", {"threshold": 1}, None),
            ("threshold 0", {"threshold": 0.0}, None),
            ("threshold above 1", {"threshold": 1.5}, None),
            ("rank 1", {}, (BITS, SCORES)),
            ("rank 3", {}, (ROWS[None], ROWS[None])),
        ]
        for name in ("F1Score", "FBetaScore")
    },
    "R2Score": [
        ("unknown aggregation", {"class_aggregation": "mean"}, None),
        ("fewer than no regressors", {"num_regressors": -1}, None),
        ("rank 1", {}, (BITS, SCORES)),
        ("rank 3", {}, (ROWS[None], ROWS[None])),
    ],
    **{
        name: [("class out of range", {"num_classes": 2, "target_class_ids": [2]}, None)]
        for name in ("IoU", "OneHotIoU")
    },
    "BinaryIoU": [("class out of range", {"target_class_ids": [2]}, None)],
    "SparseCategoricalCrossentropy": [
        ("label out of range", {}, (np.array([0, 1, 2, 0]), ROWS)),
        ("rows for labels", {}, (np.zeros((4, 2), int), ROWS)),
    ],
    "SparseTopKCategoricalAccuracy": [("label out of range", {}, (np.array([0, 1, 2, 0]), ROWS))],
    "CategoricalCrossentropy": [("no such axis", {"axis": 5}, (ROWS, ROWS))],
    "MeanMetricWrapper": [("no function", {"fn": 3}, (ROWS, ROWS))],
}
CLASSES["FBetaScore"] += [("beta that is no float", {"beta": 1}, None), ("beta 0", {"beta": 0.0}, None)]

FUNCTIONS = {
    "binary_crossentropy": [((ROWS, ROWS[:, :1]), {})],
    "categorical_crossentropy": [((ROWS, ROWS), {"axis": True}), ((ROWS, ROWS[:, :1]), {})],
    "categorical_focal_crossentropy": [((ROWS, ROWS), {"axis": True})],
    "sparse_categorical_crossentropy": [((IDS[:3], ROWS), {}), ((IDS + 1, ROWS), {})],
    "sparse_top_k_categorical_accuracy": [((IDS + 1, ROWS), {})],
}


def misuses(name):
    yield from misuses_of_every(name)
    required = REQUIRED.get(name, {})
    if name not in (*VALUES, *SPARSE, *TABLES):
        for what, (true_shape, pred_shape) in SHAPES.items():
            if name not in COLUMNS_MAY_DIFFER or what == "fewer rows":
                yield what, required, (np.ones(true_shape), np.ones(pred_shape))
    if name in (*SPARSE, *TABLES):
        yield "fewer labels", required, (IDS[:3], inputs_of(name)[1])
    yield from CLASSES.get(name, [])


def misuses_of_function(name):
    valid = (IDS, ROWS) if name.startswith("sparse") else (ROWS, ROWS)
    yield valid[:1], {}
    yield valid, {"no_such_argument": 1}
    yield (valid[0], np.full(ROWS.shape, "a")), {}
    yield (valid[0][:3], ROWS), {}
    yield from FUNCTIONS.get(name, [])
