"""Threads and instruction set of the native core."""

import os

from tallymetrics import _core
from tallymetrics.arguments import as_integer

_num_threads: int | None = None


def _from_environment(name: str) -> int | None:
    text = os.environ.get(name, "").split(",")[0].strip()
    if not text:
        return None
    if not text.isdigit() or int(text) < 1:
        if name == "OMP_NUM_THREADS":
            return None
        raise ValueError(f"`{name}` must be a positive integer. Received {os.environ[name]!r}.")
    return int(text)


def _cgroup_quota() -> float:
    """Processors that the control group grants, infinite where nothing limits them."""
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = file.read().split()[:2]
        return float("inf") if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        pass
    try:
        with open("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") as file:
            limit = int(file.read())
        with open("/sys/fs/cgroup/cpu/cpu.cfs_period_us") as file:
            return float("inf") if limit < 0 else limit / int(file.read())
    except (OSError, ValueError):
        return float("inf")


def _available_processors() -> int:
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return int(max(1, min(affinity, -(-_cgroup_quota() // 1))))


def get_num_threads() -> int:
    """Returns the most threads that one update uses.

    The first that is set of `set_num_threads`, the environment variables `TALLYMETRICS_NUM_THREADS` and
    `OMP_NUM_THREADS`, and the processors that the affinity mask and the control group's quota leave to this process.
    Results do not depend on it.
    """
    global _num_threads
    if _num_threads is None:
        asked = _from_environment("TALLYMETRICS_NUM_THREADS") or _from_environment("OMP_NUM_THREADS")
        _num_threads = asked or _available_processors()
    return _num_threads


def set_num_threads(num_threads: int | None) -> None:
    """Sets the most threads that one update uses; `None` returns to the default of `get_num_threads`.

    Raises:
        ValueError: If `num_threads` is not from 1 to 1024.
    """
    global _num_threads
    _num_threads = None if num_threads is None else as_integer(num_threads, "num_threads", 1, 1024)


def instruction_sets() -> list[str]:
    """Returns the instruction sets that this machine runs, slowest first: some of
    `"baseline"`, `"x86_v3"` (AVX2), `"x86_v4"` (AVX-512)."""
    return _core.instruction_sets()


def get_instruction_set() -> str:
    """Returns the instruction set in use: the best there is, or the one in `TALLYMETRICS_INSTRUCTION_SET`."""
    return _core.get_instruction_set()


def set_instruction_set(name: str) -> None:
    """Uses the kernels of one instruction set. Results do not depend on it.

    Raises:
        ValueError: If this machine does not run it.
    """
    if not _core.set_instruction_set(name):
        known = ", ".join(instruction_sets())
        raise ValueError(f"`name` must be an instruction set of this machine ({known}). Received {name!r}.")


if os.environ.get("TALLYMETRICS_INSTRUCTION_SET"):
    set_instruction_set(os.environ["TALLYMETRICS_INSTRUCTION_SET"])
