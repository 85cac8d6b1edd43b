"""`ringleader events export`: events of the log for other programs."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from ringleader.actors.event_log import Record

from .. import event_lines as lines
from ..event_export import as_cloudevent, as_plain, line_of
from ..log_source import open_events, pages
from .choice import Config, Data, Json, data_dir_named
from .events_choice import Category, Filters, Since, Source, Types, Until
from .output import CLEAN, BadArgument, answers_errors, note, print_json


class Format(StrEnum):
    """How events are written."""

    JSONL = "jsonl"
    JSON = "json"
    CLOUDEVENTS = "cloudevents"


Form = Annotated[
    Format,
    typer.Option(
        "--format",
        help="jsonl: a line of JSON for each; json: one array; cloudevents: a line for each in the "
        "JSON format of CloudEvents 1.0.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write there \\[default: print]."),
]


@answers_errors
def export(
    *,
    since: Since = None,
    until: Until = None,
    type_: Types = None,
    category: Category = None,
    source: Source = None,
    form: Form = Format.JSONL,
    output: Output = None,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """Write events of the log with their payloads, in order.

    Those that are in it when the command begins; it works while the node is down. Only durable and
    bridged types are kept in the log.
    """
    filters = Filters(type=type_, category=category, source=source, since=since, until=until)
    query = filters.query()
    with open_events(data_dir_named(config, data_dir)) as (events, _):
        head = events.statistics().head
        last = head if filters.last is None else min(head, filters.last)
        found = (record for page in pages(events, query, last) for record in page)
        with _opened(output) as file:
            exported = _write(found, form, file)
    if json and output is not None:
        print_json({"exported": exported, "file": str(output)})
    else:
        note(f"{lines.count(exported)} exported")
    if not exported:
        filters.note_unknown()
    return CLEAN


@contextmanager
def _opened(output: Path | None) -> Generator[BinaryIO]:
    if output is None:
        yield typer.get_binary_stream("stdout")
        return
    try:
        with output.open("wb") as file:
            yield file
    except OSError as error:
        raise BadArgument(f"--output {output} can't be written: {error.strerror}") from error


def _write(records: Iterable[Record], form: Format, file: BinaryIO) -> int:
    """Write events one by one; return how many there were."""
    value = as_cloudevent if form is Format.CLOUDEVENTS else as_plain
    begin, between, end = (b"[\n", b",\n", b"\n]\n") if form is Format.JSON else (b"", b"\n", b"\n")
    number = 0
    file.write(begin)
    for number, record in enumerate(records, 1):  # the last number is the answer
        file.write((between if number > 1 else b"") + line_of(value(record)))
    file.write(end if number or form is Format.JSON else b"")
    file.flush()
    return number
