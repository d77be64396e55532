"""Metrics by string identifier and by configuration."""

import difflib
import inspect
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from tallymetrics.metrics.collection import MetricCollection
from tallymetrics.metrics.function_metric import FunctionMetric
from tallymetrics.metrics.functions_by_name import function_config, function_of, is_function_config, public_function
from tallymetrics.metrics.metric import Metric
from tallymetrics.metrics.names import snake_case
from tallymetrics.metrics.reduction_metrics import MeanMetricWrapper

# Where the public classes are.
_MODULES = (
    "accuracy_metrics",
    "auc_metrics",
    "collection",
    "confusion_matrix_metrics",
    "correlation_metrics",
    "confusion_metrics",
    "distance_metrics",
    "f_score_metrics",
    "hinge_metrics",
    "iou_metrics",
    "many_classes_metrics",
    "metric",
    "precision_recall_metrics",
    "probabilistic_metrics",
    "r2_metrics",
    "ranking_metrics",
    "reduction_metrics",
    "regression_metrics",
    "sample_distances",
    "stream_correlation",
    "tensor_metrics",
    "transport_metrics",
)


def _classes_of(module: ModuleType) -> Iterator[type[Metric]]:
    """The public metrics that a module defines."""
    for name, value in vars(module).items():
        is_metric = isinstance(value, type) and issubclass(value, Metric)
        if is_metric and value.__module__ == module.__name__ and not name.startswith("_"):
            yield value


CLASSES: tuple[type[Metric], ...] = tuple(
    cls for name in _MODULES for cls in _classes_of(import_module(f"tallymetrics.metrics.{name}"))
)

# What Keras 3 takes beside the class names and their snake case.
_SHORT_NAMES = {
    "bce": "BinaryCrossentropy",
    "mse": "MeanSquaredError",
    "mae": "MeanAbsoluteError",
    "mape": "MeanAbsolutePercentageError",
    "msle": "MeanSquaredLogarithmicError",
}
# What Keras 1 and 2 took, and what people write.
_OLD_NAMES = {
    "cce": "CategoricalCrossentropy",
    "cosine": "CosineSimilarity",
    "cosine_proximity": "CosineSimilarity",
    "f1": "F1Score",
    "f1score": "F1Score",
    "fbeta": "FBetaScore",
    "fbeta_score": "FBetaScore",
    "fmeasure": "F1Score",
    "fscore": "F1Score",
    "kld": "KLDivergence",
    "KLD": "KLDivergence",
    "kullback_leibler_divergence": "KLDivergence",
    "log_cosh": "LogCoshError",
    "logcosh": "LogCoshError",
    "pearson": "PearsonCorrelation",
    "r2": "R2Score",
    "rmse": "RootMeanSquaredError",
    "RMSE": "RootMeanSquaredError",
}
_BY_CLASS_NAME = {cls.__name__: cls for cls in CLASSES}
_ALIASES = {**_SHORT_NAMES, **{short.upper(): name for short, name in _SHORT_NAMES.items()}, **_OLD_NAMES}

IDENTIFIERS: dict[str, type[Metric]] = {
    **_BY_CLASS_NAME,
    **{snake_case(name): cls for name, cls in _BY_CLASS_NAME.items()},
    **{alias: _BY_CLASS_NAME[name] for alias, name in _ALIASES.items()},
}

# Names that need more than a class.
_ACCURACY = "Accuracy, BinaryAccuracy, CategoricalAccuracy or SparseCategoricalAccuracy"
_CROSSENTROPY = "BinaryCrossentropy, CategoricalCrossentropy or SparseCategoricalCrossentropy"
_BY_SHAPE = "means what the shapes of the arrays make of it. Give it to `tallymetrics.evaluate`, or name {}."
ADVICE = {
    **dict.fromkeys(("acc", "ACC"), _BY_SHAPE.format(_ACCURACY)),
    **dict.fromkeys(("ce", "CE", "crossentropy"), _BY_SHAPE.format(_CROSSENTROPY)),
    "matthews_correlation": "is no mean over batches. Use `ConfusionMatrix.matthews_correlation`.",
    "cohen_kappa": "is no mean over batches. Use `ConfusionMatrix.cohen_kappa`.",
}


def get(identifier: Any) -> Any:
    """Returns a metric for an identifier, as `keras.metrics.get` does.

    Args:
        identifier: A class name or its snake case (`"MeanSquaredError"`, `"mean_squared_error"`, `"mse"`), which gives
            a fresh instance; a dict made by `serialize`; a metric class; or a metric or function, returned as it is.
            None gives None. Names of Keras 1 and 2 and common ones are taken too, such as `"kld"`, `"cosine"`,
            `"rmse"`, `"logcosh"`, `"fmeasure"` and `"r2"`, and those of functions here, such as `"huber"`, which give
            their mean over samples.

    Raises:
        ValueError: If a string names no metric, or one that depends on shapes.
        TypeError: If the metric needs arguments, or the identifier is of another kind.

    Example:
        >>> from tallymetrics import metrics
        >>> metrics.get("mse")
        <MeanSquaredError name=mean_squared_error result=0.0>

    Differs from Keras: `"cosine_proximity"` is the similarity, which Keras 1 gave negated.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return _named(identifier)
    if isinstance(identifier, type):
        return _fresh(identifier, identifier.__name__) if issubclass(identifier, Metric) else identifier()
    if callable(identifier) or isinstance(identifier, Metric):
        return identifier
    raise TypeError(f"`identifier` must be a string, dict, metric or function. Received {identifier!r}.")


def _named(identifier: str) -> Any:
    if identifier in IDENTIFIERS:
        return _fresh(IDENTIFIERS[identifier], identifier)
    if identifier in ADVICE:
        raise ValueError(f"`identifier` {identifier!r} {ADVICE[identifier]}")
    function = public_function(identifier)
    if function is not None:
        return MeanMetricWrapper(function)
    close = difflib.get_close_matches(identifier, IDENTIFIERS, n=3)
    hint = f" Did you mean {', '.join(close)}?" if close else ""
    raise ValueError(f"`identifier` must name a metric. Received {identifier!r}.{hint}")


def _fresh(cls: type[Metric], identifier: str) -> Metric:
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(cls).parameters.values()
    required = [one.name for one in parameters if one.default is one.empty and one.kind not in variadic]
    if required:
        names = ", ".join(f"`{name}`" for name in required)
        arguments = ", ".join(f"{name}=..." for name in required)
        instance = f"{cls.__name__}({arguments})"
        raise TypeError(f"{identifier!r} lacks required positional arguments, {names}: give an instance, {instance}.")
    return cls()


def serialize(metric: Any) -> dict[str, Any]:
    """Returns a metric's class and configuration as a dict, in Keras's form; its state is not part of it.

    Args:
        metric: A metric, or a function that can be found by its name.

    Raises:
        ValueError: If a function has no name to find it by.
    """
    if not isinstance(metric, Metric):
        config: Any = function_config(metric)
        if not is_function_config(config):
            raise ValueError(f"`metric` must be a metric or a function of a module. Received {metric!r}.")
        return dict(config)
    cls = type(metric)
    ours = cls in CLASSES or cls is FunctionMetric
    return {
        "module": "tallymetrics.metrics" if ours else cls.__module__,
        "class_name": cls.__name__,
        "config": metric.get_config(),
        "registered_name": None if ours else cls.__name__,
    }


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Returns a fresh metric for what `serialize` returned, or for a string identifier.

    Args:
        config: The dict or string. Dicts that Keras's `serialize` made of its own metrics are taken too.
        custom_objects: Classes and functions of your own by name. Those of a module that is imported are found without.

    Raises:
        ValueError: If the class is unknown.
        TypeError: If `config` is neither a dict nor a string.
    """
    if config is None:
        return None
    if isinstance(config, str):
        custom = (custom_objects or {}).get(config)
        return get(config if custom is None else custom)
    if not isinstance(config, Mapping):
        raise TypeError(f"`config` must be a dict or a string. Received {config!r}.")
    if is_function_config(config):
        return function_of(config, custom_objects)
    cls = _class_of(config, custom_objects or {})
    if not (inspect.isclass(cls) and issubclass(cls, Metric)):
        raise ValueError(f"`config` must name a known class; pass yours in `custom_objects`. Received {config!r}.")
    arguments = {key: function_of(value, custom_objects) for key, value in config.get("config", {}).items()}
    if str(config.get("module")).startswith("keras"):
        arguments = _of_keras(arguments)
    if issubclass(cls, MetricCollection):
        return cls.from_config(arguments, custom_objects)
    return cls.from_config(arguments)


def _class_of(config: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> Any:
    name, module = config.get("class_name"), str(config.get("module"))
    for key in (str(config.get("registered_name")), str(name)):
        if key in custom_objects:
            return custom_objects[key]
    # Only modules that are imported already: a configuration must not run code.
    imported = getattr(sys.modules.get(module), str(name), None)
    if module.split(".")[0] not in ("keras", "tallymetrics") and imported is not None:
        return imported
    return FunctionMetric if name == FunctionMetric.__name__ else IDENTIFIERS.get(str(name))


def _of_keras(arguments: dict[str, Any]) -> dict[str, Any]:
    """What Keras's arguments are here: it keeps counts of IoU in int32, which says nothing about results, and writes
    arrays as dicts."""
    read = {key: _array_of(value) for key, value in arguments.items()}
    return read if read.get("dtype") in (None, "float16", "float32", "float64") else {**read, "dtype": None}


def _array_of(value: Any) -> Any:
    is_array = isinstance(value, Mapping) and value.get("class_name") in ("__tensor__", "__numpy__")
    return np.array(value["config"]["value"], value["config"]["dtype"]) if is_array else value
