"""Answers where a shortcut of the native core could give another one."""

import numpy as np
import pytest

import tallymetrics
from tallymetrics import metrics


def test_a_sum_of_rows_is_as_exact_as_a_sum_of_values():
    total = metrics.Sum()
    total.update_state([[1e16, 1.0, -1e16]], sample_weight=[2.0])
    assert total.result() == 2.0


@pytest.mark.parametrize("r", [3, 2.5, 400])
def test_distances_of_any_order_neither_underflow_nor_overflow(r):
    distance = metrics.EarthMoversDistance(r=r)
    distance.update_state([[1.0, 0, 0, 0]], [[0.9, 0.1, 0, 0]])
    assert distance.result() == pytest.approx(0.1 * 0.25 ** (1 / r), rel=1e-12)
    distance.reset_state()
    distance.update_state([[np.inf, 0, 0, 0]], [[0.9, 0.1, 0, 0]])
    assert distance.result() == np.inf
    distance.update_state([[np.nan, 0, 0, 0]], [[0.9, 0.1, 0, 0]])
    assert np.isnan(distance.result())


@pytest.mark.parametrize("level", tallymetrics.instruction_sets())
def test_sums_that_overflow_are_not_taken_for_nan(level):
    scores = np.zeros((3, 100))
    scores[:, :40] = 1.7e308
    scores[:, 40:80] = -1.7e308
    before = tallymetrics.get_instruction_set()
    tallymetrics.set_instruction_set(level)
    try:
        alone = metrics.SparseCategoricalCrossentropy(from_logits=True)
        beside = metrics.SparseCategoricalCrossentropy(from_logits=True)
        alone.update_state([0, 1, 2], scores)
        collection = metrics.MetricCollection([beside, metrics.SparseCategoricalCrossentropy(name="probabilities")])
        collection.update_state([0, 1, 2], scores)
    finally:
        tallymetrics.set_instruction_set(before)
    assert beside.result() == alone.result() == pytest.approx(np.log(40))


def test_rows_of_millions_of_scores_take_little_memory():
    scores = np.zeros((1, 4_000_000), np.float32)
    scores[0, 3_999_999] = 1
    collection = metrics.MetricCollection(
        [metrics.SparseCategoricalAccuracy(), metrics.SparseCategoricalCrossentropy(from_logits=True)]
    )
    collection.update_state([3_999_999], scores)
    collection.update_state([3_999_999], scores.astype(np.float16))
    assert collection.result()["sparse_categorical_accuracy"] == 1.0


class Masked(np.ndarray):
    _keras_mask: np.ndarray


def test_a_mask_holds_along_any_axis_and_for_functions():
    labels = np.array([0, 1, 1])
    scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])

    def masked(array):
        view = array.view(Masked)
        view._keras_mask = np.array([True, True, False])
        return view

    last, first = metrics.SparseCategoricalCrossentropy(), metrics.SparseCategoricalCrossentropy(axis=0)
    last.update_state(labels, masked(scores))
    first.update_state(labels, masked(scores.T.copy()))
    assert last.result() == first.result() == pytest.approx(-np.log([0.9, 0.8]).mean())
    collection = metrics.MetricCollection([lambda y_true, y_pred: np.argmax(y_pred, axis=-1) == y_true])
    collection.update_state(labels, masked(scores))
    assert next(iter(collection.result().values())) == 1.0


def test_the_message_names_the_classes_of_the_metric_that_refuses():
    collection = metrics.MetricCollection([metrics.ConfusionMatrix(3), metrics.Accuracy()])
    with pytest.raises(ValueError, match=r"labels in \[0, 3\). Received 7 in row 1"):
        collection.update_state([0, 7], [0, 1])


def test_large_integer_weights_keep_counts_whole():
    matrix = metrics.ConfusionMatrix(2)
    matrix.update_state([0, 1], [0, 1], sample_weight=np.array([2**40 + 1, 3]))
    assert matrix.result().dtype == np.int64
    assert matrix.result().tolist() == [[2**40 + 1, 0], [0, 3]]


def test_accuracy_names_the_class_for_rows_of_scores():
    with pytest.raises(ValueError, match="use SparseCategoricalAccuracy"):
        metrics.Accuracy().update_state([0, 1], [[0.9, 0.1], [0.2, 0.8]])


@pytest.mark.parametrize(
    ("classes", "rows"),
    [*((200, rows) for rows in (159_999, 160_000, 160_500, 163_199, 163_300)), (400, 79_999), (400, 80_001)],
)
@pytest.mark.parametrize("make", [metrics.ConfusionMatrix, metrics.MeanIoU])
def test_tables_at_the_edge_of_being_listed(make, classes, rows):
    labels = np.random.default_rng(0).integers(0, classes, rows)
    metric = make(classes)
    metric.update_state(labels, labels)
    cells = metric.result() if make is metrics.ConfusionMatrix else metric.total_cm.numpy()
    np.testing.assert_array_equal(cells, np.diag(np.bincount(labels, minlength=classes)))


def test_weights_too_small_for_places_are_named():
    metric = metrics.Wasserstein1D()
    with pytest.raises(ValueError, match=r"`sample_weight` must be 0 or at least 1e-300\. Received 1e-305 in row 1\."):
        metric.update_state([0.0, 0.3], [0.5, 1.0], [0.0, 1e-305])
    metric.update_state([0.0, 0.3], [0.5, 1.0], [0.0, 1e-300])
    assert metric.result() == pytest.approx(0.7)


def test_huge_weights_have_an_answer():
    shift, quantiles = metrics.DistributionShift(), metrics.EarthMoversDistance(reduction=[0.5, 1.0])
    shift.update_state([0.1, 0.9], [0.1, 0.2], [1e308, 1e308])
    assert shift.result()["wasserstein"] == pytest.approx(0.35, abs=1e-4)
    quantiles.update_state(np.eye(4), np.eye(4)[::-1], np.full(4, 8e307))
    same = metrics.EarthMoversDistance(reduction=[0.5, 1.0])
    same.update_state(np.eye(4), np.eye(4)[::-1])
    assert list(quantiles.result()) == list(same.result())


@pytest.mark.parametrize("scale", [1e300, 1e200, 1e-200, 1e-300])
@pytest.mark.parametrize("p", [1, 2])
def test_exact_distances_of_huge_and_tiny_samples(scale, p):
    metric = metrics.Wasserstein1D(p=p, exact=True)
    metric.update_state(np.zeros(1000), np.full(1000, scale))
    assert metric.result() == pytest.approx(scale, rel=1e-12)
    points = np.zeros((5, 2)), np.tile([scale, 0.0], (5, 1))
    distance, error = metrics.sliced_distance(*points, p=p)
    assert 0 < distance < scale
    assert np.isfinite(error)
