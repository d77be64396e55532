"""scikit-learn and SciPy as oracles of losses, errors and correlations."""

import numpy as np
import pytest
from scipy import special, stats

from tallymetrics import metrics

sklearn_metrics = pytest.importorskip("sklearn.metrics")


def fed(metric, y_true, y_pred, weights=None):
    for part in np.array_split(np.arange(len(y_true)), 3):
        metric.update_state(y_true[part], y_pred[part], None if weights is None else weights[part])
    return metric.result()


@pytest.mark.parametrize(
    ("make", "oracle"),
    [
        (metrics.MeanAbsolutePercentageError, lambda *data, **weights: 100 * percentage(*data, **weights)),
        (metrics.MeanSquaredLogarithmicError, sklearn_metrics.mean_squared_log_error),
        (metrics.RootMeanSquaredError, lambda *data, **weights: squared(*data, **weights) ** 0.5),
    ],
)
def test_errors(make, oracle, rng):
    y_true, y_pred, weights = rng.random((3, 500)) + 0.01
    assert fed(make(), y_true, y_pred) == pytest.approx(oracle(y_true, y_pred), rel=1e-12)
    assert fed(make(), y_true, y_pred, weights) == pytest.approx(
        oracle(y_true, y_pred, sample_weight=weights), rel=1e-12
    )


percentage = sklearn_metrics.mean_absolute_percentage_error
squared = sklearn_metrics.mean_squared_error


def test_losses_of_binary_labels(rng):
    labels, scores, weights = rng.integers(0, 2, 500), rng.uniform(0.01, 0.99, 500), rng.random(500)
    logits = np.log(scores) - np.log1p(-scores)
    expected = pytest.approx(sklearn_metrics.log_loss(labels, scores, sample_weight=weights), rel=1e-12)
    assert fed(metrics.BinaryCrossentropy(), labels, scores, weights) == expected
    assert fed(metrics.BinaryCrossentropy(from_logits=True), labels, logits, weights) == expected
    expected = sklearn_metrics.hinge_loss(labels, logits, sample_weight=weights)
    assert fed(metrics.Hinge(), labels, logits, weights) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("width", [4, 15, 16, 77])
def test_rows_against_scipy(width, rng):
    y_true, y_pred = rng.gamma(2.0, size=(2, 60, width))
    np.testing.assert_allclose(
        metrics.pearson_correlation(y_true, y_pred),
        np.array([stats.pearsonr(*rows).statistic for rows in zip(y_true, y_pred, strict=True)]),
        rtol=1e-10,
    )
    np.testing.assert_allclose(
        metrics.cosine_similarity(y_true, y_pred),
        np.diag(sklearn_metrics.pairwise.cosine_similarity(y_true, y_pred)),
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        metrics.huber(y_true, y_pred, delta=0.7), special.huber(0.7, y_true - y_pred).mean(axis=-1), rtol=1e-12
    )
    y_true, y_pred = (one / one.sum(axis=-1, keepdims=True) for one in (y_true + 0.01, y_pred + 0.01))
    np.testing.assert_allclose(metrics.kl_divergence(y_true, y_pred), stats.entropy(y_true, y_pred, axis=1), rtol=1e-9)


@pytest.mark.parametrize("name", ["CosineSimilarity", "PearsonCorrelation", "ConcordanceCorrelation"])
def test_several_axes_make_one_row(name, rng):
    y_true, y_pred = rng.random((2, 5, 3, 4))
    expected, along = getattr(metrics, name)(), getattr(metrics, name)(axis=(-1, 1))
    expected.update_state(*(np.moveaxis(array, 1, 2).reshape(5, 12) for array in (y_true, y_pred)))
    along.update_state(y_true, y_pred)
    assert along.result() == expected.result()
    assert type(along).from_config(along.get_config()).axis == (-1, 1)
    along.update_state(y_true, y_pred[..., None])
    assert along.result() == pytest.approx(expected.result(), rel=1e-15)
    with pytest.raises(ValueError, match=r"`axis` must be an axis of `y_pred`\. Received \(1, -2\) with shape"):
        getattr(metrics, name)(axis=(1, -2)).update_state(y_true, y_pred)
    with pytest.raises(ValueError, match=r"`axis` must name an axis"):
        getattr(metrics, name)(axis=())
    with pytest.raises(TypeError, match=r"`axis` must be an integer"):
        getattr(metrics, name)(axis=(1, "2"))


def test_functions_reduce_several_axes(rng):
    y_true, y_pred = rng.random((2, 5, 3, 4))
    ours = metrics.pearson_correlation(y_true, y_pred, axis=(1, 2))
    assert ours.shape == (5,)
    np.testing.assert_array_equal(ours, metrics.pearson_correlation(y_true.reshape(5, 12), y_pred.reshape(5, 12)))
