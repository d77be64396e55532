"""Train a small network on scikit-learn's handwritten digits and watch each class.

Run with `python -m tallymetrics.examples.train_digits [--epochs N] [--folder F]`; needs `pip install torch
scikit-learn 'tallymetrics[keras,plot]'`, or another backend of Keras named in `KERAS_BACKEND`. It takes less than two
minutes on two processors.

After each epoch one pass over the validation images gives accuracy, precision, recall and F1 of each class and the
confusion matrix. Classes with a low F1 then weigh more in the next epoch, and training stops when the worst class gets
no better. `f1_by_class.png` and `confusion_matrix.png` show how it went.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")
# Layers as small as these lose more by threads than they gain.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import keras
import numpy as np
import numpy.typing as npt

from tallymetrics.keras import EvaluationCallback
from tallymetrics.metrics import ConfusionMatrix

_SEED = 0
_CLASSES = 10


class WeightsFromF1(keras.callbacks.Callback):
    """Lets each epoch's samples weigh `1 + strength * (1 - F1 of their class)`, scaled to a mean of 1.

    Args:
        matrix: Confusion matrix of the last evaluation.
        labels: Labels of the training samples.
        weights: Weight of each training sample, changed in place.
        strength: How much a class of F1 0 weighs more than one of F1 1, default 4.
    """

    def __init__(self, matrix: ConfusionMatrix, labels: Any, weights: Any, strength: float = 4.0) -> None:
        super().__init__()
        self.matrix = matrix
        self.labels = labels
        self.weights = weights
        self.strength = strength

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        of_classes = 1 + self.strength * (1 - self.matrix.f_beta())
        self.weights[...] = of_classes[self.labels]
        self.weights /= self.weights.mean()


class WeightedBatches(keras.utils.PyDataset):
    """Shuffled batches of images, labels and the weights that they have when the batch is asked for."""

    def __init__(self, images: Any, labels: Any, weights: Any, batch_size: int = 64) -> None:
        super().__init__()
        self.arrays = (images, labels, weights)
        self.batch_size = batch_size
        self.generator = np.random.default_rng(_SEED)
        self.order = self.generator.permutation(len(labels))

    def __len__(self) -> int:
        return -(-len(self.order) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        rows = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        return tuple(array[rows] for array in self.arrays)

    def on_epoch_end(self) -> None:
        self.order = self.generator.permutation(len(self.order))


def build_model() -> Any:
    """Returns a compiled network of two convolutions."""
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu", padding="same"),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(_CLASSES, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy")
    return model


def train(epochs: int) -> tuple[dict[str, list[float]], EvaluationCallback]:
    """Returns the history of the logs, and the callback with the full results."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    keras.utils.set_random_seed(_SEED)
    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32).reshape(-1, 8, 8, 1)
    parts = train_test_split(images, labels, test_size=0.3, stratify=labels, random_state=_SEED)
    x_train, x_validation, y_train, y_validation = parts

    matrix = ConfusionMatrix(_CLASSES, per_class=("precision", "recall", "f1"))
    evaluation = EvaluationCallback((x_validation, y_validation), ["accuracy", matrix])
    weights = np.ones(len(y_train), np.float32)
    callbacks = [
        # Those that read the entries come after the one that writes them.
        evaluation,
        WeightsFromF1(matrix, y_train, weights),
        keras.callbacks.EarlyStopping(monitor="val_worst_f1", mode="max", patience=8, restore_best_weights=True),
    ]
    model = build_model()
    batches = WeightedBatches(x_train, y_train, weights)
    history = model.fit(batches, epochs=epochs, callbacks=callbacks, verbose=0).history
    # The best weights are back.
    evaluation.evaluate()
    return history, evaluation


def plot_f1(history: dict[str, list[float]], path: Path) -> None:
    """Draws the F1 of each class after each epoch."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for number in range(_CLASSES):
        values = history[f"val_f1_{number}"]
        axes.plot(range(1, len(values) + 1), values, label=str(number))
    axes.set(xlabel="epoch", ylabel="F1 on validation images")
    axes.legend(title="digit", ncols=2)
    figure.savefig(path, dpi=120)


def plot_matrix(matrix: npt.NDArray[Any], path: Path) -> None:
    """Draws a confusion matrix with its counts."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(np.sqrt(matrix), cmap="Blues")
    for (true, predicted), count in np.ndenumerate(matrix):
        color = "white" if true == predicted else "black"
        axes.text(predicted, true, str(count) if count else "", ha="center", va="center", color=color)
    axes.set(xlabel="predicted", ylabel="true", xticks=range(_CLASSES), yticks=range(_CLASSES))
    figure.savefig(path, dpi=120)


def main() -> None:
    """Trains, draws, and prints which class is worst."""
    parser = argparse.ArgumentParser(description="Train on handwritten digits and watch each class.")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--folder", type=Path, default=Path())
    options = parser.parse_args()
    history, evaluation = train(options.epochs)
    options.folder.mkdir(parents=True, exist_ok=True)
    plot_f1(history, options.folder / "f1_by_class.png")
    plot_matrix(evaluation.results["confusion_matrix"], options.folder / "confusion_matrix.png")
    of_classes = [evaluation.results[f"f1_{number}"] for number in range(_CLASSES)]
    worst = int(np.argmin(of_classes))
    print(f"epochs {len(history['loss'])}, accuracy {evaluation.results['accuracy']:.4f}")
    print(f"worst class {worst}: F1 {of_classes[worst]:.4f}, mean F1 {evaluation.results['macro_f1']:.4f}")


if __name__ == "__main__":
    main()
