"""Interrupts, forked processes and threads."""

import copy
import os
import sys
import threading
import time

import numpy as np
import pytest
from conftest import run_python

import tallymetrics
from tallymetrics import metrics
from tallymetrics.metrics import score_table, sorted_samples
from tallymetrics.metrics.pair_table import PairTable

INTERRUPTED = """
import os, signal, sys, threading, time
import numpy as np, tallymetrics
from tallymetrics import metrics
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (8 * 2**30, resource.RLIM_INFINITY))
except ImportError:
    pass
tallymetrics.set_num_threads({threads})
metric = metrics.{metric}
sent = []
def interrupt():
    time.sleep(0.3)
    sent.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
try:
    metric.update_state({inputs})
except KeyboardInterrupt:
    print("answered", time.monotonic() - sent[0], any(words.any() for words in metric.state_arrays().values()))
"""
LONG_UPDATES = [
    (1, "Mean()", "np.broadcast_to(1.0, (2**40,))"),
    (2, "Mean()", "np.broadcast_to(np.float32(1), (2**38, 3))"),
    (1, "ConfusionMatrix(3)", "np.broadcast_to(0, (2**40,)), np.broadcast_to(np.int8(1), (2**40,))"),
    (
        2,
        "MetricCollection([metrics.SparseCategoricalAccuracy(), metrics.ConfusionMatrix(10)])",
        "np.broadcast_to(0, (2**38,)), np.broadcast_to(np.float32(1), (2**38, 10))",
    ),
]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(("threads", "metric", "inputs"), LONG_UPDATES)
def test_interrupts_are_answered_and_add_nothing(threads, metric, inputs):
    run = run_python(INTERRUPTED.format(threads=threads, metric=metric, inputs=inputs))
    assert run.returncode == 0, run.stderr
    answer = run.stdout.split(maxsplit=2)
    assert answer[0] == "answered"
    assert float(answer[1]) < 5, "a bound for a busy machine; the promise is 0.1 s"
    assert answer[2].strip() == "False"


FORK = """
import multiprocessing, sys
{first}
def work(queue):
    import numpy as np, tallymetrics
    from tallymetrics import metrics
    tallymetrics.set_num_threads(2)
    metric = metrics.Mean()
    metric.update_state(np.arange(2_000_001.0))
    queue.put(metric.result())
{parent}
if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    children = [context.Process(target=work, args=(queue,)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join(20)
        if child.is_alive():
            child.kill()
            sys.exit("the forked child hangs")
        print(queue.get())
"""
USE_IN_PARENT = "class Queue:\n    put = print\nwork(Queue)"
OPENMP_IN_PARENT = """
import ctypes
libc = ctypes.CDLL(None)
ctypes.CDLL("libgomp.so.1", mode=ctypes.RTLD_GLOBAL).GOMP_parallel(libc.free, None, 2, 0)
"""


def check_fork(source: str) -> None:
    run = run_python(source)
    assert run.returncode == 0, run.stderr
    assert set(run.stdout.split()) == {"1000000.0"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_fork_after_a_parallel_update_does_not_hang():
    check_fork(FORK.format(first="", parent=USE_IN_PARENT))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_fork_before_the_first_import_does_not_hang():
    check_fork(FORK.format(first="", parent=""))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libgomp")
@pytest.mark.parametrize("first", ["", "import tallymetrics"])
def test_fork_after_another_package_used_openmp_does_not_hang(first):
    import ctypes

    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        pytest.skip("no libgomp.so.1")
    check_fork(FORK.format(first=first, parent=OPENMP_IN_PARENT))


def in_threads(*tasks) -> None:
    failures = []

    def guarded(task):
        try:
            task()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(task,), daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive(), "deadlock"
    assert not failures


@pytest.mark.parametrize("rows", [3, 40_000])
@pytest.mark.parametrize("shared", [False, True])
def test_threads_lose_no_counts(shared, rows, rng):
    tallymetrics.set_num_threads(2)
    labels, scores = rng.integers(0, 10, rows), rng.normal(size=(rows, 10)).astype(np.float32)
    weights = rng.random(rows)
    updates = 1000 if rows == 3 else 20

    def make():
        return metrics.MetricCollection([metrics.ConfusionMatrix(10), metrics.SparseCategoricalAccuracy()])

    made = [make()] * 2 if shared else [make(), make()]
    alone = [metrics.Mean()] * 2 if shared else [metrics.Mean(), metrics.Mean()]

    def work(index):
        for _ in range(updates):
            made[index].update_state(labels, scores)
            alone[index].update_state(scores[:, 0], sample_weight=weights)
            made[index].result()

    in_threads(lambda: work(0), lambda: work(1))
    expected = updates * rows * (2 if shared else 1)
    once = make()
    once.update_state(labels, scores)
    mean = metrics.Mean()
    mean.update_state(scores[:, 0], sample_weight=weights)
    for collection, reduction in zip(made, alone, strict=True):
        assert collection.result()["confusion_matrix"].sum() == expected
        assert collection.result()["sparse_categorical_accuracy"] == once.result()["sparse_categorical_accuracy"]
        assert reduction.result() == pytest.approx(mean.result(), rel=1e-15)


def test_merging_two_metrics_into_each_other_does_not_deadlock():
    first, second = metrics.Mean(), metrics.Mean()

    def merge(one, other):
        for _ in range(300):
            one.update_state([1.0])
            one.merge_state([other])
            other.reset_state()

    in_threads(lambda: merge(first, second), lambda: merge(second, first))


def test_the_interpreter_runs_while_an_update_does(rng):
    metric = metrics.Mean()
    ticks = []
    stop = threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    while not ticks:
        time.sleep(0.001)
    before = len(ticks)
    metric.update_state(np.broadcast_to(1.0, 2**28))
    during = len(ticks) - before
    stop.set()
    thread.join()
    assert metric.result() == 1.0
    assert during > 1


def test_reading_a_sparse_matrix_while_pairs_are_added_loses_none():
    labels = np.tile(np.arange(1000), 5000)
    matrix = metrics.SparseConfusionMatrix(1000)
    matrix.update_state(labels[:5], labels[:5], np.ones(5, int))
    thread = threading.Thread(target=matrix.update_state, args=(labels, labels))
    thread.start()
    while thread.is_alive():
        matrix.cells.numpy()
    thread.join()
    assert matrix.state_arrays()["cells"].sum() == len(labels) + 5


# What waits until it is read, what counts it, and a variable that is read.
WAITING = [
    (lambda: metrics.SparseConfusionMatrix(10), PairTable, "_add_planes", "cells"),
    (lambda: metrics.SparseConfusionMatrix(10), PairTable, "_add_planes", "keys"),
    (lambda: metrics.AUC(num_thresholds=None), score_table, "_distinct", "cells"),
    (lambda: metrics.Wasserstein1D(exact=True), sorted_samples, "_sorted", "true_samples"),
]


def batch_for(metric, number):
    rng = np.random.default_rng(number)
    y_true = rng.integers(0, 10, 50)
    if isinstance(metric, metrics.AUC):
        return y_true > 4, rng.random(50)
    return y_true, rng.integers(0, 10, 50)


@pytest.mark.parametrize(("make", "place", "counting", "name"), WAITING)
@pytest.mark.parametrize("reads_first", [True, False])
@pytest.mark.parametrize("weights", [None, np.arange(50.0)])
def test_reading_what_waits_loses_nothing_that_is_added_meanwhile(
    monkeypatch, make, place, counting, name, reads_first, weights
):
    """While one thread counts what waits, to read it or to have it counted, the other does the other."""
    metric, expected = make(), make()
    for number in range(3):
        expected.update_state(*batch_for(metric, number), weights)

    def read():
        (variable,) = (variable for variable in metric.variables if variable.name == name)
        variable.numpy()

    def count():
        metric.update_state(*batch_for(metric, 1), weights)
        metric.state_arrays()

    count_all = getattr(place, counting)
    others = [count if reads_first else read]

    def counted_meanwhile(*arguments):
        if others:
            thread = threading.Thread(target=others.pop())
            thread.start()
            thread.join()
        return count_all(*arguments)

    metric.update_state(*batch_for(metric, 0), weights)
    with monkeypatch.context() as patched:
        patched.setattr(place, counting, counted_meanwhile)
        (read if reads_first else count)()
        assert not others
    metric.update_state(*batch_for(metric, 2), weights)
    arrays = expected.state_arrays()
    for key, array in metric.state_arrays().items():
        np.testing.assert_array_equal(array, arrays[key])


def test_reading_a_mean_tensor_while_one_is_added_loses_none():
    values = np.full(4_000_000, 1.5)
    mean = metrics.MeanTensor()
    mean.update_state(values)
    thread = threading.Thread(target=mean.update_state, args=(values,))
    thread.start()
    while thread.is_alive():
        mean.count.numpy()
    thread.join()
    assert mean.count.numpy()[0] == 2
    np.testing.assert_array_equal(mean.result(), values)


class GivesWay(metrics.MeanAbsoluteError):
    """Lets another thread have its turn before it answers."""

    other = None

    def _give_way(self):
        task, self.other = self.other, None
        if task:
            task.start()
            task.join(0.2)

    def result(self):
        self._give_way()
        return super().result()

    def reset_state(self):
        self._give_way()
        super().reset_state()

    def state_arrays(self):
        self._give_way()
        return super().state_arrays()

    def _state(self):
        self._give_way()
        return super()._state()

    def __getstate__(self):
        self._give_way()
        return {**super().__getstate__(), "other": None}


def three_errors():
    return metrics.MetricCollection([metrics.MeanSquaredError(), GivesWay(), metrics.LogCoshError()])


def samples_in(collection):
    return [float(metric.count) for metric in collection.metrics]


def merged_into_fresh(collection):
    fresh = three_errors()
    fresh.merge_state(collection)
    return fresh


def with_state_of(collection):
    fresh = three_errors()
    fresh.load_state_arrays(collection.state_arrays())
    return fresh


@pytest.mark.parametrize(
    "ask", [merged_into_fresh, with_state_of, copy.copy, copy.deepcopy, metrics.MetricCollection.result]
)
def test_a_collection_is_asked_for_one_moment(ask):
    collection = three_errors()
    collection.update_state([0.0, 1], [1.0, 1])
    gives_way = collection.metrics[1]
    thread = threading.Thread(target=collection.update_state, args=([0.0], [4.0]), daemon=True)
    gives_way.other = thread
    answer = ask(collection)
    thread.join(20)
    assert samples_in(collection) == [3, 3, 3]
    if isinstance(answer, dict):
        squared, absolute, _ = answer.values()
        assert squared == absolute == 0.5
    else:
        assert samples_in(answer) == [2, 2, 2]


@pytest.mark.parametrize("change", ["reset_state", "load_state_arrays"])
def test_a_collection_changes_in_one_moment(change):
    collection = three_errors()
    collection.update_state([0.0, 1], [1.0, 1])
    arguments = [collection.state_arrays()] if change == "load_state_arrays" else []
    thread = threading.Thread(target=collection.update_state, args=([0.0], [4.0]), daemon=True)
    collection.metrics[1].other = thread
    getattr(collection, change)(*arguments)
    thread.join(20)
    assert len(set(samples_in(collection))) == 1


WRITTEN_TO = """
import ctypes, mmap, sys, threading
import numpy as np, tallymetrics
from tallymetrics import metrics
tallymetrics.set_num_threads(1)
size = 2**20
memory = mmap.mmap(-1, size + mmap.PAGESIZE)
address = np.frombuffer(memory, np.uint8).ctypes.data
if ctypes.CDLL(None).mprotect(ctypes.c_void_p(address + size), ctypes.c_size_t(mmap.PAGESIZE), 0):
    sys.exit("no guard page")
scores = np.frombuffer(memory, "{dtype}", size // np.dtype("{dtype}").itemsize)[None]
stopped = []
def write():
    while not stopped:
        scores[0, -1] = {value}
        scores[0, -1] = 0
sys.setswitchinterval(1e-6)
threading.Thread(target=write, daemon=True).start()
metric = metrics.SparseCategoricalAccuracy()
for _ in range(3000):
    metric.update_state([0], scores)
stopped.append(True)
print("done", float(metric.count))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no mprotect")
@pytest.mark.parametrize(("dtype", "value"), [("float16", "5"), ("float16", "np.nan"), ("float32", "5")])
def test_scores_that_change_meanwhile_are_read_within_their_bounds(dtype, value):
    run = run_python(WRITTEN_TO.format(dtype=dtype, value=value))
    assert run.stdout.split() == ["done", "3000.0"], run
