"""Outboxes in their file: what happens to one within a transaction, as functions.

A `Line` is what is known of an outbox; each function returns the new one, which counts once the
transaction is committed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from .streams import NO_HASH, Entry, Segment, chain, chained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .sqlite import Readable, Tables

ROWS: Final = 512
"""Entries in one statement, at most."""
PAGE: Final = 64
"""Entries in one row that is read."""
CHUNK: Final = 2_000
"""Entries that are removed at once, at most: a commit may wait behind them."""
OVERHEAD: Final = 60
"""Bytes that an entry takes in the file beside its body."""
EPOCHS: Final = 1_000
"""Epochs of which nothing is left that are known all the same, so that their readers can go on."""

_WIDTH: Final = 6
_PADDING: Final = (None,) * _WIDTH
_sizes = msgspec.json.Decoder(list[tuple[int, int, float]]).decode
_bodies = msgspec.json.Decoder(list[tuple[int, str]]).decode


class Line(NamedTuple):
    """What is known of an outbox.

    Attributes:
        segments: its epochs, in order; the last one is open.
        ends: the hash of each epoch's last entry, `NO_HASH` where it has none.
        head: the newest seq.
        low: the oldest that can be read; `head + 1`: none can.
        size: bytes of all that can be read, with `OVERHEAD`.
    """

    segments: tuple[Segment, ...]
    ends: tuple[bytes, ...]
    head: int
    low: int
    size: int

    @property
    def epoch(self) -> int:
        """The open epoch."""
        return self.segments[-1].epoch

    @property
    def hash(self) -> bytes:
        """The hash of the newest entry, if it is of the open epoch; else `NO_HASH`."""
        return self.ends[-1]

    def segment(self, epoch: int) -> Segment | None:
        """Return an epoch's segment, with the end that it has now; None: it is not known."""
        for segment in reversed(self.segments):
            if segment.epoch == epoch:
                return segment._replace(end=self.head) if segment.end is None else segment
        return None

    def end_hash(self, epoch: int) -> bytes:
        """Return the hash of the last entry of an epoch that is known."""
        return next(h for s, h in zip(self.segments, self.ends, strict=True) if s.epoch == epoch)


class Batch(NamedTuple):
    """Entries that were put into an outbox at once.

    Attributes:
        group: whose outbox it is.
        line: as it is with them.
        entries: in order.
        hashes: of each.
    """

    group: str
    line: Line
    entries: list[Entry]
    hashes: list[bytes]


def groups(tables: Readable) -> list[str]:
    """Return the groups that have an outbox."""
    found = tables.rows("SELECT DISTINCT module_group FROM outbox_epochs ORDER BY module_group")
    return [group for (group,) in found]


def load(tables: Readable, group: str) -> Line | None:
    """Read what is known of an outbox; None: there is none."""
    epochs = tables.rows(
        "SELECT epoch, first, head, hash, is_open FROM outbox_epochs WHERE module_group = ? "
        "ORDER BY number",
        (group,),
    )
    if not epochs:
        return None
    ((low, size),) = tables.rows(
        f"SELECT min(seq), coalesce(sum(length(body) + {OVERHEAD}), 0) FROM outbox "  # noqa: S608  # our own words
        "WHERE module_group = ? AND body IS NOT NULL",
        (group,),
    )
    head = epochs[-1][2]
    return Line(
        tuple(Segment(epoch, first, None if o else h) for epoch, first, h, _, o in epochs),
        tuple(bytes(hash_) for *_, hash_, _ in epochs),
        head,
        head + 1 if low is None else low,
        size,
    )


def is_as_known(tables: Readable, group: str, line: Line) -> bool:
    """Tell whether the file says what is known of it; else it was put back to an older state."""
    return bool(
        tables.rows(
            "SELECT 1 FROM outbox_epochs WHERE module_group = ? AND epoch = ? AND head = ? "
            "AND hash = ? AND is_open",
            (group, line.epoch, line.head, line.hash),
        )
    )


def begin(tables: Tables, group: str, line: Line | None, epoch: int) -> Line:
    """Close the open epoch, and open one that is not known yet."""
    if line is None:
        line = Line((), (), 0, 1, 0)
    tables.write("UPDATE outbox_epochs SET is_open = 0 WHERE module_group = ?", (group,))
    tables.write(
        "INSERT INTO outbox_epochs (module_group, epoch, first, head, hash, is_open) "
        "VALUES (?, ?, ?, ?, ?, 1)",
        (group, epoch, line.head + 1, line.head, NO_HASH),
    )
    known = [s if s.end is not None else s._replace(end=line.head) for s in line.segments]
    return line._replace(
        segments=(*known, Segment(epoch, line.head + 1, None)), ends=(*line.ends, NO_HASH)
    )


def _insertion(size: int) -> str:
    values = ", ".join([f"({', '.join('?' * _WIDTH)})"] * size)
    return (
        "INSERT INTO outbox (module_group, seq, epoch, hash, at, body) "  # noqa: S608  # our own words
        f"SELECT * FROM (VALUES {values}) WHERE column1 IS NOT NULL"
    )


# Few sizes, so that they stay prepared: the rest of the values are NULL.
_INSERTIONS: Final = {size: _insertion(size) for size in (1, 2, 4, 8, 16, 32, 64, 128, 256, ROWS)}


def append(
    tables: Tables, group: str, line: Line, bodies: Sequence[bytes], now: float
) -> Batch | None:
    """Put entries behind the newest one; None: the file is not what is known of it."""
    entries = [Entry(seq, body) for seq, body in enumerate(bodies, line.head + 1)]
    epoch, hashes = line.epoch, chain(line.hash, line.epoch, line.head + 1, bodies)
    before, head = hashes[-1] if hashes else line.hash, line.head + len(entries)
    if not tables.write(
        "UPDATE outbox_epochs SET head = ?, hash = ? WHERE module_group = ? AND epoch = ? "
        "AND head = ? AND hash = ? AND is_open",
        (head, before, group, epoch, line.head, line.hash),
    ):
        return None
    for start in range(0, len(entries), ROWS):
        part = entries[start : start + ROWS]
        values: list[object] = []
        for (seq, body), hash_ in zip(part, hashes[start : start + ROWS], strict=True):
            values += (group, seq, epoch, hash_, now, body)
        size = 1 << (len(part) - 1).bit_length()
        tables.write(_INSERTIONS[size], (*values, *_PADDING * (size - len(part))))
    added = sum(map(len, bodies)) + OVERHEAD * len(entries)
    line = line._replace(ends=(*line.ends[:-1], before), head=head, size=line.size + added)
    return Batch(group, line, entries, hashes)


def restamp(tables: Tables, group: str, line: Line, dead: int, epoch: int) -> Line:
    """Put the entries of an epoch, and all behind them, into a new epoch, with their numbers.

    An epoch that is not known has none: then the open one is closed, and that is all.
    """
    place = next((n for n, s in enumerate(line.segments) if s.epoch == dead), None)
    if place is None:
        return begin(tables, group, line, epoch)
    first = max(line.segments[place].start, line.low)
    end_hash = hash_of(tables, group, dead, first - 1) or NO_HASH
    for later in line.segments[place + 1 :]:
        tables.write(
            "DELETE FROM outbox_epochs WHERE module_group = ? AND epoch = ?", (group, later.epoch)
        )
    tables.write(
        "UPDATE outbox_epochs SET head = ?, hash = ? WHERE module_group = ? AND epoch = ?",
        (first - 1, end_hash, group, dead),
    )
    kept = line._replace(
        segments=(*line.segments[:place], line.segments[place]._replace(end=first - 1)),
        ends=(*line.ends[:place], end_hash),
        head=first - 1,
    )
    begun = begin(tables, group, kept, epoch)
    before = _rehash(tables, group, epoch, first, line.head)
    tables.write(
        "UPDATE outbox_epochs SET head = ?, hash = ? WHERE module_group = ? AND epoch = ?",
        (line.head, before, group, epoch),
    )
    return begun._replace(ends=(*begun.ends[:-1], before), head=line.head)


def _rehash(tables: Tables, group: str, epoch: int, first: int, head: int) -> bytes:
    before = NO_HASH
    while first <= head:
        rows: list[tuple[int, bytes, str, int]] = []
        for entry in entries_of(tables, group, first, min(head, first + ROWS - 1)):
            before = chained(before, epoch, entry)
            rows.append((epoch, before, group, entry.seq))
        tables.write_many(
            "UPDATE outbox SET epoch = ?, hash = ? WHERE module_group = ? AND seq = ?", rows
        )
        first += ROWS
    return before


class Removed(NamedTuple):
    """What one look of retention has removed.

    Attributes:
        line: as it is without.
        entries: how many went.
        lost: first and last seq of those that not all readers had; None: all had them.
        again: whether there may be more to remove.
    """

    line: Line
    entries: int
    lost: tuple[int, int] | None
    again: bool


def prune(
    tables: Tables, group: str, line: Line, *, acked: int | None, before: float, cap: int
) -> Removed:
    """Remove the oldest entries that need not be kept, `CHUNK` at most.

    Args:
        tables: the file.
        group: whose outbox it is.
        line: what is known of it.
        acked: every reader has all up to this seq; None: no reader is known.
        before: seconds UTC; what was committed earlier goes, whoever has not had it.
        cap: bytes of all; what is more goes, whoever has not had it.
    """
    ((text,),) = tables.rows(
        "SELECT json_group_array(json_array(seq, size, at)) FROM (SELECT seq, "  # noqa: S608  # our own words
        f"length(body) + {OVERHEAD} AS size, at FROM outbox WHERE module_group = ? AND seq >= ? "
        f"ORDER BY seq LIMIT {CHUNK})",
        (group, line.low),
    )
    oldest, size, gone, lost = _sizes(text), line.size, 0, list[int]()
    for seq, bytes_, at in oldest:
        is_done = acked is not None and seq <= acked
        if not (is_done or at < before or size > cap):
            break
        size, gone = size - bytes_, seq
        if acked is not None and not is_done:
            lost.append(seq)
    if not gone:
        return Removed(line, 0, None, again=False)
    number = gone - line.low + 1
    tables.write("DELETE FROM outbox WHERE module_group = ? AND seq < ?", (group, gone))
    tables.write("UPDATE outbox SET body = NULL WHERE module_group = ? AND seq = ?", (group, gone))
    line = _forget_epochs(tables, group, line._replace(low=gone + 1, size=size))
    return Removed(line, number, (lost[0], lost[-1]) if lost else None, number == len(oldest))


def _forget_epochs(tables: Tables, group: str, line: Line) -> Line:
    """Know no more than `EPOCHS` epochs, but all that have entries."""
    surplus = len(line.segments) - EPOCHS
    if surplus <= 0:
        return line
    old = 0
    for segment in line.segments[:surplus]:
        if segment.end is None or segment.end >= line.low:
            break
        old += 1
    tables.write(
        "DELETE FROM outbox_epochs WHERE number IN (SELECT number FROM outbox_epochs "
        "WHERE module_group = ? ORDER BY number LIMIT ?)",
        (group, old),
    )
    return line._replace(segments=line.segments[old:], ends=line.ends[old:])


# ---------------------------------------------------------------- reading


def hash_of(tables: Readable, group: str, epoch: int, seq: int) -> bytes | None:
    """Return the hash of an entry that is in the file, or was removed last."""
    found = tables.rows(
        "SELECT hash FROM outbox WHERE module_group = ? AND seq = ? AND epoch = ?",
        (group, seq, epoch),
    )
    return bytes(found[0][0]) if found else None


def sizes_of(tables: Readable, group: str, epoch: int, first: int, last: int) -> list[int]:
    """Return the bytes of entries of an epoch from `first` on, without a gap."""
    ((text,),) = tables.rows(
        "SELECT json_group_array(json_array(seq, size, 0)) FROM (SELECT seq, length(body) AS size "
        "FROM outbox WHERE module_group = ? AND seq BETWEEN ? AND ? AND epoch = ? "
        "AND body IS NOT NULL ORDER BY seq)",
        (group, first, last, epoch),
    )
    return [size for n, (seq, size, _) in enumerate(_sizes(text), first) if seq == n]


def entries_of(tables: Readable, group: str, first: int, last: int) -> list[Entry]:
    """Return entries, in order."""
    found: list[Entry] = []
    for start in range(first, last + 1, PAGE):
        ((text,),) = tables.rows(
            "SELECT json_group_array(json_array(seq, hex(body))) FROM (SELECT seq, body "
            "FROM outbox WHERE module_group = ? AND seq BETWEEN ? AND ? AND body IS NOT NULL "
            "ORDER BY seq)",
            (group, start, min(last, start + PAGE - 1)),
        )
        found += [Entry(seq, bytes.fromhex(body)) for seq, body in _bodies(text)]
    return found
