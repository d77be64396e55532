"""The JSON of a run: how it is written, and what in it is wrong."""

from __future__ import annotations

import json
import re
from typing import Any

from benchmarks.memory import LIMIT_BYTES

Record = dict[str, Any]


def dump(results: Record) -> str:
    """Return JSON in which each list of numbers and each arm is one line."""
    text = json.dumps(results, indent=1)
    for innermost in (r"\[[^\[\]{}]*\]", r"{[^{}]*}"):
        text = re.sub(innermost, lambda match: re.sub(r"\n *", " ", match[0]), text)
    return text + "\n"


def faults(results: Record) -> list[str]:
    """Return a sentence for each tool that failed and for each job that needs more memory than it may."""
    found = []
    for case in results["cases"]:
        found += [f"{case['title']}: {tool} failed. {reason}" for tool, reason in case.get("failed", {}).items()]
        peak = case.get("peak_bytes_beyond_inputs")
        if peak and peak > LIMIT_BYTES:
            found.append(
                f"{case['title']}: {peak / 1e6:.0f} MB beyond the inputs; the limit is {LIMIT_BYTES / 1e6:.0f}"
            )
    return found
