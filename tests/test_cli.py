"""The command line: what goes to stdout and stderr, exit codes, and the example against scikit-learn."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result
from sklearn import metrics as oracle
from sklearn.datasets import load_digits

import tallymetrics
from tallymetrics.cli import EXAMPLES, _one_line, build_command, main

COMMAND = [sys.executable, "-m", "tallymetrics"]
DIGITS = [*COMMAND, "evaluate", "--example", "digits"]
ALL_NAMES = "accuracy,top_5,crossentropy,confusion_matrix,top_k_curve"


def invoke(*arguments: Any) -> Result:
    return CliRunner().invoke(build_command(), ["evaluate", *map(str, arguments)])


def digits() -> tuple[np.ndarray, np.ndarray]:
    with resources.as_file(resources.files("tallymetrics.examples") / "digits.parquet") as path:
        table = pa.parquet.read_table(path).combine_chunks()
    scores = table["probabilities"].chunk(0).flatten().to_numpy().reshape(-1, 10)
    return table["label"].to_numpy(), scores


# The example


def test_example_agrees_with_scikit_learn() -> None:
    finished = subprocess.run([*DIGITS, "--json", "--metrics", ALL_NAMES], check=True, capture_output=True, text=True)
    assert finished.stderr == ""
    result = json.loads(finished.stdout)
    labels, scores = digits()
    predicted = scores.argmax(axis=1)
    np.testing.assert_array_equal(result["confusion_matrix"], oracle.confusion_matrix(labels, predicted))
    assert all(type(count) is int for row in result["confusion_matrix"] for count in row)
    assert result["accuracy"] == pytest.approx(oracle.accuracy_score(labels, predicted), abs=1e-12)
    curve = [oracle.top_k_accuracy_score(labels, scores, k=k) for k in range(1, 10)]
    assert result["top_k_curve"] == pytest.approx([*curve, 1.0], abs=1e-12)
    assert result["top_5"] == result["top_k_curve"][4]
    wide = scores / scores.sum(axis=1, keepdims=True, dtype=np.float64)
    assert result["crossentropy"] == pytest.approx(oracle.log_loss(labels, wide), abs=1e-12)


def test_example_is_what_its_script_promises() -> None:
    labels, scores = digits()
    np.testing.assert_array_equal(labels, load_digits().target)
    assert scores.dtype == np.float32
    assert scores.shape == (1797, 10)
    np.testing.assert_allclose(scores.sum(axis=1), 1.0, atol=1e-6)
    assert scores[np.arange(len(labels)), labels].min() > 1e-6
    assert 0.9 < (scores.argmax(axis=1) == labels).mean() < 1.0
    for name, (y_true, y_pred) in EXAMPLES.items():
        with resources.as_file(resources.files("tallymetrics.examples") / f"{name}.parquet") as path:
            assert {y_true, y_pred} == set(pa.parquet.read_schema(path).names)
            assert path.stat().st_size < 200_000


def test_example_as_a_table() -> None:
    result = invoke("--example", "digits")
    assert result.exit_code == 0
    assert result.stderr == ""
    lines = result.stdout.split("\n")
    assert [line.split()[0] for line in lines[:3]] == ["accuracy", "top_5", "crossentropy"]
    assert "confusion_matrix: a row for each true class, a column for each predicted class" in lines
    assert max(map(len, lines)) <= 80  # the usual width of a terminal


# Files


def write_files(folder: Path) -> dict[str, list[str]]:
    """The same predictions in every kind of file: file name -> the options that name their parts."""
    labels, scores = digits()
    weights = np.random.default_rng(5).random(len(labels))
    lists = pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel()), 10)
    columns = {f"p_{index}": scores[:, index] for index in reversed(range(10))}
    table = pa.table({"label": labels, "scores": lists, "w": weights})
    wide = pa.table({"label": labels, "w": weights, **columns})
    pa.parquet.write_table(table, folder / "a.parquet")
    pa.feather.write_feather(table, folder / "a.feather")
    pa.parquet.write_table(wide, folder / "wide.parquet")
    # Through float64 text and back to float32, so that the scores are the same numbers.
    pa.csv.write_csv(wide, folder / "a.csv")
    np.savez_compressed(folder / "a.npz", label=labels, scores=scores, w=weights)
    for name, array in (("label", labels), ("scores", scores), ("w", weights)):
        np.save(folder / f"{name}.npy", array)
    listed = ["--y-true", "label", "--y-pred", "scores", "--sample-weight", "w"]
    per_class = ["--y-true", "label", "--y-pred", "p_*", "--sample-weight", "w"]
    arrays = ["--y-true", "label.npy", "--y-pred", "scores.npy", "--sample-weight", "w.npy"]
    return {
        "a.parquet": listed,
        "a.feather": listed,
        "wide.parquet": per_class,
        "a.csv": per_class,
        "a.npz": listed,
        ".": arrays,
        "scores.npy": [*arrays[:2], *arrays[4:]],
        "": [option if option.startswith("--") else str(folder / option) for option in arrays],
    }


def test_every_kind_of_file_gives_the_same_result(tmp_path: Path) -> None:
    labels, scores = digits()
    weights = np.random.default_rng(5).random(len(labels))
    expected = tallymetrics.evaluate(labels, scores, sample_weight=weights, metrics=ALL_NAMES.split(","))
    expected["confusion_matrix"] = expected["confusion_matrix"].tolist()
    expected["top_k_curve"] = expected["top_k_curve"].tolist()
    for name, options in write_files(tmp_path).items():
        path = [tmp_path / name] if name else []
        for extra in ([], ["--batch-size", "100", "--threads", "1"]):
            result = invoke(*path, *options, "--json", "--metrics", ALL_NAMES, *extra)
            assert result.exit_code == 0, (name, result.stderr)
            read = json.loads(result.stdout)
            if name == "a.csv":
                # Text holds float32 scores as the float64 numbers next to them: their own rows, normalised anew.
                assert read.pop("crossentropy") == pytest.approx(expected["crossentropy"], rel=1e-7)
                assert read == {key: value for key, value in expected.items() if key != "crossentropy"}
            else:
                assert read == expected, name


def test_parts_are_called_y_true_and_y_pred_by_default(tmp_path: Path) -> None:
    pa.parquet.write_table(pa.table({"y_true": [0, 1, 1], "y_pred": [0, 1, 0]}), tmp_path / "a.parquet")
    assert json.loads(invoke(tmp_path / "a.parquet", "--json").stdout) == {
        "accuracy": 2 / 3,
        "confusion_matrix": [[1, 0], [1, 1]],
    }


# Exit codes and messages


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], r"Give either PATH or --example\."),
        (["--example", "digits", "FOLDER"], r"Give either PATH or --example\."),
        (["--y-true", "a.npy"], r"Give either PATH or --example\."),
        (["--example", "letters"], "Invalid value for '--example'"),
        (["missing.parquet"], "'missing.parquet' does not exist"),
        (["--example", "digits", "--threads", "0"], "Invalid value for '--threads'"),
        (["--example", "digits", "--batch-size", "x"], "Invalid value for '--batch-size'"),
        (["--example", "digits", "--metrics", "acuracy"], "Received 'acuracy'. Close matches: accuracy"),
        (["--example", "digits", "--metrics", ","], "Invalid value for '--metrics': Give at least one name."),
        (["--example", "digits", "--jsn"], "No such option"),
    ],
)
def test_wrong_usage_ends_with_2(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = invoke(*(str(tmp_path) if argument == "FOLDER" else argument for argument in arguments))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message.replace("\\", "") in result.stderr


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"label": [0, 1]}, [], "`y_true` must name a column. Received 'y_true'. Columns: label."),
        ({"y_true": [0, None], "y_pred": [0, 1]}, [], "Column 'y_true' must have no nulls. Row 1 has one."),
        ({"y_true": [0, 1], "y_pred": [[0.5], [0.5, 0.5]]}, [], "Column 'y_pred' must hold lists of one length."),
        ({"y_true": ["cat"], "y_pred": ["dog"]}, [], "Column 'y_true' must hold numbers"),
        ({"y_true": [0], "y_pred": [0]}, ["--metrics", "top_5"], "'top_5' needs `y_pred` of shape [rows, classes]."),
        ({"y_true": [7], "y_pred": [[0.5, 0.5]]}, [], "`y_true`"),
    ],
)
def test_bad_data_ends_with_1_and_one_line(tmp_path: Path, columns: Any, options: list[str], message: str) -> None:
    pa.parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    result = invoke(tmp_path / "a.parquet", *options)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert message in result.stderr


@pytest.mark.parametrize("error", [MemoryError("no memory"), NotImplementedError("no\n memory"), OSError("no memory")])
def test_other_failures_end_with_1_and_one_line(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_arguments: Any, **_options: Any) -> None:
        raise error

    monkeypatch.setattr(sys.modules["tallymetrics.evaluate"], "evaluate", fail)
    result = invoke("--example", "digits")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "Error: no memory\n")


def test_an_error_without_a_message_is_named() -> None:
    assert _one_line(MemoryError()) == "MemoryError"


def test_damaged_file_ends_with_1_and_one_line(tmp_path: Path) -> None:
    for name in ["a.parquet", "a.arrow", "a.csv", "a.npz"]:
        (tmp_path / name).write_bytes(b"\n\n")
        finished = subprocess.run([*COMMAND, "evaluate", tmp_path / name], capture_output=True, text=True)
        assert finished.returncode == 1
        assert finished.stdout == ""
        assert finished.stderr.count("\n") == 1
        assert name in finished.stderr


def test_main_returns_the_same_exit_codes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def exit_code(*arguments: str) -> Any:
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        return caught.value.code

    assert exit_code("evaluate", "--example", "digits", "--metrics", "accuracy") in (0, None)
    assert capsys.readouterr().out.startswith("accuracy  0.9")
    assert exit_code("--version") in (0, None)
    assert capsys.readouterr().out == f"tallymetrics {tallymetrics.__version__}\n"
    assert exit_code("evaluate", "--help") in (0, None)
    assert "--sample-weight" in capsys.readouterr().out
    assert exit_code("evaluate", str(tmp_path)) == 1
    assert exit_code("evaluate") == 2
    assert exit_code("evalate") == 2


def test_without_click_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "click", None)
    with pytest.raises(SystemExit, match=r"The command line needs click: pip install 'tallymetrics\[cli\]'") as caught:
        main([])
    # An exit with a message prints it on stderr and ends with 1.
    assert isinstance(caught.value.code, str)


def test_without_pyarrow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = invoke("--example", "digits")
    assert result.exit_code == 1
    assert result.stderr == "Error: Reading 'digits.parquet' needs pyarrow: pip install 'tallymetrics[arrow]'\n"


# As a real process


def test_progress_bar_goes_to_stderr_of_a_terminal_only() -> None:
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    finished = subprocess.run([*DIGITS, "--json", "--batch-size", "100"], stdout=subprocess.PIPE, stderr=terminal)
    os.set_blocking(controller, False)
    shown = os.read(controller, 100_000).decode()
    os.close(terminal)
    os.close(controller)
    assert finished.returncode == 0
    assert "digits.parquet" in shown
    assert json.loads(finished.stdout)["accuracy"] > 0.9


def test_closed_pipe_is_quiet() -> None:
    process = subprocess.Popen(DIGITS, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 1


def test_pipe_to_head() -> None:
    line = f"'{sys.executable}' -m tallymetrics evaluate --example digits | head -n 1"
    finished = subprocess.run(["sh", "-c", line], capture_output=True, text=True)
    assert finished.stderr == ""
    assert finished.stdout.startswith("accuracy")
    assert finished.stdout.count("\n") == 1


def test_interrupt_ends_with_130_and_no_traceback() -> None:
    program = (
        "import sys, time, tallymetrics.report, tallymetrics.cli\n"
        "def wait(result): print('ready', flush=True); time.sleep(60)\n"
        "tallymetrics.report.to_text = wait\n"
        "tallymetrics.cli.main(['evaluate', '--example', 'digits'])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    before = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=5)
    assert process.returncode == 130
    assert time.monotonic() - before < 2
    assert errors.strip() == ""


def test_start_imports_nothing_it_does_not_need() -> None:
    program = (
        "import sys, tallymetrics.cli\n"
        "try: tallymetrics.cli.main(['--version'])\n"
        "except SystemExit: print(sorted({'pyarrow', 'tqdm', 'sklearn', 'pandas', 'scipy'} & set(sys.modules)))\n"
    )
    finished = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert finished.stdout.split("\n")[1] == "[]"
