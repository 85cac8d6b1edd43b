"""From what a script publishes to what goes to a node: checked, encoded, with its id."""

from __future__ import annotations

import os
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ringleader.actors.errors import PublishError
from ringleader.actors.events.errors import EventValidationError, UnknownEventTypeError

from .event_questions import Cause, SentEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ringleader.actors.events.base import Envelope, Event
    from ringleader.actors.events.catalogue import Catalogue

DATA_DIR: Final = ("RINGLEADER_NODE__DATA_DIR", "RINGRIFT_COORDINATION_DIR")
"""Variables that name the data directory, the first one that is set; as the settings have them."""

STRICT: Final = ("RINGLEADER_EVENTS__VALIDATION_STRICT", "RINGRIFT_EVENT_VALIDATION_STRICT")
"""Variables that say whether an unknown type is an error at once."""

_NO: Final = frozenset({"0", "no", "off", "false"})


def data_dir_from(given: str | Path | None, environment: Mapping[str, str] | None = None) -> Path:
    """Return the data directory that is meant: `./.ringleader` if nothing says another one."""
    named = given or _first(DATA_DIR, environment) or "./.ringleader"
    return Path(named).expanduser()


def strict_from(environment: Mapping[str, str] | None = None) -> bool:
    """Tell whether an unknown type is an error at once, where nobody says."""
    return (_first(STRICT, environment) or "1").strip().lower() not in _NO


def _first(names: tuple[str, ...], environment: Mapping[str, str] | None) -> str:
    known = os.environ if environment is None else environment
    return next((known[name] for name in names if known.get(name)), "")


class EventMaker:
    """Makes events ready to be sent.

    Attributes:
        source: who publishes them, if nothing else is said.
        is_strict: whether an unknown type is an error.

    Args:
        catalogue: the types that are known here.
        source: who publishes them; empty: the name of the program.
        time: returns seconds UTC.
        strict: an unknown type is an error; else the node decides.
    """

    def __init__(
        self, catalogue: Catalogue, source: str, time: Callable[[], float], *, strict: bool
    ) -> None:
        self._catalogue, self._time, self.is_strict = catalogue, time, strict
        self.source = source or Path(sys.argv[0]).stem or "client"

    def make(
        self,
        event: Event | str,
        payload: Mapping[str, Any] | None,
        *,
        subject: str | None,
        source: str | None,
        cause: Envelope | None,
    ) -> SentEvent:
        """Check an event, or make one by name; give it an id and a time.

        Raises:
            UnknownEventTypeError: there is no such type; names the nearest.
            EventValidationError: a field is missing, unknown, or of another type than declared;
                or all of it is too large, too deep, or can't be written.
            PublishError: a payload beside an event.
        """
        now, is_raw = self._time(), False
        named: str | None = None
        renamed: tuple[str, ...] = ()
        if not isinstance(event, str):
            if payload is not None:
                raise PublishError("a payload goes with the name of an event, not with an event")
            value, data = self._catalogue.validated(event)
            name = value.EVENT.value
        else:
            try:
                parsed = self._catalogue.parse(event, payload or {})
            except UnknownEventTypeError:
                if self.is_strict:
                    raise
                name, data, is_raw = event, _raw(event, payload or {}), True
            else:
                value, data = self._catalogue.validated(parsed.event)
                name, named, renamed = value.EVENT.value, parsed.source, parsed.renamed
                now = parsed.time or now
        return SentEvent(
            id=str(uuid.uuid4()),
            type=name,
            payload=data,
            source=source or named or self.source,
            time=now,
            subject=subject,
            cause=_cause(cause),
            renamed=renamed,
            is_raw=is_raw,
        )


def _cause(envelope: Envelope | None) -> Cause | None:
    if envelope is None:
        return None
    return Cause(
        id=envelope.id,
        correlation=envelope.correlationid,
        depth=envelope.depth,
        traceparent=envelope.traceparent,
    )


def _raw(name: str, payload: Mapping[str, Any]) -> bytes:
    """Encode a payload whose type is not known here."""
    try:
        return msgspec.msgpack.encode(dict(payload), order="deterministic")
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise EventValidationError(name, None, f"its payload can't be sent: {error}") from error
