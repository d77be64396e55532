"""Batches that look like the one before take a short way; whatever changes between batches must still be seen."""

import itertools
import threading
import time

import numpy as np
import pytest
from cases import FAMILIES
from families import Batch, Case
from laws import assert_same_state

from tallymetrics import metrics
from tallymetrics.metrics.repeated import NOTHING


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


def _spread(batch, step):
    return Batch(tuple(np.repeat(array, abs(step), axis=0)[::step] for array in batch.inputs), batch.sample_weight)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_arrays_of_one_look_may_differ_in_place_rows_and_strides(family, rng):
    case = Case(family, 10, "float32", "int64")
    short, long = case.make(), case.make()
    for rows, step in ((3, 1), (900, 1), (3, 1), (40, 1), (40, 2), (40, -1), (1100, 2), (7, 2), (33, 1), (3, 1)):
        batch = _spread(case.batch(rng, rows), step)
        batch.feed(short)
        if hasattr(long, "_repeated"):
            long._repeated = NOTHING
        batch.feed(long)
    assert_same_state(short, long)


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


def test_a_number_after_an_array_is_seen():
    metric = metrics.Mean()
    for values, expected in ((np.array([1.0, 3.0]), 2.0), (np.array(5.0), 3.0), (np.array([7.0]), 4.0)):
        metric.update_state(values)
        assert metric.result() == expected


def test_a_state_replaced_while_an_update_waits_takes_the_batch():
    metric, expected = metrics.R2Score(), metrics.R2Score()
    batch = np.array([[0.0], [1.0], [3.0]]), np.array([[0.5], [1.0], [2.0]])
    for _ in range(3):
        expected.update_state(*batch)
    metric.update_state(*batch)
    metric.update_state(*batch)
    thread = threading.Thread(target=metric.update_state, args=batch)
    with metric._lock:
        thread.start()
        time.sleep(0.1)
        metric.load_state_arrays(metric.state_arrays())
    thread.join()
    assert_same_state(metric, expected)


def test_metrics_of_a_copy_are_updated_and_not_the_original():
    metric = metrics.MeanSquaredError()
    metric.update_state(np.zeros(2), np.ones(2))
    copies = [metrics.MeanSquaredError.from_config(metric.get_config()), metric.__copy__()]
    for copy in copies:
        copy.update_state(np.zeros(2), np.full(2, 3.0))
    assert [copy.result() for copy in copies] == [9.0, 5.0]
    assert metric.result() == 1.0


def long_way(metric, *inputs):
    """An update of which nothing is remembered."""
    metric._repeated = NOTHING
    metric.update_state(*inputs)


@pytest.mark.parametrize(
    ("make", "shapes"),
    [
        (lambda: metrics.CosineSimilarity(axis=0), [(1, 5), (3, 5), (1, 5)]),
        (lambda: metrics.ConcordanceCorrelation(axis=0), [(1, 5), (3, 5)]),
        (lambda: metrics.CategoricalCrossentropy(axis=0), [(1, 5), (3, 5)]),
        (lambda: metrics.PearsonCorrelation(axis=0), [(1, 1), (3, 1)]),
        (lambda: metrics.Precision(top_k=2), [(4,), (8,), (12,)]),
        (lambda: metrics.Recall(top_k=1), [(1,), (8,)]),
    ],
)
def test_rows_along_other_axes_are_not_taken_for_samples(make, shapes, rng):
    short, long = make(), make()
    for shape in shapes:
        inputs = np.round(rng.random(shape)), rng.random(shape)
        short.update_state(*inputs)
        long_way(long, *inputs)
    assert_same_state(short, long)


def _reset(metric, other):
    metric.reset_state()


def _load(metric, other):
    metric.load_state_arrays(other.state_arrays())


def _merge(metric, other):
    metric.merge_state([other])


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_nothing_between_updates_is_forgotten(family, rng):
    case = Case(family, 10, "float32", "int64")
    short, long, other = case.make(), case.make(), case.fed(case.batch(rng, 3))
    for number in rng.integers(0, 8, 40):
        if number < 3:
            for metric in (short, long):
                (_reset, _load, _merge)[number](metric, other)
        else:
            batch = case.batch(rng, int(number))
            batch.feed(short)
            if hasattr(long, "_repeated"):
                long._repeated = NOTHING
            batch.feed(long)
    assert_same_state(short, long)


def test_states_survive_joblib(tmp_path):
    joblib = pytest.importorskip("joblib")
    metric = metrics.ConfusionMatrix(3)
    metric.update_state([0, 1, 2], [0, 1, 2])
    joblib.dump(metric, tmp_path / "metric")
    loaded = joblib.load(tmp_path / "metric", mmap_mode="r")
    loaded.update_state([0, 1, 2], [0, 1, 1])
    assert loaded.result().tolist() == [[2, 0, 0], [0, 2, 0], [0, 1, 1]]
    assert metric.result().tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_weights_of_other_magnitudes_find_their_planes():
    labels, metric, expected = np.array([0, 1, 1]), metrics.ConfusionMatrix(2), metrics.ConfusionMatrix(2)
    for exponent in (0, 0, -40, -40, 0, 70, 0, -200, 0):
        weights = np.full(3, 0.375 * 2.0**exponent)
        metric.update_state(labels, labels, weights)
        one = metrics.ConfusionMatrix(2)
        one.update_state(labels, labels, weights)
        expected.merge_state(one)
        assert_same_state(metric, expected)
    with pytest.raises(ValueError, match=r"`sample_weight` must be finite\. Received nan in row 1\."):
        metric.update_state(labels, labels, np.array([1, np.nan, 1]))
    assert_same_state(metric, expected)


def test_a_reset_table_takes_weights_again():
    labels, weights, metric = np.array([0, 1, 1]), np.array([0.25, 0.5, 1]), metrics.ConfusionMatrix(2)
    for _ in range(3):
        metric.update_state(labels, labels, weights)
        metric.update_state(labels, labels, weights)
        assert metric.result().tolist() == [[0.5, 0], [0, 3]]
        metric.reset_state()
