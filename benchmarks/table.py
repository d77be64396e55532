"""The printed tables, in Markdown. `python -m benchmarks.table results.json` prints them again."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path

from benchmarks.results import Record, faults


def fastest(arms: list[Record], kind: str) -> Record | None:
    """Return the arm of that kind with the best time."""
    arms = [arm for arm in arms if arm["kind"] == kind]
    return min(arms, key=lambda arm: arm["best_seconds"]) if arms else None


def _read_seconds(case: Record, threads: int) -> float | None:
    """Return the time of a plain read with that many threads."""
    for arm in case["arms"]:
        if arm["kind"] == "read" and arm["threads"] == threads:
            return arm["best_seconds"]
    return None


def time_text(seconds: float) -> str:
    """Return a time with its unit."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.1f} us"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _times_read(case: Record, arm: Record | None) -> str:
    read = _read_seconds(case, arm["threads"]) if arm else None
    return f"{arm['best_seconds'] / read:.2f}" if arm and read else "-"


def _times_faster(ours: Record, other: Record | None) -> str:
    """Return how many times as fast ours is, and the name of the other."""
    if other is None:
        return "-"
    return f"{other['best_seconds'] / ours['best_seconds']:.1f} ({other['tool']})"


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """Return a table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _ours(case: Record, threads: int | None = None) -> Record | None:
    """Return the fastest of ours with that many threads, or with the most; on the fastest instruction set."""
    ours = [arm for arm in case["arms"] if arm["kind"] == "ours"]
    threads = max(arm["threads"] for arm in ours) if threads is None else threads
    return fastest([arm for arm in ours if arm["threads"] == threads], "ours")


def _memory(case: Record) -> str:
    peak = case.get("peak_bytes_beyond_inputs")
    return "-" if peak is None else f"{peak / 1e6:.1f}"


def summary_row(case: Record) -> dict[str, str]:
    """Return the two ratios of a case, to the best competitors and to the limit, on all threads and on one."""
    most, single = _ours(case), _ours(case, 1)
    assert most is not None
    library, by_hand = (fastest(case["arms"], kind) for kind in ("library", "by hand"))
    by_hand_single = fastest([arm for arm in case["arms"] if arm["threads"] == 1], "by hand")
    return {
        "job": case["title"],
        "x library": _times_faster(most, library),
        "x by hand": _times_faster(most, by_hand),
        "x by hand, 1 thread": _times_faster(single, by_hand_single) if single else "-",
        "/ read": _times_read(case, most),
        "/ read, 1 thread": _times_read(case, single),
        "MB": _memory(case),
        "time": time_text(most["best_seconds"]),
    }


def summary_table(results: Record) -> str:
    """One row per case: how many times as fast as the fastest competitors, and how many times a plain read."""
    rows = [summary_row(case) for case in results["cases"]]
    return markdown(list(rows[0]), [list(row.values()) for row in rows])


def instruction_set_table(results: Record) -> str:
    """One row per case: the time on one thread of each instruction set, and how many times that of the next."""
    names = list(dict.fromkeys(arm["instruction_set"] for arm in _all_ours(results)))
    rows = []
    for case in results["cases"]:
        times = {}
        for name in names:
            arms = [arm for arm in case["arms"] if arm["kind"] == "ours" and arm["instruction_set"] == name]
            times[name] = min(arm["best_seconds"] for arm in arms if arm["threads"] == min(a["threads"] for a in arms))
        ratios = [f"{times[slow] / times[fast]:.2f}" for slow, fast in pairwise(names)]
        rows.append([case["title"], *(time_text(times[name]) for name in names), *ratios])
    return markdown(["job, 1 thread", *names, *(f"{slow} / {fast}" for slow, fast in pairwise(names))], rows)


def _all_ours(results: Record) -> list[Record]:
    return [arm for case in results["cases"] for arm in case["arms"] if arm["kind"] == "ours"]


def _arm_row(case: Record, arm: Record) -> list[str]:
    competitors = [other for other in case["arms"] if other["kind"] in ("library", "by hand")]
    best = min((other["best_seconds"] for other in competitors), default=None)
    scaled = f", from {arm['rows']} rows" if arm["scale"] > 1 else ""
    to_best = f"{arm['best_seconds'] / best:.3g}" if best and arm["kind"] != "read" else "-"
    tool = f"{arm['tool']} {arm['instruction_set']}".strip()
    times = [time_text(arm["best_seconds"]), time_text(arm["median_seconds"])]
    return [case["title"], tool + scaled, str(arm["threads"]), to_best, _times_read(case, arm), *times]


def full_table(results: Record) -> str:
    """One row per case and tool, fastest first, with times relative to the best competitor and to a plain read."""
    rows = []
    for case in results["cases"]:
        arms = sorted(case["arms"], key=lambda arm: arm["best_seconds"])
        rows += [_arm_row(case, arm) for arm in arms]
    header = ["case", "tool", "threads", "/ best competitor", "/ plain read", "best", "median"]
    return markdown(header, rows)


def processor_text(results: Record) -> str:
    """Return the processor, with family and model, which tell one whose name is hidden."""
    processor = dict(results["machine"]["processor"])
    name = processor.pop("model name")
    return ", ".join([name, *(f"{key} {value}" for key, value in processor.items())])


def notes(results: Record) -> str:
    """The machine, the versions, and what was skipped."""
    machine = results["machine"]
    processor = processor_text(results)
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    lines = [f"{processor}; {machine['usable_threads']} threads; Python {machine['python']}; {versions}."]
    lines += [f"Plain read: {results['plain_read']}."]
    if gain := results.get("gain_of_threads_in_cache"):
        lines += [f"Within the caches {results['threads']} threads compute {gain:.1f} times as much as one."]
    lines += [f"Skipped: {name} ({reason})." for name, reason in results["skipped"].items()]
    return "\n".join(lines)


def report(results: Record) -> str:
    """Return notes, all tables that the results have, and what went wrong."""
    parts = [notes(results), summary_table(results)]
    if len({arm["instruction_set"] for arm in _all_ours(results)}) > 1:
        parts.append(instruction_set_table(results))
    return "\n\n".join([*parts, full_table(results), *faults(results)])


if __name__ == "__main__":
    print(report(json.loads(Path(sys.argv[1]).read_text())))
