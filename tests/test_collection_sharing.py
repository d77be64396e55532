"""Metrics in a collection share one pass over the data: each answers as if it were alone."""

import numpy as np
import pytest
from cases import absolute_difference
from draws import draw_ids_and, draw_one_hot_and, draw_soft_and, draw_value_pairs, logits, probabilities
from families import Batch, Case
from laws import bits

import tallymetrics
from tallymetrics import metrics

CLASSES = 12


def of_ids():
    return [
        metrics.SparseCategoricalAccuracy(),
        metrics.SparseTopKCategoricalAccuracy(k=1, name="top_1"),
        metrics.SparseTopKCategoricalAccuracy(k=5, name="top_5"),
        metrics.TopKCurve(4),
        metrics.TopKCurve(20, ties="lowest_index", name="lowest_index"),
        metrics.TopKCurve(9, ties="pessimistic", name="pessimistic"),
        metrics.SparseCategoricalCrossentropy(),
        metrics.SparseCategoricalCrossentropy(from_logits=True, name="from_logits"),
        metrics.SparseCategoricalCrossentropy(ignore_class=3, name="ignoring_3"),
        metrics.SparseCategoricalCrossentropy(ignore_class=4, name="ignoring_4"),
        metrics.ConfusionMatrix(CLASSES),
        metrics.ConfusionMatrix(CLASSES, normalize="true", name="normalised"),
    ]


def of_rows():
    return [
        metrics.CategoricalAccuracy(),
        metrics.TopKCategoricalAccuracy(k=2),
        metrics.CategoricalCrossentropy(),
        metrics.CategoricalCrossentropy(from_logits=True, name="from_logits"),
        metrics.CategoricalCrossentropy(label_smoothing=0.2, name="smooth"),
        metrics.CategoricalCrossentropy(label_smoothing=0.3, name="smoother"),
        metrics.EarthMoversDistance(r=1, name="first"),
        metrics.EarthMoversDistance(r=2, name="second"),
        metrics.DistributionMeanError(),
        metrics.DistributionMeanError(bins=np.linspace(-1, 3, CLASSES), name="with_bins"),
        metrics.DistributionMeanError(bins=np.linspace(-1, 4, CLASSES), name="with_other_bins"),
        metrics.MeanSquaredError(),
        metrics.MeanAbsoluteError(),
        metrics.ConfusionMatrix(CLASSES, sparse_y_true=False, sparse_y_pred=False),
        metrics.TopKCurve(3),
    ]


def of_values():
    return [
        metrics.MeanSquaredError(),
        metrics.MeanAbsoluteError(),
        metrics.MeanSquaredError(name="again"),
        metrics.BinaryAccuracy(),
        metrics.BinaryAccuracy(threshold=0.25, name="quarter"),
        metrics.Accuracy(),
        metrics.MeanMetricWrapper(absolute_difference, name="function"),
    ]


KINDS = {
    "ids and probabilities": (of_ids, draw_ids_and(probabilities)),
    "ids and logits": (of_ids, draw_ids_and(logits)),
    "sequences of ids": (of_ids, draw_ids_and(probabilities, (3,))),
    "one-hot rows": (of_rows, draw_one_hot_and(probabilities)),
    "soft rows": (of_rows, draw_soft_and(logits)),
    "sequences of rows": (of_rows, draw_soft_and(probabilities, (3,))),
    "values": (of_values, draw_value_pairs()),
    "rows of values": (of_values, draw_value_pairs((3,))),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("score_dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_together_as_alone(kind, score_dtype, weighted, rng):
    make, draw = KINDS[kind]
    case = Case(None, CLASSES, score_dtype, "int32")
    batches = [
        Batch(draw(rng, rows, case), rng.random(rows, dtype=np.float32) if weighted else None) for rows in (1, 40, 700)
    ]
    alone = make()
    for metric in alone:
        for batch in batches:
            batch.feed(metric)
    expected = {metric.name: bits(metric.result()) for metric in alone}
    for level in tallymetrics.instruction_sets():
        tallymetrics.set_instruction_set(level)
        for chosen in (np.arange(len(alone)), *(rng.permutation(len(alone))[:3] for _ in range(5))):
            fresh = make()
            together = metrics.MetricCollection([fresh[index] for index in chosen])
            for batch in batches:
                batch.feed(together)
            assert bits(together.result()) == {alone[index].name: expected[alone[index].name] for index in chosen}


def test_metrics_of_a_collection_remain_usable_alone(rng):
    batch = Batch(draw_ids_and(probabilities)(rng, 50, Case(None, CLASSES)))
    accuracy = metrics.SparseCategoricalAccuracy()
    together = metrics.MetricCollection([accuracy, metrics.ConfusionMatrix(CLASSES)])
    batch.feed(together)
    assert accuracy.result() == together.result()["sparse_categorical_accuracy"]
    batch[:7].feed(accuracy)
    expected = batch[:7].feed(batch.feed(metrics.SparseCategoricalAccuracy())).result()
    assert together.result()["sparse_categorical_accuracy"] == expected


def test_one_bad_row_for_one_metric_stops_all(rng):
    labels, scores = draw_ids_and(probabilities)(rng, 50, Case(None, CLASSES))
    labels[17] = 12
    collection = metrics.MetricCollection(of_ids())
    empty = bits(metrics.MetricCollection(of_ids()).result())
    with pytest.raises(ValueError, match=r"`y_true` .* \[0, 12\)\. Received 12 in row 17"):
        collection.update_state(labels, scores)
    assert bits(collection.result()) == empty
    narrow = metrics.MetricCollection([metrics.Accuracy(), metrics.ConfusionMatrix(3)])
    with pytest.raises(ValueError, match=r"`y_pred` .* \[0, 3\)\. Received 3 in row 2"):
        narrow.update_state([0, 1, 2], [0, 1, 3])
    assert narrow.result()["accuracy"] == 0.0
    narrow.update_state([0, 1, 2], [0, 1, 1])
    assert narrow.result()["accuracy"] == 2 / 3


def test_a_label_ignored_by_one_metric_is_still_refused_by_the_others():
    labels, scores = np.array([0, -1]), np.full((2, 3), 0.5)
    ignoring = metrics.SparseCategoricalCrossentropy(ignore_class=-1)
    metrics.MetricCollection([ignoring]).update_state(labels, scores)
    before = bits(ignoring.result())
    with pytest.raises(ValueError, match=r"`y_true`.*Received -1 in row 1"):
        metrics.MetricCollection([ignoring, metrics.SparseCategoricalAccuracy()]).update_state(labels, scores)
    assert bits(ignoring.result()) == before


def test_collections_of_one_factory_merge_whatever_was_made_before():
    def make():
        return metrics.MetricCollection([metrics.Precision(), metrics.AUC(), metrics.AUC(curve="PR")])

    first, _, second = make(), metrics.AUC(), make()
    assert first.keys() == second.keys() == ["precision", "auc", "auc_1"]
    second.update_state([0, 1], [0.1, 0.9])
    first.merge_state([second])
    first.load_state_arrays(second.state_arrays())
    assert first.result() == second.result()
    named = metrics.MetricCollection([metrics.AUC(name="auc_7")])
    assert named.keys() == ["auc_7"]
