"""What optimal transport pays from bin to bin, and the native call that pays it."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core, runtime
from tallymetrics.arguments import as_integer, as_number
from tallymetrics.inputs import Array, as_array

Numbers = npt.NDArray[np.float64]

GRIDS = ("l1_grid", "l2_grid", "squared_l2_grid")
UNBALANCED = ("refuse", "normalize", "partial", "penalty")
# Costs are compared with sums of costs: squares of these are still finite.
_LARGEST_COST = 1e150
# Beyond this the check of all triangles would take longer than most problems.
MOST_CHECKED_BINS = 512
_MOST_BINS = 1 << 14


class Ground:
    """Costs of moving a unit of mass, [rows, columns], and whether they are a metric.

    Args:
        cost: A matrix [rows, columns] or one of `GRIDS`.
        shape: Of the grid.
        threshold: Greatest cost, or None.
        metric: Whether costs are a metric, or None to find out.
        most_checked: Up to how many bins a matrix is checked for that; larger ones are taken for none.
        copy: Whether a matrix may change while this is in use.
    """

    def __init__(
        self,
        cost: Any,
        shape: Sequence[int] | None = None,
        threshold: Any = None,
        metric: bool | None = None,
        most_checked: int = MOST_CHECKED_BINS,
        copy: bool = True,
    ) -> None:
        is_grid = isinstance(cost, str)
        lengths = tuple(_grid_lengths(cost, shape)) if is_grid else ()
        if not is_grid and shape is not None:
            raise ValueError(f"`shape` must be None with a matrix of costs. Received {shape!r}.")
        limit = math.inf if threshold is None else float(as_number(threshold, "threshold", 0, _LARGEST_COST))
        # What the native side takes: a matrix, or the kind of a grid with its lengths and threshold.
        self.native: Any = (
            (GRIDS.index(cost), lengths, limit) if isinstance(cost, str) else _checked_costs(cost, limit, copy)
        )
        self.shape: tuple[int, int] = (math.prod(lengths),) * 2 if is_grid else np.shape(self.native)
        if metric and self.shape[0] != self.shape[1]:
            raise ValueError(f"`metric` must be False for costs that are not square. Received {self.shape}.")
        self.metric = self._find_out(most_checked) if metric is None else bool(metric)

    def largest(self) -> float:
        """Returns the greatest cost."""
        native: Any = self.native
        if not isinstance(native, tuple):
            return float(native.max())
        kind, lengths, limit = native
        steps = [length - 1 for length in lengths]
        squares = float(sum(step**2 for step in steps))
        return min((float(sum(steps)), math.sqrt(squares), squares)[kind], float(limit))

    def _find_out(self, most_checked: int) -> bool:
        if isinstance(self.native, tuple):
            return bool(self.native[0] != GRIDS.index("squared_l2_grid"))
        rows, columns = self.shape
        return bool(rows == columns and rows <= most_checked and _core.is_metric(self.native))


def _grid_lengths(name: str, shape: Sequence[int] | None) -> list[int]:
    if name not in GRIDS:
        raise ValueError(f"`cost` must be a matrix or one of {', '.join(GRIDS)}. Received {name!r}.")
    if shape is None:
        raise ValueError(f"`shape` must be given for `cost` {name!r}. Received None.")
    try:
        lengths = [as_integer(length, "shape", 1, _MOST_BINS) for length in shape]
    except TypeError:
        raise TypeError(f"`shape` must be a tuple of integers. Received {shape!r}.") from None
    if not lengths or math.prod(lengths) > _MOST_BINS:
        raise ValueError(f"`shape` must have from 1 to {_MOST_BINS} bins. Received {shape!r}.")
    return lengths


def point_costs(x: Any, y_by_dimension: Any, kind: int) -> Numbers:
    """Returns costs [rows, columns] between points: 0 Euclidean, 1 its square, 2 the sum over dimensions."""
    return _core.point_costs(np.ascontiguousarray(x, np.float64), np.ascontiguousarray(y_by_dimension), kind)


def _checked_costs(cost: Any, limit: float, copy: bool) -> Array:
    costs = as_array(cost, "cost")
    if costs.ndim != 2 or costs.size == 0:
        raise ValueError(f"`cost` must have shape [bins, bins]. Received shape {costs.shape}.")
    costs = np.array(costs, np.float64, order="C") if copy else np.ascontiguousarray(costs, np.float64)
    # Written so that NaN is refused too.
    if not (costs.min() >= 0 and costs.max() <= _LARGEST_COST):
        row, column = np.argwhere(~((costs >= 0) & (costs <= _LARGEST_COST)))[0]
        raise ValueError(
            f"`cost` must hold numbers in [0, {_LARGEST_COST}]. Received {costs[row, column]} at [{row}, {column}]."
        )
    return costs if limit == math.inf else np.minimum(costs, limit)


def as_unbalanced(unbalanced: Any) -> str:
    """Returns the name of a policy for unequal masses.

    Raises:
        ValueError: If there is none of this name.
    """
    if unbalanced not in UNBALANCED:
        raise ValueError(f"`unbalanced` must be one of {', '.join(UNBALANCED)}. Received {unbalanced!r}.")
    return str(unbalanced)


def solve(
    ground: Ground,
    y_true: Array,
    y_pred: Array,
    unbalanced: str,
    tolerance: float,
    penalty: float,
    names: tuple[str, str] = ("y_true", "y_pred"),
    want_flow: bool = False,
    want_duals: bool = False,
) -> tuple[Numbers, Numbers, Any, Any]:
    """Returns costs [rows], duality gaps [rows], flows [rows, bins, bins] or None, and two potentials or None.

    Raises:
        ValueError: If a row is no histogram, or its mass is not as the policy asks.
    """
    rows = len(y_true)
    values, gaps = np.zeros(rows), np.zeros(rows)
    flows = np.zeros((rows, *ground.shape)) if want_flow else None
    duals = tuple(np.zeros((rows, bins)) for bins in ground.shape) if want_duals else None
    policy = min(UNBALANCED.index(unbalanced), 2)
    price = penalty * ground.largest() if unbalanced == "penalty" else 0.0
    threads = runtime.get_num_threads()
    fault: Any = _core.transport(
        ground.native,
        ground.metric,
        y_true,
        y_pred,
        policy,
        tolerance,
        price,
        values,
        gaps,
        flows,
        duals,
        threads,
    )
    if fault is not None:
        raise _value_error(fault, y_true, y_pred, names, tolerance)
    return values, gaps, flows, duals


def _value_error(
    fault: tuple[int, int], y_true: Array, y_pred: Array, names: tuple[str, str], tolerance: float
) -> ValueError:
    kind, row = fault
    masses = [np.asarray(array[row], np.float64) for array in (y_true, y_pred)]
    if kind in (1, 2):
        mass = masses[kind - 1]
        wrong = mass[~(mass >= 0) | np.isinf(mass)]
        received = f"{wrong[0]}" if len(wrong) else "masses whose sum overflows"
        return ValueError(f"`{names[kind - 1]}` must hold finite masses >= 0. Received {received} in row {row}.")
    totals = [float(mass.sum()) for mass in masses]
    if kind == 3:
        return ValueError(
            f"`{names[1]}` must have the mass of `{names[0]}` in each row, {totals[0]} to a part of {tolerance}; "
            f"`unbalanced` names other ways. Received {totals[1]} in row {row}."
        )
    return ValueError(f"`{names[kind - 4]}` must have a mass > 0 in each row to normalize. Received 0.0 in row {row}.")
