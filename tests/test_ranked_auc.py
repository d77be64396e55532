"""AUC without thresholds: exact, and bounded once there are too many scores."""

import copy

import numpy as np
import pytest

from tallymetrics import _core, metrics
from tallymetrics.metrics import score_table

sklearn_metrics = pytest.importorskip("sklearn.metrics")

ORACLES = {"ROC": sklearn_metrics.roc_auc_score, "PR": sklearn_metrics.average_precision_score}


def draw(rng, rows):
    labels = rng.integers(0, 2, rows)
    return labels, (rng.normal(size=rows) + labels).astype(np.float32)


@pytest.fixture
def few_scores(monkeypatch):
    monkeypatch.setattr(score_table, "MOST_SCORES", 64)
    monkeypatch.setattr(score_table, "_WAITING_ELEMENTS", 16)


@pytest.mark.parametrize("curve", ORACLES)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("weights", ["none", "whole", "real"])
def test_areas_are_those_of_scikit_learn(curve, dtype, weights, rng):
    labels, scores = draw(rng, 70_000)
    scores = scores.astype(dtype)
    weight = {"none": None, "whole": rng.integers(0, 4, 70_000), "real": rng.random(70_000)}[weights]
    metric = metrics.AUC(num_thresholds=None, curve=curve)
    for part in (slice(0, 100), slice(100, 50_000), slice(50_000, None)):
        metric.update_state(labels[part], scores[part], None if weight is None else weight[part])
    expected = ORACLES[curve](labels, scores, sample_weight=weight)
    assert metric.result() == pytest.approx(expected, rel=1e-12)
    assert metric.result_interval() == (metric.result(), metric.result())


def test_rare_events_have_an_area(rng):
    scores = rng.beta(1.0, 1000.0, 100_000)
    labels = (rng.random(100_000) < 5 * scores).astype(np.int32)
    binned, ranked = metrics.AUC(), metrics.AUC(num_thresholds=None)
    for metric in (binned, ranked):
        metric.update_state(labels, scores)
    assert ranked.result() == pytest.approx(sklearn_metrics.roc_auc_score(labels, scores), rel=1e-12)
    assert ranked.result() == pytest.approx(0.747, abs=5e-4)
    assert binned.result() == pytest.approx(0.511, abs=5e-4)
    keras = pytest.importorskip("keras")
    theirs = keras.metrics.AUC()
    theirs.update_state(labels, scores)
    assert float(theirs.result()) == pytest.approx(0.511, abs=5e-4)


def test_special_scores():
    metric = metrics.AUC(num_thresholds=None)
    metric.update_state([0, 1, 0, 1], [np.nan, -np.inf, -5.0, np.inf])
    assert metric.result() == (0.5 + 0 + 1 + 1) / 4
    signed = metrics.AUC(num_thresholds=None)
    signed.update_state([0, 1], [-0.0, 0.0])
    assert signed.result() == 0.5
    alone = metrics.AUC(num_thresholds=None)
    alone.update_state([1, 1], [0.1, 0.2])
    assert alone.result() == 0.0


@pytest.mark.parametrize("curve", ORACLES)
def test_bounds_hold_and_are_close(curve, rng):
    labels, scores = draw(rng, 600_000)
    metric = metrics.AUC(num_thresholds=None, curve=curve)
    for part in np.array_split(np.arange(600_000), 3):
        metric.update_state(labels[part], scores[part])
    low, high = metric.result_interval()
    assert low <= ORACLES[curve](labels, scores) <= high
    assert low <= metric.result() <= high
    assert 0 < high - low < 1e-4


@pytest.mark.parametrize("weighted", [False, True])
def test_bins_are_a_function_of_what_was_added(few_scores, weighted, rng):
    labels, scores = draw(rng, 300)
    scores[::3] = np.round(scores[::3])
    weight = rng.random(300) if weighted else None
    answers = set()
    for _ in range(4):
        order = rng.permutation(300)
        parts = []
        for rows in np.array_split(order, np.sort(rng.integers(0, 300, 3))):
            part = metrics.AUC(num_thresholds=None)
            for cut in np.array_split(rows, 3):
                part.update_state(labels[cut], scores[cut], None if weight is None else weight[cut])
            parts.append(copy.deepcopy(part))
        metric = metrics.AUC(num_thresholds=None)
        metric.merge_state(parts)
        other = metrics.AUC(num_thresholds=None)
        other.load_state_arrays(metric.state_arrays())
        assert metric.cells.is_binned
        assert other.result() == metric.result()
        answers.add((metric.result(), *metric.result_interval()))
    assert len(answers) == 1


def test_scores_are_kept_up_to_the_limit(few_scores):
    metric = metrics.AUC(num_thresholds=None)
    metric.update_state(np.arange(64) % 2, np.arange(64.0))
    metric.update_state(np.arange(64) % 2, np.arange(64.0))
    assert not metric.cells.is_binned
    assert len(metric.scores) == 64
    metric.update_state([1], [64.0])
    assert metric.scores.shape == (0,)
    assert metric.cells.is_binned
    assert metric.result_interval() == (metric.result(), metric.result())
    metric.update_state([0, 1], [0.50001, 0.50002])
    low, high = metric.result_interval()
    assert low < metric.result() < high
    metric.reset_state()
    assert not metric.cells.is_binned


@pytest.mark.parametrize("distinct", [2, 100])
def test_a_refused_batch_keeps_the_scores(few_scores, distinct, rng):
    metric = metrics.AUC(num_thresholds=None)
    metric.update_state(np.arange(distinct) % 2, np.arange(1.0, 1 + distinct) / 4)
    assert metric.cells.is_binned == (distinct == 100)
    before = metric.state_arrays()
    labels, scores = draw(rng, 100)
    for rows in (3, 20, 100):
        weight = np.ones(rows)
        weight[-1] = np.nan
        with pytest.raises(ValueError, match="`sample_weight` must be finite"):
            metric.update_state(labels[:rows], scores[:rows], sample_weight=weight)
        after = metric.state_arrays()
        assert before.keys() == after.keys()
        assert all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("curve", ["ROC", "PR"])
def test_an_interval_is_of_one_moment(few_scores, curve, monkeypatch, rng):
    metric = metrics.AUC(num_thresholds=None, curve=curve)
    metric.update_state([0, 1, 1], [0.25, 0.5, 0.125])
    area, counts_of = metric.result(), metrics.AUC._ranked_counts
    batches = [([0, 1], [0.50001, 0.50002]), draw(rng, 300)]

    def counts_and_more(self):
        counts = counts_of(self)
        while batches:
            self.update_state(*batches.pop())
        return counts

    monkeypatch.setattr(metrics.AUC, "_ranked_counts", counts_and_more)
    assert metric.result_interval() == (area, area)
    low, high = metric.result_interval()
    assert low < high


@pytest.mark.parametrize("scores", [[1.0, 1.0], [2.0, 1.0], [[1.0]]])
def test_loading_refuses_scores_out_of_order(scores):
    metric = metrics.AUC(num_thresholds=None)
    with pytest.raises(ValueError, match="`scores` must hold increasing scores"):
        metric.load_state_arrays({"scores": np.array(scores), "cells": np.zeros((2, 4), np.int64)})
    with pytest.raises(ValueError, match="`value` must hold integers for 2 scores"):
        metric.load_state_arrays({"scores": np.array([1.0, 2.0]), "cells": np.zeros((2, 9), np.int64)})


def test_bins_increase_with_scores_and_tell_halves_apart(rng):
    scores = np.concatenate([rng.normal(size=5000) * 10.0 ** rng.integers(-12, 12, 5000), rng.random(5000)])
    scores = np.sort(np.concatenate([scores, [0.0, 0.5, 1.0, np.nextafter(0.5, 0), 1 - 2**-53, np.inf, -np.inf]]))
    bins = _core.histogram_bins(scores)
    assert (np.diff(bins) >= 0).all()
    assert 0 <= bins.min() <= bins.max() < _core.HISTOGRAM_BINS
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    halves = np.unique(halves[np.isfinite(halves)]).astype(np.float64)
    assert len(np.unique(_core.histogram_bins(halves))) == len(halves)
    assert _core.histogram_bins(np.array([np.nan])) == 0
