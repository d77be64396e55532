"""A metric of this package as a metric of Keras, for `compile(metrics=[...])`."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np

from tallymetrics.keras import calls
from tallymetrics.keras.saving import deserialized, serialized
from tallymetrics.keras.words import StateWords
from tallymetrics.metrics import Metric, MetricCollection
from tallymetrics.metrics.function_metric import FunctionMetric


@keras.saving.register_keras_serializable(package="tallymetrics")
class WrappedMetric(keras.metrics.Metric):
    """A metric of this package as a `keras.metrics.Metric`; `wrap` makes one.

    On torch and NumPy the metric itself is updated. On TensorFlow it is too, through `tf.numpy_function`, so
    `jit_compile` must be False. On JAX the state travels through the compiled step as a variable of int32 words, which
    a pure callback updates on the host: exact, under jit and without 64-bit mode; the first update decides the
    state's size, at most 1 MiB, so weights must be there from the first batch on or never.

    Results are floats: a number under the metric's name, a dict by its keys, a vector as `name_0`, `name_1`, ....
    Keras does not number entries of dicts: where two metrics have equal ones, give them a `prefix`.

    Args:
        metric: A metric of this package whose result is a number, a vector or a dict of numbers.
        name: Name of the metric, default that of `metric`.
        prefix: Put before each entry of a dict or vector, default `""`.
        dtype: As for every metric of Keras; the result's dtype in compiled functions.

    Differs from Keras: training over several processes or TensorFlow replicas is refused, since each would count its
    own part. On one process with several JAX devices the batch is gathered and counted once.

    Example:
        >>> import keras
        >>> from tallymetrics.keras import wrap
        >>> from tallymetrics.metrics import ConfusionMatrix
        >>> metric = wrap(ConfusionMatrix(2, per_class=["recall"]))
        >>> metric.update_state([0, 1, 1], [0, 1, 0])
        >>> metric.result()["recall_1"]
        0.5
    """

    def __init__(self, metric: Metric, name: str | None = None, prefix: str = "", dtype: Any = None) -> None:
        if not isinstance(metric, Metric):
            raise TypeError(f"`metric` must be a metric of tallymetrics. Received {metric!r}.")
        super().__init__(name=name or metric.name, dtype=dtype)
        self.prefix = prefix
        self._wrapped = metric
        self._empty = copy.deepcopy(metric)
        self._empty.reset_state()
        self._words: StateWords | None = None
        self._state: Any = None
        # In graphs the entries must be known before any result is.
        self._example_result = self._empty.result()
        self._named(self._example_result)
        self._update_at_once = calls.uncompiled(self._update)
        self._result_at_once = calls.uncompiled(self._read)
        calls.refuse_replicas(self.name)

    @property
    def metric(self) -> Metric:
        """The metric, with the state that was gathered so far."""
        if self._state is not None and self._words is not None:
            self._words.load(self._wrapped, np.asarray(self._state.value))
        return self._wrapped

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: As for the metric.
            y_pred: As for the metric; a `_keras_mask` on it takes rows out.
            sample_weight: As for the metric.

        Raises:
            RuntimeError: If several processes or replicas train together, or TensorFlow compiles by XLA.
        """
        self._update_at_once(y_true, y_pred, sample_weight)

    def _update(self, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        calls.refuse_replicas(self.name)
        arguments = calls.Arguments.of(y_true, y_pred, sample_weight)
        if keras.backend.backend() == "jax":
            self._update_words(arguments)
        elif calls.is_traced(arguments):
            self._learn_entries(arguments)
            calls.run_in_graph(self._wrapped.update_state, arguments, self.name)
        else:
            calls.run(self._wrapped.update_state, arguments)

    def _learn_entries(self, arguments: calls.Arguments) -> StateWords:
        if self._words is None:
            self._words = StateWords(self._empty, arguments.example())
            self._example_result = self._words.example_result
            self._named(self._example_result)
        return self._words

    def _update_words(self, arguments: calls.Arguments) -> None:
        words = self._learn_entries(arguments)
        if self._state is None:
            words.check_size()
            initial = words.initial
            self._state = self.add_variable(
                initial.shape, lambda shape, dtype=None: keras.ops.convert_to_tensor(initial), "int32", name="words"
            )
        self._state.assign(calls.update_words(words, self._state.value, arguments))

    def result(self) -> Any:
        """Returns a number, or a dict of numbers by name."""
        return self._result_at_once()

    def _read(self) -> Any:
        if self._state is not None and self._words is not None:
            state = self._state.value
            if not calls.is_traced(state):
                return self._named(self._words.result(np.asarray(state)))
            return self._unflattened(calls.result_of_words(self._words, state, self._flat, self._width(), self.dtype))
        if keras.backend.backend() == "tensorflow" and calls.in_graph():
            read = calls.result_in_graph(lambda: self._flat(self._wrapped.result()), self._width(), self.dtype)
            return self._unflattened(read)
        return self._named(self._wrapped.result())

    def _named(self, result: Any) -> Any:
        """Returns a result as a float or a flat dict of floats."""
        if isinstance(result, Mapping):
            entries: dict[str, float] = {}
            for name, value in result.items():
                entries.update(_entries(self.prefix + name, value, self.name))
            return entries
        entries = _entries(self.name, result, self.name)
        return entries[self.name] if np.ndim(result) == 0 else {self.prefix + key: entries[key] for key in entries}

    def _flat(self, result: Any) -> Any:
        named = self._named(result)
        values = np.array(list(named.values()) if isinstance(named, dict) else [named])
        if len(values) != self._width():
            raise ValueError(
                f"The result of {self.name!r} changed its entries, which a compiled step cannot follow. "
                "tallymetrics.keras.EvaluationCallback can."
            )
        return values

    def _width(self) -> int:
        named = self._named(self._example_result)
        return len(named) if isinstance(named, dict) else 1

    def _unflattened(self, values: Any) -> Any:
        named = self._named(self._example_result)
        return {name: values[i] for i, name in enumerate(named)} if isinstance(named, dict) else values[0]

    def reset_state(self) -> None:
        """Forgets all batches."""
        self._wrapped.reset_state()
        if self._state is not None and self._words is not None:
            self._state.assign(keras.ops.convert_to_tensor(self._words.initial))

    def merge_state(self, metrics: Iterable[WrappedMetric]) -> None:
        """Adds the states of other wrapped metrics of the same configuration; they stay as they are."""
        merged = self.metric
        merged.merge_state([other.metric for other in metrics])
        if self._state is not None and self._words is not None:
            self._state.assign(keras.ops.convert_to_tensor(self._words.packed(merged)))

    def stateless_update_state(self, metric_variables: Any, *args: Any, **kwargs: Any) -> Any:
        self._check_stateless()
        return super().stateless_update_state(metric_variables, *args, **kwargs)

    def stateless_result(self, metric_variables: Any) -> Any:
        self._check_stateless()
        return super().stateless_result(metric_variables)

    def _check_stateless(self) -> None:
        if self._state is None:
            raise RuntimeError(
                "Stateless methods of a wrapped metric need the JAX backend and one `update_state` before, which "
                "decides the size of the state. Elsewhere use those of `metric` itself."
            )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "metric": serialized(self._wrapped), "prefix": self.prefix}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> WrappedMetric:
        return cls(**{**config, "metric": deserialized(config["metric"])})


def wrap(metric: Any, name: str | None = None, prefix: str = "") -> WrappedMetric:
    """Returns a metric of this package as one of Keras, for `compile(metrics=[...])`.

    Args:
        metric: A metric or a `MetricCollection`, whose metrics then share one native pass; a list or dict of metrics,
            of which a collection is made; or a function of NumPy arrays `(y_true, y_pred)`.
        name: Name of the metric, default its own.
        prefix: Put before each entry of a dict or vector, default `""`.

    Returns:
        A `WrappedMetric`, whose docstring says what each backend can do.

    Raises:
        ValueError: If the result is a matrix, which training logs cannot hold.

    Example:
        >>> from tallymetrics.keras import wrap
        >>> from tallymetrics.metrics import SparseTopKCategoricalAccuracy
        >>> wrap(SparseTopKCategoricalAccuracy(k=2, name="top_2"))
        <WrappedMetric name=top_2>
    """
    if isinstance(metric, (list, tuple, Mapping)):
        metric = MetricCollection(metric)
    elif callable(metric) and not isinstance(metric, (Metric, type, keras.metrics.Metric)):
        metric = FunctionMetric(metric)
    return WrappedMetric(metric, name, prefix)


def _entries(name: str, value: Any, metric_name: str) -> dict[str, float]:
    if np.ndim(value) == 0:
        return {name: float(value)}
    if np.ndim(value) == 1:
        return {f"{name}_{index}": float(entry) for index, entry in enumerate(value)}
    raise ValueError(
        f"The result of {metric_name!r} must be made of numbers and vectors to be logged by Keras. Received an array "
        f"of shape {np.shape(value)}. Give a ConfusionMatrix `per_class`, or use "
        "tallymetrics.keras.EvaluationCallback, which keeps arrays."
    )
