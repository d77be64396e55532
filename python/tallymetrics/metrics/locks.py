"""Several metrics that stay as they are, or change together: their locks held, their states put back."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tallymetrics import _core
from tallymetrics.metrics.tracking import Tracked


def locked(metrics: Iterable[Any]) -> _core.HeldLocks:
    """Holds the locks of all metrics, taken in one order for all threads: two that share metrics cannot deadlock."""
    return _core.HeldLocks([metric._lock for metric in sorted(metrics, key=id)])


def wholly_locked(metrics: Iterable[Any]) -> _core.HeldLocks:
    """Holds the locks of all metrics, then of those among their attributes, level by level, as updates take them;
    passes over what is no metric."""
    locks: list[Any] = []
    level = [metric for metric in metrics if isinstance(metric, Tracked)]
    while level:
        locks += [metric._lock for metric in sorted(level, key=id)]  # type: ignore[attr-defined]
        level = [nested for metric in level for nested in metric._nested_metrics()]
    return _core.HeldLocks(locks)


@contextmanager
def restored_on_error(metrics: Iterable[Any], committed: Sequence[bool] = ()) -> Iterator[None]:
    """Puts the metrics' states back if the block raises, unless all was `committed` before."""
    before = [(metric, metric.state_arrays()) for metric in metrics]
    try:
        yield
    except BaseException:
        for metric, arrays in () if committed else before:
            metric.load_state_arrays(arrays)
        raise
