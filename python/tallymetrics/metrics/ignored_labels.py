"""Labels that take no part: as arguments of metrics and as the native pass takes them."""

from typing import Any

from tallymetrics.arguments import as_integer


def as_labels(value: Any, name: str) -> Any:
    """Returns None, a label as an int, or several labels as a sorted list.

    Raises:
        TypeError: If a label is no integer.
        ValueError: If one does not fit 32 bits, or there is none in the list.
    """
    low, high = 1 - 2**31, 2**31 - 1
    if value is None:
        return None
    if not isinstance(value, (list, tuple)):
        return as_integer(value, name, low, high)
    labels = sorted({as_integer(label, name, low, high) for label in value})
    if not labels:
        raise ValueError(f"`{name}` must be a label or a list of labels. Received {value!r}.")
    return labels


def ignored_labels(labels: Any) -> Any:
    """Returns what `as_labels` returned as the native pass takes it: None, a label or a tuple of labels."""
    return tuple(labels) if isinstance(labels, list) else labels
