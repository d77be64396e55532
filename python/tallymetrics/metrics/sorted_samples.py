"""All samples of a population, sorted: a state that grows with the data, for distances without bins."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.inputs import Array
from tallymetrics.metrics.holding import held_alone, is_held
from tallymetrics.metrics.variables import Arrays, Table, Variable

Floats = npt.NDArray[np.float64]
Samples = tuple[Floats, Floats | None]
Piece = tuple[Array, Floats | None]

# Squares of samples and their sums stay within the range.
_SAFE_EXPONENT = 400
_GREATEST = float(np.finfo(np.float64).max)


class SortedSamples(Table):
    """A multiset of samples with weights: what it holds is a function of all that was added, in whatever order.

    Equal samples are sorted by their weights, samples of weight 0 are left out, and weights that are all 1 are not
    kept. What was added waits until it is read, and is sorted then.
    """

    held_alone = True

    def __init__(self, name: str) -> None:
        self.name = name
        self._offered: Piece | None = None
        self._empty()

    def _empty(self) -> None:
        self._samples: Floats = np.zeros(0)
        self._weights: Floats | None = None
        self._waiting: list[Piece] = []

    def offer(self, argument: str, samples: Array, weights: Array | None) -> None:
        """Takes samples, to be kept or forgotten by `settle_room`.

        Raises:
            ValueError: If a sample or a weight is not finite, or a weight is negative.
        """
        row = _core.first_outside(samples, -_GREATEST, _GREATEST)
        if row >= 0:
            raise ValueError(f"`{argument}` must hold finite samples. Received {samples[row]} in row {row}.")
        row = -1 if weights is None else _core.first_outside(weights, 0.0, _GREATEST)
        if weights is not None and row >= 0:
            wanted = "not be negative" if np.isfinite(weights[row]) else "be finite"
            raise ValueError(f"`sample_weight` must {wanted}. Received {weights[row]} in row {row}.")
        self._offered = (samples.copy(), None if weights is None else weights.astype(np.float64))

    def offers(self) -> list[tuple[list[Any], Any]]:
        return [] if self._offered is None else [(self._waiting, self._offered)]

    def settle_room(self, added: bool) -> None:
        self._offered = None

    def settle(self) -> None:
        self.samples()

    def samples(self) -> Samples:
        """Returns the samples, increasing, and their weights, or None if all are 1; for who holds the metric's lock."""
        if not self._waiting:
            return self._samples, self._weights
        if is_held(self):
            return self._all_sorted()
        with held_alone([self]):
            samples, weights = self._all_sorted()
            vars(self).update(_samples=samples, _weights=weights, _waiting=[])
        return samples, weights

    def _all_sorted(self) -> Samples:
        # All of one moment, whatever others add meanwhile.
        now = vars(self).copy()
        if not now["_waiting"]:
            return now["_samples"], now["_weights"]
        return _sorted([(now["_samples"], now["_weights"]), *now["_waiting"]])

    @property
    def value(self) -> npt.NDArray[Any]:
        """The samples alone, in order; those who hold no lock change nothing."""
        return self._all_sorted()[0]

    def assign(self, value: Any) -> Variable:
        samples = np.array(value, np.float64)
        is_sorted = samples.ndim == 1 and np.isfinite(samples).all() and (samples[1:] >= samples[:-1]).all()
        if not is_sorted:
            raise ValueError(f"`{self.name}` must hold finite samples in order. Received shape {samples.shape}.")
        self.reset()
        self._waiting.append((samples, None))
        return self

    def fits(self, other: Any) -> bool:
        return isinstance(other, SortedSamples)

    def add(self, other: Any) -> None:
        self._waiting.append(other.samples())

    def reset(self) -> None:
        self._empty()

    def arrays(self) -> Arrays:
        """The samples under the variable's name, their weights as `name@1` unless all are 1."""
        samples, weights = self._all_sorted()
        arrays: Arrays = {self.name: samples.copy()}
        if weights is not None:
            arrays[f"{self.name}@1"] = weights.copy()
        return arrays

    def load(self, arrays: Arrays) -> None:
        self.assign(arrays[self.name])
        weights = arrays.get(f"{self.name}@1")
        if weights is None:
            return
        samples = self._waiting.pop()[0]
        if weights.shape != samples.shape or weights.dtype != np.float64:
            raise ValueError(f"`{self.name}` must have a weight for each sample. Received shape {weights.shape}.")
        self._waiting.append((samples, weights.copy()))


def distance_of_sorted(one: Samples, other: Samples, p: int) -> float:
    """Returns the distance of order 1 or 2 of sorted samples with weights, neither empty; infinite beyond the range."""
    greatest = max(abs(values[end]) for values, _ in (one, other) for end in (0, -1))
    exponent = math.frexp(greatest)[1]
    if abs(exponent) < _SAFE_EXPONENT:
        exponent = 0
    # Scaled by a power of two, nothing overflows, and nothing that matters underflows.
    scaled = (np.ldexp(values, -exponent) if exponent else values for values, _ in (one, other))
    first, second = ((values, _summable(own)) for values, (_, own) in zip(scaled, (one, other), strict=True))
    with np.errstate(over="ignore"):
        return float(np.ldexp(_core.sorted_distance(first, second, p), exponent))


def _summable(weights: Floats | None) -> Floats | None:
    return weights if weights is None or weights.max() < 2.0**900 else np.ldexp(weights, -124)


def _sorted(pieces: list[Piece]) -> Samples:
    # Short numbers sort faster.
    by_dtype: dict[Any, list[Array]] = {}
    if all(weights is None for _, weights in pieces):
        for samples, _ in pieces:
            by_dtype.setdefault(samples.dtype, []).append(samples)
        runs = [np.sort(_joined(group)).astype(np.float64, copy=False) for group in by_dtype.values()]
        runs = [run for run in runs if len(run)]
        values = np.sort(np.concatenate(runs)) if len(runs) > 1 else _joined(runs)
        values = values.astype(np.float64, copy=False)
        values += 0.0  # of two zeros only one
        return values, None
    values = np.concatenate([samples.astype(np.float64) for samples, _ in pieces]) + 0.0
    weights = np.concatenate([np.ones(len(samples)) if own is None else own for samples, own in pieces])
    values, weights = values[weights > 0], weights[weights > 0]
    order = np.lexsort((weights, values))
    return values[order], None if (weights == 1).all() else weights[order]


def _joined(arrays: list[Array]) -> Array:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays or [np.zeros(0)])
