"""A system with a dead letter queue, and actors that fail when they are told to."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ringleader import Actor, ChildSpec, Dedup, Event, EventType, Outcome, handles
from ringleader.actors.dead_letter_keeper import DeadLetterKeeper
from ringleader.actors.dead_letter_queue import DeadLetterQueue
from ringleader.actors.dead_letters_memory import MemoryLetters
from ringleader.actors.events import (
    Catalogue,
    DlqEventsPurged,
    DlqEventsReplayed,
    DlqStaleEvents,
    TrainingCompleted,
)
from ringleader.actors.events.base import Envelope
from ringleader.actors.letters import DeadLetter
from ringleader.actors.routing import RoutingTable
from ringleader.letterbox import Letterbox, queue_of
from ringleader.testing import ManualClock, TestSystem

if TYPE_CHECKING:
    from ringleader.actors.dead_letter_options import DeadLetterOptions
    from ringleader.actors.dead_letters import LetterError, LetterQuery, StoredLetter

DONE = TrainingCompleted(config_key="hex8_2p", model_path="m.npz")


class Ordered(Event, frozen=True, kw_only=True):
    EVENT = EventType.custom("ORDERED", max_age=100.0, dedup=Dedup.id())

    number: int


class Note(Event, frozen=True, kw_only=True):
    EVENT = EventType.custom("NOTE", dedup=Dedup.id())

    number: int = 0


class Mood:
    """What fails, and what was seen by whom."""

    def __init__(self) -> None:
        self.fails: set[str] = set()
        self.seen: Counter[str] = Counter()
        self.envelopes: list[tuple[str, Envelope]] = []


class Picky(Actor):
    """Fails if its path is in the mood."""

    def __init__(self, mood: Mood) -> None:
        super().__init__()
        self.mood = mood

    @handles(TrainingCompleted, Ordered, Note)
    def hear(self, _: Event) -> None:
        self.mood.seen[self.path] += 1
        current = self._cell.current
        assert current is not None
        assert current.delivery is not None
        self.mood.envelopes.append((self.path, current.delivery.envelope))
        if self.path in self.mood.fails:
            raise ValueError(f"{self.path} can't")


class Place:
    """A system with a queue."""

    def __init__(self, options: DeadLetterOptions) -> None:
        self.system = TestSystem(intensity=1000, event_types=[Ordered, Note])
        context = self.system.context
        self.store = MemoryLetters(self.system.catalogue.encode, options)
        context.dead_letters = Letterbox(self.system.dead_letters, self.store)
        self.queue = queue_of(self.system.hub, self.store, options)
        self.mood = Mood()
        self.told: list[Event] = []

    def start(self, *names: str) -> None:
        for name in names:
            self.system.start_child(ChildSpec(name, Picky, (self.mood,)))

    def listen(self) -> None:
        for kind in (DlqEventsPurged, DlqEventsReplayed, DlqStaleEvents):
            self.system.subscribe(kind, self.told.append)

    def fail(self, *paths: str) -> None:
        self.mood.fails = set(paths)

    def publish(self, event: Event = DONE) -> str:
        published = self.system.publish(event, source="/test")
        self.system.run()
        return published.id

    def keep(self) -> None:
        self.listen()
        self.system.start_child(ChildSpec("keeper", DeadLetterKeeper, (self.queue,)))

    def letter(self, number: int = 1) -> StoredLetter:
        found = self.queue.get(number)
        assert found is not None
        return found


class Refusing(MemoryLetters):
    """Changes nothing, and says so; or does not answer."""

    def __init__(self, catalogue: Catalogue, error: LetterError | None) -> None:
        super().__init__(catalogue.encode)
        self.error = error

    def change(self, query: LetterQuery, decide: Any, then: Any = None) -> None:
        del query, decide
        if self.error is not None and then is not None:
            then(self.error)


def a_queue(error: LetterError | None, **more: Any) -> DeadLetterQueue:
    catalogue = Catalogue()
    store = Refusing(catalogue, error)
    envelope = Envelope(id="x", source="/p", type="training_completed", time=1.0)
    store.put(DeadLetter("/a", DONE, Outcome.FAILED, 1.0, event_id="x", envelope=envelope))
    return DeadLetterQueue(
        store, catalogue=catalogue, subscribers=RoutingTable(), clock=ManualClock(), **more
    )
