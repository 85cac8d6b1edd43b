"""Old events leave their file: what `retention` decides, a limited number in one transaction.

Their room in the file is used again; the file does not shrink, so that its largest size stays near
the largest that was needed, `event_log.cap_bytes` at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ringleader.actors import retention
from ringleader.actors.retention import CHUNK, OVERHEAD, Kept, Loss, Waiting

from .event_consumers import in_hand, load_all
from .event_queries import head_of
from .inbox_ids import keep_ids

if TYPE_CHECKING:
    from ringleader.actors.consumer_rules import Consumer
    from ringleader.actors.options import EventLogOptions

    from .sqlite import Readable, Tables

_SIZE = f"length(envelope) + length(payload) + {OVERHEAD}"
_rows = msgspec.json.Decoder(list[tuple[int, str, int]]).decode


class Pruned(NamedTuple):
    """What one look has removed.

    Attributes:
        events: how many.
        size: bytes that they had.
        loss: what consumers miss of it.
        abandoned: names of consumers for which nothing is kept any more.
        again: whether there may be more to remove.
    """

    events: int
    size: int
    loss: Loss | None
    abandoned: tuple[str, ...]
    again: bool


def measure(tables: Readable) -> tuple[int, int]:
    """Return how many events there are, and their bytes; reads all of them."""
    ((events, size),) = tables.rows(f"SELECT count(*), coalesce(sum({_SIZE}), 0) FROM events")  # noqa: S608  # our own words
    return events, size


def prune(tables: Tables, events: int, size: int, now: float, options: EventLogOptions) -> Pruned:
    """Remove what retention allows, `CHUNK` events at most.

    Args:
        tables: the file.
        events: how many there are.
        size: bytes of all.
        now: seconds UTC.
        options: what is kept.
    """
    waiting = [_waiting(tables, consumer) for consumer in load_all(tables)]
    waited_for, abandoned = retention.waited_for(waiting, now, options)
    done = retention.bound(waited_for, head_of(tables))
    gone = _too_old(tables, now - options.retention, done)
    if not gone:
        gone = _too_many(tables, events, size, done, options)
    loss = retention.lost(waited_for, [event for event in gone if event.sequence > done])
    _remove(tables, [event.sequence for event in gone], now)
    return Pruned(
        len(gone),
        sum(event.size for event in gone),
        loss,
        tuple(each.consumer.name for each in abandoned),
        bool(gone),
    )


def _waiting(tables: Readable, consumer: Consumer) -> Waiting:
    held = in_hand(tables, consumer.name)
    return Waiting(
        consumer,
        held[0].sequence if held else 0,
        frozenset(each.sequence for each in held if each.waits),
    )


def _too_old(tables: Readable, before: float, done: int) -> list[Kept]:
    return _kept(
        tables,
        "events INDEXED BY events_by_time WHERE time < ? AND sequence <= ? ORDER BY time",
        (before, done),
    )


def _too_many(
    tables: Readable, events: int, size: int, done: int, options: EventLogOptions
) -> list[Kept]:
    if events <= min(options.retention_events, options.cap_events) and size <= min(
        options.retention_bytes, options.cap_bytes
    ):
        return []
    oldest = _kept(tables, "events ORDER BY sequence", ())
    return oldest[: retention.surplus(oldest, events, size, done, options)]


def _kept(tables: Readable, which: str, bindings: tuple[float, ...]) -> list[Kept]:
    """Return the first `CHUNK` of some events, in one step."""
    query = f"SELECT sequence, event_type, {_SIZE} AS size FROM {which} LIMIT {CHUNK}"  # noqa: S608  # our own words
    ((packed,),) = tables.rows(
        f"SELECT json_group_array(json_array(sequence, event_type, size)) FROM ({query})",  # noqa: S608  # ours
        bindings,
    )
    return [Kept(*row) for row in _rows(packed)]


def _remove(tables: Tables, sequences: list[int], now: float) -> None:
    if not sequences:
        return
    text = msgspec.json.encode(sequences).decode()
    keep_ids(tables, text, now)
    tables.write("DELETE FROM events WHERE sequence IN (SELECT value FROM json_each(?))", (text,))
    tables.write(
        "DELETE FROM in_hand WHERE handed_back AND sequence IN (SELECT value FROM json_each(?))",
        (text,),
    )
