"""Pictures of transport plans show what moves, and refuse what is no plan."""

import sys

import numpy as np
import pytest

from tallymetrics import metrics


def test_a_line_shows_masses_and_what_moves():
    pytest.importorskip("matplotlib")
    axes = metrics.plot_flow([[0.25, 0.5, 0], [0, 0.25, 0]])
    assert len(axes.patches) == 5
    assert len(axes.lines) == 3
    widths = [line.get_linewidth() for line in axes.lines]
    assert widths[1] == 2 * widths[0] == 2 * widths[2]
    assert axes.get_title() == "1 of 1 moves"
    assert len(metrics.plot_flow(np.zeros((2, 2))).lines) == 0


def test_a_grid_shows_arrows_and_dots(rng, tmp_path):
    pytest.importorskip("matplotlib")
    from matplotlib.quiver import Quiver

    pair = rng.random((2, 12))
    pair /= pair.sum(axis=1, keepdims=True)
    _, flow = metrics.optimal_transport(*pair, "l1_grid", shape=(3, 4), return_flow=True)
    axes = metrics.plot_flow(flow, shape=(3, 4))
    arrows = [one for one in axes.collections if isinstance(one, Quiver)]
    off_diagonal = flow - np.diag(np.diag(flow))
    assert len(arrows) == (off_diagonal > 1e-3 * flow.max()).sum() > 0
    first, last = np.argwhere(off_diagonal == off_diagonal.max())[0]
    widest = max(arrows, key=lambda arrow: arrow.width)
    assert (widest.X[0], widest.Y[0]) == (first % 4, first // 4)
    assert (widest.X[0] + widest.U[0], widest.Y[0] + widest.V[0]) == (last % 4, last // 4)
    axes.figure.savefig(tmp_path / "flow.png")
    assert (tmp_path / "flow.png").stat().st_size > 1000
    assert metrics.plot_flow(flow, axes=axes) is axes


def test_what_is_no_plan_is_refused(monkeypatch):
    for arguments, message in [
        (([1.0],), r"`flow` must have shape \[rows, columns\].*\(1,\)"),
        (([[1.0, -1.0]],), r"`flow` must hold finite masses, none negative. Received -1.0"),
        (([[np.nan]],), "`flow` must hold finite masses"),
        ((np.eye(6), (2, 2)), r"`shape` must be \(height, width\) of a grid of 6 cells"),
        ((np.eye(6), (6,)), "`shape` must be"),
    ]:
        with pytest.raises(ValueError, match=message):
            metrics.plot_flow(*arguments)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"`plot_flow` needs matplotlib: pip install 'tallymetrics\[plot\]'"):
        metrics.plot_flow(np.eye(2))
