"""Sliced distances: closed forms, POT with the same directions, SciPy along each, the same directions everywhere."""

import math

import numpy as np
import pytest
from scipy import stats

import tallymetrics
from tallymetrics import _core, metrics

FIRST_DIRECTIONS = [[-0.5742682152406782, -0.8186672199155687], [-0.7179069509385388, 0.6961390736010517]]


def expected(x, y, p, directions, weights=(None, None)):
    """The definition, one direction after the other."""
    powers = []
    for direction in directions:
        one, other = x @ direction, y @ direction
        if p == 1:
            powers.append(stats.wasserstein_distance(one, other, *weights))
        else:
            powers.append(np.mean((np.sort(one) - np.sort(other)) ** 2))
    return np.mean(powers) ** (1 / p), np.std(powers, ddof=1) / math.sqrt(len(powers))


@pytest.mark.parametrize("dimensions", [1, 2, 3, 8])
@pytest.mark.parametrize("p", [1, 2])
def test_the_mean_of_distances_along_directions(dimensions, p, rng):
    x, y = rng.normal(size=(60, dimensions)), rng.normal(0.5, 2, size=(60, dimensions))
    for seed in (0, 7, 2**64 - 1):
        directions = _core.sphere_directions(seed, 40, dimensions)
        np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1, rtol=1e-14)
        distance, error = metrics.sliced_distance(x, y, p=p, projections=40, seed=seed)
        mean, spread = expected(x, y, p, directions)
        assert distance == pytest.approx(mean, rel=1e-9)
        assert error == pytest.approx(spread if p == 1 else spread / (2 * mean), rel=1e-9, abs=1e-9)


def test_weighted_clouds_of_different_sizes(rng):
    x, y = rng.normal(size=(50, 2)), rng.normal(size=(31, 2)).astype(np.float32)
    weights = rng.random(50), rng.integers(0, 3, 31)
    distance, _ = metrics.sliced_distance(x, y, *weights, p=1, projections=20)
    mean, _ = expected(x, y.astype(np.float64), 1, _core.sphere_directions(0, 20, 2), weights)
    assert distance == pytest.approx(mean, rel=1e-9)


@pytest.mark.parametrize("p", [1, 2])
def test_pot_along_the_same_directions(p, rng):
    pot = pytest.importorskip("ot")
    x, y, weights = rng.normal(size=(200, 4)), rng.normal(0.2, 1, size=(150, 4)), rng.random(200)
    directions = _core.sphere_directions(1, 64, 4).T
    given = weights / weights.sum(), np.full(150, 1 / 150)
    exact = pot.sliced_wasserstein_distance(x, y, *given, projections=directions, p=p)
    assert metrics.sliced_distance(x, y, weights, p=p, projections=64, seed=1)[0] == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("dimensions", [2, 3, 10])
def test_a_shifted_cloud_has_a_closed_form(dimensions, rng):
    x = rng.normal(size=(200, dimensions))
    shift = rng.normal(size=dimensions)
    length = np.linalg.norm(shift)
    first = length * math.gamma(dimensions / 2) / (math.sqrt(math.pi) * math.gamma((dimensions + 1) / 2))
    for p, exact in ((1, first), (2, length / math.sqrt(dimensions))):
        distance, error = metrics.sliced_distance(x, x + shift, p=p, projections=4000)
        assert abs(distance - exact) < 4 * error < 0.1 * exact


def test_equal_clouds_and_lines(rng):
    x = rng.normal(size=(100, 3))
    assert metrics.sliced_distance(x, rng.permutation(x)) == (0.0, 0.0)
    one, other = rng.normal(size=30), rng.normal(size=20)
    distance, error = metrics.sliced_distance(one, other, p=1)
    assert distance == pytest.approx(stats.wasserstein_distance(one, other), rel=1e-12)
    assert error == pytest.approx(0, abs=1e-12)
    assert metrics.sliced_distance(x, x + 1)[0] <= metrics.point_cloud_distance(x, x + 1, p=2)


def test_directions_are_uniform_and_always_the_same():
    directions = _core.sphere_directions(3, 20_000, 3)
    assert np.abs(directions.mean(axis=0)).max() < 0.02
    assert stats.kstest((directions[:, 0] + 1) / 2, "uniform").pvalue > 1e-3
    angles = np.arctan2(*_core.sphere_directions(5, 20_000, 2).T) / (2 * np.pi) + 0.5
    assert stats.kstest(angles, "uniform").pvalue > 1e-3
    np.testing.assert_array_equal(_core.sphere_directions(3, 10, 3), directions[:10])
    # These numbers are part of what a seed means.
    np.testing.assert_array_equal(_core.sphere_directions(0, 2, 2), FIRST_DIRECTIONS)


def test_threads_and_instruction_sets_give_the_same_bits(rng):
    x, y = rng.normal(size=(300, 5)), rng.normal(size=(200, 5))
    before = tallymetrics.get_instruction_set(), tallymetrics.get_num_threads()
    found = set()
    for level in tallymetrics.instruction_sets():
        tallymetrics.set_instruction_set(level)
        for threads in (1, 2):
            tallymetrics.set_num_threads(threads)
            found.add(metrics.sliced_distance(x, y, np.arange(300)))
    tallymetrics.set_instruction_set(before[0])
    tallymetrics.set_num_threads(before[1])
    assert len(found) == 1


def test_wrong_arguments():
    x = [[0.0, 1.0]]
    for arguments, message in [
        ((x, [[1.0]]), "`y` must have 2 dimensions"),
        ((x, x, [-1.0]), r"`x_weights` must hold finite weights, none negative. Received -1.0 in row 0"),
        ((x, x, None, [np.nan]), "`y_weights` must hold finite weights"),
        ((x, x, [0.0]), "`x_weights` must hold some weight"),
        ((x, x, None, None, 3), "`p`.*3"),
        ((x, x, None, None, 1, 1), "`projections`.*1"),
        ((x, x, None, None, 1, 2, -1), "`seed`.*-1"),
    ]:
        with pytest.raises(ValueError, match=message):
            metrics.sliced_distance(*arguments)
