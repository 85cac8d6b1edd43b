"""`ringleader events consumers` and `stats`: how far consumers are, and how the log fares."""

from collections.abc import Iterable
from typing import Annotated

import typer
from msgspec import to_builtins

from .. import event_lines as lines
from ..log_source import node_events, open_events
from .asking import Yes, confirm
from .choice import Config, Data, Json, data_dir_named
from .events_choice import now
from .output import CLEAN, Command, Commands, answers_errors, note, print_json

consumers_app = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Look at the durable consumers of the event log."
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of a durable consumer.")]


@consumers_app.callback()
def group() -> None:
    """Look at the durable consumers of the event log."""


@consumers_app.command("list", cls=Command)
@answers_errors
def list_(*, config: Config = None, data_dir: Data = None, json: Json = False) -> int:
    """List the durable consumers: how far each is, what waits for it, who holds it.

    It works while the node is down.
    """
    with open_events(data_dir_named(config, data_dir)) as (events, source):
        found = events.consumers()
    if json:
        print_json({"source": source, "consumers": found})
        return CLEAN
    if found:
        table(lines.consumer_rows(found, now()))
    else:
        note("there are no durable consumers")
    return CLEAN


@consumers_app.command(cls=Command)
@answers_errors
def forget(
    name: Name,
    *,
    yes: Yes = False,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """Delete a consumer that is not used any more, so that no events are kept for it.

    If it comes back it begins anew. A node must run. Exit codes: 0 done; 1 you said no, there is
    no such consumer, or somebody holds it; 75 no node runs.
    """
    with node_events(data_dir_named(config, data_dir)) as node:
        waiting = next((info.lag for info in node.consumers() if info.name == name), 0)
        confirm(f"forget {name}, with {lines.count(waiting)} yet to come?", yes=yes, json=json)
        node.forget(name)
    if json:
        print_json({"forgotten": name})
    else:
        typer.echo(f"{name} is forgotten")
    return CLEAN


@answers_errors
def stats(*, config: Config = None, data_dir: Data = None, json: Json = False) -> int:
    """Tell what is in the event log, and how far its consumers are.

    It works while the node is down.
    """
    with open_events(data_dir_named(config, data_dir)) as (events, source):
        found, consumers = events.statistics(), events.consumers()
    if json:
        print_json({"source": source, **to_builtins(found), "consumers": consumers})
        return CLEAN
    for text in lines.log_lines(found):
        typer.echo(text)
    if consumers:
        table(lines.consumer_rows(consumers, now()))
    return CLEAN


def table(rows: Iterable[tuple[str, ...]]) -> None:
    """Print rows in columns."""
    known = list(rows)
    widths = [max(len(row[column]) for row in known) for column in range(len(known[0]))]
    for row in known:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())
