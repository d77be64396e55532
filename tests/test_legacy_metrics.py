"""The functions of Keras 1 against its formulas, and coefficients of agreement against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as oracle

from tallymetrics import metrics

EPSILON = 1e-7


def rounded(values):
    return np.round(np.clip(values, 0, 1))


def keras_precision(y_true, y_pred):
    return rounded(y_true * y_pred).sum() / (rounded(y_pred).sum() + EPSILON)


def keras_recall(y_true, y_pred):
    return rounded(y_true * y_pred).sum() / (rounded(y_true).sum() + EPSILON)


def keras_fbeta_score(y_true, y_pred, beta=1):
    if rounded(y_true).sum() == 0:
        return 0
    precision, recall = keras_precision(y_true, y_pred), keras_recall(y_true, y_pred)
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall + EPSILON)


def keras_matthews_correlation(y_true, y_pred):
    true, predicted = rounded(y_true), rounded(y_pred)
    hits, misses = np.sum(true * predicted), np.sum(true * (1 - predicted))
    false, right = np.sum((1 - true) * predicted), np.sum((1 - true) * (1 - predicted))
    spread = (hits + false) * (hits + misses) * (right + false) * (right + misses)
    return (hits * right - false * misses) / (np.sqrt(spread) + EPSILON)


PAIRS = [
    (metrics.precision, keras_precision, oracle.precision_score),
    (metrics.recall, keras_recall, oracle.recall_score),
    (metrics.fmeasure, keras_fbeta_score, oracle.f1_score),
    (metrics.matthews_correlation, keras_matthews_correlation, oracle.matthews_corrcoef),
]


@pytest.mark.parametrize(("ours", "formula", "of_labels"), PAIRS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("shape", [(200,), (50, 4), (5, 5, 3)])
def test_functions_of_keras_1(ours, formula, of_labels, shape, rng):
    for _ in range(5):
        y_true, y_pred = rng.integers(0, 2, shape), rng.normal(0.5, 0.5, shape)
        y_pred.flat[:3] = 0.5, -3, 7
        assert type(ours(y_true, y_pred)) is float
        assert ours(y_true, y_pred) == pytest.approx(formula(y_true, y_pred), rel=1e-6)
        assert ours(y_true, y_pred) == pytest.approx(of_labels(y_true.ravel(), y_pred.ravel() > 0.5), rel=1e-12)
        assert ours(y_true.tolist(), y_pred.astype(np.float32)) == pytest.approx(ours(y_true, y_pred), rel=1e-12)


@pytest.mark.parametrize("beta", [0, 0.5, 1, 2, 7.5])
def test_fbeta_score(beta, rng):
    y_true, y_pred = rng.integers(0, 2, 100), rng.random(100)
    score = metrics.fbeta_score(y_true, y_pred, beta)
    assert score == pytest.approx(keras_fbeta_score(y_true, y_pred, beta), rel=1e-6)
    assert score == pytest.approx(oracle.fbeta_score(y_true, y_pred > 0.5, beta=beta), rel=1e-12)


def test_aliases_and_corners():
    assert metrics.fscore is metrics.f1score is metrics.fmeasure
    functions = (metrics.precision, metrics.recall, metrics.fmeasure, metrics.matthews_correlation)
    for function in functions:
        assert function([1, 0, 1], [1.0, 0.0, 1.0]) == 1.0
        assert function([0, 0], [0.1, 0.2]) == function([], []) == 0.0
    assert metrics.fbeta_score([0, 0], [0.9, 0.2]) == 0.0
    assert metrics.precision([1, 1], [np.nan, 0.9]) == 1.0
    assert metrics.recall([[1], [0]], [0.9, 0.2]) == 1.0
    assert metrics.matthews_correlation([1, 0], [0.1, 0.9]) == -1.0


def test_messages():
    with pytest.raises(ValueError, match=r"`beta` must be a finite number in \[0\.0, "):
        metrics.fbeta_score([1], [1], beta=-1)
    with pytest.raises(ValueError, match=r"`y_true` must have shape \(2,\), as `y_pred` has\."):
        metrics.precision([1, 0, 1], [1.0, 0.0])
    with pytest.raises(ValueError, match=r'`weights` must be "linear", "quadratic" or None\. Received \'cubic\'\.'):
        metrics.ConfusionMatrix(2).cohen_kappa("cubic")


# Agreement, from a confusion matrix


@pytest.mark.parametrize("sample_weight", [None, "row"])
@pytest.mark.parametrize("classes", [2, 3, 11])
def test_agreement_as_in_scikit_learn(classes, sample_weight, rng):
    labels = rng.integers(0, classes, 300)
    predicted = np.where(rng.random(300) < 0.6, labels, rng.integers(0, classes, 300))
    weights = None if sample_weight is None else rng.random(300)
    matrix = metrics.ConfusionMatrix(classes)
    for rows in np.array_split(np.arange(300), 4):
        matrix.update_state(labels[rows], predicted[rows], None if weights is None else weights[rows])
    given = {"sample_weight": weights}
    expected = oracle.matthews_corrcoef(labels, predicted, **given)
    assert matrix.matthews_correlation() == pytest.approx(expected, rel=1e-12)
    for kind in (None, "linear", "quadratic"):
        expected = oracle.cohen_kappa_score(labels, predicted, weights=kind, **given)
        assert matrix.cohen_kappa(kind) == pytest.approx(expected, rel=1e-12)


def test_agreement_of_nothing_of_one_class_and_of_all():
    matrix = metrics.ConfusionMatrix(3)
    assert matrix.matthews_correlation() == matrix.cohen_kappa() == 0.0
    matrix.update_state([1, 1], [1, 1])
    assert matrix.matthews_correlation() == matrix.cohen_kappa() == 0.0
    matrix.update_state([0, 2], [0, 2])
    assert matrix.matthews_correlation() == matrix.cohen_kappa() == matrix.cohen_kappa("linear") == 1.0


def test_agreement_does_not_overflow():
    matrix = metrics.ConfusionMatrix(2)
    matrix.load_state_arrays({"cells": np.array([[2**40, 2**38], [0, 2**40]])})
    small = metrics.ConfusionMatrix(2)
    small.load_state_arrays({"cells": np.array([[4, 1], [0, 4]])})
    assert matrix.matthews_correlation() == pytest.approx(small.matthews_correlation(), rel=1e-14)
    assert matrix.cohen_kappa() == pytest.approx(small.cohen_kappa(), rel=1e-14)
