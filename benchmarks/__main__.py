"""Command line: `python -m benchmarks`; see README.md."""

from __future__ import annotations

import argparse
import sys
import warnings
from datetime import datetime, timezone
from pathlib import Path

from tqdm import tqdm

from benchmarks import bandwidth, competitors, distance_tools, machine, memory, ours, table, transport_plot
from benchmarks.cases import CASES
from benchmarks.class_cases import CLASS_CASES
from benchmarks.distance_cases import DISTANCE_CASES
from benchmarks.own_cases import OWN_CASES
from benchmarks.quiet import gain_of_threads
from benchmarks.results import dump, faults
from benchmarks.runner import Options, run_case

_HERE = Path(__file__).parent


def _names(known: tuple[str, ...]):
    """Make a parser of comma-separated names."""

    def parse(text: str) -> tuple[str, ...]:
        names = tuple(text.split(","))
        unknown = [name for name in names if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}. Known: {', '.join(known)}")
        return names

    return parse


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=table.__doc__.splitlines()[0])
    cases, modules = tuple(CASES), competitors.MODULES
    parser.add_argument("--cases", type=_names(cases), default=cases, help=f"of {','.join(cases)}")
    parser.add_argument("--classes", action="store_true", help="every class in place of the cases")
    parser.add_argument("--distances", action="store_true", help="earth mover's distances in place of the cases")
    parser.add_argument("--competitors", type=_names(modules), default=modules, help=f"of {','.join(modules)}")
    parser.add_argument("--threads", type=int, default=machine.usable_threads(), help="the most to use")
    parser.add_argument("--rounds", type=int, default=5, help="times that every arm is measured")
    parser.add_argument("--slow-seconds", type=float, default=0.6, help="slower arms are timed on a slice of the rows")
    parser.add_argument("--case-seconds", type=float, default=12.0, help="a longer case has no third round")
    parser.add_argument("--settle-seconds", type=float, help="after them, for what is short; default: 20, of jobs")
    parser.add_argument("--memory", action="store_true", help="also this package's peak memory beyond the inputs")
    parser.add_argument("--all-instruction-sets", action="store_true", help="time this package on each")
    parser.add_argument("--quick", action="store_true", help="tiny arrays, one round: checks answers, not speed")
    parser.add_argument("--json", type=Path, help="where to write everything measured")
    return parser.parse_args()


def main() -> None:
    """Run the cases, write JSON, print the tables; exit with 1 if a competitor failed or a job took too much memory."""
    arguments = _parse_arguments()
    warnings.simplefilter("ignore")  # of competitors: unavailable dtypes, casts
    if arguments.distances:
        tools, skipped = distance_tools.load()
    else:
        tools, skipped = competitors.load(arguments.competitors)
        tools = ours.tools(arguments.all_instruction_sets) + tools
    settle_seconds = arguments.settle_seconds
    if settle_seconds is None:
        settle_seconds = 0.0 if arguments.classes or arguments.distances else 20.0
    seconds = arguments.slow_seconds, arguments.case_seconds, settle_seconds
    options = Options(arguments.threads, arguments.rounds, *seconds)
    if arguments.quick:
        options = Options(
            arguments.threads, rounds=1, slow_seconds=0.1, settle_seconds=0, quiet=False, slice_parts=(1,)
        )
    results = {
        "measured": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "plain_read": bandwidth.READ_NAME,
        "threads": options.threads,
        "gain_of_threads_in_cache": gain_of_threads(options.threads) if options.quiet else None,
        "rounds": options.rounds,
        "quick": arguments.quick,
        "skipped": skipped,
        "cases": [],
    }
    cases = CLASS_CASES | OWN_CASES if arguments.classes else {name: CASES[name] for name in arguments.cases}
    if arguments.distances:
        cases = DISTANCE_CASES
        if not arguments.quick:
            arguments.json = arguments.json or _HERE / "last_distances.json"
    for case in tqdm(cases.values(), disable=None, file=sys.stderr, unit="case"):
        case = case.quick() if arguments.quick else case
        record = run_case(case, tools, options)
        if arguments.memory:
            record["peak_bytes_beyond_inputs"] = memory.peak_beyond_inputs(case, options.threads)
        results["cases"].append(record)
        if arguments.json:
            arguments.json.write_text(dump(results))
    if arguments.distances and not arguments.quick:
        transport_plot.plot(results, arguments.json.with_name("transport_time.png"))
    print(table.report(results))
    sys.exit(1 if faults(results) else 0)


if __name__ == "__main__":
    main()
