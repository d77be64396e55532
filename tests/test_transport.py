"""Optimal transport against linear programming, assignment, POT where it is installed, and its own dual."""

import copy
import pickle
import signal
import threading
import time

import numpy as np
import pytest
from reference_transport import partial_transport, transport, transport_on_a_line
from scipy.optimize import linear_sum_assignment

import tallymetrics
from tallymetrics import metrics

TINY = 1e-12


def masses(rng, bins, kind):
    """A histogram of one of several kinds, of mass 1."""
    one = rng.random(bins)
    if kind == "zeros":
        one *= rng.random(bins) < 0.4
    elif kind == "ties":
        one = rng.integers(0, 3, bins).astype(float)
    elif kind == "equal":
        one = np.ones(bins)
    elif kind == "wild":
        one = 10.0 ** rng.uniform(-12, 0, bins)
    if one.sum() == 0:
        one[rng.integers(bins)] = 1
    return one / one.sum()


KINDS = ["random", "zeros", "ties", "equal", "wild"]


def costs(rng, rows, columns, kind):
    if kind == "ties":
        return rng.integers(0, 4, (rows, columns)).astype(float)
    if kind == "wild":
        return 10.0 ** rng.uniform(-3, 3, (rows, columns))
    if kind == "equal":
        return np.full((rows, columns), 0.7)
    points = rng.random((rows, 2)), rng.random((columns, 2))
    return np.linalg.norm(points[0][:, None] - points[1][None], axis=-1)


def check_certificate(first, second, cost, **options):
    """The flow moves the masses, and the potentials prove that it is the cheapest."""
    value, flow, (u, v), gap = metrics.optimal_transport(first, second, cost, True, True, return_gap=True, **options)
    size = max(value, cost.max() * TINY)
    assert 0 <= gap <= cost.max() * TINY
    np.testing.assert_allclose(flow.sum(axis=1), first, rtol=1e-12, atol=TINY)
    np.testing.assert_allclose(flow.sum(axis=0), second * (first.sum() / second.sum()), rtol=1e-12, atol=TINY)
    assert flow.min() >= 0
    np.testing.assert_allclose((flow * cost).sum(), value, rtol=1e-11, atol=size * 1e-9)
    assert (u[:, None] + v[None] - cost).max() <= cost.max() * TINY
    np.testing.assert_allclose(first @ u + second @ v, value, rtol=1e-9, atol=cost.max() * TINY)
    return value


@pytest.mark.parametrize("cost_kind", ["random", "ties", "wild", "equal"])
@pytest.mark.parametrize("kind", KINDS)
def test_certificates_of_random_problems(kind, cost_kind, rng):
    for number in range(60):
        rows, columns = rng.integers(1, 40, 2) if number else (1, 1)
        cost = costs(rng, rows, columns, cost_kind)
        check_certificate(masses(rng, rows, kind), masses(rng, columns, rng.choice(KINDS)), cost)


@pytest.mark.parametrize("kind", KINDS)
def test_equals_linear_programming(kind, rng):
    for _ in range(12):
        rows, columns = rng.integers(1, 9, 2)
        cost = costs(rng, rows, columns, "random")
        first, second = masses(rng, rows, kind), masses(rng, columns, "random")
        expected = transport(first, second, cost)
        assert metrics.optimal_transport(first, second, cost) == pytest.approx(expected, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("name", ["l1_grid", "l2_grid", "squared_l2_grid"])
@pytest.mark.parametrize("shape", [(1,), (7,), (4, 5), (3, 2, 4)])
def test_grids_are_their_matrices(name, shape, rng):
    points = np.argwhere(np.ones(shape)).astype(float)
    steps = np.abs(points[:, None] - points[None])
    cost = {
        "l1_grid": steps.sum(-1),
        "l2_grid": np.sqrt((steps**2).sum(-1)),
        "squared_l2_grid": (steps**2).sum(-1),
    }[name]
    for kind in KINDS:
        for threshold in (None, 1.5):
            first, second = masses(rng, len(cost), kind), masses(rng, len(cost), "zeros")
            on_grid = metrics.optimal_transport(first, second, name, shape=shape, threshold=threshold)
            limited = cost if threshold is None else np.minimum(cost, threshold)
            # Without its mark as a metric a matrix is solved with all its mass.
            expected = check_certificate(first, second, limited, metric=False)
            assert on_grid == pytest.approx(expected, rel=1e-9, abs=1e-13)
            assert check_certificate(first, second, limited) == pytest.approx(expected, rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("bins", [1, 2, 31, 64, 129, 300])
def test_convex_costs_on_a_line_move_mass_in_order(bins, rng):
    first = np.stack([masses(rng, bins, kind) for kind in KINDS])
    second = np.stack([masses(rng, bins, "random") for _ in KINDS])
    for name, power in (("l1_grid", 1), ("l2_grid", 1), ("squared_l2_grid", 2)):
        found = metrics.optimal_transport(first, second, name, shape=(bins,), unbalanced="normalize")
        np.testing.assert_allclose(found, transport_on_a_line(first, second, power), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("unbalanced", ["partial", "penalty"])
@pytest.mark.parametrize("kind", KINDS)
def test_unequal_masses(unbalanced, kind, rng):
    for _ in range(8):
        bins = int(rng.integers(1, 8))
        points = rng.random((bins, 2))
        cost = np.linalg.norm(points[:, None] - points[None], axis=-1)
        first, second = masses(rng, bins, kind) * rng.uniform(0.5, 2), masses(rng, bins, "zeros") * rng.uniform(0.5, 2)
        expected = partial_transport(first, second, cost)
        if unbalanced == "penalty":
            expected += 0.75 * cost.max() * abs(first.sum() - second.sum())
        for metric in (None, False):
            options = {"unbalanced": unbalanced, "penalty": 0.75, "metric": metric}
            found = metrics.optimal_transport(first, second, cost, **options)
            assert found == pytest.approx(expected, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("scale", [1e-300, 1e-20, 1e20, 1e300])
def test_huge_and_tiny_masses(scale, rng):
    for kind in KINDS:
        first, second = masses(rng, 30, kind), masses(rng, 30, "random")
        cost = costs(rng, 30, 30, "random")
        expected = metrics.optimal_transport(first, second, cost)
        assert metrics.optimal_transport(first * scale, second * scale, cost) == pytest.approx(expected * scale)


def test_equal_rows_cost_nothing(rng):
    rows = np.stack([masses(rng, 25, kind) for kind in KINDS])
    assert metrics.optimal_transport(rows, rows, "l2_grid", shape=(5, 5)).tolist() == [0.0] * len(KINDS)
    diagonal = 1.0 - np.eye(25)
    flow = metrics.optimal_transport(rows[0], rows[0], diagonal, return_flow=True)[1]
    np.testing.assert_array_equal(flow, np.diag(rows[0]))


def test_disjoint_supports(rng):
    first, second = np.zeros(12), np.zeros(12)
    first[:5], second[7:] = 0.2, 0.2
    assert metrics.optimal_transport(first, second, "l1_grid", shape=(12,)) == pytest.approx(7)


def test_huge_entries_do_not_spoil_the_others():
    """Forbidden ways of cost 1e12 beside ordinary ones: ot.emd once answered 88.5 where 57.54 was right (POT#229)."""
    rng = np.random.default_rng(229)
    cost = rng.random((40, 40))
    blocked = np.where((rng.random((40, 40)) < 0.5) & ~np.eye(40, dtype=bool), 1e12, cost)
    even = np.ones(40)
    rows, columns = linear_sum_assignment(blocked)
    assert metrics.optimal_transport(even, even, blocked) == pytest.approx(blocked[rows, columns].sum(), rel=1e-9)


@pytest.mark.parametrize("points", [1, 2, 17, 100, 300])
def test_point_clouds_equal_assignment(points, rng):
    x, y = rng.normal(size=(2, points, 3))
    for name, difference in (
        ("euclidean", lambda one: np.sqrt((one**2).sum(-1))),
        ("sqeuclidean", lambda one: (one**2).sum(-1)),
        ("cityblock", lambda one: np.abs(one).sum(-1)),
    ):
        cost = difference(x[:, None] - y[None])
        for p in (1, 2, 3):
            rows, columns = linear_sum_assignment(cost**p)
            expected = (cost[rows, columns] ** p).mean() ** (1 / p)
            assert metrics.point_cloud_distance(x, y, p=p, metric=name) == pytest.approx(expected, rel=1e-9)


def test_weighted_points_equal_histograms(rng):
    x, y = rng.integers(0, 5, (2, 40)).astype(float)
    weights = rng.random((2, 40))
    histograms = [np.bincount(one.astype(int), weight, 5) for one, weight in zip((x, y), weights, strict=True)]
    expected = metrics.optimal_transport(*histograms, "l1_grid", shape=(5,), unbalanced="normalize")
    assert metrics.point_cloud_distance(x, y, *weights) == pytest.approx(expected, rel=1e-12)
    assert metrics.point_cloud_distance(x, x) == 0.0


def test_equals_pot(rng):
    ot = pytest.importorskip("ot")
    for number in range(2000):
        rows, columns = rng.integers(1, 24, 2)
        kinds = rng.choice(KINDS, 3)
        first, second = masses(rng, rows, kinds[0]), masses(rng, columns, kinds[1])
        cost = costs(rng, rows, columns, kinds[2])
        scale = 10.0 ** rng.integers(-200, 200) if number % 3 == 0 else 1.0
        found, gap = metrics.optimal_transport(first * scale, second * scale, cost, return_gap=True)
        assert 0 <= gap <= max(found, cost.max() * scale * TINY) * 1e-9, number
        assert found == pytest.approx(ot.emd2(first, second, cost) * scale, rel=1e-9, abs=1e-12 * scale), number


# Grids large enough for flows over steps, by these numbers of bins.
LARGE_GRIDS = [
    ("l1_grid", (5, 8)),
    ("l1_grid", (64,)),
    ("l1_grid", (3, 1, 7, 4)),
    ("l2_grid", (19, 18)),
    ("l2_grid", (400,)),
    ("l2_grid", (2, 190)),
    ("l2_grid", (190, 2)),
    ("l2_grid", (7, 9, 8)),
]


def limited_distances(name, shape, threshold):
    points = np.argwhere(np.ones(shape)).astype(float)
    order = 1 if name == "l1_grid" else 2
    distances = np.linalg.norm(points[:, None] - points[None], ord=order, axis=-1)
    return distances if threshold is None else np.minimum(distances, threshold)


@pytest.mark.parametrize("threshold", [None, 2.25, 7.5])
@pytest.mark.parametrize(("name", "shape"), LARGE_GRIDS)
def test_steps_over_grids_are_the_cheapest_ways(name, shape, threshold, rng):
    cost = limited_distances(name, shape, threshold)
    for kind in ("random", "ties", "wild", "equal"):
        first, second = masses(rng, len(cost), kind), masses(rng, len(cost), "random")
        options = {"shape": shape, "threshold": threshold}
        value, (u, v), gap = metrics.optimal_transport(
            first, second, name, return_duals=True, return_gap=True, **options
        )
        assert 0 <= gap <= 1e-10 * value
        assert (u[:, None] + v[None] - cost).max() <= cost.max() * 1e-11
        np.testing.assert_allclose(first @ u + second @ v, value, rtol=1e-9)
        straight = metrics.optimal_transport(first, second, name, metric=False, **options)
        assert value == pytest.approx(straight, rel=1e-11)


def test_steps_that_tie_do_not_go_round_in_circles(rng):
    """Potentials that drift once kept this many bins from an end."""
    first, second = rng.random((2, 4000)) ** 3
    blocks = np.repeat([1.0, 0.0], 2000)
    for one, other in ((first, second), (blocks, blocks[::-1])):
        options = {"shape": (50, 80), "unbalanced": "normalize", "return_gap": True}
        value, gap = metrics.optimal_transport(one, other, "l2_grid", **options)
        assert 0 <= gap <= 1e-10 * value
    assert value == pytest.approx(25)


def test_steps_over_grids_equal_pot(rng):
    ot = pytest.importorskip("ot")
    for name, shape in (("l1_grid", (30, 20)), ("l2_grid", (30, 20)), ("l2_grid", (25, 40))):
        for threshold in (None, 5.5):
            cost = limited_distances(name, shape, threshold)
            first, second = masses(rng, len(cost), "random"), masses(rng, len(cost), "wild")
            found = metrics.optimal_transport(first, second, name, shape=shape, threshold=threshold)
            assert found == pytest.approx(ot.emd2(first, second, cost, numItermax=10**7), rel=1e-9)


def test_the_same_bits_for_any_threads_and_instruction_set(rng):
    first = np.stack([masses(rng, 36, kind) for kind in KINDS * 8])
    second = first[rng.permutation(len(first))]
    answers = []
    for level in tallymetrics.instruction_sets():
        tallymetrics.set_instruction_set(level)
        for threads in (1, 2, 3):
            tallymetrics.set_num_threads(threads)
            for name in ("l2_grid", "squared_l2_grid"):
                answer = metrics.optimal_transport(first, second, name, True, shape=(6, 6))
                answers.append(b"".join(one.tobytes() for one in answer))
    assert len(set(answers)) == 2


def test_the_same_bits_over_grids(rng):
    first = np.stack([masses(rng, 400, kind) for kind in KINDS])
    second = first[rng.permutation(len(first))]
    for name, threshold in (("l1_grid", None), ("l2_grid", None), ("l2_grid", 4.5)):
        answers = set()
        for level in tallymetrics.instruction_sets():
            tallymetrics.set_instruction_set(level)
            for threads in (1, 2):
                tallymetrics.set_num_threads(threads)
                values, duals = metrics.optimal_transport(
                    first, second, name, shape=(20, 20), threshold=threshold, return_duals=True
                )
                answers.add(b"".join(one.tobytes() for one in (values, *duals)))
        assert len(answers) == 1


def test_is_a_metric_where_it_says_so(rng):
    points = rng.random((20, 2))
    straight = np.linalg.norm(points[:, None] - points[None], axis=-1)
    for cost, expected in ((straight, True), (straight**2, False), (straight + 0.1, False), (1 - np.eye(20), True)):
        assert metrics.OptimalTransport(cost)._ground.metric is expected
    assert not metrics.OptimalTransport("squared_l2_grid", shape=(3, 3))._ground.metric
    assert metrics.OptimalTransport(straight, threshold=0.2)._ground.metric


def test_rows_of_higher_rank_and_no_rows(rng):
    rows = np.stack([masses(rng, 6, "random") for _ in range(12)]).reshape(3, 4, 6)
    values = metrics.optimal_transport(rows, rows[::-1], "l2_grid", shape=(2, 3))
    assert values.shape == (3, 4)
    metric = metrics.OptimalTransport("l2_grid", shape=(2, 3))
    metric.update_state(rows, rows[::-1])
    assert metric.result() == pytest.approx(values.mean())
    assert metrics.optimal_transport(np.zeros((0, 6)), np.zeros((0, 6)), "l2_grid", shape=(2, 3)).shape == (0,)


def test_shares_a_collection(rng):
    rows = np.stack([masses(rng, 6, "random") for _ in range(12)])
    both = metrics.MetricCollection([metrics.OptimalTransport("l1_grid", shape=(6,)), metrics.EarthMoversDistance(r=1)])
    for part in (slice(0, 5), slice(5, 12)):
        both.update_state(rows[part], rows[::-1][part])
    results = both.result()
    assert results["optimal_transport"] == pytest.approx(6 * results["earth_movers_distance"])


def test_copies_with_costs_in_memory_of_others(rng):
    rows = np.stack([masses(rng, 6, "random") for _ in range(12)])
    for arguments in ({"cost": rng.random((6, 6))}, {"cost": "l2_grid", "shape": (2, 3)}):
        metric = metrics.OptimalTransport(**arguments)
        metric.update_state(rows, rows[::-1])
        buffers = []
        pickled = pickle.dumps(metric, protocol=5, buffer_callback=buffers.append)
        for copied in (pickle.loads(pickled, buffers=[bytes(one.raw()) for one in buffers]), copy.deepcopy(metric)):
            copied.update_state(rows, rows[::-1])
            assert copied.result() == metric.result()


GOOD = [[0.5, 0.5], [0.25, 0.75]]
BAD_ROWS = [
    ([[0.5, 0.5], [-0.25, 1.25]], GOOD, {}, r"`y_true` must hold finite masses >= 0. Received -0.25 in row 1"),
    (GOOD, [[0.5, 0.5], [np.nan, 1.0]], {}, r"`y_pred` must hold finite masses >= 0. Received nan in row 1"),
    (GOOD, [[0.5, np.inf], [0.5, 0.5]], {}, r"`y_pred` must hold finite masses >= 0. Received inf in row 0"),
    ([[1e308, 1e308]], [[1.0, 1.0]], {}, r"`y_true`.*whose sum overflows in row 0"),
    (GOOD, [[0.5, 0.5], [0.5, 0.6]], {}, r"`y_pred` must have the mass of `y_true`.*Received 1.1 in row 1"),
    (GOOD, [[0.5, 0.5], [0, 0]], {"unbalanced": "normalize"}, r"`y_pred` must have a mass > 0.*in row 1"),
    ([[0, 0], [1, 0]], GOOD, {"unbalanced": "normalize"}, r"`y_true` must have a mass > 0.*in row 0"),
    ([[0, 1, 0]], [[0, 0, 1]], {}, r"`y_pred` must have one column for each of 2 bins. Received 3"),
]


@pytest.mark.parametrize(("y_true", "y_pred", "options", "message"), BAD_ROWS)
def test_a_bad_row_refuses_the_batch(y_true, y_pred, options, message):
    metric = metrics.OptimalTransport([[0, 1], [1, 0]], **options)
    metric.update_state(GOOD[:1], GOOD[1:])
    before = metric.result()
    with pytest.raises(ValueError, match=message):
        metric.update_state(y_true, y_pred)
    assert metric.result() == before == 0.25


WRONG_ARGUMENTS = [
    ({"cost": "l3_grid"}, ValueError, r"`cost` must be a matrix or one of l1_grid.*'l3_grid'"),
    ({"cost": "l1_grid"}, ValueError, r"`shape` must be given"),
    ({"cost": "l1_grid", "shape": (0, 3)}, ValueError, r"`shape` must lie in"),
    ({"cost": "l1_grid", "shape": (1000, 1000)}, ValueError, r"`shape` must have from 1 to 16384 bins"),
    ({"cost": "l1_grid", "shape": 5}, TypeError, r"`shape` must be a tuple of integers. Received 5"),
    ({"cost": np.eye(3), "shape": (3,)}, ValueError, r"`shape` must be None with a matrix"),
    ({"cost": np.ones(3)}, ValueError, r"`cost` must have shape \[bins, bins\]. Received shape \(3,\)"),
    ({"cost": np.ones((2, 3))}, ValueError, r"`cost` must have shape \[bins, bins\]. Received shape \(2, 3\)"),
    (
        {"cost": [[0, np.nan], [1, 0]]},
        ValueError,
        r"`cost` must hold numbers in \[0, 1e\+150\]. Received nan at \[0, 1\]",
    ),
    ({"cost": [[0, 1], [np.inf, 0]]}, ValueError, r"`cost`.*Received inf at \[1, 0\]"),
    ({"cost": [[0, 1], [-1, 0]]}, ValueError, r"`cost`.*Received -1.0 at \[1, 0\]"),
    ({"cost": np.eye(2), "threshold": -1}, ValueError, r"`threshold`.*-1"),
    ({"cost": np.eye(2), "unbalanced": "ignore"}, ValueError, r"`unbalanced` must be one of refuse.*'ignore'"),
    ({"cost": np.eye(2), "tolerance": 2}, ValueError, r"`tolerance`.*2"),
    ({"cost": np.eye(2), "penalty": -1}, ValueError, r"`penalty`.*-1"),
]


@pytest.mark.parametrize(("arguments", "kind", "message"), WRONG_ARGUMENTS)
def test_wrong_arguments(arguments, kind, message):
    with pytest.raises(kind, match=message):
        metrics.OptimalTransport(**arguments)


def test_wrong_arguments_of_functions():
    even = [0.5, 0.5]
    for call, message in (
        (lambda: metrics.optimal_transport(even, even, np.ones((2, 3))), r"`y_pred` must have shape \[..., 3\]"),
        (lambda: metrics.optimal_transport([even], even, np.eye(2)), r"`y_pred` must have as many rows"),
        (lambda: metrics.optimal_transport(even, [1, 0, 0], np.ones((2, 3)), metric=True), r"`metric` must be False"),
        (
            lambda: metrics.optimal_transport(even, even, np.eye(2), return_duals=True, unbalanced="partial"),
            r"`return_duals` must be False for `unbalanced` 'partial'",
        ),
        (lambda: metrics.point_cloud_distance([[0, 1]], [[0]]), r"`y` must have 2 dimensions.*1"),
        (lambda: metrics.point_cloud_distance(np.zeros((0, 2)), [[0, 1]]), r"`x` must have shape \[points, dim"),
        (lambda: metrics.point_cloud_distance([np.nan], [0]), r"`x` must be finite.*nan"),
        (lambda: metrics.point_cloud_distance([0], [1], metric="taxi"), r"`metric` must be one of.*'taxi'"),
        (lambda: metrics.point_cloud_distance([0], [1], [1, 2]), r"`x_weights` must have shape \(1,\).*\(2,\)"),
        (lambda: metrics.point_cloud_distance([0], [1], [-1]), r"`x_weights` must hold finite masses >= 0"),
        (lambda: metrics.point_cloud_distance([0], [1], p=0.5), r"`p` must be"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def clouds(rng):
    x, y = rng.normal(size=(2, 3500, 3))
    metrics.point_cloud_distance(x, y)


def grid(rng):
    x, y = rng.random((2, 1, 16384)) ** 3
    metrics.optimal_transport(x, y, "l2_grid", shape=(128, 128), unbalanced="normalize")


@pytest.mark.parametrize("solve", [clouds, grid])
def test_ctrl_c_is_answered(solve, rng):
    tallymetrics.set_num_threads(1)
    sent = []

    def interrupt():
        sent.append(time.perf_counter())
        signal.raise_signal(signal.SIGINT)

    threading.Timer(0.4, interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        solve(rng)
    # On a machine with nothing else to do it takes a tenth of a second.
    assert time.perf_counter() - sent[0] < 2
