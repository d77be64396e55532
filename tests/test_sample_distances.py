"""Distances between populations: SciPy as oracle, certified bounds, lengths and weights of each side, errors."""

import itertools

import numpy as np
import pytest
import reference_distances as twin
from scipy import spatial, stats

import tallymetrics
from tallymetrics import metrics
from tallymetrics.metrics import shift_measures
from tallymetrics.metrics.binned_transport import Binned

NAN, INF = float("nan"), float("inf")


def drawn(kind, rng, rows):
    """Two populations in [0, 1]."""
    if kind == "smooth":
        return rng.beta(2, 5, rows), rng.beta(2, 5.2, rows)
    if kind == "same":
        return rng.random(rows), rng.random(rows)
    if kind == "lumps":
        return rng.choice(rng.random(5), rows), rng.choice(rng.random(7), rows)
    if kind == "apart":
        return rng.random(rows) / 4, rng.random(rows) / 4 + 0.75
    return rng.integers(0, 256, rows) / 256, (rng.random(rows) ** 2).astype(np.float16).astype(np.float64)


def second_order(one, other):
    """Of populations of one length: sorted, they are coupled."""
    return np.sqrt(np.mean((np.sort(one) - np.sort(other)) ** 2))


def coupled(one, other, one_weights=None, other_weights=None):
    """The distance of order 2, in extended precision."""
    sides = []
    for values, weights in ((one, one_weights), (other, other_weights)):
        order = np.argsort(values, kind="stable")
        weights = np.ones(len(values)) if weights is None else weights
        levels = np.cumsum(weights[order].astype(np.longdouble))
        sides.append((np.asarray(values, np.float64)[order], levels / levels[-1]))
    cuts = np.unique(np.concatenate([levels for _, levels in sides]))
    places = [values[np.minimum(np.searchsorted(levels, cuts), len(values) - 1)] for values, levels in sides]
    return float(np.sqrt(np.sum(np.diff(cuts, prepend=0) * (places[0] - places[1]) ** 2)))


@pytest.mark.parametrize("kind", ["smooth", "same", "lumps", "apart", "coarse"])
@pytest.mark.parametrize("rows", [1, 50, 5000, 200_000])
@pytest.mark.parametrize("bins", [1, 10, 1000, 65536])
def test_bounds_hold_and_the_result_lies_between(kind, rows, bins, rng):
    pair = drawn(kind, rng, rows)
    for p, exact in ((1, stats.wasserstein_distance(*pair)), (2, second_order(*pair))):
        distance = metrics.Wasserstein1D(p, bins)
        distance.update_state(*pair)
        low, high = distance.result_interval()
        assert low - 1e-12 <= exact <= high + 1e-12
        assert low <= distance.result() <= high
        assert high - low <= (1 if p == 1 else 2) / bins


@pytest.mark.parametrize("p", [1, 2])
def test_weighted_populations_of_different_lengths(p, rng):
    y_true, y_pred = rng.integers(0, 40, 700), rng.integers(5, 50, 311).astype(np.float32)
    weights = rng.random(700), rng.random(311)
    distance = metrics.Wasserstein1D(p, range=(0, 60), bins=60)
    distance.update_state(y_true[:400], y_pred[:1], sample_weight=(weights[0][:400], weights[1][:1]))
    distance.update_state(y_true[400:], y_pred[1:], sample_weight=(weights[0][400:], weights[1][1:]))
    low, high = distance.result_interval()
    assert low == pytest.approx(high, rel=1e-12)
    reference = twin.PopulationDistance(p)
    for side, (samples, own) in enumerate(((y_true, weights[0]), (y_pred, weights[1]))):
        for sample, weight in zip(samples.tolist(), own.tolist(), strict=True):
            counts = reference.weights[side]
            counts[sample] = counts.get(sample, 0) + twin.Fraction(weight)
    assert distance.result() == pytest.approx(reference.result(), rel=1e-12)
    if p == 1:
        assert distance.result() == pytest.approx(stats.wasserstein_distance(y_true, y_pred, *weights), rel=1e-9)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int64", "float16", "bool"])
def test_short_numbers_are_exact(dtype, rng):
    pair = [rng.integers(0, 2 if dtype == "bool" else 100, rows).astype(dtype) for rows in (3000, 2000)]
    distance = metrics.Wasserstein1D(range=(0, 100))
    distance.update_state(*pair)
    exact = stats.wasserstein_distance(*(one.astype(np.float64) for one in pair))
    assert distance.result() == pytest.approx(exact, rel=1e-9)
    assert distance.result_interval() == (distance.result(),) * 2


def test_many_samples_give_narrow_bounds(rng):
    pair = rng.normal(0.4, 0.1, 1_000_000).clip(0, 1), rng.normal(0.41, 0.1, 1_000_000).clip(0, 1)
    distance = metrics.Wasserstein1D()
    distance.update_state(*pair)
    low, high = distance.result_interval()
    assert high - low < 1e-6
    assert distance.result() == pytest.approx(stats.wasserstein_distance(*pair), abs=1e-8)


def test_a_short_list_is_exact_for_any_numbers(rng):
    pair = rng.normal(size=30), rng.normal(size=41)
    distance = metrics.Wasserstein1D(range=(-10, 10))
    distance.update_state(*pair)
    assert distance.result() == pytest.approx(stats.wasserstein_distance(*pair), abs=1e-11)


def test_empty_populations():
    distance = metrics.Wasserstein1D()
    assert distance.result() == 0.0
    assert distance.result_interval() == (0.0, 0.0)
    distance.update_state([0.5], [])
    assert np.isnan(distance.result())
    distance.update_state([], [0.25])
    assert distance.result() == 0.25


@pytest.mark.parametrize("bad", [-0.25, 1.5, NAN, INF, -INF])
@pytest.mark.parametrize("rows", [3, 3000, 300_000])
def test_samples_outside_the_range_are_refused(bad, rows):
    good = np.full(rows, 0.5)
    wrong = good.copy()
    wrong[-1] = bad
    distance = metrics.Wasserstein1D(bins=100)
    distance.update_state(good, good)
    before = {name: array.tobytes() for name, array in distance.state_arrays().items()}
    for arguments, name in [
        ((good, wrong), "y_pred"),
        ((wrong, good), "y_true"),
        ((good[1:], wrong), "y_pred"),
        ((wrong, good[1:]), "y_true"),
        ((wrong, good, (None, np.ones(rows))), "y_true"),
    ]:
        with pytest.raises(ValueError, match=rf"`{name}` must hold samples in \[0.0, 1.0\].*{bad} in row {rows - 1}"):
            distance.update_state(*arguments)
        assert {name: array.tobytes() for name, array in distance.state_arrays().items()} == before


def test_negative_weights_are_refused():
    distance = metrics.Wasserstein1D()
    with pytest.raises(ValueError, match=r"`sample_weight` must not be negative.*-1\.0 in row 1"):
        distance.update_state([0.5, 0.5], [0.5, 0.5], [1.0, -1.0])
    with pytest.raises(ValueError, match=r"`sample_weight` must not be negative.*-1\.0 in row 1"):
        distance.update_state([0.5, 0.5], [0.5], ([1.0, -1.0], None))
    assert distance.result() == 0.0


def test_wrong_arguments():
    for arguments, message in [
        ({"p": 3}, "`p`.*3"),
        ({"bins": 0}, "`bins`.*0"),
        ({"bins": 1 << 20}, "`bins`.*1048576"),
        ({"range": (1, 1)}, "`range` must be a pair of increasing numbers"),
        ({"range": (0, INF)}, "`range` must be a pair of finite numbers"),
        ({"range": 3}, "`range` must be a pair of finite numbers"),
    ]:
        with pytest.raises(ValueError, match=message):
            metrics.Wasserstein1D(**arguments)
    with pytest.raises(ValueError, match="`sample_weight` must be a tuple of two"):
        metrics.Wasserstein1D().update_state([0.5], [0.5, 0.5], [1.0])


@pytest.mark.parametrize("weighted", [False, True])
def test_levels_threads_and_cuts_give_the_same_bits(weighted, rng):
    pair = drawn("smooth", rng, 1_000_003)
    weight = rng.random(1_000_003) if weighted else None
    pair = (pair[0].astype(np.float32), pair[1])
    before = tallymetrics.get_instruction_set(), tallymetrics.get_num_threads()
    states = []
    for level in tallymetrics.instruction_sets():
        tallymetrics.set_instruction_set(level)
        for threads, cuts in ((1, [0, 1_000_003]), (2, [0, 1_000_003]), (2, [0, 5, 1200, 700_000, 1_000_003])):
            tallymetrics.set_num_threads(threads)
            distance = metrics.Wasserstein1D(bins=1000)
            for first, last in itertools.pairwise(cuts):
                part = slice(first, last)
                distance.update_state(pair[0][part], pair[1][part], None if weight is None else weight[part])
            states.append({name: array.tobytes() for name, array in distance.state_arrays().items()})
    tallymetrics.set_instruction_set(before[0])
    tallymetrics.set_num_threads(before[1])
    assert all(state == states[0] for state in states)


@pytest.mark.parametrize("kind", ["smooth", "same", "lumps", "apart", "coarse"])
@pytest.mark.parametrize("bins", [1, 10, 1000, 65536])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_second_look_is_exact(kind, bins, weighted, rng):
    y_true, y_pred = drawn(kind, rng, 20_000)
    y_pred = y_pred[:13_000]
    weights = (rng.random(20_000), rng.random(13_000)) if weighted else (None, None)
    distance = metrics.Wasserstein1D(bins=bins)
    batches = []
    for part in (slice(0, 7000), slice(7000, None)):
        own = tuple(None if one is None else one[part] for one in weights)
        batches.append((y_true[part], y_pred[part], own))
        distance.update_state(*batches[-1])
    before = distance.result()
    exact = stats.wasserstein_distance(y_true, y_pred, *weights)
    assert distance.refine(batches) == pytest.approx(exact, rel=1e-9)
    assert distance.refine(iter(batches[::-1])) == pytest.approx(exact, rel=1e-9)
    assert distance.result() == before
    second = metrics.Wasserstein1D(2, bins)
    for batch in batches:
        second.update_state(*batch)
    assert second.refine(batches) == pytest.approx(coupled(y_true, y_pred, *weights), rel=1e-9)


def test_refining_wants_what_was_added(rng):
    pair = drawn("same", rng, 3000)
    distance = metrics.Wasserstein1D(bins=1)
    assert distance.refine([]) == 0.0
    distance.update_state(*pair)
    for batches in ([], [pair, pair], [(pair[0] / 2, pair[1])]):
        with pytest.raises(ValueError, match="`batches` must be those that were added"):
            distance.refine(batches)
    assert metrics.Wasserstein1D(2).refine([]) == 0.0


@pytest.mark.parametrize("kind", ["smooth", "same", "lumps", "apart", "coarse"])
@pytest.mark.parametrize("bins", [1, 10, 1000, 65536])
def test_measures_of_a_shift_are_those_of_scipy(kind, bins, rng):
    pair = drawn(kind, rng, 4000)
    shift = metrics.DistributionShift(bins=bins)
    shift.update_state(*pair)
    result, bounds = shift.result(), shift.result_interval()
    exact = {
        "wasserstein": stats.wasserstein_distance(*pair),
        "energy_distance": stats.energy_distance(*pair),
        "kolmogorov_smirnov": stats.ks_2samp(*pair).statistic,
    }
    for name, (low, high) in bounds.items():
        assert low - 1e-9 <= exact[name] <= high + 1e-9, name
        assert low <= result[name] <= high, name


def test_divergences_of_deciles_are_those_of_scipy(rng):
    pair = rng.integers(0, 64, 5000) / 64, rng.integers(0, 50, 4000) / 64
    shift = metrics.DistributionShift(bins=64)
    shift.update_state(*pair)
    result = shift.result()
    edges = np.quantile(pair[0], np.arange(1, 10) / 10, method="inverted_cdf")
    shares = [np.bincount(np.searchsorted(edges, one, "left"), minlength=10) / len(one) for one in pair]
    ours = shift_shares(shift)
    np.testing.assert_allclose(ours.sum(axis=1), 1)
    assert np.abs(ours[0] - 0.1).max() < 0.02
    assert np.abs(ours - shares).max() < 0.02
    p, q = ours
    assert result["total_variation"] == pytest.approx(np.abs(p - q).sum() / 2)
    assert result["jensen_shannon"] == pytest.approx(spatial.distance.jensenshannon(p, q) ** 2)
    assert result["kl_divergence"] == pytest.approx(stats.entropy(p, q))
    assert result["population_stability_index"] == pytest.approx(stats.entropy(p, q) + stats.entropy(q, p))


def shift_shares(shift):
    return shift_measures.cell_shares(Binned.of(shift._sums()[0]), shift.cells)


def test_a_cell_without_predictions_is_infinitely_far():
    shift = metrics.DistributionShift(2)
    shift.update_state([0.1, 0.9], [0.1, 0.1])
    result = shift.result()
    assert result["kl_divergence"] == result["population_stability_index"] == INF
    assert result["total_variation"] == 0.5
    assert set(metrics.DistributionShift().result().values()) == {0.0}
    shift.reset_state()
    shift.update_state([0.1], [])
    assert np.isnan(list(shift.result().values())).all()
    with pytest.raises(ValueError, match=r"`cells`.*1"):
        metrics.DistributionShift(1)


@pytest.mark.parametrize("case", range(8))
def test_exact_distances_are_those_of_scipy(case, rng):
    """Sizes, ties, equal populations, scales, weights of any size and of zero."""
    for _ in range(250):
        sizes = rng.integers(1, 40, 2)
        scale = 10.0 ** rng.integers(-6, 7)
        pair = [rng.normal(size=size) * scale for size in sizes]
        if case in (1, 4):
            pair = [np.round(one / scale) * scale for one in pair]
        if case == 2:
            pair[1] = rng.permutation(pair[0])
        if case == 3:
            pair[1] = pair[1] + 1000 * scale
        weights = [None, None]
        if case >= 4:
            weights = [rng.random(len(one)) * 10.0 ** rng.integers(-200, 200) for one in pair]
            weights = [np.where(rng.random(len(one)) < 0.3, 0.0, one) for one in weights]
            for one in weights:
                one[0] = one.max() or 1.0
        first, second = metrics.Wasserstein1D(exact=True), metrics.Wasserstein1D(2, exact=True)
        for distance in (first, second):
            distance.update_state(*pair, sample_weight=tuple(weights))
        exact = stats.wasserstein_distance(*pair, *weights)
        assert first.result() == pytest.approx(exact, rel=1e-9, abs=1e-13 * scale)
        assert first.result_interval() == (first.result(),) * 2
        assert first.refine([]) == first.result()
        assert second.result() == pytest.approx(coupled(*pair, *weights), rel=1e-9, abs=1e-9 * scale)


def test_exact_states_do_not_depend_on_the_order(rng):
    pair = rng.normal(size=3000), rng.normal(size=2000).astype(np.float32)
    weights = rng.integers(0, 3, 3000) / 2
    whole = metrics.Wasserstein1D(exact=True)
    whole.update_state(*pair, sample_weight=(weights, None))
    parts = metrics.Wasserstein1D(exact=True)
    parts.update_state([], pair[1][1500:])
    parts.update_state(pair[0][2000:], pair[1][:1500], sample_weight=(weights[2000:], None))
    rest = metrics.Wasserstein1D(exact=True)
    rest.update_state(pair[0][:2000], [], sample_weight=(weights[:2000], None))
    rest.merge_state(parts)
    states = [{name: one.tobytes() for name, one in metric.state_arrays().items()} for metric in (whole, rest)]
    assert states[0] == states[1]
    assert set(states[0]) == {"true_samples", "true_samples@1", "pred_samples"}
    pair[0][:] = 0
    assert whole.state_arrays()["true_samples"].tobytes() == states[0]["true_samples"]
    copied = metrics.Wasserstein1D(exact=True)
    copied.load_state_arrays(whole.state_arrays())
    assert copied.result() == whole.result()
    collection = metrics.MetricCollection([metrics.Wasserstein1D(exact=True), metrics.MeanAbsoluteError()])
    for _ in range(3):
        collection.update_state([0.5, -3.0], [4.0, 2.0])
    assert collection.result()["wasserstein1d"] == 4.25


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_exact_samples_must_be_finite(bad):
    distance = metrics.Wasserstein1D(exact=True)
    distance.update_state([1.0, 2.0], [5.0])
    for arguments, message in [
        (([0.0, bad], [1.0, 2.0]), rf"`y_true` must hold finite samples. Received {bad} in row 1"),
        (([0.0, 1.0], [bad]), rf"`y_pred` must hold finite samples. Received {bad} in row 0"),
        (([0.0], [1.0], [bad]), "`sample_weight` must be finite. Received"),
        (([0.0], [1.0, 2.0], ([1.0], [1.0, -2.0])), r"`sample_weight` must not be negative. Received -2.0 in row 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            distance.update_state(*arguments)
        assert distance.result() == 3.5
    with pytest.raises(ValueError, match="`true_samples` must hold finite samples in order"):
        distance.load_state_arrays({"true_samples": np.array([bad]), "pred_samples": np.zeros(1)})
    with pytest.raises(ValueError, match="`true_samples` must have a weight for each sample"):
        distance.load_state_arrays(
            {"true_samples": np.zeros(1), "pred_samples": np.zeros(1), "true_samples@1": np.ones(2)}
        )
    assert distance.result() == 3.5
