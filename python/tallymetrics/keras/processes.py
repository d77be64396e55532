"""How many processes and devices train one model."""

from __future__ import annotations

from typing import Any

import keras


def process_count(model: Any = None) -> int:
    """Returns the number of processes that train together on the running backend."""
    backend = keras.backend.backend()
    if backend == "torch":
        from torch import distributed

        return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1
    if backend == "jax":
        import jax

        return int(jax.process_count())
    if backend == "tensorflow":
        resolver = _strategy(model).cluster_resolver
        return 1 if resolver is None else max(len(resolver.cluster_spec().as_dict().get("worker", [])), 1)
    return 1


def replica_count(model: Any = None) -> int:
    """Returns the number of TensorFlow replicas that each hold a copy of the model, 1 on other backends."""
    if keras.backend.backend() != "tensorflow":
        return 1
    return int(_strategy(model).num_replicas_in_sync)


def _strategy(model: Any) -> Any:
    import tensorflow

    return getattr(model, "distribute_strategy", None) or tensorflow.distribute.get_strategy()
