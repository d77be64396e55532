"""The metrics of every output, plain and weighted, and the rows added to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tallymetrics.metrics import Metric, MetricCollection
from tallymetrics.metrics.names import unique_name
from tallymetrics.metrics.variables import Variable
from tallymetrics.outputs import Name, flat_metrics, is_one_metric, metrics_by_output, rows_of, split_outputs
from tallymetrics.resolve import (
    FirstBatch,
    check_identifier,
    count_labels,
    default_identifiers,
    resolve_all,
    takes_classes_from_labels,
)
from tallymetrics.sources import Batch

# What is evaluated where no metrics are named, for every output.
DEFAULT_METRICS = ("accuracy",)


class Evaluation:
    """Metrics that come to be with the first batch that has rows, and the rows added to them.

    Args:
        source_name: what messages call the data.
        metrics: identifiers as `evaluate` takes them.
        weighted_metrics: identifiers; None: the weights go to `metrics`.
    """

    def __init__(self, source_name: str, metrics: Any, weighted_metrics: Any = None) -> None:
        self._source_name = source_name
        self._weighs_all = weighted_metrics is None
        if not self._weighs_all and (metrics is None or metrics is DEFAULT_METRICS):
            metrics = ()
        self._metrics = _listed(metrics)
        self._weighted_metrics = () if weighted_metrics is None else _listed(weighted_metrics)
        _check([self._metrics, self._weighted_metrics])
        self._first: dict[Name, Batch] | None = None
        self._outputs: dict[Name, _Output] = {}
        self._rows = 0

    def add(self, batch: Batch) -> None:
        """Adds a batch to the metrics of all outputs."""
        parts = split_outputs(*batch)
        if not self._outputs:
            self._first = parts
            # Labels are better taken from a batch with rows.
            if rows_of(batch) == 0:
                return
            self._outputs = self._make_outputs(parts)
        if list(parts) != list(self._outputs):
            raise ValueError(
                f"`y_pred` must have the outputs {list(self._outputs)} of the first batch. Received {list(parts)}."
            )
        for name, output in self._outputs.items():
            try:
                output.add(parts[name])
            except ValueError as error:
                raise ValueError(self._explain(error, output, parts[name])) from error
        self._rows += rows_of(batch)

    def result(self) -> dict[str, Any]:
        """The results of all metrics; those of empty metrics if no batch had rows."""
        if self._first is None:
            raise ValueError(f"{self._source_name} must have rows. Received none.")
        outputs = list((self._outputs or self._make_outputs(self._first)).values())
        results: dict[str, Any] = {}
        for output in outputs:
            for name, value in _entries(output.plain):
                results[unique_name(output.prefix + name, results)] = value
        for output in outputs:
            for name, value in _entries(output.weighted):
                key = output.prefix + name
                if key in results:
                    key = unique_name(f"{output.prefix}weighted_{name}", results)
                results[key] = value
        return results

    def _make_outputs(self, parts: dict[Name, Batch]) -> dict[Name, _Output]:
        names, firsts = list(parts), {name: FirstBatch(part.y_true, part.y_pred) for name, part in parts.items()}
        plain: dict[Name, list[Any]]
        if self._metrics is None:
            plain = {name: list(default_identifiers(first)) for name, first in firsts.items()}
        elif self._metrics is DEFAULT_METRICS:
            plain = {name: list(DEFAULT_METRICS) for name in names}
        else:
            plain = _by_output(self._metrics, names, "metrics")
        weighted = _by_output(self._weighted_metrics, names, "weighted_metrics")
        prefixes = {name: f"{name}_" if len(names) > 1 else "" for name in names}
        return {
            name: _Output(name, prefixes[name], firsts[name], plain[name], weighted[name], self._weighs_all)
            for name in names
        }

    def _explain(self, error: ValueError, output: _Output, batch: Batch) -> str:
        """Says what the metric could not know: where the batch stands, and where its classes came from."""
        place = f"In output {output.name!r}: " if output.prefix else ""
        if self._rows == 0:
            return f"{place}{error}"
        if takes_classes_from_labels(output.identifiers, output.first):
            labels = count_labels(batch.y_true, batch.y_pred)
            if labels > output.first.labels:
                return (
                    f"{place}'confusion_matrix' took its {output.first.labels} classes from the first batch, but a "
                    f"batch from row {self._rows} on has label {labels - 1}. Give the number of classes: "
                    f"metrics.ConfusionMatrix({labels}) or 'confusion_matrix_{labels}'."
                )
        return f"{place}{error} Here rows are counted from row {self._rows} of {self._source_name}."


class _Output:
    """The metrics of one output, under the names that their results should have."""

    def __init__(
        self, name: Name, prefix: str, first: FirstBatch, plain: list[Any], weighted: list[Any], weighs_all: bool
    ) -> None:
        self.name = name
        self.prefix = prefix
        self.first = first
        self.identifiers = [*plain, *weighted]
        self.plain = resolve_all(plain, first)
        self.weighted = resolve_all(weighted, first)
        self._all = _collection([*self.plain, *self.weighted])
        self._apart = None if weighs_all else (_collection(self.plain), _collection(self.weighted))
        self._all.reset_state()

    def add(self, batch: Batch) -> None:
        if self._apart is None or batch.sample_weight is None:
            self._all.update_state(*batch)
            return
        plain, weighted = self._apart
        plain.update_state(batch.y_true, batch.y_pred)
        weighted.update_state(*batch)


def _collection(named: list[tuple[str, Metric]]) -> MetricCollection:
    unique: dict[str, Metric] = {}
    for name, metric in named:
        unique[unique_name(name, unique)] = metric
    return MetricCollection(unique)


def _entries(named: list[tuple[str, Metric]]) -> list[tuple[str, Any]]:
    """Results by name, those of a dict under its own names."""
    results = [(name, _plain(metric.result())) for name, metric in named]
    return [
        entry for name, value in results for entry in (value.items() if isinstance(value, Mapping) else [(name, value)])
    ]


def _plain(value: Any) -> Any:
    """A metric of one's own may return a variable, which goes on changing."""
    if not isinstance(value, Variable):
        return value
    return value.numpy() if value.ndim else value.numpy().item()


def _by_output(metrics: Any, names: list[Name], argument: str) -> dict[Name, list[Any]]:
    nothing = not isinstance(metrics, str) and hasattr(metrics, "__len__") and len(metrics) == 0
    return {name: [] for name in names} if nothing else metrics_by_output(metrics, names, argument)


def _check(metrics: Any) -> None:
    """Refuses what no batch could make a metric of, before any is read."""
    # An output without a metric has None in its place.
    identifiers = [identifier for identifier in flat_metrics(metrics) if identifier is not None]
    for identifier in identifiers:
        check_identifier(identifier)
    instances = [id(identifier) for identifier in identifiers if isinstance(identifier, Metric)]
    if len(set(instances)) != len(instances):
        raise ValueError("`metrics` must be different objects. Received one of them twice.")


def _listed(metrics: Any) -> Any:
    """Iterators can be read once only."""
    known = is_one_metric(metrics) or metrics is None or isinstance(metrics, (Mapping, tuple))
    return metrics if known else list(metrics)
