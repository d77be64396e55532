"""One direction of dependence, read from imports and includes; and the few things that have one owner."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "python" / "tallymetrics"
CPP = ROOT / "cpp"

# Lower layers first; a module may import its own layer and those before it.
PYTHON_LAYERS = [
    {"_core"},
    {"arguments", "runtime", "inputs"},
    {"metrics"},
    {"sources", "resolve", "outputs", "evaluation", "evaluate"},
    {"keras"},
    {"report", "cli", "__main__", "__init__", "examples"},
]
CPP_LAYERS = [["kernels"], ["support"], ["samples", "transport"], ["accumulators"], ["pass"], ["bindings"]]


def _python_layer(module: str) -> int:
    layers = [number for number, names in enumerate(PYTHON_LAYERS) if module in names]
    assert layers, f"{module} has no layer: add it to PYTHON_LAYERS"
    return layers[0]


def _imports(path: Path) -> set[str]:
    """Modules of this package that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "tallymetrics":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tallymetrics."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("tallymetrics.")}
    return found


PYTHON_FILES = sorted(path for path in PACKAGE.rglob("*.py"))
CPP_FILES = sorted([*CPP.rglob("*.h"), *CPP.rglob("*.cpp")])


@pytest.mark.parametrize("path", PYTHON_FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_python_imports_point_downwards(path):
    relative = path.relative_to(PACKAGE)
    own = relative.parts[0].removesuffix(".py")
    known = {name for layer in PYTHON_LAYERS for name in layer}
    for imported in _imports(path) & known:
        assert _python_layer(imported) <= _python_layer(own), f"{relative} imports tallymetrics.{imported}"


def test_base_class_and_inputs_import_nothing_above_them():
    assert _imports(PACKAGE / "inputs.py") <= {"_core", "arguments"}
    source = (PACKAGE / "metrics" / "metric.py").read_text()
    assert set(re.findall(r"from (tallymetrics[\w.]*) import", source)) == {
        "tallymetrics",
        "tallymetrics.metrics.holding",
        "tallymetrics.metrics.locks",
        "tallymetrics.metrics.names",
        "tallymetrics.metrics.tracking",
        "tallymetrics.metrics.variables",
    }


def _cpp_layer(name: str) -> int:
    return next(number for number, names in enumerate(CPP_LAYERS) if name in names)


@pytest.mark.parametrize("path", CPP_FILES, ids=lambda path: str(path.relative_to(CPP)))
def test_includes_point_downwards(path):
    own = path.relative_to(CPP).parts[0]
    for included in re.findall(r'#include "([^"]+)"', path.read_text()):
        assert (CPP / included).is_file(), included
        assert _cpp_layer(included.split("/")[0]) <= _cpp_layer(own), f"{path} includes {included}"


def _files_with(pattern: str) -> set[str]:
    return {str(path.relative_to(CPP)) for path in CPP_FILES if re.search(pattern, path.read_text())}


def test_single_owners():
    assert {name.split("/")[0] for name in _files_with(r"pybind11|Python\.h")} == {"bindings"}
    assert _files_with(r"#pragma omp|omp\.h") == {"support/parallel.cpp"}
    assert _files_with(r"__builtin_cpu_supports|cpuid") == {"support/dispatch.cpp"}
    assert _files_with(r"immintrin\.h|_mm\d*_|arm_neon\.h") == {"kernels/vector.h", "kernels/integer_vectors.h"}


def test_kernels_use_c_headers_and_no_templates_of_the_library():
    for path in CPP.glob("kernels/*"):
        standard = set(re.findall(r"#include <([^>]+)>", path.read_text()))
        assert standard <= {"cstddef", "cstdint", "cstring", "immintrin.h"}, path


def test_optional_packages_are_imported_inside_functions():
    optional = {"pyarrow", "click", "tqdm", "keras", "torch", "jax", "tensorflow", "sklearn", "matplotlib"}
    for path in PYTHON_FILES:
        if path.name in ("make_digits.py", "train_digits.py"):
            continue
        # Its own folder is only imported by those who have Keras; `tallymetrics` does not import it.
        allowed = {"keras"} if path.parent.name == "keras" else set()
        # Imported where JAX runs.
        allowed |= {"jax"} if path.name == "jax_calls.py" else set()
        for node in ast.parse(path.read_text()).body:
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.split(".")[0] for name in names} & (optional - allowed), path


def test_files_stay_readable():
    for path in [*PYTHON_FILES, *CPP_FILES]:
        assert len(path.read_text().splitlines()) <= 330, f"{path} is long: does it hold two subjects?"
