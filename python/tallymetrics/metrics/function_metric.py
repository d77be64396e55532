"""A plain function of (y_true, y_pred) as a metric."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tallymetrics.inputs import as_array, masked_weights
from tallymetrics.metrics.functions_by_name import function_config, function_of
from tallymetrics.metrics.metric import Metric
from tallymetrics.metrics.reduction_metrics import Mean


class FunctionMetric(Metric):
    """Mean over all samples of what a function says about each batch.

    The function gets NumPy arrays and returns one value per sample, one number for the batch, which then stands for
    every sample of it, or a dict of named such values.

    Args:
        function: `function(y_true, y_pred)`.
        name: Key of the result, by default the function's name.
        dtype: As for every metric.

    Example:
        >>> bias = FunctionMetric(lambda y_true, y_pred: y_pred - y_true, name="bias")
        >>> bias.update_state([1.0, 2.0], [2.0, 5.0])
        >>> bias.result()
        2.0
    """

    def __init__(self, function: Callable[[Any, Any], Any], name: str | None = None, dtype: Any = None) -> None:
        if hasattr(function, "update_state"):
            # Called as a function it would answer for all batches so far, each time.
            kind = f"{type(function).__module__}.{type(function).__name__}"
            raise TypeError(f"`metrics` must hold metrics of this package or functions. Received a metric, {kind}.")
        super().__init__(dtype=dtype, name=name or function_name(function))
        self.function = function
        self._returns_dict = False
        self._means: dict[str, Mean] = {}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Calls the function on a batch and adds what it returns.

        Raises:
            TypeError: If the function returned something other than numbers.
            ValueError: If it returned another number of values than there are samples.
        """
        given = y_pred
        y_true, y_pred = as_array(y_true, "y_true"), as_array(y_pred, "y_pred")
        sample_weight = masked_weights(sample_weight, given, y_pred.shape[:1])
        returned = self.function(y_true, y_pred)
        named = returned if isinstance(returned, Mapping) else {self.name: returned}
        updates = {str(key): self._batch_mean(str(key), value, y_pred, sample_weight) for key, value in named.items()}
        with self._lock:
            self._returns_dict = isinstance(returned, Mapping)
            for key, mean in updates.items():
                self._mean(key)._add_states([mean])

    def _batch_mean(self, key: str, value: Any, y_pred: Any, sample_weight: Any) -> Mean:
        """A mean of this batch alone, so that a batch is added whole or not at all."""
        values = np.asarray(value)
        if values.dtype.kind not in "biuf":
            raise TypeError(f"{key!r} must return numbers. Received {type(value).__name__}.")
        if values.ndim == 0:
            values = np.broadcast_to(values, (len(y_pred),))
        if len(values) != len(y_pred):
            raise ValueError(
                f"{key!r} must return {len(y_pred)} values, one per sample. Received shape {values.shape}."
            )
        mean = Mean(dtype=self.dtype)
        mean.update_state(values, sample_weight)
        return mean

    def _mean(self, key: str) -> Mean:
        return self._means.setdefault(key, Mean(name=key, dtype=self.dtype))

    def result(self) -> Any:
        """Returns the mean, or a dict of means if the function returns a dict; 0.0 for an empty state."""
        with self._lock:
            results = {key: mean.result() for key, mean in self._means.items()}
        return results if self._returns_dict else next(iter(results.values()), 0.0)

    def reset_state(self) -> None:
        """Forgets all samples."""
        with self._lock:
            self._returns_dict = False
            self._means = {}

    def _add_states(self, others: Sequence[Metric]) -> None:
        for other in (other for other in others if isinstance(other, FunctionMetric)):
            self._returns_dict = self._returns_dict or other._returns_dict
            for key, mean in list(other._means.items()):
                self._mean(key)._add_states([mean])

    def _check_mergeable(self, others: Sequence[Metric]) -> None:
        for other in others:
            if not isinstance(other, FunctionMetric) or other.function is not self.function:
                raise ValueError(f"`metrics` must be of the function {self.name!r} to merge. Received {other!r}.")

    def _nested_by_key(self) -> list[tuple[str, Metric]]:
        # The means come to be with the function's answers; the methods below see to their state.
        return []

    def state_arrays(self) -> dict[str, Any]:
        """Returns copies of the raw arrays of each mean, by its key."""
        with self._lock:
            named = [(key, mean.state_arrays()) for key, mean in self._means.items()]
        kind = "dict" if self._returns_dict else "value"
        return {f"{kind}/{key}/{part}": array for key, arrays in named for part, array in arrays.items()}

    def load_state_arrays(self, arrays: dict[str, Any]) -> None:
        """Replaces the state by arrays that `state_arrays` of a metric of the same function returned.

        Raises:
            ValueError: If an array is missing, unknown or of another shape. The state is as before then.
        """
        parts: dict[str, dict[str, Any]] = {}
        for name, array in arrays.items():
            if name.count("/") < 2 or not name.startswith(("dict/", "value/")):
                raise ValueError(f"`arrays` must name states of {self.name!r}. Received {name!r}.")
            key, part = name.split("/", 1)[1].rsplit("/", 1)
            parts.setdefault(key, {})[part] = array
        means = {key: Mean(name=key, dtype=self.dtype) for key in parts}
        for key, own in parts.items():
            means[key].load_state_arrays(own)
        with self._lock:
            self._returns_dict = any(name.startswith("dict/") for name in arrays)
            self._means = means

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {"function": function_config(self.function), "name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FunctionMetric:
        """Returns a fresh metric of a configuration."""
        return cls(**{key: function_of(value) for key, value in config.items()})


def function_name(function: Callable[..., Any]) -> str:
    """The function's own name, also through `functools.partial`; else that of its class."""
    inner = getattr(function, "func", function)
    return str(getattr(inner, "__name__", type(inner).__name__))
