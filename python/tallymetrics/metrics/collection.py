"""Many metrics, one read of each batch."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeGuard

from tallymetrics.inputs import Batch, Layouts, as_array
from tallymetrics.metrics.function_metric import FunctionMetric
from tallymetrics.metrics.locks import restored_on_error, wholly_locked
from tallymetrics.metrics.metric import Metric
from tallymetrics.metrics.names import unique_name
from tallymetrics.metrics.native import NativeMetric, add_batch, is_of_package
from tallymetrics.metrics.reduction_metrics import Mean, MeanMetricWrapper, Sum
from tallymetrics.metrics.repeated import NOTHING
from tallymetrics.metrics.tensor_metrics import MeanTensor
from tallymetrics.metrics.variables import Arrays


class MetricCollection(Metric):
    """Metrics that are updated together: those of this package share one native pass over the batch.

    Args:
        metrics: Metrics, or functions of `(y_true, y_pred)` that return one value a sample, one a batch, or a dict
            of such values; in a list, or in a dict by the key of their result. Keys of a list are the metrics' names,
            numbered where they recur in it.
        name: Name of the collection, default `"metric_collection"`.

    A batch is added to every metric or, where one refuses it, to none. Metrics written in Python run before the pass,
    in NumPy.

    Example:
        >>> from tallymetrics import metrics
        >>> collection = metrics.MetricCollection(
        ...     [metrics.SparseCategoricalAccuracy(name="accuracy"), metrics.SparseTopKCategoricalAccuracy(k=2)]
        ... )
        >>> collection.update_state([0, 2], [[0.6, 0.3, 0.1], [0.1, 0.5, 0.4]])
        >>> collection.result()
        {'accuracy': 0.5, 'sparse_top_k_categorical_accuracy': 1.0}
    """

    def __init__(self, metrics: Iterable[Any] | Mapping[str, Any], name: str | None = "metric_collection") -> None:
        super().__init__(name=name)
        if isinstance(metrics, (str, Metric)):
            raise TypeError(f"`metrics` must be a list or dict of metrics. Received {metrics!r}.")
        self._metrics: dict[str, Metric] = {}
        named = metrics.items() if isinstance(metrics, Mapping) else ((None, metric) for metric in metrics)
        for key, given in named:
            metric = _as_metric(given)
            self._metrics[unique_name(key or metric._own_name, self._metrics)] = metric
        if len({id(metric) for metric in self._metrics.values()}) != len(self._metrics):
            raise ValueError("`metrics` must be different objects. Received one of them twice.")
        self._native = [metric for metric in self.metrics if _adds_natively(metric)]
        self._others = [metric for metric in self.metrics if metric not in self._native]
        self._repeated = NOTHING

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_repeated": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({**state, "_repeated": NOTHING})

    @property
    def metrics(self) -> list[Metric]:
        """The metrics, in order."""
        return list(self._metrics.values())

    def __getitem__(self, key: str) -> Metric:
        return self._metrics[key]

    def keys(self) -> list[str]:
        """Returns the key of each metric, in order."""
        return list(self._metrics)

    def __len__(self) -> int:
        return len(self._metrics)

    def _nested_by_key(self) -> list[tuple[str, Metric]]:
        return list(self._metrics.items())

    def state_arrays(self) -> Arrays:
        """Returns copies of the raw arrays of every metric, as `key/name`."""
        with wholly_locked([self]):
            return {
                f"{key}/{name}": array
                for key, metric in self._metrics.items()
                for name, array in metric.state_arrays().items()
            }

    def load_state_arrays(self, arrays: Arrays) -> None:
        """Replaces every metric's state by arrays that `state_arrays` of an equal collection returned.

        Raises:
            ValueError: If an array is missing, unknown or of another shape. The state is as before then.
        """
        parts: dict[str, Arrays] = {key: {} for key in self._metrics}
        for name, array in arrays.items():
            owners = [key for key in self._metrics if name.startswith(key + "/")]
            if not owners:
                raise ValueError(f"`arrays` must name states of {self.keys()}. Received {name!r}.")
            owner = max(owners, key=len)
            parts[owner][name[len(owner) + 1 :]] = array
        with wholly_locked([self]), restored_on_error(self.metrics):
            for key, metric in self._metrics.items():
                metric.load_state_arrays(parts[key])

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch to every metric, or to none.

        Raises:
            ValueError: If a metric refuses a shape or a value.
            TypeError: If an array is not numeric.
        """
        if self._repeated.add(y_true, y_pred, sample_weight):
            return
        layouts = Layouts(y_true, y_pred, sample_weight)
        batches = [metric.layout(layouts) for metric in self._native]
        if not self._others and all(batch is batches[0] for batch in batches):
            if batches:
                self._repeated = add_batch(self._native, batches[0], (y_true, y_pred, sample_weight))
            return
        passes: dict[int, tuple[Batch, list[NativeMetric]]] = {}
        for metric, batch in zip(self._native, batches, strict=True):
            passes.setdefault(id(batch), (batch, []))[1].append(metric)
        self._add_to_all(list(passes.values()), (y_true, y_pred, sample_weight))

    def _add_to_all(self, passes: list[tuple[Batch, list[NativeMetric]]], given: Any) -> None:
        """Several steps, any of which may refuse the batch: those before it are taken back then."""
        to_restore = [*self._others, *(metric for _, metrics in passes[:-1] for metric in metrics)]
        committed: list[bool] = []
        with wholly_locked(self.metrics), restored_on_error(to_restore, committed):
            for metric in self._others:
                _update_in_python(metric, *given)
            for batch, metrics in passes[:-1]:
                add_batch(metrics, batch)
            for batch, metrics in passes[-1:]:
                add_batch(metrics, batch, committed=committed)

    def result(self) -> dict[str, Any]:
        """Returns the results by key; a metric whose result is a dict contributes its own entries."""
        with wholly_locked([self]):
            values = {key: metric.result() for key, metric in self._metrics.items()}
        results: dict[str, Any] = {}
        for key, value in values.items():
            entries = value if isinstance(value, Mapping) else {key: value}
            for entry, entry_value in entries.items():
                results[unique_name(entry, results)] = entry_value
        return results

    def reset_state(self) -> None:
        """Returns every metric to its start."""
        with wholly_locked([self]):
            for metric in self._metrics.values():
                metric.reset_state()

    def _add_states(self, others: Sequence[Metric]) -> None:
        for key, metric in self._metrics.items():
            metric._add_states([other[key] for other in others if isinstance(other, MetricCollection)])

    def _check_mergeable(self, others: Sequence[Metric]) -> None:
        collections = [other for other in others if isinstance(other, MetricCollection)]
        for other in others:
            if not isinstance(other, MetricCollection):
                kind = type(other).__name__
                raise ValueError(f"`metrics` must be of class MetricCollection to merge. Received {kind}.")
        for collection in collections:
            if self.keys() != collection.keys():
                raise ValueError(f"`metrics` must have the keys {self.keys()} to merge. Received {collection.keys()}.")
        for key, metric in self._metrics.items():
            metric._check_mergeable([collection[key] for collection in collections])

    def get_config(self) -> dict[str, Any]:
        """Returns the metrics' serialised forms by key."""
        from tallymetrics.metrics import serialize

        return {"name": self.name, "metrics": {key: serialize(metric) for key, metric in self._metrics.items()}}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> "MetricCollection":
        """Returns a fresh collection of a configuration; `custom_objects` are as for `deserialize`."""
        from tallymetrics.metrics import deserialize

        metrics = {key: deserialize(metric, custom_objects) for key, metric in config["metrics"].items()}
        return cls(metrics, name=config["name"])


def _update_in_python(metric: Metric, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
    if isinstance(metric, (MeanMetricWrapper, FunctionMetric)):
        metric.update_state(y_true, y_pred, sample_weight)
        return
    arrays = as_array(y_true, "y_true"), as_array(y_pred, "y_pred")
    if sample_weight is None:
        metric.update_state(*arrays)
        return
    if not _takes_weights(metric):
        raise TypeError(
            f"`sample_weight` must not be given with {metric.name!r}, whose `update_state` takes none. In "
            "`tallymetrics.evaluate`, name the metrics to be weighted as `weighted_metrics`."
        )
    metric.update_state(*arrays, sample_weight=as_array(sample_weight, "sample_weight"))


def _takes_weights(metric: Metric) -> bool:
    parameters = inspect.signature(metric.update_state).parameters
    return "sample_weight" in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())


def _adds_natively(metric: Metric) -> TypeGuard[NativeMetric]:
    """Whether layout and accumulators say all of an update; those of a user's subclass may not."""
    is_native = isinstance(metric, NativeMetric) and not isinstance(metric, MeanMetricWrapper)
    return is_native and is_of_package(metric)


def _as_metric(given: Any) -> Metric:
    from tallymetrics.metrics import get

    if isinstance(given, str):
        try:
            given = get(given)
        except ValueError as error:
            hint = "Names whose meaning depends on shapes, such as 'acc' or 'top_5', are for `tallymetrics.evaluate`."
            raise ValueError(f"{error} {hint}") from None
    elif isinstance(given, dict):
        given = get(given)
    elif isinstance(given, type) and issubclass(given, Metric):
        given = given()
    takes_values = isinstance(given, (Mean, MeanTensor, Sum)) and not isinstance(given, MeanMetricWrapper)
    if takes_values and is_of_package(given):
        raise TypeError(f"`metrics` must take (y_true, y_pred). {type(given).__name__} takes values: update it apart.")
    if isinstance(given, Metric):
        return given
    if callable(given):
        return FunctionMetric(given)
    raise TypeError(f"`metrics` must hold metrics, identifiers or functions. Received {given!r}.")
