"""Random sizes, numbers, weights and masks that the families share."""

from collections.abc import Callable
from typing import Any

import numpy as np

from differential.case import Update

Rng = np.random.Generator

FLOATS = ("float64", "float64", "float32", "float32", "float16")
INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
WIDTHS = (1, 2, 3, 5, 8, 15, 16, 17, 33)
CLASS_NUMBERS = (2, 3, 5, 10, 32, 33, 70)


def choose(rng: Rng, options: Any) -> Any:
    return options[rng.integers(len(options))]


def batch_sizes(rng: Rng) -> list[int]:
    """Rows of each update; the first is not empty."""
    sizes = [int(rng.integers(1, 12)), *rng.integers(0, 12, size=rng.integers(0, 3)).tolist()]
    if rng.random() < 0.15:
        sizes[0] = int(rng.integers(30, 41))
    return sizes


def reals(rng: Rng, shape: tuple[int, ...], dtype: str | None = None) -> np.ndarray:
    """Normal values of some scale, or small whole numbers."""
    dtype = dtype or choose(rng, (*FLOATS, "int32", "int8"))
    if rng.random() < 0.3 or "int" in dtype:
        return rng.integers(-4, 5, size=shape).astype(dtype)
    return (rng.normal(size=shape) * choose(rng, (0.1, 1, 10))).astype(dtype)


def unit_scores(rng: Rng, shape: tuple[int, ...], dtype: str | None = None) -> np.ndarray:
    """Scores in [0, 1], often on a coarse grid where ties and thresholds lie."""
    dtype = dtype or choose(rng, FLOATS)
    grid = choose(rng, (0, 0, 4, 10, 16))
    scores = rng.random(shape)
    return (np.round(scores * grid) / grid if grid else scores).astype(dtype)


def bits(rng: Rng, shape: tuple[int, ...], dtype: str | None = None) -> np.ndarray:
    dtype = dtype or choose(rng, ("bool", "float32", "float64", "float16", *INTEGERS))
    return (rng.random(shape) < choose(rng, (0, 0.2, 0.5, 0.8))).astype(dtype)


def weight_values(rng: Rng, shape: tuple[int, ...]) -> np.ndarray:
    kind = choose(rng, ("float64", "float32", "float16", "int64", "uint8", "bool"))
    if kind.startswith("float"):
        # Multiples of 1/8: their sums are exact in Keras too, so that equal counts compare equal.
        return (rng.integers(0, 25, size=shape) / 8 * (rng.random(shape) < 0.8)).astype(kind)
    return rng.integers(0, 2 if kind == "bool" else 4, size=shape).astype(kind)


def samplewise_weight(rng: Rng, form: str, shape: tuple[int, ...]) -> Any:
    """A weight for values of this shape, [samples, ...], in one of the forms that rule S1 takes."""
    rows, inner = shape[0], shape[1:]
    shapes = {
        "rows": (rows,),
        "column": (rows, 1),
        "element": shape,
        "row": (1, *inner),
        "trailing": (*shape, 1),
    }
    if form == "none":
        return None
    if form == "scalar":
        return weight_values(rng, ())
    if form == "signed":
        return rng.integers(0 if inner else -2, 5, size=rows)
    return weight_values(rng, shapes[form])


WEIGHT_FORMS = ("none", "none", "none", "scalar", "rows", "rows", "column", "element", "row", "trailing", "signed")


def samplewise_case(
    rng: Rng, draw: Callable[[int], tuple], values_shape: Callable[[int], tuple], may_mask: bool = True
):
    """The updates of a mean of `draw(rows) -> (inputs, Keras's inputs or None)`, weighted by rule S1."""
    form, has_mask = choose(rng, WEIGHT_FORMS), may_mask and rng.random() < 0.15
    updates = []
    for rows in batch_sizes(rng):
        inputs, keras_inputs = draw(rows)
        shape = values_shape(rows)
        weight = samplewise_weight(rng, form, shape)
        mask = None
        if has_mask:
            mask = rng.random(np.shape(weight) or shape) < 0.7
            if form == "scalar":
                weight = np.full(shape, weight)
        updates.append(Update(inputs, weight, mask, keras_inputs))
    return updates
