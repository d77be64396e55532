"""Draws a run: `python -m benchmarks.picture results.json out.png`. Needs the extra `plot`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.results import Record
from benchmarks.table import fastest, time_text

_COLOURS = {"ours": "#1f6f4a", "by hand": "#d9912b", "library": "#8c8c96"}
_LABELS = {"ours": "tallymetrics", "by hand": "the fastest by hand", "library": "the fastest library"}
_BAR = 0.26


def _limit(case: Record) -> float | None:
    """Return the time of the fastest plain read, on any number of threads."""
    read = fastest(case["arms"], "read")
    return read["best_seconds"] if read else None


def _draw_case(axes: Any, place: int, case: Record, unit: float, named: bool) -> None:
    """Draw a bar for ours and for the fastest of each kind of competitor, in units of `unit` seconds."""
    for offset, (kind, colour) in enumerate(_COLOURS.items()):
        arm = fastest(case["arms"], kind)
        if arm is None:
            continue
        length, height = arm["best_seconds"] / unit, place + (offset - 1) * _BAR
        axes.barh(height, length, _BAR * 0.92, color=colour, label=_LABELS[kind] if named else None)
        tool = "" if kind == "ours" else f"{arm['tool']} "
        text = f" {tool}{time_text(arm['best_seconds'])}"
        axes.text(length, height, text, va="center", fontsize=7, color="#333333")


def _draw_panel(axes: Any, cases: list[Record], relative: bool) -> None:
    """Draw one group of bars for each case, from top to bottom."""
    for place, case in enumerate(cases):
        unit = (_limit(case) or 1.0) if relative else 1e-6
        _draw_case(axes, place, case, unit, named=place == 0)
    titles = [case["title"].replace(" + confusion matrix", "\n+ confusion matrix") for case in cases]
    axes.set_yticks(range(len(cases)), titles, fontsize=8)
    axes.set_ylim(len(cases) - 0.4, -0.6)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    low, high = axes.get_xlim()
    axes.set_xlim(0.5 if relative else low, high * 6)  # room for the names
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)


def draw(results: Record, output: Path) -> None:
    """Draw every case with a plain read in units of it, and below the small updates in microseconds."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError("a picture needs matplotlib: pip install 'tallymetrics[plot]'") from None
    cases = results["cases"]
    large, small = ([case for case in cases if (_limit(case) is not None) == has_read] for has_read in (True, False))
    panels = [(cases, relative) for cases, relative in ((large, True), (small, False)) if cases]
    figure = Figure(figsize=(10, 1.6 + 0.62 * len(cases)), layout="constrained")
    heights = [len(cases) + 0.6 for cases, _ in panels]
    all_axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (cases, relative) in zip(all_axes, panels, strict=True):
        _draw_panel(axes, cases, relative)
        axes.set_xlabel("time, a plain read of the same arrays = 1" if relative else "time in microseconds", fontsize=8)
        axes.tick_params(axis="x", labelsize=8)
        if relative:
            axes.axvline(1, color="#b03030", linewidth=1, label="plain read: the limit")
    all_axes[0].legend(fontsize=8, loc="lower right", framealpha=1)
    processor = results["machine"]["processor"].get("model name", "")
    figure.suptitle(
        f"Shorter is better. {processor}, {results['threads']} threads, {results['measured'][:10]}", fontsize=9
    )
    figure.savefig(output, dpi=110, metadata={"Description": results["measured"], "Software": None})


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
