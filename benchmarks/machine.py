"""What the times depend on: processor, caches, versions."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

_PACKAGES = (
    "tallymetrics",
    "numpy",
    "scipy",
    "numba",
    "polars",
    "duckdb",
    "scikit-learn",
    "torch",
    "torchmetrics",
    "torcheval",
    "keras",
    "jax",
    "tensorflow-cpu",
)
_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")


def usable_threads() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> dict[str, str]:
    """Read name, family and model, which tell a processor whose name is hidden."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return {"model name": platform.processor() or platform.machine()}
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    return {key: fields[key] for key in ("model name", "cpu family", "model") if key in fields}


def _caches() -> dict[str, str]:
    caches = {}
    for folder in sorted(_CACHES.glob("index*")):
        level, kind, size = ((folder / name).read_text().strip() for name in ("level", "type", "size"))
        caches[f"L{level} {kind.lower()}"] = size
    return caches


def _versions() -> dict[str, str]:
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def describe() -> dict[str, object]:
    """Return processor, caches, threads, system, Python and package versions."""
    return {
        "processor": _processor(),
        "caches": _caches(),
        "usable_threads": usable_threads(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": _versions(),
    }
