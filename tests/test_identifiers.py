"""Metrics by name and by configuration, as `keras.metrics.get`, `serialize` and `deserialize` have them."""

import inspect
import json

import numpy as np
import pytest

from tallymetrics import evaluate, metrics
from tallymetrics.metrics.function_metric import FunctionMetric
from tallymetrics.metrics.identifiers import IDENTIFIERS

keras = pytest.importorskip("keras")

KERAS_IDENTIFIERS = pytest.importorskip("keras.src.metrics").ALL_OBJECTS_DICT
Y_TRUE, Y_PRED = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.5, 2.0], [2.0, 4.5]])


class Bias(metrics.Metric):
    def __init__(self, scale=1.0, name="bias", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.scale = scale
        self.total = self.add_variable(name="total")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(self.scale * np.sum(y_pred - y_true))

    def result(self):
        return float(self.total)

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}


def scaled_error(y_true, y_pred, scale=1.0):
    return scale * np.abs(y_true - y_pred)


# Strings


@pytest.mark.parametrize("identifier", sorted(KERAS_IDENTIFIERS))
def test_the_identifiers_of_keras_name_the_same_classes(identifier):
    theirs = KERAS_IDENTIFIERS[identifier]
    if not hasattr(metrics, theirs.__name__):
        pytest.skip(f"there is no {theirs.__name__} yet")
    ours = IDENTIFIERS[identifier]
    assert ours is getattr(metrics, theirs.__name__)
    required = [
        name
        for name, parameter in inspect.signature(theirs).parameters.items()
        if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    if required:
        with pytest.raises(TypeError, match="required positional argument"):
            keras.metrics.get(identifier)
        named = ", ".join(f"`{name}`" for name in required)
        with pytest.raises(TypeError, match=f"'{identifier}' lacks required positional arguments, {named}: give an"):
            metrics.get(identifier)
        return
    first, second = metrics.get(identifier), metrics.get(identifier)
    assert type(first) is type(second) is ours
    assert first is not second


OLD_NAMES = {
    "cce": "CategoricalCrossentropy",
    "kld": "KLDivergence",
    "KLD": "KLDivergence",
    "kullback_leibler_divergence": "KLDivergence",
    "cosine": "CosineSimilarity",
    "cosine_proximity": "CosineSimilarity",
    "rmse": "RootMeanSquaredError",
    "RMSE": "RootMeanSquaredError",
    "logcosh": "LogCoshError",
    "log_cosh": "LogCoshError",
    "fmeasure": "F1Score",
    "fscore": "F1Score",
    "f1score": "F1Score",
    "f1": "F1Score",
    "fbeta_score": "FBetaScore",
    "fbeta": "FBetaScore",
    "r2": "R2Score",
    "pearson": "PearsonCorrelation",
    "mean_tensor": "MeanTensor",
}


@pytest.mark.parametrize("identifier", OLD_NAMES)
def test_names_that_people_still_write(identifier):
    if not hasattr(metrics, OLD_NAMES[identifier]):
        pytest.skip(f"there is no {OLD_NAMES[identifier]} yet")
    assert type(metrics.get(identifier)) is getattr(metrics, OLD_NAMES[identifier])


def test_names_of_functions_are_their_means():
    if not hasattr(metrics, "huber"):
        pytest.skip("there is no huber yet")
    metric = metrics.get("huber")
    assert (type(metric), metric.name) == (metrics.MeanMetricWrapper, "huber")
    metric.update_state(Y_TRUE, Y_PRED)
    assert metric.result() == pytest.approx(float(np.mean(keras.metrics.huber(Y_TRUE, Y_PRED))), rel=1e-6)


@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ("acc", r"`identifier` 'acc' means what the shapes of the arrays make of it.*SparseCategoricalAccuracy\."),
        ("ACC", r"'ACC' means what the shapes"),
        ("ce", r"'ce' means what the shapes .*`tallymetrics.evaluate`, or name BinaryCrossentropy"),
        ("crossentropy", r"'crossentropy' means what"),
        ("matthews_correlation", r"is no mean over batches\. Use `ConfusionMatrix\.matthews_correlation`"),
        ("MeanSquareError", r"`identifier` must name a metric\. Received .* Did you mean MeanSquaredError"),
        ("get", r"`identifier` must name a metric\. Received 'get'\."),
    ],
)
def test_names_that_are_refused(identifier, message):
    with pytest.raises(ValueError, match=message):
        metrics.get(identifier)


def test_evaluate_passes_advice_on():
    with pytest.raises(ValueError, match=r"Use `ConfusionMatrix\.matthews_correlation`"):
        evaluate(Y_TRUE, Y_PRED, ["matthews_correlation"])
    with pytest.raises(TypeError, match=r"`identifier` must be a string, dict, metric or function\. Received 3"):
        metrics.get(3)


# Configurations


def test_the_form_is_that_of_keras():
    ours = metrics.serialize(metrics.MeanSquaredError(dtype="float32"))
    theirs = keras.metrics.serialize(keras.metrics.MeanSquaredError())
    assert ours == {**theirs, "module": "tallymetrics.metrics"}
    assert json.loads(json.dumps(ours)) == ours
    assert metrics.deserialize(theirs).get_config() == metrics.deserialize(ours).get_config() == ours["config"]
    assert metrics.get({"class_name": "BinaryAccuracy", "config": {"threshold": 0.25}}).threshold == 0.25
    assert type(metrics.get({"class_name": "Mean"})) is metrics.Mean
    assert metrics.deserialize("mse").name == "mean_squared_error"
    assert metrics.deserialize(None) is None


@pytest.mark.parametrize(
    "name", [name for name in metrics.__all__ if inspect.isclass(getattr(keras.metrics, name, None))]
)
def test_what_keras_serialized_is_taken(name):
    given = {"IoU": (3, [0, 1]), "MeanIoU": (3,), "OneHotIoU": (3, [0, 1]), "OneHotMeanIoU": (3,)}.get(name, ())
    given = (0.5,) if "At" in name else given
    given = (keras.metrics.mean_squared_error,) if name == "MeanMetricWrapper" else given
    if name == "Metric" or (name == "MeanMetricWrapper" and not hasattr(metrics, "mean_squared_error")):
        pytest.skip("has no twin to make")
    theirs = getattr(keras.metrics, name)(*given)
    ours = metrics.deserialize(keras.metrics.serialize(theirs))
    assert type(ours) is getattr(metrics, name)
    assert ours.name == theirs.name


def test_arrays_that_keras_serialized_are_taken():
    class Weighted(metrics.Mean):
        def __init__(self, weights, name="weighted", dtype=None):
            super().__init__(name, dtype)
            self.weights = weights

    array = {"class_name": "__tensor__", "config": {"value": [0.5, 0.25], "dtype": "float32"}}
    config = {"module": "keras.metrics", "class_name": "Weighted", "config": {"weights": array, "dtype": "int32"}}
    made = metrics.deserialize(config, {"Weighted": Weighted})
    np.testing.assert_array_equal(made.weights, np.array([0.5, 0.25], np.float32), strict=True)
    assert made.dtype == "float64"
    if hasattr(metrics, "AUC"):
        theirs = keras.metrics.AUC(multi_label=True, num_labels=2, label_weights=[0.5, 0.25])
        ours = metrics.deserialize(keras.metrics.serialize(theirs))
        ours.update_state([[0, 1], [1, 0]], [[0.1, 0.2], [0.9, 0.7]])
        theirs.update_state([[0, 1], [1, 0]], [[0.1, 0.2], [0.9, 0.7]])
        assert ours.result() == pytest.approx(float(theirs.result()), rel=1e-6)


def test_classes_of_users():
    serialized = metrics.serialize(Bias(scale=2.0, name="twice"))
    assert serialized["registered_name"] == serialized["class_name"] == "Bias"
    assert serialized["module"] == __name__
    for made in (
        metrics.deserialize(serialized),
        metrics.deserialize({**serialized, "module": None}, {"Bias": Bias}),
        metrics.deserialize({**serialized, "module": None, "registered_name": "mine>Bias"}, {"mine>Bias": Bias}),
        metrics.get(serialized),
    ):
        assert (type(made), made.scale, made.name) == (Bias, 2.0, "twice")
    assert type(metrics.deserialize("Bias", {"Bias": Bias})) is Bias
    assert metrics.get(scaled_error) is scaled_error
    assert type(metrics.get(Bias)) is Bias


def test_a_configuration_imports_nothing():
    with pytest.raises(ValueError, match="must name a known class; pass yours in `custom_objects`"):
        metrics.deserialize({"module": "antigravity", "class_name": "Nothing", "config": {}})
    with pytest.raises(ValueError, match=r"must name a known class.*`custom_objects`"):
        metrics.deserialize({"class_name": "Nothing"})
    with pytest.raises(ValueError, match="must name a known class"):
        metrics.deserialize({"module": "json", "class_name": "JSONDecoder"})
    with pytest.raises(TypeError, match=r"`config` must be a dict or a string\. Received 3"):
        metrics.deserialize(3)


def test_functions_in_configurations():
    metric = metrics.MeanMetricWrapper(scaled_error, name="scaled", scale=3.0)
    serialized = json.loads(json.dumps(metrics.serialize(metric)))
    for made in (
        metrics.deserialize(serialized),
        metrics.MeanMetricWrapper.from_config(serialized["config"]),
        metrics.deserialize(serialized, {"scaled_error": scaled_error}),
    ):
        made.update_state(Y_TRUE, Y_PRED)
        assert made.result() == 1.5
    other = metrics.deserialize(serialized, {"scaled_error": lambda y_true, y_pred, scale: y_true * scale})
    other.update_state(Y_TRUE, Y_PRED)
    assert other.result() == 7.5
    lost = {**serialized, "config": {**serialized["config"], "fn": {**serialized["config"]["fn"], "config": "gone"}}}
    with pytest.raises(ValueError, match=r"must name a known function; pass yours in `custom_objects`\. Received"):
        metrics.deserialize(lost)
    assert metrics.deserialize(metrics.serialize(scaled_error)) is scaled_error
    local = lambda y_true, y_pred: y_true  # noqa: E731
    assert metrics.MeanMetricWrapper(local).get_config()["fn"] is local
    with pytest.raises(ValueError, match="`metric` must be a metric or a function of a module"):
        metrics.serialize(local)


def test_functions_of_this_package_and_of_keras_go_by_name():
    function = metrics.matthews_correlation
    serialized = metrics.serialize(metrics.MeanMetricWrapper(function))
    assert serialized["config"]["fn"]["module"] == "tallymetrics.metrics"
    assert metrics.deserialize(serialized)._fn is function
    if hasattr(metrics, "mean_squared_error"):
        theirs = keras.metrics.serialize(keras.metrics.MeanMetricWrapper(keras.metrics.mean_squared_error))
        assert metrics.deserialize(theirs)._fn is metrics.mean_squared_error


def test_collections_with_functions_and_user_metrics():
    collection = metrics.MetricCollection({"f": scaled_error, "bias": Bias(2.0), "mse": metrics.MeanSquaredError()})
    serialized = json.loads(json.dumps(metrics.serialize(collection)))
    made = metrics.deserialize(serialized)
    assert [type(metric) for metric in made.metrics] == [FunctionMetric, Bias, metrics.MeanSquaredError]
    made.update_state(Y_TRUE, Y_PRED)
    assert made.result() == {"f": 0.5, "bias": 0.0, "mse": 0.375}
    serialized["config"]["metrics"]["bias"]["module"] = None
    assert type(metrics.deserialize(serialized, {"Bias": Bias})["bias"]) is Bias
