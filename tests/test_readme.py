"""The README's snippets run as written, its output is what the command prints, and its files exist."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_python_snippets_run_in_order():
    namespace: dict[str, object] = {}
    blocks = _blocks("python")
    assert len(blocks) >= 4
    for block in blocks:
        exec(compile(block, "README.md", "exec"), namespace)
    assert namespace["result"]["accuracy"] > 0.9


def test_shown_output_is_what_the_command_prints():
    command = [sys.executable, "-m", "tallymetrics", "evaluate", "--example", "digits"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    shown = next(block for block in _blocks("text") if block.startswith("accuracy"))
    assert [line.rstrip() for line in printed.rstrip().splitlines()] == shown.rstrip().splitlines()


def test_commands_are_one_line_each_and_make_their_own_environment():
    commands = [line for block in _blocks("sh") for line in block.splitlines() if line.startswith("python3 -m venv")]
    assert any(line.endswith("tallymetrics evaluate --example digits") for line in commands)
    assert any(line.endswith("pytest") for line in commands)


def test_map_names_what_exists():
    tree = next(block for block in _blocks("text") if block.startswith("cpp/"))
    folder = ROOT
    for line in tree.splitlines():
        names = re.match(r"^(\s*)(.*?)(?:  |$)", line)
        entries = names[2].split()
        if names[1] == "":
            folder = ROOT / entries[0]
            assert folder.is_dir(), entries[0]
        else:
            assert all((folder / entry).exists() for entry in entries), line
