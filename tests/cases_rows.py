"""Cases of the metrics that are means of one value for each row: losses, errors and correlations."""

import numpy as np
import reference_rows as rows_twin
from draws import draw_one_hot_and, draw_soft_and, draw_value_pairs, logits, probabilities
from families import Family, mean_family

from tallymetrics import metrics


def draw_likelihoods(labels, sample_shape=()):
    """Labels from `labels`, and probabilities that float32 and float64 clip alike."""

    def draw(rng, rows, case):
        shape = (rows, *sample_shape)
        scores = np.clip(rng.random(shape), 0.001, 0.999).astype(case.score_dtype)
        return rng.choice(np.asarray(labels), size=shape).astype(case.score_dtype), scores

    return draw


def draw_signs_and_logits(sample_shape=()):
    def draw(rng, rows, case):
        shape = (rows, *sample_shape)
        return rng.choice([-1, 1], size=shape).astype("int8"), rng.normal(0, 4, shape).astype(case.score_dtype)

    return draw


def draw_labels_and_logits(sample_shape=()):
    def draw(rng, rows, case):
        shape = (rows, *sample_shape)
        return rng.integers(0, 2, shape).astype(case.label_dtype), rng.normal(0, 9, shape).astype(case.score_dtype)

    return draw


def draw_counts_and_rates(sample_shape=()):
    def draw(rng, rows, case):
        rates = rng.gamma(2.0, 2.0, (rows, *sample_shape))
        return rng.poisson(rates).astype(case.label_dtype), rates.astype(case.score_dtype)

    return draw


def draw_positive_pairs(sample_shape=()):
    """Labels away from 0, where the percentage error has no bound, and predictions of every sign."""

    def draw(rng, rows, case):
        shape = (rows, *sample_shape)
        return (rng.random(shape) + 0.5).astype(case.score_dtype), rng.normal(1, 1, shape).astype(case.score_dtype)

    return draw


def draw_near_pairs(sample_shape=()):
    def draw(rng, rows, case):
        shape = (rows, *sample_shape)
        return tuple((0.5 * rng.normal(0, 3, shape)).astype(case.score_dtype) for _ in range(2))

    return draw


def draw_vectors(*sample_shape):
    """Correlated rows, three longer than the case has classes: shorter ones have no correlation to speak of."""

    def draw(rng, rows, case):
        shape = (rows, *sample_shape, case.classes + 3)
        first = rng.normal(2, 1, shape)
        return first.astype(case.score_dtype), (first + rng.normal(0, 1, shape)).astype(case.score_dtype)

    return draw


def draw_vectors_along_1(rng, rows, case):
    return tuple(np.moveaxis(one, -1, 1) for one in draw_vectors(3)(rng, rows, case))


PROBABILISTIC = [
    mean_family(f"BinaryCrossentropy{name}", rows_twin.binary_crossentropy, draw, others, **options)
    for name, draw, others, options in [
        ("", draw_likelihoods([0, 1]), [{"from_logits": True}, {"label_smoothing": 0.1}], {}),
        ("-rank-2", draw_likelihoods([0, 1], (5,)), [], {}),
        ("-soft", draw_likelihoods([0, 0.25, 1], (17,)), [], {}),
        ("-smooth", draw_likelihoods([0, 1], (2,)), [], {"arguments": {"label_smoothing": 0.1}}),
        ("-rank-3", draw_likelihoods([0, 1], (3, 5)), [], {"sample_shape": (3,)}),
        ("-logits", draw_labels_and_logits((5,)), [], {"arguments": {"from_logits": True}}),
    ]
] + [
    mean_family("KLDivergence", rows_twin.kl_divergence, draw_soft_and(probabilities)),
    mean_family("KLDivergence-rank-3", rows_twin.kl_divergence, draw_soft_and(probabilities, (3,)), sample_shape=(3,)),
    mean_family("Poisson", rows_twin.poisson, draw_counts_and_rates()),
    mean_family("Poisson-rank-2", rows_twin.poisson, draw_counts_and_rates((5,))),
]

HINGES = [
    mean_family("Hinge", rows_twin.hinge, draw_signs_and_logits()),
    mean_family("Hinge-zeros", rows_twin.hinge, draw_labels_and_logits((5,))),
    mean_family("SquaredHinge", rows_twin.squared_hinge, draw_signs_and_logits()),
    mean_family("SquaredHinge-rank-2", rows_twin.squared_hinge, draw_signs_and_logits((17,))),
    mean_family("CategoricalHinge", rows_twin.categorical_hinge, draw_one_hot_and(logits)),
]

ERRORS = [
    Family(
        f"RootMeanSquaredError{name}",
        lambda classes: metrics.RootMeanSquaredError(),
        lambda classes: rows_twin.RootMeanOf(rows_twin.squared_error),
        draw_value_pairs(shape),
        sample_shape=shape,
    )
    for name, shape in [("", ()), ("-rank-2", (5,))]
] + [
    mean_family(f"{metric}{name}", function, draw(shape))
    for metric, function, draw in [
        ("MeanAbsolutePercentageError", rows_twin.mean_absolute_percentage_error, draw_positive_pairs),
        ("MeanSquaredLogarithmicError", rows_twin.mean_squared_logarithmic_error, draw_value_pairs),
        ("LogCoshError", rows_twin.log_cosh, draw_near_pairs),
    ]
    for name, shape in [("", ()), ("-rank-2", (5,))]
]

CORRELATIONS = [
    mean_family(f"{metric}{name}", function, draw, others, **options)
    for metric, function in [
        ("CosineSimilarity", rows_twin.cosine_similarity),
        ("PearsonCorrelation", rows_twin.pearson_correlation),
        ("ConcordanceCorrelation", rows_twin.concordance_correlation),
    ]
    for name, draw, others, options in [
        ("", draw_vectors(), [{"axis": 1}], {}),
        ("-axis-1", draw_vectors_along_1, [], {"arguments": {"axis": 1}, "sample_shape": (3,)}),
    ]
]

ROWS = PROBABILISTIC + HINGES + ERRORS + CORRELATIONS
