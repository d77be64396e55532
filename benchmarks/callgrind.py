"""Reads what callgrind writes: its trigger, and the instructions of one object file."""

from __future__ import annotations

import re


def trigger_of(text: str) -> str:
    """Return the name that the client gave to this dump, or nothing for the one at the end."""
    found = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.MULTILINE)
    return found[1] if found else ""


def count_instructions(text: str, object_part: str) -> int:
    """Sum up the instructions of functions in objects whose file name contains `object_part`, without their callees.

    `ob=(1) /path/to/object` names the object of what follows, later by `ob=(1)` alone; `calls=` is followed by the cost
    of the callee, which is left out; any other line of two numbers is a position and a cost.
    """
    names: dict[str, str] = {}
    total, inside, of_callee = 0, False, False
    for line in text.splitlines():
        if line.startswith(("ob=", "cob=")):
            number, _, path = line.partition("=")[2].partition(" ")
            names.setdefault(number, path)
            if line.startswith("ob="):
                inside = object_part in names[number].rpartition("/")[2]
        elif line.startswith("calls="):
            of_callee = True
        elif line[:1] in "0123456789+-*":
            if inside and not of_callee:
                total += sum(int(cost) for cost in line.split()[1:2])  # a cost of zero is not written
            of_callee = False
    return total
