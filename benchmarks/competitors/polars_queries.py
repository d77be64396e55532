"""Polars: counts by group and means of expressions, on columns that hold the arrays already."""

from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl

from benchmarks.cases import Case
from benchmarks.competitors.areas import of_binary_counts, of_errors
from benchmarks.tools import Answer, Arrays, Job, Tool

_TRUE, _PRED = pl.col("y_true"), pl.col("y_pred")


def _confusion(case: Case, frame: pl.DataFrame) -> Answer:
    weighted = "sample_weight" in frame.columns
    count = pl.col("sample_weight").cast(pl.Float64).sum() if weighted else pl.len().cast(pl.Int64)
    groups = frame.lazy().group_by("y_true", "y_pred").agg(count.alias("count")).collect()
    cells = np.zeros((case.classes, case.classes), np.float64 if weighted else np.int64)
    cells[groups["y_true"].to_numpy(), groups["y_pred"].to_numpy()] = groups["count"].to_numpy()
    return {"confusion_matrix": cells}


def _regression(case: Case, frame: pl.DataFrame) -> Answer:
    difference = _TRUE - _PRED
    # Polars sums float32 in float32, 128 values at a time, and those in pairs.
    means = frame.lazy().select(square=(difference * difference).mean(), distance=difference.abs().mean())
    return of_errors(*means.collect().row(0), 1)


def _binary_counts(case: Case, frame: pl.DataFrame) -> Answer:
    labels, predicted = _TRUE > 0.5, _PRED > 0.5
    counts = {"hits": (labels & predicted).sum(), "false": (~labels & predicted).sum(), "positives": labels.sum()}
    return of_binary_counts(*frame.lazy().select(**counts).collect().row(0), frame.height)


def _auc_exact(case: Case, frame: pl.DataFrame) -> Answer:
    ranks = pl.col("y_pred").rank("average").filter(_TRUE == 1).sum()
    rank_sum, positives = frame.lazy().select(ranks, positives=_TRUE.sum()).collect().row(0)
    area = rank_sum - positives * (positives + 1) / 2
    return {"auc": area / (positives * (frame.height - positives))}


_JOBS = {
    "confusion_10": _confusion,
    "confusion_1000": _confusion,
    "confusion_weighted": _confusion,
    "confusion_maps": _confusion,
    "auc_exact": _auc_exact,
    "binary_counts": _binary_counts,
    "regression": _regression,
}


def _job(name: str, case: Case, arrays: Arrays) -> Job:
    return Job(partial(_JOBS[name], case, pl.DataFrame(dict(arrays))))


TOOLS = [Tool("polars", "by hand", {name: partial(_job, name) for name in _JOBS}, parallel=True)]
