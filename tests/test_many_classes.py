"""Labels of more classes than a dense confusion matrix has room for, and accuracy at k of each class."""

import numpy as np
import pytest

from tallymetrics import metrics
from tallymetrics.metrics import pair_table

CLASSES = 100_000
WEIGHTED = pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])


def draw(rng, rows, classes=CLASSES, weighted=False):
    y_true = (classes ** rng.random(rows)).astype(np.int64) - 1
    y_pred = np.where(rng.random(rows) < 0.7, y_true, (classes ** rng.random(rows)).astype(np.int64) - 1)
    return y_true, y_pred, rng.random(rows, dtype=np.float32) if weighted else None


@WEIGHTED
def test_cells_are_those_of_scipy(weighted, rng):
    sparse = pytest.importorskip("scipy.sparse")
    y_true, y_pred, weights = draw(rng, 40_000, weighted=weighted)
    matrix = metrics.SparseConfusionMatrix(CLASSES)
    for part in np.array_split(np.arange(40_000), 3):
        matrix.update_state(y_true[part], y_pred[part], None if weights is None else weights[part])
    cells = matrix.result()
    data = np.ones(40_000, np.int64) if weights is None else weights.astype(np.float64)
    theirs = sparse.coo_array((data, (y_true, y_pred)), (CLASSES, CLASSES)).tocsr().tocoo()
    np.testing.assert_array_equal(cells["rows"], theirs.row)
    np.testing.assert_array_equal(cells["columns"], theirs.col)
    np.testing.assert_allclose(cells["counts"], theirs.data, rtol=1e-12)


@WEIGHTED
def test_scores_are_those_of_scikit_learn(weighted, rng):
    scores = pytest.importorskip("sklearn.metrics")
    y_true, y_pred, weights = draw(rng, 5_000, 3_000, weighted)
    for make in (metrics.ClassificationReport, metrics.SparseConfusionMatrix):
        metric = make(3_000)
        metric.update_state(y_true, y_pred, weights)
        for average in (None, "micro", "macro", "weighted"):
            theirs = scores.precision_recall_fscore_support(
                y_true, y_pred, beta=2, labels=range(3_000), average=average, sample_weight=weights, zero_division=0
            )
            ours = metric.precision(average), metric.recall(average), metric.f_beta(2, average)
            for one, other in zip(ours, theirs[:3], strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(metric.accuracy(), scores.accuracy_score(y_true, y_pred, sample_weight=weights))


def test_the_accuracy_of_the_largest_matrix_needs_its_cells_alone():
    matrix = metrics.SparseConfusionMatrix(2**31 - 1)
    assert matrix.accuracy() == 0.0
    matrix.update_state([0, 7, 2**31 - 2], [0, 8, 2**31 - 2], [0.5, 0.25, 0.25])
    assert matrix.accuracy() == 0.75


@WEIGHTED
def test_the_dense_matrix_says_the_same(weighted, rng):
    y_true, y_pred, weights = draw(rng, 3_000, 50, weighted)
    dense, *others = (
        make(50) for make in (metrics.ConfusionMatrix, metrics.SparseConfusionMatrix, metrics.ClassificationReport)
    )
    for metric in (dense, *others):
        metric.update_state(y_true, y_pred, weights)
    cells = others[0].result()
    assert np.array_equal(dense.result()[cells["rows"], cells["columns"]], cells["counts"])
    for other in others:
        report, expected = other.classification_report(), dense.classification_report()
        assert list(report) == list(expected)
        assert report.pop("accuracy") == pytest.approx(expected.pop("accuracy"), rel=1e-12)
        for name, measures in report.items():
            assert measures == pytest.approx(expected[name], rel=1e-12)


def test_many_waiting_pairs_are_counted_and_forgotten_pairs_are_not(rng):
    y_true, y_pred, _ = draw(rng, 1 << 20)
    whole, parts = metrics.SparseConfusionMatrix(CLASSES), metrics.SparseConfusionMatrix(CLASSES)
    whole.update_state(y_true, y_pred)
    for rows in (slice(0, 10), slice(10, None)):
        parts.update_state(y_true[rows], y_pred[rows])
    with pytest.raises(ValueError, match=r"`y_pred`.*\[0, 100000\).*-1 in row 1"):
        parts.update_state([0, 0], [0, -1])
    for name, array in whole.result().items():
        assert np.array_equal(array, parts.result()[name])


def test_no_batch_is_lost_where_the_last_made_the_pairs_count(monkeypatch):
    """Pairs with weights and pairs without wait together, until they are many."""
    monkeypatch.setattr(pair_table, "_WAITING_PAIRS", 40)
    matrix, few = metrics.SparseConfusionMatrix(10), np.arange(10)
    matrix.update_state(np.repeat(few, 3), np.repeat(few, 3), np.ones(30, int))
    for added in range(1, 50):
        matrix.update_state(few, few)
        if added % 7 == 0:
            assert matrix.result()["counts"].tolist() == [3 + added] * 10


@pytest.mark.parametrize("classes", [50, CLASSES])
def test_small_batches_wait_wherever_their_room_ends(classes, rng):
    y_true, y_pred, _ = draw(rng, 9_000, classes)
    whole, parts = metrics.SparseConfusionMatrix(classes), metrics.SparseConfusionMatrix(classes)
    whole.update_state(y_true, y_pred)
    for count, rows in enumerate(np.array_split(np.arange(9_000), 1_500)):
        parts.update_state(y_true[rows], y_pred[rows])
        if count in (500, 501, 1_100):
            assert parts.result()["counts"].sum() == rows[-1] + 1
    for name, array in whole.result().items():
        assert np.array_equal(array, parts.result()[name])
    parts.update_state(y_true[:3], y_pred[:3])
    parts.reset_state()
    parts.update_state(y_true[:2], y_pred[:2])
    assert parts.result()["counts"].sum() == 2


@pytest.mark.parametrize("keys", [[3, 1], [-1], [100], [0.5], [[1]]])
def test_wrong_keys_are_refused(keys):
    matrix = metrics.SparseConfusionMatrix(10)
    with pytest.raises(ValueError, match=r"`keys` must hold increasing integers in \[0, 100\)"):
        matrix.load_state_arrays({"keys": np.array(keys), "cells": np.ones(len(keys), np.int64)})


def test_counts_are_assigned_to_the_pairs_that_are_known():
    matrix = metrics.SparseConfusionMatrix(10)
    matrix.update_state([1, 2], [1, 3])
    matrix.cells.assign([5, 6])
    assert matrix.result()["counts"].tolist() == [5, 6]
    with pytest.raises(ValueError, match="must hold integers for 2 pairs"):
        matrix.cells.assign([5])


@WEIGHTED
def test_top_k_of_each_class_is_that_of_its_rows(weighted, rng):
    y_true, y_pred = rng.integers(0, 7, 500), rng.random((500, 8)).round(1)
    weights = rng.random(500) if weighted else None
    curve = metrics.TopKCurve(3, num_classes=8)
    curve.update_state(y_true, y_pred, weights)
    whole = metrics.TopKCurve(3)
    whole.update_state(y_true, y_pred, weights)
    for ties in ("optimistic", "pessimistic", "lowest_index"):
        np.testing.assert_allclose(curve.result(ties), whole.result(ties), rtol=1e-12)
        assert curve.per_class(ties).shape == (8, 3)
        for label in range(7):
            rows = y_true == label
            alone = metrics.TopKCurve(3)
            alone.update_state(y_true[rows], y_pred[rows], None if weights is None else weights[rows])
            np.testing.assert_allclose(curve.per_class(ties)[label], alone.result(ties), rtol=1e-12)
        assert not curve.per_class(ties)[7].any()


def test_classes_of_a_curve_are_checked():
    with pytest.raises(ValueError, match="`num_classes` must be given"):
        metrics.TopKCurve(2).per_class()
    with pytest.raises(ValueError, match=r"below 2\^30\. Received 100000 and 100000"):
        metrics.TopKCurve(100_000, num_classes=100_000)
    with pytest.raises(ValueError, match=r"`y_pred` must have shape \[\.\.\., 3\].*\(1, 2\)"):
        metrics.TopKCurve(2, num_classes=3).update_state([0], [[0.5, 0.5]])
