"""Results as text: a table to read, or JSON to keep."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[Any]

# A matrix of more classes is summarised.
_SHOWN_CLASSES = 20
_SHOWN_CONFUSIONS = 10
_VALUES_PER_LINE = 8
_LINE_WIDTH = 100


def to_json(result: Mapping[str, Any]) -> str:
    """The result as JSON, one line per key.

    Counts stay integers and floats keep every bit (the shortest decimal that reads back the same). NaN and the
    infinities, which JSON does not have, become null.

    Example:
        >>> print(to_json({"accuracy": 0.1, "confusion_matrix": np.array([[3, 0], [1, 2]])}))
        {
          "accuracy": 0.1,
          "confusion_matrix": [[3, 0], [1, 2]]
        }
    """
    lines = [f"  {json.dumps(key)}: {json.dumps(_plain(value), allow_nan=False)}" for key, value in result.items()]
    return "{\n" + ",\n".join(lines) + "\n}" if lines else "{}"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def to_text(result: Mapping[str, Any]) -> str:
    """The result as a table for a terminal: numbers first, then vectors, matrices and results of several entries, each
    under its name.

    Example:
        >>> print(to_text({"accuracy": 0.75, "top_k_curve": np.array([0.75, 1.0])}))
        accuracy  0.750000
        <BLANKLINE>
        top_k_curve [2]
          [0]  0.750000  1.000000
    """
    entries = {key: value if isinstance(value, Mapping) else np.asarray(value) for key, value in result.items()}
    numbers = {
        key: _format(value.item()) for key, value in entries.items() if isinstance(value, np.ndarray) and not value.ndim
    }
    width = max(map(len, numbers), default=0)
    digits = max(map(len, numbers.values()), default=0)
    sections = ["\n".join(f"{key:<{width}}  {number:>{digits}}" for key, number in numbers.items())] if numbers else []
    for key, value in entries.items():
        if isinstance(value, Mapping):
            sections.append(f"{key}\n{textwrap.indent(to_text(value), '  ')}")
        elif value.ndim == 2 and value.shape[0] == value.shape[1]:
            sections.append("\n".join(_confusion_lines(key, value)))
        elif value.ndim:
            sections.append("\n".join(_vector_lines(key, value)))
    return "\n\n".join(sections)


def _format(value: Any) -> str:
    if isinstance(value, float):
        fixed = value == 0.0 or 1e-4 <= abs(value) < 1e6
        return f"{value:.6f}" if fixed else f"{value:.6g}"
    return str(value)


def _vector_lines(key: str, values: Matrix) -> list[str]:
    """Lines of values, each begun with the index of its first one."""
    numbers = [_format(value) for value in values.ravel().tolist()]
    width = max(map(len, numbers), default=0)
    index_width = len(str(len(numbers))) + 2
    lines = [f"{key} {list(values.shape)}"]
    for start in range(0, len(numbers), _VALUES_PER_LINE):
        shown = "  ".join(f"{number:>{width}}" for number in numbers[start : start + _VALUES_PER_LINE])
        lines.append(f"  {f'[{start}]':<{index_width}}  {shown}")
    return lines


def _confusion_lines(key: str, matrix: Matrix) -> list[str]:
    if len(matrix) > _SHOWN_CLASSES:
        return _summary_lines(key, matrix)
    title = f"{key}: a row for each true class, a column for each predicted class"
    cells = [["", *map(str, range(len(matrix)))]]
    cells += [[str(index), *map(_format, row)] for index, row in enumerate(matrix.tolist())]
    rates = [["precision", "recall", "f1", "support"]]
    rates += [[*(f"{rate:.4f}" for rate in row[:3]), _format(row[3])] for row in _class_rates(matrix)]
    matrix_lines = [f"  {line}" for line in _aligned(cells, " ")]
    joined = [f"{left} | {right}" for left, right in zip(matrix_lines, _aligned(rates), strict=True)]
    if len(joined[0]) <= _LINE_WIDTH:
        return [title, *joined]
    labelled = [[row[0], *rates_row] for row, rates_row in zip(cells, rates, strict=True)]
    return [title, *matrix_lines, "", *(f"  {line}" for line in _aligned(labelled))]


def _summary_lines(key: str, matrix: Matrix) -> list[str]:
    """Totals and the largest confusions of a matrix too large to print."""
    classes = len(matrix)
    total = matrix.sum()
    rates = np.array([row[:3] for row in _class_rates(matrix)])
    precision, recall, f1 = rates.mean(axis=0)
    off_diagonal = np.where(np.eye(classes, dtype=bool), 0, matrix).ravel()
    largest = np.argsort(-off_diagonal, kind="stable")[:_SHOWN_CONFUSIONS]
    pairs = [["true", "predicted", "count"]]
    pairs += [
        [str(cell // classes), str(cell % classes), _format(off_diagonal[cell].item())]
        for cell in largest.tolist()
        if off_diagonal[cell] > 0
    ]
    return [
        f"{key}: {classes} classes, total {_format(total.item())}, on the diagonal {_format(np.trace(matrix).item())}",
        f"  mean over classes: precision {precision:.4f}, recall {recall:.4f}, f1 {f1:.4f}",
        *(["  largest confusions:", *(f"    {line}" for line in _aligned(pairs))] if len(pairs) > 1 else []),
    ]


def _class_rates(matrix: Matrix) -> list[tuple[float, float, float, Any]]:
    """Precision, recall, F1 and support of each class of the matrix as it is printed; 0/0 is 0."""
    hits = np.diagonal(matrix)
    support = matrix.sum(axis=1)
    predicted = matrix.sum(axis=0)
    rates = [_ratio(hits, predicted), _ratio(hits, support), _ratio(2 * hits, predicted + support)]
    return list(zip(*(rate.tolist() for rate in rates), support.tolist(), strict=True))


def _ratio(numerator: Matrix, denominator: Matrix) -> Matrix:
    return np.divide(numerator, denominator, out=np.zeros(len(numerator)), where=denominator != 0)


def _aligned(rows: list[list[str]], gap: str = "  ") -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [gap.join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
