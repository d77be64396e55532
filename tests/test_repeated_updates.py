"""Batches that look like the one before take a short way; whatever changes between batches must still be seen."""

import itertools

import numpy as np
import pytest
from cases import FAMILIES
from families import Batch, Case
from laws import assert_same_state

from tallymetrics import metrics


def _looks(case, rng):
    """The same kind of batch in all the forms that may follow each other."""
    batch = case.batch(rng, 9)
    weight = rng.random(9)
    yield batch
    yield case.batch(rng, 4)
    yield case.batch(rng, 0)
    yield Batch(batch.inputs, weight)
    yield Batch(batch.inputs, weight.astype(np.float32))
    yield Batch(batch.inputs, np.arange(9))
    yield Batch(tuple(np.asfortranarray(array) for array in batch.inputs))
    yield Batch(tuple(array.astype(array.dtype.newbyteorder(">")) for array in batch.inputs))
    yield Batch(tuple(np.repeat(array, 2, axis=0)[::2] for array in batch.inputs), weight[::-1])


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_any_look_may_follow_any_other(family, rng):
    case = Case(family, 10, "float32", "int64")
    looks = list(_looks(case, rng))
    parts = [case.fed(batch) for batch in looks]
    for first, second in itertools.product(range(len(looks)), repeat=2):
        expected = case.make()
        expected.merge_state([parts[first], parts[second], parts[second], parts[first]])
        assert_same_state(case.fed(*(looks[index] for index in (first, second, second, first))), expected)


def test_a_changed_attribute_is_seen():
    metric = metrics.BinaryAccuracy(threshold=0.5)
    for threshold, expected in ((0.5, 1.0), (0.9, 0.75), (0.5, 5 / 6)):
        metric.threshold = threshold
        metric.update_state(np.array([1, 0]), np.array([0.8, 0.2]))
        assert metric.result() == expected


def test_a_changed_attribute_is_seen_in_a_collection():
    collection = metrics.MetricCollection([metrics.BinaryAccuracy()])
    for threshold, expected in ((0.5, 1.0), (0.9, 0.75)):
        collection["binary_accuracy"].threshold = threshold
        collection.update_state(np.array([1, 0]), np.array([0.8, 0.2]))
        assert collection.result() == {"binary_accuracy": expected}


def test_the_short_way_refuses_as_the_long_one_does():
    metric = metrics.SparseCategoricalAccuracy()
    metric.update_state(np.array([0, 1]), np.eye(2))
    with pytest.raises(ValueError, match=r"`y_true` must hold class labels in \[0, 2\)\. Received 2 in row 1\."):
        metric.update_state(np.array([0, 2]), np.eye(2))
    with pytest.raises(ValueError, match=r"`y_true` must have shape \(2,\)"):
        metric.update_state(np.array([0, 1, 1]), np.eye(2))
    assert metric.result() == 1.0
    assert int(metric.count) == 2


def test_metrics_of_a_copy_are_updated_and_not_the_original():
    metric = metrics.MeanSquaredError()
    metric.update_state(np.zeros(2), np.ones(2))
    copies = [metrics.MeanSquaredError.from_config(metric.get_config()), metric.__copy__()]
    for copy in copies:
        copy.update_state(np.zeros(2), np.full(2, 3.0))
    assert [copy.result() for copy in copies] == [9.0, 5.0]
    assert metric.result() == 1.0
