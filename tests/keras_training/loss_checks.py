"""The losses equal the native metrics, and their gradients are right and finite."""

import keras
import numpy as np
from data import BACKEND, raises

from tallymetrics import metrics
from tallymetrics.keras import losses

_RNG = np.random.default_rng(0)


def _rows(rows, bins):
    return tuple(_RNG.dirichlet(np.ones(bins), rows).astype(np.float32) for _ in range(2))


def check_values_are_those_of_the_native_metrics():
    for bins in (2, 10, 100):
        y_true, y_pred = _rows(200, bins)
        y_pred[:5] = y_true[:5]
        y_pred[5:9] = y_true[5:9] + np.float32(1e-4)
        for r in (1, 1.5, 2, 3):
            native = metrics.EarthMoversDistance(r=r)
            native.update_state(y_true, y_pred)
            value = float(losses.EarthMoversDistance(r=r)(y_true, y_pred))
            np.testing.assert_allclose(value, native.result(), rtol=1e-6)
        for positions in (None, np.linspace(-1, 1, bins).tolist()):
            native = metrics.DistributionMeanError(bins=positions)
            native.update_state(y_true, y_pred)
            value = float(losses.DistributionMeanError(bins=positions)(y_true, y_pred))
            np.testing.assert_allclose(value, native.result(), rtol=1e-6)


def _forms(bins):
    positions = (np.arange(bins) + np.arange(bins) ** 2 / 64).tolist()
    around = {"bins": positions, "circular": positions[-1] + 3.0}
    return [
        *({"r": r, "bins": positions} for r in (1, 2, 3)),
        *({"r": r, "unequal_mass": "normalize"} for r in (1, 1.5, 2)),
        *({"r": r, "circular": True} for r in (1, 2)),
        *({"r": r, **around, "unequal_mass": "normalize"} for r in (1, 2)),
        {"r": 1, "circular": 24},
    ]


def check_forms_are_those_of_the_native_metrics():
    for bins in (2, 9, 60):
        y_true, y_pred = _rows(150, bins)
        y_pred[:5] = y_true[:5]
        for arguments in _forms(bins):
            native = metrics.EarthMoversDistance(**arguments)
            scale = np.float32(3 if arguments.get("unequal_mass") == "normalize" else 1)
            native.update_state(y_true, y_pred * scale)
            loss = losses.EarthMoversDistance(**arguments)
            np.testing.assert_allclose(float(loss(y_true, y_pred * scale)), native.result(), rtol=1e-6)
            again = losses.EarthMoversDistance.from_config(loss.get_config())
            assert float(again(y_true, y_pred)) == float(loss(y_true, y_pred))


def check_gradients_of_forms():
    y_true = np.array([[0.5, 0.2, 0.1, 0.1, 0.05, 0.05], [0.4, 0.2, 0.2, 0.1, 0.1, 0]], np.float32)
    y_pred = np.array([[0.05, 0.17, 0.3, 0.06, 0.22, 0.2], [0.11, 0.05, 0.31, 0.2, 0.17, 0.16]], np.float32)
    step = _RNG.standard_normal(y_pred.shape).astype(np.float32) * 1e-3
    step -= step.mean(axis=1, keepdims=True)
    for arguments in _forms(6):
        loss = losses.EarthMoversDistance(**arguments)
        above, below = (float(loss(y_true, y_pred + sign * step)) for sign in (1, -1))
        slope = float((_gradient(loss, y_true, y_pred) * step).sum()) * 2
        np.testing.assert_allclose(slope, above - below, rtol=0.02, atol=2e-5)
        equal = _gradient(loss, y_true, y_true.copy())
        assert np.isfinite(equal).all()
        nearly = y_true.copy()
        nearly[:, 0] += 1e-7
        assert np.isfinite(_gradient(loss, y_true, nearly)).all()


def _gradient(loss, y_true, y_pred):
    if BACKEND == "torch":
        import torch

        # Keras may compute elsewhere than on the processor.
        given = keras.ops.convert_to_tensor(y_pred).clone().requires_grad_()
        loss(keras.ops.convert_to_tensor(y_true), given).backward()
        assert isinstance(given.grad, torch.Tensor)
        return keras.ops.convert_to_numpy(given.grad)
    if BACKEND == "jax":
        import jax

        return np.asarray(jax.grad(lambda given: loss(y_true, given))(y_pred))
    import tensorflow

    given = tensorflow.Variable(y_pred)
    with tensorflow.GradientTape() as tape:
        value = loss(y_true, given)
    return tape.gradient(value, given).numpy()


def check_gradients():
    # No difference of the cumulative rows is near 0, where the absolute value has no slope.
    y_true = np.array([[0.5, 0.2, 0.1, 0.1, 0.05, 0.05], [0.4, 0.2, 0.2, 0.1, 0.1, 0]], np.float32)
    y_pred = y_true[:, ::-1].copy()
    step = _RNG.standard_normal(y_pred.shape).astype(np.float32) * 1e-3
    step -= step.mean(axis=1, keepdims=True)
    for loss in (*(losses.EarthMoversDistance(r=r) for r in (1, 1.5, 2)), losses.DistributionMeanError()):
        above, below = (float(loss(y_true, y_pred + sign * step)) for sign in (1, -1))
        slope = float((_gradient(loss, y_true, y_pred) * step).sum()) * 2
        np.testing.assert_allclose(slope, above - below, rtol=0.02, atol=2e-6)
        equal = _gradient(loss, y_true, y_true.copy())
        np.testing.assert_array_equal(equal, np.zeros_like(equal))
        nearly = y_true.copy()
        nearly[:, 0] += 1e-7
        assert np.isfinite(_gradient(loss, y_true, nearly)).all()


def check_training_on_what_is_measured():
    keras.utils.set_random_seed(0)
    x = _RNG.random((200, 6), dtype=np.float32)
    y = keras.ops.convert_to_numpy(keras.ops.softmax(x @ _RNG.standard_normal((6, 8)).astype("float32") * 4))
    model = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(8, "softmax")])
    model.compile(keras.optimizers.Adam(0.05), losses.EarthMoversDistance(), metrics=[losses.distribution_mean_error])
    history = model.fit(x, y, epochs=15, verbose=0).history
    assert history["loss"][-1] < history["loss"][0] / 2
    native = metrics.EarthMoversDistance()
    native.update_state(y, model.predict(x, verbose=0))
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0)[0], native.result(), rtol=1e-5)


def check_loss_refusals():
    raises(ValueError, "`r` must be a finite number in [1", lambda: losses.EarthMoversDistance(r=0.5))
    raises(ValueError, "`bins` must be finite positions", lambda: losses.DistributionMeanError(bins=[[1]]))
    raises(ValueError, "'as_is' or 'normalize' in a loss", lambda: losses.EarthMoversDistance(unequal_mass="refuse"))
    raises(ValueError, "1 or 2 around a circle", lambda: losses.EarthMoversDistance(r=3, circular=True))
    rows = np.ones((2, 3), np.float32)
    raises(ValueError, "`bins` must have shape (3,)", lambda: losses.DistributionMeanError(bins=[1, 2])(rows, rows))
    raises(ValueError, "`y_true` must have the shape", lambda: losses.earth_movers_distance(rows[:, :2], rows))
