"""Events as other programs read them: plain JSON, or the JSON format of CloudEvents 1.0."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec

from ringleader.actors.events.base import CONTENT_TYPE

if TYPE_CHECKING:
    from ringleader.actors.event_log import Record

_URI: Final = "/:?#[]@!$&'()*+,;=%-._~"
"""Characters that a URI reference may have beside letters and digits."""
_WIDTH: Final = 19
"""Digits of a sequence: the extension wants strings that sort as they follow each other."""

_encode = msgspec.json.Encoder().encode


def payload_of(record: Record) -> Any:
    """Return an event's fields as JSON can hold them.

    Raises:
        ValueError: they can't be read.
    """
    try:
        return msgspec.to_builtins(msgspec.msgpack.decode(record.payload), str_keys=True)
    except (msgspec.DecodeError, TypeError, RecursionError) as error:
        raise ValueError(f"the payload can't be read: {error}") from error


def as_plain(record: Record) -> dict[str, Any]:
    """Return an event as JSON can hold it: its envelope, and its fields as `payload`."""
    plain: dict[str, Any] = msgspec.to_builtins(record.envelope)
    del plain["source"], plain["time"], plain["type"], plain["id"]  # these come first
    plain.pop("datacontenttype", None)
    envelope = record.envelope
    first: dict[str, Any] = {
        "sequence": plain.pop("sequence", None) or record.sequence or None,
        "id": envelope.id,
        "type": envelope.type,
        "source": envelope.source,
        "time": envelope.time,
    }
    try:
        payload = payload_of(record)
    except ValueError as error:
        payload = f"({error})"
    return {**first, **plain, "payload": payload}


def as_cloudevent(record: Record) -> dict[str, Any]:
    """Return an event in the JSON format of CloudEvents 1.0.

    Beside its attributes there are the extensions `traceparent`, `sequence`, `correlationid`,
    `causationid`, `depth` and `epoch`. What can't be read is given as it is, in `data_base64`.
    """
    envelope = record.envelope
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": envelope.id,
        "source": quote(envelope.source, safe=_URI) or "/",
        "type": envelope.type,
        "time": rfc3339(envelope.time),
    }
    optional = {
        "subject": envelope.subject or None,
        "traceparent": envelope.traceparent,
        "correlationid": envelope.correlationid,
        "causationid": envelope.causationid,
        "depth": envelope.depth or None,
        "sequence": f"{record.sequence:0{_WIDTH}}" if record.sequence else None,
        "epoch": None if envelope.epoch is None else f"{envelope.epoch:016x}",
    }
    event |= {name: value for name, value in optional.items() if value is not None}
    try:
        return {**event, "datacontenttype": "application/json", "data": payload_of(record)}
    except ValueError:
        raw = base64.b64encode(record.payload).decode()
        return {**event, "datacontenttype": CONTENT_TYPE, "data_base64": raw}


def rfc3339(seconds: float) -> str:
    """Return a time, seconds UTC, as RFC 3339 has it: `2026-01-31T12:00:00.123456Z`."""
    told = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
    return f"{told.removesuffix('+00:00')}Z"


def line_of(value: dict[str, Any]) -> bytes:
    """Return a value as one line of JSON, without its end."""
    return _encode(value)
