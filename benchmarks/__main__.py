"""The command `python -m benchmarks`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pykka
from rich.console import Console

from .arguments import effort_of, parse as read_arguments
from .cases import CASES
from .measure import measure
from .report import Report, as_json, as_table, environment

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from .measure import Effort


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the cases that were named, or all; the figures go to stdout, progress to stderr."""
    options = parse(arguments)
    report = run(options.cases or list(CASES), effort_of(options))
    if options.json:
        print(as_json(report))
    else:
        Console().print(as_table(report))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; an unknown case ends the program with the nearest name."""
    return read_arguments(arguments, CASES, "benchmarks", __doc__)


def run(names: Sequence[str], effort: Effort) -> Report:
    """Measure, with a line of progress on a terminal."""
    with Console(file=sys.stderr).status("") as status:
        results = [measure(CASES[name], effort, status.update) for name in names]
    pykka.ActorRegistry.stop_all()
    return Report(environment=environment(), effort=effort, cases=results)


if __name__ == "__main__":
    main()
