"""Segmentations: what is dropped, ignored and refused; several ignored labels in every metric that takes them."""

import numpy as np
import pytest

import tallymetrics
from tallymetrics import metrics

DTYPES = [bool, "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_label_dtype(dtype, rng):
    y_true, y_pred = rng.integers(0, 5, (2, 100)).astype(dtype)
    iou = metrics.MeanIoU(3)
    iou.update_state(y_true, y_pred)
    known = (y_true.astype(int) < 3) & (y_pred.astype(int) < 3)
    expected = np.zeros((3, 3), int)
    np.add.at(expected, (y_true[known].astype(int), y_pred[known].astype(int)), 1)
    assert iou.total_cm.numpy().tolist() == expected.tolist()
    assert int(iou.dropped) == 100 - known.sum()


@pytest.mark.parametrize("rows", [10, 5000, 800_000])
@pytest.mark.parametrize("weighted", [False, True])
def test_dropped_and_ignored_weights_on_every_level(rows, weighted, rng):
    y_true, y_pred = rng.integers(-1, 7, (2, rows), dtype=np.int32)
    weights = rng.integers(0, 9, rows) / 8 if weighted else None
    given = np.ones(rows) if weights is None else weights
    kept = ~np.isin(y_true, [2, 6])
    known = kept & (y_true >= 0) & (y_true < 5) & (y_pred >= 0) & (y_pred < 5)
    for level in tallymetrics.instruction_sets():
        tallymetrics.set_instruction_set(level)
        iou = metrics.MeanIoU(5, ignore_class=(6, 2))
        iou.update_state(y_true, y_pred, weights)
        assert float(iou.dropped) == given[kept & ~known].sum()
        expected = np.zeros((5, 5))
        np.add.at(expected, (y_true[known], y_pred[known]), given[known])
        assert np.array_equal(iou.total_cm, expected)


def test_ignored_labels_of_a_confusion_matrix():
    for labels, expected in ((255, [[1, 0], [1, 1]]), ([255, 1], [[1, 0], [0, 0]])):
        matrix = metrics.ConfusionMatrix(2, ignore_class=labels)
        matrix.update_state([0, 1, 255, 1, 255], [0, 1, 1, 0, 77])
        assert matrix.result().tolist() == expected
        assert matrix.support().tolist() == np.sum(expected, axis=1).tolist()
        other = metrics.ConfusionMatrix.from_config(matrix.get_config())
        other.merge_state(matrix)
        assert other.result().tolist() == expected
        with pytest.raises(ValueError, match="to merge"):
            metrics.ConfusionMatrix(2).merge_state(matrix)
        with pytest.raises(ValueError, match=r"`y_pred` must hold class labels in \[0, 2\). Received 2 in row 1"):
            matrix.update_state([255, 0], [77, 2])
        with pytest.raises(ValueError, match=r"`y_true` must hold class labels in \[0, 2\). Received 254 in row 1"):
            matrix.update_state([255, 254], [0, 0])


def test_several_ignored_labels_of_a_crossentropy(rng):
    labels, scores = rng.integers(-1, 10, 3000), rng.random((3000, 10), dtype=np.float32)
    ours, kept = metrics.SparseCategoricalCrossentropy(ignore_class=[-1, 3]), metrics.SparseCategoricalCrossentropy()
    ours.update_state(labels, scores)
    rows = ~np.isin(labels, [-1, 3])
    kept.update_state(labels[rows], scores[rows])
    assert ours.result() == kept.result()
    assert ours.get_config()["ignore_class"] == [-1, 3]
    with pytest.raises(ValueError, match=r"`y_true` must hold class labels.*Received -2 in row 1"):
        ours.update_state([-1, -2], scores[:2])


@pytest.mark.parametrize("make", [lambda labels: metrics.MeanIoU(3, ignore_class=labels)])
def test_bad_labels_to_ignore(make):
    for labels, kind in ([], ValueError), (1.5, TypeError), ("all", TypeError), ([2**31], ValueError):
        with pytest.raises(kind, match="`ignore_class`"):
            make(labels)


def test_binary_thresholds_are_reached_in_the_precision_of_the_scores():
    # The float32 nearest to 0.7 lies below it.
    for dtype, reached in ((np.float32, 2), (np.float64, 1)):
        iou = metrics.BinaryIoU(threshold=0.7)
        iou.update_state([1, 1, 1, 1], np.array([0.7, np.nan, 0.2, 0.8], np.float32).astype(dtype))
        assert int(iou.total_cm[1, 1]) == reached
    together = metrics.MetricCollection([metrics.BinaryIoU(threshold=0.7), metrics.BinaryAccuracy(threshold=0.9)])
    together.update_state(np.ones(1, np.int64), np.array([0.7], np.float32))
    assert together.result()["binary_accuracy"] == 0.0
    assert int(together.metrics[0].total_cm[1, 1]) == 1


def test_integer_scores_and_thresholds():
    iou = metrics.BinaryIoU(threshold=1.0000001)
    iou.update_state([1, 1], np.array([1, 2], np.int8))
    assert iou.total_cm.numpy().tolist() == [[0, 0], [1, 1]]


def test_update_returns_the_matrix_so_far():
    iou = metrics.IoU(2, [1])
    first = iou.update_state([0, 1], [0, 0])
    assert first.numpy().tolist() == [[1, 0], [1, 0]]
    assert first is iou.total_cm
    assert [one.name for one in iou.variables] == ["total_confusion_matrix"]


def test_integer_dtypes_of_keras_configs():
    for dtype in ("int", "int32", "int64", np.int32):
        assert metrics.MeanIoU(2, dtype=dtype).dtype == "float64"
    assert metrics.MeanIoU(2, dtype="float32").dtype == "float32"
    with pytest.raises(ValueError, match="`dtype`"):
        metrics.MeanIoU(2, dtype="complex64")


def test_a_label_dropped_by_one_metric_is_still_refused_by_the_others():
    collection = metrics.MetricCollection([metrics.MeanIoU(3), metrics.ConfusionMatrix(3)])
    with pytest.raises(ValueError, match=r"`y_true` must hold class labels in \[0, 3\). Received 4 in row 1"):
        collection.update_state([0, 4], [0, 0])
    assert collection.result()["confusion_matrix"].sum() == 0
    collection.update_state([0, 1], [0, 1])
    assert collection.result()[collection.keys()[0]] == 1.0


@pytest.mark.parametrize(
    ("metric", "arguments", "message"),
    [
        (lambda: metrics.MeanIoU(3), ([0, 1], [0]), r"`y_true` must hold as many labels as `y_pred`, 1."),
        (lambda: metrics.MeanIoU(3, sparse_y_pred=False), ([0], [[]]), r"`y_pred` must have shape \[..., classes\]."),
        (lambda: metrics.MeanIoU(3, sparse_y_pred=False), ([[0, 1]], [[0.5, 0.5]]), r"`y_true` must hold as many"),
        (lambda: metrics.IoU(3, [0], axis=2, sparse_y_true=False), ([[1, 0]], [0]), r"`axis` must be an axis of `y_t"),
        (lambda: metrics.MeanIoU(3), ([0, 1], [0, 1], [1, 2, 3]), r"`sample_weight` must broadcast"),
        (lambda: metrics.IoU(3, []), (), r"`target_class_ids` must name a class"),
    ],
)
def test_errors(metric, arguments, message):
    with pytest.raises(ValueError, match=message):
        metric().update_state(*arguments)


def test_rows_of_more_scores_than_classes_drop_what_is_unknown():
    iou = metrics.MeanIoU(2, sparse_y_pred=False)
    iou.update_state([0, 1, 1], [[0.9, 0.1, 0.0], [0.1, 0.2, 0.7], [0, 1, 0]])
    assert iou.total_cm.numpy().tolist() == [[1, 0], [0, 1]]
    assert int(iou.dropped) == 1


def test_masked_labels_weigh_nothing():
    class Masked(np.ndarray):
        _keras_mask = np.array([True, False])

    iou = metrics.MeanIoU(2)
    iou.update_state([0, 1], np.array([0, 0]).view(Masked))
    assert iou.result() == 1.0
