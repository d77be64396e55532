"""The distances of this package and of POT, SciPy, OpenCV and NumPy; a library that is not there is skipped."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import partial

import numpy as np

import tallymetrics
from benchmarks.cases import Case
from benchmarks.competitors.numpy_by_hand import _row_emd
from benchmarks.data import row_blocks
from benchmarks.distance_cases import GRIDS, costs_of
from benchmarks.tools import Answer, Arrays, Job, JobFactory, Tool, computing
from tallymetrics import _core, metrics

_TRANSPORT = [f"transport_{cost}_{bins}" for cost in ("l1", "l2", "any") for bins in GRIDS]
_POINTS = ["points_500", "points_2000"]
_SAMPLES = ["wasserstein", "wasserstein_refined", "wasserstein_exact"]


def _row_distances(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    distance = metrics.EarthMoversDistance()
    distance.update_state(y_true, y_pred)
    return {"row_emd": distance.result()}


def _circle(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    distance = metrics.EarthMoversDistance(r=1, circular=True)
    distance.update_state(y_true, y_pred)
    return {"circle": distance.result()}


def _samples(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    distance = metrics.Wasserstein1D(exact=case.name == "wasserstein_exact")
    distance.update_state(y_true, y_pred)
    if case.name == "wasserstein_refined":
        return {"distance": distance.refine([(y_true, y_pred)])}
    low, high = distance.result_interval()
    # A certified error of a millionth of the range is part of the job; few samples have wider bins.
    assert high - low < 1e-6 or len(y_true) < 10_000_000
    return {"distance": distance.result()}


def _transport(case: Case, arrays: Arrays) -> Job:
    grids = {"l1": "l1_grid", "l2": "l2_grid"}
    cost = grids.get(case.arguments["cost"])
    given = {"cost": costs_of(case)} if cost is None else {"cost": cost, "shape": GRIDS[case.classes]}

    distance = metrics.OptimalTransport(**given)

    def run() -> Answer:
        distance.reset_state()
        distance.update_state(arrays["y_true"], arrays["y_pred"])
        return {"cost": distance.result()}

    return Job(run)


def _points(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    return {"distance": metrics.point_cloud_distance(y_true[0], y_pred[0])}


def _sliced(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
    return {"distance": metrics.sliced_distance(y_true[0], y_pred[0])[0]}


def _over_pairs(solve, prepare=lambda costs: costs) -> JobFactory:
    """Jobs that solve one pair after the other, the costs given as the tool takes them."""

    def make(case: Case, arrays: Arrays) -> Job:
        costs = prepare(costs_of(case))
        rows = list(zip(arrays["y_true"], arrays["y_pred"], strict=True))
        return Job(lambda: {"cost": float(np.mean([solve(one, other, costs) for one, other in rows]))})

    return make


def _numpy() -> Tool:
    def circle(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
        total = 0.0
        for part in row_blocks(len(y_true), 200):
            differences = np.cumsum(y_true[part] - y_pred[part], axis=1, dtype=np.float64)
            differences -= np.median(differences, axis=1, keepdims=True)
            total += np.abs(differences).mean(axis=1).sum()
        return {"circle": total / len(y_true)}

    def samples(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
        return {"distance": float(np.mean(np.abs(np.sort(y_true) - np.sort(y_pred))))}

    jobs = dict.fromkeys(["emd_rows_100", "emd_rows_1000"], _row_emd)
    return Tool("NumPy", "by hand", computing({**jobs, "emd_circle": circle, **dict.fromkeys(_SAMPLES, samples)}))


def _pot() -> Tool:
    import ot

    def circle(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
        places = np.arange(case.classes) / case.classes
        masses = ((one / one.sum(), other / other.sum()) for one, other in zip(y_true, y_pred, strict=True))
        distances = [ot.wasserstein_circle(places, places, *pair, p=1)[0] for pair in masses]
        return {"circle": float(np.mean(distances))}

    def samples(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
        return {"distance": float(ot.wasserstein_1d(y_true, y_pred))}

    def points(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
        costs = ot.dist(y_true[0], y_pred[0], metric="euclidean")
        return {"distance": float(ot.emd2([], [], costs, numItermax=10_000_000))}

    def sliced(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
        directions = _core.sphere_directions(0, 128, 3).T
        return {"distance": float(ot.sliced_wasserstein_distance(y_true[0], y_pred[0], projections=directions))}

    jobs = {"emd_circle": circle, "sliced": sliced}
    transport = _over_pairs(partial(_emd2, ot))
    return Tool(
        "POT",
        "library",
        {
            **computing({**jobs, **dict.fromkeys(_SAMPLES, samples), **dict.fromkeys(_POINTS, points)}),
            **dict.fromkeys(_TRANSPORT, transport),
        },
    )


def _emd2(ot, one: np.ndarray, other: np.ndarray, costs: np.ndarray) -> float:
    return float(ot.emd2(one, other, costs, numItermax=10_000_000))


def _scipy() -> Tool:
    from scipy import optimize, sparse, spatial, stats

    def samples(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
        return {"distance": float(stats.wasserstein_distance(y_true, y_pred))}

    def points(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> Answer:
        costs = spatial.distance.cdist(y_true[0], y_pred[0])
        return {"distance": float(costs[optimize.linear_sum_assignment(costs)].mean())}

    def constrained(costs: np.ndarray):
        bins = len(costs)
        ones = np.ones((1, bins))
        return costs, sparse.vstack([sparse.kron(sparse.eye(bins), ones), sparse.kron(ones, sparse.eye(bins))])

    def solve(one: np.ndarray, other: np.ndarray, problem) -> float:
        costs, sums = problem
        return float(optimize.linprog(costs.ravel(), A_eq=sums, b_eq=np.append(one, other), method="highs").fun)

    # With more bins one pair takes minutes.
    small = [name for name in _TRANSPORT if int(name.rsplit("_", 1)[1]) <= 256]
    return Tool(
        "SciPy",
        "library",
        {
            **computing({**dict.fromkeys(_SAMPLES, samples), **dict.fromkeys(_POINTS, points)}),
            **dict.fromkeys(small, _over_pairs(solve, constrained)),
        },
    )


def _open_cv() -> Tool:
    import cv2

    def solve(one: np.ndarray, other: np.ndarray, costs: np.ndarray) -> float:
        first, second = (row.astype(np.float32)[:, np.newaxis] for row in (one, other))
        return cv2.EMD(first, second, cv2.DIST_USER, costs)[0]

    # From 256 bins on its answers are wrong.
    small = [name for name in _TRANSPORT if int(name.rsplit("_", 1)[1]) <= 64]
    return Tool("OpenCV", "library", dict.fromkeys(small, _over_pairs(solve, np.float32)))


def _ours() -> Tool:
    functions = {
        **dict.fromkeys(["emd_rows_100", "emd_rows_1000"], _row_distances),
        **dict.fromkeys(_SAMPLES, _samples),
        **dict.fromkeys(_POINTS, _points),
        "emd_circle": _circle,
        "sliced": _sliced,
    }
    jobs: Mapping[str, JobFactory] = {**computing(functions), **dict.fromkeys(_TRANSPORT, _transport)}
    return Tool(
        "tallymetrics",
        "ours",
        jobs,
        parallel=True,
        set_threads=tallymetrics.set_num_threads,
        set_instruction_set=tallymetrics.set_instruction_set,
        instruction_sets=(tallymetrics.get_instruction_set(),),
    )


def load() -> tuple[list[Tool], dict[str, str]]:
    """Return the tools of the distances, this package first, and module -> reason for those that are not there."""
    tools, skipped = [_ours(), _numpy()], {}
    for module, make in (("ot", _pot), ("scipy", _scipy), ("cv2", _open_cv)):
        try:
            importlib.import_module(module)
        except ImportError as error:
            skipped[module] = str(error)
        else:
            tools.append(make())
    return tools, skipped
