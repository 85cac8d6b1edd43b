"""From what a client sent, or left in the spool, to a published event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ringleader.actors.events.errors import EventValidationError, UnknownEventTypeError

if TYPE_CHECKING:
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
    payload = fields_of(sent)
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
    )


def fields_of(sent: SentEvent) -> dict[str, Any]:
    """Return the payload as a mapping.

    Raises:
        EventValidationError: it is none.
    """
    try:
        payload = msgspec.msgpack.decode(sent.payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise EventValidationError(
            sent.type, None, f"its payload can't be read: {error}"
        ) from error
    if not isinstance(payload, dict):
        raise EventValidationError(sent.type, None, "its payload is no mapping of fields")
    for name in payload:
        if not isinstance(name, str):
            raise EventValidationError(sent.type, None, f"{name!r} is no name of a field")
    return payload


def _known_fields(hub: EventHub, name: str, payload: dict[str, Any]) -> dict[str, Any]:
    try:
        known = hub.catalogue.find(name).__struct_fields__
    except UnknownEventTypeError:
        return payload
    return {field: value for field, value in payload.items() if field in known}
