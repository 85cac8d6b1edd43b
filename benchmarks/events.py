"""How fast events are: `python -m benchmarks.events [--quick] [--json] [case ...]`.

Each case runs beside its peers, in rounds that alternate, and the ratios are of the medians. The
case `cross-process` shows how many milliseconds events take to handlers in other processes.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pykka
from rich.console import Console

from .arguments import effort_of, parse as read_arguments
from .events_cases import CASES
from .events_delays import NAME as CROSSING, measure_delays
from .events_measure import measure
from .events_report import Report, as_json, as_tables, environment

if TYPE_CHECKING:
    import argparse
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
    """Read the command line; an unknown case ends the program with the nearest name."""
    return read_arguments(arguments, NAMES, "benchmarks.events", __doc__)


def run(names: Sequence[str], effort: Effort) -> Report:
    """Measure, with a line of progress on a terminal."""
    with Console(file=sys.stderr).status("") as status:
        rates = [measure(CASES[name], effort, status.update) for name in names if name in CASES]
        delays = measure_delays(effort, status.update) if CROSSING in names else []
    pykka.ActorRegistry.stop_all()
    return Report(environment=environment(), effort=effort, rates=rates, delays=delays)


if __name__ == "__main__":
    main()
