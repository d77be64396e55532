"""At any line of the package, a signal handler may read a metric, change it, or interrupt what goes on."""

import copy
import itertools
import os
import pickle
import sys

import pytest
from cases import CASES
from laws import state as whole_state

import tallymetrics

PACKAGE = os.path.dirname(tallymetrics.__file__)
# One of each way to keep a state.
FAMILIES = [
    "AUC",
    "AUC-ranked-ROC",
    "ClassificationReport",
    "ConfusionMatrix",
    "F1Score",
    "Mean",
    "MeanIoU-ignore",
    "MetricCollection",
    "R2Score",
    "SparseConfusionMatrix",
    "StreamPearsonCorrelation",
    "TopKCurve-lowest_index-20",
    "Wasserstein1D",
    "Wasserstein1D-exact",
]
SOME_CASES = [case for case in CASES if case.family.name in FAMILIES and case.classes == 10]


def state(metric):
    """What a metric counts, whether or not it has made room for weights."""
    return {name: bits for name, bits in whole_state(metric).items() if "@" not in name or any(bits[2])}


class Interrupt(BaseException):
    pass


class AtLine:
    """Calls `task` before each of the package's lines that are run, or before the one of this number alone."""

    def __init__(self, task, number=None):
        self.task, self.number, self.lines = task, number, 0

    def __enter__(self):
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_):
        sys.settrace(None)

    def _trace(self, frame, event, _):
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        if event == "line":
            self.lines += 1
            if self.number in (None, self.lines):
                sys.settrace(None)
                self.task()
                sys.settrace(self._trace)
        return self._trace


@pytest.fixture(params=SOME_CASES, ids=str)
def case(request):
    return request.param


@pytest.fixture
def batches(case, rng):
    """Three, of which the second makes room for weights."""
    first, *others = (case.batch(rng, rows) for rows in (67, 33, 50))
    return [type(first)(first.inputs), *others]


def test_reading_at_any_line(case, batches):
    first, second, _ = batches
    answers = [state(case.fed(first)), state(case.fed(first, second))]
    metric = case.fed(first)

    def read():
        metric.result()
        merged = case.make()
        merged.merge_state(metric)
        metric.stateless_result(metric._state())
        for other in (metric, merged, copy.deepcopy(metric), pickle.loads(pickle.dumps(metric))):
            assert state(other) in answers

    with AtLine(read) as reading:
        second.feed(metric)
    assert reading.lines > 10
    assert state(metric) == answers[1]


@pytest.mark.parametrize("change", ["update", "merge"])
@pytest.mark.parametrize("begun", ["update", "result"])
def test_a_change_at_any_line_counts_or_is_refused(case, batches, begun, change):
    first, second, third = batches
    other = case.fed(third)
    wanted = [state(case.fed(first, second)), state(case.fed(first, second, third))]
    metric, changes = None, []

    def change_once():
        try:
            third.feed(metric) if change == "update" else metric.merge_state(other)
            changes.append(True)
        except RuntimeError as error:
            assert "within an update or a reading" in str(error)  # noqa: PT017
            changes.append(False)

    for number in itertools.count(1):
        metric = case.fed(first) if begun == "update" else case.fed(first, second)
        with AtLine(change_once, number):
            second.feed(metric) if begun == "update" else metric.result()
        if len(changes) < number:
            break
        assert state(metric) == wanted[changes[-1]], number
    assert any(changes)
    keeps_batches = case.family.name in ("AUC-ranked-ROC", "SparseConfusionMatrix", "Wasserstein1D-exact")
    assert keeps_batches or all(changes)


def raise_interrupt():
    raise Interrupt


@pytest.mark.parametrize("begun", ["update", "merge", "result"])
def test_an_interrupt_at_any_line_leaves_all_or_nothing(case, batches, begun):
    first, second, third = batches
    other = case.fed(second)
    answers = [state(case.fed(first)), state(case.fed(first, second))]
    later = [state(case.fed(first, third)), state(case.fed(first, second, third))]
    for number in itertools.count(1, 41 if begun == "merge" else 1):
        metric = case.fed(first) if begun != "result" else case.fed(first, second)
        try:
            with AtLine(raise_interrupt, number):
                if begun == "update":
                    second.feed(metric)
                elif begun == "merge":
                    metric.merge_state(other)
                else:
                    metric.result()
            break
        except Interrupt:
            left = answers.index(state(metric))
            assert left == 1 or begun != "result"
            third.feed(metric)
            assert state(metric) == later[left]
    assert number > 10
