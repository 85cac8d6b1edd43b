"""What the bridge speaks of: streams, entries, places; and what it asks of a node's storage.

A stream is what one node (its origin) exports of one group of event types. Its entries are numbered
by `seq`, which is never reset, and belong to an `epoch`: a random number that is minted at every
start of the origin, and whenever the origin finds that its log was rolled back. Each entry has a
hash over the one before it, so that two logs with the same numbers and other content are told
apart (`docs/wire.md`).
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

WIDTH: Final = 8
"""Bytes of a hash. SHA-256 is cut to that: of long bodies no other takes as little time here."""
NO_HASH: Final = bytes(WIDTH)
"""What stands for the hash of the entry before an epoch's first one."""


class Stream(NamedTuple):
    """One node's export of one group of event types."""

    origin: str
    group: str

    def __str__(self) -> str:
        return f"{self.origin}/{self.group}"


class Entry(NamedTuple):
    """One event in a stream.

    Attributes:
        seq: its number; the next entry has the next number.
        body: the envelope and the payload, see `bodies`.
    """

    seq: int
    body: bytes


class Segment(NamedTuple):
    """The entries of one epoch.

    Attributes:
        epoch: as on the wire, a positive 63-bit number.
        start: the first `seq`.
        end: the last one, `start - 1` if there is none; None while the epoch is open.
    """

    epoch: int
    start: int
    end: int | None


class Place(NamedTuple):
    """How far a reader has come in one epoch of a stream.

    Attributes:
        epoch: which one.
        next: the `seq` that it wants next.
        hash: of the entry before that one.
        heard: the highest `seq` of this epoch that it ever heard of.
    """

    epoch: int
    next: int
    hash: bytes = NO_HASH
    heard: int = 0


class Loss(NamedTuple):
    """Entries that a reader will never get, and why: what can't be repaired is declared.

    Attributes:
        stream: of which.
        epoch: of which epoch of it.
        first: the first `seq` that is missing.
        last: the last one that is known to be missing.
        reason: `gone` (beyond retention), `rolled_back`, `diverged`, `reset` (the origin knows
            nothing of the epoch any more).
    """

    stream: Stream
    epoch: int
    first: int
    last: int
    reason: str


def chained(before: bytes, epoch: int, entry: Entry) -> bytes:
    """Return the hash of an entry, given that of the one before it."""
    return chain(before, epoch, entry.seq, (entry.body,))[0]


def chain(before: bytes, epoch: int, first: int, bodies: Iterable[bytes]) -> list[bytes]:
    """Return the hashes of entries that follow each other.

    Args:
        before: of the entry before the first one.
        epoch: of all of them.
        first: the `seq` of the first one.
        bodies: of each.
    """
    prefix, hashes = b"%x" % epoch, list[bytes]()
    for seq, body in enumerate(bodies, first):
        text = b"%s%s:%x:%s" % (before, prefix, seq, body)
        before = sha256(text).digest()[:WIDTH]
        hashes.append(before)
    return hashes


class Outbox(Protocol):
    """What a node exports in one stream, as committed. Reading is quick; writing calls back.

    `then` is called once, in any thread, when what was asked for is committed.
    """

    @property
    def segments(self) -> Sequence[Segment]:
        """All epochs of which anything is known, in order; the last one is open."""
        ...

    @property
    def head(self) -> int:
        """The newest `seq`; 0 if there never was an entry."""
        ...

    @property
    def low(self) -> int:
        """The oldest `seq` that can be read; `head + 1` if none can."""
        ...

    def hash_at(self, epoch: int, seq: int) -> bytes | None:
        """Return the hash of an entry; None if it is not known any more, or never was.

        `NO_HASH` for the place before an epoch's first entry. The hash of the last entry that
        retention has removed is known still.
        """
        ...

    def read(self, epoch: int, first: int, limit: int, most_bytes: int) -> list[Entry]:
        """Return entries of an epoch from `first` on; one, if there is one, whatever its size."""
        ...

    def mint(self, then: Callable[[], object]) -> None:
        """Close the open epoch and open a new one."""
        ...

    def restamp(self, epoch: int, then: Callable[[], object]) -> None:
        """Put the entries of an epoch, and all behind them, into a new one under their old ids."""
        ...


class Inbox(Protocol):
    """How far a node has come in the streams that it imports.

    What `apply` is given is committed in the order of the calls: entries, place, losses and the
    ids by which duplicates are known, in one transaction. It is dispatched afterwards.
    """

    def places(self, stream: Stream) -> list[Place]:
        """Return the places of all epochs that are known, the current one last."""
        ...

    def hash_at(self, stream: Stream, epoch: int, seq: int) -> bytes | None:
        """Return the hash of an entry that was applied; None if it is not known (any more)."""
        ...

    def apply(
        self,
        stream: Stream,
        place: Place,
        entries: Sequence[Entry],
        losses: Sequence[Loss],
        then: Callable[[], object],
        *,
        hashes: Sequence[bytes] = (),
    ) -> None:
        """Commit: entries that were read, where the reader is now, and what it declares lost.

        `hashes` are those of the entries, if they were worked out already.
        """
        ...
