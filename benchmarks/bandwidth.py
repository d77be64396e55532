"""The limit: a plain read of the arrays of a case, as a sum of their bytes taken as uint64."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

ReadSum = Callable[[np.ndarray, int], int]


def _numpy_read_sum(pool: ThreadPoolExecutor, array: np.ndarray, threads: int) -> int:
    """Sum with NumPy, one piece of the array per thread; NumPy releases the GIL."""
    words = array.reshape(-1).view(np.uint8)[: array.nbytes // 8 * 8].view(np.uint64)
    if threads == 1:
        return int(words.sum())
    return sum(int(part) for part in pool.map(np.sum, np.array_split(words, threads)))


def _find_read_sum() -> tuple[str, ReadSum, Callable[[], None]]:
    try:
        import tallymetrics
        from tallymetrics import _core
    except ImportError:
        return "NumPy sum", partial(_numpy_read_sum, ThreadPoolExecutor()), lambda: None
    use_best = partial(tallymetrics.set_instruction_set, tallymetrics.get_instruction_set())
    return "vectorised sum of the package", _core.read_sum, use_best


READ_NAME, _read_sum, use_best_instruction_set = _find_read_sum()


def plain_read(arrays: dict[str, np.ndarray], threads: int) -> None:
    """Read every byte of the arrays once."""
    for array in arrays.values():
        _read_sum(array, threads)
