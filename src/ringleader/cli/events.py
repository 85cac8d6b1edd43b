"""`ringleader events`: what events there are, and what became of them."""

from collections.abc import Iterator
from enum import StrEnum
from fnmatch import fnmatchcase
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from ringleader.actors.events import Catalogue, UnknownEventTypeError
from ringleader.actors.events.docs import render
from ringleader.actors.events.errors import did_you_mean, nearest

from ..catalogue_export import FieldEntry, TypeEntry, as_data, asyncapi, entry
from . import (
    events_audit,
    events_consumers,
    events_export,
    events_replay,
    events_show,
    events_tail,
    events_trace,
)
from .choice import Json
from .output import CLEAN, BadArgument, Command, Commands, answers_errors, note, print_json

events_app = typer.Typer(cls=Commands, no_args_is_help=True, help="Look at events and their types.")

_WILD: Final = set("*?[")
_HEAD: Final = (
    "NAME",
    "CATEGORY",
    "DUPLICATES",
    "DURABLE",
    "BRIDGED",
    "MAX AGE",
    "PRIORITY",
    "UNDER PRESSURE",
)


class Format(StrEnum):
    """How the catalogue is written."""

    MARKDOWN = "markdown"
    JSON = "json"
    ASYNCAPI = "asyncapi"


Pattern = Annotated[
    str | None,
    typer.Argument(
        metavar="PATTERN",
        help="Only types with this in their name or wire value; with * or ? the whole must match. "
        "An old spelling finds the type that it means.",
    ),
]
Category = Annotated[
    str | None, typer.Option("--category", metavar="NAME", help="Only types of this category.")
]
Module = Annotated[
    str | None, typer.Option("--module", metavar="NAME", help="Only types of this module.")
]
Durable = Annotated[
    bool | None,
    typer.Option("--durable/--not-durable", help="Only types that the event log keeps, or others."),
]
Bridged = Annotated[
    bool | None,
    typer.Option("--bridged/--not-bridged", help="Only types that go to other nodes, or others."),
]
Fields = Annotated[bool, typer.Option("--fields", help="List the fields of each type, too.")]
Form = Annotated[Format, typer.Option("--format", help="How to write it.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write into this file, not to the screen."),
]


@events_app.callback()
def group() -> None:
    """Look at events and their types."""


events_app.command(cls=Command)(events_audit.audit)
events_app.command(cls=Command)(events_tail.tail)
events_app.command(cls=Command)(events_show.show)
events_app.command(cls=Command)(events_trace.trace)
events_app.command(cls=Command)(events_replay.replay)
events_app.command(cls=Command)(events_export.export)
events_app.command(cls=Command)(events_consumers.stats)
events_app.add_typer(events_consumers.consumers_app, name="consumers")


@events_app.command(cls=Command)
@answers_errors
def types(
    pattern: Pattern = None,
    *,
    category: Category = None,
    module: Module = None,
    durable: Durable = None,
    bridged: Bridged = None,
    fields: Fields = False,
    json: Json = False,
) -> int:
    """List the event types, and what the catalogue says of each.

    Priority, and what a publisher meets under pressure, are left out where they are usual.
    """
    catalogue = Catalogue()
    known = [entry(event_class) for event_class in catalogue]
    _check_word("category", category, {found.category for found in known})
    _check_word("module", module, {found.module for found in known})
    chosen = [
        found
        for found in _matching(known, pattern, catalogue)
        if category in (None, found.category)
        and module in (None, found.module)
        and durable in (None, found.durable)
        and bridged in (None, found.bridged)
    ]
    if json:
        print_json({"types": chosen})
        return CLEAN
    for line in _lines(chosen, fields=fields):
        typer.echo(line)
    if not chosen:
        note("no event type is like that")
    return CLEAN


@events_app.command(cls=Command)
@answers_errors
def catalog(*, form: Form = Format.MARKDOWN, output: Output = None) -> int:
    """Write the whole catalogue: a page, data, or an AsyncAPI 3.1 document."""
    catalogue = Catalogue()
    match form:
        case Format.MARKDOWN:
            text = render()
        case Format.JSON:
            text = _indented(as_data(catalogue))
        case Format.ASYNCAPI:
            text = _indented(asyncapi(catalogue, version("ringleader")))
    if output is None:
        typer.echo(text, nl=False)
        return CLEAN
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadArgument(f"--output {output}: {error.strerror}") from error
    note(f"wrote {len(catalogue)} event types to {output}")
    return CLEAN


def _indented(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"


def _matching(known: list[TypeEntry], pattern: str | None, catalogue: Catalogue) -> list[TypeEntry]:
    """Choose by name, wire value, or old spelling.

    Raises:
        BadArgument: it is no pattern, and no type is called anything like it.
    """
    if pattern is None:
        return known
    wanted = pattern.lower()
    if not _WILD & set(wanted):
        part = f"*{wanted}*"
        found = [e for e in known if _is_like(e, part)]
        return found or [_by_old_name(pattern, catalogue)]
    return [e for e in known if _is_like(e, wanted)]


def _is_like(found: TypeEntry, pattern: str) -> bool:
    return fnmatchcase(found.name.lower(), pattern) or fnmatchcase(found.value, pattern)


def _by_old_name(name: str, catalogue: Catalogue) -> TypeEntry:
    try:
        meant = entry(catalogue.find(name))
    except UnknownEventTypeError as error:
        raise BadArgument(str(error)) from error
    note(f"{name} is {meant.name}")
    return meant


def _check_word(option: str, word: str | None, known: set[str]) -> None:
    if word is None or word in known:
        return
    near = did_you_mean(nearest(word, known)) or f"; there are {', '.join(sorted(known))}"
    raise BadArgument(f"--{option} {word}: there is no such {option}{near}")


def _lines(chosen: list[TypeEntry], *, fields: bool) -> Iterator[str]:
    if not chosen:
        return
    rows = [_HEAD, *map(_row, chosen)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    yield _line(rows[0], widths)
    for row, found in zip(rows[1:], chosen, strict=True):
        yield _line(row, widths)
        if fields:
            yield from (f"    {_field(field)}" for field in found.fields)
            if found.one_of:
                yield f"    at least one of {', '.join(found.one_of)}"


def _row(found: TypeEntry) -> tuple[str, ...]:
    return (
        found.name,
        found.category,
        "+".join(found.dedup.fields) or found.dedup.kind,
        "durable" if found.durable else "",
        "bridged" if found.bridged else "",
        "" if found.max_age is None else f"{found.max_age:g} s",
        "" if found.priority == "normal" else found.priority,
        "" if found.on_pressure == "accept" else found.on_pressure,
    )


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _field(field: FieldEntry) -> str:
    if field.required:
        return f"{field.name}: {field.type}, required"
    if field.default is None or field.default == ():
        return f"{field.name}: {field.type}"
    return f"{field.name}: {field.type} = {field.default}"
