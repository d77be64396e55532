"""A picture of a transport plan: which mass goes where."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics.inputs import as_array

Floats = npt.NDArray[np.float64]

_WIDEST_LINE = 6.0


def plot_flow(flow: Any, shape: Sequence[int] | None = None, axes: Any = None, least: float = 1e-3) -> Any:
    """Draws a transport plan, such as `optimal_transport` returns with `return_flow=True`.

    On a line: bars of the masses that leave, above, and of those that arrive, below, with a line between two bins for
    what moves from one to the other, as wide as it is much. On a grid of two dimensions: an arrow from cell to cell,
    and a dot where mass stays. Needs matplotlib: `pip install 'tallymetrics[plot]'`.

    Args:
        flow: Mass that moves from bin to bin, [rows, columns], none negative.
        shape: (height, width) of a grid whose cells are the rows and the columns of the flow, row by row; None
            (default) for bins on a line.
        axes: Matplotlib axes to draw on; None makes a figure of its own.
        least: Share of the greatest flow below which nothing is drawn, default 1e-3.

    Returns:
        The axes; `axes.figure.savefig(path)` writes the picture.

    Raises:
        ValueError: If the flow is not a matrix of finite masses, or does not fit the shape.
        ImportError: If matplotlib is missing.

    Example:
        >>> from tallymetrics import metrics
        >>> cost, flow = metrics.optimal_transport([0.5, 0.5], [0.25, 0.75], [[0, 3], [3, 0]], return_flow=True)
        >>> metrics.plot_flow(flow).get_title()
        '0.25 of 1 moves'
    """
    masses = _checked_flow(flow)
    grid = None if shape is None else _checked_shape(shape, masses)
    axes = _new_axes() if axes is None else axes
    drawn = np.argwhere(masses > least * masses.max(initial=0.0))
    if grid is None:
        _draw_on_a_line(axes, masses, drawn)
    else:
        _draw_on_a_grid(axes, masses, drawn, grid)
    stays = float(np.trace(masses)) if masses.shape[0] == masses.shape[1] else 0.0
    axes.set_title(f"{masses.sum() - stays:.4g} of {masses.sum():.4g} moves")
    return axes


def _checked_flow(flow: Any) -> Floats:
    masses = as_array(flow, "flow").astype(np.float64)
    if masses.ndim != 2 or masses.size == 0:
        raise ValueError(f"`flow` must have shape [rows, columns]. Received shape {masses.shape}.")
    wrong = masses[~((masses >= 0) & np.isfinite(masses))]
    if len(wrong):
        raise ValueError(f"`flow` must hold finite masses, none negative. Received {wrong[0]}.")
    return masses


def _checked_shape(shape: Sequence[int], masses: Floats) -> tuple[int, int]:
    lengths = tuple(int(length) for length in shape)
    if len(lengths) != 2 or masses.shape != (math.prod(lengths),) * 2:
        raise ValueError(f"`shape` must be (height, width) of a grid of {masses.shape[0]} cells. Received {shape!r}.")
    return lengths[0], lengths[1]


def _new_axes() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError("`plot_flow` needs matplotlib: pip install 'tallymetrics[plot]'") from None
    return Figure(figsize=(7, 4.5), layout="constrained").subplots()


def _draw_on_a_line(axes: Any, masses: Floats, drawn: npt.NDArray[np.int64]) -> None:
    leaving, arriving = masses.sum(axis=1), masses.sum(axis=0)
    height = max(leaving.max(), arriving.max(), 1e-300)
    axes.bar(np.arange(len(leaving)), leaving / height, bottom=1.5, color="C0", label="y_true")
    axes.bar(np.arange(len(arriving)), -arriving / height, bottom=-0.5, color="C1", label="y_pred")
    for row, column in drawn:
        width = max(_WIDEST_LINE * masses[row, column] / masses.max(), 0.3)
        axes.plot([row, column], [1.5, -0.5], color="0.4", alpha=0.6, linewidth=width, solid_capstyle="butt")
    axes.set(xlabel="bin", yticks=[])
    axes.legend()


def _draw_on_a_grid(axes: Any, masses: Floats, drawn: npt.NDArray[np.int64], grid: tuple[int, int]) -> None:
    rows, columns = np.unravel_index(drawn, grid)
    amounts = masses[drawn[:, 0], drawn[:, 1]] / masses.max(initial=1e-300)
    stays = drawn[:, 0] == drawn[:, 1]
    axes.scatter(columns[stays, 0], rows[stays, 0], s=120 * amounts[stays], color="C0", label="stays")
    starts, steps = (columns[~stays, 0], rows[~stays, 0]), (np.diff(columns)[~stays, 0], np.diff(rows)[~stays, 0])
    # One call for each width: arrows of a call are all as wide.
    for number in np.argsort(amounts[~stays]):
        amount = amounts[~stays][number]
        axes.quiver(
            *(one[number] for one in (*starts, *steps)),
            color="C1",
            alpha=0.3 + 0.7 * amount,
            width=0.002 + 0.008 * amount,
            angles="xy",
            scale_units="xy",
            scale=1,
        )
    axes.set(xlim=(-0.7, grid[1] - 0.3), ylim=(grid[0] - 0.3, -0.7), aspect="equal", xlabel="column", ylabel="row")
