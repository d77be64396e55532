"""F-scores, R2 and correlations against scikit-learn and SciPy; widths that the first batch tells; misuse."""

from fractions import Fraction

import numpy as np
import pytest

import tallymetrics
from tallymetrics import metrics
from tallymetrics.inputs import Layouts


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("average", [None, "micro", "macro", "weighted"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_multi_label_f_scores(average, weighted, beta, rng):
    oracle = pytest.importorskip("sklearn.metrics")
    for rows, classes in ((1, 3), (50, 2), (400, 40)):
        y_true, scores = rng.integers(0, 2, (rows, classes)), rng.random((rows, classes))
        weights = rng.random(rows) if weighted else None
        score = metrics.FBetaScore(average, beta, 0.5)
        score.update_state(y_true, scores, weights)
        expected = oracle.fbeta_score(
            y_true, scores > 0.5, beta=beta, average=average, sample_weight=weights, zero_division=0
        )
        np.testing.assert_allclose(score.result(), expected, rtol=1e-12)


@pytest.mark.parametrize("average", [None, "macro"])
def test_iou_is_the_jaccard_score(average, rng):
    oracle = pytest.importorskip("sklearn.metrics")
    y_true, y_pred, weights = rng.integers(0, 4, 300), rng.integers(0, 4, 300), rng.random(300)
    expected = oracle.jaccard_score(y_true, y_pred, average=average, sample_weight=weights)
    targets = [[0], [1], [2], [3]] if average is None else [[0, 1, 2, 3]]
    scores = []
    for target in targets:
        iou = metrics.IoU(4, target)
        iou.update_state(y_true, y_pred, weights)
        scores.append(iou.result())
    np.testing.assert_allclose(scores, np.atleast_1d(expected), rtol=1e-12)


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e8])
@pytest.mark.parametrize("ours", [None, "uniform_average", "variance_weighted_average"])
def test_r2_of_scikit_learn(offset, ours, rng):
    oracle = pytest.importorskip("sklearn.metrics")
    theirs = {None: "raw_values", "variance_weighted_average": "variance_weighted"}.get(ours, ours)
    y_true = rng.normal(size=(500, 3)) * [1, 10, 100] + offset
    y_pred, weights = y_true + rng.normal(size=(500, 3)), rng.random(500)
    for weight in (None, weights):
        score = metrics.R2Score(ours)
        score.update_state(y_true, y_pred, weight)
        expected = oracle.r2_score(y_true, y_pred, multioutput=theirs, sample_weight=weight)
        np.testing.assert_allclose(score.result(), expected, rtol=1e-9 if offset < 1e8 else 1e-6)


@pytest.mark.parametrize("offset", [0.0, 1e4, -1e9])
def test_correlations_of_scipy_and_of_long_doubles(offset, rng):
    oracle = pytest.importorskip("scipy.stats")
    x = rng.normal(size=3000) + offset
    y = 0.3 * x + rng.normal(size=3000)
    pearson, concordance = metrics.StreamPearsonCorrelation(), metrics.StreamConcordanceCorrelation()
    for metric in (pearson, concordance):
        for part in np.array_split(np.arange(3000), 7):
            metric.update_state(x[part], y[part])
    a, b = x.astype(np.longdouble), y.astype(np.longdouble)
    joint = np.mean((a - a.mean()) * (b - b.mean()))
    exact = joint / np.sqrt(a.var() * b.var())
    assert pearson.result() == pytest.approx(float(exact), rel=1e-13)
    assert pearson.result() == pytest.approx(oracle.pearsonr(x, y).statistic, rel=1e-5)
    lin = 2 * joint / (a.var() + b.var() + (a.mean() - b.mean()) ** 2)
    assert concordance.result() == pytest.approx(float(lin), rel=1e-12)


def test_correlations_at_their_ends():
    metric = metrics.StreamPearsonCorrelation()
    assert np.isnan(metric.result())
    metric.update_state([1e-3, 2e-3], [1e200, 1e200])
    assert np.isnan(metric.result())
    for y_pred, expected in (([3e8, 3e8 + 1, 3e8 + 2], 1.0), ([5.0, 3.0, 1.0], -1.0), ([1.0, 0.0, 1.0], 0.0)):
        metric = metrics.StreamPearsonCorrelation()
        metric.update_state([1.0, 2.0, 3.0], y_pred)
        assert metric.result() == expected
    metric.update_state([np.nan], [1.0])
    assert np.isnan(metric.result())
    same = metrics.StreamConcordanceCorrelation()
    same.update_state([2.0, 2.0], [2.0, 2.0])
    assert np.isnan(same.result())


def test_products_are_exact_for_float64_and_weights():
    y_true = np.array([[1 + 2.0**-52], [1 - 2.0**-53], [3.0], [1e-120]])
    weights = np.array([1 / 3, 0.1, 7.7, 1e100])
    score = metrics.R2Score()
    score.update_state(y_true, y_true, weights)
    squares = sum(Fraction(w) * Fraction(y) ** 2 for w, y in zip(weights.tolist(), y_true[:, 0].tolist(), strict=True))
    assert Fraction(score._sums.integer(2, 0), 2**1088) == squares


F_MAKERS = [lambda: metrics.F1Score(), lambda: metrics.R2Score(class_aggregation=None)]


@pytest.mark.parametrize("make", F_MAKERS)
def test_the_first_batch_tells_the_width(make, rng):
    metric, other = make(), make()
    assert metric.result().shape == (0,)
    bad = np.full((4, 3), 1.0)
    with pytest.raises(ValueError, match=r"`sample_weight` must be finite. Received nan in row 1"):
        metric.update_state(bad, bad, [1, np.nan, 1, 1])
    assert metric.result().shape == (0,)
    metric.update_state(rng.integers(0, 2, (4, 2)), rng.random((4, 2)))
    with pytest.raises(ValueError, match=r"`y_pred` must have shape \[rows, 2\], as in the batches before."):
        metric.update_state(bad, bad)
    other.update_state(bad, bad)
    with pytest.raises(ValueError, match="`metrics` must have"):
        metric.merge_state(other)
    fresh = make()
    with pytest.raises(ValueError, match=r"`metrics` must have variables of shapes .* to merge"):
        fresh.merge_state([metric, other])
    assert fresh.result().shape == (0,)
    fresh.load_state_arrays(metric.state_arrays())
    assert np.array_equal(fresh.result(), metric.result())
    variables = fresh.stateless_update_state(fresh.stateless_reset_state(), bad, bad)
    assert fresh.stateless_result(variables).shape == (3,)
    arrays = [variable.numpy() for variable in variables]
    assert np.array_equal(fresh.stateless_result(arrays), fresh.stateless_result(variables), equal_nan=True)
    fresh._sums.assign_sub(fresh._sums.numpy())
    assert np.abs(fresh._sums.numpy()).max() < 1e-12, "what rounding took off"
    with pytest.raises(ValueError, match=r"`value` must have shape \[[34], width\]"):
        fresh._sums.assign(0)


@pytest.mark.parametrize("make", F_MAKERS)
def test_weights_of_elements(make, rng):
    y_true, y_pred, weights = rng.integers(0, 2, (700, 40)), rng.random((700, 40)), rng.random((700, 40))
    whole = make()
    whole.update_state(y_true, y_pred, weights)
    for column in (0, 7, 39):
        part = slice(column, column + 1)
        alone = metrics.F1Score(threshold=0.5) if isinstance(whole, metrics.F1Score) else make()
        alone.update_state(y_true[:, part], y_pred[:, part], weights[:, column])
        if isinstance(whole, metrics.R2Score):
            assert alone.result()[0] == whole.result()[column]
    for shape in ((1, 40), (700, 1), (), (1,)):
        broadcast, full = make(), make()
        weight = rng.random(shape)
        broadcast.update_state(y_true, y_pred, weight)
        full.update_state(y_true, y_pred, np.broadcast_to(weight, (700, 40)).copy())
        assert np.array_equal(broadcast.result(), full.result())
    with pytest.raises(ValueError, match=r"`sample_weight` must broadcast to the shape of `y_pred`, \(700, 40\)."):
        whole.update_state(y_true, y_pred, np.ones((2, 40)))
    bad = weights.copy()
    bad[5, 3] = np.inf
    before = whole.result()
    with pytest.raises(ValueError, match=r"`sample_weight` must be finite. Received inf in row 5"):
        whole.update_state(y_true, y_pred, bad)
    assert np.array_equal(whole.result(), before)


@pytest.mark.parametrize("label_dtype", [bool, "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"])
@pytest.mark.parametrize("score_dtype", [bool, "i1", "i8", "u8", "f2", "f4", "f8"])
def test_f_scores_of_every_dtype(label_dtype, score_dtype, rng):
    for classes in (3, 50):
        y_true = rng.integers(0, 2, (100, classes))
        scores = rng.integers(0, 3, (100, classes)) - (np.dtype(score_dtype).kind in "if")
        scores = scores.astype(score_dtype)
        for threshold in (None, 0.75):
            score = metrics.F1Score("micro", threshold)
            score.update_state(y_true.astype(label_dtype), scores)
            if threshold is None:
                predicted = (scores == scores.max(axis=1, keepdims=True)) & (scores != 0)
            else:
                predicted = scores > threshold
            assert float(score.true_positives) == (predicted & (y_true == 1)).sum()
            assert float(score.false_positives) == (predicted & (y_true == 0)).sum()
            assert float(score.false_negatives) == (~predicted & (y_true == 1)).sum()


def test_float64_labels_that_round_to_1_are_soft():
    score = metrics.F1Score("micro")
    score.update_state(np.array([[1 - 1e-12, 0.0]]), np.array([[0.5, 0.1]], np.float32))
    assert float(score.true_positives) == 1 - 1e-12


def test_thresholds_are_compared_in_the_precision_of_the_scores():
    for dtype, predicted in ((np.float32, 0), (np.float64, 1)):
        score = metrics.F1Score("micro", 0.3)
        score.update_state([[1, 1]], np.array([[0.3, 0.2]], np.float32).astype(dtype))
        assert float(score.true_positives) == predicted


def test_nan_labels_and_scores():
    score = metrics.F1Score()
    score.update_state([[np.nan, 1.0, 0.0]], [[0.9, 0.9, 0.1]])
    np.testing.assert_array_equal(score.result(), [np.nan, 1.0, 0.0])
    assert np.isnan(metrics.F1Score("macro")([[np.nan, 1.0]], [[0.9, 0.9]]))
    infinite = metrics.F1Score("micro")
    infinite.update_state([[np.inf, 1.0], [-np.inf, 1.0]], [[0.9, 0.9], [0.9, 0.9]])
    assert np.isnan(infinite.result())
    determination = metrics.R2Score(None)
    determination.update_state([[np.nan, 1.0], [2.0, 2.0]], [[1.0, 1.0], [2.0, 2.0]])
    np.testing.assert_array_equal(determination.result(), [np.nan, 1.0])


def test_a_collection_reads_the_rows_once(rng):
    y_true, y_pred = rng.integers(0, 2, (5000, 12)), rng.random((5000, 12), dtype=np.float32)
    members = [
        metrics.F1Score(),
        metrics.FBetaScore(beta=2.0, threshold=0.5),
        metrics.R2Score(),
        metrics.F1Score("micro"),
    ]
    collection = metrics.MetricCollection([*members, metrics.CategoricalAccuracy(), metrics.StreamPearsonCorrelation()])
    collection.update_state(y_true, y_pred)
    layouts = Layouts(y_true, y_pred)
    assert len({id(metric.layout(layouts)) for metric in members}) == 1
    for metric in collection.metrics:
        alone = type(metric).from_config(metric.get_config())
        alone.update_state(y_true, y_pred)
        np.testing.assert_array_equal(alone.result(), metric.result())


def test_many_threads_of_soft_and_hard_blocks_give_the_same_bits(rng):
    y_true = rng.integers(0, 2, (60_000, 40)).astype(np.float32)
    y_true[20_000:40_000] *= 0.7
    y_pred = rng.random((60_000, 40), dtype=np.float32)
    results = set()
    for threads in (1, 2, 3):
        tallymetrics.set_num_threads(threads)
        score = metrics.F1Score()
        score.update_state(y_true, y_pred)
        pieces = metrics.F1Score()
        for part in np.array_split(np.arange(60_000), 61):
            pieces.update_state(y_true[part], y_pred[part])
        results |= {score.result().tobytes(), pieces.result().tobytes()}
    assert len(results) == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("classes", [3, 33, 37, 70])
def test_a_row_with_a_nan_predicts_nothing_by_maximum(classes, dtype, rng):
    y_true = np.ones((classes + 1, classes))
    scores = rng.normal(size=y_true.shape).round(1).astype(dtype)
    scores[np.arange(classes), np.arange(classes)] = np.nan
    expected = scores[-1] == scores[-1].max()
    for level in tallymetrics.instruction_sets():
        tallymetrics.set_instruction_set(level)
        for weights in (None, np.ones(classes + 1)):
            for threshold, positives in ((None, expected), (0.5, (scores > dtype(0.5)).sum(axis=0))):
                score = metrics.F1Score(threshold=threshold)
                score.update_state(y_true, scores, weights)
                assert score.true_positives.numpy().tolist() == positives.tolist()
