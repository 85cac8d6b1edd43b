"""How fast events are: `python -m benchmarks.events [--quick] [--json] [case ...]`.

Each case runs beside its peers, in rounds that alternate, and the ratios are of the medians. The
case `cross-process` shows how many milliseconds events take to handlers in other processes.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import msgspec
import pykka
from rich.console import Console

from .events_cases import CASES
from .events_delays import NAME as CROSSING, measure_delays
from .events_measure import measure
from .events_report import Report, as_json, as_tables, environment
from .measure import FULL, QUICK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .measure import Effort

NAMES = (*CASES, CROSSING)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the cases that were named, or all; the figures go to stdout, progress to stderr."""
    options = parse(arguments)
    report = run(options.cases or NAMES, effort_of(options))
    if options.json:
        print(as_json(report))
    else:
        Console(width=160).print(as_tables(report))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; an unknown case ends the program."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.events", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="case", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--rounds", type=int, help="rounds per case")
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the size of every case")
    options = parser.parse_args(arguments)
    names: list[str] = options.cases
    for name in names:
        if name not in NAMES:
            parser.error(f"no case is named {name!r}; there are {', '.join(NAMES)}")
    if options.rounds is not None and options.rounds < 1:
        parser.error(f"--rounds must be at least 1, not {options.rounds}")
    if options.scale <= 0:
        parser.error(f"--scale must be greater than 0, not {options.scale}")
    return options


def effort_of(options: argparse.Namespace) -> Effort:
    """Choose how long to measure."""
    effort = QUICK if options.quick else FULL
    return msgspec.structs.replace(
        effort,
        rounds=options.rounds or effort.rounds,
        seconds=effort.seconds * options.scale,
        scale=options.scale,
    )


def run(names: Sequence[str], effort: Effort) -> Report:
    """Measure, with a line of progress on a terminal."""
    with Console(file=sys.stderr).status("") as status:
        rates = [measure(CASES[name], effort, status.update) for name in names if name in CASES]
        delays = measure_delays(effort, status.update) if CROSSING in names else []
    pykka.ActorRegistry.stop_all()
    return Report(environment=environment(), effort=effort, rates=rates, delays=delays)


if __name__ == "__main__":
    main()
