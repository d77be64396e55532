"""Earth mover's distances between histogram rows: oracles, policies for unequal masses, circles, and errors."""

import numpy as np
import pytest
import reference_distances as twin
from scipy import optimize, stats

import tallymetrics
from tallymetrics import metrics

LEVELS = tallymetrics.instruction_sets()
NAN, INF = float("nan"), float("inf")


@pytest.fixture(params=LEVELS)
def level(request):
    before = tallymetrics.get_instruction_set()
    tallymetrics.set_instruction_set(request.param)
    yield request.param
    tallymetrics.set_instruction_set(before)


def histograms(rng, rows, bins):
    """Pairs with zeros, ties, equal rows and rows of one bin."""
    pair = rng.dirichlet(np.full(bins, 0.3), size=(2, rows))
    pair[:, ::5] = rng.multinomial(7, np.full(bins, 1 / bins), size=(2, len(pair[0, ::5]))) / 7
    pair[1, ::7] = pair[0, ::7]
    pair[0, ::11] = np.eye(bins)[0]
    return pair


@pytest.mark.parametrize("bins", [1, 2, 7, 16, 33, 200])
def test_positions_are_those_of_scipy(bins, rng):
    positions = np.cumsum(rng.random(bins)) - 3
    y_true, y_pred = histograms(rng, 60, bins)
    arguments = [(positions, positions, *pair) for pair in zip(y_true, y_pred, strict=True)]
    linear = metrics.earth_movers_distance(y_true, y_pred, 1, bins=positions)
    np.testing.assert_allclose(linear, [stats.wasserstein_distance(*one) for one in arguments], rtol=1e-9, atol=1e-15)
    squared = metrics.earth_movers_distance(y_true, y_pred, bins=positions) * np.sqrt(2)
    np.testing.assert_allclose(squared, [stats.energy_distance(*one) for one in arguments], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("mass", [1e-300, 1e-3, 7.0, 1e200])
def test_normalised_rows_forget_their_mass(mass, rng):
    y_true, y_pred = histograms(rng, 40, 12)
    for r in (1, 2, 3):
        plain = metrics.earth_movers_distance(y_true, y_pred, r)
        scaled = metrics.earth_movers_distance(y_true * mass, y_pred, r, unequal_mass="normalize")
        np.testing.assert_allclose(scaled, plain, rtol=1e-12, atol=1e-15)


def moved_around(y_true, y_pred, units):
    """The least mean distance around a circle of whole units of mass, each matched by itself."""
    bins = len(y_true)
    places = [np.repeat(np.arange(bins), np.rint(one * units).astype(int)) for one in (y_true, y_pred)]
    steps = np.abs(np.subtract.outer(*places))
    costs = np.minimum(steps, bins - steps)
    return costs[optimize.linear_sum_assignment(costs)].sum() / units / bins


@pytest.mark.parametrize("bins", [1, 2, 3, 8, 24])
def test_circle_is_the_cheapest_assignment(bins, level, rng):
    rows = rng.multinomial(30, rng.dirichlet(np.ones(bins)), size=(2, 50)) / 30
    ours = metrics.earth_movers_distance(*rows, 1, circular=True)
    theirs = [moved_around(*pair, 30) for pair in zip(*rows, strict=True)]
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("bins", [1, 2, 5, 15, 16, 17, 100, 1001])
@pytest.mark.parametrize("r", [1, 2])
def test_circle_is_that_of_the_definition(bins, r, level, rng):
    positions = np.cumsum(rng.random(bins) + 0.01)
    around = float(positions[-1]) + 0.5
    y_true, y_pred = histograms(rng, 30, bins)
    for options in ({"circular": True}, {"circular": 24}, {"circular": around, "bins": positions}):
        ours = metrics.earth_movers_distance(y_true, y_pred, r, **options)
        twins = twin.earth_movers_distance(y_true, y_pred, r, **options)
        np.testing.assert_allclose(ours, twins, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("turn", [0, 1, 7])
def test_turning_a_circle_changes_nothing(turn, rng):
    y_true, y_pred = histograms(rng, 30, 24)
    plain = metrics.earth_movers_distance(y_true, y_pred, 1, circular=True)
    turned = (np.roll(one, turn, axis=-1) for one in (y_true, y_pred))
    np.testing.assert_allclose(metrics.earth_movers_distance(*turned, 1, circular=True), plain, rtol=1e-9, atol=1e-14)


def test_median_of_values_that_defeat_a_guessed_pivot():
    """Rows whose cumulative differences are one after the other, organ pipes, and all equal but one."""
    bins = 4096
    patterns = [np.arange(bins), np.minimum(np.arange(bins), bins - np.arange(bins)), np.arange(bins) == 5]
    patterns += [np.arange(bins) % 2, 2.0 ** -np.arange(bins).clip(0, 1000)]
    differences = np.array(patterns, np.float64)
    steps = np.diff(differences, axis=-1, prepend=0)
    results = metrics.earth_movers_distance(steps, np.zeros_like(steps), 1, circular=True)
    sums = np.cumsum(steps, axis=-1)
    expected = np.abs(sums - np.median(sums, axis=-1, keepdims=True)).mean(axis=-1)
    np.testing.assert_allclose(results, expected, rtol=1e-9)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8"])
def test_layouts_and_levels_give_the_same_bits(dtype, rng):
    pair = rng.integers(1, 9, size=(2, 70, 37)).astype(dtype)
    wide = np.zeros((2, 70, 80), dtype)
    wide[..., 1:75:2] = pair
    layouts = [pair, np.asfortranarray(pair), wide[..., 1:75:2], pair[:, ::-1, ::-1].copy()[:, ::-1, ::-1]]
    forms = [{"r": r, "circular": c} for r in (1, 2) for c in (False, True)] + [{"r": 3}]
    before = tallymetrics.get_instruction_set()
    for form in forms:
        for policy in ("as_is", "normalize"):
            results = []
            for name in LEVELS:
                tallymetrics.set_instruction_set(name)
                results += [metrics.earth_movers_distance(*one, unequal_mass=policy, **form) for one in layouts]
            assert all(result.tobytes() == results[0].tobytes() for result in results)
    tallymetrics.set_instruction_set(before)


def bad_rows():
    good = [0.25, 0.75, 0.0]
    for policy in ("refuse", "normalize"):
        yield policy, good, [0.5, 0.75, -0.25], r"`y_pred` must hold masses that are not negative.*-0\.25 in row"
        yield policy, [1.5, -0.5, 0.0], good, r"`y_true` must hold masses that are not negative.*-0\.5 in row"
        yield policy, good, [NAN, 0.5, 0.5], "`y_pred` must hold finite masses.*nan in row"
        yield policy, [INF, 0.0, 0.0], good, "`y_true` must hold finite masses.*inf in row"
        yield policy, [0.0, 0.0, 0.0], good, r"`y_true` must hold rows of some mass.*0\.0 in row"
        yield policy, [1e308, 1e308, 0], good, "`y_true` must hold rows of finite mass.*inf in row"
    yield "refuse", good, [0.25, 0.75, 0.01], r"`y_pred` must hold rows of the mass.*1\.01, not 1\.0, in row"


@pytest.mark.parametrize(("policy", "y_true", "y_pred", "message"), list(bad_rows()))
@pytest.mark.parametrize("rows", [3, 60_000])
def test_a_refused_row_is_named_and_adds_nothing(policy, y_true, y_pred, message, rows):
    good = np.tile([0.25, 0.75, 0.0], (rows, 1))
    pair = good.copy(), good[:, ::-1].copy()
    bad = pair[0].copy(), pair[1].copy()
    bad[0][-1], bad[1][-1] = y_true, y_pred
    for options in ({}, {"circular": True, "r": 1}, {"r": 3}, {"bins": [0, 1, 4]}):
        metric = metrics.EarthMoversDistance(unequal_mass=policy, **{"r": 2, **options})
        metric.update_state(*pair)
        before = {name: array.tobytes() for name, array in metric.state_arrays().items()}
        with pytest.raises(ValueError, match=f"{message} {rows - 1}"):
            metric.update_state(*bad)
        assert {name: array.tobytes() for name, array in metric.state_arrays().items()} == before
        with pytest.raises(ValueError, match=f"{message} {rows - 1}"):
            metrics.earth_movers_distance(*bad, unequal_mass=policy, **{"r": 2, **options})


def test_the_first_of_many_refused_rows_is_named():
    rows = np.tile([0.5, 0.5], (5000, 1))
    bad = rows.copy()
    bad[4000, 0] = bad[1234, 1] = -1.0
    metric = metrics.EarthMoversDistance(unequal_mass="refuse")
    with pytest.raises(ValueError, match="row 1234"):
        metric.update_state(rows, bad)
    weights = np.ones(5000)
    weights[1233] = NAN
    with pytest.raises(ValueError, match=r"sample_weight.*row 1233"):
        metric.update_state(rows, bad, weights)
    deep = metrics.EarthMoversDistance(unequal_mass="refuse")
    with pytest.raises(ValueError, match="row 617, position 0"):
        deep.update_state(rows.reshape(2500, 2, 2), bad.reshape(2500, 2, 2))


def test_a_collection_refuses_as_a_whole():
    collection = metrics.MetricCollection(
        [metrics.EarthMoversDistance(), metrics.EarthMoversDistance(unequal_mass="refuse", name="strict")]
    )
    with pytest.raises(ValueError, match="row 1"):
        collection.update_state([[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 3.0]])
    assert collection.result() == {"earth_movers_distance": 0.0, "strict": 0.0}


def test_tolerance_is_a_share_of_the_greater_mass():
    near = [[200.0, 0.0]], [[100.0, 99.0]]
    assert metrics.earth_movers_distance(*near, unequal_mass="refuse", tolerance=0.006)[0] > 0
    with pytest.raises(ValueError, match="mass"):
        metrics.earth_movers_distance(*near, unequal_mass="refuse", tolerance=0.004)


def test_as_is_takes_what_keras_users_write():
    difference = metrics.earth_movers_distance([[1.0, -2.0]], [[0.5, 3.0]], r=1)
    assert difference == [(0.5 + 4.5) / 2]
    assert np.isnan(metrics.earth_movers_distance([[NAN, 1.0]], [[0.5, 3.0]], r=1, circular=True)).all()
    assert metrics.earth_movers_distance([[INF, 1.0]], [[0.5, 3.0]], r=1, circular=True) == [INF]


def test_functions_return_a_number_for_a_pair_of_rank_1():
    assert metrics.earth_movers_distance([1, 0, 0, 0], [0, 0, 0, 1], r=1) == 0.75
    assert metrics.distribution_mean_error([1, 0, 0], [0, 0.5, 0.5]) == 1.5
    assert metrics.earth_movers_distance(np.zeros((0, 3)), np.zeros((0, 3))).shape == (0,)
    assert metrics.earth_movers_distance(np.zeros((2, 4, 3)), np.zeros((2, 4, 3)), circular=True).shape == (2, 4)


WRONG_ARGUMENTS = [
    ({"bins": [0, 0, 1]}, r"`bins` must increase"),
    ({"bins": [[0, 1]]}, r"`bins` must be finite positions"),
    ({"bins": [0, INF]}, r"`bins` must be finite positions"),
    ({"unequal_mass": "ignore"}, r"`unequal_mass` must be one of as_is, refuse, normalize.*ignore"),
    ({"tolerance": -0.1}, r"`tolerance`.*-0.1"),
    ({"circular": True, "bins": [0, 1]}, r"`circular` must be the circumference"),
    ({"circular": 1, "bins": [0, 1]}, r"`circular` must exceed the distance of the outer bins"),
    ({"circular": -2.0}, r"`circular`.*-2"),
    ({"circular": True, "r": 3}, r"`r` must be 1 or 2 around a circle.*3"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG_ARGUMENTS)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        metrics.EarthMoversDistance(**arguments)
    with pytest.raises(ValueError, match=message):
        metrics.earth_movers_distance([[1, 0]], [[0, 1]], **arguments)


def test_wrong_shapes():
    with pytest.raises(ValueError, match=r"`y_true` must have shape \(1, 3\).*\(1, 2\)"):
        metrics.earth_movers_distance([[1, 0]], [[0, 1, 0]])
    with pytest.raises(ValueError, match=r"`y_pred` must have shape \[..., bins\].*\(0,\)"):
        metrics.distribution_mean_error([], [])
    with pytest.raises(ValueError, match=r"one column for each of 3 bins.*2"):
        metrics.earth_movers_distance([[1, 0]], [[0, 1]], bins=[0, 1, 2])
    with pytest.raises(TypeError, match="`circular`"):
        metrics.EarthMoversDistance(circular="yes")


def test_losses_of_the_same_names_agree(rng):
    losses = pytest.importorskip("tallymetrics.keras.losses", exc_type=ImportError)
    pair = [one.astype(np.float32) for one in histograms(rng, 20, 9)]
    for r in (1, 2, 3):
        theirs = np.asarray(losses.earth_movers_distance(*pair, r=r))
        np.testing.assert_allclose(metrics.earth_movers_distance(*pair, r=r), theirs, rtol=1e-4, atol=1e-6)
    theirs = np.asarray(losses.distribution_mean_error(*pair))
    np.testing.assert_allclose(metrics.distribution_mean_error(*pair), theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e9])
def test_quantiles_are_those_of_the_rows(scale, rng):
    pair = [one * scale for one in histograms(rng, 5000, 20)]
    quantiles = [0, 0.01, 0.07, 0.5, 0.9, 0.999, 1]
    distance = metrics.EarthMoversDistance(reduction=quantiles)
    for rows in (slice(0, 10), slice(10, None)):
        distance.update_state(pair[0][rows], pair[1][rows])
    exact = np.quantile(metrics.earth_movers_distance(*pair), quantiles, method="inverted_cdf")
    np.testing.assert_allclose(distance.result(), exact, rtol=1 / 512)
    low, high = distance.result_interval()
    assert (low <= exact).all()
    assert (exact <= high).all()
    assert (high - low <= low / 256 + 2.0**-64).all()


def test_quantiles_of_nothing_of_zeros_and_of_nan():
    distance = metrics.EarthMoversDistance(r=1, reduction=[0.5])
    assert np.isnan(distance.result()).all()
    distance.update_state([[1.0, 0.0]] * 3, [[1.0, 0.0]] * 3, sample_weight=[1, 0.5, 0])
    np.testing.assert_array_equal(distance.result(), [0.0])
    distance.update_state([[1e200, 0.0]] * 3, [[0.0, 1e200]] * 3)
    np.testing.assert_array_equal(distance.result(), [np.inf])
    distance.update_state([[np.nan, 0.0]], [[1.0, 0.0]])
    assert np.isnan(distance.result()).all()
    with pytest.raises(ValueError, match=r"`sample_weight` must not be negative. Received -1.0 in row 1"):
        distance.update_state([[1.0, 0.0]] * 2, [[1.0, 0.0]] * 2, sample_weight=[1.0, -1.0])
    plain = metrics.EarthMoversDistance(r=1)
    plain.update_state([[1.0, 0.0]], [[0.0, 1.0]])
    assert plain.result_interval() == (0.5, 0.5)


@pytest.mark.parametrize("reduction", ["median", [], [2], 0.5, [None], [float("nan")]])
def test_wrong_reductions(reduction):
    with pytest.raises(ValueError, match='`reduction` must be "mean" or a list of quantiles'):
        metrics.EarthMoversDistance(reduction=reduction)


def hard_rows(rng, rows, bins):
    """Zeros, single bins, equal rows, rows without overlap, masses of any size."""
    pair = rng.gamma(0.5, size=(2, rows, bins)) * (rng.random((2, rows, bins)) < rng.random((2, rows, 1)))
    for rows_of_mass in pair:
        rows_of_mass[np.arange(rows), rng.integers(0, bins, rows)] += 1e-3
    single = np.arange(0, rows, 5)
    pair[0][single] = np.eye(bins)[rng.integers(0, bins, len(single))]
    pair[1][1::7] = pair[0][1::7]
    pair[0][2::7, bins // 2 :] = 0
    pair[1][2::7, : bins // 2] = 0
    pair[0][2::7, 0] += 1
    pair[1][2::7, -1] += 1
    return pair * 10.0 ** rng.uniform(-30, 30, (2, rows, 1))


@pytest.mark.parametrize("bins", [1, 2, 3, 5, 9, 16, 31, 33, 50])
def test_hard_rows_are_those_of_scipy(bins, rng):
    pair = hard_rows(rng, 400, bins)
    positions = np.cumsum(rng.random(bins) + 0.01)
    given = {"bins": positions, "unequal_mass": "normalize"}
    first = metrics.earth_movers_distance(*pair, r=1, **given)
    second = metrics.earth_movers_distance(*pair, r=2, **given) * np.sqrt(2)
    rows = [(positions, positions, one, other) for one, other in zip(*pair, strict=True)]
    exact = [stats.wasserstein_distance(*row) for row in rows]
    np.testing.assert_allclose(first, exact, rtol=1e-9, atol=1e-14 * bins)
    exact = [stats.energy_distance(*row) for row in rows]
    np.testing.assert_allclose(second, exact, rtol=1e-9, atol=1e-14 * bins)


@pytest.mark.parametrize("bins", [2, 3, 8, 30])
def test_hard_rows_around_a_circle_are_those_of_pot(bins, rng):
    pot = pytest.importorskip("ot")
    pair = hard_rows(rng, 60, bins)
    places = np.arange(bins) / bins
    ours = metrics.earth_movers_distance(*pair, r=1, circular=True, unequal_mass="normalize")
    shares = [rows / rows.sum(axis=1, keepdims=True) for rows in pair]
    exact = [float(pot.wasserstein_circle(places, places, *pair, p=1)[0]) for pair in zip(*shares, strict=True)]
    differences = np.cumsum(shares[0] - shares[1], axis=1)
    cuts = np.abs(differences[:, :, np.newaxis] - differences[:, np.newaxis]).mean(axis=1).min(axis=1)
    np.testing.assert_allclose(ours, cuts, rtol=1e-9, atol=1e-14)
    # POT's search for the cut ends now and then where it is not least.
    right = np.isclose(exact, cuts, rtol=1e-9, atol=1e-12)
    assert right.mean() > 0.9
    assert (np.array(exact)[~right] > cuts[~right]).all()
