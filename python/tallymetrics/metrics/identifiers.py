"""Metrics by string identifier and by configuration."""

import difflib
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from tallymetrics.metrics import (
    accuracy_metrics,
    collection,
    confusion_matrix_metrics,
    distance_metrics,
    f_score_metrics,
    iou_metrics,
    metric,
    probabilistic_metrics,
    r2_metrics,
    ranking_metrics,
    reduction_metrics,
    regression_metrics,
    stream_correlation,
    tensor_metrics,
)
from tallymetrics.metrics.metric import Metric
from tallymetrics.metrics.names import snake_case

_MODULES = (
    accuracy_metrics,
    collection,
    confusion_matrix_metrics,
    distance_metrics,
    f_score_metrics,
    iou_metrics,
    metric,
    probabilistic_metrics,
    r2_metrics,
    ranking_metrics,
    reduction_metrics,
    regression_metrics,
    stream_correlation,
    tensor_metrics,
)


def _classes_of(module: ModuleType) -> Iterator[type[Metric]]:
    """The public metrics that a module defines."""
    for name, value in vars(module).items():
        is_metric = isinstance(value, type) and issubclass(value, Metric)
        if is_metric and value.__module__ == module.__name__ and not name.startswith("_"):
            yield value


CLASSES: tuple[type[Metric], ...] = tuple(cls for module in _MODULES for cls in _classes_of(module))

IDENTIFIERS: dict[str, type[Metric]] = {
    **{cls.__name__: cls for cls in CLASSES},
    **{snake_case(cls.__name__): cls for cls in CLASSES},
    **dict.fromkeys(("mse", "MSE"), regression_metrics.MeanSquaredError),
    **dict.fromkeys(("mae", "MAE"), regression_metrics.MeanAbsoluteError),
}


def get(identifier: Any) -> Any:
    """Returns a metric for an identifier, as `keras.metrics.get` does.

    Args:
        identifier: A class name or its snake case (`"MeanSquaredError"`, `"mean_squared_error"`, `"mse"`), which gives
            a fresh instance; a dict made by `serialize`; a metric class; or a metric or function, returned as it is.
            None gives None.

    Raises:
        ValueError: If a string names no metric.
        TypeError: If the metric needs arguments, or the identifier is of another kind.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.get("mse")
        <MeanSquaredError name=mean_squared_error result=0.0>
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        if identifier not in IDENTIFIERS:
            close = difflib.get_close_matches(identifier, IDENTIFIERS, n=3)
            hint = f" Did you mean {', '.join(close)}?" if close else ""
            raise ValueError(f"`identifier` must name a metric. Received {identifier!r}.{hint}")
        return IDENTIFIERS[identifier]()
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if callable(identifier) or isinstance(identifier, Metric):
        return identifier
    raise TypeError(f"`identifier` must be a string, dict, metric or function. Received {identifier!r}.")


def serialize(metric: Metric) -> dict[str, Any]:
    """Returns a metric's class and configuration as a dict; its state is not part of it."""
    cls = type(metric)
    return {
        "module": cls.__module__,
        "class_name": cls.__name__,
        "config": metric.get_config(),
        "registered_name": cls.__name__,
    }


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Returns a fresh metric for what `serialize` returned, or for a string identifier.

    Args:
        config: The dict or string.
        custom_objects: Classes of your own by name.

    Raises:
        ValueError: If the class is unknown.
    """
    if isinstance(config, str):
        return get(config)
    known = {**IDENTIFIERS, **(custom_objects or {})}
    cls = known.get(config["class_name"])
    if not (inspect.isclass(cls) and issubclass(cls, Metric)):
        raise ValueError(f"`config` must name a known class; pass yours in `custom_objects`. Received {config!r}.")
    return cls.from_config(config["config"])
