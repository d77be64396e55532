"""What pytest-benchmark writes of a run: times by name and the processor, nothing else of the machine."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.machine import describe


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_generate_machine_info(config: pytest.Config) -> dict[str, Any]:
    """Name the processor."""
    return {"processor": describe()["processor"]}


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(config: pytest.Config, benchmarks: list, output_json: dict[str, Any]) -> None:
    """Keep what a comparison reads."""
    for key in ("commit_info", "datetime", "version"):
        output_json.pop(key, None)
    output_json["benchmarks"] = [
        {key: record[key] for key in ("group", "name", "fullname")} | {"stats": _rounded(record["stats"])}
        for record in output_json["benchmarks"]
    ]


def _rounded(stats: dict[str, Any]) -> dict[str, Any]:
    """Keep five digits of each number, and no list of all times."""
    numbers = {key: value for key, value in stats.items() if key != "data"}
    return {key: float(f"{value:.5g}") if isinstance(value, float) else value for key, value in numbers.items()}
