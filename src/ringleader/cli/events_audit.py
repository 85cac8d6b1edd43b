"""`ringleader events audit`: who publishes what, who handles it, and what does not fit."""

import gc
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from ..audit.exceptions import OWN
from ..audit.live import ask
from ..audit.report import audit as judge, lines
from ..audit.scan import PACKAGE, scan
from ..client import NodeClient
from .choice import Config, Data, Json, data_dir_named
from .output import CLEAN, answers_errors, print_json

FOUND: Final = 1
"""Something does not fit."""

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PATH]...",
        help="Files and directories of Python code \\[default: ringleader itself].",
        show_default=False,
    ),
]
Live = Annotated[bool, typer.Option("--live", help="Ask the running node, too, what it has seen.")]
Strict = Annotated[bool, typer.Option("--strict", help="What is excused counts, too.")]
Exceptions = Annotated[
    list[Path] | None,
    typer.Option(
        "--exceptions",
        metavar="FILE",
        help="What is no fault, and why: a TOML file, beside ringleader's own list. Repeatable.",
    ),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="List what is excused, too, with the reasons.")
]


@contextmanager
def no_collections() -> Generator[None]:
    """Keep the garbage collector from going through syntax trees again and again: 0.5 s of 1.7."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@answers_errors
def audit(
    paths: Paths = None,
    *,
    live: Live = False,
    strict: Strict = False,
    exceptions: Exceptions = None,
    verbose: Verbose = False,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """Find event types without publishers or handlers, fields that nobody sets, cycles, old names.

    Code is read, not run; what ringleader itself publishes and handles is known. Exit code 0 if
    there is nothing to mend, 1 if there is, 2 if the arguments make no sense.
    """
    with no_collections():
        facts = scan(paths or [PACKAGE])
    lists = [OWN, *(exceptions or ())]
    if live:
        with NodeClient(data_dir_named(config, data_dir).socket) as client:
            node, seen = ask(client, facts.events)
        report = judge(facts, lists, beside=seen, node=node, strict=strict)
    else:
        report = judge(facts, lists, strict=strict)
    if json:
        print_json(report)
    else:
        for line in lines(report, verbose=verbose):
            typer.echo(line)
    return CLEAN if report.ok else FOUND
