"""`ringleader why`: how somebody fares, and why."""

from collections.abc import Iterator
from typing import Annotated

import typer

from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.actors.errors import NoSuchActor

from ..client import NodeClient, NoNode
from ..datadir import DataDir
from ..durations import in_words, local_time
from ..operate import full_path
from ..record import look_into
from ..snapshot import CellSnapshot, HoldLine
from ..why import Finding, find
from .choice import Config, Data, Json, data_dir_named
from .output import CLEAN, BadArgument, answers_errors, print_json

Path_ = Annotated[str, typer.Argument(metavar="PATH", help="Whose: /pipeline/worker.")]


@answers_errors
def why(path: Path_, *, config: Config = None, data_dir: Data = None, json: Json = False) -> int:
    """Tell how whoever lives at PATH fares, and why.

    The last death with its cause, traceback and message in hand; what the supervisor decided, by
    which rule, and what that rule still allows; what holds it down, since when and until when. It
    works while the node is down.
    """
    data = data_dir_named(config, data_dir)
    try:
        with NodeClient(data.socket) as client:
            found, runs = client.why(path), True
    except NoNode:
        found, runs = _read(data, full_path(path)), False
    if json:
        print_json({"source": "node" if runs else "file", **_fields(found)})
        return CLEAN
    for text in lines(found, runs=runs):
        typer.echo(text)
    return CLEAN


def _fields(found: Finding) -> dict[str, object]:
    return {name: getattr(found, name) for name in found.__struct_fields__}


def _read(data: DataDir, path: str) -> Finding:
    """Look into the file of a node that does not run.

    Raises:
        BadArgument: nothing is known of this path.
    """
    if not data.supervision.exists():
        raise BadArgument(f"nothing is known of {path}: no node has run on {data.path}")
    with look_into(data.supervision) as (archive, holds):
        hold = next((hold for hold in holds if hold.path == path), None)
        try:
            return find(path, archive, now=RealClock(spawn).time(), hold=hold)
        except NoSuchActor as error:
            raise BadArgument(f"no node runs on {data.path}, and {error}") from error


def lines(found: Finding, *, runs: bool) -> Iterator[str]:
    """Yield what was found, line by line."""
    yield f"{found.path} {_present(found, runs=runs)}"
    if found.hold is not None:
        yield from _hold(found.path, found.hold)
    if found.death is None:
        yield "no death of it is known"
        return
    death = found.death
    yield _row("died", f"{local_time(death.time)}, after {in_words(death.uptime)}")
    yield _row("life", f"number {death.number} at this path")
    yield _row("cause", death.cause)
    yield _row("decision", death.decision or "nothing is known of it")
    if death.rule:
        yield _row("rule", death.rule)
    if death.left is not None:
        yield _row("left", f"{death.left} more restart{'' if death.left == 1 else 's'} allowed")
    yield _row("in hand", "no message" if death.in_hand is None else death.in_hand)
    yield _row("mailbox", f"{death.depth} more waited")
    yield _row("last hour", _often(found))
    yield _row("like it", death.fingerprint)
    yield from _block("traceback", death.traceback)
    yield from _block("its thread was at", death.stack)


def _present(found: Finding, *, runs: bool) -> str:
    if not runs:
        return "is not running: no node runs"
    if found.present is None:
        return "is gone: nobody has this place any more"
    return f"is {standing(found.present)}"


def standing(cell: CellSnapshot) -> str:
    """Say how somebody fares, and for how long yet."""
    said: str = cell.state
    if cell.state == "running" and cell.uptime is not None:
        said += f" for {in_words(cell.uptime)}"
    elif cell.state == "backoff" and cell.left is not None:
        said += f": started again in {in_words(cell.left)}"
    elif cell.state == "quarantined" and cell.left is not None:
        said += f": released in {in_words(cell.left)}"
    elif cell.state == "waiting" and cell.waits_for is not None:
        said += f" for its sibling {cell.waits_for}"
    if cell.os_pid is not None:
        said += f" in process {cell.os_pid}"
    restarts = f"{cell.restarts} restart{'' if cell.restarts == 1 else 's'}"
    return f"{said} ({restarts}, {cell.mailbox} messages wait)"


def _hold(path: str, hold: HoldLine) -> Iterator[str]:
    word = "held" if hold.kind == "hold" else "quarantine"
    again = f", number {hold.times} in a row" if hold.times > 1 else ""
    yield _row(word, f"by {hold.by} since {local_time(hold.since)}{again}")
    if hold.why:
        yield _row("because", hold.why)
    verb = "start" if hold.kind == "hold" else "release"
    until = "" if hold.until is None else f"{local_time(hold.until)}, or "
    yield _row("until", f"{until}ringleader {verb} {path}")


def _often(found: Finding) -> str:
    deaths, ways = found.last_hour.deaths, found.last_hour.fingerprints
    if deaths == 0:
        return "no deaths"
    if deaths == 1:
        return "1 death"
    return f"{deaths} deaths, {'all alike' if ways == 1 else f'of {ways} kinds'}"


def _row(name: str, text: str) -> str:
    first, *rest = text.splitlines() or [""]
    return "\n".join([f"  {name:<11}{first}", *(f"  {'':<11}{more}" for more in rest)])


def _block(title: str, text: str) -> Iterator[str]:
    if text:
        yield f"  {title}"
        yield from (f"    {more}" for more in text.rstrip().splitlines())
