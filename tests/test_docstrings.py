"""The examples in docstrings run, and every public name has one."""

import doctest
import importlib
import inspect
import operator
import pkgutil

import pytest

import tallymetrics
from tallymetrics import metrics

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(tallymetrics.__path__, "tallymetrics.")
    if not module.name.endswith(("__main__", "_core", "make_digits", "train_digits"))
)
WITHOUT_EXAMPLE = {"serialize", "deserialize"}


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    if name.startswith("tallymetrics.keras"):
        pytest.importorskip("keras")
    if name.endswith("jax_calls"):
        pytest.importorskip("jax")
    if name.endswith("flow_plot"):
        pytest.importorskip("matplotlib")
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0


@pytest.mark.parametrize("name", metrics.__all__)
def test_public_names_are_documented(name):
    documentation = inspect.getdoc(getattr(metrics, name)) or ""
    assert documentation
    assert "Example:" in documentation or name in WITHOUT_EXAMPLE
    if inspect.isclass(getattr(metrics, name)):
        assert "Args:" in documentation


@pytest.mark.parametrize("name", ["EvaluationCallback", "WrappedMetric", "wrap", "losses.EarthMoversDistance"])
def test_keras_names_are_documented(name):
    keras_package = pytest.importorskip("tallymetrics.keras")
    documented = operator.attrgetter(name)(keras_package)
    text = inspect.getdoc(documented)
    assert "Example:" in text
    for argument in inspect.signature(documented).parameters:
        assert f"{argument}:" in text, argument


def test_twins_name_every_argument():
    for name in metrics.__all__:
        cls = getattr(metrics, name)
        if inspect.isclass(cls):
            documented = inspect.getdoc(cls)
            for argument in inspect.signature(cls).parameters:
                assert f"{argument}:" in documented or argument == "kwargs", f"{name}: {argument}"
