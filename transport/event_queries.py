"""Events in their file: written many in one step, read many in one row.

Between two steps of SQLite another thread that computes may keep Python's lock for its switch
interval, 5 ms: a statement for each event makes a group of 64 take 54 ms beside one such thread, a
statement for all of them 6 ms (measured). So many rows go in and come out with one step each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from ringleader.actors.event_log import LogQuery, Record, packed
from ringleader.actors.events.base import Envelope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .sqlite import Readable, Tables

ROWS: Final = 512
"""Events in one statement, at most; larger ones are not kept prepared."""
PAGE: Final = 64
"""Events in one row that is read; each may have a megabyte, and their hex twice that."""
WINDOW: Final = 16
"""Sequence numbers for each event wanted that a look for a consumer's types begins with; each
further one has more."""
GROWTH: Final = 8

_COLUMNS: Final = (
    "event_id, event_type, source, time, correlation_id, causation_id, envelope, payload"
)
_WIDTH: Final = 8
_PADDING: Final = (None,) * _WIDTH

_decode = msgspec.msgpack.Decoder(Envelope).decode
_rows = msgspec.json.Decoder(list[tuple[int, str, str]]).decode
_numbers = msgspec.json.Decoder(list[int]).decode


class Row(NamedTuple):
    """An event as it is written, in the order of the columns."""

    event_id: str
    event_type: str
    source: str
    time: float
    correlation_id: str | None
    causation_id: str | None
    envelope: bytes
    payload: bytes

    @classmethod
    def of(cls, envelope: Envelope, payload: bytes) -> Row:
        """Make the row of an event.

        Raises:
            EventLogError: the envelope can't be written.
        """
        return cls(
            envelope.id,
            envelope.type,
            envelope.source,
            envelope.time,
            envelope.correlationid,
            envelope.causationid,
            packed(envelope),
            payload,
        )


def _insertion(size: int) -> str:
    values = ", ".join([f"({', '.join('?' * _WIDTH)})"] * size)
    return (
        f"INSERT INTO events ({_COLUMNS}) SELECT * FROM (VALUES {values}) "  # noqa: S608  # our own names
        "WHERE column1 IS NOT NULL ON CONFLICT (event_id) DO NOTHING"
    )


# Few sizes, so that they stay prepared: the rest of the values are NULL.
_INSERTIONS: Final = {size: _insertion(size) for size in (1, 2, 4, 8, 16, 32, 64, 128, 256, ROWS)}


def insert(
    tables: Tables, rows: Sequence[Row], heads: Sequence[int | None] | None = None
) -> list[int]:
    """Write events; return their sequences, minus the one that an id had there already.

    Args:
        tables: the file.
        rows: the events.
        heads: for each, the newest sequence before a try that may have written it already.
    """
    heads = heads or [None] * len(rows)
    sequences: list[int] = []
    for begin in range(0, len(rows), ROWS):
        part = rows[begin : begin + ROWS]
        size = 1 << (len(part) - 1).bit_length()
        values = [value for row in part for value in row]
        values += _PADDING * (size - len(part))
        written = tables.write(_INSERTIONS[size], tuple(values))
        if written == len(part):
            last = tables.last_row
            sequences += range(last - written + 1, last + 1)
        else:
            sequences += _with_duplicates(tables, part, written, heads[begin : begin + ROWS])
    return sequences


def _with_duplicates(
    tables: Tables, rows: Sequence[Row], written: int, heads: Sequence[int | None]
) -> list[int]:
    ids = msgspec.json.encode([row.event_id for row in rows]).decode()
    found: dict[str, int] = dict(
        tables.rows(
            "SELECT event_id, sequence FROM events "
            "WHERE event_id IN (SELECT value FROM json_each(?))",
            (ids,),
        )
    )
    new = set(sorted(found.values())[len(found) - written :])  # the highest are the latest
    sequences: list[int] = []
    told: set[int] = set()
    for row, head in zip(rows, heads, strict=True):
        sequence = found[row.event_id]
        is_new = sequence in new or (head is not None and sequence > head)
        sequences.append(sequence if is_new and sequence not in told else -sequence)
        told.add(sequence)
    return sequences


def head_of(tables: Readable) -> int:
    """Return the sequence of the newest event there ever was."""
    found = tables.rows("SELECT seq FROM sqlite_sequence WHERE name = 'events'")
    return int(found[0][0]) if found else 0


def wanted(
    tables: Readable, types: tuple[str, ...] | None, after: int, head: int, limit: int
) -> list[int]:
    """Return the sequences of the first events of some types behind `after`.

    Types are looked up in their index, in windows that grow: neither a long log without any of
    them nor one that is full of them is read through.
    """
    if types is None:
        query = "SELECT sequence FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?"
        return numbers(tables, query, (after, limit))
    text = msgspec.json.encode(types).decode()
    found: list[int] = []
    window = WINDOW * limit
    while len(found) < limit and after < head:
        found += numbers(
            tables,
            "SELECT e.sequence FROM json_each(?) AS t CROSS JOIN events AS e "
            "ON e.event_type = t.value AND e.sequence > ? AND e.sequence <= ? "
            "ORDER BY e.sequence LIMIT ?",
            (text, after, after + window, limit - len(found)),
        )
        after, window = after + window, window * GROWTH
    return found


def numbers(tables: Readable, query: str, bindings: tuple[Any, ...]) -> list[int]:
    """Return the first column that a query finds, in one step."""
    ((text,),) = tables.rows(
        f"SELECT json_group_array(sequence) FROM ({query})",  # noqa: S608  # the queries are ours
        bindings,
    )
    return _numbers(text)


def records(tables: Readable, sequences: Sequence[int]) -> list[Record]:
    """Return events by their sequences, in order; those that are gone are left out."""
    found: list[Record] = []
    for begin in range(0, len(sequences), PAGE):
        page = msgspec.json.encode(sequences[begin : begin + PAGE]).decode()
        ((text,),) = tables.rows(
            "SELECT json_group_array(json_array(sequence, hex(envelope), hex(payload)) "
            "ORDER BY sequence) FROM events WHERE sequence IN (SELECT value FROM json_each(?))",
            (page,),
        )
        found += [_record(*row) for row in _rows(text)]
    return found


def find(tables: Readable, query: LogQuery) -> list[Record]:
    """Return the events that match a query, in order."""
    conditions, bindings = _conditions(query)
    order = "DESC" if query.newest else "ASC"
    found = numbers(
        tables,
        f"SELECT sequence FROM events WHERE {' AND '.join(conditions)} "  # noqa: S608  # our own words
        f"ORDER BY sequence {order} LIMIT ?",
        (*bindings, query.limit),
    )
    return records(tables, sorted(found))


def _conditions(query: LogQuery) -> tuple[list[str], list[Any]]:
    conditions, bindings = ["sequence > ?"], [query.after]
    more: list[tuple[str, tuple[Any, ...]]] = []
    if query.types is not None:
        types = msgspec.json.encode(query.types).decode()
        more.append(("event_type IN (SELECT value FROM json_each(?))", (types,)))
    if query.source is not None:
        path = query.source.rstrip("/")
        # Whatever begins with the path and a slash: "0" comes next after "/".
        more.append(("(source = ? OR source >= ? AND source < ?)", (path, f"{path}/", f"{path}0")))
    if query.since is not None:
        more.append(("time >= ?", (query.since,)))
    if query.until is not None:
        more.append(("time < ?", (query.until,)))
    if query.event_id is not None:
        more.append(("event_id = ?", (query.event_id,)))
    if query.correlation is not None:
        more.append(("(correlation_id = ? OR event_id = ?)", (query.correlation,) * 2))
    for condition, values in more:
        conditions.append(condition)
        bindings += values
    return conditions, bindings


def _record(sequence: int, envelope: str, payload: str) -> Record:
    decoded = _decode(bytes.fromhex(envelope))
    msgspec.structs.force_setattr(decoded, "sequence", sequence)
    return Record(sequence, decoded, bytes.fromhex(payload))
