"""Cross-entropies from logits keep their digits, whatever the row, and halves are ranked as the numbers they are."""

import numpy as np
import pytest

from tallymetrics import metrics

WIDTHS = [33, 63, 64, 65, 255, 257, 1000, 4097]
LARGE = {np.float32: 60.0, np.float64: 650.0}


def expected_losses(y_true, logits):
    """log(1 + sum of the other exponentials relative to the true one), in long doubles."""
    rows = np.arange(len(y_true))
    wide = logits.astype(np.longdouble)
    differences = wide - wide[rows, y_true][:, np.newaxis]
    differences[rows, y_true] = -np.inf
    top = np.maximum(differences.max(axis=1), 0)
    others = np.exp(differences - top[:, np.newaxis]).sum(axis=1)
    small = np.log1p(others)
    return np.where(top > 0, top + np.log(others + np.exp(-top)), small).astype(np.float64)


def losses(y_true, logits):
    return np.asarray(metrics.sparse_categorical_crossentropy(y_true, logits, from_logits=True))


def draw(width, dtype, scale=1.0):
    rng = np.random.default_rng(width)
    return rng.integers(0, width, 200), (scale * rng.normal(size=(200, width))).astype(dtype)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("dtype", "error"), [(np.float32, 4e-7), (np.float64, 2e-15)])
@pytest.mark.parametrize("scale", [0.0, 1.0, 5.0, 20.0, 300.0])
def test_errors_are_in_proportion(level, width, dtype, error, scale):
    y_true, logits = draw(width, dtype, scale)
    expected = expected_losses(y_true, logits)
    assert np.all(np.abs(losses(y_true, logits) - expected) <= error * np.maximum(1, expected))


def test_an_offset_costs_nothing(level):
    y_true, logits = draw(1000, np.float32)
    moved = logits + np.float32(1e4)
    np.testing.assert_allclose(losses(y_true, moved), expected_losses(y_true, moved), rtol=2e-7)
    np.testing.assert_array_equal(losses(y_true, moved), losses(y_true, moved - np.float32(1e4)))


@pytest.mark.parametrize("width", [33, 64, 1000])
def test_small_losses_keep_their_digits(level, width):
    y_true, logits = draw(width, np.float32)
    logits[np.arange(200), y_true] = np.linspace(10, 30, 200, dtype=np.float32)
    expected = expected_losses(y_true, logits)
    assert expected.min() < 1e-9
    assert expected.max() > 1e-3
    np.testing.assert_allclose(losses(y_true, logits), expected, rtol=1e-6, atol=3e-16)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("least", [-np.inf, -1e30, -1e4])
def test_masked_logits_have_no_weight(level, dtype, least):
    y_true, logits = draw(1000, dtype)
    masked = logits.copy()
    masked[:, ::3] = least
    masked[np.arange(200), y_true] = logits[np.arange(200), y_true]
    kept = np.where(np.isfinite(masked), masked, dtype(-1e30))
    np.testing.assert_allclose(losses(y_true, masked), expected_losses(y_true, kept), rtol=2e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("below", [80.0, 86.0, 87.5, 88.5, 90.0, 177.0, 178.0, 300.0, 1e30])
def test_scores_far_below_the_true_one_change_no_other_row(level, dtype, below):
    """Exponentials near the least number, and rows after one that had them."""
    y_true, logits = draw(1000, dtype)
    logits[50, ::7] = logits[50, y_true[50]] - dtype(below)
    logits[50, y_true[50]] += dtype(0.5)
    logits[60, -3:] -= dtype(below)
    together = losses(y_true, logits)
    np.testing.assert_allclose(together, expected_losses(y_true, logits), rtol=4e-7)
    alone = [losses(y_true[row : row + 1], logits[row : row + 1])[0] for row in range(45, 70)]
    np.testing.assert_array_equal(together[45:70], alone)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("beyond", [-1.0, 0.0, 20.0, 40.0, 100.0, 200.0, 1e4, 1e30])
def test_hopeless_rows_cost_what_they_miss(level, dtype, beyond):
    """Whether the greatest exponential relative to the true one fits the type or not."""
    y_true, logits = draw(1000, dtype)
    logits[np.arange(200), (y_true + 5) % 1000] += dtype(LARGE[dtype] + beyond)
    np.testing.assert_allclose(losses(y_true, logits), expected_losses(y_true, logits), rtol=4e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("spread", [(-400.0, 400.0), (-90.0, -86.0), (87.0, 91.0), (176.0, 179.0), (-179.0, -176.0)])
@pytest.mark.parametrize(("width", "place"), [(129, 7), (192, 130), (129, 128)])
def test_one_score_at_every_distance(level, dtype, spread, width, place):
    """Wherever its exponential leaves the range of the type, or of what stands for its exponent: in rows one by one, as
    those after one with small exponentials are bounded, and in each kind of a row's blocks."""
    logits = np.full((401, width), -3, dtype)
    logits[:, place] = np.linspace(*spread, 401)
    logits[:, 5] = 0
    logits = np.concatenate([logits, logits[:1]])
    logits[-1, place] = np.nan
    y_true = np.full(402, 5)
    alone = [losses(y_true[row : row + 1], logits[row : row + 1])[0] for row in range(402)]
    np.testing.assert_allclose(alone, expected_losses(y_true, logits), rtol=4e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("place", [0, 70, 999])
def test_rows_that_are_not_finite(level, dtype, place):
    logits = draw(1000, dtype)[1][:5]
    y_true = np.array([place, place, place, place, 1])
    logits[0, 500] = np.nan
    logits[1, 500] = np.inf
    logits[2, place] = -np.inf
    logits[3, place] = np.nan
    logits[4] = -np.inf
    np.testing.assert_array_equal(losses(y_true, logits), [np.nan, np.nan, np.inf, np.nan, np.nan])


def test_other_columns_do_not_change_a_loss(level):
    y_true, logits = draw(1000, np.float32, 30.0)
    logits[7, 3] = np.nan
    logits[8, y_true[8]] = -100
    logits[9] = 1
    parts = [
        metrics.SparseCategoricalAccuracy(),
        metrics.SparseTopKCategoricalAccuracy(k=5),
        metrics.SparseCategoricalCrossentropy(from_logits=True, name="loss"),
        metrics.SparseCategoricalCrossentropy(name="of_probabilities"),
        metrics.ConfusionMatrix(1000),
    ]
    for row in range(5, 12):
        some = y_true[row : row + 1], logits[row : row + 1]
        for count in (3, 4, 5):
            together = metrics.MetricCollection(parts[:count])
            together.reset_state()
            together.update_state(*some)
            expected = [metrics.SparseCategoricalAccuracy(), metrics.SparseTopKCategoricalAccuracy(k=5)]
            for metric in expected:
                metric.update_state(*some)
            result = together.result()
            assert [metric.result() for metric in expected] == list(result.values())[:2]
            np.testing.assert_array_equal(result["loss"], losses(*some)[0])


@pytest.mark.parametrize("ties", ["optimistic", "pessimistic", "lowest_index"])
@pytest.mark.parametrize(("own", "other"), [(0.0, -0.0), (-0.0, 0.0), (0.0, 0.0), (-0.0, -0.0)])
def test_zeros_of_both_signs_tie(level, ties, own, other):
    logits = np.full((1, 40), -1, np.float32)
    logits[0, :3], logits[0, 5], logits[0, 9] = other, own, 0.5
    curve, same = (metrics.TopKCurve(6, ties=ties, name=name) for name in ("curve", "same"))
    curve.update_state([5], logits)
    together = metrics.MetricCollection([same, metrics.SparseCategoricalCrossentropy(from_logits=True)])
    together.update_state([5], logits)
    assert same.result().tolist() == curve.result().tolist()
    assert same.result().sum() == {"optimistic": 5, "pessimistic": 2, "lowest_index": 2}[ties]


@pytest.mark.parametrize("width", [33, 64, 100, 1000, 20_001])
def test_halves_have_the_ranks_of_their_numbers(level, width):
    rng = np.random.default_rng(width)
    rows = 300 if width < 10_000 else 230
    bits = rng.integers(0, 2**16, (rows, width)).astype(np.uint16)
    halves = bits.view(np.float16).copy()
    few = [0.0, -0.0, 6e-8, -6e-8, 1.0, -1.0, np.inf, -np.inf]
    halves[:100] = rng.choice(few, (100, width)).astype(np.float16)
    halves[:250][np.isnan(halves[:250])] = 2
    halves[200:205, 0] = np.nan
    bits = halves.view(np.uint16)
    bits[205:210, 0] = 0xFE00
    y_true = rng.integers(0, width, rows)
    for ties in ("optimistic", "pessimistic", "lowest_index"):
        of_halves, of_floats = metrics.TopKCurve(20, ties=ties), metrics.TopKCurve(20, ties=ties)
        of_halves.update_state(y_true, halves)
        of_floats.update_state(y_true, halves.astype(np.float32))
        np.testing.assert_array_equal(of_halves.result(), of_floats.result())
        one = metrics.TopKCurve(20, ties=ties)
        one.update_state(y_true, halves[:, ::-1].copy()[:, ::-1])
        np.testing.assert_array_equal(one.result(), of_floats.result())


@pytest.mark.parametrize("width", [33, 64, 100, 4096, 4100, 20_001])
def test_halves_have_the_first_maxima_of_their_numbers(level, width):
    rng = np.random.default_rng(width)
    rows = 300
    few = [0.0, -0.0, 6e-8, -6e-8, -1.0, -np.inf]
    bits = rng.integers(0, 2**16, (rows, width)).astype(np.uint16)
    bits[:100] = rng.choice(few, (100, width)).astype(np.float16).view(np.uint16)
    halves = bits.view(np.float16)
    halves[:250][np.isnan(halves[:250])] = 2
    halves[100:130] = -np.inf
    halves[130:160] = -3
    halves[np.arange(130, 160), rng.integers(0, width, 30)] = -2
    halves[200:205, width - 1] = np.nan
    bits[205:210, width // 2] = 0xFE00
    expected = np.array([np.argmax(row.astype(np.float32)) for row in halves])
    for y_true in (expected, (expected + 1) % width):
        hits = metrics.SparseCategoricalAccuracy()
        hits.update_state(y_true, halves)
        assert hits.result() == np.mean(y_true == expected)
    together = metrics.MetricCollection([metrics.SparseCategoricalAccuracy(), metrics.TopKCurve(3)])
    alone = metrics.TopKCurve(3)
    alone.update_state(expected, halves.astype(np.float32))
    result = together(expected, halves)
    assert result["sparse_categorical_accuracy"] == 1
    np.testing.assert_array_equal(result["top_k_curve"], alone.result())
