"""Validation data in any form that Keras takes, as batches of inputs, targets and weights."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

Batch = tuple[Any, Any, Any]


def to_numpy(value: Any) -> npt.NDArray[Any]:
    """Returns an array or a tensor of any library as a NumPy array, without a copy where it is in the host's memory."""
    if type(value) is np.ndarray:
        return value
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        # NumPy has no bfloat16.
        return np.asarray(value.float() if str(value.dtype) == "torch.bfloat16" else value)
    return np.asarray(value)


def batches_of(data: Any, batch_size: int, steps: int | None) -> Callable[[], Iterator[Batch]]:
    """Returns a function that starts over and yields `(x, y, sample_weight)`.

    Args:
        data: A tuple `(x, y)` or `(x, y, sample_weight)` of arrays, or of lists or dicts of arrays; or an iterable of
            such batches that can be read again (`tf.data.Dataset`, `PyDataset`, `DataLoader`, a list), or a function
            that returns an iterable.
        batch_size: Rows in a batch of arrays.
        steps: Most batches to read, None for all.
    """
    if isinstance(data, tuple):
        arrays = _checked_arrays(data)
        return lambda: itertools.islice(_slices(arrays, batch_size), steps)
    if isinstance(data, keras.utils.PyDataset):
        return lambda: itertools.islice(_from_dataset(data, steps), steps)
    if callable(data) and not isinstance(data, Iterable):
        return lambda: itertools.islice(map(_checked_batch, data()), steps)
    if isinstance(data, Iterator):
        raise TypeError(
            "`validation_data` must be readable more than once: arrays, a dataset, a list of batches, or a function "
            f"that returns an iterable. Received {type(data).__name__}, which one evaluation would use up."
        )
    if isinstance(data, (str, bytes, Mapping)) or hasattr(data, "dtype") or not isinstance(data, Iterable):
        raise TypeError(
            "`validation_data` must be a tuple (x, y) or (x, y, sample_weight), or batches of such. "
            f"Received {type(data).__name__}."
        )
    return lambda: itertools.islice(map(_checked_batch, data), steps)


def _checked_arrays(data: tuple[Any, ...]) -> Batch:
    batch = keras.tree.map_structure(_sliceable, _checked_batch(data))
    lengths = {len(array) for array in keras.tree.flatten(batch) if array is not None}
    if len(lengths) != 1:
        raise ValueError(f"`validation_data` must have arrays of one length. Received lengths {sorted(lengths)}.")
    return batch  # type: ignore[no-any-return]


def _sliceable(array: Any) -> Any:
    return array if array is None or keras.ops.is_tensor(array) or type(array) is np.ndarray else np.asanyarray(array)


def _checked_batch(batch: Any) -> Batch:
    if not isinstance(batch, (tuple, list)) or not 2 <= len(batch) <= 3:
        count = f"{len(batch)} items" if isinstance(batch, (tuple, list)) else type(batch).__name__
        raise ValueError(f"`validation_data` must hold (x, y) or (x, y, sample_weight). Received {count}.")
    x, y, *weights = batch
    return x, y, weights[0] if weights else None


def _slices(arrays: Batch, batch_size: int) -> Iterator[Batch]:
    rows = next(len(array) for array in keras.tree.flatten(arrays) if array is not None)
    for start in range(0, rows, batch_size):
        rows_of_batch = slice(start, start + batch_size)
        yield keras.tree.map_structure(lambda array, rows=rows_of_batch: None if array is None else array[rows], arrays)


def _from_dataset(dataset: Any, steps: int | None) -> Iterator[Batch]:
    count = dataset.num_batches if steps is None else steps
    if count is None:
        raise ValueError("`steps` must be given for a PyDataset without an end. Received None.")
    for index in range(count):
        yield _checked_batch(dataset[index])
    dataset.on_epoch_end()
