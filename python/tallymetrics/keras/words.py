"""The state of a metric as one array of int32, which travels through compiled functions as a Keras variable."""

from __future__ import annotations

import copy
import re
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics.metrics import MeanMetricWrapper, Metric, MetricCollection
from tallymetrics.metrics.native import NativeMetric

# Planes that floating-point weights of a table may use: whole multiples of 2^-128 below 2^64.
_PLANES = range(-4, 2)
# More would take longer to carry to the host and back at every step than the step itself.
_MOST_BYTES = 1 << 20

Words = npt.NDArray[np.int32]


class StateWords:
    """Turns states of one metric into int32 words and back, bit for bit: no 64-bit dtype is needed.

    Args:
        metric: A metric to copy.
        example: The arguments of one `update_state`, which shows what arrays the state has.
    """

    def __init__(self, metric: Metric, example: tuple[Any, ...]) -> None:
        self._metric = copy.deepcopy(metric)
        self._metric.reset_state()
        self._lock = threading.Lock()
        with np.errstate(all="ignore"):
            self._metric.update_state(*example)
            self.example_result = self._metric.result()
        self._spec = {name: (array.shape, array.dtype) for name, array in _with_planes(self._metric.state_arrays())}
        self._metric.reset_state()
        self.initial = self.packed(self._metric)

    def check_size(self) -> None:
        """Refuses a state that is too large to travel."""
        if self.initial.nbytes > _MOST_BYTES:
            raise ValueError(
                f"The state of {self._metric.name!r} takes {self.initial.nbytes} bytes, too much to carry to the host "
                "and back at every training step. Use tallymetrics.keras.EvaluationCallback."
            )

    @property
    def adds_rows(self) -> bool:
        """Whether an update may be cut into several of fewer rows."""
        metrics = self._metric.metrics if isinstance(self._metric, MetricCollection) else [self._metric]
        return all(isinstance(metric, NativeMetric) and not isinstance(metric, MeanMetricWrapper) for metric in metrics)

    def updated(self, words: Any, *arguments: Any) -> Words:
        """Returns the words of the state after an update with these arguments."""
        with self._lock:
            self.load(self._metric, words)
            self._metric.update_state(*arguments)
            return self.packed(self._metric)

    def result(self, words: Any) -> Any:
        """Returns the metric's result for a state."""
        with self._lock:
            self.load(self._metric, words)
            return self._metric.result()

    def merged(self, words: Any, others: list[Any]) -> Words:
        """Returns the words of the sum of several states."""
        with self._lock:
            self.load(self._metric, words)
            other = copy.deepcopy(self._metric)
            for addend in others:
                self.load(other, addend)
                self._metric.merge_state([other])
            return self.packed(self._metric)

    def load(self, metric: Metric, words: Any) -> None:
        """Gives a metric the state that the words hold."""
        words = np.ascontiguousarray(words, np.int32)
        arrays, start = {}, 0
        for name, (shape, dtype) in self._spec.items():
            array = np.empty(shape, dtype)
            size = array.nbytes // 4
            arrays[name] = words[start : start + size].view(dtype).reshape(shape).copy()
            start += size
        metric.load_state_arrays(arrays)

    def packed(self, metric: Metric) -> Words:
        """Returns the words of a metric's state."""
        # What is zero needs no room: planes for weights, and variables that a first update has yet to shape.
        arrays = {name: array for name, array in metric.state_arrays().items() if array.any()}
        if any(name not in self._spec or array.shape != self._spec[name][0] for name, array in arrays.items()):
            raise ValueError(
                f"The state of {metric.name!r} outgrew what its first update made room for, which a compiled function "
                "cannot follow; where weights came later, give them from the first batch on. "
                "tallymetrics.keras.EvaluationCallback has no such limit."
            )
        parts = [
            np.ascontiguousarray(arrays.get(name, np.zeros(shape, dtype))).reshape(-1).view(np.int32)
            for name, (shape, dtype) in self._spec.items()
        ]
        return np.concatenate(parts)


def _with_planes(arrays: dict[str, npt.NDArray[Any]]) -> list[tuple[str, npt.NDArray[Any]]]:
    """The arrays, and for a table with a plane of fractions those that other weights will need."""
    tables = [name.removesuffix("@-1") for name in arrays if name.endswith("@-1")]
    names = {f"{table}@{plane}": arrays[table] for table in tables for plane in _PLANES if plane != 0}
    plain = {name: array for name, array in arrays.items() if not re.search(r"@-?\d+$", name)}
    return list({**plain, **arrays, **names}.items())
