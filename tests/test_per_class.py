"""`ConfusionMatrix(per_class=...)`: named floats that training logs can hold."""

import json

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from tallymetrics import metrics

NAMES = ["shirt", "coat", "bag", "boot"]


def _filled(rng, **arguments):
    y_true, y_pred = rng.integers(0, 3, 500), rng.integers(0, 4, 500)
    matrix = metrics.ConfusionMatrix(4, **arguments)
    matrix.update_state(y_true, y_pred)
    return matrix, y_true, y_pred


def test_named_measures_are_scikit_learns(rng):
    matrix, y_true, y_pred = _filled(rng, per_class=("precision", "recall", "f1"), class_names=NAMES)
    measures = precision_recall_fscore_support(y_true, y_pred, labels=range(4), zero_division=0)
    expected = {}
    for measure, values in zip(("precision", "recall", "f1"), measures, strict=False):
        expected |= {f"{measure}_{name}": value for name, value in zip(NAMES, values, strict=True)}
        # Class 3 never occurs in y_true.
        expected |= {f"macro_{measure}": values.mean(), f"worst_{measure}": values[:3].min()}
    result = matrix.result()
    assert list(result) == list(expected)
    assert all(type(value) is float for value in result.values())
    np.testing.assert_allclose(list(result.values()), list(expected.values()), rtol=1e-14)


def test_matrix_stays_within_reach(rng):
    matrix, y_true, y_pred = _filled(rng, per_class="f1", normalize="true")
    plain = metrics.ConfusionMatrix(4, normalize="true")
    plain.update_state(y_true, y_pred)
    np.testing.assert_array_equal(matrix.matrix(), plain.result())
    assert list(matrix.result()) == ["f1_0", "f1_1", "f1_2", "f1_3", "macro_f1", "worst_f1"]


def test_configuration_survives_json_and_names_serve_the_report(rng):
    matrix, *_ = _filled(rng, per_class=("recall",), class_names=NAMES)
    fresh = metrics.deserialize(json.loads(json.dumps(metrics.serialize(matrix))))
    fresh.merge_state([matrix])
    assert fresh.result() == matrix.result()
    assert list(fresh.classification_report())[:4] == NAMES
    assert list(fresh.classification_report(["a", "b", "c", "d"]))[:4] == ["a", "b", "c", "d"]


def test_empty_state_and_entries_in_a_collection():
    empty = metrics.ConfusionMatrix(2, per_class=["f1"])
    assert empty.result() == {"f1_0": 0.0, "f1_1": 0.0, "macro_f1": 0.0, "worst_f1": 0.0}
    collection = metrics.MetricCollection([metrics.Accuracy(name="accuracy"), empty])
    collection.update_state([0, 1, 1], [0, 1, 0])
    assert list(collection.result()) == ["accuracy", "f1_0", "f1_1", "macro_f1", "worst_f1"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"per_class": ["f2"]}, r"`per_class` must hold some of precision, recall, f1\. Received \['f2'\]"),
        ({"per_class": ["f1", "f1"]}, r"`per_class`.*\['f1', 'f1'\]"),
        ({"per_class": []}, r"`per_class`.*\[\]"),
        ({"class_names": ["a", "a"]}, r"`class_names` must be 2 different names\. Received 2, 1 of them different"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        metrics.ConfusionMatrix(2, **arguments)
