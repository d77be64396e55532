"""Every class and function of keras.metrics against Keras in float64, on random arguments, arrays and cuts.

`TALLYMETRICS_DIFFERENTIAL_CASES=5000 pytest tests/test_keras_differential.py` draws more cases for each name; a failure
prints what replays it.
"""

import os
import traceback
import warnings
import zlib

import numpy as np
import pytest
from differential import CLASSES, FUNCTIONS

keras = pytest.importorskip("keras")

SEED = int(os.environ.get("TALLYMETRICS_DIFFERENTIAL_SEED", "20240229"))
FIRST = int(os.environ.get("TALLYMETRICS_DIFFERENTIAL_FIRST", "0"))
CASES = int(os.environ.get("TALLYMETRICS_DIFFERENTIAL_CASES", "200"))


@pytest.fixture(autouse=True)
def _keras_in_float64(monkeypatch):
    """Keras keeps float64 only on TensorFlow; with these two settings its NumPy backend does as well."""
    from keras.src.backend.common import dtypes

    monkeypatch.setitem(dtypes.BIT64_TO_BIT32_DTYPE, "float64", "float64")
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)


def failures_of(name, draw, ask_ours, ask_keras):
    """Describes the cases where ours raises or differs; Keras must answer all of them."""
    for number in range(FIRST, FIRST + CASES):
        rng = np.random.default_rng((SEED, zlib.crc32(name.encode()), number))
        case = draw(rng).present(rng, is_metric=name in CLASSES)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            expected = ask_keras(case, keras.metrics, name)
        try:
            difference = case.difference(ask_ours(case, name), expected)
        except Exception:
            difference = f"{traceback.format_exc(limit=-2)}\nexpected {expected!r}"
        if difference is not None:
            yield number, f"{difference}\n{case}"


def check(name, draw, ask_ours, ask_keras):
    failures = list(failures_of(name, draw, ask_ours, ask_keras))
    if failures:
        number, description = min(failures, key=lambda failure: len(failure[1]))
        pytest.fail(
            f"{name}: {len(failures)} of {CASES} cases differ: {[number for number, _ in failures][:20]}. Replay the "
            f"shortest with TALLYMETRICS_DIFFERENTIAL_SEED={SEED} TALLYMETRICS_DIFFERENTIAL_FIRST={number} "
            f"TALLYMETRICS_DIFFERENTIAL_CASES=1 pytest {__file__} -k {name}\n{description}",
            pytrace=False,
        )


@pytest.mark.parametrize("name", CLASSES)
def test_class(name):
    check(name, CLASSES[name], lambda case, name: case.ours(name), lambda case, *names: case.theirs(*names))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name):
    check(name, FUNCTIONS[name], lambda case, name: case.our_value(name), lambda case, *names: case.their_value(*names))


def test_every_name_of_keras_is_drawn():
    names = {name for name in dir(keras.metrics) if not name.startswith("_")}
    assert names - {"get", "serialize", "deserialize"} == set(CLASSES) | set(FUNCTIONS)
