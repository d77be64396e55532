"""What Keras refuses is refused here too, as a TypeError or ValueError, and leaves the state as it was."""

from functools import partial

import numpy as np
import pytest
from differential import CLASSES, FUNCTIONS
from differential.misuses import REQUIRED, inputs_of, misuses, misuses_of_function

from tallymetrics import metrics

keras = pytest.importorskip("keras")

pytestmark = pytest.mark.filterwarnings("ignore")


def attempt(module, name, arguments, inputs):
    metric = getattr(module, name)(**arguments)
    if inputs is not None:
        metric.update_state(*inputs)
        metric.result()


def error_of(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:
        return error
    return None


@pytest.mark.parametrize("name", [name for name in CLASSES if name != "Metric"])
def test_classes(name):
    for misuse in misuses(name):
        assert error_of(attempt, keras.metrics, name, *misuse[1:]), f"keras takes {misuse}"
        assert isinstance(error_of(attempt, metrics, name, *misuse[1:]), (TypeError, ValueError)), misuse


@pytest.mark.parametrize("name", [name for name in CLASSES if name != "Metric"])
def test_a_refused_batch_leaves_the_state(name):
    metric = getattr(metrics, name)(**REQUIRED.get(name, {}))
    metric.update_state(*inputs_of(name))
    before = metric.result()
    for what, arguments, inputs in misuses(name):
        if inputs is not None and arguments == REQUIRED.get(name, {}):
            assert isinstance(error_of(metric.update_state, *inputs), (TypeError, ValueError)), what
            np.testing.assert_array_equal(metric.result(), before, err_msg=what)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    for inputs, arguments in misuses_of_function(name):
        theirs, ours = (partial(getattr(module, name), *inputs, **arguments) for module in (keras.metrics, metrics))
        error = error_of(ours)
        assert error_of(theirs), f"keras takes {inputs}, {arguments}"
        assert isinstance(error, (TypeError, ValueError)), (inputs, arguments)
