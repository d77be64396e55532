"""Measures of single classes as named floats, which training logs can hold."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

MEASURES = ("precision", "recall", "f1")


def checked_measures(per_class: Sequence[str] | None) -> list[str] | None:
    """Returns the argument `per_class` as a list of different measures."""
    if per_class is None:
        return None
    measures = [per_class] if isinstance(per_class, str) else list(per_class)
    if not measures or len(set(measures)) != len(measures) or not set(measures) <= set(MEASURES):
        raise ValueError(f"`per_class` must hold some of {', '.join(MEASURES)}. Received {per_class!r}.")
    return measures


def checked_names(class_names: Sequence[str] | None, num_classes: int) -> list[str]:
    """Returns the argument `class_names` as a list of different names, by default the numbers of the classes."""
    if class_names is None:
        return [str(number) for number in range(num_classes)]
    names = [str(name) for name in class_names]
    if len(names) != num_classes or len(set(names)) != len(names):
        raise ValueError(
            f"`class_names` must be {num_classes} different names. Received {len(names)}, "
            f"{len(set(names))} of them different."
        )
    return names


def named_measures(
    values: Mapping[str, npt.NDArray[Any]], names: Sequence[str], occurs: npt.NDArray[Any]
) -> dict[str, float]:
    """Returns `f1_name` for each class, its mean over all as `macro_f1`, its least where it occurs as `worst_f1`."""
    named: dict[str, float] = {}
    for measure, of_classes in values.items():
        named.update({f"{measure}_{name}": float(value) for name, value in zip(names, of_classes, strict=True)})
        named[f"macro_{measure}"] = float(of_classes.mean())
        named[f"worst_{measure}"] = float(of_classes[occurs].min()) if occurs.any() else 0.0
    return named
