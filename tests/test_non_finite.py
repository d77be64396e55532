"""NaN and infinity have one answer in every metric, on every instruction set."""

import math

import numpy as np
import pytest
import reference as twin

import tallymetrics
from tallymetrics import metrics

LEVELS = pytest.mark.parametrize("level", tallymetrics.instruction_sets())
NAN, INF = math.nan, math.inf


NON_FINITE = [
    (metrics.Mean, ([1.0, NAN],), NAN),
    (metrics.Mean, ([1.0, INF],), INF),
    (metrics.Mean, ([1.0, -INF],), -INF),
    (metrics.Mean, ([INF, -INF],), NAN),
    (metrics.Sum, ([1.0, NAN, INF],), NAN),
    (metrics.Sum, ([-INF, 1e30],), -INF),
    (metrics.MeanSquaredError, ([1.0, 2.0], [NAN, 2.0]), NAN),
    (metrics.MeanSquaredError, ([1.0, 2.0], [-INF, 2.0]), INF),
    (metrics.MeanSquaredError, ([INF, 2.0], [INF, 2.0]), NAN),
    (metrics.MeanSquaredError, ([1e200, 2.0], [-1e200, 2.0]), INF),
    (metrics.MeanAbsoluteError, ([1.0, 2.0], [NAN, 2.0]), NAN),
    (metrics.MeanAbsoluteError, ([-INF, 2.0], [1.0, 2.0]), INF),
    (metrics.BinaryAccuracy, ([0, 1, 1, 0], [NAN, NAN, INF, -INF]), 0.75),
    (metrics.SparseCategoricalAccuracy, ([1, 0, 2, 0], [[0, NAN, 9], [1, NAN, 0], [0, 0, INF], [-INF] * 3]), 0.75),
    (metrics.SparseCategoricalAccuracy, ([1, 2], [[INF, NAN, NAN], [INF, NAN, NAN]]), 0.5),
    (metrics.CategoricalAccuracy, ([[0, NAN, 1], [1, 0, 0]], [[0, NAN, 9], [NAN, 9, NAN]]), 1.0),
    (metrics.SparseTopKCategoricalAccuracy, ([0, 1, 1, 0], [[NAN, 0, 1], [NAN, 3, 1], [INF, 0, -INF], [0] * 3]), 0.75),
    (metrics.SparseCategoricalCrossentropy, ([0, 0], [[0.5, NAN], [0.5, 0.5]]), NAN),
    (metrics.SparseCategoricalCrossentropy, ([0, 1], [[1.0, 0.0], [1.0, 0.0]]), None),
    (metrics.CategoricalCrossentropy, ([[1, 0], [0, 1]], [[0.5, NAN], [0.5, 0.5]]), NAN),
    (metrics.EarthMoversDistance, ([[1.0, 0.0]], [[NAN, 1.0]]), NAN),
    (metrics.EarthMoversDistance, ([[INF, 0.0]], [[0.0, 1.0]]), INF),
    (metrics.DistributionMeanError, ([[1.0, 0.0]], [[0.0, NAN]]), NAN),
    (metrics.DistributionMeanError, ([[1.0, INF]], [[0.0, 1.0]]), INF),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("make", "inputs", "expected"), NON_FINITE)
def test_nan_and_infinity_have_one_answer(make, inputs, expected, dtype):
    if expected is None:
        expected = -(math.log(1e-7) + math.log(1 - 1e-7)) / 2
    if make is metrics.MeanSquaredError and dtype == "float32" and inputs[0][0] == 1e200:
        pytest.skip("not a float32")
    answers = []
    for level in tallymetrics.instruction_sets():
        tallymetrics.set_instruction_set(level)
        for repeats in (1, 50):
            metric = metrics.SparseTopKCategoricalAccuracy(k=2) if "TopK" in make.__name__ else make()
            labels = np.asarray(inputs[0])
            arrays = [
                labels if labels.dtype.kind == "i" else labels.astype(dtype),
                *(np.asarray(one, dtype) for one in inputs[1:]),
            ]
            metric.update_state(*(np.concatenate([one] * repeats) for one in arrays))
            answers.append(metric.result())
    np.testing.assert_allclose(answers, expected, rtol=1e-12)
    assert len({repr(answer) for answer in answers}) == 1


@LEVELS
@pytest.mark.parametrize("classes", [3, 10, 33, 100, 1000])
def test_nan_scores_are_placed_alike_in_rows_of_every_width(classes, level, rng):
    tallymetrics.set_instruction_set(level)
    scores = rng.normal(size=(200, classes)).astype(np.float32)
    scores[rng.random(scores.shape) < 2 / classes] = NAN
    scores[rng.random(scores.shape) < 1 / classes] = INF
    scores[::7] = NAN
    scores[1::7] = -INF
    labels = rng.integers(0, classes, 200)
    pairs = [
        (metrics.SparseCategoricalAccuracy(), twin.MeanOf(twin.sparse_categorical_accuracy)),
        (metrics.SparseTopKCategoricalAccuracy(k=3), twin.MeanOf(twin.sparse_top_k_categorical_accuracy, k=3)),
        *((metrics.TopKCurve(5, ties=one), twin.RankCurve(5, one)) for one in ("pessimistic", "lowest_index")),
        (metrics.ConfusionMatrix(classes), twin.LabelPairs(classes, predicted_rows=True)),
    ]
    for dtype in (np.float16, np.float32, np.float64):
        for ours, expected in pairs:
            ours.update_state(labels, scores.astype(dtype))
            expected.update_state(labels, scores.astype(dtype))
            np.testing.assert_allclose(ours.result(), expected.result(), rtol=1e-12)


def test_logits_at_the_edges_of_their_range():
    rows = [[1e30, -1e30, 0], [-INF, 0.0, 0.0], [700.0, 710.0, -800.0], [-1e4, -1e4, -1e4]]
    expected = [0.0, math.log(2), 10 + math.log1p(math.exp(-10)), math.log(3)]
    for dtype, tolerance in ((np.float32, 1e-6), (np.float64, 1e-12)):
        for row, label, value in zip(rows, (0, 1, 0, 2), expected, strict=True):
            metric = metrics.SparseCategoricalCrossentropy(from_logits=True)
            metric.update_state([label], np.array([row], dtype))
            assert metric.result() == pytest.approx(value, rel=tolerance, abs=1e-300)


LOGIT_EDGES = [
    (0, [-INF, 0.0], INF),
    (1, [-INF, 0.0], 0.0),
    (0, [-INF, -INF], NAN),
    (0, [INF, 0.0], NAN),
    (1, [0.0, NAN], NAN),
]
PROBABILITY_EDGES = [
    (0, [0.0, 0.0], NAN),
    (1, [INF, 1.0], -math.log(1e-7)),
    (0, [INF, 1.0], NAN),
    (0, [1e-30, 1e-30], math.log(2)),
    (0, [3e38, 3e38], math.log(2)),
    (0, [3.0, 1.0], math.log(4 / 3)),
]


@LEVELS
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("from_logits", [True, False])
def test_crossentropy_at_the_edges(from_logits, dtype, level):
    tallymetrics.set_instruction_set(level)
    for label, row, expected in LOGIT_EDGES if from_logits else PROBABILITY_EDGES:
        for rows in (1, 40):
            metric = metrics.SparseCategoricalCrossentropy(from_logits=from_logits)
            metric.update_state([label] * rows, np.array([row] * rows, dtype))
            np.testing.assert_allclose(metric.result(), expected, rtol=1e-6 if from_logits else 1e-12)


def test_a_nan_of_weight_zero_is_still_seen_as_in_keras():
    metric = metrics.Mean()
    metric.update_state([NAN, 1.0], sample_weight=[0.0, 1.0])
    assert math.isnan(metric.result())
