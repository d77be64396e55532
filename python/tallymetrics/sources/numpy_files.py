"""`.npy` files, mapped, and `.npz` files, unpacked batch by batch."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from tallymetrics.sources.batches import (
    Array,
    Batch,
    Source,
    array_batches,
    check_lengths,
    release_pages,
    rows_per_batch,
)


def open_npy(paths: dict[str, Path], batch_size: int | None) -> Source:
    """Memory-mapped `.npy` files, one per argument."""
    arrays = {argument: _map_npy(path) for argument, path in paths.items()}
    rows = check_lengths({argument: array.shape for argument, array in arrays.items()})
    return Source(paths["y_pred"].name, rows, array_batches(list(arrays.values()), batch_size))


def _map_npy(path: Path) -> Array:
    try:
        array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path} must be a readable `.npy` file of numbers. Received: {error}") from error
    _check_numbers(path, array.dtype)
    return array


def open_npz(path: Path, names: dict[str, str], batch_size: int | None) -> Source:
    """Members of a `.npz` file, which cannot be mapped: they are unpacked as they are read."""
    try:
        archive = zipfile.ZipFile(path)
        members = {argument: _open_member(archive, path, argument, name) for argument, name in names.items()}
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path} must be a readable `.npz` file. Received: {error}") from error
    rows = check_lengths({argument: member.shape for argument, member in members.items()})
    step = rows_per_batch(sum(_row_bytes(member.shape, member.dtype) for member in members.values()), batch_size)

    def batches() -> Iterator[Batch]:
        with archive:
            for start in range(0, rows, step):
                stop = min(start + step, rows)
                try:
                    arrays = [member.read(start, stop) for member in members.values()]
                except (zipfile.BadZipFile, zlib.error, EOFError) as error:
                    raise ValueError(f"{path} must be a readable `.npz` file. Received: {error}") from error
                yield Batch(*arrays)

    return Source(path.name, rows, batches())


class _Member(NamedTuple):
    """An array in a `.npz` file; `read(start, stop)` must be asked for its rows in order."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[int, int], Array]


def _open_member(archive: zipfile.ZipFile, path: Path, argument: str, name: str) -> _Member:
    names = [member.removesuffix(".npy") for member in archive.namelist()]
    if name not in names:
        raise ValueError(f"`{argument}` must name an array. Received {name!r}. Arrays: {', '.join(names)}.")
    stream = archive.open(archive.namelist()[names.index(name)])
    try:
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, column_major, dtype = read_header[np.lib.format.read_magic(stream)](stream)
    except (ValueError, KeyError) as error:
        raise ValueError(f"Array {name!r} of {path} must be in `.npy` format. Received: {error}") from error
    _check_numbers(path, dtype)
    if column_major and len(shape) > 1:
        return _Member(shape, dtype, _spooled_reader(stream, shape, dtype))
    return _Member(shape, dtype, _stream_reader(stream, shape, dtype))


def _stream_reader(stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Callable[[int, int], Array]:
    def read(start: int, stop: int) -> Array:
        wanted = (stop - start) * _row_bytes(shape, dtype)
        content = stream.read(wanted)
        if len(content) < wanted:
            raise EOFError(f"the array ends before its {shape[0]} rows")
        return np.frombuffer(content, dtype).reshape(stop - start, *shape[1:])

    return read


def _spooled_reader(stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Callable[[int, int], Array]:
    # The rows of a column-major array lie all over it: it is unpacked to a temporary file and mapped from there.
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(stream, file, 2**20)
        file.flush()
        array: Array = np.memmap(file, dtype, "r", shape=shape, order="F")

    def read(start: int, stop: int) -> Array:
        release_pages(array)
        return array[start:stop]

    return read


def _row_bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    return dtype.itemsize * int(np.prod(shape[1:]))


def _check_numbers(path: Path, dtype: np.dtype[Any]) -> None:
    if dtype.kind not in "biuf":
        raise TypeError(f"{path} must hold numbers or booleans. Received dtype {dtype}.")
