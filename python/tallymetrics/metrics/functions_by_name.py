"""Functions of (y_true, y_pred) in configurations: by name where they can be found again, else as they are."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

_FUNCTION = "function"


def public_function(name: str) -> Callable[..., Any] | None:
    """Returns the function that `tallymetrics.metrics` exports under a name, or None."""
    from tallymetrics import metrics

    found = getattr(metrics, name, None) if name in metrics.__all__ else None
    is_function = callable(found) and not isinstance(found, type)
    return found if is_function and name not in ("get", "serialize", "deserialize") else None


def function_config(function: Any) -> Any:
    """Returns what stands for a function in a configuration.

    A public function of `tallymetrics.metrics` or one of a module becomes a dict of names in Keras's form, which JSON
    takes; a lambda, a local function or another callable stays as it is.
    """
    name, module = getattr(function, "__name__", ""), getattr(function, "__module__", None) or ""
    if not name:
        return function
    if public_function(name) is function:
        module = "tallymetrics.metrics"
    elif getattr(sys.modules.get(module), name, None) is not function:
        return function
    return {"module": module, "class_name": _FUNCTION, "config": name, "registered_name": name}


def is_function_config(config: Any) -> bool:
    """Whether a value is what `function_config` or Keras's `serialize` makes of a function."""
    return isinstance(config, Mapping) and config.get("class_name") == _FUNCTION


def function_of(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns the function that a configuration names; a function is returned as it is.

    Raises:
        ValueError: If there is none of that name in `custom_objects`, here, or in a module that is imported.
    """
    if not is_function_config(config):
        return config
    name, module = str(config["config"]), str(config.get("module"))
    found = (custom_objects or {}).get(name)
    if found is None and module.split(".")[0] in ("keras", "tallymetrics", "builtins", "None"):
        found = public_function(name)
    if found is None and module != "builtins":
        found = getattr(sys.modules.get(module), name, None)
    if not callable(found):
        raise ValueError(f"`config` must name a known function; pass yours in `custom_objects`. Received {config!r}.")
    return found
