"""Peak memory beyond the inputs: each job of this package in a fresh process. `python -m benchmarks.memory CASE`."""

from __future__ import annotations

import ctypes
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.cases import CASES, Case

LIMIT_BYTES = 64_000_000
_ROOT = Path(__file__).resolve().parents[1]
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def _read_status(field: str) -> int:
    return int(re.search(rf"^{field}:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)[1]) * 1024


def _measure(case: Case, threads: int) -> int:
    """Run the job once and return by how much its peak exceeds what was resident before, in bytes."""
    import tallymetrics
    from benchmarks import ours

    tallymetrics.set_num_threads(threads)
    job = ours.tools()[0].jobs[case.name](case, case.make_arrays(case))
    ctypes.CDLL(None).malloc_trim(0)  # or the job would find pages that making the arrays has left
    _CLEAR.write_text("5")  # the peak starts anew
    before = _read_status("VmRSS")
    job.answer(job.run())
    return max(0, _read_status("VmHWM") - before)


def peak_beyond_inputs(case: Case, threads: int) -> int | None:
    """Return the bytes that one run of the job of this package needs at most beside its arrays, or None if unknown.

    It includes the accumulator, its result, scratch and the stacks of new threads. Known where the kernel lets a
    process reset its own peak: on Linux, unless forbidden.
    """
    command = [sys.executable, "-m", "benchmarks.memory", case.name, str(case.rows), str(threads)]
    run = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    return json.loads(run.stdout) if run.returncode == 0 else None


if __name__ == "__main__":
    name, *numbers = sys.argv[1:]
    case_rows, case_threads = (int(number) for number in numbers) if numbers else (CASES[name].rows, 1)
    print(_measure(replace(CASES[name], rows=case_rows), case_threads))
