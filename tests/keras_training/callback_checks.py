"""The callback: values, the callbacks that watch them, forms of data, outputs, refusals."""

import csv
import re
import tempfile
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
from data import CLASSES, WEIGHTS_VAL, X_VAL, Y_VAL, Predictions, X, Y, classifier, predicted, raises
from sklearn import metrics as sklearn_metrics

from tallymetrics import metrics
from tallymetrics.keras import EvaluationCallback, callback, wrap

NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def check_history_is_scikit_learns_on_the_same_predictions():
    matrix = metrics.ConfusionMatrix(CLASSES, per_class=("precision", "recall", "f1"), class_names=NAMES)
    curve = metrics.TopKCurve(3)
    evaluation = EvaluationCallback((X_VAL, Y_VAL), [matrix, "accuracy", "top_3", curve], batch_size=100)
    kept = Predictions()
    history = classifier().fit(X, Y, epochs=3, verbose=0, callbacks=[evaluation, kept]).history
    assert len(kept.scores) == 3
    for epoch, scores in enumerate(kept.scores):
        labels = scores.argmax(axis=1)
        measures = sklearn_metrics.precision_recall_fscore_support(Y_VAL, labels, labels=range(10), zero_division=0)
        for measure, values in zip(("precision", "recall", "f1"), measures, strict=False):
            logged = [history[f"val_{measure}_{name}"][epoch] for name in NAMES]
            np.testing.assert_allclose(logged, values, rtol=1e-14)
            np.testing.assert_allclose(history[f"val_macro_{measure}"][epoch], values.mean(), rtol=1e-14)
        assert history["val_accuracy"][epoch] == sklearn_metrics.accuracy_score(Y_VAL, labels)
        top = sklearn_metrics.top_k_accuracy_score(Y_VAL, scores, k=3, labels=range(10))
        assert history["val_top_3"][epoch] == history["val_top_k_curve_2"][epoch] == top
        expected = sklearn_metrics.confusion_matrix(Y_VAL, labels, labels=range(10))
        np.testing.assert_array_equal(evaluation.history["confusion_matrix"][epoch], expected)
    assert evaluation.history["epoch"] == [0, 1, 2]
    np.testing.assert_array_equal(evaluation.results["confusion_matrix"], matrix.matrix())
    assert not any("confusion_matrix" in name for name in history)


def check_example_of_the_readme_runs():
    text = (Path(__file__).parents[2] / "README.md").read_text()
    (block,) = re.findall(r"^```py\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    names = {"model": classifier(), "x": X, "y": Y, "x_val": X_VAL, "y_val": Y_VAL, "print": lambda *values: None}
    exec(compile(block, "README.md", "exec"), names)
    assert len(names["history"]["val_worst_f1"]) == len(names["evaluation"].history["confusion_matrix"])


def check_other_callbacks_watch_the_entries():
    matrix = metrics.ConfusionMatrix(CLASSES, per_class=["f1"])
    evaluation = EvaluationCallback((X_VAL, Y_VAL), [matrix])
    with tempfile.TemporaryDirectory() as folder:
        best = Path(folder) / "best.keras"
        watching = {"monitor": "val_macro_f1", "mode": "max"}
        others = [
            keras.callbacks.EarlyStopping(**watching, patience=0, min_delta=1.0),
            keras.callbacks.ReduceLROnPlateau(**watching, patience=1, min_delta=1.0),
            keras.callbacks.ModelCheckpoint(best, **watching, save_best_only=True),
            keras.callbacks.CSVLogger(Path(folder) / "log.csv"),
        ]
        model = classifier()
        history = model.fit(X, Y, epochs=9, verbose=0, callbacks=[evaluation, *others]).history
        assert len(history["val_macro_f1"]) == 2
        assert round(float(model.optimizer.learning_rate), 6) == 0.03
        with open(Path(folder) / "log.csv") as file:
            rows = list(csv.DictReader(file))
        assert [float(row["val_f1_9"]) for row in rows] == history["val_f1_9"]
        matrix.reset_state()
        matrix.update_state(Y_VAL, predicted(keras.models.load_model(best)))
        assert matrix.result()["macro_f1"] == max(history["val_macro_f1"])


def check_evaluating_after_batches_leaves_training_as_it_was():
    plain, watched = classifier(dropout=0.5), classifier(dropout=0.5)
    evaluation = EvaluationCallback((X_VAL, Y_VAL), ["accuracy"], every_batches=12)
    keras.utils.set_random_seed(1)
    losses = plain.fit(X, Y, epochs=2, verbose=0).history["loss"]
    keras.utils.set_random_seed(1)
    history = watched.fit(X, Y, epochs=2, verbose=0, callbacks=[evaluation]).history
    assert losses == history["loss"]
    for one, other in zip(plain.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    # 32 batches an epoch.
    assert evaluation.batch_history["batch"] == [12, 24, 36, 48, 60]
    assert history["val_accuracy"] == evaluation.history["accuracy"]
    assert history["val_accuracy"][-1] == (predicted(watched).argmax(1) == Y_VAL).mean()


class _Dataset(keras.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        rows = slice(index * 100, index * 100 + 100)
        return X_VAL[rows], Y_VAL[rows], WEIGHTS_VAL[rows]


def check_data_come_in_every_form():
    model = classifier()
    model.fit(X, Y, verbose=0)
    batches = [(X_VAL[rows], Y_VAL[rows], WEIGHTS_VAL[rows]) for rows in (slice(0, 200), slice(200, 333))]
    tensors = tuple(map(keras.ops.convert_to_tensor, (X_VAL, Y_VAL, WEIGHTS_VAL)))
    forms = [(X_VAL, Y_VAL, WEIGHTS_VAL), tensors, batches, lambda: iter(batches), _Dataset()]
    if find_spec("torch"):
        import torch

        arrays = torch.utils.data.TensorDataset(*map(torch.from_numpy, (X_VAL, Y_VAL, WEIGHTS_VAL)))
        forms.append(torch.utils.data.DataLoader(arrays, batch_size=90))
    if find_spec("tensorflow"):
        import tensorflow

        forms.append(tensorflow.data.Dataset.from_tensor_slices((X_VAL, Y_VAL, WEIGHTS_VAL)).batch(90))
    expected = sklearn_metrics.accuracy_score(Y_VAL, predicted(model).argmax(1), sample_weight=WEIGHTS_VAL)
    for form in forms:
        evaluation = EvaluationCallback(form)
        evaluation.set_model(model)
        for _ in range(2):
            np.testing.assert_allclose(evaluation.evaluate()["accuracy"], expected, rtol=1e-7)
    first = EvaluationCallback(batches, steps=1)
    first.set_model(model)
    weighted = {"sample_weight": WEIGHTS_VAL[:200]}
    np.testing.assert_allclose(
        first.evaluate()["accuracy"],
        sklearn_metrics.accuracy_score(Y_VAL[:200], predicted(model, X_VAL[:200]).argmax(1), **weighted),
        rtol=1e-7,
    )


def _two_outputs():
    keras.utils.set_random_seed(0)
    left, right = keras.layers.Input((32,), name="left"), keras.layers.Input((32,), name="right")
    joined = keras.layers.Concatenate()([left, right])
    digit = keras.layers.Dense(10, "softmax", name="digit")(joined)
    even = keras.layers.Dense(1, "sigmoid", name="even")(joined)
    model = keras.Model({"left": left, "right": right}, [digit, even])
    model.compile("sgd", ["sparse_categorical_crossentropy", "binary_crossentropy"])
    return model


def _halves(images):
    return {"left": images[:, :32], "right": images[:, 32:]}


def check_inputs_and_outputs_by_name():
    model, even = _two_outputs(), (Y_VAL % 2 == 0).astype("float32")[:, None]
    given = {"digit": ["accuracy", metrics.ConfusionMatrix(10, per_class=["f1"])], "even": "accuracy"}
    evaluation = EvaluationCallback((_halves(X_VAL), [Y_VAL, even]), given, batch_size=50)
    targets = [Y, (Y % 2 == 0).astype("float32")[:, None]]
    history = model.fit(_halves(X), targets, verbose=0, callbacks=[evaluation]).history
    digits, evens = predicted(model, _halves(X_VAL))
    assert history["val_digit_accuracy"] == [(digits.argmax(1) == Y_VAL).mean()]
    assert history["val_even_accuracy"] == [((evens > 0.5) == even).mean()]
    assert evaluation.results["digit_confusion_matrix"].sum() == len(Y_VAL)
    by_name = EvaluationCallback((_halves(X_VAL), {"digit": Y_VAL, "even": even}), {"even": ["accuracy"]})
    by_name.set_model(model)
    assert by_name.evaluate() == {"even_accuracy": history["val_even_accuracy"][0]}
    for wanted, words in ((["accuracy"], "`metrics` must be a dict by output, of digit, even"), ({"odd": []}, "odd")):
        wrong = EvaluationCallback((_halves(X_VAL), [Y_VAL, even]), wanted)
        wrong.set_model(model)
        raises(ValueError, words, wrong.evaluate)


def check_names_that_logs_hold_are_numbered():
    evaluation = EvaluationCallback((X_VAL, Y_VAL), ["accuracy"])
    model = classifier(metrics=["accuracy"])
    history = model.fit(X, Y, verbose=0, validation_data=(X_VAL, Y_VAL), callbacks=[evaluation]).history
    np.testing.assert_allclose(history["val_accuracy_1"], history["val_accuracy"], rtol=1e-6)


def check_callback_refusals():
    data = (X_VAL, Y_VAL)
    accuracy = metrics.SparseCategoricalAccuracy()
    raises(TypeError, "readable more than once", lambda: EvaluationCallback(iter([data])))
    raises(TypeError, "Received ndarray", lambda: EvaluationCallback(X_VAL))
    raises(ValueError, "(x, y) or (x, y, sample_weight). Received 1 items", lambda: EvaluationCallback((X_VAL,)))
    raises(ValueError, "one length. Received lengths [3, 333]", lambda: EvaluationCallback((X_VAL, Y_VAL[:3])))
    raises(TypeError, "belong in `compile`", lambda: EvaluationCallback(data, [keras.metrics.MeanSquaredError()]))
    raises(TypeError, "belong in `compile`", lambda: EvaluationCallback(data, [wrap(accuracy)]))
    raises(ValueError, "Close matches: accuracy", lambda: EvaluationCallback(data, ["acuracy"]))
    raises(ValueError, "Received one of them twice", lambda: EvaluationCallback(data, [accuracy, accuracy]))
    raises(ValueError, "`every_batches` must lie in [1", lambda: EvaluationCallback(data, every_batches=0))
    empty = EvaluationCallback((X_VAL[:0], Y_VAL[:0]))
    empty.set_model(classifier())
    raises(ValueError, "must have rows", empty.evaluate)


def check_several_processes_must_be_spoken_of():
    counted = callback.process_count
    callback.process_count = lambda model=None: 4
    try:
        part, whole = EvaluationCallback((X_VAL, Y_VAL)), EvaluationCallback((X_VAL, Y_VAL), whole_data=True)
        fit = lambda used: classifier().fit(X, Y, verbose=0, callbacks=[used])  # noqa: E731
        raises(RuntimeError, "each of the 4 processes apart", lambda: fit(part))
        assert "val_accuracy" in fit(whole).history
    finally:
        callback.process_count = counted


def check_tensorflow_replicas_evaluate_each_row_once():
    import tensorflow

    with tensorflow.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        model = classifier()
    evaluation = EvaluationCallback((X_VAL, Y_VAL), ["confusion_matrix"], batch_size=100)
    model.fit(X, Y, verbose=0, callbacks=[evaluation])
    expected = sklearn_metrics.confusion_matrix(Y_VAL, predicted(model).argmax(1), labels=range(10))
    np.testing.assert_array_equal(evaluation.results["confusion_matrix"], expected)
