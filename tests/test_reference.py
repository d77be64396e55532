"""Every metric against its slow twin: all sizes, numbers of classes, dtypes and layouts; and the twins themselves."""

import itertools

import numpy as np
import pytest
import reference as twin
from cases import FAMILIES
from families import Batch, Case

import tallymetrics
from tallymetrics import metrics

SIZES = [0, 1, 15, 16, 17, 255, 256, 257, 511, 512, 513, 1025]
CLASSES = [1, 2, 10, 31, 32, 33, 63, 64, 65, 100, 129, 1000]
DTYPES = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
DTYPES += ["float16", "float32", "float64"]
BY_LABEL = [family for family in FAMILIES if family.labels]


def assert_close(result, expected, tolerance):
    if isinstance(expected, dict):
        assert list(result) == list(expected)
        for name in expected:
            assert_close(result[name], expected[name], tolerance)
        return
    if isinstance(expected, np.ndarray):
        assert isinstance(result, np.ndarray)
        assert result.dtype == expected.dtype
        assert result.shape == expected.shape
    else:
        assert type(result) is float
    np.testing.assert_allclose(result, expected, rtol=tolerance, atol=1e-300)


def check(case: Case, *batches: Batch) -> None:
    """The twin's answer, on every instruction set."""
    twin_metric = case.reference()
    for batch in batches:
        batch.feed(twin_metric)
    expected = twin_metric.result()
    for level in tallymetrics.instruction_sets():
        tallymetrics.set_instruction_set(level)
        assert_close(case.fed(*batches).result(), expected, case.tolerance)


def ids(value):
    return getattr(value, "name", str(value))


@pytest.mark.parametrize("score_dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("family", FAMILIES, ids=ids)
def test_every_number_of_classes(family, score_dtype, rng):
    weights = itertools.cycle(("none", "row", "element", "none"))
    for classes in CLASSES[family.one_class_is_ambiguous :]:
        case = Case(family, classes, score_dtype, "int32", next(weights))
        check(case, case.batch(rng, 35), case.batch(rng, 2))


@pytest.mark.parametrize(
    ("classes", "score_dtype", "weights"), [(3, "float64", "none"), (10, "float32", "row"), (129, "float32", "none")]
)
@pytest.mark.parametrize("family", FAMILIES, ids=ids)
def test_every_size(family, classes, score_dtype, weights, rng):
    case = Case(family, classes, score_dtype, "int64", weights)
    for rows in SIZES:
        check(case, case.batch(rng, rows))


@pytest.mark.parametrize("rows", [1, 17, 300])
@pytest.mark.parametrize("family", BY_LABEL, ids=ids)
def test_wide_rows(family, rows, rng):
    case = Case(family, 1000, "float32", "int64")
    check(case, case.batch(rng, rows))


@pytest.mark.parametrize("family", BY_LABEL, ids=ids)
def test_every_label_dtype(family, rng):
    for label_dtype in DTYPES:
        case = Case(family, 2 if label_dtype == "bool" else 120, "float32", "int64")
        inputs = list(case.batch(rng, 65).inputs)
        if "ignore" in family.name and label_dtype[0] in "ub":
            inputs[0][inputs[0] < 0] = 0
        for index in family.labels:
            inputs[index] = inputs[index].astype(label_dtype)
        check(case, Batch(tuple(inputs)))


@pytest.mark.parametrize("family", FAMILIES, ids=ids)
def test_every_weight_dtype(family, rng):
    case = Case(family, 10, "float64")
    batch = case.batch(rng, 65)
    for weight_dtype in DTYPES:
        check(case, Batch(batch.inputs, rng.integers(0, 4, 65).astype(weight_dtype)))


def on_disk(array, path):
    mapped = np.memmap(path / f"{np.random.default_rng().integers(2**60)}", array.dtype, "w+", shape=array.shape)
    mapped[...] = array
    mapped.flush()
    return np.memmap(mapped.filename, array.dtype, "r", shape=array.shape)


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def inside_columns(array):
    wide = np.zeros((*array.shape[:-1], array.shape[-1] * 2 + 1), array.dtype)
    wide[..., 1::2] = array
    return wide[..., 1::2]


def every_other(array):
    return np.repeat(array, 2, axis=0)[::2]


def backwards(array):
    return array[::-1].copy()[::-1]


def misaligned(array):
    buffer = np.zeros(array.nbytes + 1, np.uint8)
    view = buffer[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


class Wrapped:
    """An array-like that only knows `__array__`."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array if dtype is None else self.array.astype(dtype)


class Exchanged:
    """An array-like that only knows DLPack."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


LAYOUTS = {
    "F-order": np.asfortranarray,
    "rows backwards": backwards,
    "every other row": every_other,
    "columns of a wider array": inside_columns,
    "read-only": read_only,
    "misaligned": misaligned,
    "big-endian": lambda array: array.astype(array.dtype.newbyteorder(">")),
    "__array__": Wrapped,
    "DLPack": Exchanged,
    "memoryview": memoryview,
    "list": lambda array: array.tolist(),
    "tuple": lambda array: tuple(array.tolist()),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("family", FAMILIES, ids=ids)
def test_every_layout(family, layout, rng):
    if layout == "DLPack" and family.name == "MeanMetricWrapper":
        pytest.skip("a plain function gets what the user gave")
    for classes, rows, score_dtype in ((3, 40, "float64"), (33, 19, "float32"), (10, 300, "float16")):
        case = Case(family, classes, "float64" if layout in ("list", "tuple") else score_dtype, "int64", "row")
        batch = case.batch(rng, rows)
        changed = Batch(tuple(LAYOUTS[layout](one) for one in batch.inputs), LAYOUTS[layout](batch.sample_weight))
        assert_close(case.fed(changed).result(), case.fed(batch).result(), 0)


@pytest.mark.parametrize("family", FAMILIES, ids=ids)
def test_memory_maps(family, rng, tmp_path):
    case = Case(family, 10, "float32", "int64", "row")
    batch = case.batch(rng, 40)
    mapped = Batch(tuple(on_disk(one, tmp_path) for one in batch.inputs), on_disk(batch.sample_weight, tmp_path))
    assert_close(case.fed(mapped).result(), case.fed(batch).result(), 0)


def test_twin_counts_nan_as_the_maximum():
    assert twin.argmax([[1, 3, 3], [np.nan, 9, np.nan], [-np.inf, -np.inf, -np.inf]]).tolist() == [1, 0, 0]


def test_twin_ranks_ties():
    scores = [[0.2, 0.5, 0.5, 0.5, 0.9]] * 3
    assert twin.ranks([1, 2, 3], scores).tolist() == [2, 2, 2]
    assert twin.ranks([1, 2, 3], scores, "pessimistic").tolist() == [4, 4, 4]
    assert twin.ranks([1, 2, 3], scores, "lowest_index").tolist() == [2, 3, 4]
    assert twin.ranks([0, 1], [[np.nan, 1.0], [np.nan, 1.0]]).tolist() == [np.inf, 2]


def test_twin_weighs_samples_and_not_elements():
    mean = twin.MeanOf(np.asarray)
    mean.update_state(np.ones((2, 10)))
    mean.update_state(np.zeros((2, 1)))
    assert mean.result() == 0.5
    mean = twin.MeanOf(np.asarray)
    mean.update_state([[1.0, 3.0], [5.0, 7.0]], sample_weight=[[1, 0], [1, 1]])
    assert mean.result() == 6.5 / 1.5


def test_twin_sums_exactly():
    total = twin.Total()
    total.update_state([1e16, 1.0, -1e16, 1e-300])
    assert total.result() == 1.0
    total.update_state([-1.0])
    assert total.result() == 1e-300


def test_twin_of_the_earth_movers_distance():
    assert twin.earth_movers_distance([[1.0, 0, 0, 0]], [[0, 0, 1.0, 0]], r=1).tolist() == [0.5]
    assert twin.earth_movers_distance([[1.0, 0, 0, 0]], [[0, 0, 1.0, 0]]).tolist() == [np.sqrt(0.5)]


def test_sample_by_sample_means_of_ragged_updates():
    mean = metrics.Mean()
    mean.update_state(np.ones((2, 10)))
    mean.update_state(np.zeros((2, 1)))
    assert mean.result() == 0.5
