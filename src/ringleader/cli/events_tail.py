"""`ringleader events tail`: the last events, and those that come."""

from threading import Event
from typing import Annotated, Final

import typer

from .. import event_lines as lines
from ..datadir import DataDir
from ..event_export import as_plain, line_of
from ..log_follow import Follower, last_of
from ..log_questions import PAGE
from ..log_source import open_events
from .choice import Config, Data, Json, data_dir_named
from .events_choice import Category, Filters, Since, Source, Types
from .output import CLEAN, answers_errors, note, print_json

USUAL: Final = 20

Number = Annotated[
    int | None,
    typer.Option(
        "--number",
        "-n",
        metavar="N",
        min=0,
        max=PAGE,
        help=f"At most so many \\[default: {USUAL}; with --since {PAGE}].",
        show_default=False,
    ),
]
Follow = Annotated[
    bool, typer.Option("--follow", "-f", help="Go on with those that come, until Ctrl-C.")
]


@answers_errors
def tail(
    *,
    number: Number = None,
    follow: Follow = False,
    type_: Types = None,
    category: Category = None,
    source: Source = None,
    since: Since = None,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """List the last events, the latest at the end: a line each.

    While the node runs they are those of the event log (#) and of the node's memory; while it is
    down those of the log. With --follow the command waits for a node when there is none, and then
    goes on. With --follow and --json there is a line of JSON for each event.
    """
    filters = Filters(type=type_, category=category, source=source, since=since)
    most = number if number is not None else USUAL if since is None else PAGE
    query = filters.query(most)
    data = data_dir_named(config, data_dir)
    if follow:
        follower = Follower(data, query, pause=Event().wait, say=note)
        return _follow(follower, json=json)
    return _list(data, filters, most, json=json)


def _follow(follower: Follower, *, json: bool) -> int:
    try:
        for record in follower:
            typer.echo(line_of(as_plain(record)) if json else lines.line(record))
    except KeyboardInterrupt:
        pass
    return CLEAN


def _list(data: DataDir, filters: Filters, most: int, *, json: bool) -> int:
    with open_events(data) as (events, place):
        found = last_of(events, filters.query(most))
    if json:
        print_json({"source": place, "events": [as_plain(record) for record in found]})
        return CLEAN
    for record in found:
        typer.echo(lines.line(record))
    if not found:
        note("no such events")
        filters.note_unknown()
    elif filters.since is not None and len(found) == most:
        note(f"these are the last {most:,}; there may be more before them: events export")
    if place == "file":
        note("no node runs: these are of the event log alone")
    return CLEAN
