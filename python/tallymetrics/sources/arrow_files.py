"""Parquet, Arrow IPC and CSV files, read piece by piece through pyarrow."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tallymetrics.sources.arrow_columns import ColumnReader, select_columns
from tallymetrics.sources.batches import Batch, Source, release_mapping, rows_per_batch

# The columns wanted of a file: argument name -> what the user named.
Wanted = dict[str, str]

# One read of a Parquet column chunk; without it whole row groups come into memory.
_READ_BYTES = 2**20
# Also the longest CSV line. Several blocks are read ahead.
_CSV_BLOCK_BYTES = 2**22
# pyarrow's own list also takes NaN for a null; here it is a value, as in every other kind of file.
_CSV_NULLS = ["", "#N/A", "#N/A N/A", "#NA", "N/A", "NA", "NULL", "n/a", "null"]


def open_parquet(path: Path, wanted: Wanted, batch_size: int | None) -> Source:
    """The columns of a Parquet file; no row group is read as a whole."""
    from pyarrow import parquet

    with _reading(path, "Parquet"):
        file = parquet.ParquetFile(path, buffer_size=_READ_BYTES, pre_buffer=False)
    readers = _column_readers(wanted, file.schema_arrow.names)
    names = _names(readers)
    step = rows_per_batch(_parquet_row_bytes(file, names), batch_size)

    def record_batches() -> Iterator[Any]:
        with file, _reading(path, "Parquet"):
            yield from file.iter_batches(batch_size=step, columns=names)

    return Source(path.name, file.metadata.num_rows, _batches(record_batches(), readers, batch_size))


def open_ipc(path: Path, wanted: Wanted, batch_size: int | None) -> Source:
    """The columns of an Arrow IPC file or stream, memory-mapped; a compressed record batch is unpacked as a whole."""
    with _reading(path, "Arrow IPC"), path.open("rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    is_file = mapping[:6] == b"ARROW1"
    with _reading(path, "Arrow IPC"):
        reader = _ipc_reader(mapping, is_file)
    readers = _column_readers(wanted, reader.schema.names)

    def record_batches() -> Iterator[Any]:
        # All columns are named in each record batch, which reads nothing yet: IpcReadOptions(included_fields) copies.
        with _reading(path, "Arrow IPC"):
            if is_file:
                yield from (reader.get_batch(index) for index in range(reader.num_record_batches))
            else:
                yield from reader

    return Source(path.name, None, _batches(record_batches(), readers, batch_size, lambda: release_mapping(mapping)))


def open_csv(path: Path, wanted: Wanted, batch_size: int | None) -> Source:
    """The columns of a CSV (or, by its suffix, TSV) file with a header line; several columns are read as float64."""
    import pyarrow
    from pyarrow import csv

    def reader(**convert_options: Any) -> Any:
        return csv.open_csv(
            path,
            read_options=csv.ReadOptions(block_size=_CSV_BLOCK_BYTES),
            parse_options=csv.ParseOptions(delimiter="\t" if ".tsv" in path.suffixes else ","),
            convert_options=csv.ConvertOptions(null_values=_CSV_NULLS, **convert_options),
        )

    with _reading(path, "CSV"):
        readers = _column_readers(wanted, reader().schema.names)
    # The types found in the first block hold for the whole file, and a score may look like an integer there.
    scores = {name: pyarrow.float64() for group in readers if len(group.names) > 1 for name in group.names}

    def record_batches() -> Iterator[Any]:
        with _reading(path, "CSV"):
            yield from reader(include_columns=_names(readers), column_types=scores)

    return Source(path.name, None, _batches(record_batches(), readers, batch_size))


def _batches(
    record_batches: Iterator[Any],
    readers: list[ColumnReader],
    batch_size: int | None,
    forget: Callable[[], None] = lambda: None,
) -> Iterator[Batch]:
    """Convert record batches, the large ones in slices; `forget` is called after each."""
    first_row = 0
    for record_batch in record_batches:
        step = rows_per_batch(record_batch.nbytes // max(record_batch.num_rows, 1), batch_size)
        for start in range(0, record_batch.num_rows, step):
            piece = record_batch.slice(start, step)
            yield Batch(*(reader.read(piece, first_row) for reader in readers))
            first_row += piece.num_rows
            forget()


def _column_readers(wanted: Wanted, names: list[str]) -> list[ColumnReader]:
    return [ColumnReader(argument, select_columns(argument, columns, names)) for argument, columns in wanted.items()]


def _names(readers: list[ColumnReader]) -> list[str]:
    return list(dict.fromkeys(name for reader in readers for name in reader.names))


def _parquet_row_bytes(file: Any, names: list[str]) -> int:
    """Decoded bytes of a row in the widest row group, from the counts of values in the file's metadata."""
    metadata = file.metadata
    widest = 0
    for group in (metadata.row_group(index) for index in range(metadata.num_row_groups)):
        row_bytes = 0
        for chunk in (group.column(index) for index in range(group.num_columns)):
            if any(chunk.path_in_schema == name or chunk.path_in_schema.startswith(f"{name}.") for name in names):
                # Eight bytes hold any number; levels of nested columns take about as much again while decoding.
                row_bytes += 8 * chunk.num_values // max(group.num_rows, 1)
        widest = max(widest, row_bytes)
    return widest


def _ipc_reader(mapping: mmap.mmap, is_file: bool) -> Any:
    import pyarrow
    from pyarrow import ipc

    content = pyarrow.BufferReader(pyarrow.py_buffer(mapping))
    return ipc.open_file(content) if is_file else ipc.open_stream(content)


@contextmanager
def _reading(path: Path, kind: str) -> Iterator[None]:
    """Name the file in what pyarrow says against it."""
    import pyarrow

    try:
        yield
    except FileNotFoundError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise ValueError(f"{path} must be a readable {kind} file. Received: {error}") from error
