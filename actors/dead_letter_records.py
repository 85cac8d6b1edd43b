"""Dead letters on their way into a store: what is known of them, as text and bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from .dead_letter_rules import opened
from .dead_letters import StoredLetter
from .events.base import Event
from .events.unknown import UnknownEvent
from .foreign_text import head, plain, said, shown, type_name
from .reasons import text_of

if TYPE_CHECKING:
    from .consumer_rules import SetAside
    from .dead_letter_options import DeadLetterOptions
    from .events.base import Envelope
    from .letters import DeadLetter, DeathReport

Encode: TypeAlias = Callable[[Event], bytes]
"""Writes an event as MessagePack: a catalogue's `encode`."""
Report: TypeAlias = Callable[["DeathReport"], str]
"""Writes a death report as JSON."""

LINE: Final = 2_000
"""Characters of an error or a fingerprint."""
MESSAGE: Final = 1_000
"""Characters of what a message says."""


def stored_letter(
    letter: DeadLetter, options: DeadLetterOptions, encode: Encode, report: Report
) -> StoredLetter:
    """Return a letter as it is stored, without a number; calls foreign code, and never raises."""
    death, event = letter.report, letter.message
    error = letter.detail or (str(letter.reason) if death is None else said(lambda: death.cause))
    begun = StoredLetter(
        number=0,
        event_id=None,
        event_type=_kind_of(event),
        path=letter.path,
        status="pending",
        reason=letter.reason,
        error=head(error, LINE),
        created_at=letter.time,
        updated_at=letter.time,
        fingerprint="" if death is None else head(said(lambda: death.fingerprint), LINE),
        consumer=letter.consumer,
        report="" if death is None else said(lambda: report(death)),
    )
    if letter.event_id is None or not isinstance(event, Event):
        return opened(
            msgspec.structs.replace(begun, note=head(shown(event, MESSAGE), MESSAGE)), options
        )
    return opened(_with_event(begun, letter, event, encode), options)


def _with_event(
    begun: StoredLetter, letter: DeadLetter, event: Event, encode: Encode
) -> StoredLetter:
    payload, note, envelope = b"", "", letter.envelope
    try:
        payload = _payload(event, envelope, encode)
    except Exception as error:  # noqa: BLE001  # whatever it is, the letter is kept
        note = f"{head(text_of(error), LINE)}; it was {head(shown(event, MESSAGE), MESSAGE)}"
    if envelope is None and not note:
        note = "it came without an envelope"
    return msgspec.structs.replace(
        begun,
        event_id=letter.event_id,
        event_type=event.EVENT.value if envelope is None else envelope.type,
        source="" if envelope is None else plain(envelope.source),
        note=note,
        event_time=None if envelope is None else envelope.time,
        size=len(payload),
        payload=payload or None,
        envelope=envelope,
    )


def _payload(event: Event, envelope: Envelope | None, encode: Encode) -> bytes:
    """Write an event; one of a type that was not known as it came."""
    if isinstance(event, UnknownEvent) and envelope and envelope.type != event.EVENT.value:
        return msgspec.msgpack.encode(dict(event.fields), enc_hook=dict)
    return encode(event)


def letter_of_log(aside: SetAside, options: DeadLetterOptions) -> StoredLetter:
    """Return the letter, without a number, of an event that is known as bytes only.

    The event log sets aside what a consumer had in hand; or it came from outside and can't be
    published here. Then it is for nobody in particular, and waits for a person.
    """
    envelope, payload = aside.record.envelope, aside.record.payload
    begun = StoredLetter(
        number=0,
        event_id=envelope.id,
        event_type=envelope.type,
        path=aside.consumer,
        status="pending",
        reason=aside.reason,
        error=head(aside.detail or str(aside.reason), LINE),
        created_at=aside.time,
        updated_at=aside.time,
        source=plain(envelope.source),
        consumer=aside.consumer,
        event_time=envelope.time,
        size=len(payload),
        payload=payload,
        envelope=envelope,
    )
    letter = opened(begun, options)
    is_from_outside = letter.status == "dropped"
    return msgspec.structs.replace(letter, status="pending") if is_from_outside else letter


def brief_report(report: DeathReport) -> str:
    """Write a death report as JSON: where, when and why; without the traceback."""
    said = {
        "path": report.path,
        "number": report.number,
        "time": report.time,
        "uptime": report.uptime,
        "cause": head(report.cause, LINE),
        "depth": report.depth,
        "fingerprint": head(report.fingerprint, LINE),
    }
    return msgspec.json.encode(said).decode()


def as_plain(letter: StoredLetter) -> dict[str, Any]:
    """Return a letter as JSON can hold it: the event's payload and the report decoded, too."""
    fields: dict[str, Any] = msgspec.to_builtins(letter)
    fields.pop("payload", None)
    if letter.payload is not None:
        fields["payload"] = _unpacked(letter.payload)
    if letter.report:
        fields["report"] = _parsed(letter.report)
    return fields


def _unpacked(payload: bytes) -> Any:
    try:
        return msgspec.to_builtins(msgspec.msgpack.decode(payload), str_keys=True)
    except (msgspec.DecodeError, TypeError, RecursionError) as error:
        return f"(it can't be read: {error})"


def _parsed(report: str) -> Any:
    try:
        return msgspec.json.decode(report)
    except msgspec.DecodeError:
        return report


def _kind_of(message: Any) -> str:
    if isinstance(message, Event):
        return message.EVENT.value
    kind: type[Any] = type(message)  # pyright: ignore[reportUnknownVariableType]  # of Any
    return plain(type_name(kind))
