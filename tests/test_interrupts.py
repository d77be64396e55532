"""An interrupt leaves a batch added whole or not at all, and what waits to be counted is not lost."""

import copy
import signal
import time

import numpy as np
import pytest

from tallymetrics import metrics
from tallymetrics.metrics import native, pair_table, score_table


def _raise(*_):
    raise KeyboardInterrupt


class _Core:
    """The native core, whose call number `last` ends, and an interrupt comes before anything else is done."""

    def __init__(self, core, last):
        self._core = core
        self.calls_left = last

    def __getattr__(self, name):
        return getattr(self._core, name)

    def add(self, *arguments):
        self._core.add(*arguments)
        self.calls_left -= 1
        if self.calls_left == 0:
            raise KeyboardInterrupt


@pytest.fixture
def _interrupt_after_add(monkeypatch):
    monkeypatch.setattr(native, "_core", _Core(native._core, 1))


@pytest.mark.usefixtures("_interrupt_after_add")
def test_a_batch_that_was_added_keeps_its_weights():
    metric = metrics.ConfusionMatrix(2)
    with pytest.raises(KeyboardInterrupt):
        metric.update_state([0, 1], [0, 1], [1.75, 2.5])
    assert metric.result().tolist() == [[1.75, 0], [0, 2.5]]


@pytest.mark.usefixtures("_interrupt_after_add")
def test_a_batch_that_was_added_waits_to_be_counted():
    metric = metrics.SparseConfusionMatrix(1000)
    with pytest.raises(KeyboardInterrupt):
        metric.update_state([7, 8], [7, 9])
    assert metric.result()["counts"].tolist() == [1, 1]


def test_a_late_interrupt_leaves_no_part_of_a_collection(monkeypatch):
    collection = metrics.MetricCollection([metrics.MeanSquaredError(), metrics.CosineSimilarity(axis=0)])
    core = _Core(native._core, 2)
    monkeypatch.setattr(native, "_core", core)
    with pytest.raises(KeyboardInterrupt):
        collection.update_state(np.eye(3), np.eye(3))
    assert core.calls_left == 0
    assert [int(metric.count) for metric in collection.metrics] == [3, 3]


@pytest.mark.parametrize(("exact", "last"), [(False, 1), (False, 2), (True, 1)])
def test_an_interrupt_leaves_both_populations_or_none(exact, last, monkeypatch):
    metric = metrics.Wasserstein1D(bins=64, exact=exact)
    metric.update_state([0.25], [0.5, 0.75])
    before = metric.state_arrays()
    expected = copy.deepcopy(metric)
    given = np.array([0.125, 0.5]), np.array([1.0])
    expected.update_state(*given)
    monkeypatch.setattr(native, "_core", _Core(native._core, last))
    with pytest.raises(KeyboardInterrupt):
        metric.update_state(*given)
    np.testing.assert_equal(metric.state_arrays(), expected.state_arrays() if exact or last == 2 else before)


@pytest.mark.parametrize(
    ("make", "owner", "name"),
    [
        (lambda: metrics.SparseConfusionMatrix(1000), pair_table._core, "key_runs"),
        (lambda: metrics.AUC(num_thresholds=None), score_table.np, "concatenate"),
    ],
    ids=["pairs", "scores"],
)
def test_what_waits_is_not_lost_by_an_interrupted_reading(make, owner, name, monkeypatch):
    inputs = np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0])
    metric, expected = make(), make()
    for one in (metric, expected):
        one.update_state(*inputs)
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, _raise)
        with pytest.raises(KeyboardInterrupt):
            metric.result()
    np.testing.assert_equal(metric.result(), expected.result())


def _update_and_wait(metric, values):
    metric.update_state(values, values)
    time.sleep(1)


def test_an_interrupt_of_the_last_chunk_is_raised():
    values = np.random.default_rng(0).random((16, 500_000), dtype=np.float32)
    metric = metrics.LogCoshError()
    before = signal.signal(signal.SIGALRM, _raise)
    try:
        for _ in range(5):
            metric.reset_state()
            started = time.perf_counter()
            signal.setitimer(signal.ITIMER_REAL, 0.005)
            with pytest.raises(KeyboardInterrupt):
                _update_and_wait(metric, values)
            assert time.perf_counter() - started < 1
            assert int(metric.count) in (0, 16)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("threads", [1, 2])
def test_looking_at_weights_beforehand_ends_at_an_interrupt(threads):
    weights = np.broadcast_to(np.float32(0.5), 2**36)
    before = signal.signal(signal.SIGALRM, _raise)
    started = time.perf_counter()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            native._core.weight_limbs(weights, threads)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert time.perf_counter() - started < 10
