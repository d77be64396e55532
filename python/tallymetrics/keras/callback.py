"""Evaluation at the end of each epoch, written into the training logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from tallymetrics.arguments import as_integer
from tallymetrics.keras.batches import batches_of, to_numpy
from tallymetrics.keras.processes import process_count, replica_count
from tallymetrics.metrics import ConfusionMatrix, Metric, MetricCollection
from tallymetrics.metrics.names import unique_name
from tallymetrics.resolve import FirstBatch, check_identifier, resolve

_MOST = 2**62


class EvaluationCallback(keras.callbacks.Callback):
    """Evaluates metrics on validation data at the end of each epoch and writes them into the logs.

    Works alike on every backend: predictions are streamed in batches through the model's compiled `predict_on_batch`,
    and each batch is added to all metrics of an output in one native pass. `History`, `EarlyStopping`,
    `ModelCheckpoint`, `ReduceLROnPlateau`, `CSVLogger` and `TensorBoard` see the entries if this callback stands before
    them in the list.

    Args:
        validation_data: A tuple `(x, y)` or `(x, y, sample_weight)` of arrays or of lists or dicts of arrays; or what
            yields such batches as often as it is asked: a `PyDataset`, `tf.data.Dataset`, `DataLoader`, a list, or a
            function that returns an iterable. Weights weigh the rows in every metric.
        metrics: List of metrics of this package, strings (resolved by the shapes of the first batch, as in
            `tallymetrics.evaluate`) and functions of NumPy arrays `(y_true, y_pred)`. For a model with several
            outputs a dict of such lists by the output's name. Default `("accuracy",)`.
        batch_size: Rows that the model predicts at once where the data are arrays, default 256.
        every_batches: Evaluate after each so many training batches too. Default None: at the end of epochs alone.
        prefix: Put before each name, default `"val_"`.
        steps: Most batches of `validation_data` to read. Default None: all.
        whole_data: Say that every process has all of the validation data, where several processes train together.
            Default False: refuse, since each would log its own part.

    Entries of the logs: a number under the metric's name (a string's own spelling), a dict by its keys, a vector as
    `name_0`, `name_1`, ...; with several outputs `output_name`. Arrays of two or more axes do not go into logs. A name
    that the logs already hold gets `_1`.

    Attributes:
        results: The last evaluation in full, arrays too, without prefix; of a `ConfusionMatrix(per_class=...)` also
            the matrix under the metric's name.
        history: Results of all epochs by name, a list each, arrays too; `"epoch"` holds their numbers.
        batch_history: The same of evaluations after batches; `"batch"` holds the numbers of batches seen so far.

    Example:
        ```python
        from tallymetrics.keras import EvaluationCallback
        from tallymetrics.metrics import ConfusionMatrix

        evaluation = EvaluationCallback(
            (x_val, y_val), metrics=["accuracy", ConfusionMatrix(10, per_class=("precision", "recall", "f1"))]
        )
        stopping = keras.callbacks.EarlyStopping(monitor="val_worst_f1", mode="max", patience=5)
        history = model.fit(x, y, epochs=50, callbacks=[evaluation, stopping])
        history.history["val_f1_3"]
        evaluation.results["confusion_matrix"]
        ```
    """

    def __init__(
        self,
        validation_data: Any,
        metrics: Sequence[Metric | str | Callable[..., Any]] | Mapping[str, Any] = ("accuracy",),
        batch_size: int = 256,
        every_batches: int | None = None,
        prefix: str = "val_",
        steps: int | None = None,
        whole_data: bool = False,
    ) -> None:
        super().__init__()
        batch_size = as_integer(batch_size, "batch_size", 1, _MOST)
        steps = None if steps is None else as_integer(steps, "steps", 1, _MOST)
        self._batches = batches_of(validation_data, batch_size, steps)
        self._identifiers = _identifiers_by_output(metrics)
        self._collections: dict[str | None, MetricCollection] = {}
        self.prefix = prefix
        self.whole_data = whole_data
        self.results: dict[str, Any] = {}
        self.history: dict[str, list[Any]] = {}
        self.batch_history: dict[str, list[Any]] = {}
        self._batches_before_epoch = self._batches_seen = 0
        if every_batches is not None:
            self.every_batches = as_integer(every_batches, "every_batches", 1, _MOST)
            # Keras runs callbacks beside the training step only if this method is left as it is.
            self.on_train_batch_end = self._after_batch

    def on_train_begin(self, logs: Any = None) -> None:
        processes = process_count(self.model)
        if processes > 1 and not self.whole_data:
            raise RuntimeError(
                f"EvaluationCallback evaluates in each of the {processes} processes apart. Give every process all of "
                "the validation data and set `whole_data=True`, or evaluate parts by hand and join them by "
                "`merge_state`."
            )
        self._batches_before_epoch = self._batches_seen = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._batches_before_epoch = self._batches_seen
        results = self.evaluate()
        _append(self.history, {"epoch": epoch, **results})
        self._write(logs, results)

    def _after_batch(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        # Several batches may have run since the last call.
        seen_before, self._batches_seen = self._batches_seen, self._batches_before_epoch + batch + 1
        if self._batches_seen // self.every_batches > seen_before // self.every_batches:
            results = self.evaluate()
            _append(self.batch_history, {"batch": self._batches_seen, **results})
            self._write(logs, results)

    def _write(self, logs: dict[str, Any] | None, results: dict[str, Any]) -> None:
        if logs is not None:
            for name, value in log_entries(results):
                logs[unique_name(self.prefix + name, logs)] = value

    def evaluate(self) -> dict[str, Any]:
        """Evaluates the model as it is now; returns what `results` then holds.

        Raises:
            ValueError: If a metric refuses a batch, outputs and metrics do not go together, or there are no data.
        """
        for collection in self._collections.values():
            collection.reset_state()
        model = self.model
        # Only torch modules tell training from prediction by a mode.
        in_training = keras.backend.backend() == "torch" and model.training
        if in_training:
            model.eval()
        try:
            for x, y, sample_weight in self._batches():
                self._add(model, y, _predict(model, x), sample_weight)
        finally:
            if in_training:
                model.train()
        if not self._collections:
            raise ValueError("`validation_data` must have rows. Received none.")
        self.results = self._read()
        return self.results

    def _add(self, model: Any, y: Any, predictions: Any, sample_weight: Any) -> None:
        for output, batch in _by_output(model, self._identifiers, y, predictions, sample_weight):
            y_true, y_pred, weights = (None if array is None else to_numpy(array) for array in batch)
            if output not in self._collections:
                resolved = resolve(self._identifiers[output], FirstBatch(y_true, y_pred))
                self._collections[output] = MetricCollection(resolved)
                self._collections[output].reset_state()
            self._collections[output].update_state(y_true, y_pred, weights)

    def _read(self) -> dict[str, Any]:
        results: dict[str, Any] = {}
        for output, collection in self._collections.items():
            for name, value in _with_matrices(collection).items():
                results[unique_name(name if output is None else f"{output}_{name}", results)] = value
        return results


def log_entries(results: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yields the numbers among results by name, those in a vector as `name_0`, `name_1`, ..."""
    for name, value in results.items():
        if isinstance(value, Mapping):
            yield from log_entries(value)
        elif np.ndim(value) == 0:
            yield name, float(value)
        elif np.ndim(value) == 1:
            yield from ((f"{name}_{index}", float(entry)) for index, entry in enumerate(value))


def _with_matrices(collection: MetricCollection) -> dict[str, Any]:
    results = collection.result()
    for key, metric in zip(collection.keys(), collection.metrics, strict=True):
        if isinstance(metric, ConfusionMatrix) and metric.per_class is not None:
            results[unique_name(key, results)] = metric.matrix()
    return results


def _append(history: dict[str, list[Any]], results: dict[str, Any]) -> None:
    for name, value in results.items():
        history.setdefault(name, []).append(value)


def _predict(model: Any, x: Any) -> Any:
    x = keras.tree.map_structure(lambda array: array if keras.ops.is_tensor(array) else to_numpy(array), x)
    if replica_count(model) > 1:
        # On one batch every replica would predict the whole of it.
        return model.predict(x, batch_size=len(keras.tree.flatten(x)[0]), verbose=0)
    return model.predict_on_batch(x)


def _identifiers_by_output(metrics: Any) -> dict[str | None, list[Any]]:
    given = metrics.items() if isinstance(metrics, Mapping) else [(None, metrics)]
    identifiers = {}
    for output, entries in given:
        single = isinstance(entries, (str, Metric)) or callable(entries)
        identifiers[output] = [entries] if single else list(entries)
    listed = [entry for entries in identifiers.values() for entry in entries]
    for entry in listed:
        if isinstance(entry, keras.metrics.Metric):
            raise TypeError(
                "`metrics` must hold metrics of tallymetrics, strings or functions; Keras's own belong in `compile`. "
                f"Received {entry!r}."
            )
        check_identifier(entry)
    instances = [id(entry) for entry in listed if isinstance(entry, Metric)]
    if len(set(instances)) != len(instances):
        raise ValueError("`metrics` must be different objects. Received one of them twice.")
    return identifiers


def _by_output(
    model: Any, wanted: Mapping[Any, Any], y: Any, predictions: Any, sample_weight: Any
) -> Iterator[tuple[str | None, tuple[Any, Any, Any]]]:
    """Yields what belongs together for each output that has metrics."""
    names = _output_names(model, predictions)
    if None in wanted:
        if len(names) > 1:
            raise ValueError(f"`metrics` must be a dict by output, of {', '.join(names)}. Received a list.")
        parts = (_parts(value, names, "y")[names[0]] for value in (y, predictions))
        yield None, (*parts, _parts(sample_weight, names, "sample_weight")[names[0]])
        return
    unknown = [output for output in wanted if output not in names]
    if unknown:
        raise ValueError(f"`metrics` must name outputs of {', '.join(names)}. Received {', '.join(map(str, unknown))}.")
    targets, predicted = _parts(y, names, "y"), _parts(predictions, names, "y_pred")
    weights = _parts(sample_weight, names, "sample_weight")
    for output in wanted:
        yield output, (targets[output], predicted[output], weights[output])


def _output_names(model: Any, predictions: Any) -> list[str]:
    if isinstance(predictions, Mapping):
        return list(predictions)
    names = getattr(model, "output_names", None)
    count = len(predictions) if isinstance(predictions, (list, tuple)) else 1
    return list(names) if names is not None and len(names) == count else [f"output_{i}" for i in range(count)]


def _parts(value: Any, names: list[str], what: str) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {name: value.get(name) for name in names}
    if value is None or (len(names) == 1 and not isinstance(value, (list, tuple))):
        return dict.fromkeys(names, value)
    if isinstance(value, (list, tuple)) and len(value) == len(names):
        return dict(zip(names, value, strict=True))
    if what == "sample_weight":
        return dict.fromkeys(names, value)
    raise ValueError(
        f"`{what}` must be a dict or list by output, of {', '.join(names)}. Received {type(value).__name__}."
    )
