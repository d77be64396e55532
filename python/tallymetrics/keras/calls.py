"""How an update gets from a backend's training step to the host and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import keras
import numpy as np

from tallymetrics.keras.batches import to_numpy
from tallymetrics.keras.processes import process_count, replica_count
from tallymetrics.keras.words import StateWords


class Masked(np.ndarray):
    """An array with the `_keras_mask` that Keras attaches to a layer's output."""

    _keras_mask: Any


class Arguments(NamedTuple):
    """What `update_state` was given, as tensors; `mask` is that of `y_pred`."""

    y_true: Any
    y_pred: Any
    sample_weight: Any
    mask: Any

    @classmethod
    def of(cls, y_true: Any, y_pred: Any, sample_weight: Any) -> Arguments:
        return cls(_with_shape(y_true), _with_shape(y_pred), _with_shape(sample_weight), _mask_of(y_pred))

    def given(self) -> tuple[list[Any], list[bool]]:
        """What there is, and which of the four it is."""
        return [value for value in self if value is not None], [value is not None for value in self]

    @classmethod
    def from_given(cls, values: Iterable[Any], present: list[bool]) -> Arguments:
        """The inverse of `given`."""
        remaining = iter(values)
        return cls(*(next(remaining) if there else None for there in present))

    def on_host(self) -> tuple[Any, Any, Any]:
        """NumPy arrays for a metric's `update_state`."""
        y_true, y_pred, sample_weight, mask = map(_on_host, self)
        if mask is not None:
            y_pred = y_pred.view(Masked)
            y_pred._keras_mask = mask
        return y_true, y_pred, sample_weight

    def example(self) -> tuple[Any, Any, Any]:
        """One row of zeros in the shapes and dtypes of these."""
        zeros = (None if value is None else np.zeros(*_row_spec(value)) for value in self)
        return Arguments(*zeros).on_host()


def _mask_of(tensor: Any) -> Any:
    mask = getattr(tensor, "_keras_mask", None)
    if mask is None:
        # Where tensors take no attributes, Keras keeps masks in a table that it does not export.
        try:
            from keras.src.backend import get_keras_mask
        except ImportError:
            return None
        mask = get_keras_mask(tensor)
    return mask


def _with_shape(value: Any) -> Any:
    return value if value is None or hasattr(value, "shape") else np.asarray(value)


def _on_host(value: Any) -> Any:
    return None if value is None else to_numpy(value)


def _row_spec(value: Any) -> tuple[tuple[int, ...], Any]:
    shape = tuple(1 if size is None else int(size) for size in value.shape[1:])
    dtype = keras.backend.standardize_dtype(value.dtype)
    return (1, *shape) if len(value.shape) else (), "float32" if dtype == "bfloat16" else dtype


def refuse_replicas(name: str) -> None:
    """Refuses to count in several places at once."""
    processes, replicas = process_count(), replica_count()
    if processes > 1 or replicas > 1:
        raise RuntimeError(
            f"The metric {name!r} would be counted apart in {processes} processes with {replicas} replicas. "
            "Use tallymetrics.keras.EvaluationCallback, which evaluates the whole of the validation data."
        )


def in_graph() -> bool:
    """Whether TensorFlow builds a graph."""
    import tensorflow

    return not tensorflow.executing_eagerly()


def is_traced(value: Any) -> bool:
    """Whether a tensor, or one among arguments, has no value yet."""
    values = [entry for entry in value if entry is not None] if isinstance(value, Arguments) else [value]
    if any(isinstance(entry, keras.KerasTensor) for entry in values):
        return True
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return any(isinstance(entry, jax.core.Tracer) for entry in values)
    return backend == "tensorflow" and in_graph()


def run(update: Callable[..., Any], arguments: Arguments) -> None:
    """Updates at once; tensors that only stand for shapes are let pass."""
    if not any(_is_meta(value) for value in arguments):
        update(*arguments.on_host())


def _is_meta(tensor: Any) -> bool:
    return isinstance(tensor, keras.KerasTensor) or getattr(getattr(tensor, "device", None), "type", None) == "meta"


def uncompiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function that `torch.compile` calls as it is instead of tracing it."""
    if keras.backend.backend() != "torch":
        return function
    import torch

    disabled: Callable[..., Any] = torch.compiler.disable(function)
    return disabled


def run_in_graph(update: Callable[..., Any], arguments: Arguments, name: str) -> None:
    """Updates whenever TensorFlow runs the graph that is being built."""
    import tensorflow

    _refuse_xla(name)
    values, present = arguments.given()

    def call(*values: Any) -> Any:
        update(*Arguments.from_given(values, present).on_host())
        return np.int64(0)

    tensorflow.numpy_function(call, values, tensorflow.int64, stateful=True, name="tallymetrics_update")


def result_in_graph(read: Callable[[], Any], width: int, dtype: str) -> Any:
    """Returns a tensor `[width]` of what `read` returns whenever TensorFlow runs the graph."""
    import tensorflow

    values = tensorflow.numpy_function(
        lambda: np.asarray(read(), dtype), [], tensorflow.as_dtype(dtype), stateful=True, name="tallymetrics_result"
    )
    values.set_shape([width])
    return values


def _refuse_xla(name: str) -> None:
    import tensorflow

    graph = tensorflow.compat.v1.get_default_graph()
    while graph is not None:
        context = graph._get_control_flow_context()
        while context is not None:
            if context.IsXLAContext():
                raise RuntimeError(
                    f"The metric {name!r} runs on the host, which a step compiled by XLA cannot call. Give `compile` "
                    "`jit_compile=False`, or use tallymetrics.keras.EvaluationCallback."
                )
            context = context.outer_context
        graph = getattr(graph, "outer_graph", None)


def update_words(words: StateWords, state: Any, arguments: Arguments) -> Any:
    """Returns JAX's array of the state after an update, also while a function is traced."""
    from tallymetrics.keras.jax_calls import add_on_host

    values, present = arguments.given()

    def call(state: Any, *values: Any) -> Any:
        return words.updated(state, *Arguments.from_given(values, present).on_host())

    if not is_traced(arguments) and not is_traced(state):
        return call(np.asarray(state), *values)
    return add_on_host(call, state, values, words.adds_rows)


def result_of_words(words: StateWords, state: Any, flat: Callable[[Any], Any], width: int, dtype: str) -> Any:
    """Returns a tensor `[width]` of the result for a traced state."""
    from tallymetrics.keras.jax_calls import call_on_host

    return call_on_host(lambda state: flat(words.result(state)), (width,), dtype, state)
