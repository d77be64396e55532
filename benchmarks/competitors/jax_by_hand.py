"""jax.numpy as one writes it, jitted; labels are int32 there, as 64-bit types are off."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.cases import Case
from benchmarks.competitors.areas import INTERVALS, area_of_bins, of_binary_counts, of_errors
from benchmarks.tools import Answer, Tool, computing

_EPSILON = 1e-7


@partial(jax.jit, static_argnums=0)
def _cells(classes: int, y_true: jax.Array, y_pred: jax.Array, weights: jax.Array | None = None) -> jax.Array:
    return jnp.bincount(y_true * classes + y_pred, weights, length=classes**2).reshape(classes, classes)


def _confusion(case: Case, y_true: jax.Array, y_pred: jax.Array) -> Answer:
    return {"confusion_matrix": np.asarray(_cells(case.classes, y_true.astype(jnp.int32), y_pred))}


def _ranks(y_true: jax.Array, y_pred: jax.Array) -> jax.Array:
    return (y_pred > jnp.take_along_axis(y_pred, y_true[:, None], axis=1)).sum(axis=1)


@jax.jit
def _count_top_5(y_true: jax.Array, y_pred: jax.Array) -> jax.Array:
    return (_ranks(y_true, y_pred) < 5).sum()


def _top_5(case: Case, y_true: jax.Array, y_pred: jax.Array) -> Answer:
    return {"top_5": int(_count_top_5(y_true, y_pred)) / len(y_true)}


@jax.jit
def _count_correct(y_true: jax.Array, y_pred: jax.Array) -> jax.Array:
    return (y_pred.argmax(axis=1) == y_true).sum()


def _accuracy(case: Case, y_true: jax.Array, y_pred: jax.Array) -> Answer:
    return {"accuracy": int(_count_correct(y_true, y_pred)) / len(y_true)}


@partial(jax.jit, static_argnums=0)
def _collect(case: tuple[int, bool, tuple[int, ...]], y_true: jax.Array, y_pred: jax.Array) -> Answer:
    classes, from_logits, top_k = case
    predicted, ranks = y_pred.argmax(axis=1), _ranks(y_true, y_pred)
    true_scores = jnp.take_along_axis(y_pred, y_true[:, None], axis=1)[:, 0]
    if from_logits:
        losses = jax.nn.logsumexp(y_pred, axis=1) - true_scores
    else:
        losses = -jnp.log(jnp.clip(true_scores / y_pred.sum(axis=1), _EPSILON, 1 - _EPSILON))
    answer = {f"top_{k}": (ranks < k).mean() for k in top_k}
    answer |= {"accuracy": (predicted == y_true).mean(), "cross_entropy": losses.mean()}
    return answer | {"confusion_matrix": _cells(classes, y_true, predicted)}


def _collection(case: Case, y_true: jax.Array, y_pred: jax.Array) -> Answer:
    return jax.block_until_ready(_collect((case.classes, case.from_logits, case.top_k), y_true, y_pred))


@jax.jit
def _count_bins(y_true: jax.Array, y_pred: jax.Array) -> jax.Array:
    cells = (y_pred * INTERVALS).astype(jnp.int32) + y_true.astype(jnp.int32) * INTERVALS
    return jnp.bincount(cells, length=2 * INTERVALS)


def _auc_200(case: Case, y_true: jax.Array, y_pred: jax.Array) -> Answer:
    return area_of_bins(np.asarray(_count_bins(y_true, y_pred), np.int64).reshape(2, INTERVALS))


@jax.jit
def _count_binary(y_true: jax.Array, y_pred: jax.Array) -> tuple:
    labels, predicted = y_true > 0.5, y_pred > 0.5
    return (labels & predicted).sum(), (~labels & predicted).sum(), labels.sum()


def _binary_counts(case: Case, y_true: jax.Array, y_pred: jax.Array) -> Answer:
    return of_binary_counts(*map(int, _count_binary(y_true, y_pred)), len(y_true))


@jax.jit
def _mean_errors(y_true: jax.Array, y_pred: jax.Array) -> tuple:
    difference = y_true - y_pred
    return jnp.square(difference).mean(), jnp.abs(difference).mean()


def _regression(case: Case, y_true: jax.Array, y_pred: jax.Array) -> Answer:
    return of_errors(*map(float, _mean_errors(y_true, y_pred)), 1)


@jax.jit
def _mean_distance(y_true: jax.Array, y_pred: jax.Array) -> jax.Array:
    return jnp.sqrt(jnp.square(jnp.cumsum(y_true - y_pred, axis=1)).mean(axis=1)).mean()


def _row_emd(case: Case, y_true: jax.Array, y_pred: jax.Array) -> Answer:
    return {"row_emd": float(_mean_distance(y_true, y_pred))}


_JOBS: dict[str, Callable[..., Answer]] = {
    "confusion_10": _confusion,
    "confusion_1000": _confusion,
    "confusion_maps": _confusion,
    "accuracy": _accuracy,
    "top_5": _top_5,
    "top_5_wide": _top_5,
    "top_5_wide_half": _top_5,
    "auc_200": _auc_200,
    "binary_counts": _binary_counts,
    "regression": _regression,
    "collection": _collection,
    "collection_logits": _collection,
    "row_emd": _row_emd,
    "update_32": _accuracy,
    "update_32_collection": _collection,
}
TOOLS = [Tool("jax.jit", "by hand", computing(_JOBS, jnp.asarray), parallel=True)]
