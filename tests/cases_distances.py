"""Cases of the distances between histogram rows and between populations of samples."""

import numpy as np
import reference as twin
import reference_distances as distances_twin
from draws import draw_soft_and, probabilities
from families import Family

from tallymetrics import metrics


def positions(classes):
    """Unequal spaces, of a sum that binary fractions hold."""
    return (np.arange(classes) + np.arange(classes) ** 2 / 64).tolist()


def along(classes):
    return {"bins": positions(classes)}


def unequal_masses(rng, shape, case):
    """Rows of any mass above 0, every third empty but for one bin."""
    rows = rng.gamma(0.7, size=(*shape, case.classes))
    rows[::3] = 0
    rows[..., 0] += 0.25
    return rows.astype(case.score_dtype)


def around(classes):
    bins = positions(classes)
    return {"bins": bins, "circular": bins[-1] + 3.0}


def distance(name, draw, make_options=None, sample_shape=(), others=(), **arguments) -> Family:
    def options(classes):
        return arguments if make_options is None else {**arguments, **make_options(classes)}

    return Family(
        f"EarthMoversDistance-{name}",
        lambda classes: metrics.EarthMoversDistance(**options(classes)),
        lambda classes: twin.MeanOf(distances_twin.earth_movers_distance, **options(classes)),
        draw,
        tuple(
            lambda classes, other=other: metrics.EarthMoversDistance(**{**options(classes), **other})
            for other in others
        ),
        sample_shape=sample_shape,
    )


def draw_unequal(rng, rows, case):
    return tuple(unequal_masses(rng, (rows,), case) for _ in range(2))


SOFT = draw_soft_and(probabilities)

DISTANCES = [
    distance("positions", SOFT, along, others=[{"unequal_mass": "refuse"}, {"circular": 1e9}], r=1),
    distance("refuse", draw_soft_and(probabilities, (3,)), sample_shape=(3,), unequal_mass="refuse", tolerance=0.01),
    distance("normalize", draw_unequal, others=[{"unequal_mass": "as_is"}], unequal_mass="normalize"),
    distance("normalize-3", draw_unequal, along, unequal_mass="normalize", r=3),
    distance("circle-1", SOFT, others=[{"circular": False}, {"circular": 24}], r=1, circular=True),
    distance("circle-2", draw_unequal, around, r=2, unequal_mass="normalize"),
    distance("circle-positions", SOFT, around, r=1),
]

DISTANCES.append(
    Family(
        "EarthMoversDistance-quantiles",
        lambda classes: metrics.EarthMoversDistance(r=1, reduction=[0.25, 0.5, 1]),
        lambda classes: distances_twin.QuantilesOf([0.25, 0.5, 1], r=1),
        SOFT,
        (lambda classes: metrics.EarthMoversDistance(r=1),),
        sample_shape=(),
    )
)


def draw_samples(low, high, steps):
    """Samples that are multiples of 1 / steps, the predicted ones more often high."""

    def draw(rng, rows, case):
        dtype = case.label_dtype if steps == 1 else case.score_dtype
        y_true = rng.integers(low * steps, high * steps + 1, rows)
        y_pred = np.maximum(y_true[rng.permutation(rows)], rng.integers(low * steps, high * steps + 1, rows))
        return (y_true / steps).astype(dtype), (y_pred / steps).astype(dtype)

    return draw


def wasserstein(name, draw, others=(), **arguments) -> Family:
    return Family(
        f"Wasserstein1D-{name}",
        lambda classes: metrics.Wasserstein1D(**arguments),
        lambda classes: distances_twin.PopulationDistance(arguments.get("p", 1)),
        draw,
        tuple(lambda classes, other=other: metrics.Wasserstein1D(**{**arguments, **other}) for other in others),
    )


POPULATIONS = [
    wasserstein("grid", draw_samples(-1, 2, 32), [{"p": 2}, {"bins": 64}], bins=300, range=(-1, 2)),
    wasserstein("integers", draw_samples(3, 90, 1), range=(2.5, 90), bins=100),
    wasserstein("grid-2", draw_samples(0, 1, 64), [{"range": (0, 2)}], p=2, bins=64),
    wasserstein("exact", draw_samples(-1, 2, 32), [{"p": 2}, {"exact": False}], exact=True, range=(-1, 2)),
    Family(
        "DistributionShift",
        lambda classes: metrics.DistributionShift(4, bins=128),
        lambda classes: distances_twin.PopulationShift(4),
        draw_samples(0, 1, 64),
        (lambda classes: metrics.DistributionShift(4, bins=64),),
        float32_tolerance=1e-7,
    ),
]
