"""Files as batches: every format and layout gives back the arrays it was written from, or says what is wrong."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest

from tallymetrics.sources import Source, open_source
from tallymetrics.sources.arrow_columns import natural_key, select_columns
from tallymetrics.sources.batches import BATCH_BYTES, BATCH_ROWS, array_batches, is_mapped, rows_per_batch

ROWS, CLASSES = 257, 12
RANDOM = np.random.default_rng(20)
LABELS = RANDOM.integers(0, CLASSES, ROWS)
SCORES = RANDOM.random((ROWS, CLASSES), dtype=np.float32)
WEIGHTS = RANDOM.random(ROWS)


def fixed_size_list(scores: np.ndarray) -> dict[str, Any]:
    return {"scores": pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel()), scores.shape[1])}


def plain_list(scores: np.ndarray) -> dict[str, Any]:
    return {"scores": pa.array(list(scores))}


def large_list(scores: np.ndarray) -> dict[str, Any]:
    return {"scores": plain_list(scores)["scores"].cast(pa.large_list(pa.float32()))}


def tensor(scores: np.ndarray) -> dict[str, Any]:
    return {"scores": pa.FixedShapeTensorArray.from_numpy_ndarray(scores)}


def column_per_class(scores: np.ndarray) -> dict[str, Any]:
    # Written out of order: the pattern must sort p_2 before p_10.
    order = [10, 2, 0, 1, 3, 4, 5, 6, 7, 8, 9, 11]
    return {f"p_{index}": pa.array(scores[:, index]) for index in order}


LAYOUTS = [fixed_size_list, plain_list, large_list, tensor, column_per_class]


def write_parquet(table: pa.Table, path: Path) -> None:
    pa.parquet.write_table(table, path, row_group_size=100)


def write_ipc_file(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=100)


def write_ipc_stream(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=100)


def write_feather(table: pa.Table, path: Path) -> None:
    pa.feather.write_feather(table, path, compression="lz4", chunksize=100)


WRITERS = {
    "data.parquet": write_parquet,
    "data.arrow": write_ipc_file,
    "data.arrows": write_ipc_stream,
    "data.feather": write_feather,
}


def prediction_table(layout: Callable[[np.ndarray], dict[str, Any]]) -> pa.Table:
    return pa.table({"label": LABELS, "unused": ["text"] * ROWS, **layout(SCORES), "weight": WEIGHTS})


def read_all(source: Source) -> list[np.ndarray]:
    batches = list(source.batches)
    assert source.rows in (None, sum(len(batch.y_pred) for batch in batches))
    return [np.concatenate(arrays) for arrays in zip(*batches, strict=True) if arrays[0] is not None]


def assert_whole(source: Source) -> None:
    labels, scores, weights = read_all(source)
    np.testing.assert_array_equal(labels, LABELS, strict=True)
    np.testing.assert_array_equal(scores, SCORES, strict=True)
    np.testing.assert_array_equal(weights, WEIGHTS, strict=True)


@pytest.mark.parametrize("batch_size", [None, 1, 7, 100, 1000])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", WRITERS)
def test_arrow_files(tmp_path: Path, name: str, layout: Any, batch_size: int | None) -> None:
    WRITERS[name](prediction_table(layout), tmp_path / name)
    columns = "p_*" if layout is column_per_class else "scores"
    assert_whole(open_source(tmp_path / name, "label", columns, "weight", batch_size))
    sizes = [
        len(batch.y_pred) for batch in open_source(tmp_path / name, "label", columns, batch_size=batch_size).batches
    ]
    assert sum(sizes) == ROWS
    assert max(sizes) <= (batch_size or ROWS)


@pytest.mark.parametrize("name", ["data.csv", "data.tsv", "data.csv.gz"])
def test_csv_files(tmp_path: Path, name: str) -> None:
    table = prediction_table(column_per_class)
    content = io.BytesIO()
    options = pa.csv.WriteOptions(delimiter="\t" if "tsv" in name else ",")
    pa.csv.write_csv(table, content, write_options=options)
    packed = gzip.compress(content.getvalue()) if name.endswith("gz") else content.getvalue()
    (tmp_path / name).write_bytes(packed)
    labels, scores, weights = read_all(open_source(str(tmp_path / name), "label", "p_*", "weight", batch_size=50))
    np.testing.assert_array_equal(labels, LABELS, strict=True)
    np.testing.assert_array_equal(scores.astype(np.float32), SCORES, strict=True)
    np.testing.assert_array_equal(weights, WEIGHTS, strict=True)


def test_csv_scores_may_begin_as_integers_and_be_nan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tallymetrics.sources.arrow_files._CSV_BLOCK_BYTES", 20)
    (tmp_path / "a.csv").write_text("label,p0,p1\n0,1,0\n1,NaN,inf\n1,0.25,0.75\n")
    labels, scores = read_all(open_source(tmp_path / "a.csv", "label", "p0,p1"))
    np.testing.assert_array_equal(labels, [0, 1, 1])
    np.testing.assert_array_equal(scores, [[1.0, 0.0], [np.nan, np.inf], [0.25, 0.75]])


@pytest.mark.parametrize("batch_size", [None, 1, 100])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_files(tmp_path: Path, order: Any, batch_size: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "label.npy", LABELS)
    np.save(tmp_path / "scores.npy", np.array(SCORES, order=order))
    np.save(tmp_path / "weight.npy", WEIGHTS)
    assert_whole(open_source(tmp_path, "label.npy", "scores.npy", "weight.npy", batch_size))
    # The scores' own file as the path, and paths relative to the working directory.
    assert_whole(open_source(tmp_path / "scores.npy", "label.npy", None, "weight.npy", batch_size))
    monkeypatch.chdir(tmp_path.parent)
    folder = tmp_path.name
    assert_whole(
        open_source(".", f"{folder}/label.npy", str(tmp_path / "scores.npy"), f"{folder}/weight.npy", batch_size)
    )


@pytest.mark.parametrize("batch_size", [None, 1, 100])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_files(tmp_path: Path, save: Any, order: Any, batch_size: int | None) -> None:
    save(tmp_path / "a.npz", y_true=LABELS, y_pred=np.array(SCORES, order=order), weight=WEIGHTS)
    assert_whole(open_source(tmp_path / "a.npz", sample_weight="weight", batch_size=batch_size))


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int8, np.uint64, np.bool_])
def test_any_number_type(tmp_path: Path, dtype: Any) -> None:
    scores = RANDOM.integers(0, 2, (9, 3)).astype(dtype)
    flat = pa.array(scores.ravel())
    table = pa.table({"y_true": scores[:, 0], "y_pred": pa.FixedSizeListArray.from_arrays(flat, 3)})
    write_ipc_file(table, tmp_path / "a.arrow")
    labels, read_scores = read_all(open_source(tmp_path / "a.arrow", batch_size=4))
    np.testing.assert_array_equal(labels, scores[:, 0], strict=True)
    np.testing.assert_array_equal(read_scores, scores, strict=True)


def test_nested_lists_and_permuted_tensors_keep_their_axes(tmp_path: Path) -> None:
    values = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
    storage = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), 6)
    permuted = pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float32(), (2, 3), permutation=[1, 0]), storage)
    table = pa.table({"nested": pa.array(values.tolist()), "tensor": permuted})
    write_parquet(table, tmp_path / "a.parquet")
    nested, transposed = read_all(open_source(tmp_path / "a.parquet", "nested", "tensor", batch_size=3))
    np.testing.assert_array_equal(nested, values)
    np.testing.assert_array_equal(transposed, values.transpose(0, 2, 1))


def test_dictionary_columns_are_decoded(tmp_path: Path) -> None:
    table = pa.table({"y_true": pa.array([3, 3, 5]).dictionary_encode(), "y_pred": [3, 4, 5]})
    write_ipc_file(table, tmp_path / "a.arrow")
    np.testing.assert_array_equal(read_all(open_source(tmp_path / "a.arrow"))[0], [3, 3, 5])


def test_mapped_files_are_not_copied(tmp_path: Path) -> None:
    write_ipc_file(prediction_table(fixed_size_list), tmp_path / "a.arrow")
    batch = next(open_source(tmp_path / "a.arrow", "label", "scores").batches)
    assert not batch.y_pred.flags.owndata
    assert not batch.y_pred.flags.writeable
    np.save(tmp_path / "scores.npy", SCORES)
    np.save(tmp_path / "label.npy", LABELS)
    batch = next(open_source(tmp_path, "label.npy", "scores.npy").batches)
    assert is_mapped(batch.y_pred)


def test_only_read_only_mappings_count_as_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", SCORES)
    written = np.load(tmp_path / "a.npy", mmap_mode="c")
    written[:] = 7.0
    assert not is_mapped(written)
    list(array_batches([written[:, 0], written], 10))
    assert (written == 7.0).all()
    assert is_mapped(np.asarray(np.load(tmp_path / "a.npy", mmap_mode="r"))[3:])
    assert not is_mapped(SCORES)


# Names of columns


def test_pattern_takes_columns_in_natural_order() -> None:
    names = ["label", "p_10", "p_2", "p_1", *(f"p_{index}" for index in range(3, 10)), "p_0"]
    assert select_columns("y_pred", "p_*", names) == [f"p_{index}" for index in range(11)]
    assert sorted(["b1", "a10", "a9", "a"], key=natural_key) == ["a", "a9", "a10", "b1"]


def test_names_between_commas_keep_their_order_and_exact_names_win() -> None:
    assert select_columns("y_pred", "dog, cat", ["cat", "dog"]) == ["dog", "cat"]
    assert select_columns("y_pred", "p*,q", ["p*,q", "p1"]) == ["p*,q"]
    assert select_columns("y_pred", "a,b?", ["b1", "b0", "a"]) == ["a", "b0", "b1"]


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ("lable", r"`y_pred` must name a column\. Received 'lable'\. Columns: label, p_0, p_1, p_3\."),
        ("p_0,q_*", r"`y_pred` must name a column\. Received 'q_\*'\. Columns: label,"),
        (",", r"`y_pred` must name a column\. Received ','\. Columns: label,"),
        ("p_0,p_0", r"`y_pred` must name each column once\. Received 'p_0,p_0', with 'p_0' twice\."),
        ("p_*", r"`y_pred` must match one column per class\. Received 'p_\*', which has no column between 1 and 'p_3'"),
    ],
)
def test_wrong_column_names(specification: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        select_columns("y_pred", specification, ["label", "p_0", "p_1", "p_3"])


def test_long_lists_of_columns_are_cut() -> None:
    with pytest.raises(ValueError, match=r"c19, and 5 more\."):
        select_columns("y_pred", "x", [f"c{index}" for index in range(25)])


# Bad data


def source_of(tmp_path: Path, **columns: Any) -> Source:
    write_ipc_file(pa.table(columns), tmp_path / "bad.arrow")
    return open_source(tmp_path / "bad.arrow", y_true="label", y_pred="scores", batch_size=2)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([0, 1, 2, None]), r"Column 'scores' must have no nulls\. Row 3 has one\."),
        (pa.array([None] * 4), r"Column 'scores' must have no nulls\. Row 0 has one\."),
        (pa.array([[1.0], [2.0], None, [3.0]]), r"Column 'scores' must have no nulls\. Row 2 has one\."),
        (pa.array([[1.0, 2], [2.0, 2], [3.0, 4], [0, None]]), r"Column 'scores' must have no nulls\. Row 3 has one\."),
        (
            pa.array([[1.0], [2.0], None, [3.0]], pa.list_(pa.float32(), 1)),
            r"Column 'scores' must have no nulls\. Row 2 has one\.",
        ),
        (
            pa.array([[1.0, 2], [2.0, 2], [3.0, 4], [0, None]], pa.list_(pa.float32(), 2)),
            r"Column 'scores' must have no nulls\. Row 3 has one\.",
        ),
        (
            pa.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0]]),
            r"Column 'scores' must hold lists of one length\. Row 3 has 1 values, the rows before 2\.",
        ),
        (
            pa.array([[1.0, 2.0], [3.0, 4.0], [5.0], [7.0]]),
            r"Column 'scores' must hold lists of one length\. Row 2 has 1 values, the rows before 2\.",
        ),
    ],
)
def test_nulls_and_ragged_lists_are_refused_by_row(tmp_path: Path, column: Any, message: str) -> None:
    source = source_of(tmp_path, label=[0, 1, 0, 1], scores=column)
    with pytest.raises(ValueError, match=message):
        list(source.batches)


@pytest.mark.parametrize("column", [["a", "b"], [["a"], ["b"]], [{"a": 1}, {"a": 2}]])
def test_columns_must_hold_numbers(tmp_path: Path, column: Any) -> None:
    source = source_of(tmp_path, label=[0, 1], scores=column)
    with pytest.raises(TypeError, match=r"Column 'scores' must hold numbers, booleans or lists of them\. Received s"):
        list(source.batches)


def test_columns_per_class_must_hold_single_numbers(tmp_path: Path) -> None:
    write_ipc_file(pa.table({"y_true": [0], "a": [0.5], "b": [[0.5]]}), tmp_path / "a.arrow")
    source = open_source(tmp_path / "a.arrow", y_pred="a,b")
    with pytest.raises(ValueError, match=r"`y_pred` must name columns of single numbers.*2 columns, of which 'b'"):
        list(source.batches)


def test_csv_null_names_its_row_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("y_true,y_pred\n0,0\n1,1\n1,\n")
    with pytest.raises(ValueError, match=r"Column 'y_pred' must have no nulls\. Row 2 has one\."):
        list(open_source(tmp_path / "a.csv", batch_size=1).batches)


@pytest.mark.parametrize(
    ("name", "kind"), [("a.parquet", "Parquet"), ("a.arrow", "Arrow IPC"), ("a.csv", "CSV"), ("a.npz", "`.npz`")]
)
@pytest.mark.parametrize("content", [b"", b"PK\3\4 not \xff\xfe a file\n"])
def test_damaged_files(tmp_path: Path, name: str, kind: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    expected = kind if name != "a.csv" or not content else r"CSV|`y_true` must name a column"
    with pytest.raises(ValueError, match=expected):
        list(open_source(tmp_path / name).batches)


def test_parquet_damaged_in_the_middle(tmp_path: Path) -> None:
    write_parquet(prediction_table(fixed_size_list), tmp_path / "a.parquet")
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    content[4:2000] = bytes(1996)
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.parquet must be a readable Parquet file\. Received: "):
        list(open_source(tmp_path / "a.parquet", "label", "scores").batches)


def test_damaged_numpy_files(tmp_path: Path) -> None:
    (tmp_path / "y_true.npy").write_bytes(b"")
    np.save(tmp_path / "y_pred.npy", SCORES)
    with pytest.raises(ValueError, match=r"y_true\.npy must be a readable `\.npy` file of numbers"):
        open_source(tmp_path)
    np.save(tmp_path / "y_true.npy", np.array(["a"]))
    with pytest.raises(TypeError, match=r"y_true\.npy must hold numbers or booleans\. Received dtype <U1"):
        open_source(tmp_path)
    np.save(tmp_path / "y_true.npy", np.array([None]))
    with pytest.raises(ValueError, match=r"y_true\.npy must be a readable `\.npy` file of numbers"):
        open_source(tmp_path)
    np.save(tmp_path / "y_true.npy", np.float32(1))
    with pytest.raises(ValueError, match=r"`y_true` must have at least one axis, the rows\. Received shape \(\)\."):
        open_source(tmp_path)


def test_arrays_of_different_lengths(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", y_true=LABELS[:5], y_pred=SCORES)
    with pytest.raises(ValueError, match=r"same number of rows\. Received: `y_true` has 5, `y_pred` has 257\."):
        open_source(tmp_path / "a.npz")


def test_npz_members(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", y_true=LABELS, scores=SCORES)
    with pytest.raises(ValueError, match=r"`y_pred` must name an array\. Received 'y_pred'\. Arrays: y_true, scores\."):
        open_source(tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        archive.writestr("y_true.npy", "text")
    with pytest.raises(ValueError, match=r"Array 'y_true' of .*b\.npz must be in `\.npy` format"):
        open_source(tmp_path / "b.npz")
    whole = io.BytesIO()
    np.save(whole, LABELS)
    with zipfile.ZipFile(tmp_path / "c.npz", "w") as archive:
        archive.writestr("y_true.npy", whole.getvalue()[:-8])
    with pytest.raises(ValueError, match=r"c\.npz must be a readable.*the array ends before its 257 rows"):
        list(open_source(tmp_path / "c.npz", y_pred="y_true").batches)


def test_wrong_paths(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"There is no file '.*missing\.parquet'\."):
        open_source(tmp_path / "missing.parquet")
    (tmp_path / "a.xlsx").write_bytes(b"")
    with pytest.raises(ValueError, match=r"must end in one of \.parquet, .*\.npz\. Received 'a\.xlsx'\."):
        open_source(tmp_path / "a.xlsx")
    np.save(tmp_path / "labels.npy", LABELS)
    with pytest.raises(
        ValueError, match=r"`y_pred` must name a `\.npy` file\. Received 's\.npy'\. Files.*: labels\.npy"
    ):
        open_source(tmp_path, "labels.npy", "s.npy")


# Size of batches and memory


def test_rows_per_batch() -> None:
    assert rows_per_batch(4096, None) == BATCH_BYTES // 4096
    assert rows_per_batch(2 * BATCH_BYTES, None) == 1
    assert rows_per_batch(0, None) == BATCH_ROWS
    assert rows_per_batch(4096, 3) == 3
    with pytest.raises(ValueError, match=r"`batch_size` must be a positive number of rows\. Received 0\."):
        rows_per_batch(4096, 0)


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.npy", "a.npz"])
def test_memory_stays_bounded(tmp_path: Path, name: str) -> None:
    """128 MB of scores in one row group or record batch, in batches of 4 MB, take less than 80 MB of memory."""
    rows, classes = 16_000, 2000
    scores = RANDOM.random((rows, classes), dtype=np.float32)
    labels = np.zeros(rows, np.int64)
    if name == "a.npy":
        np.save(tmp_path / "y_true.npy", labels)
        np.save(tmp_path / name, scores)
    elif name == "a.npz":
        np.savez(tmp_path / name, y_true=labels, y_pred=scores)
    else:
        table = pa.table({"y_true": labels, "y_pred": fixed_size_list(scores)["scores"]})
        if name == "a.parquet":
            pa.parquet.write_table(table, tmp_path / name, use_dictionary=False, compression="none")
        else:
            write_whole = pa.ipc.new_file(tmp_path / name, table.schema)
            with write_whole as writer:
                writer.write_table(table)
    program = (
        "import sys, pyarrow.parquet\n"
        "from tallymetrics.sources import open_source\n"
        # Not getrusage, whose peak a process inherits from the one that started it.
        "peak = lambda: int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])\n"
        "before = peak()\n"
        f"column = None if {name.endswith('.npy')} else 'y_pred'\n"
        f"labels = 'y_true.npy' if {name.endswith('.npy')} else 'y_true'\n"
        "source = open_source(sys.argv[1], labels, column, batch_size=500)\n"
        "total = sum(float(batch.y_pred.sum(dtype='float64')) for batch in source.batches)\n"
        "print(peak() - before, total)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / name)]
    kilobytes, total = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert float(total) == pytest.approx(scores.sum(dtype=np.float64), rel=1e-9)
    assert int(kilobytes) < 80 * 1024
