"""Keras as the oracle of segmentations, F-scores and R2; and the right answer where Keras is known to be wrong."""

import re

import numpy as np
import pytest
from cases_columns import COLUMN_FAMILIES
from families import Batch, Case
from reference import align_left

from tallymetrics import metrics

keras = pytest.importorskip("keras")

pytestmark = [
    pytest.mark.filterwarnings("ignore::RuntimeWarning:keras"),
    pytest.mark.filterwarnings("ignore:You are passing weight as:UserWarning"),
]

ARGUMENTS = {
    "BinaryIoU": {},
    "F1Score": {},
    "FBetaScore": {},
    "IoU": {"num_classes": 3, "target_class_ids": [0, 2]},
    "MeanIoU": {"num_classes": 3},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0, 2]},
    "OneHotMeanIoU": {"num_classes": 3},
    "R2Score": {},
}
OURS_ALONE = {"MeanIoU-ignore"}
TWINS = [family for family in COLUMN_FAMILIES if family.metric_name in ARGUMENTS and family.name not in OURS_ALONE]


def feed_keras(batch, metric):
    """Keras's IoU takes one weight for each label."""
    weight = batch.sample_weight
    if weight is not None and type(metric).__name__ in ("IoU", "MeanIoU", "BinaryIoU"):
        weight = align_left(weight, batch.inputs[0].shape)
    metric.update_state(*batch.inputs, sample_weight=weight)


@pytest.mark.parametrize("weights", ["none", "row", "element"])
@pytest.mark.parametrize("family", TWINS, ids=lambda family: family.name)
def test_random_batches(family, weights, rng):
    if family.name == "FBetaScore-soft" and weights == "element":
        pytest.skip("Keras takes a weight for each row")
    for classes in (2, 10, 33, 130):
        case = Case(family, classes, "float32", "int32", weights)
        ours = case.make()
        theirs = getattr(keras.metrics, family.metric_name)(**{**ours.get_config(), "dtype": "float32"})
        for rows in (3, 7, 100):
            batch = case.batch(rng, rows)
            if weights != "none":
                batch = Batch(batch.inputs, batch.sample_weight + np.float32(0.125))
            batch.feed(ours)
            feed_keras(batch, theirs)
            tolerance = 1e-2 if family.name.startswith("R2Score-") else 2e-5
            np.testing.assert_allclose(ours.result(), theirs.result(), rtol=tolerance, atol=1e-6)


@pytest.mark.parametrize("family", TWINS, ids=lambda family: family.name)
def test_variables_are_those_of_keras(family, rng):
    case = Case(family, 4, "float32", "int32", "none")
    ours = case.make()
    theirs = getattr(keras.metrics, family.metric_name)(**{**ours.get_config(), "dtype": "float32"})
    batch = case.batch(rng, 50)
    batch.feed(ours)
    feed_keras(batch, theirs)
    assert [variable.name for variable in ours.variables] == [variable.name for variable in theirs.variables]
    attributes = {name for name, value in vars(theirs).items() if isinstance(value, keras.Variable)}
    assert attributes <= set(vars(ours))
    for one, their in zip(ours.variables, theirs.variables, strict=True):
        if one.name == "num_samples":
            assert one.numpy() == 50
            continue
        assert one.shape == tuple(their.shape)
        np.testing.assert_allclose(one.numpy(), np.asarray(their), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_names_and_configs_are_those_of_keras(name):
    ours, theirs = (getattr(module, name)(**ARGUMENTS[name]) for module in (metrics, keras.metrics))
    assert re.sub(r"_\d+$", "", ours.name) == re.sub(r"_\d+$", "", theirs.name)
    config, expected = ours.get_config(), theirs.get_config()
    assert set(config) == set(expected)
    for key in set(config) - {"name", "dtype"}:
        assert config[key] == (list(expected[key]) if key == "target_class_ids" else expected[key])
    assert getattr(metrics, name).from_config(theirs.get_config()).dtype in ("float64", "float32")


@pytest.mark.parametrize("name", ARGUMENTS)
def test_get_takes_the_identifiers_of_keras(name):
    from keras.src.metrics import ALL_OBJECTS_DICT

    identifiers = [key for key, value in ALL_OBJECTS_DICT.items() if value is getattr(keras.metrics, name)]
    assert len(identifiers) >= 2
    for identifier in identifiers:
        if "num_classes" in ARGUMENTS[name]:
            with pytest.raises(TypeError, match="num_classes"):
                metrics.get(identifier)
        else:
            assert type(metrics.get(identifier)) is getattr(metrics, name)


MISUSES = [
    ("FBetaScore", {"average": "samples"}, "`average`"),
    ("FBetaScore", {"beta": 1}, "`beta`"),
    ("FBetaScore", {"beta": 0.0}, "`beta`"),
    ("FBetaScore", {"beta": -1.0}, "`beta`"),
    ("FBetaScore", {"threshold": 1}, "`threshold`"),
    ("F1Score", {"threshold": 0.0}, "`threshold`"),
    ("F1Score", {"threshold": 1.5}, "`threshold`"),
    ("R2Score", {"class_aggregation": "mean"}, "`class_aggregation`"),
    ("R2Score", {"num_regressors": -1}, "`num_regressors`"),
    ("IoU", {"num_classes": 3, "target_class_ids": [3]}, "`target_class_ids`"),
    ("BinaryIoU", {"target_class_ids": [2]}, "`target_class_ids`"),
]


@pytest.mark.parametrize(("name", "arguments", "message"), MISUSES)
def test_constructors_refuse_what_keras_refuses(name, arguments, message):
    with pytest.raises(ValueError, match=r"(?i)invalid|out of range"):
        getattr(keras.metrics, name)(**arguments)
    with pytest.raises(ValueError, match=message):
        getattr(metrics, name)(**arguments)


@pytest.mark.parametrize("name", ["FBetaScore", "F1Score", "R2Score"])
@pytest.mark.parametrize("shapes", [((4,), (4,)), ((4, 2, 2), (4, 2, 2)), ((4, 2), (4, 3))])
def test_shapes_that_keras_refuses(name, shapes):
    y_true, y_pred = (np.ones(shape, np.float32) for shape in shapes)
    with pytest.raises(ValueError, match="shape"):
        getattr(keras.metrics, name)().update_state(y_true, y_pred)
    with pytest.raises(ValueError, match=r"`y_(true|pred)` must have shape"):
        getattr(metrics, name)().update_state(y_true, y_pred)


def test_r2_aligns_ranks_as_keras_does():
    for shapes in (((4,), (4, 1)), ((4, 1), (4,))):
        y_true, y_pred = np.arange(4.0).reshape(shapes[0]), np.array([0, 1, 2, 4.0]).reshape(shapes[1])
        ours, theirs = metrics.R2Score(), keras.metrics.R2Score()
        for metric in (ours, theirs):
            metric.update_state(y_true, y_pred)
        assert ours.result() == pytest.approx(float(theirs.result()), rel=1e-6)


@pytest.mark.parametrize("shape", [(6,), (2, 3), (2, 3, 1), (1, 6)])
@pytest.mark.parametrize("weight_shape", [None, (), (1,), (6,), (3, 2), (2, 3)])
def test_iou_flattens_as_keras_does(shape, weight_shape, rng):
    y_true, y_pred = rng.integers(0, 3, shape), rng.integers(0, 3, (3, 2))
    weight = None if weight_shape is None else rng.integers(0, 4, weight_shape)
    ours, theirs = metrics.MeanIoU(3), keras.metrics.MeanIoU(3)
    matrices = [metric.update_state(y_true, y_pred, weight) for metric in (ours, theirs)]
    assert np.array_equal(*matrices)


@pytest.mark.parametrize("axis", [-1, 1, 2])
@pytest.mark.parametrize("sparse", [(True, False), (False, True), (False, False)])
def test_iou_takes_a_class_axis(axis, sparse, rng):
    rows, labels = (4, 5, 6), [size for at, size in enumerate((4, 5, 6)) if at != axis % 3]
    y_true, y_pred = (rng.integers(0, 5, labels) if one else rng.random(rows) for one in sparse)
    arguments = {"ignore_class": 2, "sparse_y_true": sparse[0], "sparse_y_pred": sparse[1], "axis": axis}
    ours = metrics.MeanIoU(5, **arguments).update_state(y_true, y_pred)
    # Keras sums scores over `axis` in result(), but its matrix is right.
    theirs = keras.metrics.MeanIoU(5, **arguments).update_state(y_true, y_pred)
    assert np.array_equal(ours, theirs)


def test_f_scores_of_maxima_as_in_keras():
    scores = np.array(
        [[0.5, 0.5, 0.1], [0, 0, 0], [-1, -2, -1], [1e-9, 0, 0], [2e-9, 0, 0], [np.nan, 1, 2], [np.inf, 1, 1]]
    )
    for score_dtype in (np.float32, np.float64):
        ours, theirs = metrics.F1Score(), keras.metrics.F1Score()
        for metric in (ours, theirs):
            metric.update_state(np.ones((7, 3), np.float32), scores.astype(score_dtype))
        assert ours.true_positives.numpy().tolist() == np.asarray(theirs.true_positives).tolist() == [4, 1, 1]


def test_keras_says_0_9999998_of_perfect_scores_and_we_say_1():
    labels = np.eye(3, dtype=np.float32)
    for name, inputs in (("F1Score", (labels, labels)), ("MeanIoU", (np.arange(3), np.arange(3)))):
        ours, theirs = (getattr(module, name)(**ARGUMENTS[name]) for module in (metrics, keras.metrics))
        for metric in (ours, theirs):
            metric.update_state(*inputs)
        assert np.all(ours.result() == 1.0)
        assert np.all(np.asarray(theirs.result()) > 0.9999995)
        assert np.all(np.asarray(theirs.result()) < 1.0)


def test_keras_matrix_of_int32_overflows_and_truncates_and_ours_does_not():
    for weight, expected in ((2**30, 2**31), (0.75, 1.5)):
        ours, theirs = metrics.MeanIoU(2), keras.metrics.MeanIoU(2)
        for metric in (ours, theirs):
            for _ in range(2):
                metric.update_state([0], [0], sample_weight=np.array([weight]))
        assert ours.total_cm[0, 0] == expected
        assert int(np.asarray(theirs.total_cm)[0, 0]) != expected
        assert ours.result() == 1.0


def test_keras_truncates_labels_and_we_refuse_them():
    theirs = keras.metrics.MeanIoU(3)
    theirs.update_state(np.array([1.0]), np.array([1.9]))
    assert float(theirs.result()) == pytest.approx(1.0)
    for label in (1.9, np.nan, np.inf):
        with pytest.raises(ValueError, match=r"`y_pred` must hold whole class labels.* in row 1"):
            metrics.MeanIoU(3).update_state([1, 1], [1, label])
    for label in (2**40, -(2**31), 2.0**40):
        with pytest.raises(ValueError, match=r"`y_true` must hold labels of 32 bits.* in row 0"):
            metrics.MeanIoU(3).update_state(np.array([label]), [1])


@pytest.mark.parametrize("mean", [100, 1000, 10000])
def test_r2_of_labels_far_from_zero(mean):
    rng = np.random.default_rng(mean)
    y_true = rng.normal(mean, 1, (100_000, 1)).astype(np.float32)
    y_pred = y_true + rng.normal(scale=0.5, size=y_true.shape).astype(np.float32)
    ours, theirs = metrics.R2Score(), keras.metrics.R2Score()
    for metric in (ours, theirs):
        metric.update_state(y_true, y_pred)
    labels, predictions = y_true.astype(np.longdouble), y_pred.astype(np.longdouble)
    exact = float(1 - ((labels - predictions) ** 2).sum() / ((labels - labels.mean()) ** 2).sum())
    assert ours.result() == pytest.approx(exact, rel=1e-13)
    if mean == 10000:
        assert abs(float(theirs.result()) - exact) > 0.01


def test_adjusted_r2_counts_rows_where_keras_counts_elements(rng):
    y_true = rng.normal(size=(9, 2)).astype(np.float32)
    y_pred = y_true + rng.normal(size=(9, 2)).astype(np.float32)
    plain, ours, theirs = metrics.R2Score(), metrics.R2Score(num_regressors=3), keras.metrics.R2Score(num_regressors=3)
    for metric in (plain, ours, theirs):
        metric.update_state(y_true, y_pred)
    assert ours.result() == pytest.approx(1 - (1 - plain.result()) * 8 / 5)
    assert float(theirs.result()) == pytest.approx(1 - (1 - plain.result()) * 17 / 14, rel=1e-4)
    assert float(ours.num_samples) == 9
    single, same = metrics.R2Score(num_regressors=3), keras.metrics.R2Score(num_regressors=3)
    for metric in (single, same):
        metric.update_state(y_true[:, :1], y_pred[:, :1])
    assert single.result() == pytest.approx(float(same.result()), rel=1e-4)


def test_r2_of_too_few_samples_warns_as_keras_does():
    for metric in (metrics.R2Score(num_regressors=3), keras.metrics.R2Score(num_regressors=3)):
        metric.update_state(np.array([[1.0], [2.0], [4.0]]), np.array([[1.0], [2.0], [3.0]]))
        with pytest.warns(UserWarning, match="R2"):
            assert float(metric.result()) == pytest.approx(1 - 1 / (14 / 3))


def test_r2_of_equal_labels_is_that_of_keras():
    for wrong, expected in ((1.0, 0.0), (0.0, np.nan)):
        for metric in (metrics.R2Score(), keras.metrics.R2Score()):
            metric.update_state(np.full((4, 1), 3.0), np.full((4, 1), 3.0 + wrong))
            assert float(metric.result()) == pytest.approx(expected, nan_ok=True)
