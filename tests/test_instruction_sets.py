"""Every metric ends in the same bits on every instruction set: at awkward sizes, strides and values too."""

import itertools

import numpy as np
import pytest
from cases import FAMILIES
from families import Batch, Case
from laws import bits, state

import tallymetrics

WIDTHS = [1, 2, 3, 10, 17, 32, 33, 64, 129, 300]
LABELS = ("int64", "int32", "uint8", "int16")


def special_values(dtype):
    limits = np.finfo(dtype)
    yield [np.nan, np.inf, -np.inf]
    yield [0.0, -0.0, 0.5, 1.0, limits.tiny, limits.smallest_subnormal]
    yield [limits.max, -limits.max, 1e4, -1e4, 8 * limits.tiny]


def with_values(batch, values, rng):
    inputs = [array.copy() for array in batch.inputs]
    for array in inputs:
        if array.dtype.kind == "f":
            places = rng.integers(0, array.size, 1 + array.size // 23)
            array.reshape(-1)[places] = rng.choice(np.array(values, array.dtype), len(places))
    return Batch(tuple(inputs), batch.sample_weight)


def with_strides(batch):
    return Batch(tuple(np.repeat(array, 2, axis=-1)[..., ::2] for array in batch.inputs), batch.sample_weight)


def outcome(case, batches):
    """The state, the result and what was refused."""
    metric, refusals = case.make(), []
    for batch in batches:
        try:
            batch.feed(metric)
        except ValueError as error:
            refusals.append(str(error))
    try:
        return state(metric), bits(metric.result()), refusals
    except ValueError as error:
        return state(metric), str(error), refusals


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_all_end_in_the_same_bits(family, rng):
    kinds = itertools.cycle(itertools.product(("float32", "float64", "float16"), ("none", "row", "element")))
    labels = itertools.cycle(LABELS)
    for classes in WIDTHS[family.one_class_is_ambiguous :]:
        dtype, weights = next(kinds)
        case = Case(family, classes, dtype, "int64" if classes > 127 else next(labels), weights)
        batches = [case.batch(rng, rows) for rows in ((1, 17, 67) if classes > 100 else (7, 67, 259))]
        given = [batches, [with_strides(batches[1])]]
        given += [[with_values(batches[1], values, rng)] for values in special_values(dtype)]
        outcomes = []
        for level in tallymetrics.instruction_sets():
            tallymetrics.set_instruction_set(level)
            outcomes.append([outcome(case, batches) for batches in given])
        assert all(one == outcomes[0] for one in outcomes)
