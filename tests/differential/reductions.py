"""Cases of sums and means of values, of a user's function in MeanMetricWrapper, and of a user's subclass of Metric."""

from functools import cache

import numpy as np

from differential.case import Case, Update
from differential.drawing import WEIGHT_FORMS, batch_sizes, choose, reals, samplewise_case, samplewise_weight
from differential.errors import Pairs


def sample_shape(rng):
    return choose(rng, ((), (), (1,), (3,), (17,), (2, 3)))


def draw_mean(rng):
    shape = sample_shape(rng)
    return Case(
        {},
        samplewise_case(
            rng, lambda rows: ((reals(rng, (rows, *shape)),), None), lambda rows: (rows, *shape), may_mask=False
        ),
    )


def draw_sum(rng):
    """A scalar weighs every value, in Keras too where it is spread over them."""
    shape, form = sample_shape(rng), choose(rng, WEIGHT_FORMS)
    updates = []
    for rows in batch_sizes(rng):
        weight = samplewise_weight(rng, form, (rows, *shape))
        updates.append(Update((reals(rng, (rows, *shape)),), weight))
    return Case({}, updates, states=("total",))


def weighted_difference(y_true, y_pred, scale=1.0, power=1):
    return scale * np.abs(np.asarray(y_true, np.float64) - np.asarray(y_pred, np.float64)) ** power


def construct_wrapper(module, name, arguments):
    return getattr(module, name)(weighted_difference, **arguments)


def draw_wrapper(rng):
    pairs = Pairs(rng, ("rank-1", "rank-2", "rank-3"))
    arguments = choose(rng, ({}, {"scale": 2.0}, {"scale": 0.5, "power": 2}, {"name": "difference"}))
    updates = samplewise_case(rng, pairs.draw, pairs.element_shape)
    for update in updates:
        update.keras_inputs = None
    return Case(dict(arguments), updates, construct=construct_wrapper)


@cache
def subclass_of(base):
    class Gathered(base):
        """What a user writes, in the same words for both libraries."""

        def __init__(self, scale=1.0, name="gathered", dtype=None):
            super().__init__(dtype=dtype, name=name)
            self.scale = scale
            self.total = self.add_variable(shape=(2,), initializer="zeros", name="total")
            self.seen = self.add_weight(shape=(), initializer="ones", name="seen")

        def update_state(self, y_true, y_pred, sample_weight=None):
            y_true, y_pred = np.asarray(y_true, np.float64), np.asarray(y_pred, np.float64)
            self.total.assign(self.total + self.scale * np.stack([y_true.sum(), y_pred.sum()]))
            self.seen.assign_add(
                float(y_true.size if sample_weight is None else np.sum(sample_weight, dtype=np.float64))
            )

        def result(self):
            return self.total / self.seen

    return Gathered


def construct_subclass(module, name, arguments):
    return subclass_of(getattr(module, name))(**arguments)


def draw_subclass(rng):
    pairs = Pairs(rng, ("rank-1", "rank-2"))
    updates = samplewise_case(rng, pairs.draw, pairs.row_shape, may_mask=False)
    updates = [update for update in updates if len(update.inputs[0])]
    for update in updates:
        update.keras_inputs = None
        update.weight = 1 + np.abs(update.weight.astype(np.float64)) if np.ndim(update.weight) else None
    return Case(choose(rng, ({}, {"scale": 3.0})), updates, construct=construct_subclass, states=("total", "seen"))


CLASSES = {
    "Mean": draw_mean,
    "Sum": draw_sum,
    "MeanMetricWrapper": draw_wrapper,
    "Metric": draw_subclass,
}
