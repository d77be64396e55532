"""States of collections and of unusual metrics: saved, loaded, refused whole, never half."""

import copy
import pickle
import threading

import numpy as np
import pytest

from tallymetrics import metrics


def error(y_true, y_pred):
    return np.abs(y_true - y_pred)


class Hits(metrics.Metric):
    def __init__(self, name="hits", variable="hits@5", **kwargs):
        super().__init__(name=name, **kwargs)
        self.hits = self.add_variable(name=variable)

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.hits += np.sum(y_true == y_pred)
        if np.any(np.asarray(y_pred) > 100):
            raise RuntimeError("too large")

    def result(self):
        return float(self.hits)


class Several(metrics.Metric):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.parts = [metrics.MeanSquaredError(), metrics.MeanAbsoluteError()]
        self.named = {"accuracy": metrics.Accuracy()}

    def update_state(self, y_true, y_pred, sample_weight=None):
        for metric in [*self.parts, *self.named.values()]:
            metric.update_state(y_true, y_pred, sample_weight)

    def result(self):
        return [metric.result() for metric in [*self.parts, *self.named.values()]]


def collection():
    return metrics.MetricCollection(
        {"f": error, "recall@2": metrics.MeanSquaredError(), "a": Hits(), "a/b": metrics.ConfusionMatrix(7)}
    )


Y_TRUE, Y_PRED = np.array([1, 2, 3]), np.array([1, 5, 3])


def test_a_collection_saves_functions_and_names_of_any_kind():
    first, second = collection(), collection()
    first.update_state(Y_TRUE, Y_PRED, [0.25, 0.5, 1])
    second.load_state_arrays(first.state_arrays())
    assert second.result()["f"] == first.result()["f"] == pytest.approx(6 / 7)
    np.testing.assert_equal(second.result(), first.result())


def test_a_metric_that_fails_takes_the_batch_back_from_all():
    metric = collection()
    metric.update_state(Y_TRUE, Y_PRED)
    before = metric.state_arrays()
    with pytest.raises(RuntimeError, match="too large"):
        metric.update_state([1], [101])
    with pytest.raises(ValueError, match="Received 9 in row 1"):
        metric.update_state([1, 9], [1, 1])
    after = metric.state_arrays()
    assert before.keys() == after.keys()
    for name, array in before.items():
        np.testing.assert_array_equal(array, after[name])


def test_a_refused_batch_takes_nothing_from_other_threads():
    mse = metrics.MeanSquaredError()
    entered, go_on = threading.Event(), threading.Event()

    class Slow(Hits):
        def update_state(self, y_true, y_pred, sample_weight=None):
            entered.set()
            go_on.wait(5)
            raise RuntimeError("refused")

    refusing = metrics.MetricCollection([mse, Slow()])

    def update():
        with pytest.raises(RuntimeError, match="refused"):
            refusing.update_state([1.0], [2.0])

    thread = threading.Thread(target=update)
    thread.start()
    assert entered.wait(5)
    other = threading.Thread(target=mse.update_state, args=(np.zeros(100), np.ones(100)))
    other.start()
    go_on.set()
    thread.join()
    other.join()
    assert float(mse.count) == 100


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["cells@-1"], "the plane of ones too"),
        (["cells", "cells@99"], "must hold planes of `cells`"),
        (["other"], "must name the states"),
        ([], "must name the states"),
    ],
)
def test_loading_refuses_wrong_planes_and_keeps_the_state(names, message):
    metric = metrics.ConfusionMatrix(2)
    metric.update_state([0, 1], [0, 0])
    with pytest.raises(ValueError, match=message):
        metric.load_state_arrays({name: np.ones((2, 2), np.int64) for name in names})
    np.testing.assert_array_equal(metric.result(), [[1, 0], [1, 0]])


def test_planes_with_a_gap_read_as_numbers():
    metric = metrics.ConfusionMatrix(1)
    metric.load_state_arrays({"cells": np.array([[1]]), "cells@-2": np.array([[1 << 31]])})
    assert metric.result()[0, 0] == 1 + 2**-33


def test_metrics_in_lists_and_dicts_belong_to_the_state():
    first, second = Several(), Several()
    first.update_state(Y_TRUE, Y_PRED)
    assert [variable.name for variable in first.variables] == ["total", "count"] * 3
    second.load_state_arrays(first.state_arrays())
    assert second.result() == first.result()
    second.merge_state([first])
    assert float(second.parts[0].count) == 6
    second.reset_state()
    assert float(second.parts[0].count) == 0


def test_in_place_arithmetic_assigns():
    metric = metrics.Mean()
    metric.total += 5
    metric.count += 2
    assert metric.result() == 2.5


def test_metrics_of_values_do_not_go_into_a_collection():
    for metric in (metrics.Mean(), metrics.Sum()):
        with pytest.raises(TypeError, match="takes values"):
            metrics.MetricCollection([metric])
    with pytest.raises(ValueError, match=r"are for `tallymetrics.evaluate`"):
        metrics.MetricCollection(["top_5"])


class Around(metrics.Metric):
    """Wraps another metric, which may know it."""

    def __init__(self, inner, name="around"):
        super().__init__(name=name)
        self.inner = inner

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.inner.update_state(y_true, y_pred)

    def result(self):
        return self.inner.result()


@pytest.mark.parametrize("ask", [copy.deepcopy, metrics.Metric.reset_state, metrics.Metric.state_arrays])
def test_metrics_that_others_reach_by_another_way_do_not_deadlock(ask):
    # Whichever of the two has the greater id.
    shared = [metrics.MeanSquaredError() for _ in range(8)]
    wrappers = [Around(one, f"around_{number}") for number, one in enumerate(shared)]
    collection = metrics.MetricCollection([*shared, *wrappers])

    def collect():
        for _ in range(60):
            collection.update_state([1.0], [2.0])
            collection.result()

    def wrap():
        for _ in range(60):
            for wrapper in wrappers:
                ask(wrapper)

    threads = [threading.Thread(target=task, daemon=True) for task in (collect, wrap)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive(), "deadlock"


def test_collections_within_each_other_do_not_deadlock():
    one, other = metrics.MeanSquaredError(), metrics.MeanAbsoluteError()
    first = metrics.MetricCollection([one, metrics.MetricCollection([other])])
    second = metrics.MetricCollection([other, metrics.MetricCollection([one])])

    def use(collection):
        for _ in range(300):
            collection.update_state([1.0], [2.0])
            collection.result()

    threads = [threading.Thread(target=use, args=(collection,), daemon=True) for collection in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive(), "deadlock"
    assert float(one.count) == float(other.count) == 600


def test_a_metric_may_know_what_it_belongs_to():
    inner = metrics.MeanSquaredError()
    outer = Around(inner)
    inner.parent = collection = metrics.MetricCollection([outer])
    outer.update_state([1.0], [3.0])
    assert collection.result() == {"around": 4.0}
    copied = copy.deepcopy(collection)
    assert copied["around"].inner.parent is copied
    copied["around"].update_state([1.0], [1.0])
    assert (copied.result(), collection.result()) == ({"around": 2.0}, {"around": 4.0})


@pytest.mark.parametrize("kept", [metrics.AUC, metrics.MeanSquaredError])
def test_a_metric_that_is_reached_twice(kept):
    inner = kept(num_thresholds=None) if kept is metrics.AUC else kept()
    outer = Around(inner)
    outer.named = {"inner": inner}
    outer.update_state([0.0, 1], [0.25, 0.5])
    arrays, result = outer.state_arrays(), outer.result()
    outer.reset_state()
    assert outer.result() != result
    outer.load_state_arrays(arrays)
    assert outer.result() == result
    assert copy.deepcopy(outer).result() == result


class MadeAnew(metrics.MeanSquaredError):
    """Cannot be copied attribute by attribute."""

    def __init__(self, name=None):
        super().__init__(name=name)
        self.mutex = threading.Lock()

    def __reduce__(self):
        return _made_anew, (self.name, self.state_arrays())


def _made_anew(name, arrays):
    metric = MadeAnew(name)
    metric.load_state_arrays(arrays)
    return metric


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_are_made_as_their_class_says(duplicate):
    metric = MadeAnew("squares")
    metric.update_state([1.0], [3.0])
    other = duplicate(metric)
    assert (other.name, other.result(), type(other)) == ("squares", 4.0, MadeAnew)
    other.update_state([1.0], [1.0])
    assert metric.result() == 4.0


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_variable_of_two_metrics_stays_one(duplicate):
    outer = Around(metrics.MeanSquaredError())
    outer.count = outer.inner.count
    other = duplicate(outer)
    assert other.count is other.inner.count is not outer.count
