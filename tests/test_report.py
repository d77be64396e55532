"""Results as text and as JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from tallymetrics.report import to_json, to_text

MATRIX = np.array([[30, 2, 0], [1, 50, 4], [0, 0, 0]])


def test_json_keeps_counts_and_every_bit() -> None:
    random = np.random.default_rng(3)
    floats = [*random.random(200).tolist(), 0.1 + 0.2, 5e-324, 1.7976931348623157e308, 1 / 3, -0.0]
    counts = np.array([[2**53 + 1, 0], [1, 2**62]])
    read = json.loads(to_json({"floats": np.array(floats), "one": floats[0], "counts": counts, "rows": np.int64(7)}))
    assert [value.hex() for value in read["floats"]] == [value.hex() for value in floats]
    assert read["one"] == floats[0]
    assert read["counts"] == counts.tolist()
    assert all(type(value) is int for value in [read["rows"], *read["counts"][0]])


def test_json_has_no_nan() -> None:
    text = to_json({"a": float("nan"), "b": np.array([np.inf, 1.0, -np.inf]), "c": np.float64("nan"), "d": {"e": 1.5}})
    assert json.loads(text) == {"a": None, "b": [None, 1.0, None], "c": None, "d": {"e": 1.5}}
    assert text.count("\n") == 5
    assert json.loads(to_json({})) == {}


def test_numbers_are_aligned() -> None:
    text = to_text({"accuracy": 0.5, "mean_squared_error": 12345.678, "rows": 12, "tiny": 1.25e-9, "huge": 1.5e12})
    assert text.split("\n") == [
        "accuracy                0.500000",
        "mean_squared_error  12345.678000",
        "rows                          12",
        "tiny                    1.25e-09",
        "huge                     1.5e+12",
    ]
    assert to_text({"a": 0.0, "b": float("nan"), "c": 1.0}) == "a  0.000000\nb       nan\nc  1.000000"
    assert to_text({}) == ""


def test_vectors_are_indexed() -> None:
    text = to_text({"top_k_curve": np.linspace(0.1, 1.0, 10)})
    assert text.split("\n") == [
        "top_k_curve [10]",
        "  [0]   0.100000  0.200000  0.300000  0.400000  0.500000  0.600000  0.700000  0.800000",
        "  [8]   0.900000  1.000000",
    ]
    assert to_text({"rates": np.zeros((2, 3))}).startswith("rates [2, 3]\n  [0]  0.000000")


def test_entries_of_a_result_stand_under_its_name() -> None:
    shift = {"wasserstein": 0.25, "share": {"low": 1, "high": 20}, "moved": np.zeros(2)}
    assert to_text({"shift": shift, "accuracy": 0.5}).split("\n") == [
        "accuracy  0.500000",
        "",
        "shift",
        "  wasserstein  0.250000",
        "",
        "  share",
        "    low    1",
        "    high  20",
        "",
        "  moved [2]",
        "    [0]  0.000000  0.000000",
    ]


def test_small_matrix_stands_beside_the_rates_of_its_classes() -> None:
    lines = to_text({"confusion_matrix": MATRIX}).split("\n")
    assert lines == [
        "confusion_matrix: a row for each true class, a column for each predicted class",
        "     0  1 2 | precision  recall      f1  support",
        "  0 30  2 0 |    0.9677  0.9375  0.9524       32",
        "  1  1 50 4 |    0.9615  0.9091  0.9346       55",
        "  2  0  0 0 |    0.0000  0.0000  0.0000        0",
    ]


def rates_in(lines: list[str]) -> np.ndarray:
    return np.array([[float(number) for number in line.split()[-4:]] for line in lines])


@pytest.mark.parametrize("weight", [1, 1.5])
def test_rates_are_those_of_scikit_learn(weight: Any) -> None:
    random = np.random.default_rng(4)
    y_true, y_pred = random.integers(0, 5, (2, 300))
    matrix = np.zeros((6, 6), type(weight))
    np.add.at(matrix, (y_true, y_pred), weight)
    expected = precision_recall_fscore_support(y_true, y_pred, labels=range(6), zero_division=0.0)
    expected = (*expected[:3], expected[3] * weight)
    rates = rates_in(to_text({"m": matrix}).split("\n")[-6:])
    np.testing.assert_allclose(rates, np.transpose(expected), atol=5.1e-5)


def test_wide_matrix_stands_above_the_rates() -> None:
    matrix = np.diag(np.full(20, 10**6)) + np.eye(20, k=1, dtype=int)
    lines = to_text({"m": matrix}).split("\n")
    assert len(lines) == 1 + 21 + 1 + 21
    assert lines[22] == ""
    assert lines[23].split() == ["precision", "recall", "f1", "support"]
    assert lines[-1].split() == ["19", "1.0000", "1.0000", "1.0000", "1000000"]
    assert rates_in(lines[24:])[0, 3] == 1_000_001


def test_large_matrix_is_summarised() -> None:
    matrix = np.diag(np.full(21, 100))
    matrix[3, 20] = 7
    matrix[20, 4] = 9
    assert to_text({"m": matrix}).split("\n") == [
        "m: 21 classes, total 2116, on the diagonal 2100",
        "  mean over classes: precision 0.9930, recall 0.9930, f1 0.9928",
        "  largest confusions:",
        "    true  predicted  count",
        "      20          4      9",
        "       3         20      7",
    ]
    assert "largest" not in to_text({"m": np.diag(np.full(21, 100))})
    assert len(to_text({"m": np.arange(900).reshape(30, 30)}).split("\n")) == 4 + 10


def test_sections_are_apart() -> None:
    text = to_text({"confusion_matrix": MATRIX, "accuracy": 0.9, "curve": np.ones(2)})
    assert [section.split("\n")[0].split()[0] for section in text.split("\n\n")] == [
        "accuracy",
        "confusion_matrix:",
        "curve",
    ]
