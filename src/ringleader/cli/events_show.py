"""`ringleader events show`: all that is known of one event."""

from typing import Annotated, Any

import typer
from msgspec import to_builtins

from ringleader.actors.dead_letter_records import as_plain as plain_letter

from .. import event_lines as lines
from ..causes import Happening
from ..event_export import as_plain
from ..event_findings import Known, know
from ..log_source import Events, open_events
from .choice import Config, Data, Json, data_dir_named
from .output import CLEAN, BadArgument, answers_errors, print_json

Which = Annotated[
    str, typer.Argument(metavar="ID", help="Of an event, or its sequence number in the log.")
]


@answers_errors
def show(which: Which, *, config: Config = None, data_dir: Data = None, json: Json = False) -> int:
    """Tell all that is known of an event; exit code 1 if nothing is.

    Where it is in the log, what caused it and what it led to, who handled it and how long that
    took, its dead letters, its payload. While the node is down it is not known who handled it.
    """
    with open_events(data_dir_named(config, data_dir)) as (events, source):
        known = known_or_error(events, which)
    if json:
        print_json({"source": source, **_value(known)})
        return CLEAN
    for text in lines.details(known):
        typer.echo(text)
    return CLEAN


def known_or_error(events: Events, which: str) -> Known:
    """Find an event.

    Raises:
        BadArgument: it is not known.
    """
    known = know(events, which)
    if known is None:
        raise BadArgument(
            f"no event {which!r} is known: it is not in the event log, and neither the node's "
            "memory nor a dead letter has it"
        )
    return known


def _value(known: Known) -> dict[str, Any]:
    return {
        "event": as_plain(known.record),
        "handlings": None if known.handlings is None else to_builtins(known.handlings),
        "letters": [plain_letter(letter) for letter in known.letters],
        "consumers": known.consumers,
        "cause": None if known.cause is None else _kin(known.cause),
        "effects": [_kin(effect) for effect in known.effects],
    }


def _kin(happening: Happening) -> dict[str, Any]:
    envelope = happening.envelope
    return {"id": envelope.id, "type": envelope.type, "source": envelope.source}
