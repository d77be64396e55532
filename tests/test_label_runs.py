"""Pairs of labels counted straight from their arrays, a run after another: as pair by pair, in every kind of table."""

import numpy as np
import pytest

import tallymetrics
from tallymetrics import metrics


def pairs(rng, rows, classes, dtype):
    """Zipf-like labels, so that bytes wrap, of which most agree."""
    draw = [np.power(classes + 1.0, rng.random(rows)).astype(np.int64).clip(1, classes) - 1 for _ in range(2)]
    y_pred = np.where(rng.random(rows) < 0.8, draw[0], draw[1])
    return draw[0].astype(dtype), y_pred.astype(dtype)


def counted(y_true, y_pred, classes):
    cells = y_true.astype(np.int64) * classes + y_pred.astype(np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


@pytest.mark.parametrize("rows", [1025, 3 * 1024, 20_000, 100_001])
@pytest.mark.parametrize(
    ("classes", "dtype"),
    [
        *((2, dtype) for dtype in (np.bool_, np.uint8, np.int64)),
        *((21, dtype) for dtype in (np.uint8, np.int32, np.int64)),
        *((classes, dtype) for classes in (50, 100, 256, 400) for dtype in (np.int32, np.int64)),
        (100, np.uint8),
        (256, np.uint8),
    ],
)
def test_runs_are_counted_as_pairs_are(level, rng, classes, dtype, rows):
    y_true, y_pred = pairs(rng, rows, classes, dtype)
    for threads in (1, 2):
        tallymetrics.set_num_threads(threads)
        metric = metrics.ConfusionMatrix(classes)
        metric.update_state(y_true, y_pred)
        np.testing.assert_array_equal(metric.result(), counted(y_true, y_pred, classes))


@pytest.mark.parametrize("classes", [21, 100, 400])
@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
@pytest.mark.parametrize("place", [0, 511, 512, 70_000, 99_999])
def test_the_first_label_outside_is_named_wherever_it_is(level, rng, classes, dtype, place):
    classes = min(classes, np.iinfo(dtype).max)
    y_true, y_pred = pairs(rng, 100_000, classes, dtype)
    metric = metrics.ConfusionMatrix(classes)
    metric.update_state(y_true, y_pred)
    for labels, name in ((y_true, "y_true"), (y_pred, "y_pred")):
        before = labels[place], labels[-1]
        for label in (classes, -1) if np.iinfo(dtype).min < 0 else (classes,):
            labels[[place, -1]] = label
            with pytest.raises(ValueError, match=rf"`{name}`.*{label}.*row {place}\b"):
                metric.update_state(y_true, y_pred)
        labels[[place, -1]] = before
    np.testing.assert_array_equal(metric.result(), counted(y_true, y_pred, classes))


@pytest.mark.parametrize("classes", [21, 100, 400])
@pytest.mark.parametrize("dtype", [np.int64, np.int32])
@pytest.mark.parametrize("unknown", [1, 1000, 50_000])
def test_what_is_unknown_is_dropped_between_runs(level, rng, classes, dtype, unknown):
    y_true, y_pred = pairs(rng, 200_000, classes, dtype)
    y_true[rng.integers(0, len(y_true), unknown)] = classes
    y_pred[rng.integers(0, len(y_pred), unknown)] = -1
    metric = metrics.MeanIoU(classes)
    metric.update_state(y_true, y_pred)
    known = (y_true < classes) & (y_pred >= 0)
    np.testing.assert_array_equal(metric.total_cm.numpy(), counted(y_true[known], y_pred[known], classes))
