"""Sums are exact: the same bits however they are cut, merged, threaded or vectorised, and rounded once."""

import copy
import math
from fractions import Fraction

import numpy as np
import pytest

import tallymetrics
from tallymetrics import _core, metrics
from tallymetrics.metrics.exact_sum import UNIT_BITS

LEVELS = pytest.mark.parametrize("level", tallymetrics.instruction_sets())
INF = math.inf


def test_sums_stay_exact_through_many_merges():
    total, mean = metrics.Sum(), metrics.Mean()
    for metric in (total, mean):
        metric.update_state([1e280, -1.7, 2.0**-1060], sample_weight=[1.0, 0.5, 1.0])
    for _ in range(60):
        for metric in (total, mean):
            metric.merge_state([copy.deepcopy(metric)])
    expected = 2**60 * (Fraction(1e280) - Fraction(1.7) / 2 + Fraction(1, 2**1060))
    assert total.result() == float(expected)
    assert mean.result() == pytest.approx(1e280 / 2.5, rel=1e-15)
    total.update_state([-1e280] * 64, sample_weight=[2.0**54] * 64)
    assert total.result() == float(2**60 * (Fraction(1, 2**1060) - Fraction(1.7) / 2))


@pytest.mark.parametrize(
    ("first", "count"),
    [(0, 1), (-1, 2), (-4, 2), (-5, 2), (4, 2), (-2, 3), (-3, 6), (20, 5), (-34, 1), (-34, 2), (-35, 2), (-36, 3)],
)
def test_planes_of_digits_are_rounded_once(first, count, rng):
    planes = rng.integers(-(2**63), 2**63, (count, 4000)) >> rng.integers(0, 64, (count, 4000))
    planes[:, :200] = rng.choice([-(2**63), 2**63 - 1, -1, 0, 1], (count, 200))
    # Ties, and what lies beside them: 54 bits, the last a one, and a little more or less at the very end.
    digits = (rng.integers(2**52, 2**53, 800) << 1) + 1
    for plane, digit in zip(planes[::-1, 200:1000], (digits >> 32, digits & (2**32 - 1)), strict=False):
        plane[...] = digit
    planes[:-2, 200:1000] = 0
    planes[0, 200:1000] += rng.integers(-1, 2, 800) * (count > 2)
    planes[:, 600:1000] *= -1
    exact = [sum(int(digit) << (32 * limb) for limb, digit in enumerate(cell)) for cell in planes.T]
    expected = [float(cell * Fraction(2) ** (32 * first)) for cell in exact]
    assert _core.rounded_sums(list(planes), first).tolist() == expected


HARD_SUMS = [
    [1e16, 1.0, -1e16, 1e-300],
    [1e308, 1e308, -1e308],
    [5e-324, -5e-324, 5e-324],
    [2.0**-1074, 2.0**-1022, 2.0**1023, -(2.0**1023), 1.0],
    [1.0, 2.0**-53, 2.0**-106],
    [1.0, 2.0**-53],
    [1.0 + 2.0**-52, 2.0**-53],
    [0.1] * 10,
    [-0.0, -0.0],
    [1e100, 1.0, -1e100, 1.0] * 300,
    [1.7e308, 1.7e308],
    [-1.7e308, -1.7e308],
]


@LEVELS
@pytest.mark.parametrize("values", HARD_SUMS, ids=lambda values: repr(values[:4]))
def test_sums_are_exact_and_rounded_once(values, level, rng):
    tallymetrics.set_instruction_set(level)
    exact = sum(map(Fraction, values))
    try:
        expected = float(exact)
    except OverflowError:
        expected = INF if exact > 0 else -INF
    whole, singly, in_rows, weighted = (metrics.Sum() for _ in range(4))
    whole.update_state(values)
    for value in rng.permutation(values):
        singly.update_state(value)
    in_rows.update_state(np.array(values).reshape(-1, 1))
    weighted.update_state(
        np.array(values) / 2 if abs(exact) > 1 else values, [2.0 if abs(exact) > 1 else 1.0] * len(values)
    )
    assert whole.result() == singly.result() == in_rows.result() == weighted.result() == expected


@LEVELS
@pytest.mark.parametrize("rows", [63, 512, 513, 5000, 70000])
def test_sums_over_a_wide_range_of_exponents(rows, level, rng):
    tallymetrics.set_instruction_set(level)
    for low, high in ((-5, 5), (-300, 300), (-323, -300), (0, 200)):
        values = rng.normal(size=rows) * 10.0 ** rng.integers(low, high, size=rows)
        weights = rng.random(rows)
        metric, weighted = metrics.Sum(), metrics.Sum()
        metric.update_state(values)
        weighted.update_state(values, sample_weight=weights)
        assert metric.result() == math.fsum(values)
        assert weighted.result() == math.fsum(values * weights)


@LEVELS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [63, 1024, 1025, 30_000])
def test_errors_over_a_wide_range_of_exponents(rows, dtype, level, rng):
    tallymetrics.set_instruction_set(level)
    for low, high in ((-10, 10), (-14, 14), (-30, 30), (-37, 37), (-160, 150)):
        exponents = np.clip(rng.uniform(low, high, rows), *((-37, 37) if dtype == np.float32 else (low, high)))
        # Blocks of few exponents between, and one with a larger error than those before.
        exponents[2048:4096] = exponents[6000:7000] = 0
        y_pred = (rng.normal(size=rows) * 10.0**exponents).astype(dtype)
        y_true = np.where(rng.random(rows) < 0.5, 0, -y_pred * rng.random(rows)).astype(dtype)
        errors = y_true.astype(np.float64) - y_pred
        both = metrics.MetricCollection([metrics.MeanAbsoluteError(), metrics.MeanSquaredError()])
        both.update_state(y_true, y_pred)
        for metric, values in zip(both.metrics, (np.abs(errors), errors**2), strict=True):
            alone = type(metric)()
            alone.update_state(y_true, y_pred)
            exact = sum(map(Fraction, values)) * 2**UNIT_BITS
            assert metric.total.integer() == alone.total.integer() == exact


@pytest.mark.parametrize("weights", HARD_SUMS[:-2], ids=lambda values: repr(values[:4]))
def test_weights_are_summed_exactly_in_every_cell(weights, rng):
    exact = sum(map(Fraction, weights))
    matrix, mean = metrics.ConfusionMatrix(3), metrics.SparseCategoricalAccuracy()
    whole = metrics.ConfusionMatrix(3)
    whole.update_state([1] * len(weights), [2] * len(weights), sample_weight=weights)
    for weight in rng.permutation(weights):
        matrix.update_state([1], [2], sample_weight=[weight])
        mean.update_state([1], [[0.0, 1.0]], sample_weight=[weight])
    assert matrix.result()[1, 2] == whole.result()[1, 2] == float(exact)
    assert mean.result() == (1.0 if exact else 0.0)
    expected = float(Fraction(0.25) / (exact + Fraction(0.25)))
    curve = metrics.TopKCurve(1)
    curve.update_state([0] * len(weights), [[0.0, 1.0]] * len(weights), sample_weight=weights)
    curve.update_state([1], [[0.0, 1.0]], sample_weight=[0.25])
    assert curve.result()[0] == pytest.approx(expected, rel=1e-15, abs=1e-320)


@pytest.mark.parametrize("rows", [1, 7, 300, 9000])
def test_cells_of_random_weights_are_rounded_once(rows, rng):
    for low, high in ((-5, 5), (-300, 300), (-323, -290), (0, 290)):
        labels = rng.integers(0, 2, (2, rows))
        weights = rng.normal(size=rows) * 10.0 ** rng.integers(low, high, size=rows)
        matrix = metrics.ConfusionMatrix(2)
        matrix.update_state(*labels, sample_weight=weights)
        expected = [[math.fsum(weights[(labels[0] == i) & (labels[1] == j)]) for j in (0, 1)] for i in (0, 1)]
        assert matrix.result().tolist() == expected


@LEVELS
def test_means_are_the_exact_quotient_of_exact_sums(level, rng):
    tallymetrics.set_instruction_set(level)
    values, weights = rng.normal(size=3001), rng.random(3001)
    metric = metrics.Mean()
    metric.update_state(values, sample_weight=weights)
    assert metric.result() == float(sum(map(Fraction, values * weights)) / sum(map(Fraction, weights)))


@LEVELS
def test_what_cancels_leaves_nothing(level, rng):
    """A block for which no grid suits at first begins anew."""
    tallymetrics.set_instruction_set(level)
    for _ in range(300):
        value = float(np.ldexp(rng.random(), int(rng.integers(-250, 250))))
        metric = metrics.Mean()
        for one in (value, value, -2 * value):
            metric.update_state([one], [1.0])
        assert metric.result() == 0.0, value
    metric = metrics.Sum()
    for values in ([1e200, 1e-20], [0.1, 0.3, 1e-200, 7e100], [1e-20, 1e200]):
        metric.update_state(values)
        metric.update_state(np.negative(values))
        assert metric.result() == 0.0


@LEVELS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_limbs_are_those_that_weights_touch(dtype, level):
    tallymetrics.set_instruction_set(level)
    ones = _core.UNIT_LIMB
    cases = {0.75: (-1, 0), 2.0**-32: (-1, 0), 1.5 * 2.0**-32: (-2, 0), 2.0**-64: (-2, 0), 1.5 * 2.0**-64: (-3, 0)}
    cases |= {2.0**18: (-1, 0), 2.0**31: (0, 0), 2.0**32: (0, 1), -(2.0**-33): (-2, 0), 2.0**64: (0, 2)}
    for rows in (1, 1000, 300_000):
        for weight, (first, last) in cases.items():
            weights = np.full(rows, 0.5, dtype) if rows > 1 else np.zeros(1, dtype)
            weights[rows * 2 // 3] = weight
            if rows > 1:
                first = min(first, -1)
            found = _core.weight_limbs(weights, 2)
            assert found == (ones + first, ones + last)
        weights[rows * 2 // 3 :] = np.nan
        assert _core.weight_limbs(weights, 2) == (-1, rows * 2 // 3)


@LEVELS
@pytest.mark.parametrize("exponents", [(-3, 3), (-40, 3), (18, 19), (-60, 60)])
@pytest.mark.parametrize("classes", [2, 40])
def test_weighted_cells_are_exact(classes, exponents, level, rng):
    tallymetrics.set_instruction_set(level)
    rows = 20_000
    y_true, y_pred = rng.integers(0, classes, (2, rows))
    weights = rng.uniform(-1, 1, rows) * 2.0 ** rng.integers(*exponents, rows)
    matrix = metrics.ConfusionMatrix(classes)
    matrix.update_state(y_true, y_pred, weights)
    cells = y_true * classes + y_pred
    expected = [math.fsum(weights[cells == cell]) for cell in range(classes**2)]
    np.testing.assert_array_equal(matrix.result().reshape(-1), expected)


@pytest.mark.parametrize("rows", [100, 1024, 5000])
def test_a_sum_of_errors_that_ends_where_it_would_round(rows):
    errors = np.zeros(rows, np.float32)
    errors[[0, 16, 32, 48]] = 2**53 - 2**29, 2**29 - 2**24, 2**23, 2**23 + 1
    whole, parts = metrics.MeanAbsoluteError(), metrics.MeanAbsoluteError()
    whole.update_state(errors, np.zeros_like(errors))
    for part in np.split(errors, [1, 17, 33]):
        parts.update_state(part, np.zeros_like(part))
    assert whole.total.integer() == parts.total.integer() == (2**53 + 1) << UNIT_BITS
