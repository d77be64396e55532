"""What a case of the laws is: a metric's configuration, its reference, and a maker of batches from a seed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import reference as twin

from tallymetrics import metrics


@dataclass(frozen=True)
class Batch:
    """The arguments of one update_state."""

    inputs: tuple[np.ndarray, ...]
    sample_weight: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.inputs[0])

    def __getitem__(self, rows: slice) -> "Batch":
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        return Batch(tuple(array[rows] for array in self.inputs), weight)

    def cut(self, size: int) -> list["Batch"]:
        return [self[start : start + size] for start in range(0, len(self), size)]

    def feed(self, metric: Any) -> Any:
        metric.update_state(*self.inputs, sample_weight=self.sample_weight)
        return metric


@dataclass(frozen=True)
class Family:
    """One configuration of a metric, for any number of classes (columns of its rows)."""

    name: str
    make: Callable[[int], Any]
    reference: Callable[[int], Any]
    draw: Callable[[np.random.Generator, int, "Case"], tuple[np.ndarray, ...]]
    others: tuple[Callable[[int], Any], ...] = ()
    labels: tuple[int, ...] = ()
    sample_shape: tuple[int, ...] = ()
    float32_tolerance: float = 1e-12

    @property
    def one_class_is_ambiguous(self) -> bool:
        """One-hot rows of one class have the shape of labels."""
        return self.name in ("ConfusionMatrix-rows", "TopKCurve-pessimistic-12")

    @property
    def metric_name(self) -> str:
        return self.name.split("-")[0]


@dataclass(frozen=True)
class Case:
    """A family with a number of classes, dtypes, and weights: "none", "row" or "element"."""

    family: Family
    classes: int = 10
    score_dtype: str = "float32"
    label_dtype: str = "int64"
    weights: str = "none"

    def __str__(self) -> str:
        return f"{self.family.name}-{self.classes}-{self.score_dtype}-{self.label_dtype}-{self.weights}"

    @property
    def tolerance(self) -> float:
        return 1e-12 if self.score_dtype == "float64" else self.family.float32_tolerance

    def make(self) -> Any:
        return self.family.make(self.classes)

    def reference(self) -> Any:
        return self.family.reference(self.classes)

    def batch(self, rng: np.random.Generator, rows: int) -> Batch:
        inputs = self.family.draw(rng, rows, self)
        if self.weights == "none":
            return Batch(inputs)
        shape = (rows,) if self.weights == "row" else (rows, *self.family.sample_shape)
        weight = rng.random(shape, dtype=np.float64 if self.score_dtype == "float64" else np.float32)
        weight[rng.random(shape) < 0.1] = 0
        return Batch(inputs, weight)

    def fed(self, *batches: Batch) -> Any:
        """A fresh metric after these updates."""
        metric = self.make()
        for batch in batches:
            batch.feed(metric)
        return metric


def mean_family(name, function, draw, others=(), **options) -> Family:
    """The class before the first "-" of the name: the mean of a reference function with the same arguments."""
    arguments = options.pop("arguments", {})
    metric = getattr(metrics, name.split("-")[0])
    return Family(
        name,
        lambda classes: metric(**arguments),
        lambda classes: twin.MeanOf(function, **arguments),
        draw,
        tuple(lambda classes, other=other: metric(**{**arguments, **other}) for other in others),
        **options,
    )
