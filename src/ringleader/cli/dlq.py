"""`ringleader dlq list`, `show`, `stats`, `export`: a look at the dead letters of a node."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from threading import Event
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from ringleader.actors.dead_letter_records import as_plain
from ringleader.actors.dead_letters import MOST, LetterQuery

from .. import dlq_lines as lines
from ..dlq_questions import PAGE
from ..dlq_source import Letters, open_letters, pages
from . import dlq_orders
from .choice import Config, Data, Json, data_dir_named
from .dlq_choice import (
    Filters,
    Handler,
    Limit,
    Since,
    Statuses,
    Type,
    Why,
    named,
    now,
)
from .output import (
    CLEAN,
    BadArgument,
    Command,
    Commands,
    answers_errors,
    note,
    print_json,
)

dlq_app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    help="Look at dead letters, which are deliveries that were not handled; try them again.",
)

Which = Annotated[str, typer.Argument(metavar="ID", help="Number of a letter, or id of an event.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write there \\[default: print]."),
]
Watch = Annotated[bool, typer.Option("--watch", help="Look again and again, until Ctrl-C.")]
Interval = Annotated[
    float, typer.Option("--interval", metavar="SECONDS", min=0.1, help="Between two looks.")
]


@dlq_app.callback()
def group() -> None:
    """Look at dead letters, which are deliveries that were not handled; try them again."""


# ------------------------------------------------------------------- looking


@dlq_app.command("list", cls=Command)
@answers_errors
def list_(
    *,
    type_: Type = None,
    handler: Handler = None,
    reason: Why = None,
    status: Statuses = None,
    since: Since = None,
    limit: Limit = 20,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """List the last letters that are pending or tried right now, the latest at the end.

    It works while the node is down.
    """
    filters = Filters(
        type=type_, handler=handler, reason=reason, status=status, since=since, limit=limit
    )
    query = msgspec.structs.replace(filters.query(), limit=min(limit, PAGE), newest=True)
    with open_letters(data_dir_named(config, data_dir)) as (found, source):
        letters, total, sums = found.find(query), found.count(query), found.sums()
    if json:
        print_json({"source": source, "total": total, "letters": [as_plain(x) for x in letters]})
        return CLEAN
    at = now()
    for letter in letters:
        typer.echo(lines.line(letter, at))
    if total > len(letters):
        note(f"these are the last {len(letters):,} of {lines.letters(total)}; --limit shows more")
    if not letters:
        note("no such dead letters")
    rest = lines.others(sums, query.statuses) if query.statuses else ""
    if rest and not status:
        note(f"others: {rest}; --status all lists them, too")
    return CLEAN


@dlq_app.command(cls=Command)
@answers_errors
def show(which: Which, *, config: Config = None, data_dir: Data = None, json: Json = False) -> int:
    """Tell all that is known of a letter, or of all letters of an event; exit code 1 if none is.

    It works while the node is down.
    """
    with open_letters(data_dir_named(config, data_dir)) as (found, source):
        letters = named(found, [which], full=True)
    if json:
        print_json({"source": source, "letters": [as_plain(letter) for letter in letters]})
        return CLEAN
    at = now()
    for letter in letters:
        for text in lines.details(letter, at):
            typer.echo(text)
    return CLEAN


@dlq_app.command(cls=Command)
@answers_errors
def stats(
    *,
    watch: Watch = False,
    interval: Interval = 2.0,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """Tell how many letters there are, how they fare, and which are alike.

    It works while the node is down. With --watch and --json there is a line of JSON for each look.
    """
    data, never, screen = data_dir_named(config, data_dir), Event(), Console()
    while True:
        with open_letters(data) as (found, source):
            sums = found.sums()
        if watch and screen.is_terminal and not json:
            screen.clear()
        if json and watch:
            typer.echo(msgspec.json.encode({"source": source, **fields_of(sums)}).decode())
        elif json:
            print_json({"source": source, **fields_of(sums)})
        else:
            for text in lines.sum_lines(sums, now()):
                typer.echo(text)
        try:
            if not watch or never.wait(interval):
                return CLEAN
        except KeyboardInterrupt:
            return CLEAN


@dlq_app.command(cls=Command)
@answers_errors
def export(
    *,
    output: Output = None,
    type_: Type = None,
    handler: Handler = None,
    reason: Why = None,
    status: Statuses = None,
    since: Since = None,
    limit: Limit = MOST,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """Write letters with all that is known of them, one line of JSON for each, the oldest first.

    Those of all statuses, if none is named. It works while the node is down.
    """
    filters = Filters(
        type=type_, handler=handler, reason=reason, status=status, since=since, limit=limit
    )
    query = msgspec.structs.replace(filters.query(None), full=True)
    with open_letters(data_dir_named(config, data_dir)) as (found, _):
        exported = _export(_json_lines(found, query), output)
    if json and output is not None:
        print_json({"exported": exported, "file": str(output)})
    else:
        note(f"{lines.letters(exported)} exported")
    return CLEAN


def _json_lines(found: Letters, query: LetterQuery) -> Iterator[bytes]:
    for page in pages(found, query):
        yield from (msgspec.json.encode(as_plain(letter)) for letter in page)


def _export(texts: Iterator[bytes], output: Path | None) -> int:
    """Write lines to a file or print them; return how many there were."""
    exported = 0
    try:
        with nullcontext() if output is None else output.open("wb") as file:
            for text in texts:
                exported += 1
                if file is None:
                    typer.echo(text)
                else:
                    file.write(text + b"\n")
    except OSError as error:
        raise BadArgument(f"--output {output} can't be written: {error.strerror}") from error
    return exported


def fields_of(value: msgspec.Struct) -> dict[str, Any]:
    """Return a struct's fields, to be told beside others."""
    return {name: getattr(value, name) for name in value.__struct_fields__}


dlq_app.command(cls=Command)(dlq_orders.retry)
dlq_app.command(cls=Command)(dlq_orders.drop)
dlq_app.command(cls=Command)(dlq_orders.purge)
