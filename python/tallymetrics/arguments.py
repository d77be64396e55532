"""Arguments of constructors and functions: numbers and axes, checked."""

import math
import numbers
import operator
from typing import Any

import numpy as np
import numpy.typing as npt

Axes = int | tuple[int, ...]


def as_integer(value: Any, name: str, low: int, high: int) -> int:
    """Returns a constructor's argument as an int in [low, high].

    Raises:
        TypeError: If `value` is no integer.
        ValueError: If it is out of range.
    """
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"`{name}` must be an integer. Received {value!r}.") from None
    if not low <= number <= high:
        raise ValueError(f"`{name}` must lie in [{low}, {high}]. Received {number}.")
    return number


def as_number(value: Any, name: str, low: float, high: float) -> Any:
    """Returns a constructor's argument unchanged, if it is a finite real number in [low, high].

    Raises:
        TypeError: If `value` is no real number.
        ValueError: If it is out of range.
    """
    if isinstance(value, (str, bytes)) or not isinstance(value, (numbers.Real, np.number)):
        raise TypeError(f"`{name}` must be a number. Received {value!r}.")
    if not (low <= float(value) <= high and math.isfinite(value)):
        raise ValueError(f"`{name}` must be a finite number in [{low}, {high}]. Received {value}.")
    return value


def as_axes(value: Any) -> Axes:
    """Returns the argument `axis` as an int, or as a tuple of ints.

    Raises:
        TypeError: If it is neither.
        ValueError: If it is out of range or empty.
    """
    if not isinstance(value, (tuple, list)):
        return as_integer(value, "axis", -64, 64)
    if not value:
        raise ValueError("`axis` must name an axis. Received ().")
    return tuple(as_integer(axis, "axis", -64, 64) for axis in value)


def axes_last(array: npt.NDArray[Any], axes: Axes) -> npt.NDArray[Any]:
    """Returns the array with these axes as one last axis.

    Raises:
        ValueError: If the array does not have one of them, or one is named twice.
    """
    named = (axes,) if isinstance(axes, int) else axes
    places = {axis % array.ndim for axis in named if -array.ndim <= axis < array.ndim}
    if len(places) < len(named):
        raise ValueError(f"`axis` must be an axis of `y_pred`. Received {axes} with shape {array.shape}.")
    moved = np.moveaxis(array, named, range(-len(named), 0))
    kept = moved.shape[: moved.ndim - len(named)]
    return moved if len(named) == 1 else moved.reshape(*kept, math.prod(moved.shape[len(kept) :]))
