"""The command line: a table or JSON on stdout, progress and errors on stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import click

# Examples that come with the package: the columns of y_true and y_pred.
EXAMPLES = {"digits": ("label", "probabilities")}

_INTERRUPTED = 130  # 128 + SIGINT
_DESCRIPTION = """Evaluate predictions in a file, read in one pass of batches.

PATH is a Parquet, Arrow IPC, CSV or .npz file, a directory of .npy files, or the .npy file of the predictions.
"""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0, 1 for bad data, 2 for wrong usage, 130 for Ctrl-C."""
    try:
        import click
    except ModuleNotFoundError:
        sys.exit("The command line needs click: pip install 'tallymetrics[cli]'")
    try:
        # A closed pipe ends it quietly inside click, with exit code 1.
        sys.exit(build_command().main(arguments, prog_name="tallymetrics", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_INTERRUPTED)


def build_command() -> click.Group:
    """The command `tallymetrics` with its one subcommand `evaluate`."""
    import click

    group = click.Group(help="Exact evaluation metrics over large files of predictions.")
    click.version_option(package_name="tallymetrics", message="%(prog)s %(version)s")(group)
    positive = click.IntRange(min=1)
    options: list[click.Parameter] = [
        click.Argument(["path"], required=False, type=click.Path(exists=True, path_type=Path)),
        click.Option(["--example"], type=click.Choice(list(EXAMPLES)), help="Predictions that come with the package."),
        click.Option(["--y-true"], help="Labels: column, array or .npy file.  [default: y_true]"),
        click.Option(
            ["--y-pred"],
            help="Predictions: a column of labels, scores or lists of scores, one column per class as in 'p_*' or "
            "'cat,dog', an array or a .npy file.  [default: y_pred]",
        ),
        click.Option(["--sample-weight"], help="Weights: column, array or .npy file."),
        click.Option(
            ["--metrics"],
            callback=_parse_metrics,
            help="Names between commas, such as accuracy,top_5,crossentropy,confusion_matrix,top_k_curve,mse.  "
            "[default: by the shape of the predictions]",
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="Print JSON; NaN and infinities become null."),
        click.Option(["--batch-size"], type=positive, help="Most rows read at once.  [default: as many as take 16 MB]"),
        click.Option(["--threads"], type=positive, help="Number of threads.  [default: all that the process may use]"),
    ]
    group.add_command(click.Command("evaluate", callback=_evaluate, params=options, help=_DESCRIPTION))
    return group


def _parse_metrics(_context: click.Context, _parameter: click.Parameter, value: str | None) -> list[str] | None:
    if value is None:
        return None
    import click

    from tallymetrics.resolve import check_identifier

    identifiers = [identifier.strip() for identifier in value.split(",") if identifier.strip()]
    if not identifiers:
        raise click.BadParameter("Give at least one name.")
    try:
        for identifier in identifiers:
            check_identifier(identifier)
    except ValueError as error:
        raise click.BadParameter(_one_line(error)) from error
    return identifiers


def _evaluate(path: Path | None, example: str | None, as_json: bool, **arguments: Any) -> None:
    import click

    if (path is None) == (example is None) and not _names_npy_files(path, example, arguments):
        raise click.UsageError("Give either PATH or --example.")
    from tallymetrics.evaluate import evaluate
    from tallymetrics.report import to_json, to_text

    with _example_file(example) if example else nullcontext(path or Path()) as source:
        if example:
            labels, scores = EXAMPLES[example]
            arguments["y_true"] = arguments["y_true"] or labels
            arguments["y_pred"] = arguments["y_pred"] or scores
        try:
            result = evaluate(source, progress=True, **arguments)
        except (ValueError, TypeError, OSError, ImportError, NotImplementedError, MemoryError) as error:
            raise click.ClickException(_one_line(error)) from error
    click.echo(to_json(result) if as_json else to_text(result))


def _names_npy_files(path: Path | None, example: str | None, arguments: dict[str, Any]) -> bool:
    """Whether the options alone name the files, so that PATH may be left out."""
    names = (arguments["y_true"], arguments["y_pred"])
    return path is None and example is None and all(name is not None and name.endswith(".npy") for name in names)


def _example_file(name: str) -> AbstractContextManager[Path]:
    from importlib import resources

    return resources.as_file(resources.files("tallymetrics.examples") / f"{name}.parquet")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
