"""The examples in the docstrings of keras.metrics give their published results."""

import doctest
import inspect
import re
import types

import numpy as np
import pytest

from tallymetrics import metrics

keras = pytest.importorskip("keras")

PUBLIC = [name for name in dir(keras.metrics) if not name.startswith("_")]
CLASSES = [name for name in PUBLIC if inspect.isclass(getattr(keras.metrics, name))]
FUNCTIONS = [name for name in PUBLIC if name not in CLASSES and name not in ("get", "serialize", "deserialize")]

# Published results that Keras itself does not give, and why.
WRONG_IN_KERAS = {
    ("binary_focal_crossentropy", "bce_loss"): "is the focal one again",
    ("binary_focal_crossentropy", "focal_loss/bce_loss"): "is 1",
    ("pearson_correlation", "loss"): "is called concordance_correlation",
}


def published(text: str) -> tuple[np.ndarray, float]:
    """The numbers of an example's output, and a unit of their last place: some are cut off, not rounded."""
    numbers = re.findall(r"-?\d+\.?\d*(?:e[+-]\d+)?", re.sub(r"dtype=\w+|shape=\S+", "", text))
    digits = [re.match(r"-?\d+\.?(\d*)(?:e([+-]\d+))?", one).groups() for one in numbers]
    place = max(10.0 ** (int(exponent or 0) - len(decimals)) for decimals, exponent in digits)
    return np.array(numbers, float), place


def run_examples(name: str, namespace: dict):
    """Yields the source or variable, the value and the published output of every example that shows one."""
    for example in doctest.DocTestParser().get_examples(getattr(keras.metrics, name).__doc__ or ""):
        source = example.source.strip().replace("keras.losses.", "metrics.").replace(").numpy()", ")")
        source = source.replace("np.array_equal", "np.allclose")
        try:
            code = compile(source, name, "eval")
        except SyntaxError:
            exec(source, namespace)
            target = source.split(" = ")[0]
            if example.want:
                yield target, namespace[target], example.want
        else:
            value = eval(code, namespace)
            if example.want:
                yield source, value, example.want


def namespace_of(name: str) -> dict:
    twins = types.SimpleNamespace(metrics=metrics)
    names = {"keras": twins, "metrics": metrics, "np": np, "ops": np, name: getattr(metrics, name)}
    names["loss"] = np.zeros(2)  # one example asserts its shape and never makes it
    np.random.seed(3)
    return names


@pytest.mark.parametrize("name", CLASSES)
def test_classes(name):
    shown = list(run_examples(name, namespace_of(name)))
    assert shown or name in ("MeanMetricWrapper", "Metric")
    for _, value, text in shown:
        expected, place = published(text)
        np.testing.assert_allclose(np.ravel(value), expected, rtol=1e-6, atol=place)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    for source, value, text in run_examples(name, namespace_of(name)):
        if (name, source) in WRONG_IN_KERAS:
            continue
        expected, place = published(text)
        shown = np.mean(value) if len(expected) == 1 else np.asarray(value)
        np.testing.assert_allclose(shown, expected.reshape(np.shape(shown)), rtol=1e-6, atol=place)


def test_examples_of_functions_whose_results_are_published_wrong():
    labels, scores = [[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]]
    focal = metrics.binary_focal_crossentropy(labels, scores, gamma=2)
    plain = metrics.binary_crossentropy(labels, scores)
    np.testing.assert_allclose(plain, [0.916, 0.714], atol=1e-3)
    np.testing.assert_allclose(focal / plain, [0.36, 0.289], atol=1e-3)
    correlation = metrics.pearson_correlation([[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]], axis=-1)
    np.testing.assert_allclose(correlation, [1.0, 0.99339927], rtol=1e-6)
