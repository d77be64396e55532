"""The printed tables, in Markdown. `python -m benchmarks.table results.json` prints them again."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

Record = dict[str, Any]


def _fastest(arms: list[Record], kind: str) -> Record | None:
    arms = [arm for arm in arms if arm["kind"] == kind]
    return min(arms, key=lambda arm: arm["best_seconds"]) if arms else None


def _read_seconds(case: Record, threads: int) -> float | None:
    """Return the time of a plain read with that many threads."""
    for arm in case["arms"]:
        if arm["kind"] == "read" and arm["threads"] == threads:
            return arm["best_seconds"]
    return None


def _time(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.2f} us"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _times_read(case: Record, arm: Record | None) -> str:
    read = _read_seconds(case, arm["threads"]) if arm else None
    return f"{arm['best_seconds'] / read:.2f}" if arm and read else "-"


def _times_faster(ours: Record, other: Record | None) -> str:
    """Return how many times as fast ours is, and the name of the other."""
    if other is None:
        return "-"
    return f"{other['best_seconds'] / ours['best_seconds']:.1f} ({other['tool']})"


def _markdown(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def summary_table(results: Record) -> str:
    """One row per case: ours on all threads against the fastest competitors, and against a plain read."""
    rows = []
    for case in results["cases"]:
        ours = [arm for arm in case["arms"] if arm["kind"] == "ours"]
        most = max(arm["threads"] for arm in ours)
        fastest = _fastest([arm for arm in ours if arm["threads"] == most], "ours")
        single = _fastest([arm for arm in ours if arm["threads"] == 1], "ours")
        assert fastest is not None
        library, by_hand = (_fastest(case["arms"], kind) for kind in ("library", "by hand"))
        ratios = [_times_faster(fastest, library), _times_faster(fastest, by_hand)]
        reads = [_times_read(case, fastest), _times_read(case, single)]
        rows.append([case["title"], *ratios, *reads, _time(fastest["best_seconds"])])
    header = ["case", "x fastest library", "x fastest by hand", "/ plain read, all threads", "/ plain read, 1 thread"]
    return _markdown([*header, "time, all threads"], rows)


def _arm_row(case: Record, arm: Record) -> list[str]:
    competitors = [other for other in case["arms"] if other["kind"] in ("library", "by hand")]
    best = min((other["best_seconds"] for other in competitors), default=None)
    scaled = f", from {arm['rows']} rows" if arm["scale"] > 1 else ""
    to_best = f"{arm['best_seconds'] / best:.3g}" if best and arm["kind"] != "read" else "-"
    tool = f"{arm['tool']} {arm['instruction_set']}".strip()
    times = [_time(arm["best_seconds"]), _time(arm["median_seconds"])]
    return [case["title"], tool + scaled, str(arm["threads"]), to_best, _times_read(case, arm), *times]


def full_table(results: Record) -> str:
    """One row per case and tool, fastest first, with times relative to the best competitor and to a plain read."""
    rows = []
    for case in results["cases"]:
        arms = sorted(case["arms"], key=lambda arm: arm["best_seconds"])
        rows += [_arm_row(case, arm) for arm in arms]
    header = ["case", "tool", "threads", "/ best competitor", "/ plain read", "best", "median"]
    return _markdown(header, rows)


def notes(results: Record) -> str:
    """The machine, the versions, and what was skipped."""
    machine = results["machine"]
    processor = ", ".join(f"{key} {value}" for key, value in machine["processor"].items())
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    lines = [f"{processor}; {machine['usable_threads']} threads; Python {machine['python']}; {versions}."]
    lines += [f"Plain read: {results['plain_read']}."]
    lines += [f"Skipped: {name} ({reason})." for name, reason in results["skipped"].items()]
    return "\n".join(lines)


def report(results: Record) -> str:
    """Return notes and both tables."""
    return "\n\n".join([notes(results), summary_table(results), full_table(results)])


if __name__ == "__main__":
    print(report(json.loads(Path(sys.argv[1]).read_text())))
