"""`load_model` that says what a saved model needs of the user's own."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from typing import Any

import keras

_BY_SHAPE = ("accuracy", "acc", "crossentropy", "ce")


def load_model(path: Any, custom_objects: dict[str, Any] | None = None, **options: Any) -> Any:
    """Loads a model as `keras.saving.load_model` does; where that fails for want of objects, names them.

    Models compiled with this package's metrics and losses need nothing. A function or class of the user's own must be
    registered by `keras.saving.register_keras_serializable` or passed, of which Keras's errors do not say which: for
    HDF5 it is `string indices must be integers`.

    Args:
        path: A `.keras` or `.h5` file.
        custom_objects: Functions and classes by name.
        **options: As for `keras.saving.load_model`: `compile`, `safe_mode`.

    Raises:
        ValueError: If an object is missing; the message is the `custom_objects` to pass.

    Example:
        ```python
        from tallymetrics.keras import load_model

        model = load_model("model.keras", custom_objects={"own_loss": own_loss})
        ```
    """
    try:
        return keras.saving.load_model(path, custom_objects=custom_objects, **options)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        known = custom_objects or {}
        missing = sorted({name for name in _names_in(os.fspath(path)) if not _is_known(name, known)})
        if not missing:
            raise
        entries = ", ".join(f"{name!r}: {name.split('>')[-1]}" for name in missing)
        raise ValueError(
            f"The saved model needs objects that are not known here. Pass `custom_objects={{{entries}}}`, or decorate "
            "them with `@keras.saving.register_keras_serializable()` and import them before loading."
        ) from error


def _names_in(path: str) -> Iterator[str]:
    """Names of the functions and classes that a file's configurations mention."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from _names(json.loads(archive.read("config.json")))
        return
    import h5py

    if not os.path.isfile(path) or not h5py.is_hdf5(path):
        return
    with h5py.File(path) as file:
        keys = [key for key in ("model_config", "training_config") if key in file.attrs]
        configurations = {key: json.loads(file.attrs[key]) for key in keys}
    yield from _names(configurations)
    training = configurations.get("training_config", {})
    for key in ("loss", "metrics", "weighted_metrics"):
        yield from _bare_names(training.get(key))


def _names(config: Any) -> Iterator[str]:
    if isinstance(config, dict):
        inner = config.get("config")
        if config.get("class_name") == "function" and isinstance(inner, str):
            yield inner
        elif "class_name" in config and not str(config.get("module") or "").startswith("keras"):
            yield str(config.get("registered_name") or config["class_name"])
        for value in config.values():
            yield from _names(value)
    elif isinstance(config, list):
        for value in config:
            yield from _names(value)


def _bare_names(config: Any) -> Iterator[str]:
    """Functions that HDF5 files keep by their name alone."""
    if isinstance(config, str):
        yield config
    elif isinstance(config, list) or (isinstance(config, dict) and "class_name" not in config):
        for value in config.values() if isinstance(config, dict) else config:
            yield from _bare_names(value)


def _is_known(name: str, custom_objects: dict[str, Any]) -> bool:
    if name in custom_objects or name in _BY_SHAPE or keras.saving.get_registered_object(name) is not None:
        return True
    modules = (
        keras.losses,
        keras.metrics,
        keras.activations,
        keras.initializers,
        keras.layers,
        keras,
        keras.optimizers,
    )
    return name.startswith("__") or any(hasattr(module, name) or _is_alias(module, name) for module in modules)


def _is_alias(module: Any, name: str) -> bool:
    try:
        return module.get(name) is not None
    except Exception:
        return False
