"""`evaluate` as Keras's compile and evaluate have it: weighted metrics, several outputs, and the keys of results."""

from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

from tallymetrics import evaluate, metrics

ROWS = 40
RANDOM = np.random.default_rng(5)
TRUE, PRED = RANDOM.random((2, ROWS, 2))
OTHER_TRUE, OTHER_PRED = RANDOM.random((2, ROWS, 3))
WEIGHTS, OTHER_WEIGHTS = RANDOM.random((2, ROWS))


def mean_error(true: Any, pred: Any, weights: Any = None) -> float:
    return float(np.average(np.abs(true - pred).mean(axis=1), weights=weights))


MAE, WEIGHTED_MAE = mean_error(TRUE, PRED), mean_error(TRUE, PRED, WEIGHTS)
OTHER_MAE, OTHER_WEIGHTED_MAE = mean_error(OTHER_TRUE, OTHER_PRED), mean_error(OTHER_TRUE, OTHER_PRED, OTHER_WEIGHTS)


def largest_error(y_true: Any, y_pred: Any) -> Any:
    return np.abs(y_true - y_pred).max()


def error_and_bias(y_true: Any, y_pred: Any) -> dict[str, Any]:
    return {"error": np.abs(y_true - y_pred), "bias": np.mean(y_pred - y_true)}


def new_mae() -> metrics.Metric:
    return metrics.MeanAbsoluteError()


# Which metrics see the weights


def test_weights_go_to_metrics_unless_weighted_metrics_are_given() -> None:
    assert evaluate(TRUE, PRED, ["mae"], sample_weight=WEIGHTS) == pytest.approx({"mae": WEIGHTED_MAE}, rel=1e-14)
    both = evaluate(TRUE, PRED, ["mae"], ["mae"], WEIGHTS)
    assert both == pytest.approx({"mae": MAE, "weighted_mae": WEIGHTED_MAE}, rel=1e-14)
    assert evaluate(TRUE, PRED, ["mae"], [], WEIGHTS) == pytest.approx({"mae": MAE}, rel=1e-14)
    alone = evaluate(TRUE, PRED, weighted_metrics=["mae"], sample_weight=WEIGHTS)
    assert alone == pytest.approx({"mae": WEIGHTED_MAE}, rel=1e-14)
    assert evaluate(TRUE, PRED, None, ["mae"], WEIGHTS) == alone
    assert evaluate(TRUE, PRED, ["mae"], ["mae"]) == pytest.approx({"mae": MAE, "weighted_mae": MAE}, rel=1e-14)


def test_functions_are_weighted_or_not() -> None:
    halves = [(TRUE[:15], PRED[:15], WEIGHTS[:15]), (TRUE[15:], PRED[15:], WEIGHTS[15:])]
    result = evaluate(halves, metrics=[largest_error, error_and_bias], weighted_metrics=[largest_error, error_and_bias])
    names = ["largest_error", "error", "bias"]
    assert list(result) == [*names, *(f"weighted_{name}" for name in names)]
    largest = [largest_error(true, pred) for true, pred, _ in halves]
    assert result["largest_error"] == pytest.approx(np.average(largest, weights=[15, 25]), rel=1e-14)
    sums = [weights.sum() for *_, weights in halves]
    assert result["weighted_largest_error"] == pytest.approx(np.average(largest, weights=sums), rel=1e-14)
    assert result["error"] == pytest.approx(MAE, rel=1e-14)
    assert result["weighted_error"] == pytest.approx(WEIGHTED_MAE, rel=1e-14)
    assert result["bias"] == pytest.approx((PRED - TRUE).mean(), rel=1e-14)


def test_without_weights_plain_and_weighted_metrics_share_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    from tallymetrics.metrics import collection

    passes: list[int] = []
    add_batch = collection.add_batch

    def counted(natives: Any, batch: Any, *given: Any) -> Any:
        passes.append(len(natives))
        return add_batch(natives, batch, *given)

    monkeypatch.setattr(collection, "add_batch", counted)
    evaluate(TRUE, PRED, ["mae", "mse"], ["mae"])
    evaluate(TRUE, PRED, ["mae", "mse"], ["mae"], WEIGHTS)
    evaluate(TRUE, PRED, ["mae", "mse"], sample_weight=WEIGHTS)
    assert passes == [3, 2, 1, 2]


# What a list may hold


def test_classes_and_configurations_are_taken() -> None:
    config = metrics.serialize(metrics.MeanAbsoluteError(name="configured"))
    result = evaluate(TRUE, PRED, [metrics.MeanAbsoluteError, config, {"class_name": "MeanSquaredError", "config": {}}])
    assert list(result) == ["mean_absolute_error", "configured", "mean_squared_error"]
    assert result["configured"] == result["mean_absolute_error"] == pytest.approx(MAE, rel=1e-14)
    assert list(evaluate(TRUE, PRED, config)) == ["configured"]


def test_vectors_stay_arrays() -> None:
    labels = np.arange(ROWS) % 2
    result = evaluate(labels, PRED, weighted_metrics=["top_k_curve", "acc"], sample_weight=WEIGHTS)
    assert isinstance(result["top_k_curve"], np.ndarray)
    assert result["top_k_curve"].shape == (2,)


class Total(metrics.Metric):
    """Returns its variables, as the example of Keras's documentation does."""

    def __init__(self, shape: tuple[int, ...], name: str) -> None:
        super().__init__(name=name)
        self.total = self.add_variable(shape, "zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.total.assign_add(np.sum(y_pred, axis=0 if self.total.ndim else None))

    def result(self) -> Any:
        return self.total


def test_results_that_are_variables_become_numbers_and_arrays() -> None:
    totals = [Total((), "number"), Total((2,), "vector")]
    result = evaluate(TRUE, PRED, totals)
    totals[1].reset_state()
    assert type(result["number"]) is float
    assert type(result["vector"]) is np.ndarray
    np.testing.assert_allclose(result["vector"], PRED.sum(axis=0))


def test_metrics_of_keras_are_no_functions() -> None:
    keras = pytest.importorskip("keras")
    message = r"`metrics` must hold metrics of this package or functions\. Received a metric, keras\..*\.Mean.*Error"
    for use in (lambda one: evaluate(TRUE, PRED, [one]), lambda one: metrics.MetricCollection([one])):
        with pytest.raises(TypeError, match=message):
            use(keras.metrics.MeanAbsoluteError())
    ours = metrics.deserialize(keras.metrics.serialize(keras.metrics.MeanAbsoluteError(name="theirs")))
    assert list(evaluate(TRUE, PRED, [ours])) == ["theirs"]


def test_masks_of_keras_are_heeded() -> None:
    class Masked(np.ndarray):
        pass

    masked = PRED.view(Masked)
    masked._keras_mask = np.arange(ROWS) < 10  # type: ignore[attr-defined]
    expected = mean_error(TRUE[:10], PRED[:10])
    assert evaluate(TRUE, masked, ["mae"]) == pytest.approx({"mae": expected}, rel=1e-14)
    several = evaluate({"a": TRUE, "b": TRUE}, {"a": masked, "b": PRED}, ["mae", "mae"], [])
    assert several == pytest.approx({"a_mae": expected, "b_mae": MAE}, rel=1e-14)
    with pytest.raises(ValueError, match="`batch_size` must be None for `y_pred` with a `_keras_mask`"):
        evaluate(TRUE, masked, ["mae"], batch_size=5)


def test_one_metric_serves_once() -> None:
    metric = new_mae()
    for arguments in ([[metric, metric]], [[metric], [metric]]):
        with pytest.raises(ValueError, match=r"`metrics` must be different objects\. Received one of them twice\."):
            evaluate(TRUE, PRED, *arguments)
    with pytest.raises(ValueError, match="different objects"):
        evaluate([TRUE, TRUE], [PRED, PRED], [metric, metric])


def test_arrays_by_their_own_names() -> None:
    assert evaluate(y_true=TRUE, y_pred=PRED, metrics=["mae"]) == evaluate(TRUE, PRED, ["mae"])
    with pytest.raises(TypeError, match=r"`y_true` must be given only where `data` is a path, or in its place"):
        evaluate(TRUE, PRED, y_true=TRUE)


def test_crossentropy_of_one_score_is_binary() -> None:
    labels, scores = np.arange(ROWS) % 2, PRED[:, 0]
    if not hasattr(metrics, "BinaryCrossentropy"):
        pytest.skip("there is no BinaryCrossentropy yet")
    expected = -np.log(np.where(labels == 1, scores, 1 - scores)).mean()
    for arrays in [(labels, scores), (labels[:, None], scores[:, None])]:
        assert evaluate(*arrays, ["ce", "crossentropy"])["ce"] == pytest.approx(expected, rel=1e-6)


# Several outputs

DICTS = {"b": TRUE, "a": OTHER_TRUE}, {"b": PRED, "a": OTHER_PRED}
DICT_WEIGHTS = {"b": WEIGHTS, "a": OTHER_WEIGHTS}
LISTS = [TRUE, OTHER_TRUE], [PRED, OTHER_PRED]


def test_dicts_of_outputs() -> None:
    by_name = {"a": ["mae", "mse"], "b": "mae"}
    result = evaluate(*DICTS, by_name)
    assert list(result) == ["a_mae", "a_mse", "b_mae"]
    assert result["a_mae"] == pytest.approx(OTHER_MAE, rel=1e-14)
    assert result["b_mae"] == pytest.approx(MAE, rel=1e-14)
    assert list(evaluate(*DICTS, {"b": [new_mae()]})) == ["b_mean_absolute_error"]
    assert list(evaluate(*DICTS, ["mae", ["mse"]])) == ["a_mae", "b_mse"]
    assert list(evaluate(*map(OrderedDict, DICTS), ["mae", ["mse"]])) == ["b_mae", "a_mse"]
    assert list(evaluate(*DICTS, [None, "mse"])) == ["b_mse"]
    assert list(evaluate({**DICTS[0], "unused": TRUE}, DICTS[1], {"a": "mse"})) == ["a_mse"]
    assert evaluate(*DICTS, {}) == evaluate(*DICTS, []) == {}


def test_lists_of_outputs() -> None:
    result = evaluate(*LISTS, ["mae", "mse"])
    assert list(result) == ["output_0_mae", "output_1_mse"]
    assert result["output_0_mae"] == pytest.approx(MAE, rel=1e-14)
    assert list(evaluate(*map(tuple, LISTS), [["mae", "mae"], []])) == ["output_0_mae", "output_0_mae_1"]
    assert list(evaluate(*LISTS, {"output_1": "mae"})) == ["output_1_mae"]


def test_weights_of_outputs() -> None:
    expected = {"a_mae": OTHER_MAE, "b_mae": MAE, "a_weighted_mae": OTHER_WEIGHTED_MAE, "b_weighted_mae": WEIGHTED_MAE}
    for weights in (DICT_WEIGHTS, [OTHER_WEIGHTS, WEIGHTS]):
        result = evaluate(*DICTS, {"a": "mae", "b": "mae"}, {"a": "mae", "b": "mae"}, weights)
        assert list(result) == list(expected)
        assert result == pytest.approx(expected, rel=1e-14)
    for weights in (WEIGHTS, [WEIGHTS], WEIGHTS.tolist()):
        result = evaluate(*LISTS, ["mae", "mae"], sample_weight=weights)
        assert result["output_0_mae"] == pytest.approx(WEIGHTED_MAE, rel=1e-14)
        assert result["output_1_mae"] == pytest.approx(mean_error(OTHER_TRUE, OTHER_PRED, WEIGHTS), rel=1e-14)
    for weights in ({"a": OTHER_WEIGHTS}, [OTHER_WEIGHTS, None]):
        result = evaluate(*DICTS, ["mae", "mae"], sample_weight=weights)
        assert result == pytest.approx({"a_mae": OTHER_WEIGHTED_MAE, "b_mae": MAE}, rel=1e-14)


@pytest.mark.parametrize("step", [1, 7, ROWS])
def test_outputs_in_batches_have_the_same_bits(step: int) -> None:
    arguments = {"metrics": ["mae", "acc"], "weighted_metrics": [["mae"], ["acc", error_and_bias]]}
    whole = evaluate(*DICTS, **arguments, sample_weight=DICT_WEIGHTS)
    assert list(whole) == ["a_mae", "b_acc", "a_weighted_mae", "b_weighted_acc", "b_error", "b_bias"]
    cut = evaluate(*DICTS, **arguments, sample_weight=DICT_WEIGHTS, batch_size=step)
    given = (DICTS[0], DICTS[1], DICT_WEIGHTS)
    pieces = [
        tuple({name: array[start : start + step] for name, array in one.items()} for one in given)
        for start in range(0, ROWS, step)
    ]
    streamed = evaluate(iter(pieces), **arguments)
    del cut["b_bias"], streamed["b_bias"], whole["b_bias"]
    assert cut == streamed == whole


def test_defaults_are_for_every_output() -> None:
    labels = np.arange(ROWS) % 2
    assert list(evaluate([labels, labels], [PRED, labels])) == ["output_0_accuracy", "output_1_accuracy"]
    chosen = evaluate([labels, labels], [PRED, labels], None)
    names = ["output_0_accuracy", "output_0_crossentropy", "output_0_confusion_matrix"]
    assert list(chosen) == [*names, "output_1_accuracy", "output_1_confusion_matrix"]


def test_one_output_in_a_dict_or_list_has_no_prefix() -> None:
    one = {"only": TRUE}, {"only": PRED}
    assert list(evaluate(*one, ["mae", "mse"])) == ["mae", "mse"]
    assert list(evaluate(*one, {"only": ["mae", "mse"]})) == ["mae", "mse"]
    assert list(evaluate([TRUE], [PRED], ["mae", "mse"], sample_weight=[WEIGHTS])) == ["mae", "mse"]
    assert list(evaluate(TRUE, PRED, {"any": ["mae", "mse"]})) == ["mae", "mse"]


def test_lists_of_numbers_and_rows_are_one_array() -> None:
    assert evaluate(TRUE.tolist(), PRED.tolist(), ["mae"]) == evaluate(TRUE, PRED, ["mae"])
    assert evaluate(TRUE, list(PRED), ["mae"]) == evaluate(TRUE, PRED, ["mae"])


def test_outputs_without_rows() -> None:
    nothing = [one[:0] for one in LISTS[0]], [one[:0] for one in LISTS[1]]
    assert evaluate(*nothing, ["mae", "mse"]) == {"output_0_mae": 0.0, "output_1_mse": 0.0}


OUTPUT_FAULTS = [
    (({"a": TRUE}, PRED, "mae"), r"`y_pred` must be a dict by output, as `y_true` is\. Received ndarray\."),
    ((TRUE, DICTS[1], "mae"), r"`y_true` must be a dict by output, as `y_pred` is\. Received ndarray\."),
    ((DICTS[0], LISTS[1], "mae"), r"`y_pred` must be a dict by output, as `y_true` is\. Received list\."),
    (({"a": TRUE}, DICTS[1], "mae"), r"`y_true` must have the outputs \['a', 'b'\] of `y_pred`\. Received \['a'\]\."),
    ((LISTS[0][:1], LISTS[1], "mae"), r"`y_true` must have 2 outputs, as `y_pred` has\. Received 1\."),
    (({}, {}, "mae"), r"`y_pred` must have at least one output\. Received \{\}\."),
    ((*DICTS, ["mae"]), r"`metrics` must be a dict by output or a list with one .*'a', 'b'\. Received 1 entries\."),
    ((*DICTS, [], ["mae"]), r"`weighted_metrics` must be a dict by output .*Received 1 entries\."),
    ((*DICTS, {"c": "mae"}), r"`metrics` must name outputs of 'a', 'b'\. Received 'c'\."),
    ((*DICTS, {}, {}, {"c": WEIGHTS}), r"`sample_weight` must name outputs of \['a', 'b'\]\. Received \['c'\]\."),
    ((*LISTS, [], [], [WEIGHTS] * 3), r"`sample_weight` must have one array, or one for each of .*Received 3\."),
    (([TRUE, TRUE[1:]], LISTS[1], []), r"`y_true\['output_1'\]` has 39"),
]


@pytest.mark.parametrize(("arguments", "message"), OUTPUT_FAULTS)
def test_outputs_that_do_not_go_together(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(*arguments)


def test_faults_name_the_output() -> None:
    labels, bad = np.zeros(ROWS, int), np.full(ROWS, 2)
    with pytest.raises(ValueError, match=r"In output 'b': `y_true` must hold class labels in \[0, 2\)"):
        evaluate({"a": labels, "b": bad}, {"a": PRED, "b": PRED}, ["acc", "acc"])
    batches = [(DICTS[0], DICTS[1]), ({"a": TRUE}, {"a": PRED})]
    with pytest.raises(ValueError, match=r"`y_pred` must have the outputs \['a', 'b'\] of the first batch\. Received "):
        evaluate(batches, metrics=["mae", "mae"])


# Keras as the oracle of names

NAMINGS = [
    (1, ["mae", "mae", "MAE", "mse"], None),
    (1, ["mae", "mean_absolute_error", new_mae], ["mae", "mae", "mse", new_mae, new_mae]),
    (1, None, ["mae", "mae", "mae"]),
    (1, {"any": "mae"}, None),
    (2, ["mae", "mse"], ["mae", None]),
    (2, [["mae", "mae"], "mse"], [["mae", "mae"], ["mae", "mse"]]),
    (2, {"a": "mae"}, {"a": "mae", "b": ["mae", "mae", "mae"]}),
    (2, {"b": ["acc", "ACC", "Accuracy"]}, {"b": ["acc"]}),
]


@pytest.mark.parametrize(("outputs", "plain", "weighted"), NAMINGS)
def test_keys_and_values_are_those_of_keras(outputs: int, plain: Any, weighted: Any) -> None:
    keras = pytest.importorskip("keras")
    from keras.src.trainers.compile_utils import CompileMetrics

    def instances(given: Any, module: Any) -> Any:
        if isinstance(given, dict):
            return {key: instances(entry, module) for key, entry in given.items()}
        if isinstance(given, list):
            return [instances(entry, module) for entry in given]
        return module.MeanAbsoluteError() if given is new_mae else given

    arrays = (DICTS[0], DICTS[1], DICT_WEIGHTS) if outputs == 2 else (TRUE, PRED, WEIGHTS)
    theirs = CompileMetrics(instances(plain, keras.metrics), instances(weighted, keras.metrics))
    theirs.update_state(*arrays)
    ours = evaluate(
        *arrays[:2], instances(plain, metrics) or [], instances(weighted, metrics) or [], sample_weight=arrays[2]
    )
    expected = {key: float(value) for key, value in theirs.result().items()}
    assert list(ours) == list(expected)
    assert ours == pytest.approx(expected, rel=1e-5)


# Where Keras is otherwise


def of_keras(plain: Any, *arrays: Any) -> dict[str, Any]:
    pytest.importorskip("keras")
    from keras.src.trainers.compile_utils import CompileMetrics

    theirs = CompileMetrics(plain, None)
    theirs.update_state(*arrays)
    return dict(theirs.result())


def test_keras_takes_the_maximum_over_a_rank_1_batch_and_we_do_not() -> None:
    labels, scores = np.array([0, 1, 1, 0]), np.array([0.1, 0.8, 0.9, 0.7])
    assert float(of_keras(["acc"], labels, scores)["acc"]) == 0.0
    assert evaluate(labels, scores, ["acc"]) == {"acc": 0.75}
    predicted = np.array([0, 1, 2, 0])
    assert evaluate(labels, predicted, ["acc"]) == {"acc": 0.75}


def test_keras_knows_crossentropy_only_as_a_loss() -> None:
    labels, scores = np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]])
    for name in ("ce", "CE", "crossentropy"):
        with pytest.raises(ValueError, match="Could not interpret metric identifier"):
            of_keras([name], labels, scores)
        assert evaluate(labels, scores, [name]) == pytest.approx({name: np.log(2)}, rel=1e-12)


def test_keras_lets_a_numbered_name_take_the_place_of_another() -> None:
    keras = pytest.importorskip("keras")
    named = {
        module: [module.MeanAbsoluteError(name=name) for name in ("m", "m", "m_1")]
        for module in (keras.metrics, metrics)
    }
    assert list(of_keras(named[keras.metrics], TRUE, PRED)) == ["m", "m_1"]
    assert list(evaluate(TRUE, PRED, named[metrics])) == ["m", "m_1", "m_1_1"]


def test_keras_does_not_name_the_outputs_of_lists() -> None:
    assert list(of_keras(["mae", "mse"], *LISTS)) == ["mae", "mse"]


def test_keras_refuses_dicts_from_functions() -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        of_keras([error_and_bias], TRUE, PRED)
