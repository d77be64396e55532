"""What a differential case is: arguments and updates, as ours takes them and as Keras answers them in float64."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tallymetrics import metrics

Answer = dict[str, Any]


class Masked(np.ndarray):
    """An array that carries `_keras_mask`, as the outputs of Keras layers do."""


def masked(array: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    if mask is None:
        return array
    array = array.copy().view(Masked)
    array._keras_mask = mask
    return array


def exact(array: Any) -> Any:
    """The same numbers in float64, for Keras."""
    return None if array is None else np.asarray(array).astype(np.float64)


@dataclass
class Update:
    """The arguments of one update_state or function; `keras_inputs` where Keras must be asked in another form."""

    inputs: tuple[np.ndarray, ...]
    weight: Any = None
    mask: np.ndarray | None = None
    keras_inputs: tuple[np.ndarray, ...] | None = None
    keras_weight: Any = None

    def for_keras(self) -> tuple[tuple[np.ndarray, ...], np.ndarray | None]:
        inputs = tuple(exact(one) for one in self.keras_inputs or self.inputs)
        weight = self.weight if self.keras_weight is None else self.keras_weight
        if weight is not None and np.ndim(weight) == 0:  # of each row, where Keras would weigh the batch as one sample
            weight = np.full(len(inputs[-1]), weight)
        return (*inputs[:-1], masked(inputs[-1], self.mask)), exact(weight)

    def with_rows_reversed(self) -> "Update":
        """A batch that looks like this one, of other pairs: the predictions in reverse order."""
        reverse = [
            None if one is None else (*one[:-1], one[-1][::-1].copy()) for one in (self.inputs, self.keras_inputs)
        ]
        return Update(reverse[0], self.weight, self.mask, reverse[1], self.keras_weight)


def result_of(metric: Any) -> Any:
    return metric.result()


def construct(module: Any, name: str, arguments: dict[str, Any]) -> Any:
    return getattr(module, name)(**arguments)


@dataclass
class Case:
    """One metric's life: `arguments` of the constructor or function, and what it is fed.

    `read` gives the expected result from a Keras metric, `settle` changes one before it is fed.
    """

    arguments: dict[str, Any]
    updates: list[Update]
    keras_arguments: dict[str, Any] | None = None
    read: Callable[[Any], Any] = result_of
    settle: Callable[[Any], Any] = lambda metric: None
    construct: Callable[[Any, str, dict[str, Any]], Any] = construct
    tolerance: float = 1e-9
    states: tuple[str, ...] = ("total", "count")
    is_merged: bool = False
    presented: list[tuple[tuple[Any, ...], Any]] = field(default_factory=list)

    def present(self, rng: np.random.Generator, is_metric: bool) -> "Case":
        """Chooses the layout of every argument that ours gets; of a metric also how it is used."""
        if is_metric and rng.random() < 0.2:
            self.updates.append(self.updates[-1].with_rows_reversed())
        for update in self.updates:
            *others, last = update.inputs
            shown = [presented(rng, one) for one in others]
            last = presented(rng, last) if update.mask is None else masked(last, update.mask)
            weight = None if update.weight is None else presented(rng, update.weight)
            self.presented.append(((*shown, last), weight))
        self.is_merged = rng.random() < 0.2
        if is_metric and rng.random() < 0.1:
            self.arguments = {**self.arguments, "dtype": "float32"}
        return self

    def feed(self, metric: Any, inputs: tuple[Any, ...], weight: Any) -> None:
        if weight is None:
            metric.update_state(*inputs)
        else:
            metric.update_state(*inputs, sample_weight=weight)

    def ours(self, name: str) -> Answer:
        """The result and state of one metric after all updates, or of one for each update, merged."""
        parts = [self.construct(metrics, name, self.arguments)]
        for inputs, weight in self.presented:
            if self.is_merged:
                parts.append(self.construct(metrics, name, self.arguments))
            self.feed(parts[-1], inputs, weight)
        metric = parts[0]
        metric.merge_state(parts[1:])
        return self.answer(metric, metric.result())

    def answer(self, metric: Any, result: Any) -> Answer:
        return {"result": result, **{name: np.asarray(getattr(metric, name)) for name in self.states}}

    def theirs(self, keras_metrics: Any, name: str) -> Answer:
        arguments = self.arguments if self.keras_arguments is None else self.keras_arguments
        metric = self.construct(keras_metrics, name, {**arguments, "dtype": "float64"})
        self.settle(metric)
        for update in self.updates:
            inputs, weight = update.for_keras()
            if max(map(len, inputs)) and min(map(len, inputs)):
                self.feed(metric, inputs, weight)
        return self.answer(metric, self.read(metric))

    def our_value(self, name: str) -> Answer:
        (inputs, _), *rest = self.presented
        assert not rest
        return {"value": getattr(metrics, name)(*inputs, **self.arguments)}

    def their_value(self, keras_metrics: Any, name: str) -> Answer:
        arguments = self.arguments if self.keras_arguments is None else self.keras_arguments
        return {"value": getattr(keras_metrics, name)(*self.updates[0].for_keras()[0], **arguments)}

    def difference(self, ours: Answer, theirs: Answer) -> str | None:
        """What is wrong with our answer, if anything."""
        for name, expected in theirs.items():
            value = ours[name]
            rounded = name == "result" and self.arguments.get("dtype") == "float32"
            tolerance = 1e-6 if rounded else self.tolerance
            if np.shape(value) != np.shape(expected):
                return f"{name} {value!r}, expected shape {np.shape(expected)}: {expected!r}"
            if not np.allclose(value, expected, rtol=tolerance, atol=tolerance, equal_nan=True):
                return f"{name} {value!r}, expected {expected!r}"
        return None

    def __str__(self) -> str:
        lines = [f"arguments {self.arguments}{', merged' if self.is_merged else ''}"]
        for inputs, weight in self.presented:
            described = [*inputs] if weight is None else [*inputs, f"weight {describe(weight)}"]
            lines += ["  " + (one if isinstance(one, str) else describe(one)) for one in described]
        return "\n".join(lines)


def describe(value: Any) -> str:
    if isinstance(value, np.ndarray):
        mask = getattr(value, "_keras_mask", None)
        marked = "" if mask is None else f" mask {mask.tolist()}"
        return f"{value.dtype}{value.shape} {np.array2string(value, separator=',', threshold=60)}{marked}"
    return repr(value)


def presented(rng: np.random.Generator, array: Any) -> Any:
    """The same numbers as a list, or in another layout of memory."""
    array = np.asarray(array)
    kind = rng.integers(0, 9)
    if kind == 0 and array.size and array.dtype not in ("float16", "float32"):
        return array.tolist()
    if kind == 1:
        return np.asfortranarray(array)
    if kind == 2 and array.ndim:
        wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1] + 1), array.dtype)
        wide[..., 1::2] = array
        return wide[..., 1::2]
    if kind == 3 and array.ndim:
        return np.ascontiguousarray(array[::-1])[::-1]
    if kind == 4:
        return array.astype(array.dtype.newbyteorder(">"))
    if kind == 5:
        array = array.copy()
        array.flags.writeable = False
    return array
