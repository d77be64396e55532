"""The laws that every metric obeys. Each takes a case and a generator of random numbers, and asserts."""

import copy
import itertools
import json
import pickle
import re
import struct
from collections.abc import Iterable

import numpy as np
import pytest
from families import Batch, Case

import tallymetrics
from tallymetrics import metrics

ROWS = 67
LARGE_BYTES = 5 << 20  # enough for two threads


def bits(value) -> object:
    """Something equal only for the same types and bits; all NaNs are one."""
    if isinstance(value, dict):
        return {key: bits(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f":
            value = np.where(np.isnan(value), np.nan, value)
        return str(value.dtype), value.shape, value.tobytes()
    assert type(value) in (float, int), f"a result must be a plain number or an array, not {type(value)}"
    return "nan" if value != value else struct.pack("d" if isinstance(value, float) else "q", value)


def state(metric) -> object:
    return {name: bits(np.asarray(array)) for name, array in metric.state_arrays().items()}


def assert_same(one, other) -> None:
    assert bits(one.result()) == bits(other.result())


def assert_same_state(one, other) -> None:
    assert state(one) == state(other)
    assert_same(one, other)


def merged(case: Case, parts: Iterable) -> object:
    metric = case.make()
    metric.merge_state(parts)
    return metric


def large_batch(case: Case, rng) -> Batch:
    """Some hundred rows, over and over."""
    few = case.batch(rng, 331)
    arrays = [array for array in (*few.inputs, few.sample_weight) if array is not None]
    times = 1 + LARGE_BYTES // sum(array.nbytes for array in arrays)
    arrays = [np.concatenate([array] * times) for array in arrays]
    return Batch(tuple(arrays[: len(few.inputs)]), None if few.sample_weight is None else arrays[-1])


def merge_with_empty_changes_nothing(case: Case, rng) -> None:
    batch = case.batch(rng, ROWS)
    metric = case.fed(batch)
    metric.merge_state([case.make()])
    metric.merge_state([])
    assert_same(metric, case.fed(batch))
    assert_same(merged(case, [case.fed(batch)]), metric)


def parts_add_up_to_the_whole(case: Case, rng) -> None:
    batch = case.batch(rng, 3 * ROWS)
    parts = [case.fed(part) for part in batch.cut(ROWS)]
    before = [state(part) for part in parts]
    assert_same(merged(case, parts), case.fed(batch))
    assert_same(merged(case, iter(parts[::-1])), case.fed(batch))
    assert [state(part) for part in parts] == before


def order_of_batches_is_irrelevant(case: Case, rng) -> None:
    batches = [case.batch(rng, rows) for rows in (1, 7, 31)]
    first = case.fed(*batches)
    for order in itertools.permutations(batches):
        assert_same(case.fed(*order), first)


def order_of_rows_is_irrelevant(case: Case, rng) -> None:
    batch = case.batch(rng, ROWS)
    order = rng.permutation(ROWS)
    shuffled = Batch(
        tuple(array[order] for array in batch.inputs),
        None if batch.sample_weight is None else batch.sample_weight[order],
    )
    assert_same(case.fed(shuffled), case.fed(batch))


def any_cut_gives_the_same_bits(case: Case, rng) -> None:
    batch = case.batch(rng, 1100 if case.classes <= 10 else 100)
    whole = case.fed(batch)
    for rows in (1, 7, 1000):
        assert_same(case.fed(*batch.cut(rows)), whole)


def scaled_rows(batch: Batch, rng) -> Batch:
    """Rows of scores of all sizes, of which some cancel others."""
    inputs = []
    for array in batch.inputs:
        if array.dtype.kind == "f":
            # Squares of products with weights stay in the range of a double.
            reach = {"float16": 12, "float32": 100, "float64": 200}[array.dtype.name]
            scales = np.ldexp(1.0, rng.integers(-reach, reach, len(array)))
            scales[1::3] = -scales[: -(-(len(scales) - 1) // 3)]
            with np.errstate(over="ignore", under="ignore"):
                array = (array * scales.reshape(-1, *[1] * (array.ndim - 1))).astype(array.dtype)
        inputs.append(array)
    return Batch(tuple(inputs), batch.sample_weight)


def scores_of_any_size_give_the_same_bits_in_any_cut(case: Case, rng) -> None:
    for _ in range(3):
        batch = scaled_rows(case.batch(rng, ROWS), rng)
        whole, cut = case.make(), case.make()
        try:
            batch.feed(whole)
        except ValueError:
            continue
        for part in batch.cut(1)[::-1]:
            part.feed(cut)
        assert state(cut) == state(whole)


def threads_and_levels_give_the_same_bits(case: Case, rng) -> None:
    batch = large_batch(case, rng)
    results = []
    for level in tallymetrics.instruction_sets():
        tallymetrics.set_instruction_set(level)
        for threads in (1, 2):
            tallymetrics.set_num_threads(threads)
            results.append(bits(case.fed(batch).result()))
            results.append(bits(case.fed(batch[:299], batch[299:]).result()))
    assert all(result == results[0] for result in results)


def bad_batches(case: Case, batch: Batch) -> Iterable[tuple[Batch, str]]:
    """The batch with one bad last row, and what the error must say."""
    flat_rows = len(batch) * int(np.prod(case.family.sample_shape))
    for index in case.family.labels:
        for value in (case.classes, -2, 2**32, 0.5, float("nan")):
            inputs = list(batch.inputs)
            inputs[index] = inputs[index].astype(np.float64 if isinstance(value, float) else np.int64)
            inputs[index][-1] = value
            said = re.escape(str(value)).replace("nan", "(?i:nan)")
            row = rf".*row {len(batch) - 1}\b" if flat_rows == len(batch) else ""
            yield Batch(tuple(inputs), batch.sample_weight), f"`{('y_true', 'y_pred')[index]}`.*{said}\\b{row}"
    for value in (np.nan, np.inf, -np.inf):
        weight = np.ones(len(batch)) if batch.sample_weight is None else batch.sample_weight.copy()
        weight[-1] = value
        row = rf".*row {len(batch) - 1}\b" if weight.ndim == 1 else ""
        yield Batch(batch.inputs, weight), rf"`sample_weight`.*(?i:nan|inf){row}"


def a_bad_batch_adds_nothing(case: Case, rng) -> None:
    good, batch = case.batch(rng, 5), case.batch(rng, ROWS)
    metric = case.fed(good)
    before = state(metric)
    for bad, message in bad_batches(case, batch):
        with pytest.raises(ValueError, match=f"(?s){message}"):
            bad.feed(metric)
        assert state(metric) == before
    assert_same(batch.feed(metric), case.fed(good, batch))


def a_bad_row_in_a_large_batch_adds_nothing(case: Case, rng) -> None:
    tallymetrics.set_num_threads(2)
    batch = large_batch(case, rng)
    metric = case.make()
    for bad, message in itertools.islice(bad_batches(case, batch), 0, None, 4):
        with pytest.raises(ValueError, match=f"(?s){message}"):
            bad.feed(metric)
        assert_same_state(metric, case.make())


def result_is_pure(case: Case, rng) -> None:
    metric = case.fed(case.batch(rng, ROWS))
    before = state(metric)
    first = metric.result()
    expected = bits(first)
    if isinstance(first, np.ndarray):
        first[...] = 7
    assert bits(metric.result()) == expected
    assert state(metric) == before


def held_by(value) -> object:
    """The arrays within, each with what it holds."""
    if isinstance(value, np.ndarray):
        return id(value), value.tobytes()
    if isinstance(value, dict):
        return [held_by(entry) for entry in value.values()]
    if isinstance(value, (list, tuple)):
        return [held_by(entry) for entry in value]
    return value if isinstance(value, (int, bool)) else None


def reading_variables_changes_nothing(case: Case, rng) -> None:
    """So that another thread, which holds no lock, may read them during an update; views of them take the lock."""
    metric = case.make()
    for _ in range(2):
        case.batch(rng, ROWS).feed(metric)
        before = [held_by(vars(variable)) for variable in metric._state()]
        for variable in metric._state():
            variable.numpy()
            variable.arrays()
            assert variable.shape == np.shape(variable)
        assert [held_by(vars(variable)) for variable in metric._state()] == before


def update_leaves_its_inputs_alone(case: Case, rng) -> None:
    batch = case.batch(rng, ROWS)
    arrays = [array for array in (*batch.inputs, batch.sample_weight) if array is not None]
    before = [array.tobytes() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    assert batch.feed(case.make()) is not None
    assert [array.tobytes() for array in arrays] == before


def reset_is_fresh(case: Case, rng) -> None:
    batch = case.batch(rng, ROWS)
    for reset in ("reset_state", "reset_states"):
        metric = case.fed(case.batch(rng, ROWS))
        if hasattr(metric, reset) or isinstance(metric, metrics.Metric):
            getattr(metric, reset)()
            assert_same_state(metric, case.make())
            assert_same_state(batch.feed(metric), case.fed(batch))


def through_memory_of_others(metric):
    """A copy whose arrays lie in memory that may not be written, as those of worker processes often do."""
    buffers = []
    pickled = pickle.dumps(metric, protocol=5, buffer_callback=buffers.append)
    return pickle.loads(pickled, buffers=[bytes(buffer.raw()) for buffer in buffers])


def copies_are_equal_and_independent(case: Case, rng) -> None:
    batch, more = case.batch(rng, ROWS), case.batch(rng, ROWS)
    metric = case.fed(batch)
    before = state(metric)
    for duplicate in (copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one)), through_memory_of_others):
        other = duplicate(metric)
        assert type(other) is type(metric)
        assert_same_state(other, metric)
        assert_same(more.feed(other), case.fed(batch, more))
        assert state(metric) == before


def state_arrays_round_trip(case: Case, rng) -> None:
    batch, more = case.batch(rng, ROWS), case.batch(rng, ROWS)
    metric = case.fed(batch)
    arrays = metric.state_arrays()
    assert all(array.dtype in (np.int64, np.float64) for array in arrays.values())
    arrays = {name: array.copy() for name, array in arrays.items()}
    other = case.fed(more)
    other.load_state_arrays(arrays)
    assert_same_state(other, metric)
    assert_same(more.feed(other), case.fed(batch, more))
    assert_same(case.fed(batch), metric)
    assert all(np.array_equal(array, metric.state_arrays()[name]) for name, array in arrays.items())


def wrong_state_arrays_are_refused(case: Case, rng) -> None:
    metric = case.fed(case.batch(rng, ROWS))
    before = state(metric)
    arrays = metric.state_arrays()
    longer = {name: np.concatenate([array.ravel(), array.ravel(), [0]]) for name, array in arrays.items()}
    for wrong in ({}, {**arrays, "no_such_state": np.zeros(1)}, longer):
        with pytest.raises(ValueError, match="`"):
            metric.load_state_arrays(wrong)
        assert state(metric) == before


def config_round_trip(case: Case, rng) -> None:
    batch = case.batch(rng, ROWS)
    metric = case.make()
    config = metric.get_config()
    other = type(metric).from_config(config)
    assert other.name == metric.name
    assert_same(batch.feed(other), case.fed(batch))
    serialized = metrics.serialize(metric)
    if case.family.metric_name != "MeanMetricWrapper":
        assert json.loads(json.dumps(config)) == config
        serialized = json.loads(json.dumps(serialized))
    assert_same(batch.feed(metrics.deserialize(serialized)), case.fed(batch))


def an_empty_batch_is_a_no_op(case: Case, rng) -> None:
    empty, batch = case.batch(rng, 0), case.batch(rng, ROWS)
    assert_same(case.fed(empty), case.make())
    metric = case.fed(batch)
    before = state(metric)
    assert state(empty.feed(metric)) == before
    assert_same(case.fed(empty, batch, empty), case.fed(batch))


def different_configurations_refuse_to_merge(case: Case, rng) -> None:
    batch = case.batch(rng, ROWS)
    metric = case.fed(batch)
    before = state(metric)
    for other in case.family.others:
        with pytest.raises(ValueError, match=r"`metrics` must have .* to merge"):
            metric.merge_state([case.fed(batch), other(case.classes)])
        assert state(metric) == before, "a refused merge adds nothing"
    stranger = metrics.Sum() if case.family.metric_name != "Sum" else metrics.Mean()
    with pytest.raises(ValueError, match="`metrics` must be of class"):
        metric.merge_state([stranger])
    assert state(metric) == before


def call_updates_and_returns_the_accumulated_result(case: Case, rng) -> None:
    batch, more = case.batch(rng, ROWS), case.batch(rng, ROWS)
    metric = case.fed(batch)
    if isinstance(metric, metrics.Metric):
        answer = metric(*more.inputs, sample_weight=more.sample_weight)
        assert bits(answer) == bits(case.fed(batch, more).result())
        assert type(metric).__name__ in repr(metric)


LAWS = [
    merge_with_empty_changes_nothing,
    parts_add_up_to_the_whole,
    order_of_batches_is_irrelevant,
    order_of_rows_is_irrelevant,
    any_cut_gives_the_same_bits,
    scores_of_any_size_give_the_same_bits_in_any_cut,
    a_bad_batch_adds_nothing,
    result_is_pure,
    reading_variables_changes_nothing,
    update_leaves_its_inputs_alone,
    reset_is_fresh,
    copies_are_equal_and_independent,
    state_arrays_round_trip,
    wrong_state_arrays_are_refused,
    config_round_trip,
    an_empty_batch_is_a_no_op,
    different_configurations_refuse_to_merge,
    call_updates_and_returns_the_accumulated_result,
]

LAWS_OF_LARGE_BATCHES = [threads_and_levels_give_the_same_bits, a_bad_row_in_a_large_batch_adds_nothing]
