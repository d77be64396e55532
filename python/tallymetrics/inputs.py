"""Array-likes in, batches out: typed, strided views that the native pass reads without a copy.

Every error of shape or kind is raised here; errors of single values are found by the pass itself.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tallymetrics.arguments import Axes, axes_last

Array = npt.NDArray[Any]

_NATIVE_TYPES = frozenset(np.dtype(code).num for code in "?bhilqBHILQefd")


class Batch(NamedTuple):
    """Arrays of one native pass.

    `y_true` and `y_pred` are [rows] or [rows, width], `weights` [rows] or None (or [rows, width], for a metric of
    columns); every `rows_per_sample` rows are one sample. `y_true` is None where a metric takes values alone.
    """

    y_true: Array | None
    y_pred: Array
    weights: Array | None
    rows_per_sample: int


def as_array(value: Any, name: str) -> Array:
    """Returns an aligned array of a native numeric dtype, without a copy where `value` already is one.

    Raises:
        TypeError: If `value` does not hold booleans, integers or real floating-point numbers.
    """
    array = value if type(value) is np.ndarray else _converted(value, name)
    dtype = array.dtype
    if dtype.num in _NATIVE_TYPES and dtype.isnative and array.flags.aligned:
        return array
    if dtype.kind in "biuf":
        kind = np.dtype(np.float64) if dtype.kind == "f" and dtype.itemsize > 8 else dtype.newbyteorder("=")
        return array.astype(kind)
    if dtype.name == "bfloat16" or dtype.name.startswith("float8"):
        return array.astype(np.float32)
    raise TypeError(f"`{name}` must hold booleans, integers or real numbers. Received dtype {dtype}.")


def _converted(value: Any, name: str) -> Array:
    if value is None:
        raise TypeError(f"`{name}` must be an array. Received None.")
    try:
        if hasattr(value, "detach") and getattr(value, "requires_grad", False):
            value = value.detach()
        if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
            return np.from_dlpack(value)
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"`{name}` must be an array of one shape. Received {type(value).__name__}: {error}") from None


def _shape_error(name: str, expected: str, array: Array) -> ValueError:
    return ValueError(f"`{name}` must have shape {expected}. Received shape {array.shape}.")


def rows_per_sample(shape: tuple[int, ...]) -> int:
    """Rows per sample of rows arranged in `shape`: the first axis counts samples."""
    return max(math.prod(shape[1:]), 1)


def row_weights(sample_weight: Any, shape: tuple[int, ...]) -> Array | None:
    """Returns one weight for each of the rows arranged in `shape`, flattened.

    A weight of lower rank aligns on the left, so that [samples] weighs all rows of a sample; a trailing axis of
    length 1 too many is dropped.

    Raises:
        ValueError: If the weights do not broadcast to `shape`.
    """
    if sample_weight is None:
        return None
    weights = as_array(sample_weight, "sample_weight")
    if weights.shape == shape:
        return weights if weights.ndim == 1 else weights.reshape(-1)
    if weights.ndim > len(shape) and weights.shape[-1] == 1:
        weights = weights[..., 0]
    try:
        if weights.ndim > len(shape):
            raise ValueError
        aligned = weights.reshape(weights.shape + (1,) * (len(shape) - weights.ndim))
        return np.broadcast_to(aligned, shape).reshape(-1)
    except ValueError:
        raise ValueError(
            f"`sample_weight` must broadcast to the rows of `y_pred`, shape {shape}. "
            f"Received shape {np.shape(sample_weight)}."
        ) from None


def masked_weights(sample_weight: Any, y_pred: Any, shape: tuple[int, ...]) -> Any:
    """Returns `sample_weight`, zero where the `_keras_mask` that Keras layers attach to `y_pred` is false."""
    mask = getattr(y_pred, "_keras_mask", None)
    if mask is None:
        return sample_weight
    kept = row_weights(np.asarray(mask).astype(np.float64), shape)
    assert kept is not None
    weights = row_weights(sample_weight, shape)
    return (kept if weights is None else kept * weights).reshape(shape)


def aligned_pair(y_true: Array, y_pred: Array) -> tuple[Array, Array]:
    """Returns both arrays in one shape: a trailing axis of length 1 is dropped, axes of length 1 are broadcast.

    Raises:
        ValueError: If the shapes differ otherwise.
    """
    if y_true.shape == y_pred.shape:
        return y_true, y_pred
    if y_true.ndim == y_pred.ndim + 1 and y_true.shape[-1] == 1:
        return aligned_pair(y_true[..., 0], y_pred)
    if y_pred.ndim == y_true.ndim + 1 and y_pred.shape[-1] == 1:
        return aligned_pair(y_true, y_pred[..., 0])
    if y_true.ndim != y_pred.ndim:
        raise _shape_error("y_true", f"{y_pred.shape}, as `y_pred` has", y_true)
    try:
        shape = np.broadcast_shapes(y_true.shape, y_pred.shape)
    except ValueError:
        raise _shape_error("y_true", f"{y_pred.shape}, as `y_pred` has", y_true) from None
    return np.broadcast_to(y_true, shape), np.broadcast_to(y_pred, shape)


def values_batch(values: Any, sample_weight: Any) -> Batch:
    """Batch of one array of values, [samples, ...]: its rows are the values of a sample, or single values where the
    weights have more than one axis."""
    array = as_array(values, "values")
    if array.ndim == 0:
        array = array.reshape(1)
    weights = None if sample_weight is None else as_array(sample_weight, "sample_weight")
    if weights is not None and weights.ndim > array.ndim and weights.shape[-1] == 1:
        weights = weights[..., 0]
    if array.ndim == 1:
        return Batch(None, array, row_weights(weights, array.shape), 1)
    if weights is not None and weights.ndim > 1:
        return Batch(None, array.reshape(-1), row_weights(weights, array.shape), rows_per_sample(array.shape))
    if array.size == 0:
        array = np.zeros((0, 1), array.dtype)
    rows = array if array.ndim == 2 else array.reshape(array.shape[0], -1)
    return Batch(None, rows, row_weights(weights, rows.shape[:1]), 1)


class Layouts:
    """The batches that one update's arrays can be read as, each made once however many metrics ask.

    Args:
        y_true: Array-like, labels or rows.
        y_pred: Array-like, labels or rows.
        sample_weight: Array-like or None.
    """

    def __init__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.y_true = as_array(y_true, "y_true")
        self.y_pred = as_array(y_pred, "y_pred")
        self._raw_pred = y_pred
        self._sample_weight = sample_weight
        self._made: dict[str, Batch] = {}
        self._moved: dict[int, Layouts] = {}

    def _keep(self, name: str, batch: Batch) -> Batch:
        self._made[name] = batch
        return batch

    def along(self, axis: int) -> "Layouts":
        """The same arrays with the class axis `axis` moved last."""
        ndim = self.y_pred.ndim
        if not -ndim <= axis < ndim:
            raise ValueError(f"`axis` must be an axis of `y_pred`. Received {axis} with shape {self.y_pred.shape}.")
        if axis % ndim == ndim - 1:
            return self
        if axis not in self._moved:
            y_true = np.moveaxis(self.y_true, axis, -1) if self.y_true.ndim == ndim else self.y_true
            self._moved[axis] = Layouts(y_true, np.moveaxis(self.y_pred, axis, -1), self._sample_weight)
            self._moved[axis]._raw_pred = self._raw_pred
        return self._moved[axis]

    def weights(self, shape: tuple[int, ...]) -> Array | None:
        if self._sample_weight is None and not hasattr(self._raw_pred, "_keras_mask"):
            return None
        return row_weights(masked_weights(self._sample_weight, self._raw_pred, shape), shape)

    def sparse(self) -> Batch:
        """Labels [...] or [..., 1] and score rows [..., classes]."""
        return self._made.get("sparse") or self._keep("sparse", self._make_sparse())

    def _make_sparse(self) -> Batch:
        y_true, y_pred = self.y_true, self.y_pred
        if y_true.ndim == 1 and y_pred.ndim == 2 and len(y_true) == len(y_pred) and y_pred.shape[1]:
            return Batch(y_true, y_pred, self.weights(y_true.shape), 1)
        if y_pred.ndim < 1 or y_pred.shape[-1] == 0:
            raise _shape_error("y_pred", "[..., classes]", y_pred)
        shape = y_pred.shape[:-1]
        if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
            y_true = y_true[..., 0]
        if y_true.shape != shape:
            raise _shape_error("y_true", f"{shape}, one label for each row of `y_pred`", self.y_true)
        rows = y_pred if y_pred.ndim == 2 else y_pred.reshape(math.prod(shape), y_pred.shape[-1])
        return Batch(y_true.reshape(-1), rows, self.weights(shape), rows_per_sample(shape))

    def paired(self) -> Batch:
        """Two arrays of one shape [..., width]; two of rank 1, or of width 1, are rows of one value."""
        y_true, y_pred = aligned_pair(self.y_true, self.y_pred)
        if y_pred.ndim < 2 or y_pred.shape[-1] == 1:
            return self.elements()
        return self._rows_of(y_true, y_pred)

    def paired_alike(self) -> Batch:
        """As `paired`, but nothing is broadcast.

        Raises:
            ValueError: If the arrays have one rank and not one shape.
        """
        if self.y_true.ndim == self.y_pred.ndim and self.y_true.shape != self.y_pred.shape:
            raise _shape_error("y_true", f"{self.y_pred.shape}, as `y_pred` has", self.y_true)
        return self.paired()

    def vectors(self, axes: Axes = -1) -> Batch:
        """As `paired`, of rank 2 or more, for values that a row along `axes` has only as a whole.

        Raises:
            ValueError: If both arrays have rank 1, or lack an axis.
        """
        if self.y_pred.ndim < 2 and self.y_true.ndim < 2:
            raise _shape_error("y_pred", "[..., width]", self.y_pred)
        if axes == -1:
            return self.paired()
        y_true, y_pred = (axes_last(array, axes) for array in aligned_pair(self.y_true, self.y_pred))
        moved = Layouts(y_true, y_pred, self._sample_weight)
        moved._raw_pred = self._raw_pred
        return moved.paired()

    def _rows_of(self, y_true: Array, y_pred: Array) -> Batch:
        return self._made.get("paired") or self._keep("paired", self._make_paired(y_true, y_pred))

    def _make_paired(self, y_true: Array, y_pred: Array) -> Batch:
        shape, width = y_pred.shape[:-1], y_pred.shape[-1]
        if y_pred.ndim == 2 and width:
            return Batch(y_true, y_pred, self.weights(shape), 1)
        if width == 0:
            raise _shape_error("y_pred", "[..., width] of at least one column", y_pred)
        rows = math.prod(shape)
        return Batch(
            y_true.reshape(rows, width), y_pred.reshape(rows, width), self.weights(shape), rows_per_sample(shape)
        )

    def elements(self) -> Batch:
        """Two arrays of one shape, every element a row."""
        return self._made.get("elements") or self._keep("elements", self._make_elements())

    def _make_elements(self) -> Batch:
        y_true, y_pred = aligned_pair(self.y_true, self.y_pred)
        shape = y_pred.shape
        if y_pred.ndim == 1:
            return Batch(y_true, y_pred, self.weights(shape), 1)
        return Batch(y_true.reshape(-1), y_pred.reshape(-1), self.weights(shape), rows_per_sample(shape))

    def paired_or_elements(self) -> Batch:
        """As `paired`, or as `elements` where there is a weight or a mask for each element."""
        mask = getattr(self._raw_pred, "_keras_mask", None)
        if self._sample_weight is None and mask is None:
            return self.paired()
        shape = aligned_pair(self.y_true, self.y_pred)[1].shape
        for given in (self._sample_weight, mask):
            weights = () if given is None else np.shape(given)
            of_elements = len(weights) == len(shape) and (weights[-1:] != (1,) or shape[-1:] == (1,))
            if len(shape) > 1 and (of_elements or len(weights) > len(shape)):
                return self.elements()
        return self.paired()

    def dense(self, name: str) -> Batch:
        """As `paired`, of rank 2 or more.

        Raises:
            ValueError: If the arrays have rank 1; `name` says what a row should hold.
        """
        y_true, y_pred = self.y_true, self.y_pred
        if y_true.ndim < 2 or y_true.shape != y_pred.shape:
            bad, array = ("y_true", y_true) if y_pred.ndim >= 2 else ("y_pred", y_pred)
            expected = f"{y_pred.shape}, as `y_pred` has" if bad == "y_true" else f"[..., {name}]"
            raise _shape_error(bad, expected, array)
        return self._rows_of(y_true, y_pred)

    def rows_and_labels(self) -> Batch:
        """Rows of y_true [..., classes] and labels of y_pred [...]."""
        return self._made.get("rows_and_labels") or self._keep("rows_and_labels", self._make_rows_and_labels())

    def _make_rows_and_labels(self) -> Batch:
        y_true, y_pred = self.y_true, self.y_pred
        shape = y_true.shape[:-1]
        if y_pred.ndim == y_true.ndim and y_pred.shape[-1] == 1:
            y_pred = y_pred[..., 0]
        if y_pred.shape != shape or y_true.shape[-1] == 0:
            raise _shape_error("y_pred", f"{shape}, one label for each row of `y_true`", self.y_pred)
        rows = y_true.reshape(math.prod(shape), y_true.shape[-1])
        return Batch(rows, y_pred.reshape(-1), self.weights(shape), rows_per_sample(shape))
