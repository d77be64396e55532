"""Waiting for quiet moments, and timing until the best times agree; no real time is asserted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat

import pytest

from benchmarks.cases import CASES
from benchmarks.quiet import QuietCore
from benchmarks.runner import Arm, Options, run_case


def _core(*later: float) -> tuple[QuietCore, Iterator[float]]:
    """Return a core whose loop takes 1 at first, then these times, then 1 again, and what is left of them."""
    times = chain(repeat(1.0, 2000), later, repeat(1.0))
    return QuietCore(lambda: next(times)), times


def test_waits_until_some_loops_in_a_row_are_quick() -> None:
    core, times = _core(1.0, 1.0, 2.0, 1.0, 1.05, 1.0, 1.0, 1.0, 1.5, 1.09, 1.0, 1.0, 1.0, 1.0, 1.0, 7.0)
    assert core.wait(60.0)
    assert next(times) == 7.0


def test_knows_that_the_loop_can_be_quicker_than_at_first() -> None:
    core, times = _core(0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, *repeat(0.5, 6), 7.0)
    assert core.wait(60.0)
    assert next(times) == 7.0


def test_gives_up_where_it_is_never_quiet() -> None:
    core, _ = _core(*repeat(2.0, 10**6))
    assert not core.wait(0.01)


@pytest.mark.parametrize(
    ("kind", "seconds", "settles"),
    [
        ("ours", [0.01, 0.012, 0.0101, 0.03], True),
        ("ours", [0.0101, *repeat(0.012, 9), 0.01, 0.01019], False),
        ("ours", [0.0101, *repeat(0.012, 9), 0.01, 0.01021], True),
        ("ours", list(repeat(0.01, 11)), True),
        ("ours", [0.3, 0.4, 0.5], False),
        ("ours", [0.01 * 1.1**i for i in range(60)], False),
        ("read", [0.01, 0.012, 0.03], True),
        ("library", [0.01, 0.012, 0.03], False),
    ],
)
def test_settles_until_the_best_three_times_agree(kind: str, seconds: list[float], settles: bool) -> None:
    arm = Arm("tool", kind, 1, "", lambda _: None, lambda: None, seconds=seconds)
    assert arm.settles() is settles


def test_settling_adds_times_after_the_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import ours

    given = [0.05, *repeat(0.03, 10), 0.01, 0.0101, 0.0102]
    times = iter(chain(given, repeat(1.0)))
    monkeypatch.setattr(Arm, "time", lambda self: next(times) if self.kind == "ours" else 1.0)
    record = run_case(CASES["accuracy"].quick(), ours.tools()[:1], Options(1, rounds=1, quiet=False))
    assert [arm["raw_seconds"] for arm in record["arms"] if arm["kind"] == "ours"] == [given]
