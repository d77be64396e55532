"""Arrow columns as NumPy arrays: without a copy where the layout allows, refused where it would mislead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from tallymetrics.sources.batches import Array


def select_columns(argument: str, specification: str, names: Sequence[str]) -> list[str]:
    """The columns that `specification` means, in its order; a pattern's in natural order (p_2 before p_10).

    Args:
        argument: name of the argument, for messages.
        specification: a column's name, several between commas, or patterns such as `p_*`.
        names: the columns there are.

    Raises:
        ValueError: a column is missing or named twice, or the numbers of a pattern's columns have a gap.
    """
    if specification in names:
        selected = [specification]
    else:
        parts = [part.strip() for part in specification.split(",") if part.strip()]
        selected = [name for part in parts for name in _matching(argument, part, names)]
    if not selected:
        raise ValueError(f"`{argument}` must name a column. Received {specification!r}. {_columns(names)}")
    for name in selected:
        if selected.count(name) > 1 or list(names).count(name) > 1:
            raise ValueError(
                f"`{argument}` must name each column once. Received {specification!r}, with {name!r} twice."
            )
    return selected


def _matching(argument: str, part: str, names: Sequence[str]) -> list[str]:
    if part in names:
        return [part]
    matches = sorted((name for name in names if fnmatchcase(name, part)), key=natural_key)
    if not matches:
        raise ValueError(f"`{argument}` must name a column. Received {part!r}. {_columns(names)}")
    _check_no_gap(argument, part, matches)
    return matches


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sort key that compares runs of digits as numbers."""
    return [(0, int(piece), "") if piece.isdigit() else (1, 0, piece) for piece in re.split(r"([0-9]+)", name) if piece]


def _check_no_gap(argument: str, pattern: str, matches: list[str]) -> None:
    # A missing class column would shift all classes after it.
    numbers = [int(found[1]) if (found := re.search(r"([0-9]+)$", name)) else None for name in matches]
    for before, after, name in zip(numbers, numbers[1:], matches[1:], strict=False):
        if before is not None and after is not None and after != before + 1:
            raise ValueError(
                f"`{argument}` must match one column per class. Received {pattern!r}, which has no column "
                f"between {before} and {name!r}. Name the columns one by one to use them as they are."
            )


def _columns(names: Sequence[str]) -> str:
    shown = ", ".join(names[:20])
    return f"Columns: {shown}{f', and {len(names) - 20} more' if len(names) > 20 else ''}."


class ColumnReader:
    """Reads one argument's column, or one column per class, from the record batches of a file.

    Args:
        argument: name of the argument, for messages.
        names: the columns; several make a matrix `[rows, columns]`.
    """

    def __init__(self, argument: str, names: list[str]) -> None:
        self.argument = argument
        self.names = names
        self._row_shape: tuple[int, ...] | None = None

    def read(self, record_batch: Any, first_row: int) -> Array:
        """The rows of `record_batch`, which start at `first_row` of the file.

        Raises:
            TypeError: a column does not hold numbers.
            ValueError: a column has a null, or lists of different lengths.
        """
        arrays = [_to_numpy(record_batch.column(name), name, first_row, 1) for name in self.names]
        values = arrays[0] if len(arrays) == 1 else self._matrix(arrays)
        if len(values) == 0:
            return values
        if self._row_shape is None:
            self._row_shape = values.shape[1:]
        elif self._row_shape != values.shape[1:]:
            raise _ragged(self.names[0], first_row, values.shape[1], self._row_shape[0])
        return values

    def _matrix(self, columns: list[Array]) -> Array:
        for name, column in zip(self.names, columns, strict=True):
            if column.ndim != 1:
                raise ValueError(
                    f"`{self.argument}` must name columns of single numbers, or one column of lists. "
                    f"Received {len(columns)} columns, of which {name!r} holds lists."
                )
        # Filled by columns and handed on transposed: the native side takes strides, and copies stay contiguous.
        matrix = np.empty((len(columns), len(columns[0])), np.result_type(*columns))
        for row, column in zip(matrix, columns, strict=True):
            row[:] = column
        transposed: Array = matrix.T
        return transposed


def _to_numpy(array: Any, name: str, first_row: int, values_per_row: int) -> Array:
    import pyarrow as pa

    _check_nulls(array, name, first_row, values_per_row)
    kind = array.type
    if isinstance(kind, pa.FixedShapeTensorType):
        tensor = _to_numpy(array.storage, name, first_row, values_per_row).reshape((len(array), *kind.shape))
        axes: list[int] = [axis + 1 for axis in kind.permutation or range(tensor.ndim - 1)]
        permuted: Array = tensor.transpose([0, *axes])
        return permuted
    if isinstance(array, pa.ExtensionArray):
        return _to_numpy(array.storage, name, first_row, values_per_row)
    if pa.types.is_dictionary(kind):
        return _to_numpy(array.dictionary_decode(), name, first_row, values_per_row)
    if pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind):
        width = kind.list_size if pa.types.is_fixed_size_list(kind) else _list_width(array, name, first_row)
        values = _to_numpy(array.flatten(), name, first_row, values_per_row * max(width, 1))
        return values.reshape((len(array), width, *values.shape[1:]))
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise TypeError(f"Column {name!r} must hold numbers, booleans or lists of them. Received {kind}.")
    numbers: Array = array.to_numpy(zero_copy_only=not pa.types.is_boolean(kind))
    return numbers


def _list_width(array: Any, name: str, first_row: int) -> int:
    lengths = np.diff(array.offsets.to_numpy())
    if len(lengths) == 0:
        return 0
    differs = lengths != lengths[0]
    if differs.any():
        row = int(np.argmax(differs))
        raise _ragged(name, first_row + row, int(lengths[row]), int(lengths[0]))
    return int(lengths[0])


def _ragged(name: str, row: int, length: int, expected: int) -> ValueError:
    return ValueError(
        f"Column {name!r} must hold lists of one length. Row {row} has {length} values, the rows before {expected}."
    )


def _check_nulls(array: Any, name: str, first_row: int, values_per_row: int) -> None:
    if array.null_count:
        position = int(np.argmax(array.is_null().to_numpy(zero_copy_only=False)))
        raise ValueError(f"Column {name!r} must have no nulls. Row {first_row + position // values_per_row} has one.")
