"""One update of every class that Keras 3 lacks, with 32 rows and with many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.cases import Case
from tallymetrics import metrics

Arrays = dict[str, np.ndarray]
_MANY = 1_000_000


def _tensor(case: Case) -> Arrays:
    return {"y_true": data.regression_rows(case)["y_true"]}


def _samples(case: Case) -> Arrays:
    generator = np.random.default_rng(19)
    return {name: generator.beta(*shape, case.rows) for name, shape in (("y_true", (2, 3)), ("y_pred", (2, 2)))}


def _cells(result: Any) -> dict[str, Any]:
    return {"cells": np.stack([result["rows"], result["columns"], result["counts"]])}


# class -> (arguments, arrays, what they are, classes or bins, how its result becomes an answer)
_Own = tuple[dict[str, Any], Callable[[Case], Arrays], str, int, Callable[[Any], dict[str, Any]]]
_OWN: dict[str, _Own] = {
    "ClassificationReport": (
        *({"num_classes": 1000}, data.zipf_pairs, "label pairs, 1000 classes", 1000),
        lambda result: {"f1": result["f1"]},
    ),
    "ConfusionMatrix": (
        *({"num_classes": 10}, data.probabilities, "labels and rows x 10", 10),
        lambda result: {"confusion_matrix": result},
    ),
    "DistributionMeanError": ({}, data.histogram_rows, "histograms x 10", 10, lambda result: {"error": result}),
    "DistributionShift": (
        *({"cells": 10}, _samples, "samples", 1),
        lambda result: {name: result[name] for name in ("wasserstein", "energy_distance", "kolmogorov_smirnov")},
    ),
    "EarthMoversDistance": ({}, data.histogram_rows, "histograms x 10", 10, lambda result: {"row_emd": result}),
    "MeanRelativeError": (
        *({"normalizer": np.arange(1.0, 11.0)}, data.regression_rows, "values x 10", 10),
        lambda result: {"error": result},
    ),
    "MeanTensor": ({}, _tensor, "values x 10", 10, lambda result: {"mean": result}),
    "OptimalTransport": (
        *({"cost": "l2_grid", "shape": (2, 5)}, data.histogram_rows, "histograms, 2 x 5 bins", 10),
        lambda result: {"cost": result},
    ),
    "SparseConfusionMatrix": ({"num_classes": 100_000}, data.zipf_pairs, "label pairs, 100k classes", 100_000, _cells),
    "StreamConcordanceCorrelation": ({}, data.regression, "values", 1, lambda result: {"correlation": result}),
    "StreamPearsonCorrelation": ({}, data.regression, "values", 1, lambda result: {"correlation": result}),
    "TopKCurve": ({"max_k": 5}, data.probabilities, "labels and rows x 10", 10, lambda result: {"curve": result}),
    "Wasserstein1D": ({}, _samples, "samples", 1, lambda result: {"distance": result}),
}
# torchmetrics divides by one sample less.
_TOLERANCES = {"StreamConcordanceCorrelation": 1e-3}
# Exact transport of a million pairs would take seconds; the benchmark of distances has it at many sizes.
_FEWER_ROWS = {"OptimalTransport": 10_000}


def start_own(case: Case) -> tuple:
    """Make the accumulator of a case; return its update and what reads the answer."""
    metric = getattr(metrics, case.metric)(**case.arguments)
    return metric.update_state, lambda: _OWN[case.metric][-1](metric.result())


def _cases() -> Iterator[Case]:
    for metric, (arguments, make_arrays, kind, classes, _) in _OWN.items():
        options = {"metric": metric, "arguments": arguments, "tolerance": _TOLERANCES.get(metric, 1e-4)}
        many = _FEWER_ROWS.get(metric, _MANY)
        shown = f"{many // 1_000_000}M" if many >= 1_000_000 else f"{many // 1000}k"
        yield Case(f"{metric}_32", f"{metric}, 32 {kind}", 32, 32, classes, make_arrays, update_only=True, **options)
        yield Case(f"{metric}_many", f"{metric}, {shown} {kind}", many, 500, classes, make_arrays, **options)


OWN_CASES = {case.name: case for case in _cases()}


def jobs(functions: dict[str, Any]) -> dict[str, Any]:
    """Return what stands for each class under the names of both of its cases."""
    return {f"{metric}_{size}": function for metric, function in functions.items() for size in ("32", "many")}
