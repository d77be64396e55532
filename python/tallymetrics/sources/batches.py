"""What every source hands on: batches of arrays, and arrays cut into batches."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Large enough to hide the cost of a call, small enough to forget: a few batches fit any memory.
BATCH_BYTES = 16 * 2**20
# Narrow rows need no more than this to fill the threads.
BATCH_ROWS = 2**20


class Batch(NamedTuple):
    """Rows of predictions: `[rows, ...]` arrays of equal length."""

    y_true: Any
    y_pred: Any
    sample_weight: Any = None


@dataclass(frozen=True)
class Source:
    """A named stream of batches; `rows` is their total where it is known beforehand."""

    name: str
    rows: int | None
    batches: Iterator[Batch]


def rows_per_batch(row_bytes: int, batch_size: int | None) -> int:
    """The rows of one batch: `batch_size`, or as many as fit in `BATCH_BYTES`.

    Raises:
        ValueError: `batch_size` is not positive.
    """
    if batch_size is None:
        return min(max(BATCH_BYTES // max(row_bytes, 1), 1), BATCH_ROWS)
    if batch_size < 1:
        raise ValueError(f"`batch_size` must be a positive number of rows. Received {batch_size}.")
    return batch_size


def array_batches(arrays: Sequence[Array | None], batch_size: int | None) -> Iterator[Batch]:
    """Cut `[y_true, y_pred, sample_weight]` into batches of views, forgetting mapped pages behind itself."""
    present = [array for array in arrays if array is not None]
    row_bytes = sum(array.itemsize * int(np.prod(array.shape[1:])) for array in present)
    rows = len(present[0])
    step = rows_per_batch(row_bytes, batch_size)
    for start in range(0, rows, step):
        yield Batch(*(None if array is None else array[start : start + step] for array in arrays))
        for array in present:
            release_pages(array)


def check_lengths(shapes: dict[str, tuple[int, ...]]) -> int:
    """The common number of rows of the arrays, given the shape of each argument.

    Raises:
        ValueError: an array has no rows axis, or the numbers of rows differ.
    """
    for name, shape in shapes.items():
        if not shape:
            raise ValueError(f"`{name}` must have at least one axis, the rows. Received shape ().")
    if len({shape[0] for shape in shapes.values()}) > 1:
        counts = ", ".join(f"`{name}` has {shape[0]}" for name, shape in shapes.items())
        raise ValueError(f"The arrays must have the same number of rows. Received: {counts}.")
    return next(iter(shapes.values()))[0]


def is_mapped(array: Any) -> bool:
    """Whether `array` is a view of a file that is mapped read-only."""
    return _read_only_mapping(array) is not None


def release_pages(array: Any) -> None:
    """Drop the resident pages of a read-only mapped array; the next access reads them again."""
    mapping = _read_only_mapping(array)
    if mapping is not None:
        release_mapping(mapping)


def release_mapping(mapping: mmap.mmap) -> None:
    """Drop the resident pages of a read-only mapping, where the system can."""
    if hasattr(mapping, "madvise"):
        mapping.madvise(mmap.MADV_DONTNEED)


def _read_only_mapping(array: Any) -> mmap.mmap | None:
    # Only mode "r": in a copy-on-write mapping, dropping pages would drop what was written to them.
    read_only = False
    owner = array
    while isinstance(owner, np.ndarray):
        read_only = read_only or (isinstance(owner, np.memmap) and owner.mode == "r")
        owner = owner.base
    return owner if read_only and isinstance(owner, mmap.mmap) else None
