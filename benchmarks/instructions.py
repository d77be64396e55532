"""Instructions that the core executes on small fixed jobs, counted by callgrind: a guard without timing noise.

`python -m benchmarks.instructions` compares with instructions.json and fails where a job needs more than 3 % more;
`--update` writes that file anew. Counts are those of code in `_core` alone, on one thread, on each instruction set that
valgrind knows. They depend on the compiler, so another one than the recorded is not compared.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import tallymetrics
from benchmarks import ours
from benchmarks.callgrind import count_instructions, trigger_of
from benchmarks.cases import CASES, Case
from benchmarks.class_cases import CLASS_CASES
from benchmarks.own_cases import OWN_CASES
from tallymetrics import _core

Counts = dict[str, dict[str, int]]

RECORDED = Path(__file__).with_name("instructions.json")
_ROOT = Path(__file__).resolve().parents[1]
_MOST = 1.03
_VALUES, _MOST_ROWS, _CLASS_ROWS = 200_000, 20_000, 2_500
_REQUESTS = """
#include <valgrind/callgrind.h>
void start(void) { CALLGRIND_START_INSTRUMENTATION; }
void zero(void) { CALLGRIND_ZERO_STATS; }
void dump(const char* name) { CALLGRIND_DUMP_STATS_AT(name); }
"""


def _cases() -> Iterator[tuple[str, Case]]:
    """Every job at a size that takes milliseconds, and an update of every class with more rows than a block has."""
    for name, case in CASES.items():
        eight = replace(case, rows=8)
        width = eight.make_arrays(eight)["y_pred"][0].size
        yield name, replace(case, rows=min(case.rows, _MOST_ROWS, max(8, _VALUES // width)))
    for case in (*CLASS_CASES.values(), *OWN_CASES.values()):
        if not case.update_only:
            yield case.metric, replace(case, rows=_CLASS_ROWS)


def _count_in_child(library: str) -> None:
    """Run every job once, between requests to callgrind; this process runs under it."""
    # A collection would count the end of earlier jobs' objects with whichever job it falls into.
    gc.disable()
    requests = ctypes.CDLL(library)
    tallymetrics.set_num_threads(1)
    tool = ours.tools()[0]
    jobs = {name: tool.jobs[case.name](case, case.make_arrays(case)) for name, case in _cases()}
    requests.start()
    for instruction_set in tallymetrics.instruction_sets():
        tallymetrics.set_instruction_set(instruction_set)
        for name, job in jobs.items():
            job.run()  # scratch is allocated now
            requests.zero()
            job.run()
            requests.dump(f"{instruction_set} {name}".encode())


def count() -> Counts:
    """Run the jobs under callgrind and return instruction set -> job -> instructions."""
    with tempfile.TemporaryDirectory() as folder:
        source, library, output = (Path(folder) / name for name in ("requests.c", "requests.so", "counts"))
        source.write_text(_REQUESTS)
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", library, source], check=True)
        valgrind = ["valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={output}"]
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
        child = [sys.executable, "-m", "benchmarks.instructions", "--child", str(library)]
        subprocess.run(valgrind + child, check=True, cwd=_ROOT, env=environment)
        counts: Counts = {}
        for dump in Path(folder).glob("counts.*"):
            instruction_set, _, name = trigger_of(dump.read_text()).partition(" ")
            if name:
                counts.setdefault(instruction_set, {})[name] = count_instructions(dump.read_text(), "_core.")
    return {level: dict(sorted(counts[level].items())) for level in sorted(counts)}


def compiler() -> str:
    """Return the compiler that the core names, as GCC and Clang write it into objects."""
    found = re.search(rb"GCC: \([^)]*\) [\d.]+|clang version [\d.]+", Path(_core.__file__).read_bytes())
    return re.sub(r": \([^)]*\)", "", found[0].decode()) if found else "unknown"


def compare(now: Counts, recorded: Counts) -> tuple[list[str], list[str]]:
    """Return lines for jobs that need over 3 % more than recorded or are missing, and for those that need less."""
    more, less = [], []
    for level in sorted(now.keys() & recorded.keys()):
        for name in sorted(now[level].keys() | recorded[level].keys()):
            after, before = now[level].get(name), recorded[level].get(name)
            if after is None or before is None:
                more.append(f"{level} {name}: {'not recorded' if before is None else 'gone'}")
            elif after > before * _MOST:
                more.append(f"{level} {name}: {before} -> {after} instructions (+{after / before - 1:.1%})")
            elif before > after * _MOST:
                less.append(f"{level} {name}: {before} -> {after} instructions ({after / before - 1:.1%})")
    return more, less


def main() -> int:
    """Count, then compare or record; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions", description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true", help=f"write {RECORDED.name}")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        _count_in_child(arguments.child)
        return 0
    if shutil.which("valgrind") is None:
        print("skipped: valgrind is not installed")
        return 0
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {"compiler": "", "counts": {}}
    if not arguments.update and compiler() != recorded["compiler"]:
        print(f"skipped: counts were recorded with {recorded['compiler']}, the core was compiled by {compiler()}")
        return 0
    counts = count()
    if arguments.update:
        RECORDED.write_text(json.dumps({"compiler": compiler(), "counts": counts}, indent=1) + "\n")
    more, less = compare(counts, recorded["counts"])
    kept = sum(map(len, counts.values()))
    print(f"{kept} counts on {', '.join(counts)}; {len(more)} rose, {len(less)} fell by over 3 %")
    print(*([] if arguments.update else more), *less, sep="\n")
    if less and not arguments.update:
        print("--update records what has become cheaper")
    return 1 if more and not arguments.update else 0


if __name__ == "__main__":
    sys.exit(main())
