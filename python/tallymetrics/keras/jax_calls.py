"""JAX's way to the host: pure callbacks on arrays small enough not to hang."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

# Inside a callback on CPU devices, JAX moves arrays of 100 KiB or more by a thread of the pool that may be waiting for
# this very callback, and hangs (jax-ml/jax#24255); smaller ones it copies at once.
_MOST_BYTES = 98304


def call_on_host(function: Callable[..., Any], shape: tuple[int, ...], dtype: Any, *values: Any) -> Any:
    """Returns what a pure function of NumPy arrays returns, also while a JAX function is traced.

    Args:
        function: Returns an array of `shape` and `dtype`.
        shape: Shape of the result.
        dtype: Its dtype.
        *values: Arrays or tracers to pass on. No gradient flows through.
    """
    values = tuple(jax.lax.optimization_barrier(jax.lax.stop_gradient(jax.numpy.asarray(value))) for value in values)
    pieces = [_pieces(value) for value in values]

    def call(*flat: Any) -> Any:
        given = iter(flat)
        arrays = [
            _joined([np.asarray(next(given)) for _ in own], value.shape)
            for own, value in zip(pieces, values, strict=True)
        ]
        return np.asarray(function(*arrays), dtype)

    flat = [piece for own in pieces for piece in own]
    return jax.pure_callback(call, jax.ShapeDtypeStruct(shape, dtype), *flat)


def add_on_host(function: Callable[..., Any], state: Any, values: list[Any], by_rows: bool) -> Any:
    """Returns the state after rows were added on the host.

    Args:
        function: Takes the state and arrays of rows, returns the state.
        state: Array or tracer of int32.
        values: Arrays or tracers, the rows on the first axis.
        by_rows: Whether rows may be added in several calls.
    """
    rows = values[0].shape[0] if len(values[0].shape) else 0
    row_bytes = max(value.size * value.dtype.itemsize // max(rows, 1) for value in values)
    at_once = max(_MOST_BYTES // max(row_bytes, 1), 1)
    ragged = any(value.shape[:1] != (rows,) for value in values)
    if not by_rows or ragged or rows <= at_once or jax.default_backend() != "cpu":
        return call_on_host(function, state.shape, state.dtype, state, *values)
    # A loop compiles faster than many small arrays for one call.
    calls = rows // at_once
    values = [jax.numpy.asarray(value) for value in values]
    batches = [value[: calls * at_once].reshape(calls, at_once, *value.shape[1:]) for value in values]

    def step(state: Any, batch: list[Any]) -> tuple[Any, None]:
        return call_on_host(function, state.shape, state.dtype, state, *batch), None

    state, _ = jax.lax.scan(step, jax.numpy.asarray(state), batches)
    rest = [value[calls * at_once :] for value in values]
    return step(state, rest)[0] if rows % at_once else state


def _pieces(value: Any) -> list[Any]:
    if value.size * value.dtype.itemsize <= _MOST_BYTES or jax.default_backend() != "cpu":
        return [value]
    length = _MOST_BYTES // value.dtype.itemsize
    flat = value.reshape(-1)
    return [flat[start : start + length] for start in range(0, value.size, length)]


def _joined(pieces: list[Any], shape: tuple[int, ...]) -> Any:
    return (pieces[0] if len(pieces) == 1 else np.concatenate(pieces)).reshape(shape)
