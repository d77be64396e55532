"""The benchmarks run and their answers agree; no time is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from benchmarks import memory
from benchmarks.cases import CASES
from benchmarks.class_cases import CLASS_CASES
from benchmarks.correctness import WrongAnswerError, assert_same_answer
from benchmarks.distance_cases import DISTANCE_CASES
from benchmarks.own_cases import OWN_CASES
from benchmarks.results import dump, faults
from benchmarks.table import report
from benchmarks.transport_plot import plot

_ROOT = Path(__file__).resolve().parents[1]


def test_quick_run_checks_every_case_and_writes_json(tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", str(output)]
    run = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    results = json.loads(output.read_text())
    assert [case["name"] for case in results["cases"]] == list(CASES)
    for case in results["cases"]:
        tools = {arm["tool"] for arm in case["arms"]}
        assert {"tallymetrics", "NumPy"} <= tools
        assert all(min(arm["raw_seconds"]) > 0 for arm in case["arms"])
    assert report(results) == run.stdout.rstrip("\n")


def test_every_class_answers_as_keras_and_numpy() -> None:
    if find_spec("keras") is None:
        pytest.skip("keras is not installed")
    competitors = "keras_on_numpy,numpy_by_hand,scipy_functions,scikit_learn"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--classes", "--competitors", competitors]
    run = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert all(case.title in run.stdout for case in (CLASS_CASES | OWN_CASES).values())


def test_every_distance_agrees_and_is_drawn(tmp_path: Path) -> None:
    output = tmp_path / "distances.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--distances", "--threads", "1", "--json", str(output)]
    run = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    results = json.loads(output.read_text())
    assert [case["name"] for case in results["cases"]] == list(DISTANCE_CASES)
    pytest.importorskip("matplotlib")
    plot(results, tmp_path / "time.png")
    assert (tmp_path / "time.png").stat().st_size > 1000


def test_unknown_case_is_a_usage_error() -> None:
    command = [sys.executable, "-m", "benchmarks", "--cases", "nothing"]
    run = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=300)
    assert run.returncode == 2
    assert "unknown: nothing" in run.stderr


@pytest.mark.parametrize(
    "answer",
    [
        {"matrix": np.array([1, 3]), "mean": 0.5},
        {"matrix": np.array([1, 2]), "mean": 0.5001},
        {"matrix": np.array([1, 2])},
    ],
)
def test_different_answers_are_refused(answer: dict) -> None:
    with pytest.raises(WrongAnswerError, match=r"^tool answered"):
        assert_same_answer("tool", answer, {"matrix": np.array([1, 2]), "mean": 0.5}, 1e-5)


def test_memory_beyond_the_inputs_is_measured() -> None:
    case = replace(CASES["collection"], rows=500)
    peak = memory.peak_beyond_inputs(case, threads=1)
    if peak is None:
        pytest.skip("this kernel does not let a process reset its peak")
    cells = case.classes**2 * 8
    assert cells <= peak < memory.LIMIT_BYTES


def test_faults_are_named() -> None:
    case = {"title": "accuracy", "failed": {"numba": "ValueError: no"}, "peak_bytes_beyond_inputs": 65_000_000}
    limit = "accuracy: 65 MB beyond the inputs; the limit is 64"
    assert faults({"cases": [case]}) == ["accuracy: numba failed. ValueError: no", limit]
    assert faults({"cases": [{"title": "accuracy", "peak_bytes_beyond_inputs": None}]}) == []


def test_json_has_a_line_for_each_arm() -> None:
    results = {"cases": [{"name": "a", "arms": [{"tool": "b", "raw_seconds": [1.0, 2.0]}, {"tool": "c"}]}]}
    lines = dump(results).splitlines()
    assert json.loads(dump(results)) == results
    assert any('"tool": "b"' in line and "[ 1.0, 2.0 ]" in line for line in lines)
