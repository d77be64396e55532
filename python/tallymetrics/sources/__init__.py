"""Files of predictions as batches, so that a file larger than memory works."""

from __future__ import annotations

import os
from pathlib import Path

from tallymetrics.sources.batches import Array, Batch, Source, array_batches, check_lengths, is_mapped

__all__ = ["Array", "Batch", "Source", "array_batches", "check_lengths", "is_mapped", "open_source"]

_PARQUET = (".parquet", ".pq")
_IPC = (".arrow", ".arrows", ".feather", ".ipc")
_CSV = (".csv", ".tsv", ".csv.gz", ".tsv.gz")


def open_source(
    path: str | os.PathLike[str],
    y_true: str | None = None,
    y_pred: str | None = None,
    sample_weight: str | None = None,
    batch_size: int | None = None,
) -> Source:
    """Open a file of predictions as a stream of batches of about 16 MB.

    Scores may be a column of lists (fixed-size, plain, or fixed-shape tensors) or one column per class: names
    between commas, or a pattern such as `p_*`, whose columns are taken in natural order.

    Args:
        path: a Parquet (`.parquet`, `.pq`), Arrow IPC (`.arrow`, `.arrows`, `.feather`, `.ipc`), CSV (`.csv`,
            `.tsv`, also with `.gz`) or `.npz` file; a directory of `.npy` files; or the `.npy` file of `y_pred`.
        y_true: column or array of the labels; a file name for `.npy`, relative to the directory. Default "y_true"
            ("y_true.npy").
        y_pred: the same for the predictions. Default "y_pred" ("y_pred.npy", or `path` if that is a `.npy` file).
        sample_weight: the same for the weights. Default None: no weights.
        batch_size: most rows in a batch. Default None: as many as take 16 MB.

    Returns:
        The source. Its batches may be views that share memory with the file.

    Raises:
        FileNotFoundError: there is no such file.
        ImportError: the file needs pyarrow, which is not installed.
        TypeError: a column does not hold numbers.
        ValueError: the suffix is unknown, the file is damaged, a column is missing, has a null or lists of different
            lengths, or the arrays differ in their numbers of rows. Where only reading tells, the batches raise it.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    wanted = {"y_true": y_true or "y_true", "y_pred": y_pred or "y_pred"}
    if sample_weight is not None:
        wanted["sample_weight"] = sample_weight
    name = path.name.lower()
    if path.is_dir() or name.endswith(".npy"):
        from tallymetrics.sources.numpy_files import open_npy

        return open_npy(_npy_paths(path, y_true, y_pred, sample_weight), batch_size)
    if name.endswith(".npz"):
        from tallymetrics.sources.numpy_files import open_npz

        return open_npz(path, wanted, batch_size)
    return _open_arrow(path, wanted, batch_size)


def _open_arrow(path: Path, wanted: dict[str, str], batch_size: int | None) -> Source:
    name = path.name.lower()
    if not name.endswith(_PARQUET + _IPC + _CSV):
        known = ", ".join([*_PARQUET, *_IPC, *_CSV, ".npy", ".npz"])
        raise ValueError(f"The file's name must end in one of {known}. Received {path.name!r}.")
    try:
        from tallymetrics.sources import arrow_files

        if name.endswith(_PARQUET):
            return arrow_files.open_parquet(path, wanted, batch_size)
        if name.endswith(_IPC):
            return arrow_files.open_ipc(path, wanted, batch_size)
        return arrow_files.open_csv(path, wanted, batch_size)
    except ModuleNotFoundError as error:
        if error.name != "pyarrow":
            raise
        message = f"Reading {path.name!r} needs pyarrow: pip install 'tallymetrics[arrow]'"
        raise ImportError(message, name="pyarrow") from error


def _npy_paths(path: Path, y_true: str | None, y_pred: str | None, sample_weight: str | None) -> dict[str, Path]:
    """The files of a pair (and weights): a name is taken relative to the directory, or as it is given."""
    directory = path if path.is_dir() else path.parent
    names = {"y_true": y_true or "y_true.npy", "y_pred": y_pred or ("y_pred.npy" if path.is_dir() else path.name)}
    if sample_weight is not None:
        names["sample_weight"] = sample_weight
    paths = {}
    for argument, name in names.items():
        candidates = [directory / name, Path(name)]
        found = next((candidate for candidate in candidates if candidate.is_file()), None)
        if found is None or found.suffix.lower() != ".npy":
            there = ", ".join(sorted(file.name for file in directory.glob("*.npy"))) or "none"
            raise ValueError(
                f"`{argument}` must name a `.npy` file. Received {name!r}. Files in {str(directory)!r}: {there}."
            )
        paths[argument] = found
    return paths
