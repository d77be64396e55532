"""Distances between two populations of which each bin's mass and mean position are known, with bounds.

Everything is in units of a bin; masses are shares of their population, places lie in [0, 1).
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float, float]  # lower bound, estimate, upper bound


class Binned(NamedTuple):
    """Shares [population, bin], shares times mean places, and in which bins a population has one value at most."""

    shares: Floats
    moments: Floats
    single: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, masses: Floats, places: Floats, weighted: bool) -> "Binned":
        """Of sums of weights and of weights times places; an unweighted mass of 1 is one sample."""
        totals = masses.sum(axis=1, keepdims=True)
        single = (places == 0) | ((masses <= 1) & (not weighted))
        return cls(masses / totals, places / totals, single)

    def left(self) -> Floats:
        """Differences of the cumulative shares before each bin."""
        steps = self.shares[0] - self.shares[1]
        return np.concatenate([[0.0], np.cumsum(steps)[:-1]])


class Parts(NamedTuple):
    """Of each bin a lower bound, an estimate, and how much the upper bound exceeds the lower."""

    lower: Floats
    middle: Floats
    excess: Floats


def first_order(binned: Binned) -> Interval:
    """Bounds and an estimate of the integral of |CDF difference|."""
    low, estimate, excess = (math.fsum(part) for part in first_order_parts(binned))
    return low, estimate, low + excess


def first_order_parts(binned: Binned) -> Parts:
    """Each bin's part of the integral of |CDF difference|.

    Within a bin the difference stays in [left - g, left + f]. If it cannot change its sign there, the bin's part
    follows from masses and mean places; else it exceeds that by at most twice the smaller of the areas that the
    bounds allow on the other side of zero, and is at most the greater bound.
    """
    (f, g), left = binned.shares, binned.left()
    right = left + f - g
    lower = np.abs(left + (f - binned.moments[0]) - (g - binned.moments[1]))
    above, below = left + f, g - left
    known = binned.single.all(axis=0)
    ambiguous = (above > 0) & (below > 0) & ~known
    most = np.minimum(lower + 2 * np.minimum(above, below), np.maximum(above, below))
    excess = np.where(ambiguous, np.maximum(most - lower, 0.0), 0.0)
    # Where both ends differ in sign, a straight line between them; elsewhere a wandering line comes back as a rule.
    ends = np.abs(left) + np.abs(right)
    crossing = np.divide(left**2 + right**2, 2 * ends, out=np.zeros_like(ends), where=ends > 0)
    middle = np.where(left * right < 0, np.clip(crossing, lower, lower + excess), lower)
    jumps = _two_jumps(binned, left)
    lower, middle = np.where(known, jumps, lower), np.where(known, jumps, middle)
    return Parts(lower, middle, excess)


def open_parts(binned: Binned, one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> float:
    """Returns the integral of |CDF difference| over some bins, of all positions and shares in them."""
    positions = np.concatenate([one[0], other[0]])
    steps = np.concatenate([one[1], -other[1]])
    order = np.argsort(positions, kind="stable")
    positions, steps = positions[order], steps[order]
    bins = np.floor(np.rint(positions * 2.0**32) / 2.0**32)
    starts = np.flatnonzero(np.diff(bins, prepend=-1.0))
    if not len(starts):
        return 0.0
    sums = np.cumsum(steps)
    counts = np.diff(np.append(starts, len(bins)))
    left = binned.left()[bins[starts].astype(np.int64)]
    before = np.concatenate([[0.0], sums])[starts]
    differences = np.repeat(left - before, counts) + sums
    ends = np.append(positions[1:], 0.0)
    ends[np.append(starts[1:], len(bins)) - 1] = bins[starts] + 1
    heads = np.abs(left) * (positions[starts] - bins[starts])
    return math.fsum(np.abs(differences) * (ends - positions)) + math.fsum(heads)


def _two_jumps(binned: Binned, left: Floats) -> Floats:
    """The integral of |difference| over bins where each population has one value."""
    f, g = binned.shares
    places = np.divide(binned.moments, binned.shares, out=np.zeros_like(binned.shares), where=binned.shares > 0)
    rising, falling = places
    first, last = np.minimum(rising, falling), np.maximum(rising, falling)
    between = np.where(rising <= falling, left + f, left - g)
    result: Floats = np.abs(left) * first + np.abs(between) * (last - first) + np.abs(left + f - g) * (1 - last)
    return result


def second_order(binned: Binned) -> Interval:
    """Bounds and an estimate of the root of the mean squared distance of the best coupling.

    Each bin's mass at its mean is at most the root of the mean variance within bins away from the population itself.
    """
    means, errors = [], []
    for shares, moments, single in zip(binned.shares, binned.moments, binned.single, strict=True):
        used = shares > 0
        places = moments[used] / shares[used]
        spread = np.where(single[used], 0.0, places * (1 - places) * shares[used])
        errors.append(math.sqrt(max(math.fsum(spread), 0.0)))
        means.append((np.flatnonzero(used) + places, shares[used]))
    distance, error = coupled_distance(*means), sum(errors)
    return max(distance - error, 0.0), distance, distance + error


def coupled_distance(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> float:
    """Root of the mean squared distance between increasing positions with shares, coupled in order."""
    levels = [np.cumsum(shares) for _, shares in (one, other)]
    for level in levels:
        level[-1] = 1.0
    cuts = np.unique(np.concatenate(levels))
    steps = np.diff(cuts, prepend=0.0)
    places = [
        positions[np.minimum(np.searchsorted(level, cuts), len(positions) - 1)]
        for (positions, _), level in zip((one, other), levels, strict=True)
    ]
    return math.sqrt(math.fsum(steps * (places[0] - places[1]) ** 2))
