"""Counts at score thresholds: every threshold exactly, and where Keras differs."""

import itertools

import numpy as np
import pytest
import reference_thresholds as twin

import tallymetrics
from tallymetrics import metrics

keras = pytest.importorskip("keras")
sklearn_metrics = pytest.importorskip("sklearn.metrics")

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning:keras")

COUNTS = {
    "TruePositives": twin.true_positives,
    "FalsePositives": twin.false_positives,
    "TrueNegatives": twin.true_negatives,
    "FalseNegatives": twin.false_negatives,
}
THRESHOLDS = {
    "even": lambda rng: np.linspace(0, 1, rng.integers(2, 300)),
    "uneven": lambda rng: rng.random(rng.integers(1, 50)),
    "repeated": lambda rng: rng.choice([0.1, 0.5, 0.5, 0.25, 0.0, 1.0], 9),
    "many": lambda rng: rng.random(500),
    "clustered": lambda rng: rng.random(300) ** 9,
}


def special(rng, array):
    """A tenth each of NaN and infinities."""
    array[rng.random(array.shape) < 0.1] = np.nan
    array[rng.random(array.shape) < 0.1] = np.inf
    array[rng.random(array.shape) < 0.1] = -np.inf
    return array


def draw(rng, shape, thresholds):
    """Labels and scores of any kind; some scores lie on thresholds, some outside [0, 1]."""
    kinds = [
        rng.random(shape),
        rng.choice(thresholds, shape),
        rng.normal(size=shape),
        np.round(rng.random(shape) * 4) / 4,
    ]
    dtype = rng.choice(["float16", "float32", "float64", "int64", "bool"])
    scores = kinds[rng.integers(4)].astype(dtype)
    labels = [rng.integers(-1, 2, shape), rng.random(shape) < 0.5, rng.choice([0, 0.3, 1, np.nan], shape)]
    if scores.dtype.kind == "f" and rng.random() < 0.3:
        scores = special(rng, scores)
    scores = [scores, np.asfortranarray(scores), np.repeat(scores, 2, axis=-1)[..., ::2]][rng.integers(3)]
    return labels[rng.integers(3)], scores


@pytest.mark.parametrize("kind", THRESHOLDS)
def test_every_score_is_compared_with_every_threshold(kind, rng):
    shapes = [(1,), (1025,), (3000,), (17, 1), (300, 3), (40, 33), (2, 1500), (10, 3, 5)]
    for shape, level in itertools.product(shapes, tallymetrics.instruction_sets()):
        tallymetrics.set_instruction_set(level)
        thresholds = THRESHOLDS[kind](rng).tolist()
        y_true, y_pred = draw(rng, shape, thresholds)
        weight = [None, rng.random(shape[0]), rng.random(shape), rng.integers(0, 5, shape[0])][rng.integers(4)]
        for name, answer in COUNTS.items():
            expected, metric = twin.AtThresholds(answer, thresholds), getattr(metrics, name)(thresholds)
            for one in (expected, metric):
                one.update_state(y_true, y_pred, sample_weight=weight)
            np.testing.assert_allclose(metric.result(), expected.result(), rtol=1e-12)


@pytest.mark.parametrize("kind", THRESHOLDS)
@pytest.mark.parametrize("average", [None, "none"])
def test_columns_and_highest_scores(kind, average, rng):
    for shape in [(1, 1), (300, 3), (40, 33), (2, 1500), (10, 3, 5)]:
        thresholds = THRESHOLDS[kind](rng).tolist()
        y_true, y_pred = draw(rng, shape, thresholds)
        weight = [None, rng.random(shape[0]), rng.random(shape)][rng.integers(3)]
        top_k = [None, 1, shape[-1] // 2 + 1, shape[-1] + 1][rng.integers(4)]
        class_id = None if average or rng.random() < 0.5 else int(rng.integers(shape[-1]))
        expected = twin.AtThresholds(twin.precision, thresholds, class_id, top_k, average is not None)
        metric = metrics.Precision(thresholds, top_k, class_id, average=average)
        for one in (expected, metric):
            one.update_state(y_true, y_pred, sample_weight=weight)
        np.testing.assert_allclose(metric.result(), expected.result(), rtol=1e-12)


def test_equal_scores_at_the_boundary_go_to_the_first():
    scores = np.array([[0.5, 0.9, 0.5, 0.5], [np.nan, 0.2, 0.2, 0.1]])
    metric = metrics.Recall(top_k=2, average="none")
    metric.update_state(np.ones((2, 4)), scores)
    np.testing.assert_array_equal(metric.result(), [0.5, 1, 0, 0])
    theirs = keras.metrics.Recall(top_k=2)
    theirs.update_state(np.ones((1, 4)), scores[:1])
    assert float(theirs.result()) == 0.5
    infinite = metrics.Precision(top_k=1)
    infinite.update_state([[0, 1], [1, 0]], [[-np.inf, -np.inf], [np.inf, 0]])
    assert infinite.result() == 1.0


@pytest.mark.parametrize("name", ["Precision", "Recall"])
@pytest.mark.parametrize(
    "options", [{"top_k": 2}, {"class_id": 1}, {"top_k": 2, "class_id": -1}, {"thresholds": [0.7, 0.1]}]
)
def test_options_are_those_of_keras(name, options, rng):
    y_true, y_pred = rng.integers(0, 2, (50, 4)), rng.random((50, 4), dtype=np.float32)
    for weight in (None, rng.random(50, dtype=np.float32)):
        ours, theirs = getattr(metrics, name)(**options), getattr(keras.metrics, name)(**options)
        for metric in (ours, theirs):
            metric.update_state(y_true, y_pred, sample_weight=weight)
        np.testing.assert_allclose(ours.result(), np.asarray(theirs.result()), rtol=1e-6)


def test_the_highest_of_a_flat_array_are_those_of_one_row():
    for k, expected in ((2, 0.0), (4, 0.5)):
        metric = metrics.Precision(top_k=k)
        metric.update_state([0, 0, 1, 1], [1, 1, 1, 1])
        assert metric.result() == expected


@pytest.mark.parametrize("average", ["micro", "macro", "weighted", "samples", "none"])
@pytest.mark.parametrize("name", ["precision", "recall"])
def test_averages_are_those_of_scikit_learn(name, average, rng):
    y_true, y_pred = rng.random((500, 5)) < [0.5, 0.1, 0.9, 0.3, 0], rng.random((500, 5))
    weight = rng.random(500)
    metric = getattr(metrics, name.capitalize())(average=average)
    metric.update_state(y_true, y_pred, sample_weight=weight)
    expected = getattr(sklearn_metrics, f"{name}_score")(
        y_true,
        y_pred > 0.5,
        average=None if average == "none" else average,
        sample_weight=weight,
        zero_division=0.0,
    )
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-12)


AREAS = list(
    itertools.product(
        ["ROC", "PR", "PRGAIN"],
        ["interpolation", "minoring", "majoring"],
        [
            {},
            {"num_thresholds": 2},
            {"thresholds": [0.9, 0.2, 0.4]},
            {"from_logits": True},
            {"multi_label": True},
            {"multi_label": True, "num_labels": 3, "label_weights": [1.0, 0.0, 2.0]},
            {"label_weights": [0.5, 1.0, 2.0]},
        ],
    )
)


@pytest.mark.parametrize(("curve", "method", "options"), AREAS, ids=str)
def test_areas_are_those_of_keras(curve, method, options, rng):
    ours, theirs = (module.AUC(curve=curve, summation_method=method, **options) for module in (metrics, keras.metrics))
    for weight in (None, rng.random(80, dtype=np.float32), rng.random((80, 3), dtype=np.float32)):
        y_pred = rng.random((80, 3), dtype=np.float32)
        y_true = (rng.random((80, 3)) < 0.3 + 0.4 * y_pred).astype(np.int32)
        y_pred = (8 * y_pred - 4).astype(np.float32) if options.get("from_logits") else y_pred
        for metric in (ours, theirs):
            metric.update_state(y_true, y_pred, sample_weight=weight)
        assert ours.result() == pytest.approx(float(theirs.result()), rel=1e-4, abs=1e-6)
    assert [one.name for one in ours.variables] == [one.name for one in theirs.variables]
    for mine, other in zip(ours.variables, theirs.variables, strict=True):
        np.testing.assert_allclose(mine, np.asarray(other), rtol=1e-4, atol=1e-3)
    assert set(ours.get_config()) == set(theirs.get_config())


def test_keras_enums_name_curves():
    from keras.src.metrics.metrics_utils import AUCCurve, AUCSummationMethod

    metric = metrics.AUC(curve=AUCCurve.PR, summation_method=AUCSummationMethod.MAJORING)
    assert (metric.curve, metric.summation_method) == ("PR", "majoring")
    assert (metrics.AUC(curve="prgain").curve, metrics.AUC(curve="roc").curve) == ("PRGAIN", "ROC")


def test_the_number_of_labels_comes_with_the_first_batch(rng):
    y_true, y_pred = rng.integers(0, 2, (20, 3)), rng.random((20, 3))
    full, fresh, loaded = (metrics.AUC(multi_label=True) for _ in range(3))
    assert full.result() == 0.0
    with pytest.raises(ValueError, match="`sample_weight` must be finite"):
        full.update_state(y_true[:, :2], y_pred[:, :2], sample_weight=np.full(20, np.nan))
    full.update_state(y_true, y_pred)
    fresh.merge_state([metrics.AUC(multi_label=True), full])
    loaded.load_state_arrays(full.state_arrays())
    full.merge_state([metrics.AUC(multi_label=True)])
    assert fresh.result() == loaded.result() == full.result() != 0
    assert full.true_positives.shape == (200, 3)
    with pytest.raises(ValueError, match=r"`y_pred` must have 3 columns, as in the batches before\. Received 2"):
        full.update_state(y_true[:, :2], y_pred[:, :2])
    other = metrics.AUC(multi_label=True)
    other.update_state(y_true[:, :2], y_pred[:, :2])
    with pytest.raises(ValueError, match=r"`metrics` must have variables of shapes .* to merge"):
        full.merge_state(other)
    empty = metrics.AUC(multi_label=True)
    with pytest.raises(ValueError, match=r"variables of shapes \[\(3, 2, 201\)\] to merge. Received \[\(2, 2, 201\)\]"):
        empty.merge_state([full, other])
    assert empty.result() == 0.0
    full.reset_state()
    full.update_state(y_true[:, :2], y_pred[:, :2])
    assert full.result() == other.result()


def test_keras_rounds_scores_at_even_thresholds_and_we_do_not():
    thresholds = [step / 199 for step in range(200)]
    scores = np.array(thresholds, np.float32)
    ours, theirs = metrics.TruePositives(thresholds), keras.metrics.TruePositives(thresholds)
    for metric in (ours, theirs):
        metric.update_state(np.ones(200), scores)
    np.testing.assert_array_equal(ours.result(), np.arange(199, -1, -1))
    assert np.sum(ours.result() != np.asarray(theirs.result())) == 8


def test_keras_clips_scores_at_even_thresholds_and_we_do_not():
    ours, theirs = metrics.TruePositives([0.0, 0.5, 1.0]), keras.metrics.TruePositives([0.0, 0.5, 1.0])
    for metric in (ours, theirs):
        metric.update_state([1, 1], [5.0, 0.7])
    assert ours.result().tolist() == [2, 2, 1]
    assert np.asarray(theirs.result()).tolist() == [2, 2, 0]


def test_keras_loses_scores_outside_uneven_thresholds_and_we_do_not():
    ours, theirs = (module.AUC(thresholds=[0.2, 0.3]) for module in (metrics, keras.metrics))
    for metric in (ours, theirs):
        metric.update_state([0, 0, 1, 1], [-4.0, -np.inf, 4.0, np.inf])
    assert (ours.result(), float(theirs.result())) == (1.0, 0.0)


def test_keras_stops_counting_at_2_to_the_24_and_we_do_not():
    ours, theirs = metrics.TruePositives(), keras.metrics.TruePositives()
    ours.update_state(np.broadcast_to(np.float32(1), (2**24,)), np.broadcast_to(np.float32(1), (2**24,)))
    theirs.accumulator.assign([2.0**24])
    for metric in (ours, theirs):
        metric.update_state([1], [1.0])
    assert (ours.result(), float(theirs.result())) == (2**24 + 1, 2**24)


def test_masked_scores_do_not_count():
    class Masked(np.ndarray):
        pass

    scores = np.array([0.9, 0.8, 0.1]).view(Masked)
    scores._keras_mask = np.array([True, False, True])
    metric = metrics.TruePositives()
    metric.update_state([1, 1, 1], scores)
    assert metric.result() == 1.0


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: metrics.TruePositives(1.5), ValueError, r"`thresholds` must be a finite number in \[0, 1\]"),
        (lambda: metrics.Precision([0.5, None]), ValueError, r"`thresholds` must lie in \[0, 1\]. Received None"),
        (lambda: metrics.Recall([]), ValueError, "`thresholds` must hold at least one number"),
        (lambda: metrics.Recall("half"), TypeError, "`thresholds` must be a number. Received 'half'"),
        (lambda: metrics.Precision(top_k=0), ValueError, "`top_k` must lie in"),
        (lambda: metrics.Precision(class_id=0.5), TypeError, "`class_id` must be an integer"),
        (lambda: metrics.Precision(average="mean"), ValueError, "`average` must be one of None, micro, macro"),
        (lambda: metrics.Precision(average="macro", class_id=1), ValueError, "`class_id` must be None where `average`"),
        (lambda: metrics.Recall(average="samples", top_k=1), ValueError, "`class_id` and `top_k` must be None"),
        (lambda: metrics.PrecisionAtRecall(1.5), ValueError, r"`recall` must be a finite number in \[0, 1\]"),
        (lambda: metrics.SensitivityAtSpecificity(0.5, 0), ValueError, "`num_thresholds` must lie in"),
        (lambda: metrics.AUC(1), ValueError, "`num_thresholds` must lie in"),
        (lambda: metrics.AUC(curve="DET"), ValueError, "`curve` must be one of ROC, PR, PRGAIN. Received 'DET'"),
        (lambda: metrics.AUC(summation_method="sum"), ValueError, "`summation_method` must be one of interpolation"),
        (lambda: metrics.AUC(num_labels=3), ValueError, "`num_labels` must be None unless `multi_label`"),
        (
            lambda: metrics.AUC(multi_label=True, num_labels=3, label_weights=[1.0]),
            ValueError,
            "`label_weights` must hold 3 numbers. Received 1",
        ),
        (
            lambda: metrics.AUC(None, "PRGAIN"),
            ValueError,
            "`curve` must be ROC or PR, interpolated",
        ),
        (
            lambda: metrics.AUC(None, multi_label=True),
            ValueError,
            "`num_thresholds` must be a number with",
        ),
        (lambda: metrics.AUC().result_interval(), ValueError, "`num_thresholds` must be None for an interval"),
    ],
)
def test_wrong_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("metric", "shape", "message"),
    [
        (metrics.Precision(class_id=1), (3,), r"`y_pred` must have shape \[rows, classes\]"),
        (metrics.Precision(class_id=3), (4, 3), "`y_pred` must have a column 3. Received 3 columns"),
        (metrics.Precision(average="macro"), (3,), r"`y_pred` must have shape \[rows, classes\]"),
        (metrics.Precision(average="samples"), (3,), r"`y_pred` must have shape \[rows, classes\]"),
        (metrics.AUC(multi_label=True), (3,), r"`y_pred` must have shape \[rows, labels\]"),
        (metrics.AUC(multi_label=True), (3, 2, 2), r"`y_pred` must have shape \[rows, labels\]"),
        (metrics.AUC(label_weights=[1.0, 2.0]), (4, 3), "`y_pred` must have 2 columns. Received 3"),
    ],
)
def test_wrong_shapes(metric, shape, message):
    with pytest.raises(ValueError, match=message):
        metric.update_state(np.ones(shape), np.ones(shape))
