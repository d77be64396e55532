"""Real models trained with this package's callback, metrics and losses, one process for each backend."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import run_python

FOLDER = Path(__file__).parent / "keras_training"
CHECKS = re.findall(r"^def (check_\w+)", "\n".join(path.read_text() for path in FOLDER.glob("*_checks.py")), re.M)
BACKENDS = ("torch", "jax", "tensorflow")


def checks_of(backend: str) -> list[str]:
    others = tuple(f"check_{name}_" for name in BACKENDS if name != backend)
    return [name for name in CHECKS if not name.startswith(others)]


@cache
def faults(backend: str) -> dict[str, str | None]:
    """What each check of a backend found, by its name."""
    # Models as small as these lose more by threads than they gain.
    settings = {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1", "OMP_NUM_THREADS": "1"}
    environment = {**os.environ, **settings, "KERAS_BACKEND": backend}
    command = [sys.executable, str(FOLDER / "run.py")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment)
    lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("[")]
    assert run.returncode == 0, run.stderr
    assert sorted(name for name, _ in lines) == sorted(checks_of(backend))
    return dict(lines)


def _is_missing(backend: str) -> str | None:
    missing = [name for name in ("keras", backend) if find_spec(name) is None]
    return f"needs {' and '.join(missing)}" if missing else None


@pytest.mark.parametrize(("backend", "name"), [(backend, name) for backend in BACKENDS for name in checks_of(backend)])
def test_training(backend, name):
    reason = _is_missing(backend)
    if reason:
        pytest.skip(reason)
    fault = faults(backend)[name]
    assert fault is None, fault


@pytest.mark.skipif(find_spec("keras") is None, reason="needs keras")
def test_package_imports_no_keras_and_says_what_it_needs():
    alone = run_python("import sys, tallymetrics, tallymetrics.metrics; print('keras' in sys.modules)")
    assert alone.stdout.strip() == "False", alone.stderr
    source = "import sys; sys.modules['keras'] = None; import tallymetrics; import tallymetrics.keras"
    without = run_python(source)
    assert "ImportError: `tallymetrics.keras` needs Keras 3: pip install 'tallymetrics[keras]'" in without.stderr
