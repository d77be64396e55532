"""Cases of cross-entropies, divergences and hinges: probabilities or logits, labels or target rows, any class axis."""

import numpy as np

from differential.accuracies import Classes
from differential.case import Case, Update, exact
from differential.drawing import CLASS_NUMBERS, FLOATS, bits, choose, samplewise_case, unit_scores
from differential.errors import SAME_RANK, Pairs, function_of_pairs, row_errors


def probabilities(rng, shape, dtype=None):
    """Of sum 1 along the last axis or not normalised; often with a few of 0, but no row of zeros alone."""
    scores = rng.gamma(0.8, size=shape) + 1e-3
    if rng.random() < 0.5:
        scores[..., 1:] *= rng.random(scores[..., 1:].shape) < 0.8
    if rng.random() < 0.7:
        scores = scores / scores.sum(axis=-1, keepdims=True)
    return scores.astype(dtype or choose(rng, FLOATS))


def logits(rng, shape, dtype=None):
    """Within the range where a sigmoid in float64 is not clipped."""
    return np.clip(rng.normal(size=shape) * choose(rng, (0.5, 4)), -12, 12).astype(dtype or choose(rng, FLOATS))


class Distributions(Classes):
    """Targets or labels and probabilities or logits, with the class axis anywhere."""

    def __init__(self, rng, sparse=False):
        super().__init__(rng, choose(rng, CLASS_NUMBERS), nan=0)
        self.from_logits, self.is_sparse, self.ignored = rng.random() < 0.4, sparse, None
        self.column = self.column and not self.inner
        rank = 2 + len(self.inner)
        self.axis = int(choose(rng, (-1, -1, rank - 1, 1)))

    def scores(self, rows):
        draw = logits if self.from_logits else probabilities
        return draw(self.rng, (rows, *self.inner, self.classes))

    def ids(self, rows):
        labels = super().ids(rows)
        if self.ignored is not None:
            labels = labels.astype(choose(self.rng, ("int32", "int64", "float32")))
            labels[self.rng.random(labels.shape) < 0.3] = self.ignored
        return labels

    def draw(self, rows):
        labels, scores = (self.ids if self.is_sparse else self.targets)(rows), self.scores(rows)
        moved = np.moveaxis(scores, -1, self.axis)
        if not self.is_sparse:
            return (np.moveaxis(labels, -1, self.axis), moved), None
        # Keras's NumPy backend knows no other axis than the last.
        return (labels, moved), (labels[..., 0] if self.column else labels, scores)

    @property
    def tolerance(self):
        """Exponentials of float32 logits are float32."""
        return 2e-6 if self.from_logits else 1e-9

    def arguments(self, **others):
        arguments = {"axis": self.axis, "from_logits": self.from_logits, **others}
        return {name: value for name, value in arguments.items() if self.rng.random() < 0.9 or value not in (-1, False)}


def draw_categorical_crossentropy(rng):
    drawn = Distributions(rng)
    # Keras smooths by the length of the last axis, whatever the class axis is.
    smooth = drawn.axis in (-1, 1 + len(drawn.inner)) and rng.random() < 0.5
    arguments = drawn.arguments(label_smoothing=choose(rng, (0.1, 0.5, 1.0)) if smooth else 0)
    return Case(arguments, samplewise_case(rng, drawn.draw, drawn.shape), tolerance=drawn.tolerance)


def draw_sparse_crossentropy(rng):
    """Keras keeps ignored rows in the denominator unless there are weights: it gets weights."""
    drawn = Distributions(rng, sparse=True)
    drawn.ignored = choose(rng, (None, -1, 0, 1, 255))
    arguments = drawn.arguments() | ({} if drawn.ignored is None else {"ignore_class": drawn.ignored})
    updates = samplewise_case(rng, drawn.draw, drawn.shape, may_mask=drawn.ignored is None)
    if drawn.ignored is not None:
        for update in updates:
            leave_out_ignored(update, drawn)
    return Case(arguments, updates, {**arguments, "axis": -1, "ignore_class": None}, tolerance=drawn.tolerance)


def leave_out_ignored(update, drawn):
    """Asks Keras about label 0 with weight 0 in place of an ignored label."""
    labels, scores = update.keras_inputs
    kept = exact(labels) != drawn.ignored
    weight = np.ones(labels.shape) if update.weight is None else exact(update.weight)
    if weight.ndim > labels.ndim:
        weight = weight[..., 0]
    weight = weight.reshape(weight.shape + (1,) * (labels.ndim - weight.ndim))
    update.keras_inputs = np.where(kept, labels, 0), scores
    update.keras_weight = np.broadcast_to(weight, labels.shape) * kept


def draw_binary_crossentropy(rng):
    from_logits = rng.random() < 0.4
    draw_pred = logits if from_logits else unit_scores
    pairs = Pairs(rng, ("rank-1", "rank-2", "rank-2", "rank-3"), soft_bits, draw_pred)
    arguments = {"from_logits": True} if from_logits else {}
    if rng.random() < 0.4:
        arguments["label_smoothing"] = choose(rng, (0, 0.1, 0.5, 1.0))
    return Case(arguments, samplewise_case(rng, pairs.draw, pairs.row_shape), tolerance=2e-6 if from_logits else 1e-9)


def soft_bits(rng, shape):
    return unit_scores(rng, shape) if rng.random() < 0.3 else bits(rng, shape)


def signs(rng, shape):
    """-1 and 1, 0 and 1, or other numbers."""
    kind = choose(rng, ("signs", "bits", "soft"))
    if kind == "bits":
        return bits(rng, shape)
    if kind == "soft":
        return np.round(rng.normal(size=shape), 2).astype(choose(rng, FLOATS))
    return (2 * rng.integers(0, 2, size=shape) - 1).astype(choose(rng, ("int8", "int64", "float32", "float64")))


def draw_hinge(rng):
    """A label 0 is -1 for us; for Keras only in a batch that holds no other label than 0 and 1."""
    pairs = Pairs(rng, ("rank-1", *SAME_RANK), signs, lambda rng, shape: logits(rng, shape))
    updates = samplewise_case(rng, pairs.draw, pairs.row_shape)
    for update in updates:
        update.keras_inputs = without_zero_labels(update.keras_inputs or update.inputs)
    return Case({}, updates)


def without_zero_labels(inputs):
    labels = exact(inputs[0])
    return np.where(labels == 0, -1.0, labels), inputs[1]


def draw_hinge_function(rng):
    pairs = Pairs(rng, ("rank-1", *SAME_RANK), signs, lambda rng, shape: logits(rng, shape))
    inputs, _ = pairs.draw(int(rng.integers(1, 30)))
    return Case({}, [Update(inputs, keras_inputs=without_zero_labels(inputs))])


def binary_arguments(rng, from_logits, focal=False):
    options = {"label_smoothing": (0.1, 0.5), "axis": (-1, 0)}
    if focal:
        options |= {"apply_class_balancing": (True, False), "alpha": (0.25, 0.7), "gamma": (0.0, 1.0, 2.0, 3.5)}
    chosen = {name: choose(rng, values) for name, values in options.items() if rng.random() < 0.5}
    return chosen | ({"from_logits": True} if from_logits else {})


def binary_function(focal):
    def draw(rng):
        from_logits = rng.random() < 0.4
        pairs = Pairs(rng, ("rank-1", "rank-2", "rank-3"), soft_bits, logits if from_logits else unit_scores)
        inputs, _ = pairs.draw(int(rng.integers(1, 30)))
        arguments = binary_arguments(rng, from_logits, focal)
        return Case(arguments, [Update(inputs)], tolerance=2e-6 if from_logits else 1e-9)

    return draw


def draw_categorical_function(rng, focal=False):
    drawn = Distributions(rng)
    last = drawn.axis in (-1, 1 + len(drawn.inner))
    others = {"label_smoothing": choose(rng, (0.1, 0.5))} if last and rng.random() < 0.5 else {}
    if focal and rng.random() < 0.7:
        alpha = np.round(rng.random(drawn.classes), 2).tolist() if last and rng.random() < 0.3 else 0.7
        others |= {"alpha": alpha, "gamma": choose(rng, (0.0, 1.0, 2.0, 3.5))}
    inputs, _ = drawn.draw(int(rng.integers(1, 30)))
    return Case(drawn.arguments() | others, [Update(inputs)], tolerance=drawn.tolerance)


def draw_sparse_function(rng):
    drawn = Distributions(rng, sparse=True)
    drawn.ignored = choose(rng, (None, None, -1, 0, 255))
    drawn.column = False
    inputs, keras_inputs = drawn.draw(int(rng.integers(1, 30)))
    arguments = drawn.arguments() | ({} if drawn.ignored is None else {"ignore_class": drawn.ignored})
    update = Update(inputs, keras_inputs=(keras_inputs[0].astype(np.int64), keras_inputs[1]))
    return Case(arguments, [update], {**arguments, "axis": -1}, tolerance=drawn.tolerance)


CLASSES = {
    "BinaryCrossentropy": draw_binary_crossentropy,
    "CategoricalCrossentropy": draw_categorical_crossentropy,
    "SparseCategoricalCrossentropy": draw_sparse_crossentropy,
    "KLDivergence": row_errors(SAME_RANK, probabilities, probabilities),
    "Poisson": row_errors(("rank-1", *SAME_RANK), probabilities, probabilities),
    "Hinge": draw_hinge,
    "SquaredHinge": draw_hinge,
    "CategoricalHinge": row_errors(SAME_RANK, signs, logits),
}
FUNCTIONS = {
    "binary_crossentropy": binary_function(focal=False),
    "binary_focal_crossentropy": binary_function(focal=True),
    "categorical_crossentropy": draw_categorical_function,
    "categorical_focal_crossentropy": lambda rng: draw_categorical_function(rng, focal=True),
    "sparse_categorical_crossentropy": draw_sparse_function,
    "kl_divergence": function_of_pairs(("rank-1", *SAME_RANK), probabilities, probabilities),
    "poisson": function_of_pairs(("rank-1", *SAME_RANK), probabilities, probabilities),
    "hinge": draw_hinge_function,
    "squared_hinge": draw_hinge_function,
    "categorical_hinge": function_of_pairs(("rank-1", *SAME_RANK), signs, logits),
}
