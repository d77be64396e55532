"""What two populations' shares by bins tell beside the Wasserstein distance."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics.metrics.binned_transport import Binned

Floats = npt.NDArray[np.float64]
Bounded = tuple[float, float, float]


def kolmogorov_smirnov(binned: Binned) -> Bounded:
    """The greatest |CDF difference|: lower bound, estimate, which is the same, and upper bound.

    It is taken at the edges of bins, and within those where each population has one value.
    """
    (f, g), left = binned.shares, binned.left()
    known = binned.single.all(axis=0)
    inside = np.maximum(np.abs(left + f), np.abs(left - g))
    seen = np.where(known, _between(binned, left), np.abs(left + f - g))
    low = float(max(np.max(seen), np.max(np.abs(left + f - g))))
    return low, low, max(low, float(np.max(np.where(known, 0.0, inside))))


def squared_difference(binned: Binned) -> Bounded:
    """The integral of the squared CDF difference, in units of a bin, with bounds.

    Within a bin it is at least the square of the mean, at most that of the greatest difference; it is estimated by a
    straight line.
    """
    (f, g), left = binned.shares, binned.left()
    known = binned.single.all(axis=0)
    right = left + f - g
    exact = _two_jumps_squared(binned, left)
    mean = left + (f - binned.moments[0]) - (g - binned.moments[1])
    greatest = np.maximum(np.abs(left + f), np.abs(left - g)) ** 2
    line = np.clip((left**2 + left * right + right**2) / 3, mean**2, greatest)
    low, middle, high = (math.fsum(np.where(known, exact, part)) for part in (mean**2, line, greatest))
    return low, middle, high


def _places(binned: Binned) -> Floats:
    zeros = np.zeros_like(binned.shares)
    return np.divide(binned.moments, binned.shares, out=zeros, where=binned.shares > 0)


def _between(binned: Binned, left: Floats) -> Floats:
    """|Difference| between the two jumps of a bin; of jumps at one place there is none between."""
    (f, g), (rising, falling) = binned.shares, _places(binned)
    jumps = np.where(rising < falling, np.abs(left + f), np.abs(left - g))
    apart = (f > 0) & (g > 0) & (rising != falling)
    result: Floats = np.where(apart, jumps, np.abs(left + f - g))
    return result


def _two_jumps_squared(binned: Binned, left: Floats) -> Floats:
    (f, g), (rising, falling) = binned.shares, _places(binned)
    first, last = np.minimum(rising, falling), np.maximum(rising, falling)
    middle = np.where(rising <= falling, left + f, left - g)
    result: Floats = left**2 * first + middle**2 * (last - first) + (left + f - g) ** 2 * (1 - last)
    return result


def cell_shares(binned: Binned, cells: int) -> Floats:
    """Returns the shares [population, cell] of cells that hold about equal shares of the first population.

    They are cut at edges of bins; equal samples that fill several cells make one of them.
    """
    f = binned.shares[0]
    before = np.concatenate([[0.0], np.cumsum(f)[:-1]])
    number = np.floor(before * cells + 1e-9).astype(np.int64)
    number = np.minimum(number, number[np.flatnonzero(f)[-1]])
    shares: Floats = np.stack([np.bincount(number, one, cells + 1).astype(np.float64) for one in binned.shares])
    return shares[:, shares[0] > 0]


def divergences(shares: Floats) -> dict[str, Any]:
    """Returns measures of how two rows of shares differ; logarithms are natural."""
    p, q = shares
    half = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        forward = _relative(p, q)
        backward = _relative(q, p)
        common = (_relative(p, half) + _relative(q, half)) / 2
    return {
        "total_variation": math.fsum(np.abs(p - q)) / 2,
        "hellinger": math.sqrt(math.fsum((np.sqrt(p) - np.sqrt(q)) ** 2) / 2),
        "jensen_shannon": max(common, 0.0),
        "kl_divergence": max(forward, 0.0),
        "population_stability_index": max(forward + backward, 0.0),
    }


def _relative(p: Floats, q: Floats) -> float:
    """Kullback and Leibler's divergence of q from p; what p does not have adds nothing."""
    terms = np.where(p > 0, p * np.log(p / q), 0.0)
    return math.inf if np.isinf(terms).any() else math.fsum(terms)
