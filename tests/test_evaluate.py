"""`evaluate` on arrays, batches and files: what each name means, functions, threads, and every message."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from sklearn import metrics as oracle

import tallymetrics
from tallymetrics import evaluate, metrics
from tallymetrics.evaluate import _with_progress
from tallymetrics.metrics.function_metric import FunctionMetric, function_name
from tallymetrics.resolve import FirstBatch, resolve
from tallymetrics.sources import Batch, Source

ROWS, CLASSES = 211, 7
RANDOM = np.random.default_rng(21)
LABELS = RANDOM.integers(0, CLASSES, ROWS)
SCORES = RANDOM.dirichlet(np.ones(CLASSES), ROWS).astype(np.float32)
ONE_HOT = np.eye(CLASSES, dtype=np.float32)[LABELS]
WEIGHTS = RANDOM.random(ROWS)
PREDICTED = SCORES.argmax(axis=1)
NAMES = ["accuracy", "top_3", "crossentropy", "confusion_matrix", "top_k_curve"]


def batches(step: int, *arrays: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    for start in range(0, len(arrays[0]), step):
        yield tuple(array[start : start + step] for array in arrays)


def assert_same(result: dict[str, Any], expected: dict[str, Any]) -> None:
    assert list(result) == list(expected)
    for key, value in expected.items():
        np.testing.assert_array_equal(result[key], value, strict=True)


# Where the data comes from


@pytest.mark.parametrize("sample_weight", [None, WEIGHTS])
def test_results_are_those_of_scikit_learn(sample_weight: Any) -> None:
    result = evaluate(LABELS, SCORES, metrics=NAMES, sample_weight=sample_weight)
    assert list(result) == NAMES
    wide = SCORES / SCORES.sum(axis=1, keepdims=True, dtype=np.float64)
    weighted = {"sample_weight": sample_weight}
    assert result["accuracy"] == pytest.approx(oracle.accuracy_score(LABELS, PREDICTED, **weighted), rel=1e-12)
    top_3 = oracle.top_k_accuracy_score(LABELS, SCORES, k=3, **weighted)
    assert result["top_3"] == pytest.approx(top_3, rel=1e-12)
    assert result["crossentropy"] == pytest.approx(oracle.log_loss(LABELS, wide, **weighted), rel=1e-12)
    matrix = oracle.confusion_matrix(LABELS, PREDICTED, **weighted)
    np.testing.assert_allclose(result["confusion_matrix"], matrix, rtol=1e-12)
    assert result["confusion_matrix"].dtype == (np.int64 if sample_weight is None else np.float64)
    assert result["top_k_curve"][2] == result["top_3"]


@pytest.mark.parametrize("sample_weight", [None, WEIGHTS])
@pytest.mark.parametrize("step", [1, 10, ROWS])
def test_any_cut_into_batches_gives_the_same_bits(tmp_path: Path, step: int, sample_weight: Any) -> None:
    whole = evaluate(LABELS, SCORES, metrics=NAMES, sample_weight=sample_weight)
    assert_same(evaluate(LABELS, SCORES, metrics=NAMES, sample_weight=sample_weight, batch_size=step), whole)
    arrays = [LABELS, SCORES, *([] if sample_weight is None else [sample_weight])]
    assert_same(evaluate(batches(step, *arrays), metrics=NAMES), whole)
    names = ["labels", "scores", *([] if sample_weight is None else ["weights"])]
    for name, array in zip(names, arrays, strict=True):
        np.save(tmp_path / f"{name}.npy", array)
    named = {"y_true": "labels.npy", "y_pred": "scores.npy"} | ({"sample_weight": "weights.npy"} if names[2:] else {})
    assert_same(evaluate(tmp_path, metrics=NAMES, batch_size=step, **named), whole)
    mapped = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in names]
    mapped_weights = dict(zip(["sample_weight"], mapped[2:], strict=False))
    assert_same(evaluate(*mapped[:2], metrics=NAMES, batch_size=step, **mapped_weights), whole)


def test_files_give_the_results_of_their_arrays(tmp_path: Path) -> None:
    whole = evaluate(LABELS, SCORES, metrics=NAMES, sample_weight=WEIGHTS)
    scores = pa.FixedSizeListArray.from_arrays(pa.array(SCORES.ravel()), CLASSES)
    columns = {f"p{index}": SCORES[:, index] for index in range(CLASSES)}
    table = pa.table({"label": LABELS, "scores": scores, "w": WEIGHTS, **columns})
    pa.parquet.write_table(table, tmp_path / "a.parquet", row_group_size=50)
    for y_pred in ["scores", "p*"]:
        for path in [tmp_path / "a.parquet", str(tmp_path / "a.parquet")]:
            arguments = {"y_true": "label", "y_pred": y_pred, "sample_weight": "w"}
            assert_same(evaluate(path, metrics=NAMES, **arguments), whole)
            assert_same(evaluate(path, metrics=NAMES, batch_size=7, threads=2, **arguments), whole)


def test_lists_and_one_metric_are_taken_too() -> None:
    expected = {"accuracy": 0.75}
    assert evaluate([0, 1, 2, 2], [0, 1, 1, 2]) == expected
    assert evaluate([0, 1, 2, 2], [0, 1, 1, 2], metrics="accuracy") == expected
    assert evaluate([0, 1, 2, 2], [0, 1, 1, 2], metrics=metrics.Accuracy()) == expected
    assert evaluate([([0, 1], [0, 1]), ([2, 2], [1, 2])]) == expected


# What the names mean


def resolved_class(identifier: str, y_true: Any, y_pred: Any) -> type:
    return type(resolve([identifier], FirstBatch(y_true, y_pred))[identifier])


@pytest.mark.parametrize("identifier", ["accuracy", "acc", "ACC", "Accuracy"])
def test_accuracy_by_shape(identifier: str) -> None:
    labels, scores = np.array([0, 1]), np.array([[0.2, 0.8, 0.0], [0.6, 0.4, 0.0]])
    assert resolved_class(identifier, labels, labels) is metrics.Accuracy
    assert resolved_class(identifier, labels, np.array([0.2, 0.8])) is metrics.BinaryAccuracy
    assert resolved_class(identifier, labels, np.array([[0.2], [0.8]])) is metrics.BinaryAccuracy
    assert resolved_class(identifier, labels[:1], labels[:1]) is metrics.Accuracy
    assert resolved_class(identifier, labels, scores) is metrics.SparseCategoricalAccuracy
    assert resolved_class(identifier, labels[:, None], scores) is metrics.SparseCategoricalAccuracy
    assert resolved_class(identifier, scores, scores) is metrics.CategoricalAccuracy


@pytest.mark.parametrize(
    ("identifiers", "sparse", "dense"),
    [
        (["top_1", "top_5"], metrics.SparseTopKCategoricalAccuracy, metrics.TopKCategoricalAccuracy),
        (
            ["crossentropy", "ce", "log_loss"],
            metrics.SparseCategoricalCrossentropy,
            metrics.CategoricalCrossentropy,
        ),
    ],
)
def test_sparse_or_categorical_by_rank(identifiers: list[str], sparse: type, dense: type) -> None:
    for identifier in identifiers:
        assert resolved_class(identifier, LABELS, SCORES) is sparse
        assert resolved_class(identifier, LABELS[:, None], SCORES) is sparse
        assert resolved_class(identifier, ONE_HOT, SCORES) is dense
        result = evaluate(LABELS, SCORES, metrics=[identifier])
        assert evaluate(ONE_HOT, SCORES, metrics=[identifier]) == pytest.approx(result, rel=1e-12)


def test_spelling_is_the_key_and_duplicates_are_numbered() -> None:
    names = ["acc", "ACC", "acc", "top_2", "mse", metrics.CategoricalAccuracy(name="acc"), "emd"]
    result = evaluate(ONE_HOT, SCORES, metrics=names)
    assert list(result) == ["acc", "ACC", "acc_1", "top_2", "mse", "acc_2", "emd"]
    assert len({result[name] for name in ["acc", "ACC", "acc_1", "acc_2"]}) == 1


def test_other_names() -> None:
    names = [
        "mse",
        "mae",
        "emd",
        "earth_movers_distance",
        "distribution_mean_error",
        "MeanSquaredError",
        "mean_absolute_error",
    ]
    result = evaluate(ONE_HOT, SCORES, metrics=names)
    assert list(result) == names
    difference = ONE_HOT.astype(np.float64) - SCORES
    assert result["mse"] == result["MeanSquaredError"] == pytest.approx((difference**2).mean(), rel=1e-12)
    assert result["mae"] == result["mean_absolute_error"] == pytest.approx(np.abs(difference).mean(), rel=1e-12)
    distance = np.sqrt((np.cumsum(difference, axis=1) ** 2).mean(axis=1)).mean()
    assert result["emd"] == result["earth_movers_distance"] == pytest.approx(distance, rel=1e-6)
    mean_error = np.abs(difference @ np.arange(CLASSES)).mean()
    assert result["distribution_mean_error"] == pytest.approx(mean_error, rel=1e-6)


def test_sizes_of_matrix_and_curve() -> None:
    result = evaluate(LABELS, SCORES, metrics=["confusion_matrix", "top_k_curve", "top_k_curve_3"])
    assert [value.shape for value in result.values()] == [(CLASSES, CLASSES), (CLASSES,), (3,)]
    wide = RANDOM.random((5, 30))
    assert evaluate([0, 1, 2, 3, 4], wide, metrics=["top_k_curve"])["top_k_curve"].shape == (20,)
    pairs = evaluate([0, 1, 2], [0, 4, 2], metrics=["confusion_matrix", "ConfusionMatrix"])
    np.testing.assert_array_equal(
        pairs["confusion_matrix"], oracle.confusion_matrix([0, 1, 2], [0, 4, 2], labels=range(5))
    )
    np.testing.assert_array_equal(pairs["ConfusionMatrix"], pairs["confusion_matrix"])
    one_hot = evaluate(ONE_HOT, PREDICTED, metrics=["confusion_matrix"])["confusion_matrix"]
    np.testing.assert_array_equal(one_hot, oracle.confusion_matrix(LABELS, PREDICTED))
    assert evaluate([0, 1], [0, 1], metrics=["confusion_matrix_9"])["confusion_matrix_9"].shape == (9, 9)


def test_matrix_of_label_pairs_names_the_label_that_came_too_late() -> None:
    pairs = [([0, 1, 2], [0, 1, 1]), ([1, 2], [0, 2]), ([0, 6], [1, 1])]
    message = (
        r"'confusion_matrix' took its 3 classes from the first batch, but a batch from row 5 on has label 6\. "
        r"Give the number of classes: metrics\.ConfusionMatrix\(7\) or 'confusion_matrix_7'\."
    )
    with pytest.raises(ValueError, match=message):
        evaluate(pairs, metrics=["confusion_matrix"])
    assert evaluate(pairs, metrics=["confusion_matrix_7"])["confusion_matrix_7"].sum() == 7
    assert evaluate(pairs[:2], metrics=["confusion_matrix"])["confusion_matrix"].sum() == 5


def test_matrix_of_huge_labels_is_not_made_by_guessing() -> None:
    message = (
        r"'confusion_matrix' must be given the number of classes where labels exceed 9999: .*Received label 2000000\."
    )
    with pytest.raises(ValueError, match=message):
        evaluate([0, 2_000_000], [0, 1], metrics=["confusion_matrix"])


def test_default_choice() -> None:
    assert list(evaluate(LABELS, SCORES, metrics=None)) == ["accuracy", "top_5", "crossentropy", "confusion_matrix"]
    assert list(evaluate(LABELS % 3, SCORES[:, :3], metrics=None)) == ["accuracy", "crossentropy", "confusion_matrix"]
    assert list(evaluate(LABELS, PREDICTED, metrics=None)) == ["accuracy", "confusion_matrix"]
    assert list(evaluate(LABELS + 5000, PREDICTED, metrics=None)) == ["accuracy"]
    assert list(evaluate(LABELS % 2, SCORES[:, 0], metrics=None)) == ["accuracy"]
    wide = np.full((2, 1001), 0.1)
    assert list(evaluate([0, 1], wide, metrics=None)) == ["accuracy", "top_5", "crossentropy"]


# Instances and functions


def test_instances_are_reset_and_keep_the_state() -> None:
    matrix = metrics.ConfusionMatrix(CLASSES)
    for _ in range(2):
        result = evaluate(LABELS, SCORES, metrics=[matrix])
        assert matrix.result().sum() == result["confusion_matrix"].sum() == ROWS
    macro = oracle.f1_score(LABELS, PREDICTED, average="macro")
    assert matrix.f_beta(average="macro") == pytest.approx(macro, rel=1e-12)


def hit(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    return y_pred.argmax(axis=1) == y_true


def hits_and_margin(y_true: np.ndarray, y_pred: np.ndarray) -> dict[str, Any]:
    top = np.sort(y_pred, axis=1)
    return {"hits": hit(y_true, y_pred).mean(), "margin": top[:, -1] - top[:, -2]}


def test_functions_run_beside_the_native_metrics() -> None:
    def first_scores(_y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return y_pred[:, :2]

    functions = [hit, "accuracy", hits_and_margin, lambda y_true, y_pred: 3, first_scores]
    top = np.sort(SCORES, axis=1)
    for step in [1, 10, ROWS]:
        result = evaluate(batches(step, LABELS, SCORES), metrics=functions)
        assert list(result) == ["hit", "accuracy", "hits", "margin", "<lambda>", "first_scores"]
        assert result["hit"] == result["accuracy"]
        assert result["hits"] == pytest.approx(result["accuracy"], rel=1e-12)
        assert result["margin"] == pytest.approx((top[:, -1] - top[:, -2]).mean(dtype=np.float64), rel=1e-6)
        assert result["<lambda>"] == 3.0
        assert result["first_scores"] == pytest.approx(SCORES[:, :2].mean(dtype=np.float64), rel=1e-6)


def test_functions_heed_weights() -> None:
    functions = [hit, "accuracy", hits_and_margin]
    result = evaluate(LABELS, SCORES, metrics=functions, sample_weight=WEIGHTS, batch_size=20)
    assert result["hit"] == result["accuracy"]
    # A number stands for every sample of its batch, which weigh as they do for all metrics.
    starts = range(0, ROWS, 20)
    hits = [(LABELS == PREDICTED)[start : start + 20].mean() for start in starts]
    expected = np.average(hits, weights=[WEIGHTS[start : start + 20].sum() for start in starts])
    assert result["hits"] == pytest.approx(expected, rel=1e-12)


def test_functions_see_arrays_also_of_lists() -> None:
    assert evaluate([([1, 0], [[0, 1.0], [0, 1.0]])], metrics=[hit]) == {"hit": 0.5}


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda y_true, y_pred: [1.0], ValueError, r"'<lambda>' must return 211 values, one per sample\. .* \(1,\)\."),
        (lambda y_true, y_pred: "good", TypeError, r"'<lambda>' must return numbers\. Received str\."),
        (lambda y_true, y_pred: {"a": None}, TypeError, r"'a' must return numbers\. Received NoneType\."),
    ],
)
def test_wrong_returns_of_functions(function: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        evaluate(LABELS, SCORES, metrics=[function])


def test_function_metric_alone() -> None:
    assert FunctionMetric(hit).result() == 0.0
    whole, left, right = (FunctionMetric(hits_and_margin) for _ in range(3))
    whole.update_state(LABELS, SCORES)
    left.update_state(LABELS[:90], SCORES[:90])
    right.update_state(LABELS[90:], SCORES[90:])
    left.merge_state([right])
    assert left.result() == pytest.approx(whole.result(), rel=1e-12)
    copied = FunctionMetric(hits_and_margin)
    copied.load_state_arrays(left.state_arrays())
    assert copied.result() == left.result()
    copied.load_state_arrays({})
    assert copied.result() == 0.0
    left.reset_state()
    assert left.result() == 0.0
    with pytest.raises(
        ValueError, match=r"`metrics` must be of the function 'hits_and_margin' to merge\. Received <Fun"
    ):
        left.merge_state(FunctionMetric(hit))
    assert function_name(functools.partial(hit)) == "hit"
    assert function_name(hit) == "hit"


def test_function_metric_adds_all_or_nothing() -> None:
    metric = FunctionMetric(lambda y_true, y_pred: {"a": y_true, "b": y_pred if len(y_true) > 1 else [1, 2]})
    metric.update_state([1.0, 2.0], [3.0, 4.0])
    before = metric.result()
    with pytest.raises(ValueError, match=r"'b' must return 1 values"):
        metric.update_state([9.0], [9.0])
    assert metric.result() == before == {"a": 1.5, "b": 3.5}


def test_functions_take_part_in_all_or_nothing() -> None:
    def late(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return y_pred if len(y_true) > 1 else y_pred[:0]

    collection = metrics.MetricCollection(resolve([hit, "accuracy", late], FirstBatch(LABELS, SCORES)))
    with pytest.raises(ValueError, match=r"'late' must return 1 values, one per sample"):
        collection.update_state(LABELS[:1], SCORES[:1])
    assert collection.result() == {"hit": 0.0, "accuracy": 0.0, "late": 0.0}
    collection.update_state(LABELS[:9], SCORES[:9])
    before = collection.result()
    with pytest.raises(ValueError, match=r"'late' must return 1 values, one per sample"):
        collection.update_state(LABELS[:1], SCORES[:1])
    assert collection.result() == before


def test_user_metric_in_numpy() -> None:
    class Rows(metrics.Metric):
        def __init__(self) -> None:
            super().__init__(name="rows")
            self.total = 0

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            self.total += len(y_true)

        def result(self) -> int:
            return self.total

        def reset_state(self) -> None:
            self.total = 0

    assert evaluate(LABELS, SCORES, metrics=[Rows(), "accuracy"], batch_size=50)["rows"] == ROWS


# Threads and progress


def test_thread_count_is_set_for_the_call_only() -> None:
    tallymetrics.set_num_threads(2)

    def threads(y_true: Any, y_pred: Any) -> float:
        return float(tallymetrics.get_num_threads())

    assert evaluate(LABELS, SCORES, metrics=[threads], threads=1) == {"threads": 1.0}
    assert tallymetrics.get_num_threads() == 2
    with pytest.raises(ValueError, match="7"):
        evaluate([7, 0], [[0.5, 0.5]] * 2, threads=1)
    assert tallymetrics.get_num_threads() == 2


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    result = evaluate(LABELS, SCORES, progress=True, batch_size=50)
    assert result == evaluate(LABELS, SCORES)
    assert capsys.readouterr() == ("", "")


def test_progress_on_a_terminal_counts_rows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    source = Source("a.parquet", 4, iter([Batch([0, 1], [0, 1]), Batch([0, 1], [0, 1])]))
    assert len(list(_with_progress(source, True))) == 2
    printed = capsys.readouterr()
    assert "a.parquet" in printed.err
    assert printed.out == ""


def test_progress_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(ImportError, match=r"A progress bar needs tqdm: pip install 'tallymetrics\[cli\]'"):
        evaluate(LABELS, SCORES, progress=True)


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.csv"])
def test_arrow_files_name_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=rf"Reading '{name}' needs pyarrow: pip install 'tallymetrics\[arrow\]'"):
        evaluate(tmp_path / name)


# Empty input and messages


def test_empty_input() -> None:
    empty = evaluate(LABELS[:0], SCORES[:0], metrics=["accuracy", "confusion_matrix"])
    assert empty["accuracy"] == 0.0
    np.testing.assert_array_equal(empty["confusion_matrix"], np.zeros((CLASSES, CLASSES), np.int64), strict=True)
    assert evaluate([(LABELS[:0], SCORES[:0])], metrics=None)["accuracy"] == 0.0
    with pytest.raises(ValueError, match=r"data must have rows\. Received none\."):
        evaluate([])
    late = [([], []), (np.array([0, 3]), np.array([0, 3])), ([], [])]
    assert evaluate(late, metrics=["confusion_matrix"])["confusion_matrix"].shape == (4, 4)


def test_file_without_rows(tmp_path: Path) -> None:
    pa.parquet.write_table(
        pa.table({"y_true": pa.array([], pa.int64()), "y_pred": pa.array([], pa.int64())}), tmp_path / "a.parquet"
    )
    with pytest.raises(ValueError, match=r"a\.parquet must have rows\. Received none\."):
        evaluate(tmp_path / "a.parquet")


def test_bad_row_is_counted_from_the_start_of_its_batch() -> None:
    labels = np.array([0, 1, 0, 9])
    with pytest.raises(ValueError, match=r"9.*Here rows are counted from row 2 of data\."):
        evaluate(labels, np.full((4, 2), 0.5), batch_size=2)
    with pytest.raises(ValueError, match="9") as caught:
        evaluate(labels, np.full((4, 2), 0.5))
    assert "counted" not in str(caught.value)


@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ("acuracy", r"`metrics` must name a metric\. Received 'acuracy'\. Close matches: accuracy,"),
        ("top_k", r"Received 'top_k'\. Close matches: top_5, top_1, top_10\."),
        ("top_0", r"Received 'top_0'\. Close matches: top_1"),
        ("categorial_accuracy", r"Close matches: categorical_accuracy"),
        ("mean", r"`metrics` must name a metric\. Received 'mean'"),
        ("xyzzyx", r"Received 'xyzzyx'\. Close matches: .*confusion_matrix.*mean_squared_error"),
        (
            "mean_metric_wrapper",
            r"Metric 'mean_metric_wrapper' lacks required positional arguments, `fn`: give an",
        ),
    ],
)
def test_unknown_names(identifier: str, message: str) -> None:
    def unread() -> Iterator[Any]:
        raise AssertionError("names are checked before any data is read")
        yield

    with pytest.raises(ValueError, match=message):
        evaluate(unread(), metrics=["accuracy", identifier])


@pytest.mark.parametrize("identifier", [None, 3, int, object()])
def test_things_that_are_no_metric(identifier: Any) -> None:
    with pytest.raises(TypeError, match=r"`metrics` must hold metrics, strings or functions\. Received "):
        evaluate(LABELS, SCORES, metrics=[identifier])


@pytest.mark.parametrize("identifier", ["top_5", "crossentropy", "ce", "top_k_curve", "top_k_curve_3"])
def test_names_that_need_score_rows(identifier: str) -> None:
    with pytest.raises(ValueError, match=r"needs `y_pred` of shape \[rows, classes\]\. Received shape \(211,\)\."):
        evaluate(LABELS, PREDICTED, metrics=[identifier])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"data": "a.parquet", "y_pred": SCORES},
            r"`y_pred` must be a name where `data` is a path\. Received ndarray\.",
        ),
        ({"data": "a.parquet", "y_true": 3}, r"`y_true` must be a name where `data` is a path\. Received int\."),
        ({"data": LABELS, "y_pred": SCORES, "y_true": "label"}, r"`y_true` must be given only where `data` is a path"),
        (
            {"data": [], "batch_size": 3},
            r"`sample_weight` and `batch_size` must not be given where `data` holds batches",
        ),
        ({"data": [], "sample_weight": WEIGHTS}, r"`sample_weight` and `batch_size` must not be given"),
        ({"data": LABELS}, r"`data` must be a path, batches, or an array beside `y_pred`\. Received ndarray\."),
        ({"data": 3}, r"`data` must be a path, batches, or an array beside `y_pred`\. Received int\."),
    ],
)
def test_arguments_that_do_not_go_together(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        evaluate(**arguments)


@pytest.mark.parametrize(
    ("batch", "received"), [((1, 2, 3, 4), "4 items"), ([LABELS], "1 items"), (LABELS, "ndarray"), ("ab", "str")]
)
def test_batches_of_wrong_form(batch: Any, received: str) -> None:
    message = rf"`data` must yield batches \(y_true, y_pred\) or .*Received {received} as batch 1\."
    with pytest.raises(ValueError, match=message):
        evaluate([(LABELS, SCORES), batch])
    with pytest.raises(ValueError, match=r"`y_pred` must have at least one axis, the rows\. Received 2 in batch 0\."):
        evaluate([(1, 2)])


def test_arrays_of_different_lengths() -> None:
    with pytest.raises(ValueError, match=r"Received: `y_true` has 210, `y_pred` has 211, `sample_weight` has 211\."):
        evaluate(LABELS[1:], SCORES, sample_weight=WEIGHTS)
    with pytest.raises(ValueError, match=r"`y_true` must have at least one axis, the rows\. Received shape \(\)\."):
        evaluate(np.array(3), SCORES)
    with pytest.raises(ValueError, match=r"`batch_size` must be a positive number of rows\. Received 0\."):
        evaluate(LABELS, SCORES, batch_size=0)
