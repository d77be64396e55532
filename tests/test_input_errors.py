"""Wrong arguments: the kind of error, and a message that names the argument and what was received."""

import numpy as np
import pytest

from tallymetrics import metrics

LABELS, SCORES = np.zeros(5, int), np.ones((5, 3))

WRONG_INPUTS = [
    (
        metrics.SparseCategoricalAccuracy,
        (LABELS, np.ones((6, 3))),
        r"`y_true` must have shape \(6,\).*Received.*\(5,\)",
    ),
    (metrics.SparseCategoricalAccuracy, (np.zeros((2, 4), int), np.ones((2, 3, 4))), r"`y_true`.*\(2, 3\).*\(2, 4\)"),
    (metrics.SparseCategoricalAccuracy, (LABELS, np.ones((5, 0))), r"`y_pred`.*classes.*\(5, 0\)"),
    (metrics.SparseCategoricalAccuracy, ([0, 1], [[1, 2], [3]]), r"`y_pred` must be an array of one shape"),
    (metrics.CategoricalAccuracy, (np.ones((2, 3)), np.ones((2, 4))), r"`y_true`.*\(2, 4\).*\(2, 3\)"),
    (metrics.CategoricalAccuracy, (np.ones(3), np.ones(3)), r"`y_pred`.*classes.*\(3,\)"),
    (metrics.CategoricalCrossentropy, (np.ones((2, 3)), np.ones((2, 4))), r"`y_true`.*\(2, 4\).*\(2, 3\)"),
    (metrics.MeanSquaredError, (np.ones((3, 2)), np.ones((3, 4))), r"`y_true`.*\(3, 4\).*\(3, 2\)"),
    (metrics.Accuracy, (np.ones(3), np.ones(4)), r"`y_true`.*\(4,\).*\(3,\)"),
    (metrics.BinaryAccuracy, (np.ones(3), np.ones((3, 2))), r"`y_true`.*\(3, 2\).*\(3,\)"),
    (metrics.EarthMoversDistance, (np.ones((2, 3)), np.ones((2, 4))), r"`y_true`.*\(2, 4\).*\(2, 3\)"),
    (metrics.EarthMoversDistance, (np.ones(3), np.ones(3)), r"`y_pred`.*bins.*\(3,\)"),
    (lambda: metrics.DistributionMeanError(bins=[1, 2]), (SCORES, SCORES), r"`y_pred`.*2 bins.*3"),
    (lambda: metrics.ConfusionMatrix(3), (LABELS, LABELS[:4]), r"`y_true`.*\(4,\).*\(5,\)"),
    (lambda: metrics.ConfusionMatrix(4), (LABELS, SCORES), r"`y_pred`.*4.*\(5, 3\)"),
    (lambda: metrics.ConfusionMatrix(3), ([0, 1], [0, -1]), r"`y_pred`.*\[0, 3\).*-1 in row 1"),
    (lambda: metrics.TopKCurve(3), (LABELS, LABELS), r"`y_true`.*Received"),
    (lambda: metrics.SparseTopKCategoricalAccuracy(5, from_sorted_ids=True), (LABELS, LABELS[:, None]), r"`y_pred`.*5"),
    (lambda: metrics.SparseCategoricalCrossentropy(ignore_class=1), ([1, 5], SCORES[:2]), r"`y_true`.*5 in row 1"),
    (lambda: metrics.SparseCategoricalCrossentropy(axis=5), (LABELS, SCORES), r"`axis`.*5"),
]


@pytest.mark.parametrize(("make", "inputs", "message"), WRONG_INPUTS)
def test_wrong_shapes_and_labels_are_value_errors(make, inputs, message):
    metric = make()
    with pytest.raises(ValueError, match=message):
        metric.update_state(*inputs)
    assert np.all(metric.result() == make().result())


WRONG_KINDS = [
    np.array(["a"] * 5),
    np.zeros(5, complex),
    np.array([0, None, 0, 0, 0], object),
    np.zeros(5, "datetime64[s]"),
]


@pytest.mark.parametrize("argument", ["y_true", "y_pred", "sample_weight"])
@pytest.mark.parametrize("wrong", [*WRONG_KINDS, None], ids=lambda wrong: str(getattr(wrong, "dtype", None)))
def test_wrong_kinds_are_type_errors(wrong, argument):
    if wrong is None and argument == "sample_weight":
        pytest.skip("no weights")
    inputs = {"y_true": np.zeros(5), "y_pred": np.zeros(5), argument: wrong}
    for make in (metrics.Accuracy, metrics.MeanSquaredError, metrics.BinaryAccuracy):
        with pytest.raises(TypeError, match=rf"`{argument}` must .*Received"):
            make().update_state(**inputs)
    if argument == "y_pred" and wrong is not None:
        with pytest.raises(TypeError, match=r"`values` must .*Received"):
            metrics.Mean().update_state(wrong)


@pytest.mark.parametrize("shape", [(4,), (6,), (5, 2), (5, 1, 1), (5, 3, 1), (0,)])
def test_weights_must_fit_the_rows(shape):
    for metric in (metrics.SparseCategoricalAccuracy(), metrics.ConfusionMatrix(3), metrics.TopKCurve(2)):
        with pytest.raises(ValueError, match=rf"`sample_weight`.*\({shape[0]},"):
            metric.update_state(LABELS, SCORES, sample_weight=np.ones(shape))
        assert not np.any(metric.result())


WRONG_CONFIGURATIONS = [
    (lambda: metrics.TopKCategoricalAccuracy(k=0), r"`k`.*0"),
    (lambda: metrics.SparseTopKCategoricalAccuracy(k=-1), r"`k`.*-1"),
    (lambda: metrics.TopKCurve(0), r"`max_k`.*0"),
    (lambda: metrics.TopKCurve(2, ties="random"), r"`ties`.*random"),
    (lambda: metrics.TopKCurve(2).result(ties="random"), r"`ties`.*random"),
    (lambda: metrics.EarthMoversDistance(r=0), r"`r`.*0"),
    (lambda: metrics.EarthMoversDistance(r=float("nan")), r"`r`.*nan"),
    (lambda: metrics.CategoricalCrossentropy(label_smoothing=2), r"`label_smoothing`.*2"),
    (lambda: metrics.ConfusionMatrix(0), r"`num_classes`.*0"),
    (lambda: metrics.ConfusionMatrix(2).f_beta(beta=0), r"`beta`.*0"),
    (lambda: metrics.DistributionMeanError(bins=[[1, 2]]), r"`bins`.*\[\[1, 2\]\]"),
    (lambda: metrics.DistributionMeanError(bins=[1, np.nan]), r"`bins`.*nan"),
    (lambda: metrics.Mean(dtype="int8"), r"`dtype`.*int8"),
    (lambda: metrics.Mean().merge_state([3]), r"`metrics`.*int"),
    (lambda: metrics.deserialize({"class_name": "Nope", "config": {}}), r"Nope"),
]


@pytest.mark.parametrize(("make", "message"), WRONG_CONFIGURATIONS)
def test_wrong_configurations_are_value_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_collections_refuse_what_is_no_metric():
    with pytest.raises(TypeError, match=r"`metrics`.*Received 3"):
        metrics.MetricCollection([3])
