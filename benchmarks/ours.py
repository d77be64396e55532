"""The jobs of this package."""

from __future__ import annotations

from functools import partial

import tallymetrics
from benchmarks.cases import Case
from benchmarks.class_cases import CLASS_CASES, start_class
from benchmarks.own_cases import OWN_CASES, start_own
from benchmarks.tools import Answer, Start, Tool, accumulating
from tallymetrics import metrics


def _start(metric: metrics.Metric, read: object) -> tuple:
    return metric.update_state, lambda: read(metric.result())


def _confusion(case: Case) -> tuple:
    return _start(metrics.ConfusionMatrix(case.classes), lambda result: {"confusion_matrix": result})


def _top_5(case: Case) -> tuple:
    return _start(metrics.SparseTopKCategoricalAccuracy(k=5), lambda result: {"top_5": result})


def _top_k_curve(case: Case) -> tuple:
    return _start(metrics.TopKCurve(5), lambda result: {"top_5": result[4]})


def _accuracy(case: Case) -> tuple:
    return _start(metrics.SparseCategoricalAccuracy(), lambda result: {"accuracy": result})


def _collection(case: Case) -> tuple:
    parts = [metrics.SparseCategoricalAccuracy(name="accuracy")]
    parts += [metrics.SparseTopKCategoricalAccuracy(k=k, name=f"top_{k}") for k in case.top_k]
    parts += [metrics.SparseCategoricalCrossentropy(from_logits=case.from_logits, name="cross_entropy")]
    parts += [metrics.ConfusionMatrix(case.classes, name="confusion_matrix")]
    return _start(metrics.MetricCollection(parts), _as_answer)


def _row_emd(case: Case) -> tuple:
    return _start(metrics.EarthMoversDistance(r=2), lambda result: {"row_emd": result})


def _regression(case: Case) -> tuple:
    parts = [metrics.MeanSquaredError(name="mse"), metrics.MeanAbsoluteError(name="mae")]
    return _start(metrics.MetricCollection([*parts, metrics.RootMeanSquaredError(name="rmse")]), _as_answer)


def _auc_200(case: Case) -> tuple:
    return _start(metrics.AUC(), lambda result: {"auc": result})


def _auc_exact(case: Case) -> tuple:
    return _start(metrics.AUC(num_thresholds=None), lambda result: {"auc": result})


def _binary_counts(case: Case) -> tuple:
    parts = [
        metrics.BinaryAccuracy(name="accuracy"),
        metrics.Precision(name="precision"),
        metrics.Recall(name="recall"),
    ]
    return _start(metrics.MetricCollection(parts), _as_answer)


def _as_answer(result: Answer) -> Answer:
    return result


_STARTS: dict[str, Start] = {
    "confusion_10": _confusion,
    "confusion_1000": _confusion,
    "confusion_weighted": _confusion,
    "confusion_maps": _confusion,
    "accuracy": _accuracy,
    "top_5": _top_5,
    "top_5_wide": _top_5,
    "top_5_wide_half": _top_5,
    "auc_200": _auc_200,
    "auc_exact": _auc_exact,
    "binary_counts": _binary_counts,
    "regression": _regression,
    "collection": _collection,
    "collection_logits": _collection,
    "row_emd": _row_emd,
    "update_32": _accuracy,
    "update_32_collection": _collection,
    **dict.fromkeys(CLASS_CASES, partial(start_class, metrics)),
    **dict.fromkeys(OWN_CASES, start_own),
}


def tools(all_instruction_sets: bool = False) -> list[Tool]:
    """Return this package, and beside it the whole top-k curve as a tool of its own."""
    sets = tuple(tallymetrics.instruction_sets()) if all_instruction_sets else (tallymetrics.get_instruction_set(),)
    make = partial(
        Tool,
        kind="ours",
        parallel=True,
        set_threads=tallymetrics.set_num_threads,
        set_instruction_set=tallymetrics.set_instruction_set,
        instruction_sets=sets,
    )
    curve = accumulating({"top_5": _top_k_curve})
    return [make("tallymetrics", jobs=accumulating(_STARTS)), make("tallymetrics TopKCurve", jobs=curve)]
