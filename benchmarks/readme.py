"""Writes the tables of the READMEs from the JSON of the last runs, so that no number is typed.

`python -m benchmarks.readme` fills what stands between `<!-- begin TABLE FILE -->` and `<!-- end -->` in README.md,
benchmarks/README.md and cpp/README.md; `--check` fails where they differ. TABLE is a key of `TABLES`, FILE a JSON
beside this module.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
from pathlib import Path

from benchmarks import table, targets
from benchmarks.class_cases import CLASS_CASES
from benchmarks.own_cases import OWN_CASES
from benchmarks.results import Record

_FOLDER = Path(__file__).resolve().parent
READMES = tuple(folder / "README.md" for folder in (_FOLDER, _FOLDER.parent, _FOLDER.parent / "cpp"))
_BLOCK = re.compile(r"(?<=<!-- begin )(\w+) ([\w.]+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)
_SHOWN = {
    "collection": "{0}",
    "top_5": "every k of top-k accuracy, 200k x 1000 scores",
    "confusion_10": "confusion matrix of 50M label pairs, 10 classes",
    "confusion_1000": "the same, 1000 classes",
    "binary_counts": "{0}",
    "regression": "{0}",
    "row_emd": "earth mover's distance of 1M rows of 100 bins",
    "update_32_collection": "one update of five metrics with 32 rows",
}

# The kernels of cpp/kernels that a job spends its time in.
_KERNELS = {
    "confusion_10": "label_pairs",
    "confusion_1000": "label_pairs",
    "confusion_weighted": "label_pairs, sums",
    "confusion_maps": "label_pairs",
    "accuracy": "narrow_scores",
    "top_5": "wide_scores",
    "top_5_wide": "wide_scores",
    "top_5_wide_half": "wide_scores, convert",
    "auc_200": "binary_counts",
    "binary_counts": "binary_counts",
    "regression": "element_sums",
    "collection": "wide_scores, sums",
    "collection_logits": "wide_scores, exponential",
    "row_emd": "histogram_rows",
}


def kernels_table(results: Record) -> str:
    """One row per kernel's job, on one thread: times as fast as array operations and as loops, and a plain read's."""
    rows = []
    for case in results["cases"]:
        arms = [arm for arm in case["arms"] if arm["threads"] == 1]
        seconds = {arm["tool"]: arm["best_seconds"] for arm in arms if arm["kind"] == "by hand"}
        ours, read = (table.fastest(arms, kind) for kind in ("ours", "read"))
        if case["name"] in _KERNELS and ours and read:
            tools = [seconds.get(tool) for tool in ("NumPy", "numba")]
            gains = [f"{other / ours['best_seconds']:.1f}" if other else "-" for other in tools]
            times_read = f"{ours['best_seconds'] / read['best_seconds']:.2f}"
            rows.append([_KERNELS[case["name"]], case["title"], *gains, times_read])
    return table.markdown(["kernels", "job", "x NumPy", "x numba", "/ read"], rows)


def shown_table(results: Record) -> str:
    """The jobs that the front page shows, on all threads."""
    rows = []
    for case in results["cases"]:
        if case["name"] in _SHOWN:
            row = table.summary_row(case)
            title = _SHOWN[case["name"]].format(case["title"])
            rows.append([title, row["x library"], row["x by hand"], row["/ read"]])
    header = ["job", "times as fast as a library", "as the best by hand", "a plain read takes 1"]
    processor = table.processor_text(results)
    return f"{table.markdown(header, rows)}\n\n{processor}; {results['threads']} threads; {results['measured'][:10]}."


def _class_ratios(results: Record) -> dict[str, dict[str, tuple[float, float, str]]]:
    """Return class -> "32" or "1m" -> (our seconds, times as fast as the fastest keras, its backend)."""
    ratios: dict[str, dict[str, tuple[float, float, str]]] = {}
    for case in results["cases"]:
        if case["name"] not in CLASS_CASES:
            continue
        ours, keras = (table.fastest(case["arms"], kind) for kind in ("ours", "library"))
        if ours and keras:
            metric, _, size = case["name"].rpartition("_")
            ratio = keras["best_seconds"] / ours["best_seconds"]
            ratios.setdefault(metric, {})[size] = (ours["best_seconds"], ratio, keras["tool"])
    return ratios


def classes_table(results: Record) -> str:
    """One row per class of keras.metrics: one update of 32 rows and of a million."""
    rows = []
    for metric, sizes in sorted(_class_ratios(results).items()):
        row = [metric]
        for seconds, ratio, tool in (sizes["32"], sizes["1m"]):
            row += [table.time_text(seconds), f"{ratio:.3g} {tool.removeprefix('keras ')}"]
        rows.append(row)
    return table.markdown(["class", "32 rows", "x fastest keras", "1M rows", "x fastest keras"], rows)


def _rows_of(cases: list[Record]) -> str:
    """One row per case: times as fast as each kind of competitor, and a plain read's time."""
    columns = ("job", "x library", "x by hand", "/ read", "time")
    rows = [table.summary_row(case) for case in cases]
    return table.markdown(list(columns), [[row[column] for column in columns] for row in rows])


def own_classes_table(results: Record) -> str:
    """The classes that Keras lacks."""
    return _rows_of([case for case in results["cases"] if case["name"] in OWN_CASES])


def distances_table(results: Record) -> str:
    """Every distance."""
    return _rows_of(results["cases"])


def classes_sentence(results: Record) -> str:
    """The least and the median ratio over all classes; a function of the user's is told apart."""
    ratios = _class_ratios(results)
    small, large = ({name: sizes[size][1] for name, sizes in ratios.items()} for size in ("32", "1m"))
    low, middle = min(small.values()), statistics.median(small.values())
    of_function = large.pop("MeanMetricWrapper")
    least, usual = min(large.values()), statistics.median(large.values())
    return (
        f"One update of each of {len(ratios)} accumulating classes of `keras.metrics` is at least {low:.3g} times as "
        f"fast\nas keras's on the fastest of its installed backends, jitted or not, for 32 rows (median {middle:.3g}), "
        f"and\nat least {least:.2g} times for a million (median {usual:.2g}); "
        f"but {of_function:.2g} times for `MeanMetricWrapper`,\nwhose function is the user's: NumPy calls it step by "
        "step, a compiler makes one loop of it."
    )


def when(results: Record) -> str:
    """The day of the run and what it ran on."""
    return f"Measured {results['measured'][:10]}, {results['threads']} threads.\n\n{table.notes(results)}"


TABLES = {
    "summary": table.summary_table,
    "instruction_sets": table.instruction_set_table,
    "exceptions": targets.exceptions_table,
    "reasons": targets.reasons_list,
    "when": when,
    "shown": shown_table,
    "kernels": kernels_table,
    "classes": classes_table,
    "own_classes": own_classes_table,
    "distances": distances_table,
    "classes_sentence": classes_sentence,
}


def filled(text: str) -> str:
    """Return the text with every marked block written anew."""

    def fill(match: re.Match[str]) -> str:
        name, file, marker_end = match.groups()
        return f"{name} {file}{marker_end}{TABLES[name](json.loads((_FOLDER / file).read_text()))}\n"

    return _BLOCK.sub(fill, text)


def main() -> int:
    """Write or check; return the exit status."""
    stale = [readme for readme in READMES if filled(readme.read_text()) != readme.read_text()]
    if "--check" in sys.argv[1:]:
        print(*(f"{readme.relative_to(_FOLDER.parent)} differs from the JSON" for readme in stale), sep="\n")
        return 1 if stale else 0
    for readme in stale:
        readme.write_text(filled(readme.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
