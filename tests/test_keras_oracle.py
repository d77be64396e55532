"""Keras as the oracle of its twins; and the right answer where Keras is known to be wrong."""

import inspect
import re

import numpy as np
import pytest
from cases import FAMILIES
from cases_columns import COLUMN_FAMILIES
from families import Case

from tallymetrics import metrics

keras = pytest.importorskip("keras")

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning:keras")

BATCHWISE_IN_KERAS = {"MeanSquaredError", "MeanAbsoluteError", "BinaryCrossentropy", "Poisson", "Hinge", "SquaredHinge"}
BATCHWISE_IN_KERAS |= {"MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "LogCoshError"}
NOT_ON_THE_NUMPY_BACKEND = {"SparseCategoricalCrossentropy-axis-1", "BinaryCrossentropy-logits"}
COUNTS_IGNORED_ROWS_IN_KERAS = {"SparseCategoricalCrossentropy-ignore"}
REQUIRED = {
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
}
# tests/test_thresholds.py says where Keras differs from these.
OURS_ALONE = {"Precision-macro", "Precision-top-k", "Recall-class-id", "Recall-weighted", "SpecificityAtSensitivity"}
OURS_ALONE |= {"FalseNegatives-rank-3", "AUC-ranked-ROC", "AUC-ranked-PR"}
OURS_ALONE |= {"Precision-samples", "Recall-samples"}
TWINS = [name for name in metrics.__all__ if name != "Metric" and inspect.isclass(getattr(keras.metrics, name, None))]
# Their arguments, results and differences are in test_keras_columns.py.
IN_ANOTHER_FILE = {family.metric_name for family in COLUMN_FAMILIES}
SIMPLE_TWINS = [name for name in TWINS if name != "MeanMetricWrapper" and name not in IN_ANOTHER_FILE]
SAME_AS_KERAS = [
    family
    for family in FAMILIES
    if family.metric_name in SIMPLE_TWINS
    and family.name not in BATCHWISE_IN_KERAS | NOT_ON_THE_NUMPY_BACKEND | COUNTS_IGNORED_ROWS_IN_KERAS | OURS_ALONE
]


def without_number(name):
    return re.sub(r"_\d+$", "", name)


@pytest.mark.parametrize("weights", ["none", "row", "element"])
@pytest.mark.parametrize("family", SAME_AS_KERAS, ids=lambda family: family.name)
def test_random_batches(family, weights, rng):
    for classes in (2, 10, 33, 130):
        case = Case(family, classes, "float32", "int32", weights)
        ours = case.make()
        theirs = getattr(keras.metrics, family.metric_name)(**{**ours.get_config(), "dtype": "float32"})
        for rows in (1, 7, 100):
            batch = case.batch(rng, rows)
            if family.metric_name == "SparseCategoricalCrossentropy":
                batch = type(batch)((batch.inputs[0].astype(np.int32), batch.inputs[1]), batch.sample_weight)
            batch.feed(ours)
            batch.feed(theirs)
            np.testing.assert_allclose(ours.result(), np.asarray(theirs.result()), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", TWINS)
def test_constructors_take_the_arguments_of_keras(name):
    ours, theirs = (inspect.signature(getattr(module, name)).parameters for module in (metrics, keras.metrics))
    expected = [(one.name, one.default) for one in theirs.values()]
    assert [(one.name, one.default) for one in ours.values()][: len(expected)] == expected


@pytest.mark.parametrize("name", SIMPLE_TWINS)
def test_names_and_configs_are_those_of_keras(name):
    ours, theirs = (getattr(module, name)(**REQUIRED.get(name, {})) for module in (metrics, keras.metrics))
    assert without_number(ours.name) == without_number(theirs.name)
    assert set(ours.get_config()) >= set(theirs.get_config())
    changed = {"dtype": None, "name": None}
    assert {**ours.get_config(), **changed} == {**ours.get_config(), **theirs.get_config(), **changed}


@pytest.mark.parametrize("name", SIMPLE_TWINS)
def test_get_takes_the_identifiers_of_keras(name):
    from keras.src.metrics import ALL_OBJECTS_DICT

    identifiers = [key for key, value in ALL_OBJECTS_DICT.items() if value is getattr(keras.metrics, name)]
    assert len(identifiers) >= 2
    for identifier in identifiers:
        if name in REQUIRED:
            with pytest.raises(TypeError, match="required positional argument"):
                metrics.get(identifier)
            continue
        assert type(metrics.get(identifier)) is getattr(metrics, name)
        assert metrics.get(identifier) is not metrics.get(identifier)
        assert without_number(metrics.get(identifier).name) == without_number(keras.metrics.get(identifier).name)


@pytest.mark.parametrize("identifier", ["acc", "ACC", "ce", "crossentropy", "no_such_metric", ""])
def test_get_refuses_what_keras_refuses(identifier):
    with pytest.raises(ValueError, match=identifier or None):
        keras.metrics.get(identifier)
    with pytest.raises(ValueError, match=identifier or None):
        metrics.get(identifier)


def test_get_of_other_kinds():
    assert metrics.get(None) is None
    assert isinstance(metrics.get(metrics.Mean), metrics.Mean)
    serialized = metrics.serialize(metrics.BinaryAccuracy(threshold=0.25, name="quarter"))
    assert metrics.get(serialized).get_config() == metrics.BinaryAccuracy(threshold=0.25, name="quarter").get_config()


RANK_ALIGNMENT = {
    "Accuracy": [((4, 1), (4,)), ((4,), (4, 1)), ((4, 1), (4, 1)), ((4, 3, 1), (4, 3))],
    "BinaryAccuracy": [((4, 1), (4,)), ((4,), (4, 1)), ((4, 1), (4, 1)), ((4, 3), (4, 3, 1))],
    "MeanSquaredError": [((4, 1), (4,)), ((4,), (4, 1)), ((4, 1), (4, 1))],
    "MeanAbsoluteError": [((4, 1), (4,)), ((4,), (4, 1))],
    "RootMeanSquaredError": [((4, 1), (4,)), ((4,), (4, 1)), ((4, 3, 1), (4, 3)), ((4, 1), (4, 3))],
    "MeanAbsolutePercentageError": [((4, 1), (4,)), ((4,), (4, 1)), ((4, 3, 1), (4, 3)), ((4, 1), (4, 3))],
    "MeanSquaredLogarithmicError": [((4, 1), (4,)), ((4,), (4, 1)), ((4, 2, 3), (1, 2, 3))],
    "LogCoshError": [((4, 1), (4,)), ((4,), (4, 1)), ((4, 2, 1), (4, 2, 3))],
    "CosineSimilarity": [((4, 1), (4,)), ((4,), (4, 1)), ((1, 3), (4, 3)), ((4, 2, 3), (4, 2, 3))],
    "ConcordanceCorrelation": [((4, 1), (4,)), ((4,), (4, 1)), ((4, 1), (4, 3)), ((4, 2, 3), (4, 2, 3))],
    "BinaryCrossentropy": [((4, 1), (4, 1)), ((4, 2), (4, 2)), ((4, 2, 3), (4, 2, 3))],
    "KLDivergence": [((4, 1), (4, 1)), ((4, 3), (4, 3)), ((4, 1), (4, 3))],
    "Poisson": [((4, 1), (4, 1)), ((4, 1), (4, 3)), ((4, 2, 3), (4, 2, 3))],
    "Hinge": [((4, 1), (4, 1)), ((4, 1), (4, 3)), ((4, 2, 3), (4, 2, 3))],
    "SquaredHinge": [((4, 1), (4, 1)), ((1, 3), (4, 3))],
    "CategoricalHinge": [((4, 1), (4, 1)), ((4, 3), (4, 3)), ((4, 2, 3), (4, 2, 3))],
    "SparseCategoricalAccuracy": [((4, 1), (4, 3)), ((4,), (4, 3)), ((4, 2, 1), (4, 2, 3)), ((4, 2), (4, 2, 3))],
    "SparseCategoricalCrossentropy": [((4, 1), (4, 3)), ((4, 2, 1), (4, 2, 3))],
}
WEIGHT_SHAPES = [None, (4,), (4, 1)]


@pytest.mark.parametrize(
    ("name", "true_shape", "pred_shape", "weight_shape"),
    [
        (name, *shapes, weights)
        for name in RANK_ALIGNMENT
        for shapes in RANK_ALIGNMENT[name]
        for weights in WEIGHT_SHAPES
    ],
)
def test_ranks_align_as_in_keras(name, true_shape, pred_shape, weight_shape, rng):
    y_true, y_pred = rng.integers(0, 2, true_shape).astype(np.int32), rng.random(pred_shape, dtype=np.float32)
    if name == "Accuracy":
        y_pred = np.round(y_pred).astype(np.int32)
    weight = None if weight_shape is None else rng.random(weight_shape, dtype=np.float32)
    ours, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
    for metric in (ours, theirs):
        metric.update_state(y_true, y_pred, sample_weight=weight)
    assert ours.result() == pytest.approx(float(theirs.result()), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("name", ["Mean", "Sum"])
@pytest.mark.parametrize(
    ("shape", "weight_shape"),
    [
        ((), None),
        ((), ()),
        ((5,), None),
        ((5,), (5,)),
        ((5,), (5, 1)),
        ((5, 1), (5,)),
        ((5, 3), None),
        ((5, 3), (5,)),
        ((5, 3), (5, 1)),
        ((5, 3), (1, 3)),
        ((5, 3), (5, 3)),
        ((5, 3, 2), (5,)),
        ((5, 3, 2), (5, 3)),
        ((5, 3, 2), (5, 3, 1)),
        ((5, 3, 2), (5, 3, 2)),
    ],
)
def test_weights_of_every_rank(name, shape, weight_shape, rng):
    ours, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
    for _ in range(2):
        values, weight = rng.normal(size=shape), None if weight_shape is None else rng.random(weight_shape)
        for metric in (ours, theirs):
            metric.update_state(values, sample_weight=weight)
    assert ours.result() == pytest.approx(float(theirs.result()), rel=2e-5)


@pytest.mark.parametrize("name", ["Mean", "SparseCategoricalAccuracy", "MeanSquaredError"])
def test_negative_weights_and_weights_that_sum_to_zero(name):
    ours, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
    values = {"Mean": ([1.0, 3.0],), "MeanSquaredError": ([[1.0], [2.0]], [[2.0], [4.0]])}
    inputs = [np.asarray(one) for one in values.get(name, ([0, 1], [[0.9, 0.1], [0.8, 0.2]]))]
    for weight in ([-1.0, 3.0], [1.0, -3.0]):
        for metric in (ours, theirs):
            metric.update_state(*inputs, sample_weight=np.asarray(weight))
        assert ours.result() == pytest.approx(float(theirs.result()), rel=1e-6)
    assert ours.result() == 0.0


@pytest.mark.parametrize("k", [1, 2, 3, 4, 9])
def test_top_k_with_nan_and_ties_as_in_keras(k):
    scores = np.array([[0.1, np.nan, 0.3, 0.3], [0.2, 0.2, 0.2, 0.2], [np.nan, np.inf, -np.inf, 0]], np.float32)
    for label in range(4):
        ours, theirs = metrics.SparseTopKCategoricalAccuracy(k), keras.metrics.SparseTopKCategoricalAccuracy(k)
        for metric in (ours, theirs):
            metric.update_state(np.full(3, label), scores)
        assert ours.result() == pytest.approx(float(theirs.result()), rel=1e-6)


def test_binary_threshold_is_strict():
    metric = metrics.BinaryAccuracy()
    metric.update_state([1, 1, 0, 0, 0], [0.5, 0.75, 0.5, 0.25, np.nan])
    assert metric.result() == 0.8


def test_binary_threshold_is_compared_in_the_dtype_of_the_scores():
    score = np.full(1, 0.3, np.float32)
    ours, theirs = metrics.BinaryAccuracy(threshold=0.3), keras.metrics.BinaryAccuracy(threshold=0.3)
    for metric in (ours, theirs):
        metric.update_state(np.zeros(1, np.float32), score)
    assert ours.result() == float(theirs.result()) == 1.0


def test_keras_counts_ignored_rows_and_we_do_not():
    y_true, y_pred = np.array([1, -1]), np.array([[0.2, 0.8], [0.5, 0.5]])
    ours, theirs = metrics.SparseCategoricalCrossentropy(ignore_class=-1), metrics.SparseCategoricalCrossentropy()
    ours.update_state(y_true, y_pred)
    theirs.update_state(y_true[:1], y_pred[:1])
    assert ours.result() == theirs.result() == pytest.approx(0.22314355131, rel=1e-9)
    wrong = keras.metrics.SparseCategoricalCrossentropy(ignore_class=-1)
    wrong.update_state(y_true, y_pred)
    assert float(wrong.result()) == pytest.approx(0.11157, rel=1e-3)
    weighted = keras.metrics.SparseCategoricalCrossentropy(ignore_class=-1)
    weighted.update_state(y_true, y_pred, sample_weight=np.ones(2))
    assert float(weighted.result()) == pytest.approx(ours.result(), rel=1e-5)


def test_keras_averages_rank_1_errors_by_batch_and_we_by_sample():
    ours, theirs = metrics.MeanSquaredError(), keras.metrics.MeanSquaredError()
    for metric in (ours, theirs):
        metric.update_state(np.zeros(3), np.ones(3))
        metric.update_state(np.zeros(1), np.full(1, 3.0))
    assert (ours.result(), float(theirs.result())) == (3.0, 5.0)
    ours.update_state(np.zeros(2), np.ones(2), sample_weight=np.array([2.0, 0.0]))
    assert ours.result() == 14 / 6


def test_keras_casts_labels_to_the_score_dtype_and_we_do_not():
    classes = 4100
    labels = np.arange(2049, 4097, 7)
    scores = np.zeros((len(labels), classes), np.float16)
    scores[np.arange(len(labels)), labels - 1] = 1
    ours, theirs = metrics.SparseCategoricalAccuracy(), keras.metrics.SparseCategoricalAccuracy()
    for metric in (ours, theirs):
        metric.update_state(labels, scores)
    assert ours.result() == 0.0
    assert float(theirs.result()) > 0.3


def test_keras_saturates_at_2_to_the_24_and_we_do_not():
    ours, theirs = metrics.Mean(), keras.metrics.Mean()
    for metric in (ours, theirs):
        metric.update_state(np.broadcast_to(np.float32(1), (2**24,)))
        for _ in range(2000):
            metric.update_state(np.zeros(1, np.float32))
    assert ours.result() == 2**24 / (2**24 + 2000)
    assert float(theirs.result()) == 1.0


def test_integers_are_not_truncated_by_the_other_argument():
    metric = metrics.Accuracy()
    metric.update_state(np.array([2**24 + 1, 2**53 + 1, 3]), np.array([2.0**24, 2.0**53, 3.0], np.float32))
    assert metric.result() == 1 / 3
