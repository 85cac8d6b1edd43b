"""An owner and its readers over good links: a test breaks what it is about, and nothing else is."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from ringleader.transport.wire import decode, published
from tests.transport.hostile import REPAIR, Faults, Owning, Reading

if TYPE_CHECKING:
    from ringleader.transport.bridge_readers import RepairLimits
    from ringleader.transport.wire_messages import Message


class Pair:
    """What happens between an owner and its readers, step by step; the time is the test's."""

    def __init__(self, readers: int = 1, *, seed: int = 1, limits: RepairLimits = REPAIR) -> None:
        self.rng = Random(seed)  # noqa: S311  # a test
        self.now = 1_000.0
        self.owning = Owning(self.rng, limits)
        self.readings = [Reading(f"reader-{n}", self.rng, Faults()) for n in range(readers)]
        self.reading = self.readings[0]

    @property
    def applied(self) -> list[bytes]:
        """What the reader has on its disk."""
        return self.reading.inbox.applied

    def commit(self, *bodies: bytes) -> None:
        """Commit at the owner, and publish nothing."""
        self.owning.commit(*bodies)

    def publish(self, *bodies: bytes) -> None:
        """Commit at the owner, and publish to all."""
        self.owning.commit(*bodies)
        for frame in self.owning.news():
            for reading in self.readings:
                reading.news.put(frame)

    def lose(self, *bodies: bytes) -> None:
        """Commit, and publish what nobody gets: what a full socket does."""
        self.owning.commit(*bodies)
        self.owning.news()

    def beat(self) -> None:
        """Send a heartbeat, and let all be done that follows from it."""
        for reading in self.readings:
            reading.news.put(self.owning.heartbeat(self.now))
        self.exchange()

    def exchange(self, seconds: float = 1.0, *, serves: bool = True, commits: bool = True) -> None:
        """Let time pass, with all frames delivered."""
        steps = max(int(seconds / 0.05), 1)
        for _ in range(steps):
            self.now += seconds / steps
            self._turn(serves=serves, commits=commits)

    def _turn(self, *, serves: bool, commits: bool) -> None:
        for reading in self.readings:
            while reading.news.frames:
                reading.take_news(self.now)
            reading.tick(self.now)
            while serves and reading.up.frames:
                self.owning.serve(reading, self.now)
        if serves:
            self.owning.settle(self.readings, self.now)
        for reading in self.readings:
            while reading.down.frames:
                reading.take_answer(self.now)
            if commits:
                reading.settle(self.now)

    def asked(self) -> list[Message]:
        """Return what the reader has sent and nobody has taken."""
        return [decode(frame) for frame in self.reading.up.frames]

    def told(self) -> list[Message]:
        """Return what was published and the reader has not taken."""
        return [published(frame)[1] for frame in self.reading.news.frames]


def bodies(first: int, last: int) -> list[bytes]:
    """Return numbered bodies."""
    return [b"event %d" % number for number in range(first, last + 1)]
