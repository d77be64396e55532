"""Models that were compiled with what this package registers load without `custom_objects`."""

import tempfile
from pathlib import Path

import keras
import numpy as np
from data import raises

from tallymetrics import metrics
from tallymetrics.keras import load_model, losses, wrap

_RNG = np.random.default_rng(0)
X = _RNG.random((60, 8), dtype=np.float32)
Y = _RNG.dirichlet(np.ones(5), 60).astype(np.float32)


def _trained(loss, compiled_metrics):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(5, "softmax")])
    model.compile("sgd", loss, metrics=compiled_metrics)
    model.fit(X, Y, verbose=0)
    return model


def _evaluated(model):
    return model.evaluate(X, Y, verbose=0, return_dict=True)


def _saved(model, ending):
    path = Path(tempfile.mkdtemp()) / f"model.{ending}"
    model.save(path)
    return path


def check_models_load_without_custom_objects():
    ours = [
        wrap(metrics.EarthMoversDistance(r=1)),
        wrap([metrics.CategoricalAccuracy(name="c"), metrics.ConfusionMatrix(5, per_class=["f1"])], prefix="p_"),
        wrap(metrics.DistributionMeanError(bins=[1, 2, 4, 8, 16]), name="mean_error"),
    ]
    for loss, extra in (
        (losses.EarthMoversDistance(r=1), losses.distribution_mean_error),
        (losses.DistributionMeanError(bins=[1, 2, 3, 4, 5]), losses.EarthMoversDistance()),
        (losses.earth_movers_distance, losses.earth_movers_distance),
    ):
        model = _trained(loss, [*ours, extra] if not isinstance(extra, keras.losses.Loss) else ours)
        for ending in ("keras", "h5"):
            loaded = keras.models.load_model(_saved(model, ending))
            assert _evaluated(loaded) == _evaluated(model), ending
            if ending == "keras":
                # After loading from HDF5, Keras 3.15 itself asks for `compile` before training goes on.
                loaded.fit(X, Y, verbose=0)


def check_weights_files():
    model, fresh = (_trained(losses.EarthMoversDistance(), [wrap(metrics.CategoricalAccuracy())]) for _ in range(2))
    model.fit(X, Y, epochs=2, verbose=0)
    path = Path(tempfile.mkdtemp()) / "model.weights.h5"
    model.save_weights(path)
    fresh.load_weights(path)
    assert _evaluated(fresh) == _evaluated(model)


def own_difference(y_true, y_pred):
    return np.abs(y_true - y_pred).mean(axis=-1)


def own_loss(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


class OwnLoss(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return own_loss(y_true, y_pred)


def check_load_model_says_what_to_pass():
    for loss, name in ((own_loss, "own_loss"), (OwnLoss(), "OwnLoss")):
        model = _trained(loss, [losses.earth_movers_distance, "mae", own_loss] if loss is own_loss else ["mae"])
        for ending in ("keras", "h5"):
            path = _saved(model, ending)
            words = f"Pass `custom_objects={{'{name}': {name}}}`, or decorate"
            raises(ValueError, words, lambda path=path: load_model(path))
            loaded = load_model(path, custom_objects={name: globals()[name]})
            assert _evaluated(loaded)["loss"] == _evaluated(model)["loss"]
    path = _saved(_trained(losses.EarthMoversDistance(), ["mae"]), "keras")
    assert isinstance(load_model(path).loss, losses.EarthMoversDistance)
    raises(ValueError, "", lambda: load_model(path.with_name("none.keras")))


class OwnSum(metrics.Metric):
    def __init__(self, name="own_sum", **kwargs):
        super().__init__(name=name, **kwargs)
        self.total = self.add_variable(name="total")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(np.sum(y_pred[:, 0], dtype=np.float64))

    def result(self):
        return float(self.total)


@keras.saving.register_keras_serializable(package="mine")
class RegisteredSum(OwnSum):
    pass


def check_metrics_of_the_users_own():
    own = {"own_difference": own_difference, "OwnSum": OwnSum}
    for metric, name in ((wrap(own_difference), "own_difference"), (wrap(OwnSum()), "OwnSum")):
        path = _saved(_trained(losses.EarthMoversDistance(), [metric]), "keras")
        words = f"Pass `custom_objects={{'{name}': {name}}}` to `load_model`"
        raises(ValueError, words, lambda path=path: keras.models.load_model(path))
        assert _evaluated(keras.models.load_model(path, custom_objects=own))
    model = _trained(losses.EarthMoversDistance(), [wrap(RegisteredSum())])
    assert _evaluated(keras.models.load_model(_saved(model, "keras"))) == _evaluated(model)
