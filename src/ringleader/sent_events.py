"""From what a client sent, or left in the spool, to a published event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec

from ringleader.actors.consumer_rules import SetAside
from ringleader.actors.event_log import Record
from ringleader.actors.events.base import Envelope
from ringleader.actors.events.errors import EventValidationError, UnknownEventTypeError
from ringleader.actors.letters import Outcome

if TYPE_CHECKING:
    from ringleader.actors.errors import RingleaderError
    from ringleader.actors.hub import EventHub
    from ringleader.actors.publication import Publication

    from .event_questions import SentEvent


def publish_sent(hub: EventHub, sent: SentEvent) -> Publication:
    """Publish an event under the id, time and source that its sender gave it.

    Fields that the type does not have are left out: a newer sender may have more.

    Raises:
        UnknownEventTypeError: there is no such type here, and validation is strict.
        EventValidationError: the payload is none of this type.
        PublishError: as `EventHub.publish`.
    """
    payload = _fields(sent.type, sent.payload)
    if not sent.is_raw:
        payload = _known_fields(hub, sent.type, payload)
    hub.renamed.update(sent.renamed)
    cause = sent.cause
    return hub.publish_named(
        sent.type,
        payload,
        source=sent.source,
        subject=sent.subject,
        id=sent.id,
        time=sent.time,
        traceparent=None if cause is None else cause.traceparent,
        correlationid=None if cause is None else cause.correlation or cause.id,
        causationid=None if cause is None else cause.id,
        depth=0 if cause is None else cause.depth + 1,
    )


def rejected(sent: SentEvent, error: RingleaderError, now: float) -> SetAside:
    """Return what becomes a dead letter of an event that can't be published here: all of it.

    It is for nobody in particular, so that to retry it is to publish it.
    """
    envelope = Envelope(
        id=sent.id,
        source=sent.source,
        type=sent.type,
        time=sent.time,
        subject=sent.subject,
        causationid=None if sent.cause is None else sent.cause.id,
    )
    is_unknown = isinstance(error, UnknownEventTypeError)
    reason = Outcome.UNKNOWN_TYPE if is_unknown else Outcome.REJECTED
    return SetAside(Record(0, envelope, sent.payload), "", reason, str(error), now)


def _known_fields(hub: EventHub, name: str, payload: dict[str, Any]) -> dict[str, Any]:
    try:
        known = hub.catalogue.find(name).__struct_fields__
    except UnknownEventTypeError:
        return payload
    return {field: value for field, value in payload.items() if field in known}


def _fields(name: str, payload: bytes) -> dict[str, Any]:
    """Return a payload as a mapping.

    Raises:
        EventValidationError: it is none.
    """
    try:
        fields = msgspec.msgpack.decode(payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise EventValidationError(name, None, f"its payload can't be read: {error}") from error
    if not isinstance(fields, dict):
        raise EventValidationError(name, None, "its payload is no mapping of fields")
    known = cast("dict[Any, Any]", fields)  # type: ignore[redundant-cast]  # not for Pyright
    for field in known:
        if not isinstance(field, str):
            raise EventValidationError(name, None, f"{field!r} is no name of a field")
    return known
