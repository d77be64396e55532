"""The functions of keras.metrics against Keras's, on random shapes, axes and dtypes; and their errors."""

import inspect

import numpy as np
import pytest
import reference_rows as rows_twin

import tallymetrics
from tallymetrics import metrics

keras = pytest.importorskip("keras")

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning:keras", "ignore::SyntaxWarning")

FUNCTIONS = [
    name
    for name in dir(keras.metrics)
    if inspect.isfunction(getattr(keras.metrics, name)) and name not in ("get", "serialize", "deserialize")
]
ELEMENTWISE = {"binary_accuracy"}
SPARSE = {"sparse_categorical_accuracy", "sparse_top_k_categorical_accuracy", "sparse_categorical_crossentropy"}
WITH_AXIS = {"binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy"}
WITH_AXIS |= {"categorical_focal_crossentropy", "pearson_correlation", "concordance_correlation"}
SHAPES = [(7,), (1, 4), (5, 3), (6, 17), (3, 40), (4, 3, 6), (2, 3, 2, 5)]


def functions_of(name):
    return getattr(metrics, name), getattr(keras.metrics, name)


def drawn(name, shape, rng):
    """Labels and scores that the function takes, away from the edges where float32 clips otherwise."""
    scores = (rng.random(shape) * 0.9 + 0.05).astype(np.float32)
    if name in SPARSE:
        return rng.integers(0, shape[-1], shape[:-1]).astype(np.int32), scores
    if name.startswith(("categorical", "top_k")):
        return np.eye(shape[-1], dtype=np.float32)[rng.integers(0, shape[-1], shape[:-1])], scores
    if name.startswith("binary"):
        return rng.integers(0, 2, shape).astype(np.float32), scores
    if "hinge" in name:
        return rng.choice([-1, 1], shape).astype(np.float32), scores
    return (rng.random(shape) * 0.9 + 0.05).astype(np.float32), scores


def assert_same_values(ours, theirs):
    theirs = np.asarray(theirs)
    assert np.shape(ours) == theirs.shape
    assert np.asarray(ours).dtype == np.float64
    np.testing.assert_allclose(ours, theirs, rtol=3e-5, atol=2e-6)


def test_all_functions_are_there():
    assert len(FUNCTIONS) == 23
    assert set(FUNCTIONS) <= set(metrics.__all__)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures_are_those_of_keras(name):
    ours, theirs = (inspect.signature(one).parameters for one in functions_of(name))
    assert [(one.name, one.default) for one in ours.values()] == [(one.name, one.default) for one in theirs.values()]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_are_those_of_keras(name, shape, rng):
    if (name in SPARSE or name.startswith("top_k")) and len(shape) == 1:
        pytest.skip("Keras's take no single row")
    ours, theirs = functions_of(name)
    for _ in range(4):
        inputs = drawn(name, shape, rng)
        assert_same_values(ours(*inputs), theirs(*inputs))


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
@pytest.mark.parametrize("name", sorted(WITH_AXIS))
def test_every_axis(name, axis, rng):
    ours, theirs = functions_of(name)
    inputs = drawn(name, (4, 3, 5), rng)
    assert_same_values(ours(*inputs, axis=axis), theirs(*inputs, axis=axis))


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_cosine_similarity_along_every_axis(axis, rng):
    inputs = rng.normal(size=(2, 4, 3, 5))
    np.testing.assert_allclose(
        metrics.cosine_similarity(*inputs, axis=axis), rows_twin.cosine_similarity(*inputs, axis=axis), rtol=1e-12
    )
    assert_same_values(metrics.cosine_similarity(*inputs), -np.asarray(keras.losses.cosine_similarity(*inputs)))


OPTIONS = {
    "binary_accuracy": [{"threshold": 0.25}, {"threshold": 2}],
    "binary_crossentropy": [{"label_smoothing": 0.2}],
    "binary_focal_crossentropy": [
        {"apply_class_balancing": True},
        {"gamma": 1.0},
        {"alpha": 0.5, "label_smoothing": 0.1},
        {"from_logits": True},
    ],
    "categorical_crossentropy": [{"label_smoothing": 0.2}, {"from_logits": True}],
    "categorical_focal_crossentropy": [{"alpha": 0.5, "gamma": 3}, {"label_smoothing": 0.2}, {"from_logits": True}],
    "sparse_categorical_crossentropy": [{"from_logits": True}, {"ignore_class": 1}],
    "top_k_categorical_accuracy": [{"k": 1}, {"k": 2}],
    "sparse_top_k_categorical_accuracy": [{"k": 1}, {"k": 2}],
    "huber": [{"delta": 0.1}, {"delta": 3}],
}


@pytest.mark.parametrize(
    ("name", "options"), [(name, options) for name in OPTIONS for options in OPTIONS[name]], ids=str
)
def test_options(name, options, rng):
    ours, theirs = functions_of(name)
    for shape in [(9, 4), (3, 2, 20)]:
        inputs = drawn(name, shape, rng)
        assert_same_values(ours(*inputs, **options), theirs(*inputs, **options))


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"sparse_categorical_crossentropy"}))
def test_lists_integers_and_other_dtypes(name, rng):
    ours, theirs = functions_of(name)
    y_true, y_pred = drawn(name, (6, 5), rng)
    expected = np.asarray(theirs(y_true, y_pred))
    assert_same_values(ours(y_true.tolist(), y_pred.tolist()), expected)
    assert_same_values(ours(y_true.astype(np.float64), y_pred.astype(np.float64)), expected)
    assert_same_values(ours(np.asfortranarray(y_true), np.asfortranarray(y_pred)), expected)
    half = y_pred.astype(np.float16)
    assert_same_values(ours(y_true, half), theirs(y_true, half.astype(np.float32)))


@pytest.mark.parametrize(
    "name",
    [
        "mean_squared_error",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_logarithmic_error",
        "log_cosh",
        "huber",
        "concordance_correlation",
    ],
)
@pytest.mark.parametrize(
    ("true_shape", "pred_shape"),
    [((4,), (4, 1)), ((4, 1), (4,)), ((4, 3), (4, 3, 1)), ((4, 1), (4, 3)), ((3,), (4, 3)), ((1, 3), (2, 4, 3))],
)
def test_shapes_align_as_in_keras(name, true_shape, pred_shape, rng):
    ours, theirs = functions_of(name)
    inputs = rng.random(true_shape).astype(np.float32), rng.random(pred_shape).astype(np.float32)
    assert_same_values(ours(*inputs), theirs(*inputs))


@pytest.mark.parametrize(("true_shape", "pred_shape"), [((4, 1), (4, 3)), ((4, 1), (4, 1, 3)), ((4, 2, 1), (4, 2, 3))])
def test_sparse_labels_with_an_axis_of_length_1(true_shape, pred_shape, rng):
    labels, scores = rng.integers(0, 3, true_shape).astype(np.int32), rng.random(pred_shape).astype(np.float32)
    for name in ("sparse_categorical_accuracy", "sparse_top_k_categorical_accuracy"):
        if name == "sparse_categorical_accuracy" or len(pred_shape) == 3:
            ours, theirs = functions_of(name)
            options = {} if name == "sparse_categorical_accuracy" else {"k": 2}
            assert_same_values(ours(labels, scores, **options), theirs(labels, scores, **options))


def test_sorted_ids(rng):
    labels = rng.integers(0, 9, 20)
    ids = rng.permuted(np.tile(np.arange(9), (20, 1)), axis=1)
    for k in (1, 3, 9, 12):
        ours = metrics.sparse_top_k_categorical_accuracy(labels, ids, k=k, from_sorted_ids=True)
        theirs = keras.metrics.sparse_top_k_categorical_accuracy(labels, ids, k=k, from_sorted_ids=True)
        assert_same_values(ours, theirs)


def test_sparse_crossentropy_along_another_axis(rng):
    labels, scores = rng.integers(0, 3, (4, 5)), rng.random((4, 3, 5))
    expected = metrics.sparse_categorical_crossentropy(labels, np.moveaxis(scores, 1, -1))
    np.testing.assert_array_equal(metrics.sparse_categorical_crossentropy(labels, scores, axis=1), expected)
    np.testing.assert_array_equal(
        metrics.sparse_categorical_crossentropy(labels[:, np.newaxis], scores, axis=1), expected
    )


def test_logits_are_not_clipped():
    assert metrics.binary_crossentropy([0.0], [100.0], from_logits=True) == 100
    assert metrics.binary_crossentropy([1.0], [-1000.0], from_logits=True) == 1000
    assert metrics.binary_crossentropy([1.0, 0.0], [np.inf, -np.inf], from_logits=True) == 0
    assert float(keras.metrics.binary_crossentropy(np.zeros(1), np.full(1, 100.0), from_logits=True)) < 17


def test_label_0_stands_for_minus_1_whatever_the_other_labels_are():
    labels, scores = np.array([[0.0, 1.0], [1.0, -1.0]]), np.array([[0.5, 0.5], [0.5, 0.5]])
    assert metrics.hinge(labels, scores).tolist() == [1.0, 1.0]
    assert np.asarray(keras.metrics.hinge(labels[:1], scores[:1])).tolist() == [1.0]
    assert np.asarray(keras.metrics.hinge(labels, scores)).tolist() == [0.75, 1.0]


ALIASES = {
    "accuracy": ["acc", "ACC"],
    "binary_crossentropy": ["bce", "BCE"],
    "mean_squared_error": ["mse", "MSE"],
    "mean_absolute_error": ["mae", "MAE"],
    "mean_absolute_percentage_error": ["mape", "MAPE"],
    "mean_squared_logarithmic_error": ["msle", "MSLE"],
    "kl_divergence": ["kld", "KLD", "kullback_leibler_divergence"],
    "log_cosh": ["logcosh"],
    "cosine_similarity": ["cosine_proximity"],
}


def test_older_names():
    for name, aliases in ALIASES.items():
        assert all(getattr(metrics, alias) is getattr(metrics, name) for alias in aliases)


def test_values_are_the_same_for_any_threads_and_level(rng):
    y_true, y_pred = rng.random((2, 60_000, 13)).astype(np.float32)
    labels = rng.integers(0, 13, 60_000)
    for name in FUNCTIONS:
        answers = []
        for level in tallymetrics.instruction_sets():
            tallymetrics.set_instruction_set(level)
            for threads in (1, 2):
                tallymetrics.set_num_threads(threads)
                answers.append(getattr(metrics, name)(labels if name in SPARSE else y_true, y_pred))
        assert all(np.array_equal(answer, answers[0], equal_nan=True) for answer in answers), name


def test_no_rows_give_no_values():
    for name in FUNCTIONS:
        y_true = np.zeros(0, np.int32) if name in SPARSE else np.zeros((0, 3), np.float32)
        values = getattr(metrics, name)(y_true, np.zeros((0, 3), np.float32))
        assert values.shape == ((0, 3) if name in ELEMENTWISE else (0,))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: metrics.mean_squared_error(1.0, 2.0), ValueError, r"`y_pred` must have shape \[..., width\]"),
        (
            lambda: metrics.mean_squared_error([1.0, 2.0], [1.0, 2.0, 3.0]),
            ValueError,
            r"`y_true` must have shape \(3,\)",
        ),
        (lambda: metrics.mean_squared_error(np.zeros((2, 0)), np.zeros((2, 0))), ValueError, "at least one column"),
        (lambda: metrics.binary_crossentropy([[1.0]], [[1.0, 2.0]]), ValueError, r"`y_true` must have shape \(1, 2\)"),
        (lambda: metrics.binary_crossentropy([1.0], [1.0], axis=1), ValueError, "`axis` must be an axis of `y_pred`"),
        (lambda: metrics.categorical_crossentropy([1.0], [1.0], axis=True), ValueError, "`axis` must be an integer"),
        (lambda: metrics.pearson_correlation([1.0], [1.0], axis=None), TypeError, "`axis` must be an integer"),
        (lambda: metrics.binary_crossentropy([1.0], [1.0], False, 2), ValueError, "`label_smoothing` must be a finite"),
        (lambda: metrics.huber([1.0], [1.0], delta=-1), ValueError, "`delta` must be a finite number"),
        (lambda: metrics.top_k_categorical_accuracy([[1.0]], [[1.0]], k=0), ValueError, "`k` must lie in"),
        (
            lambda: metrics.sparse_categorical_accuracy([3], [[1.0, 2.0]]),
            ValueError,
            r"in \[0, 2\). Received 3 in row 0",
        ),
        (lambda: metrics.accuracy(["a"], ["b"]), TypeError, "`y_true` must hold booleans"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
