"""Metrics in the configurations that Keras saves with a model."""

from __future__ import annotations

from typing import Any

import keras

from tallymetrics.metrics import Metric, MetricCollection
from tallymetrics.metrics.function_metric import FunctionMetric
from tallymetrics.metrics.identifiers import CLASSES


def serialized(metric: Metric) -> dict[str, Any]:
    """Returns a metric's class and configuration; functions and classes of the user by their registered names."""
    if isinstance(metric, MetricCollection):
        members = {key: serialized(member) for key, member in zip(metric.keys(), metric.metrics, strict=True)}
        return {"class_name": "MetricCollection", "config": {"name": metric.name, "metrics": members}}
    config = {key: _plain(value) for key, value in metric.get_config().items()}
    return {"class_name": keras.saving.get_registered_name(type(metric)), "config": config}


def _plain(value: Any) -> Any:
    return keras.saving.serialize_keras_object(value) if callable(value) else value


def deserialized(config: dict[str, Any]) -> Metric:
    """Returns a fresh metric for what `serialized` returned.

    Raises:
        ValueError: If a class or function of the user's is not known; the message says how to make it so.
    """
    name, inner = config["class_name"], config["config"]
    if name == "MetricCollection":
        members = {key: deserialized(member) for key, member in inner["metrics"].items()}
        return MetricCollection(members, name=inner["name"])
    arguments = {key: _restored(value) for key, value in inner.items()}
    restored: Metric = _class_named(name).from_config(arguments)
    return restored


def _restored(value: Any) -> Any:
    if not (isinstance(value, dict) and value.get("class_name") == "function"):
        return value
    name = value["config"]
    try:
        return keras.saving.deserialize_keras_object(value)
    except (TypeError, ValueError) as error:
        raise ValueError(_unknown("function", str(name))) from error


def _class_named(name: str) -> type[Metric]:
    own = {cls.__name__: cls for cls in (*CLASSES, FunctionMetric)}
    found = own.get(name) or keras.saving.get_registered_object(name)
    if found is None:
        raise ValueError(_unknown("class", name))
    cls: type[Metric] = found
    return cls


def _unknown(kind: str, name: str) -> str:
    bare = name.split(">")[-1]
    return (
        f"A saved metric needs the {kind} {bare!r}. Pass `custom_objects={{{name!r}: {bare}}}` to `load_model`, or "
        f"decorate it with `@keras.saving.register_keras_serializable()` and import it before loading."
    )
