"""The measured cases of README's table of differences that no other file holds: Keras's answer and ours."""

import numpy as np
import pytest

from tallymetrics import metrics

keras = pytest.importorskip("keras")


def both(name, *inputs, **arguments):
    ours, theirs = (getattr(module, name)(**arguments) for module in (metrics, keras.metrics))
    for metric in (ours, theirs):
        metric.update_state(*inputs)
    return ours.result(), float(theirs.result())


def test_label_0_of_a_hinge_always_means_minus_1():
    y_true, y_pred = np.array([[0.0, 1.0], [1.0, -1.0]]), np.full((2, 2), 0.5)
    assert both("Hinge", y_true, y_pred) == (1.0, 0.875)
    assert both("Hinge", np.maximum(y_true, 0), y_pred) == (1.0, 1.0)


def test_the_first_of_equal_scores_is_among_the_highest():
    scores = np.array([[0.5, 0.5, 0.9]])
    for label, ours, theirs in ((0, 0.5, 0.0), (1, 0.0, 0.5)):
        assert both("Precision", np.eye(3)[[label]], scores, top_k=2) == (ours, theirs)


def test_logits_are_not_clipped():
    ours, theirs = both("BinaryCrossentropy", np.zeros((1, 1)), np.full((1, 1), 100.0), from_logits=True)
    assert ours == 100.0
    assert theirs < 17


class Masked(np.ndarray):
    """An array that carries a mask, as the outputs of Keras's layers do."""


@pytest.mark.parametrize(
    ("name", "expected"), [("TruePositives", (1.0, 2.0)), ("BinaryIoU", (1.0, 1.0)), ("MeanSquaredError", (0.01, 0.01))]
)
def test_masks_are_heeded(name, expected):
    scores = np.array([[0.9], [0.8]]).view(Masked)
    scores._keras_mask = np.array([True, False])
    arguments = {"target_class_ids": [1]} if name == "BinaryIoU" else {}
    assert both(name, np.ones((2, 1)), scores, **arguments) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["CosineSimilarity", "PearsonCorrelation", "KLDivergence", "CategoricalHinge"])
def test_a_sample_needs_a_row(name):
    values = np.array([0.2, 0.3, 0.5])
    with pytest.raises(ValueError, match=r"`y_pred` must have shape \[\.\.\., "):
        getattr(metrics, name)().update_state(values, values)
    theirs = getattr(keras.metrics, name)()
    theirs.update_state(values, values)
    assert np.isfinite(float(theirs.result()))
