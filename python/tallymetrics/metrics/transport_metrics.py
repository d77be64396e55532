"""Optimal transport between histogram rows under a ground distance of the user's choice."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tallymetrics import _core
from tallymetrics.arguments import as_number
from tallymetrics.inputs import Batch, Layouts
from tallymetrics.metrics.native import MeanOfRows
from tallymetrics.metrics.transport_costs import Ground, as_unbalanced, solve


class OptimalTransport(MeanOfRows):
    """Mean cost of the cheapest way to move the mass of `y_true` until it lies as `y_pred` does.

    For each row `min sum(flow * cost)` over all flows from bins of `y_true` to bins of `y_pred`, then the mean over
    rows. Which question it answers: how far apart two histograms lie when some bins are nearer to each other than
    others: pixels of an image, cells of a map, classes of a taxonomy. For bins on a line `EarthMoversDistance(r=1)` is
    faster (and is a share of the line's length); for two sets of points there is `point_cloud_distance`.

    Args:
        cost: Cost of moving a unit of mass from bin to bin, a matrix [bins, bins] of finite numbers >= 0; or
            `"l1_grid"`, `"l2_grid"`, `"squared_l2_grid"`: the sum of steps, the straight way or its square on a grid.
        shape: Lengths of the grid, whose bins are in C order: (height, width) for images. None with a matrix.
        threshold: No way costs more than this, default None.
        unbalanced: What happens to rows of unequal mass. `"refuse"` (default): an error if the masses differ by more
            than `tolerance`. `"normalize"`: each is divided by its sum. `"partial"`: only as much as the lesser mass
            is moved, wherever that is cheapest. `"penalty"`: as partial, and each unit that stays over costs
            `penalty` times the greatest cost.
        tolerance: Relative difference of masses up to which they are taken for equal; `y_pred` is scaled then.
        penalty: What a unit of mass that stays over costs, in greatest costs. 1 by default; a metric from 0.5 on.
        metric: Whether the costs are a metric: 0 from a bin to itself, and no detour is cheaper. Mass that both rows
            have in a bin then stays there, which is several times faster. None (default): known of grids, and checked
            of matrices of up to 512 bins.
        name: Name of the metric, default `"optimal_transport"`.
        dtype: What `result()` is rounded to, default float64.

    `update_state` takes histograms of one shape [..., bins]. Costs are exact up to rounding: the network simplex ends
    with potentials that prove it (`optimal_transport` returns them and the duality gap). By `"l1_grid"` and `"l2_grid"`
    mass moves by steps over the grid, of any rank, with or without a threshold, and no matrix of costs is made.

    Example:
        >>> from tallymetrics import metrics
        >>> transport = metrics.OptimalTransport("l2_grid", shape=(2, 2))
        >>> transport.update_state([[1, 0, 0, 0]], [[0, 0.5, 0.5, 0]])
        >>> transport.result()
        1.0

    Source: Rubner, Tomasi, Guibas, "The Earth Mover's Distance as a Metric for Image Retrieval", 2000; Pele, Werman,
    "Fast and Robust Earth Mover's Distances", 2009, for the penalty and the threshold; Ling, Okada, "An Efficient Earth
    Mover's Distance Algorithm for Robust Histogram Comparison", 2007, and Bassetti, Gualandi, Veneroni, "On the
    Computation of Kantorovich-Wasserstein Distances between Two-Dimensional Histograms by Uncapacitated Minimum Cost
    Flows", 2020, for grids.
    """

    _value = _core.ROW_MEAN

    def __init__(
        self,
        cost: Any,
        shape: Sequence[int] | None = None,
        threshold: float | None = None,
        unbalanced: str = "refuse",
        tolerance: float = 1e-6,
        penalty: float = 1.0,
        metric: bool | None = None,
        name: str | None = "optimal_transport",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, dtype)
        self._ground = Ground(cost, shape, threshold, metric)
        if self._ground.shape[0] != self._ground.shape[1]:
            raise ValueError(f"`cost` must have shape [bins, bins]. Received shape {self._ground.shape}.")
        self.cost = cost if isinstance(cost, str) else np.asarray(cost, np.float64).tolist()
        self.shape = None if shape is None else [int(length) for length in shape]
        self.threshold = None if threshold is None else float(threshold)
        self.unbalanced = as_unbalanced(unbalanced)
        self.tolerance = float(as_number(tolerance, "tolerance", 0, 1))
        self.penalty = float(as_number(penalty, "penalty", 0, math.inf))
        self.metric = metric

    @property
    def repeatable(self) -> bool:
        """The native pass adds what the layout has worked out, so every batch needs its own."""
        return False

    def layout(self, layouts: Layouts) -> Batch:
        batch = layouts.dense("bins")
        assert batch.y_true is not None
        bins = self._ground.shape[0]
        if batch.y_pred.shape[-1] != bins:
            raise ValueError(
                f"`y_pred` must have one column for each of {bins} bins. Received {batch.y_pred.shape[-1]}."
            )
        policy = self.unbalanced, self.tolerance, self.penalty
        values = solve(self._ground, batch.y_true, batch.y_pred, *policy)[0]
        return Batch(None, values, batch.weights, batch.rows_per_sample)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "cost": self.cost,
            "shape": self.shape,
            "threshold": self.threshold,
            "unbalanced": self.unbalanced,
            "tolerance": self.tolerance,
            "penalty": self.penalty,
            "metric": self.metric,
        }
