"""Cases of regression errors and correlations: [samples], [samples, outputs] and more, ranks aligned, broadcast."""

from functools import partial

import numpy as np

from differential.case import Case, Update
from differential.drawing import WIDTHS, choose, reals, samplewise_case

SHAPES = {
    "rank-1": lambda n, s, d: ((n,), (n,)),
    "true-column": lambda n, s, d: ((n, 1), (n,)),
    "pred-column": lambda n, s, d: ((n,), (n, 1)),
    "rank-2": lambda n, s, d: ((n, d), (n, d)),
    "rank-3": lambda n, s, d: ((n, s, d), (n, s, d)),
    "true-row": lambda n, s, d: ((1, d), (n, d)),
    "pred-narrow": lambda n, s, d: ((n, d), (n, 1)),
    "true-trailing": lambda n, s, d: ((n, s, 1), (n, s)),
    "pred-trailing": lambda n, s, d: ((n, s), (n, s, 1)),
}
SAME_RANK = ("rank-2", "rank-2", "rank-3", "true-row", "pred-narrow")
ANY_FORM = (*SHAPES, "rank-2", "rank-2")


class Pairs:
    """Two arrays of one form, drawn for every update."""

    def __init__(self, rng, forms=ANY_FORM, draw_true=reals, draw_pred=reals, width=None):
        self.rng, self.form = rng, choose(rng, forms)
        self.inner, self.width = int(rng.integers(2, 5)), width or choose(rng, WIDTHS)
        self.draw_true, self.draw_pred = draw_true, draw_pred

    def shapes(self, rows):
        return SHAPES[self.form](rows, self.inner, self.width)

    def draw(self, rows):
        true_shape, pred_shape = self.shapes(rows)
        inputs = self.draw_true(self.rng, true_shape), self.draw_pred(self.rng, pred_shape)
        # Keras takes two arrays of rank 1 as one sample.
        return inputs, tuple(one[:, np.newaxis] for one in inputs) if self.form == "rank-1" else None

    def element_shape(self, rows):
        true_shape, pred_shape = self.shapes(rows)
        if self.form.endswith("trailing"):
            return (rows, self.inner)
        if self.form.endswith("column"):
            return (rows,)
        return np.broadcast_shapes(true_shape, pred_shape)

    def row_shape(self, rows):
        shape = self.element_shape(rows)
        return shape if len(shape) == 1 else shape[:-1]


def row_errors(forms=ANY_FORM, draw_true=reals, draw_pred=reals, **options):
    """Means of one value for each row, the last axis reduced."""

    def draw(rng):
        pairs = Pairs(rng, forms, draw_true, draw_pred)
        return Case({}, samplewise_case(rng, pairs.draw, pairs.row_shape), **options)

    return draw


def draw_root_mean_squared_error(rng):
    pairs = Pairs(rng)
    return Case({}, samplewise_case(rng, pairs.draw, pairs.element_shape, may_mask=False))


def nonzero(rng, shape):
    """Labels to divide by, a few of them 0."""
    values = reals(rng, shape)
    return np.where(rng.random(shape) < 0.9, np.where(values == 0, 1, values), 0).astype(values.dtype)


def along_axis(forms, min_width=1):
    """Similarities along an axis, -1, 1 or the last by number; constant rows are no part of it."""

    def draw(rng):
        pairs = Pairs(rng, forms, width=choose(rng, [width for width in WIDTHS if width >= min_width]))
        rank = len(pairs.element_shape(1))
        pairs.draw_true = pairs.draw_pred = lambda rng, shape: rng.normal(size=shape).astype(choose(rng, ("f4", "f8")))
        axis = -1 if pairs.form.endswith("trailing") else choose(rng, (-1, rank - 1, 1))
        arguments = {} if axis == -1 else {"axis": axis}

        def values_shape(rows):
            shape = list(pairs.element_shape(rows))
            del shape[axis]
            return tuple(shape)

        return Case(arguments, samplewise_case(rng, pairs.draw, values_shape))

    return draw


def function_of_pairs(forms=ANY_FORM, draw_true=reals, draw_pred=reals, draw_arguments=lambda rng: {}):
    """One call; two arrays of rank 1 are a row."""

    def draw(rng):
        pairs = Pairs(rng, forms, draw_true, draw_pred)
        inputs, _ = pairs.draw(int(rng.integers(1, 30)))
        return Case(draw_arguments(rng), [Update(inputs)])

    return draw


def function_along_axis(rng):
    pairs = Pairs(rng, ("rank-1", "rank-2", "rank-3"), width=choose(rng, WIDTHS[2:]))
    rows = int(rng.integers(3, 30))
    pairs.draw_true = pairs.draw_pred = lambda rng, shape: rng.normal(size=shape)
    rank = len(pairs.shapes(1)[0])
    return Case({"axis": int(choose(rng, (-1, rank - 1, 0)))}, [Update(pairs.draw(rows)[0])])


def draw_r2_score(rng):
    """Against the definition: Keras subtracts great sums and counts elements in place of rows."""
    width, offset = choose(rng, WIDTHS), choose(rng, (0, 0, 1e3, 1e6))
    arguments = {"class_aggregation": choose(rng, (None, "uniform_average", "variance_weighted_average"))}
    if rng.random() < 0.4:
        arguments["num_regressors"] = int(rng.integers(0, 4))
    form = choose(rng, ("none", "none", "rows", "column", "element", "row"))
    updates = []
    for rows in (int(rng.integers(6, 20)), *rng.integers(0, 12, size=rng.integers(0, 3)).tolist()):
        y_true = rng.normal(size=(rows, width)) + offset
        y_pred = y_true + rng.normal(size=(rows, width)) * 0.5
        shapes = {"rows": (rows,), "column": (rows, 1), "element": (rows, width), "row": (1, width)}
        weight = None if form == "none" else rng.integers(1, 9, size=shapes[form]) / 4
        updates.append(Update((y_true, y_pred), weight))
    read = partial(r2_score, updates, **arguments)
    return Case(arguments, updates, read=read, tolerance=1e-8, states=("sum", "total_mse", "count"))


def r2_score(updates, metric, class_aggregation, num_regressors=0):
    """Two passes over all rows in long double."""
    y_true = np.concatenate([one.inputs[0] for one in updates]).astype(np.longdouble)
    y_pred = np.concatenate([one.inputs[1] for one in updates]).astype(np.longdouble)
    weight = np.concatenate([full_weight(one) for one in updates]).astype(np.longdouble)
    mean = (weight * y_true).sum(axis=0) / weight.sum(axis=0)
    total = (weight * (y_true - mean) ** 2).sum(axis=0)
    scores = 1 - (weight * (y_true - y_pred) ** 2).sum(axis=0) / total
    if class_aggregation == "uniform_average":
        scores = scores.mean()
    elif class_aggregation == "variance_weighted_average":
        scores = (scores * total).sum() / total.sum()
    rows = len(y_true)
    if num_regressors:
        scores = 1 - (1 - scores) * (rows - 1) / (rows - num_regressors - 1)
    return np.asarray(scores, np.float64)


def full_weight(update):
    shape = update.inputs[0].shape
    if update.weight is None:
        return np.ones(shape)
    weight = update.weight[:, np.newaxis] if update.weight.ndim == 1 else update.weight
    return np.broadcast_to(weight, shape)


CLASSES = {
    "MeanSquaredError": row_errors(),
    "MeanAbsoluteError": row_errors(),
    "MeanAbsolutePercentageError": row_errors(draw_true=nonzero),
    "MeanSquaredLogarithmicError": row_errors(),
    "LogCoshError": row_errors(),
    "RootMeanSquaredError": draw_root_mean_squared_error,
    "CosineSimilarity": along_axis(("rank-2", "rank-3", "true-row", "pred-trailing", "true-trailing")),
    "PearsonCorrelation": along_axis(("rank-2", "rank-3"), 3),
    "ConcordanceCorrelation": along_axis(("rank-2", "rank-3", "true-row", "pred-trailing")),
    "R2Score": draw_r2_score,
}
FUNCTIONS = {
    "mean_squared_error": function_of_pairs(),
    "mean_absolute_error": function_of_pairs(),
    "mean_absolute_percentage_error": function_of_pairs(draw_true=nonzero),
    "mean_squared_logarithmic_error": function_of_pairs(),
    "log_cosh": function_of_pairs(),
    "huber": function_of_pairs(
        draw_arguments=lambda rng: {} if rng.random() < 0.3 else {"delta": float(choose(rng, (0.5, 1.0, 2.5, 10.0)))}
    ),
    "pearson_correlation": function_along_axis,
    "concordance_correlation": function_along_axis,
}
