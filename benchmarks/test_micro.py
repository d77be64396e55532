"""One update of 32 rows of every class, and every job on arrays that stay in the cache, by pytest-benchmark.

`pytest benchmarks/test_micro.py --benchmark-enable`; README.md tells how to compare with a recorded run.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import tallymetrics
from benchmarks import competitors, ours
from benchmarks.cases import CASES
from benchmarks.class_cases import CLASS_CASES
from benchmarks.tools import Tool
from tallymetrics import metrics

pytestmark = pytest.mark.benchmark(max_time=0.2, min_rounds=5, warmup=False)

_ROWS, _CLASSES = 32, 10
_CACHED_BYTES = 128 * 1024
_ROUNDS_OF_CLASSES = np.arange(_CLASSES, dtype=np.float32)


def _rows() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return tuple(generator.dirichlet(np.ones(_CLASSES), _ROWS).astype(np.float32) for _ in range(2))


def _labels_and_rows() -> tuple[np.ndarray, np.ndarray]:
    return np.arange(_ROWS) % _CLASSES, _rows()[1]


def _samples() -> tuple[np.ndarray, np.ndarray]:
    return tuple(np.random.default_rng(0).random((2, _ROWS), dtype=np.float32))


# The classes that Keras 3 lacks: how one makes them, and what they are fed.
_OWN: dict[str, tuple[Callable[[], Any], Callable[[], tuple[np.ndarray, ...]]]] = {
    "ClassificationReport": (lambda: metrics.ClassificationReport(_CLASSES), _labels_and_rows),
    "ConfusionMatrix": (lambda: metrics.ConfusionMatrix(_CLASSES), _labels_and_rows),
    "TopKCurve": (lambda: metrics.TopKCurve(5), _labels_and_rows),
    "EarthMoversDistance": (metrics.EarthMoversDistance, _rows),
    "DistributionMeanError": (metrics.DistributionMeanError, _rows),
    "DistributionShift": (metrics.DistributionShift, _samples),
    "Wasserstein1D": (metrics.Wasserstein1D, _samples),
    "MeanRelativeError": (lambda: metrics.MeanRelativeError(_ROUNDS_OF_CLASSES + 1), _rows),
    "MeanTensor": (metrics.MeanTensor, lambda: _rows()[:1]),
    "OptimalTransport": (lambda: metrics.OptimalTransport("l2_grid", shape=(2, 5)), _rows),
    "SparseConfusionMatrix": (lambda: metrics.SparseConfusionMatrix(_CLASSES), _labels_and_rows),
    "StreamPearsonCorrelation": (metrics.StreamPearsonCorrelation, _rows),
    "StreamConcordanceCorrelation": (metrics.StreamConcordanceCorrelation, _rows),
}
_OF_KERAS = {case.metric: case for case in CLASS_CASES.values() if case.update_only}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = tallymetrics.get_num_threads()
    tallymetrics.set_num_threads(1)
    yield
    tallymetrics.set_num_threads(before)


def _tools() -> list[Tool]:
    tools = ours.tools() + competitors.load(("numpy_by_hand",))[0]
    return [tool for tool in tools if "update_32" in tool.jobs]


@pytest.mark.parametrize("name", ["update_32", "update_32_collection"])
@pytest.mark.parametrize("tool", _tools(), ids=lambda tool: tool.name)
def test_update(benchmark, tool: Tool, name: str) -> None:
    case = CASES[name]
    job = tool.jobs[name](case, case.make_arrays(case))
    benchmark.group = case.title
    answer = job.answer(benchmark(job.run))
    assert 0 <= answer["accuracy"] <= 1


@pytest.mark.parametrize("name", sorted(_OF_KERAS))
def test_update_of_class_of_keras(benchmark, name: str) -> None:
    case = _OF_KERAS[name]
    job = ours.tools()[0].jobs[case.name](case, case.make_arrays(case))
    benchmark.group = "one update, 32 rows"
    assert np.isfinite(job.answer(benchmark(job.run))[name])


@pytest.mark.parametrize("name", sorted(_OWN))
def test_update_of_own_class(benchmark, name: str) -> None:
    make, make_arrays = _OWN[name]
    metric, arrays = make(), make_arrays()
    benchmark.group = "one update, 32 rows"
    benchmark(metric.update_state, *arrays)
    metric.result()


def test_every_class_is_here() -> None:
    bases = (metrics.Metric, metrics.MetricCollection)
    public = {name: getattr(metrics, name) for name in metrics.__all__}
    classes = {name for name, value in public.items() if inspect.isclass(value) and value not in bases}
    assert classes == _OF_KERAS.keys() | _OWN.keys()


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.update_only])
def test_job_in_cache(benchmark, name: str) -> None:
    eight = replace(CASES[name], rows=8)
    row_bytes = sum(array[0].nbytes for array in eight.make_arrays(eight).values())
    case = replace(eight, rows=max(1, _CACHED_BYTES // row_bytes))
    job = ours.tools()[0].jobs[name](case, case.make_arrays(case))
    benchmark.group = "jobs on 128 KB"
    job.answer(benchmark(job.run))
