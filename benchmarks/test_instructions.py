"""What callgrind writes is read right, and more instructions than recorded are noticed."""

from __future__ import annotations

import json

import pytest

from benchmarks.callgrind import count_instructions, trigger_of
from benchmarks.instructions import RECORDED, compare

_DUMP = """# callgrind format
desc: Trigger: Client Request: x86_v3 accuracy
positions: line
events: Ir
ob=(1) /site-packages/tallymetrics/_core.cpython.so
fn=(1) 0x1234
0 100
cob=(2) /lib/libc.so
cfn=(2) memcpy
calls=3 0
0 5000
+3 20
-2
ob=(2)
fn=(2)
0 7000
ob=(1)
fn=(3) 0x5678
* 3
"""


def test_only_the_object_itself_is_counted() -> None:
    assert count_instructions(_DUMP, "_core.") == 123
    assert count_instructions(_DUMP, "libc.") == 7000


def test_dumps_are_named_by_the_client() -> None:
    assert trigger_of(_DUMP) == "x86_v3 accuracy"
    assert trigger_of("desc: Trigger: Program termination") == ""


@pytest.mark.parametrize(("now", "rose", "fell"), [(1030, 0, 0), (1031, 1, 0), (971, 0, 0), (970, 0, 1)])
def test_three_percent_more_is_a_regression(now: int, rose: int, fell: int) -> None:
    more, less = compare({"x86_v3": {"accuracy": now}}, {"x86_v3": {"accuracy": 1000}, "x86_v4": {}})
    assert (len(more), len(less)) == (rose, fell)


def test_jobs_without_a_record_are_named() -> None:
    more, _ = compare({"baseline": {"new": 1}}, {"baseline": {"old": 1}})
    assert more == ["baseline new: not recorded", "baseline old: gone"]


def test_counts_are_recorded_for_every_level_alike() -> None:
    counts = json.loads(RECORDED.read_text())["counts"]
    assert counts["baseline"].keys() == counts["x86_v3"].keys()
