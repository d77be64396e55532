"""How histogram rows are compared: where their bins lie, whether around a circle, and what unequal masses mean."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics.arguments import as_number
from tallymetrics.inputs import Batch

Floats = npt.NDArray[np.float64]

# In the order of MassPolicy in cpp/kernels/table.h.
POLICIES = ("as_is", "refuse", "normalize")


def as_positions(bins: Any) -> Floats | None:
    """Returns the argument `bins` as float64 positions, or None.

    Raises:
        ValueError: If they are not finite or not in one row.
    """
    if bins is None:
        return None
    positions = np.array(bins, np.float64)
    if positions.ndim != 1 or not np.isfinite(positions).all():
        raise ValueError(f"`bins` must be finite positions of shape [bins]. Received {bins!r}.")
    return positions


def positions_for(positions: Floats | None, width: int) -> Floats:
    """Returns the positions of a row's bins, by default 0, 1, ..., width - 1.

    Raises:
        ValueError: If there are not as many as columns.
    """
    if positions is None:
        return np.arange(width, dtype=np.float64)
    if len(positions) != width:
        raise ValueError(f"`y_pred` must have one column for each of {len(positions)} bins. Received {width}.")
    return positions


class HistogramForm:
    """The arguments of an earth mover's distance between histogram rows, checked, and what the native core takes.

    Args:
        r: Order of the distance.
        bins: Increasing positions, or None.
        unequal_mass: One of `POLICIES`.
        tolerance: Of `"refuse"`, as a share of the greater mass.
        circular: Whether the bins lie around a circle; a number is its circumference.
    """

    def __init__(self, r: Any, bins: Any, unequal_mass: Any, tolerance: Any, circular: Any) -> None:
        self.r = as_number(r, "r", 1, math.inf)
        self.positions = as_positions(bins)
        if self.positions is not None and not (np.diff(self.positions) > 0).all():
            raise ValueError(f"`bins` must increase. Received {bins!r}.")
        if unequal_mass not in POLICIES:
            raise ValueError(f"`unequal_mass` must be one of {', '.join(POLICIES)}. Received {unequal_mass!r}.")
        self.unequal_mass = unequal_mass
        self.tolerance = as_number(tolerance, "tolerance", 0, 1)
        self.circular = self._checked_circle(circular)
        if self.circular and self.r not in (1, 2):
            raise ValueError(f"`r` must be 1 or 2 around a circle. Received {r}.")

    def _checked_circle(self, circular: Any) -> Any:
        if isinstance(circular, (bool, np.bool_)):
            if circular and self.positions is not None:
                raise ValueError("`circular` must be the circumference where `bins` are given. Received True.")
            return bool(circular)
        if as_number(circular, "circular", -math.inf, math.inf) <= 0:
            raise ValueError(f"`circular` must be true, false or a circumference above 0. Received {circular}.")
        if self.positions is not None and len(self.positions) and circular <= self.positions[-1] - self.positions[0]:
            raise ValueError(f"`circular` must exceed the distance of the outer bins. Received {circular}.")
        return circular

    @property
    def bins(self) -> list[float] | None:
        return None if self.positions is None else self.positions.tolist()

    def gaps(self, width: int) -> Floats | None:
        """Returns the distance from each bin to the next; None where all count alike and add up to 1."""
        around = 0.0 if isinstance(self.circular, bool) else float(self.circular)
        if self.positions is None:
            return np.full(width, around / width) if around else None
        positions = positions_for(self.positions, width)
        end = positions[0] + around if around else positions[-1]
        return np.append(np.diff(positions), end - positions[-1])

    def native(self, width: int) -> tuple[Any, ...] | None:
        """Returns what stands for the form in an accumulator; None for the plain one."""
        gaps = self.gaps(width)
        if gaps is None and self.unequal_mass == "as_is" and not self.circular:
            return None
        return gaps, POLICIES.index(self.unequal_mass), float(self.tolerance), bool(self.circular)

    def config(self) -> dict[str, Any]:
        names = ("r", "bins", "unequal_mass", "tolerance", "circular")
        return {name: getattr(self, name) for name in names}


def mass_error(batch: Batch, row: int, place: str) -> ValueError:
    """Returns the error for a pair of rows that the native core refused by a policy."""
    assert batch.y_true is not None
    rows = {"y_true": batch.y_true[row], "y_pred": batch.y_pred[row]}
    masses = {}
    for name, given in rows.items():
        entries = given.astype(np.float64)
        wrong = entries[~((entries >= 0) & (entries < math.inf))]
        if len(wrong):
            kind = "masses that are not negative" if wrong[0] < 0 else "finite masses"
            return ValueError(f"`{name}` must hold {kind}. Received {wrong[0]} in {place}.")
        with np.errstate(over="ignore"):
            masses[name] = float(entries.sum())
        if not math.isfinite(masses[name]):
            return ValueError(f"`{name}` must hold rows of finite mass. Received {masses[name]} in {place}.")
    for name, mass in masses.items():
        if mass == 0:
            return ValueError(f"`{name}` must hold rows of some mass. Received 0.0 in {place}.")
    true_mass, pred_mass = masses.values()
    return ValueError(
        f"`y_pred` must hold rows of the mass that `y_true` has. Received {pred_mass}, not {true_mass}, in {place}."
    )
