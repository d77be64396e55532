"""What a user of Keras touches on a metric besides its verbs: names, dtypes, variables, attributes, mistakes."""

import copy
import inspect
import pickle

import numpy as np
import pytest

from tallymetrics import metrics
from tallymetrics.metrics.variables import Variable

keras = pytest.importorskip("keras")

CLASSES = [name for name in metrics.__all__ if inspect.isclass(getattr(keras.metrics, name, None))]
ARGUMENTS = {
    "IoU": (3, [0, 1]),
    "MeanIoU": (3,),
    "OneHotIoU": (3, [0, 1]),
    "OneHotMeanIoU": (3,),
    "MeanMetricWrapper": (np.subtract,),
    **dict.fromkeys(
        ("PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity"), (0.5,)
    ),
}


class Composite(metrics.Metric):
    """State of every kind: added, assigned, and of metrics in attributes."""

    def __init__(self, name="composite", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.rows = self.add_weight("rows", initializer="zeros")
        self.largest = Variable(np.zeros(2), "sums")
        self.more = [Variable(np.zeros(()), "sums"), metrics.Sum()]
        self.mean = metrics.Mean()

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.rows.assign_add(len(y_true))
        self.largest.assign_add([np.sum(y_true), np.sum(y_pred)])
        self.more[0].assign_add(1)
        self.more[1].update_state(y_pred)
        self.mean.update_state(y_pred)

    def result(self):
        return float(self.rows + self.largest.value.sum() + self.more[0]) + self.more[1].result() + self.mean.result()


class Forgetful(metrics.Metric):
    def __init__(self):
        self.total = 0

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total += 1

    def result(self):
        return self.total


def fed(metric, *batches):
    for batch in batches:
        metric.update_state(*batch)
    return metric


BATCHES = [([1.0, 2.0], [3.0, 4.0]), ([5.0], [7.0])]


@pytest.mark.parametrize("name", CLASSES)
def test_public_attributes_are_those_of_keras(name):
    ours, theirs = (getattr(module, name)(*ARGUMENTS.get(name, ())) for module in (metrics, keras.metrics))
    public = {attribute for attribute in dir(keras.metrics.Metric) if not attribute.startswith("_")}
    assert public <= set(dir(ours))
    assert ours._direction == getattr(theirs, "_direction", None)
    assert callable(ours)
    assert str(ours) == repr(ours)
    assert f"<{name} name={ours.name}" in str(ours)


def test_direction_is_inherited_and_settable():
    class Mine(metrics.BinaryAccuracy):
        pass

    class Own(metrics.Metric):
        def __init__(self):
            super().__init__()
            self._direction = "down"

    assert (Mine()._direction, metrics.Metric()._direction, Own()._direction) == ("up", None, "down")


def test_name_is_settable_and_dtype_is_not():
    metric = metrics.Mean(dtype="float32")
    metric.name = "other"
    assert metric.name == metric.get_config()["name"] == "other"
    assert "name=other" in str(metric)
    for one in (metric, keras.metrics.Mean()):
        assert one.dtype == "float32"
        with pytest.raises(AttributeError, match="dtype"):
            one.dtype = "float16"


def test_forgetting_to_call_the_base_is_told():
    message = r"`super\(\)\.__init__\(\)` must be called first in Forgetful\.__init__\."
    for use in (
        lambda metric: metric([1], [1]),
        lambda metric: metric.variables,
        lambda metric: metric.add_variable((), "zeros"),
        lambda metric: metric.reset_state(),
        lambda metric: metric.state_arrays(),
        lambda metric: metric.name,
        lambda metric: metric.dtype,
    ):
        with pytest.raises(RuntimeError, match=message):
            use(Forgetful())
    with pytest.raises(AttributeError, match="'Mean' object has no attribute 'totals'"):
        _ = metrics.Mean().totals


def test_attributes_belong_to_the_state():
    metric = fed(Composite(), *BATCHES)
    assert [variable.name for variable in metric.variables] == ["rows", "sums", "sums", "total", "total", "count"]
    assert set(metric.state_arrays()) == {
        "rows",
        "largest/sums",
        "more/0/sums",
        "more/1/total",
        "mean/total",
        "mean/count",
    }
    whole = metric.result()
    assert whole == 3 + 22 + 2 + 14 + 14 / 3
    merged = fed(Composite(), BATCHES[0])
    merged.merge_state(fed(Composite(), BATCHES[1]))
    loaded = Composite()
    loaded.load_state_arrays(metric.state_arrays())
    copies = [copy.deepcopy(metric), copy.copy(metric), pickle.loads(pickle.dumps(metric)), merged, loaded]
    assert [one.result() for one in copies] == [whole] * 5
    copies[0].update_state([1.0], [1.0])
    assert metric.result() == whole
    metric.reset_state()
    assert metric.result() == 0.0
    assert copies[1].result() == whole


def test_stateless_methods_exchange_the_whole_state():
    metric = Composite()
    state = metric.stateless_reset_state()
    for batch in BATCHES:
        state = metric.stateless_update_state(state, *batch)
    assert metric.stateless_result(state) == fed(Composite(), *BATCHES).result()
    assert metric.result() == 0.0
    with pytest.raises(ValueError, match="must correspond to the 6 variables of Composite"):
        metric.stateless_result(state[1:])
    with pytest.raises(ValueError, match="corresponding 1:1"):
        keras.metrics.Mean().stateless_result([0])


def test_forms_of_add_variable_and_add_weight():
    class Zeros:
        def __call__(self, shape, dtype=None):
            return np.zeros(shape, dtype)

    metric = metrics.Metric()
    made = [
        metric.add_variable((2,), "zeros"),
        metric.add_variable(2, "Zeros", "int32", "sum", "named"),
        metric.add_variable(shape=(2,), initializer=None, dtype=np.float32, name="named"),
        metric.add_weight((2,), Zeros, None, "fourth"),
        metric.add_weight((2,), Zeros()),
        metric.add_weight("first", initializer="zeros"),
        metric.add_weight(name="keyword", initializer={"class_name": "Zeros", "config": {}}),
        metric.add_weight(shape=(), initializer="Ones"),
    ]
    assert metric.variables == made
    names = ["variable", "named", "named_1", "fourth", "variable_1", "first", "keyword", "variable_2"]
    assert [variable.name for variable in made] == names
    assert [variable.dtype for variable in made] == ["float64", "int32", "float32", *["float64"] * 5]
    assert [variable.shape for variable in made] == [(2,)] * 5 + [()] * 3
    assert float(made[-1]) == 1.0
    theirs = keras.metrics.Metric()
    assert theirs.add_weight((2,), "zeros", None, "fourth").name == "fourth"
    with pytest.raises(ValueError, match=r'`initializer` must be "zeros", "ones" or a function\. Received 3\.'):
        metric.add_variable((), 3)
    with pytest.raises(
        ValueError, match=r'`aggregation` must be "sum": states merge by addition\. Received \'mean\'\.'
    ):
        metric.add_variable((), "zeros", aggregation="mean")


def test_verbs_that_a_subclass_must_define():
    for base in (metrics.Metric(), keras.metrics.Metric()):
        for verb in (lambda base=base: base.update_state([1], [1]), base.result, lambda base=base: base([1], [1])):
            with pytest.raises(NotImplementedError):
                verb()


def test_keras_resets_to_zero_and_we_to_the_start():
    ours, theirs = metrics.Metric(), keras.metrics.Metric()
    for metric in (ours, theirs):
        metric.add_variable((), "ones", name="one")
        metric.reset_state()
    assert float(ours.variables[0]) == 1.0
    assert float(theirs.variables[0]) == 0.0


def test_keras_counts_a_batch_whose_function_returns_one_number_once_and_we_its_rows():
    def largest(y_true, y_pred):
        return np.max(y_pred)

    ours, theirs = metrics.MeanMetricWrapper(largest), keras.metrics.MeanMetricWrapper(largest)
    for metric in (ours, theirs):
        metric.update_state(np.zeros(3), np.ones(3))
        metric.update_state(np.zeros(1), np.full(1, 3.0))
    assert (ours.result(), float(theirs.result())) == (1.5, 2.0)
    assert (ours.name, theirs.name[:19]) == ("largest", "mean_metric_wrapper")


def test_keras_casts_labels_to_integer_predictions_and_we_do_not():
    ours, theirs = metrics.Accuracy(), keras.metrics.Accuracy()
    for metric in (ours, theirs):
        metric.update_state(np.array([0.7]), np.array([0]))
    assert (ours.result(), float(theirs.result())) == (0.0, 1.0)
