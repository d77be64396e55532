"""What the functions of `tallymetrics.metrics` share: the values of all rows of two arrays, by the native pass."""

import math
from typing import Any

import numpy as np

from tallymetrics import _core, runtime
from tallymetrics.arguments import Axes, as_integer, axes_last
from tallymetrics.inputs import Array, Batch, as_array
from tallymetrics.metrics.histogram_rows import mass_error


def row_values(
    batch: Batch,
    value: int,
    number: float = 0.0,
    from_logits: bool = False,
    ignored: int | None = None,
    bins: Any = None,
) -> Array:
    """Returns the float64 value of each row of a batch; 0.0 for rows with the ignored label.

    Raises:
        ValueError: If a label that is needed is no class, or a histogram is refused.
    """
    values = np.empty(len(batch.y_pred))
    if len(values) == 0:
        return values
    spec = (_core.ROW_VALUES, values, value, number, from_logits, bins, ignored)
    fault: Any = _core.add(batch.y_true, batch.y_pred, None, 1, (spec,), runtime.get_num_threads())
    if fault is not None:
        assert batch.y_true is not None
        row = fault[1]
        if fault[0] == 4:
            raise mass_error(batch, row, f"row {row}")
        raise ValueError(
            f"`y_true` must hold class labels in [0, {batch.y_pred.shape[-1]}). "
            f"Received {batch.y_true[row]} in row {row}."
        )
    return values


def shaped(values: Array, shape: tuple[int, ...]) -> Any:
    """Returns values in this shape; a single one as a number."""
    return values.reshape(shape)[()]


def as_axis(axis: Any) -> int:
    """Returns an `axis` argument as an int.

    Raises:
        ValueError: If it is a bool.
        TypeError: If it is no integer.
    """
    if isinstance(axis, bool):
        raise ValueError(f"`axis` must be an integer. Received {axis!r}.")
    return as_integer(axis, "axis", -64, 64)


def broadcast_pair(y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    """Returns two arrays of one shape.

    Of ranks that differ by one, with a trailing axis of length 1, that axis is added to the array of rank 1, or
    dropped; then both are broadcast.

    Raises:
        ValueError: If the shapes do not go together.
    """
    arrays = [as_array(y_true, "y_true"), as_array(y_pred, "y_pred")]
    lower, higher = sorted((0, 1), key=lambda which: arrays[which].ndim)
    if arrays[higher].ndim == arrays[lower].ndim + 1 and arrays[higher].shape[-1] == 1:
        if arrays[lower].ndim == 1:
            arrays[lower] = arrays[lower][:, np.newaxis]
        else:
            arrays[higher] = arrays[higher][..., 0]
    try:
        shape = np.broadcast_shapes(arrays[0].shape, arrays[1].shape)
    except ValueError:
        raise ValueError(
            f"`y_true` must have shape {arrays[1].shape}, as `y_pred` has. Received shape {np.shape(y_true)}."
        ) from None
    return np.broadcast_to(arrays[0], shape), np.broadcast_to(arrays[1], shape)


def same_shape_pair(y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    """As `broadcast_pair`, but arrays of one rank must have one shape."""
    true_shape, pred_shape = np.shape(y_true), np.shape(y_pred)
    if len(true_shape) == len(pred_shape) and true_shape != pred_shape:
        raise ValueError(f"`y_true` must have shape {pred_shape}, as `y_pred` has. Received shape {true_shape}.")
    return broadcast_pair(y_true, y_pred)


def values_along(
    pair: tuple[Array, Array],
    value: int,
    axis: Axes = -1,
    number: float = 0.0,
    from_logits: bool = False,
    bins: Any = None,
) -> Any:
    """Returns the value of each pair of vectors along `axis`: the arrays' shape without it."""
    ndim = pair[1].ndim
    if ndim == 0:
        raise ValueError("`y_pred` must have shape [..., width]. Received shape ().")
    y_true, y_pred = (axes_last(one, axis) for one in pair)
    if y_pred.shape[-1] == 0:
        raise ValueError(
            f"`y_pred` must have shape [..., width] of at least one column. Received shape {y_pred.shape}."
        )
    shape = y_pred.shape[:-1]
    rows = (math.prod(shape), y_pred.shape[-1])
    batch = Batch(y_true.reshape(rows), y_pred.reshape(rows), None, 1)
    values = row_values(batch, value, number, from_logits, bins=bins)
    return shaped(values, shape)
