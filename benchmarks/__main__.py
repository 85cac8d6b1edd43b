"""The command `python -m benchmarks`."""

from __future__ import annotations

import argparse
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING

import msgspec
import pykka
from rich.console import Console

from .cases import CASES
from .measure import FULL, QUICK, measure
from .report import Report, as_json, as_table, environment

if TYPE_CHECKING:
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
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="case", help=f"of {', '.join(CASES)}")
    parser.add_argument("--quick", action="store_true", help="about a minute instead of five")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--rounds",
        type=int,
        help=f"rounds per case ({QUICK.rounds} with --quick, else {FULL.rounds})",
    )
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the size of every case")
    options = parser.parse_args(arguments)
    names: list[str] = options.cases
    for name in names:
        if name not in CASES:
            near = get_close_matches(name, CASES, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(CASES)}"
            parser.error(f"no case is named {name!r}: {hint}")
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
        results = [measure(CASES[name], effort, status.update) for name in names]
    pykka.ActorRegistry.stop_all()
    return Report(environment=environment(), effort=effort, cases=results)


if __name__ == "__main__":
    main()
