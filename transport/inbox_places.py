"""How far readers have come, in the file of the event log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .streams import Loss, Place, Stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .sqlite import Readable, Tables

HASHES: Final = 16_384
"""Entries of an epoch whose hashes are known, at least: by them it is found what an origin that was
put back to an older state has other than before."""
SWEEP: Final = 1_024
"""Entries after which older hashes are removed."""
PLACES: Final = 100
"""Epochs of a stream whose places are known; those that were left first are forgotten."""
WIDTH: Final = 8
"""Bytes of a hash."""

_STREAM: Final = "origin = ? AND module_group = ?"
_VISIT: Final = f"(SELECT coalesce(max(visit), 0) + 1 FROM inbox_places WHERE {_STREAM})"  # noqa: S608  # our own words


def load(tables: Readable, stream: Stream) -> list[Place]:
    """Return the places of a stream, the current one last."""
    found = tables.rows(
        f"SELECT epoch, next, hash, heard FROM inbox_places WHERE {_STREAM} ORDER BY visit",  # noqa: S608  # our own words
        stream,
    )
    return [Place(epoch, next_, bytes(hash_), heard) for epoch, next_, hash_, heard in found]


def streams(tables: Readable) -> list[Stream]:
    """Return the streams that were ever read."""
    found = tables.rows("SELECT DISTINCT origin, module_group FROM inbox_places ORDER BY 1, 2")
    return [Stream(*row) for row in found]


def move(tables: Tables, stream: Stream, before: Place | None, place: Place) -> bool:
    """Note where a reader is; tell whether it was where it is thought to have been."""
    if before is None:
        moved = tables.write(
            f"INSERT INTO inbox_places VALUES (?, ?, ?, ?, ?, ?, {_VISIT}) ON CONFLICT DO NOTHING",  # noqa: S608  # our own words
            (*stream, *place, *stream),
        )
        if moved:
            _forget_places(tables, stream)
        return bool(moved)
    return bool(
        tables.write(
            f"UPDATE inbox_places SET next = ?, hash = ?, heard = ?, visit = {_VISIT} "  # noqa: S608  # our own words
            f"WHERE {_STREAM} AND epoch = ? AND next = ? AND hash = ?",
            (
                *(place.next, place.hash, place.heard, *stream),
                *(*stream, place.epoch, before.next, before.hash),
            ),
        )
    )


def _forget_places(tables: Tables, stream: Stream) -> None:
    old = tables.rows(
        f"SELECT epoch FROM inbox_places WHERE {_STREAM} ORDER BY visit DESC LIMIT -1 OFFSET ?",  # noqa: S608  # our own words
        (*stream, PLACES),
    )
    for (epoch,) in old:
        for table in ("inbox_places", "inbox_hashes"):
            tables.write(
                f"DELETE FROM {table} WHERE {_STREAM} AND epoch = ?",  # noqa: S608  # our own words
                (*stream, epoch),
            )


def keep_hashes(tables: Tables, stream: Stream, place: Place, first: int, hashes: bytes) -> None:
    """Note the hashes of entries that end before a place; old ones go."""
    tables.write(
        "INSERT OR REPLACE INTO inbox_hashes VALUES (?, ?, ?, ?, ?, ?)",
        (*stream, place.epoch, first, place.next - 1, hashes),
    )
    if (first - 1) // SWEEP != (place.next - 1) // SWEEP:
        tables.write(
            f"DELETE FROM inbox_hashes WHERE {_STREAM} AND (epoch = ? AND last < ? OR epoch NOT IN "  # noqa: S608  # our own words
            f"(SELECT epoch FROM inbox_places WHERE {_STREAM}))",
            (*stream, place.epoch, place.next - HASHES, *stream),
        )


def hash_at(tables: Readable, stream: Stream, epoch: int, seq: int) -> bytes | None:
    """Return the hash of an entry that was read; None: it is not known (any more)."""
    found = tables.rows(
        f"SELECT first, hashes FROM inbox_hashes WHERE {_STREAM} AND epoch = ? "  # noqa: S608  # our own words
        "AND first <= ? AND last >= ? ORDER BY rowid DESC LIMIT 1",
        (*stream, epoch, seq, seq),
    )
    if found:
        ((first, hashes),) = found
        return bytes(hashes[WIDTH * (seq - first) : WIDTH * (seq - first + 1)])
    place = tables.rows(
        f"SELECT hash FROM inbox_places WHERE {_STREAM} AND epoch = ? AND next = ?",  # noqa: S608  # our own words
        (*stream, epoch, seq + 1),
    )
    return bytes(place[0][0]) if place else None


def keep_losses(tables: Tables, losses: Sequence[Loss], now: float) -> None:
    """Note losses; one that is noted already is one."""
    for stream, epoch, first, last, reason in losses:
        tables.write(
            "INSERT OR IGNORE INTO bridge_losses "
            "(origin, module_group, epoch, first, last, reason, declared_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*stream, epoch, first, last, reason, now),
        )


def losses_of(tables: Readable, *, untold: bool = False) -> list[Loss]:
    """Return all losses that were declared, in order; or those of which no event is known yet."""
    found = tables.rows(
        "SELECT origin, module_group, epoch, first, last, reason FROM bridge_losses "
        "WHERE NOT (? AND is_told) ORDER BY number",
        (int(untold),),
    )
    return [Loss(Stream(origin, group), *rest) for origin, group, *rest in found]


def told(tables: Tables, loss: Loss) -> None:
    """Note that the event of a loss is in the log."""
    tables.write(
        f"UPDATE bridge_losses SET is_told = 1 WHERE {_STREAM} AND epoch = ? AND first = ? "  # noqa: S608  # our own words
        "AND last = ? AND reason = ?",
        (*loss.stream, loss.epoch, loss.first, loss.last, loss.reason),
    )
