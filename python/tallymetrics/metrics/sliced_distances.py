"""The sliced Wasserstein distance: clouds of points compared along random lines."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core, runtime
from tallymetrics.arguments import as_integer
from tallymetrics.inputs import Array
from tallymetrics.metrics.sorted_samples import distance_of_sorted
from tallymetrics.metrics.transport_functions import _points, _weights

Floats = npt.NDArray[np.float64]

# So many numbers are projected and sorted at a time.
_NUMBERS = 1 << 22


def sliced_distance(
    x: Any,
    y: Any,
    x_weights: Any = None,
    y_weights: Any = None,
    p: int = 2,
    projections: int = 128,
    seed: int = 0,
) -> tuple[float, float]:
    """Returns the sliced Wasserstein distance between two weighted sets of points, and its standard error.

    `(mean over directions of W_p(x . direction, y . direction)**p)**(1/p)`: the distance between projections on lines,
    exact on each, averaged over directions that are drawn uniformly. It is at most `point_cloud_distance`, takes time
    and memory in proportion to the points, and compares clouds of any size; it is another distance, not an estimate of
    that one.

    Args:
        x: Points [points, dimensions], or [points] on a line.
        y: Points of as many dimensions.
        x_weights: Weights >= 0, [points], default all equal.
        y_weights: Weights >= 0, [points], default all equal.
        p: Order of the distance, 1 or 2 (default).
        projections: Number of directions, at least 2, default 128; the error falls with its root.
        seed: Which directions, an integer in [0, 2^64), default 0. They are a function of it and of the number of
            dimensions, the same on every machine.

    Returns:
        The distance, and the standard error that the choice of directions leaves; two floats.

    Example:
        >>> from tallymetrics import metrics
        >>> distance, error = metrics.sliced_distance([[0, 0], [1, 0]], [[0, 4], [1, 4]], projections=10_000)
        >>> abs(distance - 4 / 2**0.5) < 3 * error < 0.1
        True

    Source: Bonneel, Rabin, Peyré, Pfister, "Sliced and Radon Wasserstein barycenters of measures", 2015.
    """
    points = _points(x, "x"), _points(y, "y")
    dimensions = points[0].shape[1]
    if points[1].shape[1] != dimensions:
        raise ValueError(f"`y` must have {dimensions} dimensions, as `x` has. Received {points[1].shape[1]}.")
    order = as_integer(p, "p", 1, 2)
    count = as_integer(projections, "projections", 2, 1 << 31)
    weights = [
        None if given is None else _checked_weights(given, name, len(one))
        for given, name, one in zip((x_weights, y_weights), ("x_weights", "y_weights"), points, strict=True)
    ]
    directions = _core.sphere_directions(as_integer(seed, "seed", 0, 2**64 - 1), count, dimensions)
    at_once = max(_NUMBERS // max(map(len, points)), 1)
    coordinates = [np.ascontiguousarray(one.T) for one in points]
    distances: list[float] = []
    for first in range(0, count, at_once):
        some = directions[first : first + at_once]
        sides = [_sorted(*side, some) for side in zip(coordinates, weights, strict=True)]
        distances += [distance_of_sorted(one, other, order) for one, other in zip(*sides, strict=True)]
    return _mean_and_error(np.array(distances), order)


def _sorted(coordinates: Floats, weights: Floats | None, directions: Floats) -> list[tuple[Floats, Floats | None]]:
    products = _core.projections(coordinates, directions, runtime.get_num_threads())
    if weights is None:
        products.sort(axis=1)
        return [(row, None) for row in products]
    orders = np.argsort(products, axis=1, kind="stable")
    return [(row[order], weights[order]) for row, order in zip(products, orders, strict=True)]


def _mean_and_error(distances: Floats, p: int) -> tuple[float, float]:
    scale = float(distances.max())
    if scale == 0:
        return 0.0, 0.0
    powers = (distances / scale) ** p
    mean = math.fsum(powers) / len(powers)
    variance = math.fsum((powers - mean) ** 2) / (len(powers) - 1)
    # The root's slope at the mean turns the error of powers into that of the distance.
    distance = mean ** (1 / p)
    return scale * distance, scale * distance / (p * mean) * math.sqrt(variance / len(powers))


def _checked_weights(value: Any, name: str, points: int) -> Array:
    weights = _weights(value, name, points).astype(np.float64)
    row = _core.first_outside(weights, 0.0, float(np.finfo(np.float64).max))
    if row >= 0:
        raise ValueError(f"`{name}` must hold finite weights, none negative. Received {weights[row]} in row {row}.")
    if not weights.any():
        raise ValueError(f"`{name}` must hold some weight. Received zeros.")
    return weights
