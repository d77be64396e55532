"""Every earth mover's distance: of rows, around circles, between streams of samples, over any costs, of points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from benchmarks.cases import Case
from benchmarks.data import Arrays

# Grids of the bins that transport is timed on, the pairs that are solved one after the other, and quick ones.
GRIDS = {32: (4, 8), 64: (8, 8), 256: (16, 16), 1000: (25, 40), 4000: (50, 80)}
_PAIRS = {32: 1000, 64: 500, 256: 40, 1000: 4, 4000: 1}
COSTS = {"l1": "an L1 grid", "l2": "an L2 grid", "any": "arbitrary costs"}


@dataclass(frozen=True)
class DistanceCase(Case):
    """A case whose `classes` count the bins of a histogram, the points of a cloud, or the dimensions of one."""

    quick_classes: int = 0

    def quick(self) -> Case:
        """Return the same case at smoke-test size."""
        return replace(self, rows=self.quick_rows, classes=self.quick_classes or self.classes)


def _rows(rows: int, bins: int, generator: np.random.Generator) -> np.ndarray:
    rows_of_mass = generator.standard_exponential((rows, bins), dtype=np.float32)
    rows_of_mass /= rows_of_mass.sum(axis=1, keepdims=True)
    return rows_of_mass


def histograms(case: Case) -> Arrays:
    """Rows of mass 1 in float32."""
    generator = np.random.default_rng(20)
    return {name: _rows(case.rows, case.classes, generator) for name in ("y_true", "y_pred")}


def samples(case: Case) -> Arrays:
    """Two populations in [0, 1] in float64, each of its own shape."""
    generator = np.random.default_rng(21)
    return {
        "y_true": generator.normal(0.4, 0.1, case.rows).clip(0, 1),
        "y_pred": generator.normal(0.41, 0.1, case.rows).clip(0, 1),
    }


def pairs(case: Case) -> Arrays:
    """Pairs of histograms in float64, whose masses are equal but for rounding."""
    generator = np.random.default_rng(22)
    arrays = {}
    for name in ("y_true", "y_pred"):
        masses = generator.standard_exponential((case.rows, case.classes))
        arrays[name] = masses / masses.sum(axis=1, keepdims=True)
    return arrays


def clouds(case: Case) -> Arrays:
    """One pair of clouds, [1, points, dimensions]."""
    generator = np.random.default_rng(23)
    shape = (case.rows, case.classes, 3 if case.name == "sliced" else 2)
    return {"y_true": generator.normal(size=shape), "y_pred": generator.normal(0.3, 1, size=shape)}


def costs_of(case: Case) -> np.ndarray:
    """The costs of a transport case as a matrix."""
    if case.arguments["cost"] == "any":
        return np.random.default_rng(24).random((case.classes, case.classes))
    places = np.stack(np.unravel_index(np.arange(case.classes), GRIDS[case.classes]), axis=1)
    steps = np.abs(places[:, None] - places[None])
    return steps.sum(axis=2).astype(np.float64) if case.arguments["cost"] == "l1" else np.sqrt((steps**2).sum(axis=2))


def _transport(cost: str, bins: int) -> Case:
    title = f"transport, {_PAIRS[bins]} x {bins} bins, {COSTS[cost]}"
    # OpenCV computes in float32.
    make = partial(DistanceCase, arguments={"cost": cost}, tolerance=1e-3 if bins <= 64 else 1e-9, quick_classes=32)
    return make(f"transport_{cost}_{bins}", title, _PAIRS[bins], 2, bins, pairs)


def _case(name: str, title: str, rows: int, bins: int, make: Callable[[Case], Arrays], **options) -> Case:
    quick_rows = min(rows, 1000)
    return DistanceCase(name, title, rows, quick_rows, bins, make, **options)


_POINTS = {"tolerance": 1e-9, "quick_classes": 30}

DISTANCE_CASES = {
    case.name: case
    for case in (
        _case("emd_rows_100", "row EMD, r = 2, 1M x 100", 1_000_000, 100, histograms),
        _case("emd_rows_1000", "row EMD, r = 2, 100k x 1000", 100_000, 1000, histograms, quick_classes=100),
        _case("emd_circle", "circular EMD, r = 1, 10k x 360", 10_000, 360, histograms),
        _case("wasserstein", "Wasserstein, 10M + 10M samples, streamed", 10_000_000, 1, samples, tolerance=1e-4),
        _case("wasserstein_refined", "same, and a second look, exact", 10_000_000, 1, samples, tolerance=1e-9),
        _case("wasserstein_exact", "same, exact in one pass", 10_000_000, 1, samples, tolerance=1e-9),
        *(_transport(cost, bins) for cost in COSTS for bins in GRIDS),
        _case("points_500", "two clouds of 500 points", 1, 500, clouds, **_POINTS),
        _case("points_2000", "two clouds of 2000 points", 1, 2000, clouds, **_POINTS),
        _case("sliced", "two clouds of 10k points, 128 directions", 1, 10_000, clouds, **_POINTS),
    )
}
