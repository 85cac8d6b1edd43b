"""`ringleader emit`: publish an event from a shell."""

import sys
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from ringleader.actors.events.errors import EventValidationError, UnknownEventTypeError
from ringleader.actors.publication import Receipt, Routing

from ..events_client import Client
from ..node_errors import OrderRefused
from ..spool import Spooled
from .choice import Config, Data, Json, data_dir_named
from .field_text import BadEvent, fields_from
from .output import BAD_CONFIG, CLEAN, TRY_AGAIN, answers_errors, print_json

SOURCE: Final = "emit"

Name = Annotated[str, typer.Argument(metavar="NAME", help="The event type: TRAINING_COMPLETED.")]
Fields = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="Its fields; a list is a,b,c or JSON."),
]
Payload = Annotated[
    str | None,
    typer.Option("--payload", metavar="JSON", help="Fields as a JSON object; - reads it."),
]
Source = Annotated[str, typer.Option("--source", metavar="TEXT", help="Who publishes it.")]
Subject = Annotated[str | None, typer.Option("--subject", metavar="TEXT", help="What it is about.")]
Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait until it is routed, and committed.")
]
Timeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="How long to wait.")
]


@answers_errors
def emit(
    name: Name,
    fields: Fields = None,
    *,
    payload: Payload = None,
    source: Source = SOURCE,
    subject: Subject = None,
    wait: Wait = True,
    timeout: Timeout = 5.0,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """Publish an event; print its id, and what became of it.

    While no node runs it is left in the spool, which the next node takes in.

    Exit codes: 0 the node or the spool has it, or it was a duplicate; 1 it is no event, or the
    node does not want it; 75 not now: try again later.
    """
    where = data_dir_named(config, data_dir).path
    with Client(where, source=source, timeout=timeout) as client:
        try:
            given = _payload(client, name, fields or [], payload)
            send = client.publish if wait else client.post
            became = send(name, given, subject=subject)
        except (UnknownEventTypeError, EventValidationError, OrderRefused) as error:
            raise BadEvent(str(error)) from error
    if json:
        print_json(_as_json(became))
    else:
        typer.echo(_words(became))
    return _exit_code(became)


def _payload(client: Client, name: str, pairs: list[str], text: str | None) -> dict[str, Any]:
    """Put the fields together from both ways to give them.

    Raises:
        BadEvent: they can't be read, or a field is given in both.
    """
    try:
        kind = client.parts.catalogue.find(name)
    except UnknownEventTypeError:
        if client.parts.maker.is_strict:
            raise
        kind = None
    fields = fields_from(pairs, kind)
    given = {} if text is None else _object(sys.stdin.read() if text == "-" else text)
    twice = sorted(fields.keys() & given.keys())
    if twice:
        raise BadEvent(f"{', '.join(twice)}: given as an argument and in --payload")
    return {**given, **fields}


def _object(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadEvent(f"--payload is no JSON object: {error}") from error


def _words(became: Receipt | Spooled | str) -> str:
    match became:
        case str():
            return f"{became} accepted"
        case Spooled(id=found, path=path):
            return f"{found} spooled: no node takes it now, the next one will ({Path(path).name})"
        case Receipt():
            return f"{became.id} {_routed(became)}"


def _routed(receipt: Receipt) -> str:
    number = receipt.deliveries
    return {
        Routing.ROUTED: f"routed to {number} subscriber{'' if number == 1 else 's'}",
        Routing.UNROUTED: "published; nobody subscribes to it",
        Routing.DUPLICATE: f"is a duplicate of {receipt.duplicate_of or 'an earlier event'}",
        Routing.SHED: "was shed: the node is behind. It is a dead letter",
        Routing.EXPIRED: "is too old to mean anything. It is a dead letter",
    }[receipt.routing]


def _as_json(became: Receipt | Spooled | str) -> dict[str, Any]:
    match became:
        case str():
            return {"id": became, "state": "accepted"}
        case Spooled():
            return {"id": became.id, "state": "spooled", "path": became.path}
        case _:
            return {
                "id": became.id,
                "state": became.routing,
                "deliveries": became.deliveries,
                "sequence": became.sequence,
                "duplicate_of": became.duplicate_of,
            }


def _exit_code(became: Receipt | Spooled | str) -> int:
    if not isinstance(became, Receipt):
        return CLEAN
    match became.routing:
        case Routing.SHED:
            return TRY_AGAIN
        case Routing.EXPIRED:
            return BAD_CONFIG
        case _:
            return CLEAN
