"""Cases of counts at thresholds, precision and recall, operating points, and the area under a curve."""

from functools import partial

import numpy as np

from differential.accuracies import with_nan
from differential.case import Case, Update, exact
from differential.crossentropies import logits
from differential.drawing import FLOATS, batch_sizes, bits, choose, unit_scores, weight_values
from differential.errors import Pairs

FORMS = ("rank-1", "rank-1", "true-column", "pred-column", "rank-2", "rank-2", "rank-3", "true-trailing")
POINTS = (0.0, 0.1, 0.25, 0.3, 0.5, 0.7, 0.75, 1.0)


CELLS = ("true_positives", "false_positives", "true_negatives", "false_negatives")


def strict(scores, metric):
    """Makes Keras compare every score with every threshold in the dtype of the scores, in place of its buckets."""
    metric._thresholds_distributed_evenly = False
    name = "_thresholds" if hasattr(metric, "_thresholds") else "thresholds"
    kind = np.float64 if scores == "float64" else np.float32
    setattr(metric, name, np.asarray(getattr(metric, name), kind).astype(np.float64))


def true_labels(rng, shape):
    """Bits, or numbers of which all but 0 are true."""
    if rng.random() < 0.8:
        return bits(rng, shape)
    return rng.integers(-1, 2, size=shape).astype(choose(rng, ("int8", "int64", "float32"))) * choose(rng, (1, 3))


def thresholds(rng):
    kind = choose(rng, ("default", "one", "uneven", "unsorted", "even"))
    if kind == "default":
        return {}
    if kind == "one":
        return {"thresholds": choose(rng, POINTS)}
    count = int(rng.integers(1, 8))
    if kind == "even":
        return {"thresholds": [place / (count + 1) for place in range(count + 2)]}
    drawn = rng.choice(POINTS, size=count, replace=False) if rng.random() < 0.5 else rng.random(count)
    return {"thresholds": (sorted(drawn.tolist()) if kind == "uneven" else drawn.tolist())}


def beyond(rng, shape, dtype):
    """Scores of which some lie outside [0, 1]."""
    return (rng.normal(size=shape) * 0.4 + 0.5).astype(dtype)


class Scored:
    """Labels and scores of one form, and weights by rule S2."""

    def __init__(self, rng, forms=FORMS, width=None, draw_scores=unit_scores, nan=0.05):
        self.rng, self.dtype, self.nan, self.draw_scores = rng, choose(rng, FLOATS), nan, draw_scores
        self.pairs = Pairs(rng, forms, true_labels, self.draw_pred, width)
        self.weight_form = choose(rng, ("none", "none", "scalar", "rows", "rows", "column", "element", "row"))

    def draw_pred(self, rng, shape):
        return with_nan(rng, self.draw_scores(rng, shape, self.dtype), self.nan)

    def weight(self, rows):
        """A weight, and for Keras another form of it where it is a scalar."""
        shape = self.pairs.element_shape(rows)
        forms = {"none": None, "scalar": (), "element": shape, "rows": (rows,)}
        if len(shape) == 2:
            forms |= {"column": (rows, 1), "row": (1, shape[1])}
        if len(shape) == 3:
            forms |= {"rows": shape[:2], "column": (*shape[:2], 1)}
        chosen = forms.get(self.weight_form, shape)
        if chosen is None:
            return None, None
        weight = weight_values(self.rng, chosen)
        return weight, np.full(shape[:-1] or shape, weight) if chosen == () else None

    def updates(self):
        made = []
        for rows in batch_sizes(self.rng):
            weight, keras_weight = self.weight(rows)
            made.append(Update(self.pairs.draw(rows)[0], weight, None, None, keras_weight))
        return made

    def case(self, arguments, states=CELLS, updates=None):
        return Case(arguments, updates or self.updates(), settle=partial(strict, self.dtype), states=states)


def draw_count(rng):
    return Scored(rng, draw_scores=choose(rng, (unit_scores, beyond))).case(thresholds(rng), ("accumulator",))


def draw_precision_or_recall(wrong, rng):
    arguments, kind = thresholds(rng), choose(rng, ("plain", "plain", "class", "top", "top of class"))
    states = "true_positives", wrong
    if kind == "plain":
        return Scored(rng).case(arguments, states)
    width = choose(rng, (2, 3, 5, 17, 40))
    scored = Scored(rng, ("rank-2", "rank-2", "rank-3"), width, nan=0)
    if "class" in kind:
        arguments["class_id"] = int(rng.integers(0, width))
        if scored.weight_form in ("element", "row"):
            scored.weight_form = "rows"
    updates = scored.updates()
    if "top" in kind:
        arguments["top_k"] = int(rng.integers(1, width + 1))
        for update in updates:
            update.keras_inputs = update.inputs[0], only_top(update.inputs[1], arguments["top_k"])
    return scored.case(arguments, states, updates)


def only_top(scores, k):
    """Scores below all others but for the k highest, the first of equal ones; Keras on NumPy takes the last."""
    scores = scores.astype(np.float64)
    ranks = np.argsort(np.argsort(-scores, axis=-1, kind="stable"), axis=-1)
    return np.where(ranks < k, scores, -2e10)


def within_ends(updates):
    """For Keras, whose curves end at -1e-7 and 1 + 1e-7 and lose the scores beyond if thresholds are uneven."""
    for update in updates:
        update.keras_inputs = update.inputs[0], np.clip(exact(update.inputs[1]), -5e-8, 1 + 5e-8)
    return updates


def draw_at(argument, rng):
    arguments = {argument: choose(rng, (*POINTS, float(rng.random())))}
    if rng.random() < 0.7:
        arguments["num_thresholds"] = choose(rng, (1, 2, 3, 5, 11, 50))
    draw_scores = choose(rng, (unit_scores, unit_scores, beyond))  # which Keras would clip, we compare as they are
    if rng.random() < 0.3:
        scored = Scored(rng, ("rank-2",), 3, draw_scores)
        arguments["class_id"] = int(rng.integers(0, 3))
        if scored.weight_form in ("element", "row"):
            scored.weight_form = "rows"
    else:
        scored = Scored(rng, draw_scores=draw_scores)
    return scored.case(arguments)


def curve_arguments(rng):
    options = {
        "curve": ("ROC", "PR", "PRGAIN", "pr", "roc", "prgain"),
        "summation_method": ("interpolation", "minoring", "majoring", "Majoring"),
        "num_thresholds": (2, 3, 5, 11, 50, 200),
    }
    chosen = {name: choose(rng, values) for name, values in options.items() if rng.random() < 0.7}
    if rng.random() < 0.3:
        chosen["thresholds"] = rng.choice(POINTS, size=int(rng.integers(1, 6)), replace=False).tolist()
    return chosen


def draw_area(rng):
    arguments, kind = curve_arguments(rng), choose(rng, ("flat", "flat", "label weights", "labels", "labels"))
    from_logits = rng.random() < 0.2
    draw_scores = logits if from_logits else choose(rng, (unit_scores, unit_scores, beyond))
    if from_logits:
        arguments["from_logits"] = True
    if kind == "flat":
        scored = Scored(rng, draw_scores=draw_scores)
    else:
        width = int(rng.integers(2, 6))
        scored = Scored(rng, ("rank-2",), width, draw_scores)
        if kind == "labels":
            arguments |= {"multi_label": True} | ({"num_labels": width} if rng.random() < 0.5 else {})
        if kind == "label weights" or rng.random() < 0.5:
            arguments["label_weights"] = (rng.integers(0, 9, size=width) / 4).tolist()
    return scored.case(arguments, updates=scored.updates() if from_logits else within_ends(scored.updates()))


CLASSES = {
    **dict.fromkeys(("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"), draw_count),
    "Precision": partial(draw_precision_or_recall, "false_positives"),
    "Recall": partial(draw_precision_or_recall, "false_negatives"),
    "SensitivityAtSpecificity": partial(draw_at, "specificity"),
    "SpecificityAtSensitivity": partial(draw_at, "sensitivity"),
    "PrecisionAtRecall": partial(draw_at, "recall"),
    "RecallAtPrecision": partial(draw_at, "precision"),
    "AUC": draw_area,
}
