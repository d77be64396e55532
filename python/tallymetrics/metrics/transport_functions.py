"""Optimal transport of single pairs: with flow and potentials, and between clouds of points."""

import math
from typing import Any

import numpy as np

from tallymetrics.arguments import as_number
from tallymetrics.inputs import Array, as_array
from tallymetrics.metrics.transport_costs import MOST_CHECKED_BINS, Ground, as_unbalanced, point_costs, solve

_POINT_COSTS = ("euclidean", "sqeuclidean", "cityblock")


def optimal_transport(
    y_true: Any,
    y_pred: Any,
    cost: Any,
    return_flow: bool = False,
    return_duals: bool = False,
    shape: Any = None,
    threshold: float | None = None,
    unbalanced: str = "refuse",
    tolerance: float = 1e-6,
    penalty: float = 1.0,
    metric: bool | None = None,
    return_gap: bool = False,
) -> Any:
    """Returns the cost of the cheapest way to move the mass of each row of `y_true` to where `y_pred` has it.

    `min sum(flow * cost)` over flows >= 0 whose sums over columns are `y_true`, and over rows `y_pred`.

    Args:
        y_true: Masses [rows] or [..., rows].
        y_pred: Masses [columns] or [..., columns].
        cost: Cost of moving a unit of mass, [rows, columns], or the name of a grid, as `OptimalTransport` takes it.
        return_flow: Whether to return the flow too.
        return_duals: Whether to return the dual potentials too, for balanced masses.
        shape: As for `OptimalTransport`, like all that follow.
        threshold: Greatest cost.
        unbalanced: `"refuse"`, `"normalize"`, `"partial"` or `"penalty"`.
        tolerance: Relative difference of masses that are equal.
        penalty: What a unit of mass that stays over costs, in greatest costs.
        metric: Whether costs are a metric; None finds out, of matrices that are small for the number of rows.
        return_gap: Whether to return the duality gap too, which proves that the cost is the least, default False.

    Returns:
        The cost, a number or float64 [...]. With `return_flow`, `(cost, flow)` with flow [..., rows, columns]. With
        `return_duals`, also `(u, v)`: `u[..., i] + v[..., j] <= cost[i, j]` up to rounding, and
        `sum(y_true * u) + sum(y_pred * v)` is the cost. With `return_gap`, at the end by how much the cost may exceed
        the least there is, of the shape of the cost: 0 but for rounding errors, as potentials prove that were read
        anew from the solution and compared with the cost of every way.

    Example:
        >>> from tallymetrics import metrics
        >>> cost, flow = metrics.optimal_transport([0.5, 0.5], [0.25, 0.75], [[0, 3], [3, 0]], return_flow=True)
        >>> cost
        0.75
        >>> flow
        array([[0.25, 0.25],
               [0.  , 0.5 ]])
    """
    first, second = as_array(y_true, "y_true"), as_array(y_pred, "y_pred")
    rows = math.prod(first.shape[:-1])
    # The check takes as long as some rows do.
    ground = Ground(cost, shape, threshold, metric, min(MOST_CHECKED_BINS, 32 + 8 * rows), copy=False)
    for name, array, bins in (("y_true", first, ground.shape[0]), ("y_pred", second, ground.shape[1])):
        if array.ndim < 1 or array.shape[-1] != bins:
            raise ValueError(f"`{name}` must have shape [..., {bins}], as `cost` has. Received shape {array.shape}.")
    outer = first.shape[:-1]
    if second.shape[:-1] != outer:
        raise ValueError(f"`y_pred` must have as many rows as `y_true`, {outer}. Received shape {second.shape}.")
    policy = as_unbalanced(unbalanced)
    if return_duals and policy in ("partial", "penalty"):
        raise ValueError(f"`return_duals` must be False for `unbalanced` {policy!r}. Received True.")
    values, gaps, flows, duals = solve(
        ground,
        first.reshape(rows, -1) if rows else first.reshape(0, ground.shape[0]),
        second.reshape(rows, -1) if rows else second.reshape(0, ground.shape[1]),
        policy,
        float(as_number(tolerance, "tolerance", 0, 1)),
        float(as_number(penalty, "penalty", 0, math.inf)),
        want_flow=return_flow,
        want_duals=return_duals,
    )
    answers: list[Any] = [_of_rows(values, outer)]
    if return_flow:
        answers.append(flows.reshape(*outer, *ground.shape))
    if return_duals:
        answers.append(tuple(dual.reshape(*outer, -1) for dual in duals))
    if return_gap:
        answers.append(_of_rows(gaps, outer))
    return answers[0] if len(answers) == 1 else tuple(answers)


def _of_rows(values: Array, outer: tuple[int, ...]) -> Any:
    return values.reshape(outer) if outer else float(values[0])


def point_cloud_distance(
    x: Any,
    y: Any,
    x_weights: Any = None,
    y_weights: Any = None,
    p: float = 1,
    metric: str = "euclidean",
) -> float:
    """Returns the Wasserstein distance between two weighted sets of points in any dimension, exactly.

    `(min sum(flow * distance**p))**(1/p)` over all ways to move the weights of `x`, divided by their sum, to those of
    `y`, divided by theirs. It takes time and memory for every pair of points: up to several thousand each.

    Args:
        x: Points [points, dimensions], or [points] on a line.
        y: Points of as many dimensions.
        x_weights: Weights >= 0, [points], default all equal.
        y_weights: Weights >= 0, [points], default all equal.
        p: Power of the distance, a number >= 1.
        metric: Distance between points: `"euclidean"`, `"sqeuclidean"` (its square) or `"cityblock"`.

    Returns:
        The distance, a float.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.point_cloud_distance([[0, 0], [1, 0]], [[0, 1], [1, 1]])
        1.0
    """
    points = _points(x, "x"), _points(y, "y")
    if points[0].shape[1] != points[1].shape[1]:
        raise ValueError(f"`y` must have {points[0].shape[1]} dimensions, as `x` has. Received {points[1].shape[1]}.")
    if metric not in _POINT_COSTS:
        raise ValueError(f"`metric` must be one of {', '.join(_POINT_COSTS)}. Received {metric!r}.")
    power = float(as_number(p, "p", 1, math.inf))
    weights = _weights(x_weights, "x_weights", len(points[0])), _weights(y_weights, "y_weights", len(points[1]))
    kind = _POINT_COSTS.index(metric)
    squares = power == 2 and kind == 0
    costs = point_costs(points[0], points[1].T, 1 if squares else kind)
    if power != 1 and not squares:
        costs **= power
    names = ("x_weights", "y_weights")
    # Points are told apart by their place alone: two at one place are no common mass.
    ground = Ground(costs, metric=False, copy=False)
    first, second = (one[np.newaxis] for one in weights)
    values = solve(ground, first, second, "normalize", 0.0, 0.0, names)[0]
    return float(values[0] ** (1 / power))


def _points(value: Any, name: str) -> Array:
    points = as_array(value, name)
    if points.ndim == 1:
        points = points[:, np.newaxis]
    if points.ndim != 2 or points.size == 0:
        raise ValueError(f"`{name}` must have shape [points, dimensions]. Received shape {points.shape}.")
    points = points.astype(np.float64)
    if not np.isfinite(points).all():
        raise ValueError(f"`{name}` must be finite. Received a point that is not, {points[~np.isfinite(points)][0]}.")
    return points


def _weights(value: Any, name: str, points: int) -> Array:
    if value is None:
        return np.ones(points)
    weights = as_array(value, name)
    if weights.shape != (points,):
        raise ValueError(f"`{name}` must have shape ({points},), one for each point. Received shape {weights.shape}.")
    return weights
