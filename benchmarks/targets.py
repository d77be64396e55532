"""What a run should reach, and where it does not: `python -m benchmarks.targets results.json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import table
from benchmarks.memory import LIMIT_BYTES
from benchmarks.reasons import REASONS
from benchmarks.results import Record

# How many times a plain read a job may take, both on one thread.
MOST_READS = {
    "confusion_10": 1.1,
    "confusion_1000": 2.0,
    "top_5": 1.1,
    "top_5_wide": 1.1,
    "collection": 1.3,
    "collection_logits": 1.9,
    "binary_counts": 1.05,
    "regression": 1.4,
    "auc_200": 1.4,
}
LEAST_TIMES_LIBRARY, LEAST_TIMES_BY_HAND, LEAST_TIMES_THREADS = 10.0, 1.0, 1.7
MOST_TIMES_BASELINE, MOST_TIMES_V3 = 3.0, 1.3
# The longest that one update of 32 rows may take, in seconds.
MOST_SECONDS = {"update_32": 3e-6, "update_32_collection": 6e-6}

_Miss = tuple[str, str, str, str]  # what is asked, job, measured, the most that the limit allows


def _seconds(case: Record, kind: str, threads: int | None = None, instruction_set: str | None = None) -> float | None:
    arms = [arm for arm in case["arms"] if threads in (None, arm["threads"])]
    arms = [arm for arm in arms if instruction_set in (None, arm["instruction_set"])]
    found = table.fastest(arms, kind)
    return found["best_seconds"] if found else None


def _against_reads(case: Record) -> Iterator[_Miss]:
    ours, read, most = _seconds(case, "ours", 1), _seconds(case, "read", 1), MOST_READS.get(case["name"])
    if ours and read and most and ours / read > most:
        yield f"at most {most:g} plain reads, 1 thread", case["title"], f"{ours / read:.2f}", "1"
    longest, small = MOST_SECONDS.get(case["name"]), _seconds(case, "ours")
    if longest and small and small > longest:
        yield f"at most {table.time_text(longest)}", case["title"], table.time_text(small), "-"


def _against_competitors(case: Record) -> Iterator[_Miss]:
    """Compare with libraries on all threads, and with what is by hand on as many threads as ours."""
    ours, library, read = (_seconds(case, kind) for kind in ("ours", "library", "read"))
    if ours and library and library / ours < LEAST_TIMES_LIBRARY:
        allowed = f"{library / read:.1f}" if read else "-"
        yield f"{LEAST_TIMES_LIBRARY:g} x the fastest library", case["title"], f"{library / ours:.1f}", allowed
    counts = sorted({arm["threads"] for arm in case["arms"] if arm["kind"] == "ours"}) if read else [None]
    for threads in counts:
        ours, hand, read = (_seconds(case, kind, threads) for kind in ("ours", "by hand", "read"))
        if ours and hand and hand / ours < LEAST_TIMES_BY_HAND:
            allowed = f"{hand / read:.2f}" if read else "-"
            beside = f", {threads} thread{'s' if threads > 1 else ''}" if threads else ""
            yield f"the fastest by hand{beside}", case["title"], f"{hand / ours:.2f}", allowed


def _among_ours(case: Record) -> Iterator[_Miss]:
    """Compare threads, instruction sets and memory; two threads may gain what the read gains."""
    single, several = _seconds(case, "ours", 1), _seconds(case, "ours", 2)
    read, reads = _seconds(case, "read", 1), _seconds(case, "read", 2)
    if single and several and read and reads:
        asked = min(LEAST_TIMES_THREADS, max(1.0, read / reads))
        if single / several < asked:
            yield f"2 threads {asked:.2g} x one", case["title"], f"{single / several:.2f}", f"{read / reads:.2f}"
    for slow, fast, most in (("baseline", "x86_v3", MOST_TIMES_BASELINE), ("x86_v3", "x86_v4", MOST_TIMES_V3)):
        before, after = (_seconds(case, "ours", 1, level) for level in (slow, fast))
        if before and after and before / after > most:
            yield f"{slow} at most {most:g} x {fast}", case["title"], f"{before / after:.2f}", "-"
    peak = case.get("peak_bytes_beyond_inputs")
    if peak and peak > LIMIT_BYTES:
        yield f"at most {LIMIT_BYTES / 1e6:g} MB", case["title"], f"{peak / 1e6:.0f}", "-"


def misses(results: Record) -> list[_Miss]:
    """Return what is asked, the job, what was measured, and the most that a plain read would allow."""
    checks = (_against_reads, _against_competitors, _among_ours)
    return sorted(miss for case in results["cases"] for check in checks for miss in check(case))


def exceptions_table(results: Record) -> str:
    """One row for each target that a job misses."""
    rows = [list(miss) for miss in misses(results)]
    header = ["asked", "job", "measured", "the limit allows"]
    return table.markdown(header, rows) if rows else "Every job reaches what is asked of it."


def reasons_list(results: Record) -> str:
    """One line for each job that misses a target: what keeps it there."""
    titles = {title for _, title, _, _ in misses(results)}
    cases = [case for case in results["cases"] if case["title"] in titles]
    return "\n".join(f"- **{case['title']}**: {REASONS[case['name']]}" for case in cases)


if __name__ == "__main__":
    print(exceptions_table(json.loads(Path(sys.argv[1]).read_text())))
