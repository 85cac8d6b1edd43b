"""The command line that the benchmarks have in common."""

from __future__ import annotations

import argparse
from difflib import get_close_matches
from typing import TYPE_CHECKING

import msgspec

from .measure import FULL, QUICK

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .measure import Effort


def parse(
    arguments: Sequence[str] | None, names: Collection[str], module: str, about: str | None
) -> argparse.Namespace:
    """Read the command line; an unknown case ends the program with the nearest name.

    Args:
        arguments: as typed; None: those of this process.
        names: of the cases that there are.
        module: whose command it is: `benchmarks.events`.
        about: what the command does.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=about)
    parser.add_argument("cases", nargs="*", metavar="case", help=f"of {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument(
        "--rounds",
        type=int,
        help=f"rounds per case ({QUICK.rounds} with --quick, else {FULL.rounds})",
    )
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the size of every case")
    options = parser.parse_args(arguments)
    named: list[str] = options.cases
    for name in named:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
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
