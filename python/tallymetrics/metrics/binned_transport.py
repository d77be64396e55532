"""Two populations of samples of which each bin's mass and mean position are known.

Everything is in units of a bin; masses are shares of their population, places lie in [0, 1].
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tallymetrics import _core

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float, float]  # lower bound, estimate, upper bound


class BinnedSums(NamedTuple):
    """Weights [population, bin], and weights times places; if not `weighted`, a mass of 1 is one sample."""

    masses: Floats
    places: Floats
    weighted: bool

    def single(self) -> npt.NDArray[np.bool_]:
        """In which bins a population has one value at most, [population, bin]."""
        single: npt.NDArray[np.bool_] = (self.places == 0) | ((self.masses <= 1) & (not self.weighted))
        return single

    def open_bins(self) -> npt.NDArray[np.uint8]:
        """Marks the bins in which the order of the two populations matters and is not known."""
        return _core.open_bins(*self)

    def shared_bins(self) -> npt.NDArray[np.uint8]:
        """Marks the bins in which a population may have several values."""
        return np.asarray(~self.single().all(axis=0), np.uint8)

    def distance(self, p: int) -> Interval:
        """Bounds and an estimate of the Wasserstein distance of order `p`, 1 or 2."""
        return _core.binned_distance(*self, p)


class Binned(NamedTuple):
    """Shares [population, bin], shares times mean places, and in which bins a population has one value at most."""

    shares: Floats
    moments: Floats
    single: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, sums: BinnedSums) -> "Binned":
        totals = sums.masses.sum(axis=1, keepdims=True)
        return cls(sums.masses / totals, sums.places / totals, sums.single())

    def left(self) -> Floats:
        """Differences of the cumulative shares before each bin."""
        steps = self.shares[0] - self.shares[1]
        return np.concatenate([[0.0], np.cumsum(steps)[:-1]])
