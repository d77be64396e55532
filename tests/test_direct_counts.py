"""Sums and counts that come straight from the arrays, without a column between: as the obvious NumPy has them."""

import math

import numpy as np
import pytest

import tallymetrics
from tallymetrics import metrics

SIZES = [1, 15, 16, 17, 1023, 1024, 1025, 5000]
LABEL_TYPES = [np.bool_, np.int8, np.uint8, np.int32, np.uint32, np.int64, np.uint64, np.float32]


def mean_of(values):
    """The exact mean of doubles, rounded once as far as `fsum` and one division go."""
    return math.fsum(values) / len(values)


def pairs_of(kind, size, dtype, rng):
    y_true = rng.standard_normal(size).astype(dtype)
    y_pred = (y_true + rng.standard_normal(size) * 0.1).astype(dtype)
    if kind == "equal":
        y_pred = y_true.copy()
    if kind == "tiny beside large":
        y_pred[::3] = y_true[::3] * dtype(1 + 2 * np.finfo(dtype).eps)
        y_pred[::7] += dtype(1e6)
    if kind == "subnormal":
        y_true *= np.finfo(dtype).tiny
        y_pred *= np.finfo(dtype).tiny
    if kind == "growing":
        y_pred *= np.exp2(np.linspace(-20, 20, size)).astype(dtype)
    return y_true, y_pred


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["plain", "equal", "tiny beside large", "subnormal", "growing"])
def test_errors_and_values_are_summed_exactly(kind, dtype, level, rng):
    for size in SIZES:
        y_true, y_pred = pairs_of(kind, size, dtype, rng)
        errors = y_true.astype(np.float64) - y_pred.astype(np.float64)
        expected = [mean_of(np.abs(errors)), mean_of(errors * errors)]
        alone = [metrics.MeanAbsoluteError(dtype="float64"), metrics.MeanSquaredError(dtype="float64")]
        for metric in alone:
            metric.update_state(y_true, y_pred)
        together = metrics.MetricCollection([metrics.MeanAbsoluteError(name="a"), metrics.MeanSquaredError(name="s")])
        together.update_state(y_true, y_pred)
        np.testing.assert_allclose([metric.result() for metric in alone], expected, rtol=1e-15, atol=1e-322)
        for metric, one in zip(together.metrics, alone, strict=True):
            np.testing.assert_array_equal(metric.variables[0], one.variables[0])
        mean = metrics.Mean(dtype="float64")
        mean.update_state(y_pred)
        scale = float(np.abs(y_pred.astype(np.float64)).max())
        np.testing.assert_allclose(mean.result(), mean_of(y_pred.astype(np.float64)), rtol=1e-15, atol=1e-17 * scale)


@pytest.mark.parametrize("least", [-10, -17, -19, -20, -21, -22, -26, -40, -120])
def test_sums_of_float32_errors_lose_no_digit_however_small_an_input_is(least, level, rng):
    for size in (16, 1025, 5000, 20_000):
        y_true, y_pred = (rng.uniform(1, 4, size).astype(np.float32) for _ in range(2))
        y_pred[::5] = y_true[::5]
        y_true[::3] = 0.0
        y_pred[size // 2 :: 1000] = 2.0**least * rng.uniform(1, 2)
        errors = y_true.astype(np.float64) - y_pred.astype(np.float64)
        together = metrics.MetricCollection([metrics.MeanAbsoluteError(name="a"), metrics.MeanSquaredError(name="s")])
        alone = metrics.MeanAbsoluteError(), metrics.MeanSquaredError()
        for metric in (together, *alone):
            metric.update_state(y_true, y_pred)
        for values, metric, single in zip((np.abs(errors), errors * errors), together.metrics, alone, strict=True):
            expected = metrics.Sum()
            expected.update_state(values)
            assert metric.variables[0].integer() == expected.variables[0].integer()
            assert single.variables[0].integer() == expected.variables[0].integer()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_no_finite_number_is_counted(dtype, value, level, rng):
    for place in (0, 1500, 2999):
        y_pred = rng.standard_normal(3000).astype(dtype)
        y_pred[place] = value
        mean, error = metrics.Mean(), metrics.MeanAbsoluteError()
        mean.update_state(y_pred)
        error.update_state(np.zeros(3000, dtype), y_pred)
        np.testing.assert_equal(float(mean.result()), value)
        np.testing.assert_equal(float(error.result()), abs(value))


@pytest.mark.parametrize("labels", LABEL_TYPES)
def test_one_threshold_is_counted_for_every_metric_at_once(labels, level, rng):
    for size in (*SIZES, 600_001):
        y_true = rng.integers(0, 2 if labels is np.bool_ else 3, size).astype(labels)
        y_pred = rng.integers(0, 11, size).astype(np.float32) / np.float32(10)
        y_pred[::13] = np.nan
        above = y_pred > np.float32(0.5)
        made = [metrics.BinaryAccuracy(), metrics.TruePositives(), metrics.FalsePositives(), metrics.FalseNegatives()]
        together = metrics.MetricCollection([*made, metrics.TrueNegatives()])
        together.update_state(y_true, y_pred)
        truth = y_true != 0
        expected = [
            np.mean(y_true.astype(np.float64) == above),
            np.sum(truth & above),
            np.sum(~truth & above),
            np.sum(truth & ~above),
            np.sum(~truth & ~above),
        ]
        np.testing.assert_array_equal([float(metric.result()) for metric in together.metrics], expected)


def thresholds_of(kind, rng):
    if kind == "uneven":
        return np.unique(rng.random(150).astype(np.float32)).astype(np.float64)
    if kind == "around zero":
        return np.array([-1.5, -0.5, -0.0, 0.5, 1.5])
    if kind == "close":
        return np.array([0.25, float(np.nextafter(np.float32(0.25), np.float32(1))), 0.5, 0.75])
    if kind == "from zero":
        return np.arange(100) / 99
    return np.arange(1, int(kind)) / int(kind)


@pytest.mark.parametrize("kind", ["4", "199", "1000", "from zero", "uneven", "around zero", "close"])
def test_lists_of_thresholds_are_compared_exactly(kind, level, rng):
    thresholds = thresholds_of(kind, rng)
    singles = thresholds.astype(np.float32)
    scores = [singles, np.nextafter(singles, np.float32(9)), np.nextafter(singles, np.float32(-9))]
    scores += [np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, 2.0, -3.0], np.float32)]
    scores += [rng.random(20000, np.float32) * np.float32(1.5) - np.float32(0.25)]
    scores = rng.permutation(np.concatenate(scores))
    for labels, skipped in ((np.bool_, 0), (np.int64, 3), (np.float32, 13)):
        # From any place in a line of memory on.
        y_pred = scores[skipped:]
        y_true = rng.integers(0, 2, len(y_pred)).astype(labels)
        made = [metrics.AUC(num_thresholds=int(kind) + 1) if kind.isdigit() else metrics.AUC(thresholds=thresholds)]
        if kind != "around zero":
            made += [metrics.Precision(thresholds=thresholds), metrics.Recall(thresholds=thresholds)]
        for metric in made:
            metric.update_state(y_true, y_pred)
            own = slice(1, -1) if isinstance(metric, metrics.AUC) else slice(None)
            for name, label in (("true_positives", 1), ("false_positives", 0), ("false_negatives", 1)):
                if not hasattr(metric, name):
                    continue
                scores_of_label = y_pred[y_true == label]
                expected = np.array([np.sum(scores_of_label > threshold) for threshold in singles])
                if name == "false_negatives":
                    expected = len(scores_of_label) - expected
                np.testing.assert_array_equal(np.asarray(getattr(metric, name))[own], expected)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("classes", "dtype"), [(100, np.uint8), (65, np.int32), (1000, np.int32), (300, np.int64)])
def test_equal_labels_of_large_tables_are_all_counted(classes, dtype, threads, level, rng):
    size = 4 * classes**2 + 2**20 + 5
    y_true = rng.integers(0, classes, size).astype(dtype)
    y_pred = np.where(rng.random(size) < 0.8, y_true, rng.integers(0, classes, size)).astype(dtype)
    y_true[1000:3000], y_pred[1000:3000] = classes - 1, 7
    tallymetrics.set_num_threads(threads)
    matrix = metrics.ConfusionMatrix(classes)
    matrix.update_state(y_true, y_pred)
    expected = np.bincount(y_true.astype(np.int64) * classes + y_pred, minlength=classes**2)
    assert np.array_equal(matrix.result().ravel(), expected)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "uint16", "int32", "int64", "uint64"])
@pytest.mark.parametrize("rows", [31, 40_003, 600_001])
def test_equal_integers_are_counted_where_they_are(level, dtype, rows):
    truth = np.ones(rows, dtype)
    predicted = truth.copy()
    predicted[::7] = 0
    metric = metrics.Accuracy()
    for _ in range(2):
        metric.update_state(truth, predicted)
    assert float(metric.total) == 2 * np.sum(truth == predicted)
    assert float(metric.count) == 2 * rows
