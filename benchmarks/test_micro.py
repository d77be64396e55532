"""One update of 32 rows of every class, and every job on arrays that stay in the cache, by pytest-benchmark.

`pytest benchmarks/test_micro.py --benchmark-enable`; README.md tells how to compare with a recorded run.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import tallymetrics
from benchmarks import competitors, ours
from benchmarks.cases import CASES
from benchmarks.class_cases import CLASS_CASES
from benchmarks.own_cases import OWN_CASES
from benchmarks.tools import Tool
from tallymetrics import metrics

pytestmark = pytest.mark.benchmark(max_time=0.2, min_rounds=5, warmup=False)

_CACHED_BYTES = 128 * 1024
_OF_KERAS, _OWN = (
    {case.metric: case for case in cases.values() if case.update_only} for cases in (CLASS_CASES, OWN_CASES)
)


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


@pytest.mark.parametrize("name", sorted(_OF_KERAS | _OWN))
def test_update_of_class(benchmark, name: str) -> None:
    case = (_OF_KERAS | _OWN)[name]
    job = ours.tools()[0].jobs[case.name](case, case.make_arrays(case))
    benchmark.group = "one update, 32 rows"
    assert all(np.isfinite(value).all() for value in job.answer(benchmark(job.run)).values())


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
