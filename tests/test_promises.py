"""What the package promises beyond the formulas: counts, labels of any type, empty states, settings."""

import copy
import math
import os
import tracemalloc

import numpy as np
import pytest
from conftest import run_python

import tallymetrics
from tallymetrics import _core, metrics

LEVELS = pytest.mark.parametrize("level", tallymetrics.instruction_sets())


COUNTERS = {
    "Accuracy": (metrics.Accuracy, (1,), (0,), ()),
    "BinaryAccuracy": (metrics.BinaryAccuracy, (1,), (0.0,), ()),
    "SparseCategoricalAccuracy": (metrics.SparseCategoricalAccuracy, (1,), (1.0, 0.0), (2,)),
    "SparseTopKCategoricalAccuracy": (lambda: metrics.SparseTopKCategoricalAccuracy(k=1), (1,), (1.0, 0.0), (2,)),
    "Mean": (metrics.Mean, None, (0.0,), ()),
    "MeanAbsoluteError": (metrics.MeanAbsoluteError, (1,), (2.0,), ()),
}


@pytest.mark.parametrize("name", COUNTERS)
def test_single_rows_count_after_2_to_the_24(name):
    make, label, miss, shape = COUNTERS[name]
    metric = make()
    scores = np.array([0, 1], np.float32) if shape else np.ones((), np.float32)
    hits = [np.broadcast_to(scores, (2**24, *shape))]
    misses = [np.asarray([miss] if shape else miss, np.float32)]
    if label:
        hits.insert(0, np.broadcast_to(np.int64(1), 2**24))
        misses.insert(0, np.asarray(label))
    metric.update_state(*hits)
    counted = {1.0: 2**24, 0.0: 2000}[metric.result()]
    for _ in range(2000):
        metric.update_state(*misses)
    assert metric.result() == counted / (2**24 + 2000)


def test_confusion_matrix_counts_to_2_to_the_52():
    matrix = metrics.ConfusionMatrix(2)
    matrix.update_state(np.broadcast_to(np.uint8(1), (2**24,)), np.broadcast_to(np.uint8(0), (2**24,)))
    for _ in range(28):
        matrix.merge_state([copy.deepcopy(matrix)])
    matrix.update_state([1], [0])
    assert matrix.result().tolist() == [[0, 0], [2**52 + 1, 0]]


WIDE_LABELS = [
    ([2**40, 2**40 + 1, 7], [2**40, 2**40, 7 + 2**32], "int64", 1 / 3),
    ([2**64 - 1, 2**63, 5], [2**64 - 1, 2**63 + 1, 5], "uint64", 2 / 3),
    ([-1, -(2**63), 2**63 - 1], [-1, -(2**63), 2**63 - 2], "int64", 2 / 3),
]


@pytest.mark.parametrize(("y_true", "y_pred", "dtype", "expected"), WIDE_LABELS)
def test_labels_of_any_width_are_compared_exactly(y_true, y_pred, dtype, expected):
    metric = metrics.Accuracy()
    metric.update_state(np.array(y_true, dtype), np.array(y_pred, dtype))
    assert metric.result() == expected


def test_labels_of_different_signedness_are_compared_exactly():
    metric = metrics.Accuracy()
    metric.update_state(np.array([-1, 3], np.int64), np.array([2**64 - 1, 3], np.uint64))
    assert metric.result() == 0.5


@pytest.mark.parametrize(
    ("label", "dtype"),
    [(2**32 + 1, "int64"), (2**64 - 1, "uint64"), (2**63, "uint64"), (-(2**32), "int64"), (1e20, "float64")],
)
def test_labels_never_wrap_into_range(label, dtype):
    for metric in (metrics.SparseCategoricalAccuracy(), metrics.ConfusionMatrix(3), metrics.TopKCurve(2)):
        with pytest.raises(ValueError, match=r"`y_true`.*row 1"):
            metric.update_state(np.array([1, label], dtype), np.ones((2, 3)))


@pytest.mark.parametrize(
    ("environment", "threads"),
    [
        ({"TALLYMETRICS_NUM_THREADS": "3"}, "3"),
        ({"TALLYMETRICS_NUM_THREADS": "1", "OMP_NUM_THREADS": "5"}, "1"),
        ({"OMP_NUM_THREADS": "5"}, "5"),
    ],
)
def test_threads_from_the_environment(environment, threads):
    if "OMP_NUM_THREADS" not in environment:
        environment = {"OMP_NUM_THREADS": "", **environment}
    run = run_python("import tallymetrics; print(tallymetrics.get_num_threads())", **environment)
    assert run.stdout.strip() == threads, run.stderr


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity")
def test_threads_from_the_affinity():
    source = """
import os
import tracemalloc
os.environ.pop("OMP_NUM_THREADS", None)
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import tallymetrics
print(tallymetrics.get_num_threads())
"""
    assert run_python(source).stdout.strip() == "1"


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="no list of threads")
@pytest.mark.parametrize(
    ("name", "wakes"), [("MeanSquaredError", False), ("LogCoshError", True)], ids=["cheap", "expensive"]
)
def test_helpers_are_woken_for_what_is_worth_it(name, wakes):
    source = f"""
import os
import numpy as np
import tallymetrics
values = np.random.default_rng(0).random(100_000, np.float32)
metric = tallymetrics.metrics.{name}()
for threads in (1, 2):
    tallymetrics.set_num_threads(threads)
    before = len(os.listdir("/proc/self/task"))
    metric.update_state(values, values[::-1].copy())
print(len(os.listdir("/proc/self/task")) > before)
"""
    # A busy machine may make a cheap batch look expensive.
    said = {run_python(source).stdout.strip() for _ in range(1 if wakes else 10)}
    assert str(wakes) in said


@pytest.mark.parametrize(("threads", "microseconds", "regions"), [(2, 0, 1), (2, 10**9, 0), (1, 0, 0)])
def test_the_first_chunk_decides_whether_helpers_are_woken(threads, microseconds, regions, rng):
    values = rng.random(100_000, np.float32)
    metric, before = metrics.LogCoshError(), tallymetrics.get_num_threads()
    tallymetrics.set_num_threads(threads)
    _core.set_worth_waking(microseconds)
    try:
        woken = _core.regions_with_helpers()
        metric.update_state(values, values[::-1].copy())
        assert _core.regions_with_helpers() - woken == regions
    finally:
        _core.set_worth_waking(100)
        tallymetrics.set_num_threads(before)


@LEVELS
def test_instruction_set_from_the_environment(level):
    source = "import tallymetrics; print(tallymetrics.get_instruction_set())"
    assert run_python(source, TALLYMETRICS_INSTRUCTION_SET=level).stdout.strip() == level


@pytest.mark.parametrize("variable", ["TALLYMETRICS_INSTRUCTION_SET", "TALLYMETRICS_NUM_THREADS"])
def test_wrong_settings_in_the_environment_are_refused(variable):
    run = run_python("import tallymetrics; tallymetrics.get_num_threads()", **{variable: "seven"})
    assert run.returncode != 0
    assert variable in run.stderr


def test_settings():
    assert "baseline" in tallymetrics.instruction_sets()
    assert tallymetrics.get_instruction_set() in tallymetrics.instruction_sets()
    for level in tallymetrics.instruction_sets():
        tallymetrics.set_instruction_set(level)
        assert tallymetrics.get_instruction_set() == level
    with pytest.raises(ValueError, match="seven"):
        tallymetrics.set_instruction_set("seven")
    tallymetrics.set_num_threads(2)
    assert tallymetrics.get_num_threads() == 2
    for threads in (0, -1):
        with pytest.raises(ValueError, match=str(threads)):
            tallymetrics.set_num_threads(threads)
    assert tallymetrics.get_num_threads() == 2


EMPTY_ANSWERS = [
    (metrics.Accuracy(), 0.0),
    (metrics.Mean(), 0.0),
    (metrics.Sum(), 0.0),
    (metrics.MeanSquaredError(), 0.0),
    (metrics.SparseCategoricalCrossentropy(ignore_class=0), 0.0),
    (metrics.EarthMoversDistance(), 0.0),
    (metrics.TopKCurve(3), np.zeros(3)),
    (metrics.ConfusionMatrix(2), np.zeros((2, 2), np.int64)),
    (metrics.ConfusionMatrix(2, normalize="all"), np.zeros((2, 2))),
]


@pytest.mark.parametrize(("metric", "expected"), EMPTY_ANSWERS, ids=lambda one: getattr(one, "name", ""))
def test_an_empty_state_has_an_answer(metric, expected):
    assert np.array_equal(metric.result(), expected)
    if isinstance(expected, np.ndarray):
        assert metric.result().dtype == expected.dtype


def test_everything_ignored_is_empty():
    metric = metrics.SparseCategoricalCrossentropy(ignore_class=255)
    metric.update_state([255, 255], np.full((2, 3), math.nan))
    assert metric.result() == 0.0


def test_the_empty_report_and_curve():
    matrix = metrics.ConfusionMatrix(2)
    assert matrix.precision().tolist() == matrix.recall().tolist() == matrix.f_beta().tolist() == [0.0, 0.0]
    assert matrix.f_beta(average="weighted") == 0.0
    assert matrix.classification_report()["accuracy"] == 0.0
    assert metrics.TopKCurve(2).mean_reciprocal_rank() == 0.0


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int16", "uint32", "int64", "uint64", "float16", "float32", "float64"]
)
def test_inputs_are_not_copied(dtype):
    rows = 2_000_000
    ones, scores = np.broadcast_to(np.ones((), dtype), rows), np.broadcast_to(np.ones((), dtype), (rows, 2))
    updates = [
        (metrics.Accuracy(), ones, np.broadcast_to(np.int64(1), rows)),
        (metrics.ConfusionMatrix(2), ones, ones, ones),
        (metrics.Mean(), scores),
        (metrics.MeanSquaredError(), scores, np.broadcast_to(np.float32(1), (rows, 2))),
        (metrics.SparseCategoricalAccuracy(), ones, scores),
    ]
    tracemalloc.start()
    for metric, *inputs in updates:
        metric.update_state(*inputs)
        metric.result()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtype_is_what_results_are_rounded_to(dtype):
    assert metrics.Mean().dtype == "float64"
    metric = metrics.Mean(dtype=dtype)
    metric.update_state([0.1, 0.1, 0.2])
    assert metric.dtype == dtype
    assert type(metric.result()) is float
    assert metric.result() == float(np.dtype(dtype).type(0.4 / 3))


def test_first_maximum_wins_between_signed_zeros():
    for level in tallymetrics.instruction_sets():
        tallymetrics.set_instruction_set(level)
        for classes in (2, 10, 40, 100):
            scores = np.zeros((20, classes))
            scores[:, 0] = -0.0
            metric = metrics.SparseCategoricalAccuracy()
            metric.update_state(np.zeros(20, int), scores)
            metric.update_state(np.zeros(20, int), scores.astype(np.float32))
            assert metric.result() == 1.0
