"""Dead letters that the event log makes itself: events whose holder was gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from ringleader.actors.consumer_rules import SetAside

    from .sqlite import Tables


def keep_letter(tables: Tables, aside: SetAside) -> None:
    """Keep a dead letter of an event and its consumer.

    If there is one already it is pending again, with the new error; how often it was tried stays.
    """
    envelope = aside.record.envelope
    tables.write(
        "INSERT INTO dead_letters (event_id, event_type, payload, handler_name, error, created_at, "
        "source, status, reason, envelope, consumer, event_time, updated_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?) "
        "ON CONFLICT (event_id, handler_name) WHERE event_id IS NOT NULL DO UPDATE SET "
        "error = excluded.error, status = excluded.status, reason = excluded.reason, "
        "consumer = excluded.consumer, updated_at = excluded.updated_at",
        (
            envelope.id,
            envelope.type,
            aside.record.payload,
            aside.consumer,
            aside.detail,
            aside.time,
            envelope.source,
            str(aside.reason),
            msgspec.msgpack.encode(envelope),
            aside.consumer,
            envelope.time,
            aside.time,
        ),
    )
