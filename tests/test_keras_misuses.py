"""What Keras refuses is refused here too, as a TypeError or ValueError, and leaves the state as it was."""

import numpy as np
import pytest
from differential import CLASSES, FUNCTIONS
from differential.misuses import REQUIRED, inputs_of, misuses, misuses_of_function

from tallymetrics import metrics

keras = pytest.importorskip("keras")

pytestmark = pytest.mark.filterwarnings("ignore")


def use(module, name, arguments, inputs):
    metric = getattr(module, name)(**arguments)
    if inputs is not None:
        metric.update_state(*inputs)
        metric.result()


@pytest.mark.parametrize("name", [name for name in CLASSES if name != "Metric"])
def test_classes(name):
    if name not in metrics.__all__:
        pytest.skip("not there yet")
    for what, arguments, inputs in misuses(name):
        with pytest.raises(Exception):  # noqa: B017, PT011  Keras raises what NumPy does
            use(keras.metrics, name, arguments, inputs)
            pytest.fail(f"keras takes {what}: {arguments}, {inputs}")
        try:
            use(metrics, name, arguments, inputs)
        except (TypeError, ValueError) as error:
            assert str(error), what
        else:
            pytest.fail(f"not refused: {what}: {arguments}, {inputs}")


@pytest.mark.parametrize("name", [name for name in CLASSES if name != "Metric"])
def test_a_refused_batch_leaves_the_state(name):
    if name not in metrics.__all__:
        pytest.skip("not there yet")
    metric = getattr(metrics, name)(**REQUIRED.get(name, {}))
    metric.update_state(*inputs_of(name))
    before = metric.result()
    for what, arguments, inputs in misuses(name):
        if inputs is not None and arguments == REQUIRED.get(name, {}):
            with pytest.raises((TypeError, ValueError)):
                metric.update_state(*inputs)
            np.testing.assert_array_equal(metric.result(), before, err_msg=what)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    if name not in metrics.__all__:
        pytest.skip("not there yet")
    for inputs, arguments in misuses_of_function(name):
        with pytest.raises(Exception):  # noqa: B017, PT011
            getattr(keras.metrics, name)(*inputs, **arguments)
            pytest.fail(f"keras takes {inputs}, {arguments}")
        try:
            getattr(metrics, name)(*inputs, **arguments)
        except (TypeError, ValueError):
            continue
        pytest.fail(f"not refused: {inputs}, {arguments}")
