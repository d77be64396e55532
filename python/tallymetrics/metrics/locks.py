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
    """Holds the locks of all metrics and of those among their attributes, however deep, in that same order; passes over
    what is no metric."""
    found: dict[int, Any] = {}
    more = [metric for metric in metrics if isinstance(metric, Tracked)]
    while more:
        metric = more.pop()
        if id(metric) not in found:
            found[id(metric)] = metric
            more += metric._nested_metrics()
    return locked(found.values())


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
