"""The tables of the READMEs are what the JSON of the last runs says; a picture says of which run it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import readme
from benchmarks.table import report

_FOLDER = Path(__file__).resolve().parent
_RESULTS = _FOLDER / "last_results.json"


@pytest.mark.parametrize("path", readme.READMES, ids=["benchmarks", "front", "cpp"])
def test_tables_are_those_of_the_json(path: Path) -> None:
    text = path.read_text()
    assert "<!-- begin " in text
    assert readme.filled(text) == text, "python -m benchmarks.readme writes the tables"


def test_a_typed_number_is_noticed() -> None:
    text = readme.READMES[0].read_text()
    assert readme.filled(text.replace(" ms |", " s |", 1)) == text


def test_the_picture_is_of_the_last_run() -> None:
    measured = json.loads(_RESULTS.read_text())["measured"]
    assert measured.encode() in (_FOLDER / "last_results.png").read_bytes()


def test_the_picture_is_drawn_from_json(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from benchmarks.picture import draw

    results = json.loads(_RESULTS.read_text())
    draw(results, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["last_results.json", "last_classes.json"])
def test_recorded_runs_can_be_printed(name: str) -> None:
    results = json.loads((_FOLDER / name).read_text())
    printed = report(results)
    assert all(case["title"] in printed for case in results["cases"])
