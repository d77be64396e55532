"""Values of rows: how accurate they are, and that no layout changes a bit of them."""

import mpmath
import numpy as np
import pytest

import tallymetrics
from tallymetrics import metrics

ROW_FUNCTIONS = [
    *("mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error"),
    *("log_cosh", "huber", "hinge", "squared_hinge", "categorical_hinge", "binary_crossentropy", "kl_divergence"),
    *("poisson", "cosine_similarity", "pearson_correlation", "concordance_correlation", "categorical_crossentropy"),
]


def columns(*arrays):
    return [np.asarray(one, np.float64)[:, np.newaxis] for one in arrays]


def assert_within_places(results, exact, allowed):
    """In units of the last place of the exact answers."""
    exact = [float(one) for one in exact]
    assert np.max(np.abs(results - exact) / np.spacing(np.abs(exact))) <= allowed


@pytest.fixture(autouse=True)
def precision():
    with mpmath.workprec(1200):
        yield


def test_log_cosh_is_accurate_for_errors_of_every_size(rng):
    errors = np.exp2(rng.uniform(-500, 9, 500)) * rng.choice([-1, 1], 500)
    exact = [mpmath.log(mpmath.cosh(mpmath.mpf(error))) for error in errors]
    assert_within_places(metrics.log_cosh(*columns(np.zeros(500), errors)), exact, 6)


def test_log_cosh_is_accurate_where_its_pieces_meet():
    borders = np.concatenate([np.arange(32, 64) / 32 * 2.0**octave for octave in range(5)]) - 1
    errors = np.concatenate([borders, np.nextafter(borders, 50), np.nextafter(borders, -50), borders + 2.0**-7])[1:]
    exact = [mpmath.log(mpmath.cosh(mpmath.mpf(error))) for error in errors]
    assert_within_places(metrics.log_cosh(*columns(np.zeros(len(errors)), errors)), exact, 5)


def test_logarithmic_errors_of_near_numbers_do_not_cancel(rng):
    labels = np.exp2(rng.uniform(-20, 40, 500))
    scores = labels * (1 + np.exp2(rng.uniform(-50, 0, 500)) * rng.choice([-0.9, 9], 500))
    pairs = [[mpmath.log1p(max(mpmath.mpf(one), 1e-7)) for one in pair] for pair in zip(labels, scores, strict=True)]
    results = metrics.mean_squared_logarithmic_error(*columns(labels, scores))
    assert_within_places(results, [(first - second) ** 2 for first, second in pairs], 8)


def test_logarithmic_errors_of_huge_numbers():
    labels, scores = columns([1e308, 1e305, 1.7e308], [1e304, 1e300, 1.6e308])
    expected = (np.log(labels[:, 0]) - np.log(scores[:, 0])) ** 2
    np.testing.assert_allclose(metrics.mean_squared_logarithmic_error(labels, scores), expected, rtol=1e-11)


def test_divergence_of_near_shares_does_not_cancel(rng):
    labels = rng.uniform(0.1, 0.9, 500)
    scores = labels * (1 + np.exp2(rng.uniform(-45, -1, 500)) * rng.choice([-1, 1], 500))
    pairs = [[mpmath.mpf(one) for one in pair] for pair in zip(labels, scores, strict=True)]
    exact = [label * mpmath.log(label / score) if score < 1 else label * mpmath.log(label) for label, score in pairs]
    assert_within_places(metrics.kl_divergence(*columns(labels, scores)), exact, 4)


@pytest.mark.parametrize("name", ["log_cosh", "mean_squared_logarithmic_error", "binary_crossentropy", "poisson"])
@pytest.mark.parametrize("width", [1, 7, 255, 257, 1023, 1024, 1025, 2500])
def test_every_element_of_a_row_counts_once(name, width, rng):
    function = getattr(metrics, name)
    y_true = rng.choice([0.0, 0.0, 1.0, 1.0, 0.3], (3, width))
    y_pred = rng.random((3, width))
    elements = function(y_true.reshape(-1, 1), y_pred.reshape(-1, 1)).reshape(3, width)
    np.testing.assert_allclose(function(y_true, y_pred), elements.mean(axis=1), rtol=1e-13)


def test_crossentropy_of_logits_is_exact_where_probabilities_round_to_1(rng):
    logits = rng.normal(0, 30, 500)
    exact = [mpmath.log1p(mpmath.exp(mpmath.mpf(logit))) for logit in logits]
    assert_within_places(metrics.binary_crossentropy(*columns(np.zeros(500), logits), from_logits=True), exact, 4)


def test_small_crossentropies_are_accurate(rng):
    scores = np.exp2(rng.uniform(-23, -0.01, 500))
    exact = [-mpmath.log1p(-mpmath.mpf(score)) for score in scores]
    assert_within_places(metrics.binary_crossentropy(*columns(np.zeros(500), scores)), exact, 3)
    assert_within_places(metrics.binary_crossentropy(*columns(np.ones(500), scores)), map(loss_of_one, scores), 3)


def loss_of_one(score):
    return -mpmath.log(mpmath.mpf(score))


def test_probabilities_are_clipped():
    assert metrics.kl_divergence([0.0], [0.5]) == pytest.approx(1e-7 * np.log(2e-7), rel=1e-12)
    assert metrics.kl_divergence([0.5], [0.0]) == pytest.approx(0.5 * np.log(0.5e7), rel=1e-12)
    assert metrics.kl_divergence([3.0, 1.0], [1.0, 2.0]) == 0.0
    for label, score in ((0.0, 1.0), (1.0, 0.0), (0.0, 7.0), (1.0, -7.0)):
        assert metrics.binary_crossentropy([label], [score]) == pytest.approx(-np.log(1e-7), rel=1e-9)


def test_soft_labels_take_both_logarithms():
    expected = -(0.25 * np.log(0.5) + 0.75 * np.log1p(-0.5))
    for width in (1, 3, 40):
        assert metrics.binary_crossentropy([0.25] * width, [0.5] * width) == pytest.approx(expected, rel=1e-14)
        mixed = [0.25] + [1.0] * (width - 1)
        losses = [expected] + [-np.log(0.9)] * (width - 1)
        assert metrics.binary_crossentropy(mixed, [0.5] + [0.9] * (width - 1)) == pytest.approx(
            np.mean(losses), rel=1e-14
        )


@pytest.mark.parametrize("width", [5, 40])
def test_correlations_do_not_feel_an_offset(width, rng):
    labels = rng.integers(-100, 100, (20, width)).astype(np.float64)
    scores = labels + rng.integers(-50, 50, (20, width))
    for name in ("pearson_correlation", "concordance_correlation"):
        function = getattr(metrics, name)
        np.testing.assert_allclose(function(labels + 2.0**40, scores + 2.0**40), function(labels, scores), rtol=1e-12)


@pytest.mark.parametrize("width", [1, 3, 15, 16, 50])
def test_constant_rows_have_no_correlation(width, rng):
    labels, scores = np.full((4, width), 0.1), rng.random((4, width))
    assert np.isnan(metrics.pearson_correlation(labels, scores)).all()
    assert np.isnan(metrics.pearson_correlation(scores, labels)).all()
    np.testing.assert_array_equal(metrics.concordance_correlation(labels, scores), 0.0)
    np.testing.assert_array_equal(metrics.cosine_similarity(np.zeros((4, width)), scores), 0.0)


@pytest.mark.parametrize("scale", [1e-200, 1e-300, 1e200, 1e300])
@pytest.mark.parametrize("width", [4, 30])
def test_cosines_do_not_feel_a_scale(scale, width, rng):
    labels, scores = rng.normal(size=(2, 20, width))
    for name in ("cosine_similarity", "pearson_correlation"):
        function = getattr(metrics, name)
        np.testing.assert_allclose(function(labels * scale, scores), function(labels, scores), rtol=1e-12)
        np.testing.assert_allclose(function(labels, scores * scale), function(labels, scores), rtol=1e-12)


def test_parallel_vectors_have_a_cosine_of_1(rng):
    for width in (2, 3, 7, 16, 33):
        vectors = rng.normal(size=(200, width))
        np.testing.assert_array_equal(metrics.cosine_similarity(vectors, 4 * vectors), 1.0)
        np.testing.assert_array_equal(metrics.pearson_correlation(vectors, -4 * vectors), -1.0)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", ROW_FUNCTIONS)
def test_layout_and_level_change_no_bit(name, dtype, rng):
    function = getattr(metrics, name)
    for width in (1, 2, 7, 15, 16, 17, 23, 33, 100):
        y_true = (rng.random((41, width)) * rng.integers(0, 2, (41, width))).astype(dtype)
        y_pred = rng.random((41, width)).astype(dtype)
        wide = np.zeros((2, 82, 3 * width), dtype)
        wide[0, ::2, ::3], wide[1, ::2, ::3] = y_true, y_pred
        answers = []
        for level in tallymetrics.instruction_sets():
            tallymetrics.set_instruction_set(level)
            answers += [
                function(y_true, y_pred),
                function(np.asfortranarray(y_true), y_pred),
                function(wide[0, ::2, ::3], wide[1, ::2, ::3]),
                np.array([function(*rows) for rows in zip(y_true, y_pred, strict=True)]),
                function(y_true[::-1], y_pred[::-1])[::-1],
            ]
        for answer in answers:
            np.testing.assert_array_equal(answer, answers[0])


NAN, INF = np.nan, np.inf
NOT_FINITE = [
    ("binary_crossentropy", [1.0], [NAN], NAN),
    ("binary_crossentropy", [NAN], [0.5], NAN),
    ("binary_crossentropy", [1.0], [INF], -np.log(1 - 1e-7)),
    ("binary_crossentropy", [1.0], [-INF], -np.log(1e-7)),
    ("kl_divergence", [0.5], [NAN], NAN),
    ("kl_divergence", [NAN], [0.5], NAN),
    ("poisson", [1.0], [-1.0], NAN),
    ("poisson", [1.0], [-1e-7], INF),
    ("poisson", [1.0], [INF], NAN),
    ("poisson", [0.0], [INF], NAN),
    ("hinge", [1.0], [NAN], NAN),
    ("hinge", [1.0], [-INF], INF),
    ("hinge", [1.0], [INF], 0.0),
    ("squared_hinge", [-1.0], [INF], INF),
    ("categorical_hinge", [0.0, 1.0], [NAN, 1.0], NAN),
    ("categorical_hinge", [0.0, 1.0], [1.0, NAN], NAN),
    ("mean_absolute_percentage_error", [INF], [1.0], NAN),
    ("mean_absolute_percentage_error", [1.0], [INF], INF),
    ("mean_absolute_percentage_error", [0.0], [1.0], 1e9),
    ("mean_squared_logarithmic_error", [1.0], [INF], INF),
    ("mean_squared_logarithmic_error", [INF], [INF], NAN),
    ("mean_squared_logarithmic_error", [NAN], [1.0], NAN),
    ("mean_squared_logarithmic_error", [1.0], [NAN], NAN),
    ("mean_squared_logarithmic_error", [-5.0], [-INF], 0.0),
    ("log_cosh", [0.0], [-INF], INF),
    ("log_cosh", [NAN], [1.0], NAN),
    ("huber", [0.0], [INF], INF),
    ("huber", [0.0], [NAN], NAN),
    ("cosine_similarity", [1.0, 0.0], [INF, 1.0], NAN),
    ("cosine_similarity", [1.0, 0.0], [NAN, 1.0], NAN),
    ("cosine_similarity", [0.0, 0.0], [NAN, 1.0], NAN),
    ("pearson_correlation", [1.0, 0.0], [INF, 1.0], NAN),
    ("concordance_correlation", [1.0, NAN], [0.0, 1.0], NAN),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "y_true", "y_pred", "expected"), NOT_FINITE)
def test_nan_and_infinity_have_one_answer(name, y_true, y_pred, expected, dtype):
    if name == "poisson" and y_pred[0] == -1e-7 and dtype == "float32":
        pytest.skip("not a float32")
    arrays = np.array(y_true, dtype), np.array(y_pred, dtype)
    for level in tallymetrics.instruction_sets():
        tallymetrics.set_instruction_set(level)
        for rows in (1, 50):
            results = getattr(metrics, name)(*(np.tile(one, (rows, 1)) for one in arrays))
            np.testing.assert_allclose(results, np.full(rows, expected), rtol=1e-12)


@pytest.mark.parametrize(
    "name", ["CosineSimilarity", "PearsonCorrelation", "ConcordanceCorrelation", "KLDivergence", "CategoricalHinge"]
)
def test_values_of_whole_rows_are_not_taken_of_samples(name):
    with pytest.raises(ValueError, match=r"`y_pred` must have shape \[..., width\]. Received shape \(2,\)"):
        getattr(metrics, name)().update_state([0.0, 1.0], [0.5, 0.5])


def test_binary_crossentropy_does_not_broadcast():
    with pytest.raises(
        ValueError, match=r"`y_true` must have shape \(1, 2\), as `y_pred` has. Received shape \(1, 1\)"
    ):
        metrics.BinaryCrossentropy().update_state([[0.0]], [[0.5, 0.5]])


@pytest.mark.parametrize("axis", [2, -3])
def test_axes_that_arrays_do_not_have(axis):
    with pytest.raises(ValueError, match=f"`axis` must be an axis of `y_pred`. Received {axis}"):
        metrics.PearsonCorrelation(axis=axis).update_state([[0.0, 1.0]], [[0.5, 0.5]])


def test_root_mean_squared_error_weighs_elements(rng):
    y_true, y_pred, weights = rng.random((3, 20, 4))
    metric = metrics.RootMeanSquaredError()
    metric.update_state(y_true, y_pred, weights)
    assert metric.result() == pytest.approx(
        np.sqrt(np.sum(weights * (y_true - y_pred) ** 2) / weights.sum()), rel=1e-13
    )


def test_root_of_a_negative_mean():
    metric = metrics.RootMeanSquaredError()
    metric.update_state([0.0, 0.0], [1.0, 2.0], [2.0, -1.0])
    assert np.isnan(metric.result())


def test_one_column_shares_the_pass_of_samples(rng):
    y_true, y_pred = rng.integers(0, 2, (50, 1)), rng.random((50, 1))
    kinds = (metrics.BinaryCrossentropy, metrics.BinaryAccuracy, metrics.MeanSquaredError, metrics.Poisson)
    for shape in ((50,), (50, 1)):
        layouts = tallymetrics.inputs.Layouts(y_true.reshape(shape), y_pred.reshape(shape))
        assert len({id(kind().layout(layouts)) for kind in kinds}) == 1
        results = metrics.MetricCollection([kind() for kind in kinds])
        results.update_state(y_true.reshape(shape), y_pred.reshape(shape))
        expected = [kind()(y_true[:, 0], y_pred[:, 0]) for kind in kinds]
        assert list(results.result().values()) == expected
