"""MeanTensor: the laws, which other metrics have for rows; and MeanRelativeError's arguments."""

import copy
import itertools
import json
import pickle
import types
from fractions import Fraction

import numpy as np
import pytest

import tallymetrics
from tallymetrics import _core, metrics
from tallymetrics.metrics import exact_planes, tensor_metrics
from tallymetrics.metrics.exact_planes import ExactPlanes


def updates(rng, shape, count=6):
    scales = 10.0 ** rng.integers(-200, 90, (count, *shape))
    return [
        (values * scale, None if number % 3 == 0 else rng.random(shape))
        for number, (values, scale) in enumerate(zip(rng.normal(size=(count, *shape)), scales, strict=True))
    ]


def fed(parts, **arguments):
    metric = metrics.MeanTensor(**arguments)
    for values, weights in parts:
        metric.update_state(values, weights)
    return metric


def exact_mean(parts):
    """The weighted mean in fractions; a product of weight and value is rounded."""
    shape = parts[0][0].shape
    result = np.zeros(shape)
    for index in np.ndindex(shape):
        weights = [1.0 if weight is None else weight[index] for _, weight in parts]
        total = sum(Fraction(float(values[index] * w)) for (values, _), w in zip(parts, weights, strict=True))
        result[index] = float(total) / float(sum(map(Fraction, weights)))
    return result


@pytest.mark.parametrize("shape", [(), (1,), (5,), (3, 4), (2, 0)])
def test_exact_means_whatever_the_order_and_the_parts(shape, rng):
    parts = updates(rng, shape)
    expected = exact_mean(parts)
    for order in itertools.islice(itertools.permutations(parts), 0, None, 97):
        assert np.array_equal(fed(order).result(), expected)
    for cut in range(len(parts) + 1):
        merged = metrics.MeanTensor()
        merged.merge_state([fed(parts[:cut]), metrics.MeanTensor(), fed(parts[cut:])])
        assert np.array_equal(merged.result(), expected)
        assert merged.result().dtype == np.float64


def test_extreme_values():
    tiny, huge = 5e-324, 1.7e308
    for values in ([tiny, tiny], [huge, -huge], [2.2e-308, -tiny], [1e300, 1e-300], [3 * tiny, 0.0]):
        metric = metrics.MeanTensor()
        for value in values:
            metric.update_state([value])
        assert metric.total.numpy().tolist() == [float(sum(map(Fraction, values)))]


def test_copies_saves_and_resets(rng):
    parts = updates(rng, (3, 2))
    metric = fed(parts)
    other = metrics.MeanTensor()
    other.load_state_arrays(metric.state_arrays())
    for same in (copy.deepcopy(metric), pickle.loads(pickle.dumps(metric)), other):
        assert np.array_equal(same.result(), metric.result())
        same.update_state(*parts[0])
        assert np.array_equal(same.result(), fed([*parts, parts[0]]).result())
    metric.reset_state()
    assert metric.result().shape == (0,)
    metric.update_state(np.ones(4))
    assert metric.result().tolist() == [1, 1, 1, 1]
    config = json.loads(json.dumps(metrics.MeanTensor(shape=(2, 3)).get_config()))
    assert metrics.MeanTensor.from_config(config).result().tolist() == [[0] * 3] * 2


def test_weights_align_on_the_left_and_may_sum_to_zero():
    metric = metrics.MeanTensor(dtype="float32")
    metric.update_state(np.array([[1.0, 2.0], [3.0, 4.0]]), sample_weight=[1, 0])
    assert metric.result().tolist() == [[1, 2], [0, 0]]
    assert metric.result().dtype == np.float32


@pytest.mark.parametrize(
    ("values", "weights", "message"),
    [
        ([1.0, 2.0, 3.0], None, r"`values` must have shape \(2,\). Received shape \(3,\)."),
        ([1.0, np.nan], None, r"`values` must be finite. Received nan."),
        ([1.0, 2.0], [1.0, np.inf], r"`sample_weight` must be finite. Received inf."),
        ([1.0, 2.0], [1.0, 2.0, 3.0], r"`sample_weight` must broadcast to `values`, shape \(2,\). Received shape"),
        ([1.0, 1e308], [1.0, 10.0], r"`values \* sample_weight` must be finite. Received inf."),
        ([1.0, 2.0], [[1.0], [2.0]], r"`sample_weight` must broadcast to `values`, shape \(2,\). Received shape"),
    ],
)
def test_a_refused_tensor_adds_nothing(values, weights, message):
    metric = metrics.MeanTensor()
    metric.update_state([1.0, 2.0])
    with pytest.raises(ValueError, match=message):
        metric.update_state(values, weights)
    assert metric.result().tolist() == [1, 2]


@pytest.mark.parametrize("added", [False, True])
def test_an_interrupted_update_is_whole_or_nothing(added, monkeypatch):
    def add(additions, committed):
        if added:
            _core.add_to_tables(additions, committed)
        raise KeyboardInterrupt

    stand_in = types.SimpleNamespace(add_to_tables=add)
    for shape in (None, (2,)):
        metric = metrics.MeanTensor(shape=shape)
        monkeypatch.setattr(tensor_metrics, "_core", stand_in)
        with pytest.raises(KeyboardInterrupt):
            metric.update_state([0.5, 2.0], [3.0, 1.0])
        monkeypatch.undo()
        before = fed([(np.array([0.5, 2.0]), np.array([3.0, 1.0]))] if added else [], shape=shape)
        state = metric.state_arrays()
        assert {name: array.tolist() for name, array in before.state_arrays().items()} == {
            name: array.tolist() for name, array in state.items()
        }
        assert metric.total.known_shape == before.total.known_shape


def cell_by_cell(monkeypatch):
    """Of all tensors, every value is looked at by itself."""
    monkeypatch.setattr(ExactPlanes, "add_tensor", lambda self, values, count, committed: False)


def assert_same_tensors(metric, expected):
    assert np.array_equal(metric.result(), expected.result())
    own, others = metric.state_arrays(), expected.state_arrays()
    assert own.keys() == others.keys()
    assert all(np.array_equal(own[name], others[name]) for name in own)


def plain_tensors(rng, shape):
    values = rng.normal(size=shape)
    yield np.round(values * 8)
    yield np.round(values * 8).astype(np.int64)
    yield values.astype(np.float16)
    yield values.astype(np.float32)
    yield np.asfortranarray(values.astype(np.float32)).reshape(shape)
    yield -np.ldexp(np.round(np.ldexp(values, 62)), -62)
    yield np.full(shape, 2.0**19)
    yield -np.nextafter(np.full(shape, np.float32(2.0**19)), np.float32(0))
    yield values


@pytest.mark.parametrize("shape", [(), (3, 5), (150_000, 2)])
def test_plain_tensors_are_added_as_others_are(shape, rng, monkeypatch):
    tensors = list(plain_tensors(rng, shape))
    for upto in range(1, len(tensors) + 1):
        metric = fed([(tensor, None) for tensor in tensors[:upto]])
        with monkeypatch.context() as patch:
            cell_by_cell(patch)
            expected = fed([(tensor, None) for tensor in tensors[:upto]])
        assert_same_tensors(metric, expected)


def test_plain_tensors_follow_others_and_reads(rng, monkeypatch):
    choices = [*((tensor, None) for tensor in plain_tensors(rng, (4,))), *updates(rng, (4,), 3)]
    metric, expected = metrics.MeanTensor(), metrics.MeanTensor()
    for number in rng.integers(0, len(choices) + 4, 200):
        with monkeypatch.context() as patch:
            for one in (metric, expected):
                if number < len(choices):
                    one.update_state(*choices[number])
                elif number == len(choices):
                    one.reset_state()
                elif number == len(choices) + 1:
                    one.merge_state([fed(choices[:3])])
                elif number == len(choices) + 2:
                    one.load_state_arrays(copy.deepcopy(one).state_arrays())
                else:
                    assert one.count.numpy().tolist() == expected.count.numpy().tolist()
                cell_by_cell(patch)
        assert np.array_equal(metric.result(), expected.result())
    assert_same_tensors(metric, expected)


def test_sums_of_many_great_values_are_carried_in_time():
    metric = metrics.MeanTensor()
    great = np.array([2.0**19 - 1, 1 - 2.0**19])
    for _ in range(5000):
        metric.update_state(great)
    assert metric.result().tolist() == great.tolist()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_bad_value_far_behind_adds_nothing(bad, rng):
    values = rng.normal(size=400_000).astype(np.float32)
    metric, expected = fed([(values, None)]), fed([(values, None)])
    values[399_990] = bad
    with pytest.raises(ValueError, match="`values` must be finite"):
        metric.update_state(values)
    assert_same_tensors(metric, expected)
    assert fed([]).total.known_shape is None


@pytest.mark.parametrize("added", [False, True])
def test_an_interrupted_update_of_plain_values_is_whole_or_nothing(added, monkeypatch):
    def add(*arguments):
        if added:
            _core.add_tensor(*arguments)
        raise KeyboardInterrupt

    for shape in (None, (2,)):
        metric = metrics.MeanTensor(shape=shape)
        monkeypatch.setattr(exact_planes, "_core", types.SimpleNamespace(add_tensor=add))
        with pytest.raises(KeyboardInterrupt):
            metric.update_state([0.5, 2.0])
        monkeypatch.undo()
        assert_same_tensors(metric, fed([(np.array([0.5, 2.0]), None)] if added else [], shape=shape))


def test_other_shapes_and_classes_refuse_to_merge():
    metric = metrics.MeanTensor()
    with pytest.raises(ValueError, match=r"`metrics` must have variables of shapes .* to merge"):
        metric.merge_state([fed([(np.ones(2), None)]), fed([(np.ones(3), None)])])
    with pytest.raises(ValueError, match="`metrics` must be of class MeanTensor"):
        metric.merge_state([metrics.Mean()])
    assert metric.result().shape == (0,)


def test_the_normalizer_must_broadcast():
    error = metrics.MeanRelativeError(normalizer=[1.0, 2.0])
    with pytest.raises(ValueError, match=r"`normalizer` must broadcast to `y_pred`, shape \(3,\)."):
        error.update_state([1.0, 2, 3], [1.0, 2, 3])
    with pytest.raises(TypeError, match="`normalizer`"):
        metrics.MeanRelativeError(normalizer="mean")


@pytest.mark.parametrize("width", [1, 2, 15, 16, 37, 1030])
@pytest.mark.parametrize("step", [1, 2, -1])
@pytest.mark.parametrize("level", tallymetrics.instruction_sets())
def test_relative_errors_of_columns_are_those_of_elements(width, step, level, rng):
    before = tallymetrics.get_instruction_set()
    tallymetrics.set_instruction_set(level)
    normalizer = rng.random(width)
    normalizer[rng.random(width) < 0.2] = 0.0
    y_true, y_pred = (rng.normal(size=(3, 50, width)).astype(np.float32)[:, ::step] for _ in range(2))
    by_column, by_element = metrics.MeanRelativeError(normalizer), metrics.MeanRelativeError(np.array(0))
    for _ in range(2):
        by_column.update_state(y_true, y_pred)
        by_element.normalizer = np.broadcast_to(normalizer, y_pred.shape)
        by_element._fn_kwargs = {"normalizer": by_element.normalizer}
        by_element.update_state(y_true, y_pred)
    tallymetrics.set_instruction_set(before)
    assert by_column.result() == pytest.approx(by_element.result(), rel=1e-14)
    elements = np.where(
        normalizer == 0, 0, np.abs(y_pred - y_true.astype(np.float64)) / np.where(normalizer == 0, 1, normalizer)
    )
    assert by_column.result() == pytest.approx(elements.mean(), rel=1e-12)
