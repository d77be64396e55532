"""Logarithms and exponentials of the kernels: accurate, and the same bits for a number and for a vector."""

import ctypes
import platform
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import tallymetrics

pytestmark = [
    pytest.mark.skipif(not shutil.which("c++"), reason="needs c++"),
    pytest.mark.skipif(np.finfo(np.longdouble).nmant < 60, reason="needs long doubles beyond float64"),
]

CPP = Path(__file__).parents[1] / "cpp"
SOURCE = """
#include "kernels/exponential.h"
#include "kernels/logarithm.h"

template <class Function>
void apply(const double* from, double* of_vectors, double* of_numbers, int64_t count, Function function) {
  for (int64_t i = 0; i + kDoubles <= count; i += kDoubles)
    store(of_vectors + i, function(load<Doubles>(from + i)));
  for (int64_t i = 0; i < count; ++i) of_numbers[i] = function(from[i]);
}

#define EXPORT(name)                                                                                     \\
  extern "C" void test_##name(const double* from, double* vectors, double* numbers, int64_t count) {    \\
    apply(from, vectors, numbers, count, [](auto x) { return name(x); });                               \\
  }
EXPORT(natural_logarithm)
EXPORT(logarithm_of_one_plus)
EXPORT(exponential)
EXPORT(exponential_less_one)
"""
FLAGS = {
    "baseline": [],
    "x86_v3": ["-march=x86-64-v3"],
    "x86_v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
}
TINY = np.finfo(np.float64).smallest_subnormal


@pytest.fixture(scope="module", params=tallymetrics.instruction_sets())
def library(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "functions.cpp").write_text(SOURCE)
    flags = ["-std=c++17", "-O3", "-shared", "-fPIC", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
    level = FLAGS[request.param] if platform.machine() == "x86_64" else []
    command = ["c++", *flags, "-fwrapv", *level, f"-I{CPP}", str(folder / "functions.cpp")]
    subprocess.run([*command, "-o", str(folder / "functions.so")], check=True)
    return ctypes.CDLL(str(folder / "functions.so"))


def answers(library, name, numbers):
    """The function of numbers, once as vectors and once one by one."""
    numbers = np.concatenate([numbers, np.ones(-len(numbers) % 16)])
    of_vectors, of_numbers = np.full((2, len(numbers)), 7.0)
    pointers = (ctypes.c_void_p(one.ctypes.data) for one in (numbers, of_vectors, of_numbers))
    getattr(library, f"test_{name}")(*pointers, ctypes.c_int64(len(numbers)))
    np.testing.assert_array_equal(of_vectors, of_numbers)
    assert np.array_equal(np.signbit(of_vectors), np.signbit(of_numbers)) or np.isnan(of_numbers).any()
    return numbers, of_numbers


def worst_error(numbers, results, exact):
    """In units of the last place of the exact answer."""
    expected = exact(numbers.astype(np.longdouble))
    return float(np.max(np.abs(results - expected) / np.spacing(np.abs(expected).astype(np.float64))))


def of_every_magnitude(rng, low, high):
    return np.exp2(rng.uniform(low, high, 200_000))


@pytest.mark.parametrize(
    ("name", "exact", "numbers", "allowed"),
    [
        ("natural_logarithm", np.log, lambda rng: of_every_magnitude(rng, -1021, 1023), 1.0),
        ("natural_logarithm", np.log, lambda rng: rng.uniform(0.5, 2, 200_000), 1.0),
        ("natural_logarithm", np.log, lambda rng: rng.integers(1, 2**52, 9999).view(np.float64), 1.0),
        ("natural_logarithm", np.log, lambda rng: 1 + of_every_magnitude(rng, -52, -1), 1.0),
        ("logarithm_of_one_plus", np.log1p, lambda rng: of_every_magnitude(rng, -1021, 1023), 2.0),
        ("logarithm_of_one_plus", np.log1p, lambda rng: -of_every_magnitude(rng, -1021, -1e-7), 2.0),
        ("exponential", np.exp, lambda rng: -rng.uniform(0, 708, 200_000), 2.0),
        ("exponential", np.exp, lambda rng: -of_every_magnitude(rng, -1021, 9), 2.0),
        ("exponential_less_one", np.expm1, lambda rng: -rng.uniform(0, 700, 200_000), 2.0),
        ("exponential_less_one", np.expm1, lambda rng: -of_every_magnitude(rng, -1021, 6), 2.0),
    ],
)
def test_errors_are_small(library, name, exact, numbers, allowed, rng):
    given, results = answers(library, name, numbers(rng))
    assert worst_error(given, results, exact) <= allowed


NAN, INF = np.nan, np.inf
EDGES = {
    "natural_logarithm": [(0.0, -INF), (-0.0, -INF), (-1.0, NAN), (-TINY, NAN), (-INF, NAN), (NAN, NAN), (INF, INF)],
    "logarithm_of_one_plus": [(0.0, 0.0), (INF, INF), (NAN, NAN), (TINY, TINY)],
    "exponential": [(0.0, 1.0), (-0.0, 1.0), (-INF, 0.0), (-709.0, 0.0), (NAN, NAN)],
    "exponential_less_one": [(0.0, 0.0), (-700.0, -1.0), (NAN, NAN)],
}


@pytest.mark.parametrize("name", EDGES)
def test_edges(library, name):
    numbers, expected = np.array(EDGES[name]).T
    _, results = answers(library, name, numbers)
    np.testing.assert_array_equal(results[: len(expected)], expected)
