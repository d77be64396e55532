"""scikit-learn and SciPy as oracles of the confusion matrix, the reports, the ranks, the losses and the distances."""

import numpy as np
import pytest

from tallymetrics import metrics

sklearn_metrics = pytest.importorskip("sklearn.metrics")
stats = pytest.importorskip("scipy.stats")

WEIGHTED = pytest.mark.parametrize("weighted", [False, True])
CLASSES = pytest.mark.parametrize("classes", [2, 3, 10, 120])


def draw_labels(rng, classes, rows=700):
    """Labels where some classes are never true, some never predicted, some neither."""
    y_true, y_pred = rng.integers(0, max(classes - 1, 1), rows), rng.integers(min(1, classes - 1), classes, rows)
    absent = classes // 2
    y_true[y_true == absent] = 0
    y_pred = np.where(rng.random(rows) < 0.6, y_true, y_pred)
    return y_true, np.where(y_pred == absent, classes - 1, y_pred)


def draw_probabilities(rng, classes, rows=400):
    scores = rng.dirichlet(np.ones(classes), size=rows)
    return rng.integers(0, classes, rows), scores


def fed(metric, *inputs, weight=None):
    halves = [slice(0, 250), slice(250, None)]
    for rows in halves:
        metric.update_state(*(one[rows] for one in inputs), sample_weight=None if weight is None else weight[rows])
    return metric


def draw_weight(rng, rows, weighted):
    return rng.random(rows) if weighted else None


@WEIGHTED
@CLASSES
@pytest.mark.parametrize("normalize", [None, "true", "pred", "all"])
def test_confusion_matrix(classes, normalize, weighted, rng):
    y_true, y_pred = draw_labels(rng, classes)
    weight = draw_weight(rng, len(y_true), weighted)
    ours = fed(metrics.ConfusionMatrix(classes, normalize=normalize), y_true, y_pred, weight=weight).result()
    theirs = sklearn_metrics.confusion_matrix(
        y_true, y_pred, labels=range(classes), normalize=normalize, sample_weight=weight
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)
    if normalize is None and not weighted:
        assert ours.dtype == np.int64
        assert np.array_equal(ours, theirs)


@WEIGHTED
@CLASSES
@pytest.mark.parametrize("average", [None, "micro", "macro", "weighted"])
def test_precision_recall_and_f_beta(classes, average, weighted, rng):
    y_true, y_pred = draw_labels(rng, classes)
    weight = draw_weight(rng, len(y_true), weighted)
    matrix = fed(metrics.ConfusionMatrix(classes), y_true, y_pred, weight=weight)
    for beta in (0.5, 1.0, 2.0):
        theirs = sklearn_metrics.precision_recall_fscore_support(
            y_true,
            y_pred,
            beta=beta,
            labels=range(classes),
            average=average,
            sample_weight=weight,
            zero_division=0,
        )
        ours = matrix.precision(average), matrix.recall(average), matrix.f_beta(beta, average)
        for one, other in zip(ours, theirs[:3], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)
            assert isinstance(one, np.ndarray) if average is None else type(one) is float
        if average is None:
            np.testing.assert_allclose(matrix.support(), theirs[3], rtol=1e-12)


def test_averages_are_read_from_a_normalised_matrix_too(rng):
    y_true, y_pred = draw_labels(rng, 5)
    plain, normalised = (fed(metrics.ConfusionMatrix(5, normalize=one), y_true, y_pred) for one in (None, "true"))
    assert plain.f_beta(2.0, "macro") == normalised.f_beta(2.0, "macro")
    assert np.array_equal(plain.support(), normalised.support())


@pytest.mark.parametrize("method", ["precision", "recall", "f_beta"])
def test_unknown_averages_are_refused(method):
    with pytest.raises(ValueError, match="average"):
        getattr(metrics.ConfusionMatrix(3), method)(average="samples")


def test_unknown_normalizations_are_refused():
    with pytest.raises(ValueError, match="normalize"):
        metrics.ConfusionMatrix(3, normalize="rows")


@WEIGHTED
@CLASSES
@pytest.mark.parametrize("named", [False, True])
def test_classification_report(classes, named, weighted, rng):
    y_true, y_pred = draw_labels(rng, classes)
    weight = draw_weight(rng, len(y_true), weighted)
    names = [f"class {index}" for index in range(classes)] if named else None
    ours = fed(metrics.ConfusionMatrix(classes), y_true, y_pred, weight=weight).classification_report(names)
    theirs = sklearn_metrics.classification_report(
        np.append(y_true, range(classes)),
        np.append(y_pred, range(classes)),
        labels=range(classes),
        target_names=names,
        sample_weight=np.append(np.ones(len(y_true)) if weight is None else weight, np.zeros(classes)),
        output_dict=True,
        zero_division=0,
    )
    assert list(ours) == list(theirs)
    for key, entry in theirs.items():
        assert ours[key] == pytest.approx(entry, rel=1e-12)


def test_classification_report_refuses_a_wrong_number_of_names():
    with pytest.raises(ValueError, match="class_names"):
        metrics.ConfusionMatrix(3).classification_report(["a", "b"])


@WEIGHTED
@pytest.mark.parametrize("k", [1, 2, 5])
def test_top_k_accuracy(k, weighted, rng):
    y_true, scores = draw_probabilities(rng, 20)
    weight = draw_weight(rng, len(y_true), weighted)
    theirs = sklearn_metrics.top_k_accuracy_score(y_true, scores, k=k, labels=range(20), sample_weight=weight)
    ours = fed(metrics.SparseTopKCategoricalAccuracy(k=k), y_true, scores, weight=weight)
    curve = fed(metrics.TopKCurve(8), y_true, scores, weight=weight)
    assert ours.result() == pytest.approx(theirs, rel=1e-12)
    assert curve.result()[k - 1] == pytest.approx(theirs, rel=1e-12)
    for ties in ("optimistic", "pessimistic", "lowest_index"):
        assert curve.result(ties)[k - 1] == pytest.approx(theirs, rel=1e-12)


@WEIGHTED
def test_mean_reciprocal_rank(weighted, rng):
    y_true, scores = draw_probabilities(rng, 20)
    weight = draw_weight(rng, len(y_true), weighted)
    relevant = np.eye(20)[y_true]
    theirs = sklearn_metrics.label_ranking_average_precision_score(relevant, scores, sample_weight=weight)
    curve = fed(metrics.TopKCurve(20), y_true, scores, weight=weight)
    assert curve.mean_reciprocal_rank() == pytest.approx(theirs, rel=1e-12)


def test_pessimistic_mean_reciprocal_rank_with_ties(rng):
    y_true, scores = draw_probabilities(rng, 20)
    scores = np.round(scores * 30)
    theirs = sklearn_metrics.label_ranking_average_precision_score(np.eye(20)[y_true], scores)
    curve = fed(metrics.TopKCurve(20), y_true, scores)
    assert curve.mean_reciprocal_rank("pessimistic") == pytest.approx(theirs, rel=1e-12)
    assert curve.mean_reciprocal_rank() > theirs
    truncated = fed(metrics.TopKCurve(3), y_true, scores)
    assert truncated.mean_reciprocal_rank() == pytest.approx(
        np.diff(curve.result()[:3], prepend=0) @ [1, 1 / 2, 1 / 3], rel=1e-12
    )


@WEIGHTED
@CLASSES
def test_accuracy_and_log_loss(classes, weighted, rng):
    y_true, scores = draw_probabilities(rng, classes)
    weight = draw_weight(rng, len(y_true), weighted)
    log_loss = sklearn_metrics.log_loss(y_true, scores, labels=range(classes), sample_weight=weight)
    accuracy = sklearn_metrics.accuracy_score(y_true, scores.argmax(axis=1), sample_weight=weight)
    one_hot = np.eye(classes)[y_true]
    pairs = [
        (metrics.SparseCategoricalCrossentropy(), y_true, scores, log_loss),
        (metrics.CategoricalCrossentropy(), one_hot, scores, log_loss),
        (metrics.SparseCategoricalCrossentropy(from_logits=True), y_true, np.log(scores) + 3, log_loss),
        (metrics.SparseCategoricalAccuracy(), y_true, scores, accuracy),
        (metrics.CategoricalAccuracy(), one_hot, scores, accuracy),
        (metrics.Accuracy(), y_true, scores.argmax(axis=1), accuracy),
    ]
    for metric, true, predicted, expected in pairs:
        assert fed(metric, true, predicted, weight=weight).result() == pytest.approx(expected, rel=1e-11)


@WEIGHTED
@pytest.mark.parametrize("shape", [(400,), (400, 6)])
def test_errors(shape, weighted, rng):
    y_true, y_pred = rng.normal(size=shape), rng.normal(size=shape)
    weight = draw_weight(rng, 400, weighted)
    for name in ("mean_squared_error", "mean_absolute_error"):
        theirs = getattr(sklearn_metrics, name)(y_true, y_pred, sample_weight=weight)
        ours = fed(metrics.get(name), y_true, y_pred, weight=weight)
        assert ours.result() == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize("bins", [2, 10, 33, 200])
def test_earth_movers_distance(bins, rng):
    y_true, y_pred = rng.dirichlet(np.ones(bins), size=30), rng.dirichlet(np.ones(bins), size=30)
    pairs = zip(y_true, y_pred, strict=True)
    theirs = np.mean([stats.wasserstein_distance(range(bins), range(bins), *pair) for pair in pairs]) / bins
    metric = metrics.EarthMoversDistance(r=1)
    metric.update_state(y_true, y_pred)
    assert metric.result() == pytest.approx(theirs, rel=1e-11)


def test_energy_distance_is_the_form_of_r_2(rng):
    y_true, y_pred = rng.dirichlet(np.ones(12), size=30), rng.dirichlet(np.ones(12), size=30)
    energy = [stats.energy_distance(range(12), range(12), *pair) for pair in zip(y_true, y_pred, strict=True)]
    metric = metrics.EarthMoversDistance()
    metric.update_state(y_true, y_pred)
    assert metric.result() == pytest.approx(np.mean(energy) / np.sqrt(2 * 12), rel=1e-11)


def test_distribution_mean_error(rng):
    bins = np.array([1.0, 2.0, 4.0, 8.0])
    y_true, y_pred = rng.dirichlet(np.ones(4), size=30), rng.dirichlet(np.ones(4), size=30)
    theirs = sklearn_metrics.mean_absolute_error(y_true @ bins, y_pred @ bins)
    metric = metrics.DistributionMeanError(bins=bins)
    metric.update_state(y_true, y_pred)
    assert metric.result() == pytest.approx(theirs, rel=1e-11)
