"""Answers of two tools on the same rows: counts must be equal, means close."""

from __future__ import annotations

import numpy as np

from benchmarks.tools import Answer


class WrongAnswerError(Exception):
    """A tool answered otherwise than the reference."""


def assert_same_answer(tool: str, answer: Answer, reference: Answer, tolerance: float) -> None:
    """Compare every number of `answer` with `reference`.

    Args:
        tool: Named in the error.
        answer: Name -> number or array.
        reference: The answer to be met, with the same names.
        tolerance: Relative difference allowed in numbers; arrays of integers must be equal.

    Raises:
        WrongAnswerError: If names or values differ.
    """
    if answer.keys() != reference.keys():
        raise WrongAnswerError(f"{tool} answered {sorted(answer)}, not {sorted(reference)}")
    for name, expected in reference.items():
        got, expected = np.asarray(answer[name]), np.asarray(expected)
        if expected.ndim and expected.dtype.kind in "iu":
            same = np.array_equal(got, expected)
        else:
            same = got.shape == expected.shape and bool(np.isclose(got, expected, rtol=tolerance, atol=0).all())
        if not same:
            raise WrongAnswerError(f"{tool} answered {name} = {got}, not {expected}")
