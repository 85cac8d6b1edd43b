"""A system that keeps its events and dead letters, in memory or in SQLite, over many lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ringleader import Actor, Dedup, Event, EventType, Outcome, handles
from ringleader.actors.dead_letter_options import DeadLetterOptions
from ringleader.actors.dead_letters_memory import MemoryLetters
from ringleader.actors.dispatch import spawn
from ringleader.actors.event_log_memory import MemoryEventLog
from ringleader.actors.events import Catalogue
from ringleader.actors.options import EventLogOptions
from ringleader.supervisors.spec import ChildSpec
from ringleader.testing import TestSystem
from ringleader.transport.dead_letters import SqliteLetters, keeper_of_asides
from ringleader.transport.event_store import EventStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ringleader.actors.clock import Timer
    from ringleader.actors.dead_letters import LetterStore, StoredLetter
    from ringleader.actors.event_log import ConsumerInfo, EventLog
    from ringleader.actors.ref import Ref

PATIENCE = 20.0


class Kept(Event, frozen=True, kw_only=True):
    """Something that is in the event log."""

    EVENT: ClassVar[EventType] = EventType.custom("KEPT", durable=True, dedup=Dedup.id())

    number: int = 0
    who: str = ""


class Aging(Event, frozen=True, kw_only=True):
    """Something that is in the event log, and means nothing after 100 s."""

    EVENT: ClassVar[EventType] = EventType.custom(
        "AGING", durable=True, dedup=Dedup.id(), max_age=100.0
    )

    number: int = 0


class Fleeting(Event, frozen=True, kw_only=True):
    """Something that nobody keeps."""

    EVENT: ClassVar[EventType] = EventType.custom("FLEETING", dedup=Dedup.id())

    number: int = 0
    names: tuple[str, ...] = ()


class Said(Event, frozen=True, kw_only=True):
    """Something of which equal payloads are the same fact."""

    EVENT: ClassVar[EventType] = EventType.custom("SAID", durable=True)

    what: str = ""


TYPES: tuple[type[Event], ...] = (Kept, Aging, Fleeting, Said)


class Notebook(Actor):
    """Notes what it hears, and fails at the numbers that it is told to."""

    def __init__(self, heard: list[int], fails: set[int] | None = None) -> None:
        super().__init__()
        self.heard, self.fails = heard, fails or set()

    def note(self, number: int) -> None:
        self.heard.append(number)
        if number in self.fails:
            raise ValueError(f"no {number}")

    @handles(str)
    def obey(self, order: str) -> None:
        raise RuntimeError(order)


class Durable(Notebook):
    """Goes on where it stopped; what was in hand when it was killed is set aside."""

    durable = True

    @handles(Kept, Aging, Fleeting)
    def hear(self, event: Kept | Aging | Fleeting) -> None:
        self.note(event.number)


class Twice(Notebook):
    """Goes on where it stopped; what was in hand when it was killed comes again."""

    durable = True

    @handles(Kept, idempotent=True)
    def hear(self, event: Kept) -> None:
        self.note(event.number)


class Plain(Notebook):
    """Hears what is published while it is there."""

    @handles(Kept, Fleeting)
    def hear(self, event: Kept | Fleeting) -> None:
        self.note(event.number)


class Slow(Actor):
    """Is at each event for a long time; durable."""

    durable = True

    def __init__(self, begun: list[int], done: list[int], seconds: float = 10_000.0) -> None:
        super().__init__()
        self.begun, self.done, self.seconds = begun, done, seconds

    @handles(Kept)
    async def hear(self, event: Kept) -> None:
        self.begun.append(event.number)
        await self.sleep(self.seconds)
        self.done.append(event.number)


class SlowTwice(Slow):
    """The same; what was in hand when it was killed comes again."""

    @handles(Kept, idempotent=True)
    async def hear(self, event: Kept) -> None:
        await super().hear(event)


class _Time:
    """The clock of whichever system lives now."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def now(self) -> float:
        return self._place.system.manual.now()

    def time(self) -> float:
        return self._place.system.manual.time()

    def call_later(self, seconds: float, call: Callable[[], object]) -> Timer:
        return self._place.system.manual.call_later(seconds, call)


class Place:
    """Systems, one after the other, on one event log and one store of dead letters in memory.

    Attributes:
        system: the one that lives.
        log: of events.
        letters: of dead ones.
        kwargs: of each system.
    """

    system: TestSystem
    log: EventLog
    letters: LetterStore

    def __init__(
        self,
        *,
        letters: DeadLetterOptions | None = None,
        log: EventLogOptions | None = None,
        **kwargs: Any,
    ) -> None:
        self.letter_options, self.log_options = letters or DeadLetterOptions(), log
        self.kwargs: dict[str, Any] = {"intensity": 1000, "event_types": TYPES, **kwargs}
        self.time = _Time(self)
        self.lives = 0
        self._elapsed = 0.0

    def start(self) -> TestSystem:
        """Begin a life; time goes on from the one before."""
        self.lives += 1
        self.system = TestSystem(dead_letters=self.letter_options, **self.kwargs)
        self.system.manual.advance(self._elapsed)
        self.open()
        self.system.keep(self.log, self.letters)
        self.system.start()
        self.settle()
        return self.system

    def open(self) -> None:
        if self.lives > 1:
            return
        catalogue = Catalogue()
        for kind in TYPES:
            catalogue.register(kind)
        self.letters = MemoryLetters(catalogue.encode, self.letter_options)
        self.log = MemoryEventLog(self.time, options=self.log_options, aside=self.letters.put_aside)

    def stop(self) -> None:
        """End in order, and check that each delivery has one outcome."""
        self.settle()
        self._elapsed = self.system.manual.now()
        assert self.system.stop()
        self.check()
        self.close()

    def kill(self) -> None:
        """End everything now, as a crash of the node does."""
        self._elapsed = self.system.manual.now()
        self.system.kill()
        self.system.run()
        assert self.system.stop()
        self.check()
        self.close()
        self.let_go()

    def close(self) -> None:
        """Let go of what is kept."""

    def let_go(self) -> None:
        """Do what a file does at its next start: nobody of the last life holds anything."""
        for info in self.log.consumers():
            if info.active and info.lease_until is None:
                self.log.detach(info.name, info.owner)

    def settle(self) -> None:
        """Let everything happen that can happen without time going on."""
        self.system.run()

    def advance(self, seconds: float) -> None:
        """Let time pass, stopping at each timer."""
        self.settle()
        manual = self.system.manual
        end = manual.now() + seconds
        while (due := manual.next_time()) is not None and due <= end:
            manual.advance_to(due)
            self.settle()
        manual.advance_to(end)
        self.settle()

    def check(self) -> None:
        """Each delivery has exactly one outcome."""
        statistics = self.system.hub.statistics()
        assert statistics.deliveries == sum(statistics.outcomes.values()), statistics

    # ---------------------------------------------------------------- for tests

    def add(self, name: str, actor: type[Actor], *args: Any, **spec: Any) -> Ref[Any]:
        ref = self.system.start_child(ChildSpec(name, actor, args, **spec))
        self.settle()
        return ref

    def publish(self, *numbers: int, kind: type[Any] = Kept, source: str = "/test") -> list[str]:
        """Publish events, and let everything happen; return their ids."""
        ids = [self.system.publish(kind(number=n), source=source).id for n in numbers]
        self.settle()
        return ids

    def outcomes(self) -> dict[Outcome, int]:
        return self.system.hub.statistics().outcomes

    def found(self) -> list[StoredLetter]:
        """Return all dead letters of events."""
        return [x for x in self.system.dlq.find() if x.event_id is not None]

    def consumer(self, name: str) -> ConsumerInfo:
        self.settle()
        return next(info for info in self.log.consumers() if info.name == name)


class SqlitePlace(Place):
    """The same on a file."""

    def __init__(self, path: Path, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.store: EventStore | None = None

    def open(self) -> None:
        system = self.system
        self.store = EventStore(
            self.path / "events.db",
            clock=system.manual,
            spawn=spawn,
            epoch=system.epoch,
            options=self.log_options or EventLogOptions(),
            on_loss=system.hub.lost,
            aside=keeper_of_asides(self.letter_options),
        )
        self.log = self.store.log
        self.letters = SqliteLetters(
            self.store.reader,
            self.store.writer,
            system.catalogue.encode,
            system.manual.time,
            self.letter_options,
        )

    def settle(self) -> None:
        """The writer's thread and the turns here wait for each other, until neither has more."""
        assert self.store is not None
        writer, is_busy = self.store.writer, True
        while is_busy:
            self.system.run()
            before = writer._submitted
            if writer.trouble:
                return
            assert writer.flush(PATIENCE)  # now all that was told of before this line is told
            self.system.run()
            is_busy = writer._submitted != before + 1

    def close(self) -> None:
        assert self.store is not None
        assert self.store.close(PATIENCE)

    def let_go(self) -> None:
        """Nothing: the next start does."""


def a_place(backend: str, path: Path, **kwargs: Any) -> Place:
    """Return a place that is not open yet, on `memory` or `sqlite`."""
    return SqlitePlace(path, **kwargs) if backend == "sqlite" else Place(**kwargs)
