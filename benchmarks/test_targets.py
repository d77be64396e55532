"""Misses of targets are found, with what the limit would allow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cases import CASES
from benchmarks.reasons import REASONS
from benchmarks.targets import MOST_READS, MOST_SECONDS, exceptions_table, misses, reasons_list


def _arm(kind: str, seconds: float, threads: int = 1, instruction_set: str = "") -> dict[str, Any]:
    return {"kind": kind, "best_seconds": seconds, "threads": threads, "instruction_set": instruction_set}


def _results(*arms: dict[str, Any], name: str = "top_5", **record: Any) -> dict[str, Any]:
    return {"cases": [{"name": name, "title": "job", "arms": list(arms), **record}]}


def test_targets_name_jobs() -> None:
    assert MOST_READS.keys() | MOST_SECONDS.keys() | REASONS.keys() <= CASES.keys()


@pytest.mark.parametrize(
    ("results", "miss"),
    [
        (_results(_arm("ours", 1.2), _arm("read", 1.0)), ("at most 1.1 plain reads, 1 thread", "job", "1.20", "1")),
        (_results(_arm("ours", 4e-6), name="update_32"), ("at most 3.0 us", "job", "4.0 us", "-")),
        (
            _results(_arm("ours", 1.0), _arm("library", 9.0), _arm("read", 1.0)),
            ("10 x the fastest library", "job", "9.0", "9.0"),
        ),
        (_results(_arm("ours", 1.0), _arm("by hand", 0.9)), ("the fastest by hand", "job", "0.90", "-")),
        (
            _results(_arm("ours", 1.0), _arm("by hand", 0.9), _arm("by hand", 0.5, 2), _arm("read", 0.92)),
            ("the fastest by hand, 1 thread", "job", "0.90", "0.98"),
        ),
        (
            _results(_arm("ours", 1.0), _arm("ours", 0.8, 2), _arm("read", 1.0), _arm("read", 0.7, 2)),
            ("2 threads 1.4 x one", "job", "1.25", "1.43"),
        ),
        (
            _results(_arm("ours", 3.1, 1, "baseline"), _arm("ours", 1.0, 1, "x86_v3")),
            ("baseline at most 3 x x86_v3", "job", "3.10", "-"),
        ),
        (_results(_arm("ours", 1.0), peak_bytes_beyond_inputs=65_000_000), ("at most 64 MB", "job", "65", "-")),
    ],
)
def test_a_miss_is_found(results: dict[str, Any], miss: tuple[str, ...]) -> None:
    assert misses(results) == [miss]
    assert "| job |" in exceptions_table(results)


def test_what_is_reached_is_no_exception() -> None:
    arms = (_arm("ours", 1.0), _arm("library", 10.0), _arm("by hand", 1.0), _arm("read", 1.0))
    assert exceptions_table(_results(*arms)) == "Every job reaches what is asked of it."


def test_every_exception_of_the_last_run_has_a_reason() -> None:
    results = json.loads((Path(__file__).parent / "last_results.json").read_text())
    missed = {job for _, job, _, _ in misses(results)}
    lines = reasons_list(results).splitlines()
    assert {line.split("**")[1] for line in lines} == missed
