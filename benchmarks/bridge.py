"""How fast events cross between nodes: `python -m benchmarks.bridge [--quick] [--json] [case ...]`.

Two processes over TCP loopback. Each way runs beside its peers, in rounds that alternate, and the
ratios are of the medians. The case `peers` shows what idle peers cost a node.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console

from .arguments import effort_of, parse as read_arguments
from .bridge_cases import CASES
from .bridge_measure import measure
from .bridge_peers import NAME as PEERS, measure_peers
from .bridge_report import Report, as_json, as_tables, environment

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from .measure import Effort

NAMES = (*CASES, PEERS)


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
    return read_arguments(arguments, NAMES, "benchmarks.bridge", __doc__)


def run(names: Sequence[str], effort: Effort) -> Report:
    """Measure, with a line of progress on a terminal."""
    with Console(file=sys.stderr).status("") as status:
        outcomes = [measure(CASES[name], effort, status.update) for name in names if name in CASES]
        crowd = measure_peers(effort, status.update) if PEERS in names else None
    return Report(environment=environment(), effort=effort, outcomes=outcomes, crowd=crowd)


if __name__ == "__main__":
    main()
