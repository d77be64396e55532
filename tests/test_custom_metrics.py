"""Metrics that users write: subclasses against Keras's contract in plain NumPy, and plain functions."""

import copy
import pickle

import numpy as np
import pytest

import tallymetrics
from tallymetrics import metrics


class BinaryTruePositives(metrics.Metric):
    """The example of Keras's own documentation, in NumPy."""

    def __init__(self, name="binary_true_positives", **kwargs):
        super().__init__(name=name, **kwargs)
        self.true_positives = self.add_variable(shape=(), initializer="zeros", name="true_positives")

    def update_state(self, y_true, y_pred, sample_weight=None):
        values = np.logical_and(np.asarray(y_true, bool), np.asarray(y_pred, bool)).astype(self.dtype)
        if sample_weight is not None:
            values = values * np.broadcast_to(np.asarray(sample_weight, self.dtype), values.shape)
        self.true_positives.assign(self.true_positives + np.sum(values))

    def result(self):
        return self.true_positives


class MeanSquaredLength(metrics.Metric):
    """Two variables, one of them a vector; assign_add, and arithmetic on variables."""

    def __init__(self, size=3, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.size = size
        self.total = self.add_variable(shape=(size,), initializer="zeros", name="total")
        self.rows = self.add_weight(shape=(), initializer="zeros", name="rows")

    def update_state(self, y_true, y_pred, sample_weight=None):
        squares = (np.asarray(y_true) - np.asarray(y_pred)) ** 2
        self.total.assign_add(squares.sum(axis=0))
        self.rows.assign_add(len(squares))

    def result(self):
        return float(np.sum(self.total) / self.rows) if float(self.rows) else 0.0

    def get_config(self):
        return {**super().get_config(), "size": self.size}


class ArgmaxErrors(metrics.Metric):
    """Counts mistakes of labels and score rows, so that it can share batches with the native metrics."""

    def __init__(self, name="argmax_errors", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.errors = self.add_variable((), "zeros", name="errors")

    def update_state(self, y_true, y_pred, sample_weight=None):
        wrong = np.argmax(y_pred, axis=-1) != y_true
        self.errors.assign_add(np.sum(wrong if sample_weight is None else wrong * np.asarray(sample_weight)))

    def result(self):
        return float(self.errors)


class Extremes(metrics.Metric):
    """A result that is a dict."""

    def __init__(self, name="extremes", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((2,), "zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add([np.sum(y_true), np.sum(y_pred)])

    def result(self):
        return {"true_total": float(self.total[0]), "predicted_total": float(self.total[1])}


def wrong_class(y_true, y_pred):
    return (np.argmax(y_pred, axis=-1) != y_true).astype(np.float64)


def scaled_error(y_true, y_pred, scale=1.0):
    return scale * np.abs(np.asarray(y_true) - np.asarray(y_pred))


def fed(metric, *batches):
    for batch in batches:
        metric.update_state(*batch)
    return metric


def draw_batch(rng, rows=20):
    return rng.integers(0, 4, rows), rng.normal(size=(rows, 4))


def test_the_keras_example():
    metric = fed(BinaryTruePositives(), ([1, 1, 0, 1], [1, 0, 1, 1]), ([1], [1]))
    assert float(metric.result()) == 3.0
    assert np.asarray(metric.result()) == 3.0
    metric.update_state([1, 1], [1, 1], sample_weight=[0.5, 0.25])
    assert float(metric.result()) == 3.75
    assert "3.75" in repr(metric)
    assert float(metric([1], [1])) == 4.75
    metric.reset_state()
    assert float(metric.result()) == 0.0


def test_variables():
    metric = MeanSquaredLength()
    total, rows = metric.variables
    assert (total.name, rows.name) == ("total", "rows")
    assert (total.shape, rows.shape) == ((3,), ())
    total.assign([1, 2, 3])
    total.assign_add(np.ones(3))
    rows.assign(2)
    assert np.asarray(total).tolist() == [2.0, 3.0, 4.0]
    assert float(rows) == 2.0
    assert np.asarray(total, dtype=np.int64).dtype == np.int64
    for answer, expected in [
        (total + 1, [3, 4, 5]),
        (1 + total, [3, 4, 5]),
        (total - rows, [0, 1, 2]),
        (1 - total, [-1, -2, -3]),
        (total * rows, [4, 6, 8]),
        (2 * total, [4, 6, 8]),
        (total / rows, [1, 1.5, 2]),
        (12 / total, [6, 4, 3]),
        (total**2, [4, 9, 16]),
        (-total, [-2, -3, -4]),
        (np.sqrt(total * total), [2, 3, 4]),
        (total[1:], [3, 4]),
        (np.maximum(total, 3), [3, 3, 4]),
    ]:
        assert np.asarray(answer).tolist() == expected
    assert np.asarray(total).tolist() == [2.0, 3.0, 4.0]
    assert rows == 2
    assert rows > 1
    assert rows < 3


def test_values_read_before_an_update_do_not_change_with_it():
    metric = BinaryTruePositives()
    metric.update_state([1], [1])
    before = metric.true_positives + 0
    metric.update_state([1], [1])
    assert float(before) == 1.0


def test_an_assignment_must_fit():
    total = MeanSquaredLength().variables[0]
    with pytest.raises(ValueError, match="shape"):
        total.assign(np.zeros(4))
    assert np.asarray(total).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("initializer", ["ones", lambda shape, dtype=None: np.full(shape, 1.0)])
def test_initializers(initializer):
    class Product(metrics.Metric):
        def __init__(self):
            super().__init__()
            self.product = self.add_variable((2,), initializer)

    assert np.asarray(Product().product).tolist() == [1.0, 1.0]


def test_unknown_initializers_are_refused():
    class Random(metrics.Metric):
        def __init__(self):
            super().__init__()
            self.state = self.add_variable((), "glorot")

    with pytest.raises(ValueError, match="glorot"):
        Random()


def test_the_base_class_leaves_its_verbs_to_subclasses():
    metric = metrics.Metric()
    with pytest.raises(NotImplementedError):
        metric.update_state([1], [1])
    with pytest.raises(NotImplementedError):
        metric.result()


def test_default_names_are_the_snake_case_of_the_class():
    assert MeanSquaredLength().name.startswith("mean_squared_length")
    assert MeanSquaredLength(name="mine").name == "mine"


def test_counts_in_variables_are_exact_above_2_to_the_24():
    metric = BinaryTruePositives()
    metric.true_positives.assign(2.0**24)
    for _ in range(5):
        metric.update_state([1], [1])
    assert float(metric.result()) == 2**24 + 5


def test_merge_is_addition(rng):
    batches = [(rng.normal(size=(5, 3)), rng.normal(size=(5, 3))) for _ in range(3)]
    whole, parts = fed(MeanSquaredLength(), *batches), [fed(MeanSquaredLength(), one) for one in batches]
    merged = MeanSquaredLength()
    merged.merge_state(parts)
    assert merged.result() == pytest.approx(whole.result(), rel=1e-14)
    assert parts[0].result() == fed(MeanSquaredLength(), batches[0]).result()
    with pytest.raises(ValueError, match="equal configurations"):
        merged.merge_state([MeanSquaredLength(size=4)])
    with pytest.raises(ValueError, match="of class MeanSquaredLength"):
        merged.merge_state([BinaryTruePositives()])
    assert merged.result() == pytest.approx(whole.result(), rel=1e-14)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies(duplicate, rng):
    batch = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    metric = fed(MeanSquaredLength(), batch)
    other = duplicate(metric)
    assert other.result() == metric.result()
    other.update_state(np.zeros((1, 3)), np.ones((1, 3)))
    assert metric.result() == fed(MeanSquaredLength(), batch).result() != other.result()
    assert [float(np.sum(one)) for one in other.variables] != [float(np.sum(one)) for one in metric.variables]


def test_state_arrays_and_config(rng):
    metric = fed(MeanSquaredLength(size=2, name="length"), (rng.normal(size=(5, 2)), rng.normal(size=(5, 2))))
    other = MeanSquaredLength.from_config(metric.get_config())
    assert (other.size, other.name) == (2, "length")
    other.load_state_arrays(metric.state_arrays())
    assert other.result() == metric.result()


def test_a_function_refuses_arrays_that_are_not_its_own():
    metric = metrics.MetricCollection([lambda y_true, y_pred: np.abs(y_true - y_pred)]).metrics[0]
    metric.update_state(np.zeros(3), np.ones(3))
    before = metric.state_arrays()
    for name in before:
        for wrong in ({name: before[name]}, {**before, "other": before[name]}, {**before, name: np.zeros(2)}):
            with pytest.raises(ValueError, match="must"):
                metric.load_state_arrays(wrong)
            np.testing.assert_equal(metric.state_arrays(), before)
            assert metric.result() == 1


def make_collection():
    return metrics.MetricCollection(
        [metrics.SparseCategoricalAccuracy(), ArgmaxErrors(), wrong_class, metrics.ConfusionMatrix(4), Extremes()]
    )


def test_in_a_collection_beside_native_metrics(rng):
    batches = [draw_batch(rng) for _ in range(3)]
    results = fed(make_collection(), *batches).result()
    assert list(results) == [
        "sparse_categorical_accuracy",
        "argmax_errors",
        "wrong_class",
        "confusion_matrix",
        "true_total",
        "predicted_total",
    ]
    errors = sum(np.sum(scores.argmax(axis=1) != labels) for labels, scores in batches)
    assert results["argmax_errors"] == errors
    assert results["wrong_class"] == errors / 60
    assert results["sparse_categorical_accuracy"] == (60 - errors) / 60
    assert results["confusion_matrix"].trace() == 60 - errors
    assert results["true_total"] == sum(labels.sum() for labels, _ in batches)


def test_collections_with_user_metrics_merge_reset_and_weigh(rng):
    batches = [draw_batch(rng) for _ in range(3)]
    whole, merged = fed(make_collection(), *batches), make_collection()
    merged.merge_state([fed(make_collection(), one) for one in batches])
    for name, value in whole.result().items():
        assert np.allclose(merged.result()[name], value, rtol=1e-14)
    merged.reset_state()
    assert merged.result()["argmax_errors"] == merged.result()["wrong_class"] == 0.0
    labels, scores = batches[0]
    merged.update_state(labels, scores, sample_weight=np.full(20, 0.5))
    assert merged.result()["argmax_errors"] == np.sum(scores.argmax(axis=1) != labels) / 2


def test_a_bad_batch_adds_nothing_to_user_metrics_either(rng):
    collection = make_collection()
    labels, scores = draw_batch(rng)
    labels[-1] = 4
    with pytest.raises(ValueError, match=r"`y_true`.*row 19"):
        collection.update_state(labels, scores)
    assert collection.result()["argmax_errors"] == collection.result()["wrong_class"] == 0.0
    assert collection.result()["confusion_matrix"].sum() == 0


def test_a_failing_user_metric_leaves_the_collection_as_it_was(rng):
    class Failing(ArgmaxErrors):
        def update_state(self, y_true, y_pred, sample_weight=None):
            raise RuntimeError("no")

    collection = metrics.MetricCollection(
        [ArgmaxErrors(), metrics.SparseCategoricalAccuracy(), Failing(name="failing")]
    )
    with pytest.raises(RuntimeError, match="no"):
        collection.update_state(*draw_batch(rng))
    assert collection.result() == {"argmax_errors": 0.0, "sparse_categorical_accuracy": 0.0, "failing": 0.0}


def test_collections_name_duplicates_and_take_dicts(rng):
    labels, scores = draw_batch(rng)
    collection = metrics.MetricCollection(
        [metrics.MeanSquaredError(), metrics.MeanSquaredError(), metrics.MeanSquaredError(name="other")]
    )
    assert list(collection.result()) == ["mean_squared_error", "mean_squared_error_1", "other"]
    keyed = metrics.MetricCollection({"first": metrics.SparseCategoricalAccuracy(), "second": wrong_class})
    keyed.update_state(labels, scores)
    assert keyed.result()["first"] == 1 - keyed.result()["second"]


def test_plain_functions(rng):
    y_true, y_pred = rng.normal(size=(6, 3)), rng.normal(size=(6, 3))
    metric = metrics.MeanMetricWrapper(scaled_error, name="scaled", scale=2.0)
    fed(metric, (y_true[:4], y_pred[:4]), (y_true[4:], y_pred[4:]))
    assert metric.name == "scaled"
    assert metric.result() == pytest.approx(2 * np.abs(y_true - y_pred).mean(), rel=1e-14)
    metric.reset_state()
    metric.update_state(y_true, y_pred, sample_weight=np.arange(6))
    expected = np.average(2 * np.abs(y_true - y_pred).mean(axis=1), weights=np.arange(6))
    assert metric.result() == pytest.approx(expected, rel=1e-14)
    assert metrics.MeanMetricWrapper(scaled_error).name


def test_plain_functions_round_trip_through_config_and_pickle(rng):
    metric = metrics.MeanMetricWrapper(scaled_error, scale=3.0)
    batch = rng.normal(size=6), rng.normal(size=6)
    for other in (metrics.MeanMetricWrapper.from_config(metric.get_config()), pickle.loads(pickle.dumps(metric))):
        assert fed(other, batch).result() == fed(metrics.MeanMetricWrapper(scaled_error, scale=3.0), batch).result()


def test_functions_that_return_no_values_per_row_are_refused(rng):
    metric = metrics.MeanMetricWrapper(lambda y_true, y_pred: "seven", name="seven")
    with pytest.raises((TypeError, ValueError)):
        metric.update_state([1.0], [1.0])
    assert metric.result() == 0.0


class Shifted(metrics.MeanSquaredError):
    """A subclass that changes what it is given, as users of Keras do."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(y_true, np.asarray(y_pred) + 1, sample_weight)


class OfErrors(metrics.Mean):
    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(np.subtract(y_pred, y_true), sample_weight)


def test_an_overridden_update_is_heeded_by_collections_and_evaluate():
    y_true, y_pred = np.zeros(3), np.ones(3)
    collection = metrics.MetricCollection([Shifted(name="shifted"), OfErrors(name="errors")])
    collection.update_state(y_true, y_pred)
    assert collection.result() == {"shifted": 4.0, "errors": 1.0}
    assert tallymetrics.evaluate(y_true, y_pred, metrics=[Shifted(name="shifted")]) == {"shifted": 4.0}


class Unweighted(metrics.Metric):
    def update_state(self, y_true, y_pred):
        pass

    def result(self):
        return 0.0


def test_weights_for_a_metric_that_takes_none():
    with pytest.raises(TypeError, match=r"`sample_weight` must not be given with 'plain'.*`weighted_metrics`"):
        tallymetrics.evaluate([0.0], [1.0], metrics=[Unweighted(name="plain")], sample_weight=[2.0])
    result = tallymetrics.evaluate(
        [0.0], [1.0], metrics=[Unweighted(name="plain")], weighted_metrics=[], sample_weight=[2.0]
    )
    assert result == {"plain": 0.0}
