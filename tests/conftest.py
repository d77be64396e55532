"""Settings shared by all tests: the Keras backend of the oracle, fixed seeds, thread and instruction-set hygiene."""

import os
import subprocess
import sys

os.environ.setdefault("KERAS_BACKEND", "numpy")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np
import pytest

import tallymetrics


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240229)


@pytest.fixture(autouse=True)
def unchanged_settings():
    """Give every test the threads and the instruction set that the process started with."""
    threads, instruction_set = tallymetrics.get_num_threads(), tallymetrics.get_instruction_set()
    yield
    tallymetrics.set_num_threads(threads)
    tallymetrics.set_instruction_set(instruction_set)


@pytest.fixture(params=tallymetrics.instruction_sets())
def level(request):
    """Each instruction set in turn, in use."""
    tallymetrics.set_instruction_set(request.param)
    return request.param


def run_python(source: str, **environment: str) -> subprocess.CompletedProcess:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("TALLYMETRICS_")}
    return subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=60, env={**variables, **environment}
    )
