"""Dead letters as rows of the table `dead_letters`, and questions about them as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from ringleader.actors.dead_letters import LetterGroup, LetterStatistics, StoredLetter
from ringleader.actors.events.base import Envelope
from ringleader.actors.letters import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.actors.dead_letters import LetterQuery

    from .sqlite import Readable

_BRIEF: Final = (
    "number, event_id, event_type, handler_name, status, reason, error, created_at, updated_at, "
    "retry_count, last_retry_at, next_retry_at, source, fingerprint, consumer, message, "
    "event_time, coalesce(length(payload), 0), envelope"
)
_FULL: Final = f"{_BRIEF}, payload, report"
_WRITTEN: Final = (
    "event_id, event_type, handler_name, status, reason, error, created_at, updated_at, "
    "retry_count, last_retry_at, next_retry_at, source, fingerprint, consumer, message, "
    "event_time, envelope, payload, report"
)
INSERT: Final = (
    f"INSERT INTO dead_letters ({_WRITTEN}) SELECT {', '.join('?' * 19)} WHERE NOT EXISTS "  # noqa: S608  # the words are ours
    "(SELECT 1 FROM dead_letters WHERE event_id = ? AND handler_name = ?) RETURNING number"
)
"""Gives no row where the delivery has a letter; a conflict would use up a number."""
REPLACE: Final = f"UPDATE dead_letters SET ({_WRITTEN}) = ({', '.join('?' * 19)}) WHERE number = ?"  # noqa: S608  # the words are ours
CHANGE: Final = (
    "UPDATE dead_letters SET status = ?, reason = ?, error = ?, updated_at = ?, retry_count = ?, "
    "last_retry_at = ?, next_retry_at = ?, message = ? WHERE number = ?"
)
BY_DELIVERY: Final = f"SELECT {_FULL} FROM dead_letters WHERE event_id = ? AND handler_name = ?"  # noqa: S608  # the words are ours

_Part: TypeAlias = tuple[str, tuple[Any, ...]]

_encode = msgspec.msgpack.Encoder().encode
_envelopes = msgspec.msgpack.Decoder(Envelope)


def row_of(letter: StoredLetter) -> tuple[Any, ...]:
    """Return what `INSERT` takes, with the delivery behind it, and `REPLACE`, with the number."""
    return (
        letter.event_id,
        letter.event_type,
        letter.path,
        letter.status,
        str(letter.reason),
        letter.error,
        letter.created_at,
        letter.updated_at,
        letter.retry_count,
        letter.last_retry_at,
        letter.next_retry_at,
        letter.source,
        letter.fingerprint,
        letter.consumer,
        letter.note,
        letter.event_time,
        None if letter.envelope is None else _encode(letter.envelope),
        letter.payload,
        letter.report,
    )


def change_of(letter: StoredLetter) -> tuple[Any, ...]:
    """Return what `CHANGE` takes."""
    return (
        letter.status,
        str(letter.reason),
        letter.error,
        letter.updated_at,
        letter.retry_count,
        letter.last_retry_at,
        letter.next_retry_at,
        letter.note,
        letter.number,
    )


def letter_of(row: tuple[Any, ...]) -> StoredLetter:
    """Return the letter of a row, full or brief."""
    return StoredLetter(
        number=row[0],
        event_id=row[1],
        event_type=row[2],
        path=row[3],
        status=row[4],
        reason=Outcome(row[5]),
        error=row[6],
        created_at=row[7],
        updated_at=row[8],
        retry_count=row[9],
        last_retry_at=row[10],
        next_retry_at=row[11],
        source=row[12],
        fingerprint=row[13],
        consumer=row[14],
        note=row[15],
        event_time=row[16],
        size=row[17],
        envelope=None if row[18] is None else _envelopes.decode(row[18]),
        payload=row[19] if len(row) > 19 else None,  # noqa: PLR2004  # a full one
        report=row[20] if len(row) > 19 else "",  # noqa: PLR2004  # a full one
    )


def find(source: Readable, query: LetterQuery) -> list[StoredLetter]:
    """Return the letters that are meant."""
    where, bindings = _where(query)
    if query.due is not None:
        order = "next_retry_at, number"
    else:
        order = "number DESC" if query.newest else "number"
    columns = _FULL if query.full else _BRIEF
    found = source.rows(
        f"SELECT {columns} FROM dead_letters WHERE {where} ORDER BY {order} LIMIT ?",  # noqa: S608  # the words are ours
        (*bindings, query.limit),
    )
    letters = [letter_of(row) for row in found]
    return letters[::-1] if query.newest and query.due is None else letters


def count(source: Readable, query: LetterQuery) -> int:
    """Return how many are meant, whatever the limit."""
    where, bindings = _where(query)
    ((number,),) = source.rows(f"SELECT count(*) FROM dead_letters WHERE {where}", bindings)  # noqa: S608  # the words are ours
    return int(number)


def groups(source: Readable, limit: int) -> list[LetterGroup]:
    """Return groups of open letters that are alike, the largest first."""
    found = source.rows(
        "SELECT event_type, path, reason, fingerprint, "
        "(SELECT error FROM dead_letters WHERE number = newest), many, first, last "
        "FROM (SELECT event_type, handler_name AS path, reason, fingerprint, count(*) AS many, "
        "max(number) AS newest, min(created_at) AS first, max(created_at) AS last "
        "FROM dead_letters WHERE status IN ('pending', 'retrying') "
        "GROUP BY event_type, handler_name, reason, fingerprint) "
        "ORDER BY many DESC, first, path, event_type, reason, fingerprint LIMIT ?",
        (limit,),
    )
    return [
        LetterGroup(
            event_type=kind,
            path=path,
            reason=Outcome(reason),
            fingerprint=fingerprint,
            error=error,
            count=many,
            first=first,
            last=last,
        )
        for kind, path, reason, fingerprint, error, many, first, last in found
    ]


def statistics(source: Readable) -> LetterStatistics:
    """Return how many are kept."""
    by_status, by_type, by_reason = (
        dict(source.rows(f"SELECT {column}, count(*) FROM dead_letters GROUP BY {column}"))  # noqa: S608  # the words are ours
        for column in ("status", "event_type", "reason")
    )
    ((oldest,),) = source.rows("SELECT min(created_at) FROM dead_letters WHERE status = 'pending'")
    return LetterStatistics(
        total=sum(by_status.values()),
        by_status=by_status,
        by_type=by_type,
        by_reason=by_reason,
        oldest=oldest,
    )


def _where(query: LetterQuery) -> tuple[str, tuple[Any, ...]]:
    """Return the condition, and what is bound to it."""
    parts = [("number > ?", (query.after,)), *_listed(query), *_named(query)]
    parts += [
        (part, (value,))
        for part, value in (
            ("created_at >= ?", query.since),
            ("created_at < ?", query.until),
            ("next_retry_at <= ?", query.due),
        )
        if value is not None
    ]
    bindings = tuple(value for _, values in parts for value in values)
    return " AND ".join(part for part, _ in parts), bindings


def _listed(query: LetterQuery) -> Iterator[_Part]:
    if query.numbers is not None:
        # As JSON: a statement takes fewer parameters than there may be numbers.
        numbers = msgspec.json.encode(query.numbers).decode()
        yield "number IN (SELECT value FROM json_each(?))", (numbers,)
    if query.types is not None:
        yield f"event_type IN ({', '.join('?' * len(query.types))})", query.types
    if query.statuses is not None:
        yield f"status IN ({', '.join('?' * len(query.statuses))})", query.statuses


def _named(query: LetterQuery) -> Iterator[_Part]:
    if query.event_id is not None:
        yield "event_id = ?", (query.event_id,)
    if query.reason is not None:
        yield "reason = ?", (str(query.reason),)
    if query.handler is not None:
        # "/" is followed by "0": all that begins with `path/` lies between both.
        path = query.handler.rstrip("/")
        below = "(handler_name = ? OR (handler_name > ? AND handler_name < ?))"
        yield below, (path, f"{path}/", f"{path}0")
