"""Who reads a stream of ours: how far each has come, and how much it may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

from msgspec import Meta, Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .streams import Segment


class RepairLimits(Struct, frozen=True, kw_only=True):
    """What repair may cost the owner, so that nobody's repair slows the others down."""

    batch_entries: Annotated[
        int, Meta(ge=1, le=10_000, description="in one answer or publication, at most (entries)")
    ] = 500
    batch_bytes: Annotated[
        int, Meta(ge=1, description="in one answer or publication, unless one is larger (bytes)")
    ] = 256 * 1024
    entry_bytes: Annotated[
        int, Meta(ge=1, description="a larger entry can't cross and is declared lost (bytes)")
    ] = 7 * 1024 * 1024
    reader_rate: Annotated[
        float, Meta(gt=0, description="what one reader may pull (bytes a second)")
    ] = 64e6
    total_rate: Annotated[
        float, Meta(gt=0, description="what all readers of a stream may pull (bytes a second)")
    ] = 256e6
    burst: Annotated[
        float, Meta(gt=0, description="what may be pulled at once after a rest (seconds' worth)")
    ] = 0.5
    pull_bytes: Annotated[
        int, Meta(ge=0, description="what a pull costs beside its entries (bytes)")
    ] = 2_000


class ReaderState(NamedTuple):
    """How far a reader of ours has come.

    Attributes:
        reader: its node's id.
        epoch: of the last entry that it has acknowledged.
        seq: of that entry.
        lag: how many entries of ours it has not acknowledged.
        since: when it last acknowledged or said hello, on the monotonic clock.
    """

    reader: str
    epoch: int
    seq: int
    lag: int
    since: float


class Allowance:
    """A budget that fills with time. What is spent may exceed it once; then it is waited for."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._most = rate * burst
        self._left = self._most
        self._at: float | None = None

    def wait(self, now: float) -> float:
        """Return the seconds until something may be spent; 0 if it may be now."""
        if self._at is not None:
            # A clock that went back gives nothing, and takes nothing.
            earned = max(now - self._at, 0.0) * self._rate
            self._left = min(self._left + earned, self._most)
        self._at = now
        return 0.0 if self._left > 0 else -self._left / self._rate + 0.001

    def spend(self, amount: float) -> None:
        """Take it off."""
        self._left -= amount


class _Reader:
    def __init__(self, limits: RepairLimits, now: float) -> None:
        self.allowance = Allowance(limits.reader_rate, limits.burst)
        self.epoch = 0
        self.seq = 0
        self.since = now


class Readers:
    """The readers of one stream. They are nodes that were let in, so there are not many."""

    def __init__(self, limits: RepairLimits) -> None:
        self._limits = limits
        self._all = Allowance(limits.total_rate, limits.burst)
        self._readers: dict[str, _Reader] = {}

    def wait(self, reader: str, now: float) -> float:
        """Return the seconds after which this reader may pull; 0 if it may now."""
        return max(self._of(reader, now).allowance.wait(now), self._all.wait(now))

    def spend(self, reader: str, amount: int, now: float) -> None:
        """Count what a reader was given."""
        self._of(reader, now).allowance.spend(amount + self._limits.pull_bytes)
        self._all.spend(amount + self._limits.pull_bytes)

    def acked(self, reader: str, epoch: int, seq: int, now: float) -> None:
        """Note up to where a reader has everything on its disk."""
        known = self._of(reader, now)
        if epoch == known.epoch:
            # Acknowledgements of one epoch only grow; a late one says nothing new.
            seq = max(seq, known.seq)
        known.epoch, known.seq, known.since = epoch, seq, now

    def forget(self, reader: str) -> None:
        """Expect no more of a reader: it does not hold back retention any longer."""
        self._readers.pop(reader, None)

    def slowest(self, segments: Sequence[Segment], expected: Iterable[str]) -> int | None:
        """Return the `seq` up to which all have everything; None if that is not known."""
        ends = {each.epoch: each.end for each in segments}
        if not self._readers or any(name not in self._readers for name in expected):
            return None
        return min(_reached(each, ends) for each in self._readers.values())

    def states(self, segments: Sequence[Segment], head: int) -> list[ReaderState]:
        """Return how far each one has come."""
        found = (self.state(name, segments, head) for name in sorted(self._readers))
        return [state for state in found if state is not None]

    def state(self, name: str, segments: Sequence[Segment], head: int) -> ReaderState | None:
        """Return how far one has come; None: it is not known."""
        each = self._readers.get(name)
        if each is None:
            return None
        ends = {segment.epoch: segment.end for segment in segments}
        return ReaderState(name, each.epoch, each.seq, head - _reached(each, ends), each.since)

    def _of(self, reader: str, now: float) -> _Reader:
        known = self._readers.get(reader)
        if known is None:
            known = self._readers[reader] = _Reader(self._limits, now)
        return known


def _reached(reader: _Reader, ends: dict[int, int | None]) -> int:
    """Return how far a reader is in our numbers; 0 if it speaks of an epoch that we don't know."""
    if reader.epoch not in ends:
        return 0
    end = ends[reader.epoch]
    return reader.seq if end is None else min(reader.seq, end)
