"""Names of metrics."""

import itertools
import re
from collections.abc import Container
from functools import lru_cache

_name_counts: dict[str, int] = {}


@lru_cache
def snake_case(name: str) -> str:
    """Returns the identifier that Keras makes of a class name: `AUC` -> `auc`, `MeanIoU` -> `mean_io_u`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def unique_name(name: str, taken: Container[str]) -> str:
    """Returns `name`, or where it is taken the first free of `name_1`, `name_2`, ..."""
    candidates = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(1)))
    return next(candidate for candidate in candidates if candidate not in taken)


def automatic_name(prefix: str) -> str:
    """Returns `prefix`, or where this process has used it `prefix_1`, `prefix_2`, ..."""
    number = _name_counts.get(prefix, 0)
    _name_counts[prefix] = number + 1
    return prefix if number == 0 else f"{prefix}_{number}"


_HIGHER_IS_BETTER = """
    AUC Accuracy BinaryAccuracy BinaryIoU CategoricalAccuracy ConcordanceCorrelation CosineSimilarity F1Score FBetaScore
    IoU MeanIoU OneHotIoU OneHotMeanIoU PearsonCorrelation Precision PrecisionAtRecall R2Score Recall RecallAtPrecision
    SensitivityAtSpecificity SparseCategoricalAccuracy SparseTopKCategoricalAccuracy SpecificityAtSensitivity
    TopKCategoricalAccuracy
"""
_LOWER_IS_BETTER = """
    BinaryCrossentropy CategoricalCrossentropy CategoricalHinge DistributionMeanError EarthMoversDistance Hinge
    KLDivergence LogCoshError MeanAbsoluteError MeanAbsolutePercentageError MeanRelativeError MeanSquaredError
    MeanSquaredLogarithmicError OptimalTransport Poisson RootMeanSquaredError SparseCategoricalCrossentropy
    SquaredHinge
"""
_DIRECTIONS = {
    **dict.fromkeys(_HIGHER_IS_BETTER.split(), "up"),
    **dict.fromkeys(_LOWER_IS_BETTER.split(), "down"),
}


def direction_of(cls: type) -> str | None:
    """Returns whether a metric of a class should go "up" or "down", None where its name does not tell."""
    for base in cls.__mro__:
        if base.__name__ in _DIRECTIONS:
            return _DIRECTIONS[base.__name__]
    return None
