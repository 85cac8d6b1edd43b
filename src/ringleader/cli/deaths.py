"""`ringleader deaths`: who died, of what, and what was done about it."""

from typing import Annotated, Final

import typer

from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.transport.death_records import DeathRecord

from ..client import NodeClient, NoNode
from ..datadir import DataDir
from ..durations import in_words, local_time, seconds_in
from ..operate import full_path
from ..questions import MOST_DEATHS
from ..record import look_into
from ..snapshot import one_line
from .choice import Config, Data, Json, data_dir_named
from .output import CLEAN, answers_errors, note, print_json

_CAUSE: Final = 120

Path_ = Annotated[
    str | None, typer.Argument(metavar="PATH", help="Only those who lived there, or below.")
]
Limit = Annotated[
    int, typer.Option("--limit", metavar="N", min=1, max=MOST_DEATHS, help="At most so many.")
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="DURATION", help="None from before: 90s, 30m, 2h, 7d."),
]


@answers_errors
def deaths(
    path: Path_ = None,
    *,
    limit: Limit = 20,
    since: Since = None,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """List the last deaths, the latest at the end; those of earlier runs, too.

    It works while the node is down.
    """
    data = data_dir_named(config, data_dir)
    within = None if since is None else seconds_in(since)
    try:
        with NodeClient(data.socket) as client:
            found, source = client.deaths(path, limit=limit, within=within), "node"
    except NoNode:
        found, source = _read(data, path, limit, within), "file"
    if json:
        print_json({"source": source, "deaths": found})
        return CLEAN
    for death in found:
        typer.echo(line(death))
    if not found:
        where = "" if path is None else f" at {full_path(path)} or below"
        when = "" if within is None else f" in the last {in_words(within)}"
        note(f"no deaths are known{where}{when}")
    return CLEAN


def _read(data: DataDir, path: str | None, limit: int, within: float | None) -> list[DeathRecord]:
    """Look into the file of a node that does not run."""
    if not data.supervision.exists():
        return []
    since = 0.0 if within is None else RealClock(spawn).time() - within
    place = None if path in (None, "/") else full_path(path)
    with look_into(data.supervision) as (archive, _):
        return archive.find(place, since=since, limit=limit)


def line(death: DeathRecord) -> str:
    """Return a death as one line."""
    decision = death.decision or "nothing is known of what was done"
    return (
        f"{local_time(death.time)} {death.path} died: {one_line(death.cause, _CAUSE)} → {decision}"
    )
