"""One seeded life of a stream: a time of faults, a time without any, and what must be true then."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from tests.transport.hostile import Faults, Owning, Reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.transport.streams import Entry

STEPS = 180
"""Of the time of faults. Most faults need a few others around them, not a long life."""
ROUNDS = 120
"""Of the time without faults, at most, until all have everything."""


class World:
    """An owner and one or two readers, and whatever the seed does to them.

    A hard life has disks that are lost or put back to an older state; in an easy one everything
    that was ever committed must be applied, in order, or be declared.
    """

    def __init__(self, seed: int) -> None:
        rng = self._rng = Random(seed)  # noqa: S311  # a test
        self.now = 1_000.0
        self.seed = seed
        self.is_hard = rng.random() < 0.6
        self.trouble = rng.choice((0.03, 0.07, 0.15))
        faults = Faults(rng.choice((0, 0.1, 0.5)), rng.choice((0, 0.3)), rng.choice((0, 0.3)))
        self.owning = Owning(rng)
        memory = rng.choice((3, 1_000_000))
        self.readings = [
            Reading(f"reader-{n}", rng, faults, memory) for n in range(rng.choice((1, 1, 2)))
        ]
        self.committed: dict[bytes, tuple[int, int]] = {}
        self.unmeant: dict[str, set[bytes]] = {each.name: set() for each in self.readings}
        self.taken: set[bytes] = set()
        self.backup = self.owning.outbox.disk.copy()
        self.happened: dict[str, int] = {}

    def live(self) -> None:
        """Let things happen, and go wrong."""
        for _ in range(STEPS):
            self.now += self._rng.random() * 0.03
            self._step(self._rng.random())

    def heal(self) -> None:
        """Let nothing go wrong any more, and all come to an end."""
        owning = self.owning
        if not owning.is_up:
            owning.start()
        owning.unsaid.clear()
        for reading in self.readings:
            for link in reading.links:
                link.heal()
        for _ in range(ROUNDS):
            self.now += 1
            for reading in self.readings:
                self._quiet_round(reading)
            # One reader's end may be the owner's news: each is looked at after all have read.
            if all(map(self._is_at_end, self.readings)):
                return

    def check(self) -> None:
        """Say what must be true after faults have stopped."""
        for reading in self.readings:
            self._check_end(reading)
            self._check_entries(reading)
            self._check_hearsay(reading)
            if not self.is_hard:
                self._check_easy(reading)

    def _quiet_round(self, reading: Reading) -> None:
        owning, now = self.owning, self.now
        reading.news.put(owning.heartbeat(now))
        for _ in range(20):
            reading.tick(now)
            while reading.news.frames:
                reading.take_news(now)
            while reading.up.frames:
                owning.serve(reading, now)
            owning.settle(self.readings, now)
            while reading.down.frames:
                reading.take_answer(now)
            reading.settle(now)
            if not reading.up.frames:
                break

    def _is_at_end(self, reading: Reading) -> bool:
        outbox = self.owning.outbox
        places = reading.inbox.places(reading.reader.stream)
        place = places[-1] if places else None
        return (
            place is not None
            and place.epoch == outbox.segments[-1].epoch
            and place.next == outbox.head + 1
            and place.hash == outbox.hash_at(place.epoch, outbox.head)
            and place.heard < place.next
        )

    # ------------------------------------------------------------------ what happens

    def _step(self, a: float) -> None:
        owning = self.owning
        reading = self.readings[int(self._rng.random() * len(self.readings))]
        if a < self.trouble:
            self._fault(a / self.trouble, reading)
        elif a > 0.97:
            # What is dead does not stay so: else there would be little to disturb.
            self._revive(reading)
        elif owning.is_up and a < 0.55:
            self._step_of_owner(reading, self._rng.random())
        else:
            self._step_of_reader(reading, self._rng.random())
            reading.tick(self.now)

    def _step_of_owner(self, reading: Reading, a: float) -> None:
        owning = self.owning
        if a < 0.25:
            self._commit(1 + int(self._rng.random() * 3))
        elif a < 0.40:
            for frame in owning.news():
                for each in self.readings:
                    each.news.put(frame)
        elif a < 0.50:
            reading.news.put(owning.heartbeat(self.now))
        elif a < 0.93:
            while reading.up.frames:
                owning.serve(reading, self.now)
        else:
            owning.settle(self.readings, self.now)

    def _step_of_reader(self, reading: Reading, a: float) -> None:
        if a < 0.4:
            for _ in range(min(len(reading.news.frames), 4)):
                reading.take_news(self.now)
        elif a < 0.85:
            for _ in range(min(len(reading.down.frames), 2)):
                reading.take_answer(self.now)
        else:
            reading.settle(self.now, 1 + int(self._rng.random() * 4))

    def _commit(self, number: int) -> None:
        outbox = self.owning.outbox
        for _ in range(number):
            body = b"event %d" % len(self.committed)
            self.owning.commit(body)
            self.committed[body] = (outbox.segments[-1].epoch, outbox.head)

    def _fault(self, a: float, reading: Reading) -> None:
        for chance, name, happen in self._faults():
            if a < chance:
                self.happened[name] = self.happened.get(name, 0) + 1
                happen(reading)
                return

    def _faults(self) -> tuple[tuple[float, str, Callable[[Reading], None]], ...]:
        return (
            (0.12, "reader killed before its commit", Reading.crash),
            (0.20, "reader killed after its commit", self._crash_after_commit),
            (0.36, "owner killed", self._kill),
            (0.52, "link cut", self._cut),
            (0.58, "half open", self._half_open),
            (0.72, "retention", self._prune),
            (0.75, "clock jump", self._jump),
            (0.78, "resync", lambda each: each.do(each.reader.resync(self.now))),
            (0.86, "backup", self._back_up),
            (0.91, "disk put back, and restart", self._roll_back),
            (0.98, "disk put back under the owner", self._roll_back_live),
            (1.00, "disk lost", self._lose_disk),
        )

    def _crash_after_commit(self, reading: Reading) -> None:
        reading.inbox.settle()
        reading.crash()

    def _kill(self, _: Reading) -> None:
        self.owning.crash()

    def _revive(self, reading: Reading) -> None:
        if not self.owning.is_up:
            self.owning.start()
        for link in reading.links:
            link.is_dead = False

    def _cut(self, reading: Reading) -> None:
        for link in reading.links:
            link.frames.clear()
            link.is_dead = False

    def _half_open(self, reading: Reading) -> None:
        reading.links[int(self._rng.random() * 3)].is_dead = True

    def _prune(self, _: Reading) -> None:
        disk = self.owning.outbox.disk
        upto = disk.low - 1 + int(self._rng.random() * 10)
        bodies = {entry.body for seq, entry in disk.log.items() if seq <= upto}
        self.taken |= bodies
        for reading in self.readings:
            if not reading.inbox.places(reading.reader.stream):
                self.unmeant[reading.name] |= bodies
        self.owning.outbox.prune(upto)

    def _jump(self, _: Reading) -> None:
        self.now += 86_400 if self._rng.random() < 0.5 else -500.0

    def _back_up(self, _: Reading) -> None:
        self.backup = self.owning.outbox.disk.copy()

    def _roll_back(self, _: Reading) -> None:
        if self.is_hard:
            self.owning.outbox.disk = self.backup.copy()
            self.owning.start()

    def _roll_back_live(self, _: Reading) -> None:
        outbox = self.owning.outbox
        if self.backup.segments[-1].epoch != outbox.segments[-1].epoch:
            self.backup = outbox.disk.copy()
        elif self.is_hard:
            outbox.disk = self.backup.copy()

    def _lose_disk(self, _: Reading) -> None:
        if self.is_hard:
            self.owning.outbox.disk = type(self.backup)()
            self.owning.start()
            self.backup = self.owning.outbox.disk.copy()

    # ------------------------------------------------------------------ what must be true

    def _check_end(self, reading: Reading) -> None:
        assert self._is_at_end(reading), (
            f"no end: {reading.inbox.places(reading.reader.stream)[-1:]} "
            f"of {self.owning.outbox.segments[-1]}, {self.owning.outbox.head}"
        )

    def _check_entries(self, reading: Reading) -> None:
        applied = reading.inbox.applied
        assert len(applied) == len(set(applied)), "applied twice"
        assert self.committed.keys() >= set(applied), "never committed"
        disk = self.owning.outbox.disk
        for segment in disk.segments:
            end = disk.head if segment.end is None else segment.end
            for seq in range(max(segment.start, disk.low), end + 1):
                entry = disk.log[seq]
                assert (
                    reading.inbox.has(entry.body)
                    or reading.inbox.is_declared(segment.epoch, seq)
                    or self._came_back(reading, segment.epoch, entry)
                ), f"lost in silence: {entry}"

    def _came_back(self, reading: Reading, epoch: int, entry: Entry) -> bool:
        """Tell whether retention had taken this once, and a backup has brought it back since.

        Nobody misses what was taken before the reader was one. And what was written below a gap
        that is declared, on a disk that was put back under the owner, can't be known to anybody:
        neither side has a hash to compare any more.
        """
        return entry.body in self.unmeant[reading.name] or (
            entry.body in self.taken
            and any(
                each.reason == "gone" and each.epoch == epoch and entry.seq < each.first
                for each in reading.inbox.losses
            )
        )

    def _check_hearsay(self, reading: Reading) -> None:
        """Nothing that was heard of, in an epoch that was entered, is neither here nor declared."""
        for epoch, place in ((p.epoch, p) for p in reading.inbox.places(reading.reader.stream)):
            top = max(reading.heard.get(epoch, 0), place.heard)
            declared = [each.last for each in reading.inbox.losses if each.epoch == epoch]
            assert top < max([place.next, *(last + 1 for last in declared)]), (
                f"heard of and vanished: {top} of {place}"
            )

    def _check_easy(self, reading: Reading) -> None:
        """Without faults of disks all is applied in order, or declared; not both."""
        inbox = reading.inbox
        bodies = list(self.committed)
        assert inbox.applied == [body for body in bodies if inbox.has(body)], "out of order"
        for body, (epoch, seq) in self.committed.items():
            if body not in self.unmeant[reading.name]:
                assert inbox.has(body) != inbox.is_declared(epoch, seq), f"lost: {body!r}"
        assert {each.reason for each in inbox.losses} <= {"gone"}


def run(seed: int) -> World:
    """Run one life; the error of one that ends badly names its seed."""
    world = World(seed)
    world.live()
    world.heal()
    try:
        world.check()
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error} after {world.happened}") from None
    return world
