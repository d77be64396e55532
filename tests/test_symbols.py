"""No symbol of one instruction set may be linked into another: kernel objects export their table and nothing weak."""

import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest

CPP = Path(__file__).parents[1] / "cpp"
KERNELS = ["class_counts", "convert", "correlation_rows", "entropy_rows", "error_rows", "rows", "scores", "sums"]
KERNELS += ["binary_counts", "element_sums", "histogram_rows", "label_pairs", "positions", "thresholds", "transport"]
ALLOWED_UNDEFINED = {"memcpy", "memmove", "memset", "pow"}

pytestmark = [
    pytest.mark.skipif(platform.machine() != "x86_64", reason="other machines have one level"),
    pytest.mark.skipif(not (shutil.which("c++") and shutil.which("nm")), reason="needs c++ and nm"),
]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("optimisation", ["-O0", "-O2"])
def test_kernel_objects_export_one_table(kernel, optimisation, tmp_path):
    target = tmp_path / "kernel.o"
    level = ["-march=x86-64-v4", "-mprefer-vector-width=512", "-DTALLY_LEVEL=x86_v4"]
    flags = ["-std=c++17", "-fPIC", "-fno-math-errno", "-fno-exceptions", f"-I{CPP}", *level]
    source = CPP / "kernels" / f"{kernel}.cpp"
    subprocess.run(["c++", *flags, optimisation, "-c", str(source), "-o", str(target)], check=True)
    listing = subprocess.run(["nm", "-C", str(target)], check=True, capture_output=True, text=True).stdout
    symbols = [re.match(r"^[0-9a-f]*\s*(\w) (.+)$", line.strip()) for line in listing.splitlines() if line.strip()]
    exported = {match[2] for match in symbols if match[1].isupper() and match[1] != "U"}
    undefined = {match[2] for match in symbols if match[1] == "U"}
    weak = {match[2] for match in symbols if match[1] in "VvWwu"}
    assert exported == {f"tally_{kernel.removesuffix('s')}_kernels_x86_v4"}
    assert not weak
    assert undefined <= ALLOWED_UNDEFINED | {"_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail"}
