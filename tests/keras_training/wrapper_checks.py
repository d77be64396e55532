"""Wrapped metrics in `compile`: values, entries, state, large batches, devices, refusals."""

import keras
import numpy as np
from data import BACKEND, CLASSES, WEIGHTS_VAL, X_VAL, Y_VAL, X, Y, classifier, predicted, raises
from sklearn import metrics as sklearn_metrics

from tallymetrics import metrics
from tallymetrics.keras import calls, wrap
from tallymetrics.keras.callback import log_entries


def _compiled_metrics():
    pair = [metrics.SparseCategoricalAccuracy(name="ours"), metrics.TopKCurve(2)]
    plain = [wrap(metrics.ConfusionMatrix(CLASSES, per_class=("recall",))), wrap(pair, name="pair"), "accuracy"]
    weighted = [
        wrap(metrics.ConfusionMatrix(CLASSES, name="weighted", per_class=("precision",)), prefix="w_"),
        wrap(metrics.SparseCategoricalCrossentropy(name="log_loss")),
        keras.metrics.SparseCategoricalAccuracy(name="keras_accuracy"),
        wrap(metrics.SparseCategoricalAccuracy(name="weighted_accuracy")),
    ]
    return {"metrics": plain, "weighted_metrics": weighted}


def check_values_are_scikit_learns_and_keras():
    model = classifier(**_compiled_metrics())
    weights = np.linspace(0, 2, len(Y), dtype="float32")
    validation = (X_VAL, Y_VAL, WEIGHTS_VAL)
    history = model.fit(X, Y, sample_weight=weights, epochs=2, verbose=0, validation_data=validation).history
    for prefix in ("", "val_"):
        np.testing.assert_allclose(history[prefix + "ours"], history[prefix + "accuracy"], rtol=1e-6)
        ours, theirs = history[prefix + "weighted_accuracy"], history[prefix + "keras_accuracy"]
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    scores = predicted(model)
    labels = scores.argmax(axis=1)
    recall = sklearn_metrics.recall_score(Y_VAL, labels, average=None, zero_division=0)
    np.testing.assert_allclose([history[f"val_recall_{number}"][-1] for number in range(10)], recall, rtol=1e-6)
    options = {"average": "macro", "sample_weight": WEIGHTS_VAL, "zero_division": 0}
    precision = sklearn_metrics.precision_score(Y_VAL, labels, **options)
    np.testing.assert_allclose(history["val_w_macro_precision"][-1], precision, rtol=1e-6)
    loss = sklearn_metrics.log_loss(Y_VAL, scores.astype("float64"), sample_weight=WEIGHTS_VAL)
    np.testing.assert_allclose(history["val_log_loss"][-1], loss, rtol=1e-5)
    assert history["val_top_k_curve_0"] == history["val_ours"]
    results = model.evaluate(*validation[:2], sample_weight=WEIGHTS_VAL, verbose=0, return_dict=True)
    np.testing.assert_allclose(results["w_macro_precision"], precision, rtol=1e-6)


def check_run_eagerly_gives_the_same():
    compiled, eager = classifier(**_compiled_metrics()), classifier(run_eagerly=True, **_compiled_metrics())
    results = [model.evaluate(X_VAL, Y_VAL, verbose=0, return_dict=True) for model in (compiled, eager)]
    assert results[0].keys() == results[1].keys()
    np.testing.assert_allclose(list(results[0].values()), list(results[1].values()), rtol=1e-5)


def check_state_by_hand():
    first, second = (wrap(metrics.SparseCategoricalAccuracy(name="a")) for _ in range(2))
    scores = np.random.default_rng(0).random((90, 3)).astype("float32")
    labels = scores.argmax(axis=1)
    labels[:30] = (labels[:30] + 1) % 3
    assert first.result() == 0.0
    first.update_state(labels[:45], scores[:45])
    second.update_state(*map(keras.ops.convert_to_tensor, (labels[45:], scores[45:])))
    assert (first.result(), second.result()) == (1 / 3, 1.0)
    first.merge_state([second])
    assert (first.result(), first.metric.result(), second.result()) == (2 / 3, 2 / 3, 1.0)
    first.reset_state()
    assert first.result() == first.metric.result() == 0.0
    assert first(labels[:60], scores[:60]) == 0.5


def check_masks_take_rows_out():
    keras.utils.set_random_seed(0)
    tokens = np.random.default_rng(0).integers(0, 4, (64, 6))
    layers = [keras.layers.Input((6,)), keras.layers.Embedding(4, 8, mask_zero=True), keras.layers.Dense(3)]
    model = keras.Sequential(layers)
    theirs = keras.metrics.SparseCategoricalAccuracy(name="theirs")
    ours = wrap(metrics.SparseCategoricalAccuracy(name="ours"))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, metrics=[theirs, ours])
    results = model.evaluate(tokens, tokens % 3, verbose=0, return_dict=True)
    unmasked = (model.predict(tokens, verbose=0).argmax(-1) == tokens % 3).mean()
    np.testing.assert_allclose(results["ours"], results["theirs"], rtol=1e-6)
    assert abs(results["ours"] - unmasked) > 1e-3


def check_functions_of_numpy_arrays():
    def largest_score(y_true, y_pred):
        return y_pred.max(axis=-1)

    model = classifier(metrics=[wrap(largest_score)])
    results = model.evaluate(X_VAL, Y_VAL, verbose=0, return_dict=True)
    np.testing.assert_allclose(results["largest_score"], predicted(model).max(axis=1).mean(), rtol=1e-6)


def check_wrapper_refusals():
    raises(TypeError, "`metric` must be a metric of tallymetrics", lambda: wrap("accuracy"))
    raises(ValueError, "array of shape (3, 3). Give a ConfusionMatrix `per_class`, or use", lambda: _matrix())
    counted = calls.process_count
    calls.process_count = lambda: 2
    try:
        raises(
            RuntimeError, "apart in 2 processes with 1 replicas. Use tallymetrics.keras.EvaluationCallback", _accuracy
        )
    finally:
        calls.process_count = counted
    if BACKEND != "jax":
        metric = _accuracy()
        raises(RuntimeError, "need the JAX backend", lambda: metric.stateless_update_state([], Y, Y))


def _matrix():
    return wrap(metrics.ConfusionMatrix(3))


def _accuracy():
    return wrap(metrics.SparseCategoricalAccuracy(name="a"))


def check_jax_functions_and_large_batches():
    import jax

    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 300, 1000), rng.random((1000, 300), dtype=np.float32)
    plain = [metrics.SparseCategoricalAccuracy(name="a"), metrics.TopKCurve(4)]
    wrapped = [wrap(metrics.SparseCategoricalAccuracy(name="a")), wrap(metrics.TopKCurve(4))]
    for metric, twin in zip(wrapped, plain, strict=True):
        raises(RuntimeError, "one `update_state` before", lambda metric=metric: metric.stateless_result([]))
        metric.update_state(labels[:2], scores[:2])
        start = metric.stateless_reset_state()
        after = jax.jit(metric.stateless_update_state)(start, labels, scores)
        twin.update_state(labels, scores)
        named = jax.jit(metric.stateless_result)(after)
        values = list(named.values()) if isinstance(named, dict) else [named]
        np.testing.assert_allclose(np.array(values), np.atleast_1d(twin.result()), rtol=1e-6)
        # The metric itself still holds its two rows.
        assert not all(map(np.array_equal, metric.metric.state_arrays().values(), twin.state_arrays().values()))
        metric.reset_state()
        np.testing.assert_array_equal(metric.stateless_reset_state()[0], start[0])


def check_jax_states_that_outgrow_a_step():
    metric = wrap(metrics.ConfusionMatrix(3, per_class=["f1"]))
    metric.update_state([0, 1], [0, 1])
    raises(ValueError, "outgrew", lambda: metric.update_state([0, 1], [0, 1], [0.5, 0.25]))
    large = wrap(metrics.ConfusionMatrix(1000, per_class=["f1"]))
    raises(ValueError, "takes 8000000 bytes", lambda: large.update_state([0, 1], [0, 1]))


def check_jax_devices_count_each_row_once():
    devices = keras.distribution.list_devices()
    assert len(devices) == 2
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices))
    try:
        model = classifier(metrics=["accuracy", wrap(metrics.ConfusionMatrix(CLASSES, per_class=["recall"]))])
        model.fit(X, Y, batch_size=100, verbose=0)
        results = model.evaluate(X_VAL[:300], Y_VAL[:300], batch_size=100, verbose=0, return_dict=True)
        matrix = model.metrics[1].metrics[1].metric.matrix()
        scores = predicted(model, X_VAL[:300])
    finally:
        keras.distribution.set_distribution(None)
    expected = sklearn_metrics.confusion_matrix(Y_VAL[:300], scores.argmax(1), labels=range(10))
    np.testing.assert_array_equal(matrix, expected)
    np.testing.assert_allclose(results["accuracy"], np.trace(matrix) / 300, rtol=1e-6)


def check_tensorflow_xla_and_replicas_are_refused():
    import tensorflow

    model = classifier(metrics=[_accuracy()], jit_compile=True)
    raises(RuntimeError, "`jit_compile=False`", lambda: model.fit(X, Y, verbose=0))
    metric = _accuracy()
    with tensorflow.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        raises(RuntimeError, "1 processes with 2 replicas", _accuracy)
        model = classifier(metrics=[metric])
    raises(RuntimeError, "1 processes with 2 replicas", lambda: model.fit(X, Y, verbose=0))


def check_metrics_of_every_kind_of_state():
    """Thresholds, tables, and variables that the first update shapes: as the callback has them."""
    given = [
        metrics.F1Score(),
        metrics.AUC(),
        metrics.PrecisionAtRecall(recall=0.5),
        metrics.R2Score(),
        metrics.OneHotMeanIoU(num_classes=CLASSES),
        metrics.CosineSimilarity(),
    ]
    one_hot = np.eye(CLASSES, dtype="float32")[Y_VAL]
    model = classifier(loss="categorical_crossentropy", metrics=[wrap(metric) for metric in given])
    results = model.evaluate(X_VAL, one_hot, verbose=0, return_dict=True)
    expected = metrics.MetricCollection([type(metric).from_config(metric.get_config()) for metric in given])
    expected.update_state(one_hot, predicted(model))
    entries = dict(log_entries(expected.result()))
    np.testing.assert_allclose([results[name] for name in entries], list(entries.values()), rtol=1e-5)
