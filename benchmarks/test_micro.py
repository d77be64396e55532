"""One update of 32 rows: `pytest benchmarks/test_micro.py --benchmark-enable`."""

from __future__ import annotations

import pytest

from benchmarks import competitors, ours
from benchmarks.cases import CASES
from benchmarks.tools import Tool


def _tools() -> list[Tool]:
    tools = ours.tools() + competitors.load(("numpy_by_hand", "scikit_learn"))[0]
    return [tool for tool in tools if "update_32" in tool.jobs]


@pytest.mark.parametrize("name", ["update_32", "update_32_collection"])
@pytest.mark.parametrize("tool", _tools(), ids=lambda tool: tool.name)
def test_update(benchmark, tool: Tool, name: str) -> None:
    case = CASES[name]
    job = tool.jobs[name](case, case.make_arrays(case))
    benchmark.group = case.title
    answer = job.answer(benchmark(job.run))
    assert 0 <= answer["accuracy"] <= 1
