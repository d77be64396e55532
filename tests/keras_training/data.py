"""Small data and models that train in a second."""

import re

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

BACKEND = keras.backend.backend()
_IMAGES, _LABELS = load_digits(return_X_y=True)
X, Y = (_IMAGES / 16).astype("float32")[:1000], _LABELS[:1000]
X_VAL, Y_VAL = (_IMAGES / 16).astype("float32")[1000:1333], _LABELS[1000:1333]
WEIGHTS_VAL = np.random.default_rng(1).random(len(Y_VAL)).astype("float32")
CLASSES = 10


def classifier(dropout=0.0, **options):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Input((64,)), keras.layers.Dense(32, "relu")]
    layers += [keras.layers.BatchNormalization(), keras.layers.Dropout(dropout)] if dropout else []
    model = keras.Sequential([*layers, keras.layers.Dense(CLASSES, "softmax")])
    options = {"loss": "sparse_categorical_crossentropy", **options}
    model.compile(optimizer=keras.optimizers.SGD(0.3), **options)
    return model


def predicted(model, x=X_VAL):
    return model.predict(x, verbose=0)


class Predictions(keras.callbacks.Callback):
    """Keeps the predictions of the validation images after each epoch."""

    def __init__(self):
        super().__init__()
        self.scores = []

    def on_epoch_end(self, epoch, logs=None):
        self.scores.append(predicted(self.model))


def raises(kind, words, function):
    """Checks that `function` raises an error of this kind whose message has these words."""
    with pytest.raises(kind, match=re.escape(words)):
        function()
