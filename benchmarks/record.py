"""Measures everything that the READMEs show and writes it down: `python -m benchmarks.record`.

Runs the jobs on every instruction set with their memory, one update of every class, every distance, and the small
updates of pytest-benchmark, each in a process of its own; counts instructions anew; then draws the picture and fills
the READMEs.
A part that fails is named at the end, and what it had measured until then is kept.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent
_BENCHMARKS = ("-m", "benchmarks", "--json")
_COMPETITORS_OF_CLASSES = (
    "keras_on_numpy,keras_on_torch,keras_on_jax,keras_on_tensorflow,"
    "numpy_by_hand,scipy_functions,scikit_learn,torch_metrics"
)
_PARTS: dict[str, tuple[str, ...]] = {
    "jobs": (*_BENCHMARKS, f"{_FOLDER / 'last_results.json'}", "--all-instruction-sets", "--memory"),
    "classes": (
        *(*_BENCHMARKS, f"{_FOLDER / 'last_classes.json'}", "--classes", "--rounds", "3", "--case-seconds", "2"),
        *("--slow-seconds", "0.3", "--competitors", _COMPETITORS_OF_CLASSES),
    ),
    "distances": (*_BENCHMARKS, f"{_FOLDER / 'last_distances.json'}", "--distances", "--threads", "1"),
    "micro": (
        *("-m", "pytest", "-q", f"{_FOLDER / 'test_micro.py'}", "--benchmark-enable"),
        f"--benchmark-json={_FOLDER / 'micro_baseline.json'}",
    ),
    "instructions": ("-m", "benchmarks.instructions", "--update"),
    "picture": ("-m", "benchmarks.picture", f"{_FOLDER / 'last_results.json'}", f"{_FOLDER / 'last_results.png'}"),
    "readme": ("-m", "benchmarks.readme"),
}


def main() -> int:
    """Run the parts in order; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.record", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(_PARTS)}; default: all")
    parts = parser.parse_args().parts or list(_PARTS)
    if unknown := set(parts) - set(_PARTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}. Known: {', '.join(_PARTS)}")
    failed = []
    for part in parts:
        start = time.perf_counter()
        status = subprocess.run([sys.executable, *_PARTS[part]], cwd=_FOLDER.parent, check=False).returncode
        print(f"{part}: {time.perf_counter() - start:.0f} s, exit status {status}", file=sys.stderr)
        failed += [part] if status else []
    print(*(f"failed: {part}" for part in failed), sep="\n", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
