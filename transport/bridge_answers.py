"""What an owner's log says to a pull: the rules, and nothing else.

The log may be written by another thread between two looks at it. Whatever was read while its
epochs changed is thrown away and read again, so that no answer mixes two states of the log.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from .streams import NO_HASH, Outbox, Segment
from .wire_messages import (
    MOST_ITEMS,
    Ahead,
    Answer,
    Batch,
    Diverged,
    Gone,
    Next,
    Pull,
    Start,
    Unknown,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .bridge_readers import RepairLimits
    from .streams import Entry


class Write(Enum):
    """What must be done to the log before there is an answer."""

    MINT = auto()
    RESTAMP = auto()


class _Found(NamedTuple):
    """The epoch that a pull is about, and the one behind it, if there is one.

    Attributes:
        end: the last `seq` of it, so far.
        low: the oldest `seq` of all that can be read.
    """

    here: Segment
    after: Segment | None
    end: int
    low: int


def answer_of(outbox: Outbox, pull: Pull, limits: RepairLimits) -> Answer | Write:
    """Return what to say to a pull, or what has to be written first."""
    while True:
        segments = outbox.segments
        answer = _answer(outbox, segments, pull, limits)
        # Each minting and restamping opens an epoch, so the open one tells.
        if outbox.segments[-1].epoch == segments[-1].epoch:
            return answer


def diverged(outbox: Outbox, pull: Pull) -> Diverged:
    """Return where to go on after an epoch whose content is another than the reader's.

    What is left of that epoch is what retention has taken of it: where the difference began is not
    known, so all that may be another entry than the one that the reader has.
    """
    segments = outbox.segments
    at = _index(segments, pull.epoch)
    if at is None or at + 1 == len(segments):
        last = segments[-1]
        return Diverged(pull.req, pull.group, pull.epoch, last.epoch, last.start)
    here, after = segments[at], segments[at + 1]
    upto = min(after.start, pull.next) - 1
    return Diverged(
        pull.req, pull.group, pull.epoch, after.epoch, after.start, here.start, max(upto, 0)
    )


def _answer(
    outbox: Outbox, segments: Sequence[Segment], pull: Pull, limits: RepairLimits
) -> Answer | Write:
    low = outbox.low
    at = _index(segments, pull.epoch)
    if at is None or pull.next < segments[at].start:
        starts = [Start(each.epoch, each.start) for each in segments[-MOST_ITEMS:]]
        return Unknown(pull.req, pull.group, starts, low)
    here = segments[at]
    after = segments[at + 1] if at + 1 < len(segments) else None
    found = _Found(here, after, outbox.head if here.end is None else here.end, low)
    if pull.next - 1 <= found.end:
        # None: retention has taken it. Nothing can be compared, and nothing before it be read.
        mine = outbox.hash_at(pull.epoch, pull.next - 1)
        if mine is not None and mine != pull.hash:
            return _disagreed(outbox, pull, found)
    if max(pull.next - 1, pull.heard) > found.end:
        return _rolled_back(outbox, pull, found)
    return _what_follows(outbox, pull, found, limits)


def _disagreed(outbox: Outbox, pull: Pull, found: _Found) -> Answer | Write:
    """Same numbers, other content: a copy of the log has gone two ways."""
    if outbox.read(pull.epoch, max(found.low, found.here.start), 1, 1):
        return Write.RESTAMP
    # Nothing of the epoch is left, so nothing of it can be missed by going on behind it.
    return Write.MINT if found.after is None else diverged(outbox, pull)


def _rolled_back(outbox: Outbox, pull: Pull, found: _Found) -> Answer | Write:
    """Someone heard of more than there is, so what comes next must not bear those numbers."""
    if found.after is None:
        return Write.MINT
    end, to = found.end, found.after
    there = outbox.hash_at(pull.epoch, end)
    if there is None and pull.next > end:
        # Whether the reader has what was there can't be told any more.
        return diverged(outbox, pull)
    return Ahead(pull.req, pull.group, pull.epoch, end, there or NO_HASH, to.epoch, to.start)


def _what_follows(
    outbox: Outbox, pull: Pull, found: _Found, limits: RepairLimits
) -> Answer | Write:
    req, group, epoch, first = pull.req, pull.group, pull.epoch, pull.next
    end, after = found.end, found.after
    if first > end:
        if after is None:
            return Batch(req, group, epoch, first, pull.hash, [], end, is_last=True)
        return Next(req, group, epoch, end, after.epoch, after.start)
    if first < found.low:
        upto = min(found.low - 1, end)
        return Gone(req, group, epoch, upto, outbox.hash_at(epoch, upto) or NO_HASH)
    entries = outbox.read(epoch, first, limits.batch_entries, limits.batch_bytes)
    bodies = _bodies(entries, first, limits)
    if not bodies and entries and entries[0].seq == first:
        return Gone(req, group, epoch, first, outbox.hash_at(epoch, first) or NO_HASH)
    return Batch(req, group, epoch, first, pull.hash, bodies, end, is_last=after is None)


def _bodies(entries: Sequence[Entry], first: int, limits: RepairLimits) -> list[bytes]:
    """Return what follows without a gap and fits into frames; retention may run meanwhile."""
    bodies: list[bytes] = []
    for at, (seq, body) in enumerate(entries, first):
        if seq != at or len(body) > limits.entry_bytes:
            break
        bodies.append(body)
    return bodies


def _index(segments: Sequence[Segment], epoch: int) -> int | None:
    """Return where an epoch is; nearly always it is the last one."""
    for at in range(len(segments) - 1, -1, -1):
        if segments[at].epoch == epoch:
            return at
    return None
