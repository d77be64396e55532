"""The time of one transport problem against its bins, for every tool, log-log, from the JSON of a run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.distance_cases import COSTS

_STYLES = {"l1": ":", "l2": "-", "any": "--"}
_COLOURS = {"tallymetrics": "C0", "POT": "C1", "SciPy": "C2", "OpenCV": "C3"}


def _lines(results: dict[str, Any]) -> dict[tuple[str, str], list[tuple[int, float]]]:
    """Seconds of a pair by bins, for each tool and cost, on one thread."""
    lines: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for case in results["cases"]:
        kind, _, rest = case["name"].partition("_")
        if kind != "transport":
            continue
        cost, bins = rest.split("_")
        for arm in case["arms"]:
            if arm["tool"] in _COLOURS and arm["threads"] == 1:
                lines.setdefault((arm["tool"], cost), []).append((int(bins), arm["best_seconds"] / case["rows"]))
    return lines


def plot(results: dict[str, Any], target: Path) -> None:
    """Write the picture of a run to a PNG file."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5.5), layout="constrained")
    for (tool, cost), points in sorted(_lines(results).items()):
        bins, seconds = zip(*sorted(points), strict=True)
        label = f"{tool}, {COSTS[cost]}"
        axes.loglog(bins, seconds, _STYLES[cost], color=_COLOURS[tool], marker="o", markersize=4, label=label)
    axes.set(xlabel="bins of each histogram", ylabel="seconds per pair, one thread")
    axes.set_title("Exact transport between two histograms")
    axes.grid(True, which="both", alpha=0.25)
    axes.legend(fontsize=8)
    figure.savefig(target, dpi=130)
    pyplot.close(figure)


if __name__ == "__main__":
    plot(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
