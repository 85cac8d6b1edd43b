"""An outbox and an inbox in dictionaries, whose commits come when a test says so, or never."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from ringleader.transport.streams import NO_HASH, Entry, Loss, Place, Segment, Stream, chained

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random


class Disk:
    """What an outbox has on its disk; a copy of it is a backup."""

    def __init__(self) -> None:
        self.segments: tuple[Segment, ...] = ()
        self.log: dict[int, Entry] = {}
        self.hashes: dict[tuple[int, int], bytes] = {}
        self.low = 1
        self.head = 0

    def copy(self) -> Disk:
        """Return a backup."""
        other = Disk()
        other.segments, other.low, other.head = self.segments, self.low, self.head
        other.log, other.hashes = dict(self.log), dict(self.hashes)
        return other


class MemoryOutbox:
    """An `Outbox` whose changes of epoch are committed when the test says so."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self.disk = Disk()
        self.waiting: deque[tuple[Callable[[], None], Callable[[], object]]] = deque()
        self.open()

    @property
    def segments(self) -> Sequence[Segment]:
        return self.disk.segments

    @property
    def head(self) -> int:
        return self.disk.head

    @property
    def low(self) -> int:
        return self.disk.low

    def hash_at(self, epoch: int, seq: int) -> bytes | None:
        return self.disk.hashes.get((epoch, seq))

    def read(self, epoch: int, first: int, limit: int, most_bytes: int) -> list[Entry]:
        disk = self.disk
        segment = next((each for each in disk.segments if each.epoch == epoch), None)
        if segment is None or first < max(disk.low, segment.start):
            return []
        end = disk.head if segment.end is None else segment.end
        found: list[Entry] = []
        for seq in range(first, min(end, first + limit - 1) + 1):
            entry = disk.log[seq]
            most_bytes -= len(entry.body)
            if found and most_bytes < 0:
                break
            found.append(entry)
        return found

    def mint(self, then: Callable[[], object]) -> None:
        self.waiting.append((self.open, then))

    def restamp(self, epoch: int, then: Callable[[], object]) -> None:
        self.waiting.append((lambda: self._restamp(epoch), then))

    def settle(self) -> None:
        """Commit all that waits."""
        while self.waiting:
            write, then = self.waiting.popleft()
            write()
            then()

    def open(self) -> None:
        """Close the open epoch and open a new one, as every start does."""
        disk = self.disk
        if disk.segments:
            last = disk.segments[-1]._replace(end=disk.head)
            disk.segments = (*disk.segments[:-1], last)
        epoch = 1 + self._rng.getrandbits(40)
        disk.segments = (*disk.segments, Segment(epoch, disk.head + 1, None))
        disk.hashes[epoch, disk.head] = NO_HASH

    def commit(self, body: bytes) -> Entry:
        """Commit an entry."""
        disk = self.disk
        epoch = disk.segments[-1].epoch
        entry = Entry(disk.head + 1, body)
        disk.hashes[epoch, entry.seq] = chained(disk.hashes[epoch, disk.head], epoch, entry)
        disk.log[entry.seq] = entry
        disk.head = entry.seq
        return entry

    def prune(self, upto: int) -> None:
        """Forget entries; of their hashes only the last is kept."""
        disk = self.disk
        upto = min(upto, disk.head)
        for seq in range(disk.low, upto + 1):
            del disk.log[seq]
            disk.low = seq + 1
        starts = {(each.epoch, each.start - 1) for each in disk.segments}
        for key in [key for key in disk.hashes if key[1] < upto and key not in starts]:
            del disk.hashes[key]

    def _restamp(self, dead: int) -> None:
        disk = self.disk
        at = next((n for n, each in enumerate(disk.segments) if each.epoch == dead), None)
        if at is None:
            self.open()
            return
        first = max(disk.segments[at].start, disk.low)
        again = [disk.log.pop(seq) for seq in range(first, disk.head + 1)]
        gone = {each.epoch for each in disk.segments[at + 1 :]}
        for key in list(disk.hashes):
            if key[0] in gone or (key[0] == dead and key[1] >= first):
                del disk.hashes[key]
        disk.head = first - 1
        disk.segments = disk.segments[: at + 1]
        self.open()
        for entry in again:
            self.commit(entry.body)


class _Work(NamedTuple):
    place: Place
    entries: Sequence[Entry]
    losses: Sequence[Loss]
    then: Callable[[], object]


class MemoryInbox:
    """An `Inbox` whose transactions are committed when the test says so, or lost in a crash."""

    def __init__(self, memory: int = 1_000_000) -> None:
        self._memory = memory
        self._places: dict[int, Place] = {}
        self._hashes: dict[tuple[int, int], bytes] = {}
        self._ids: set[bytes] = set()
        self.waiting: deque[_Work] = deque()
        self.applied: list[bytes] = []
        self.losses: list[Loss] = []

    def places(self, stream: Stream) -> list[Place]:
        del stream
        return list(self._places.values())

    def place_in(self, epoch: int) -> Place | None:
        return self._places.get(epoch)

    def has(self, body: bytes) -> bool:
        return body in self._ids

    def hash_at(self, stream: Stream, epoch: int, seq: int) -> bytes | None:
        del stream
        return self._hashes.get((epoch, seq))

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
        del stream, hashes
        self.waiting.append(_Work(place, entries, losses, then))

    def settle(self, most: int = 1_000_000) -> None:
        """Commit what waits, in order."""
        while self.waiting and most:
            most -= 1
            place, entries, losses, then = self.waiting.popleft()
            self._keep(place, entries)
            self.put(place)
            self.losses.extend(losses)
            then()

    def put(self, place: Place) -> None:
        """Make a place the current one."""
        self._places.pop(place.epoch, None)
        self._places[place.epoch] = place

    def crash(self) -> None:
        """Lose what was not committed."""
        self.waiting.clear()

    def is_declared(self, epoch: int, seq: int) -> bool:
        return any(each.epoch == epoch and each.first <= seq <= each.last for each in self.losses)

    def _keep(self, place: Place, entries: Sequence[Entry]) -> None:
        before = self._places.get(place.epoch)
        after = before.hash if before else NO_HASH
        for entry in entries:
            after = self._hashes[place.epoch, entry.seq] = chained(after, place.epoch, entry)
            if entry.body not in self._ids:
                self._ids.add(entry.body)
                self.applied.append(entry.body)
        while len(self._hashes) > self._memory:
            del self._hashes[next(iter(self._hashes))]
