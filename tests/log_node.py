"""A node for those who look at events: system, event log and dead letters in a file, socket."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from ringleader import Actor, ChildSpec, System, handles
from ringleader.actors.dispatch import spawn
from ringleader.actors.events.base import Dedup, Event, EventType
from ringleader.actors.publication import Publication
from ringleader.control import ControlServer
from ringleader.dlq_desk import answer_about_letters
from ringleader.dlq_questions import LetterQuestion
from ringleader.errands import Later
from ringleader.event_desk import EventDesk
from ringleader.event_questions import EventQuestion
from ringleader.events_client import Client
from ringleader.log_desk import LogDesk
from ringleader.transport.dead_letters import SqliteLetters
from ringleader.transport.event_store import EventStore
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.event_log import ConsumerInfo
    from ringleader.actors.events.base import Envelope
    from ringleader.datadir import DataDir


class Asked(Event, frozen=True, kw_only=True):
    """A question, kept in the log."""

    EVENT: ClassVar[EventType] = EventType.custom("ASKED", durable=True, dedup=Dedup.id())

    text: str = ""


class Answered(Event, frozen=True, kw_only=True):
    """An answer, kept in the log; it means nothing after an hour."""

    EVENT: ClassVar[EventType] = EventType.custom(
        "ANSWERED", durable=True, dedup=Dedup.id(), max_age=3600.0
    )

    text: str = ""


class Heard(Event, frozen=True, kw_only=True):
    """Somebody heard an answer; not kept in the log."""

    EVENT: ClassVar[EventType] = EventType.custom("HEARD", dedup=Dedup.id())


TYPES = (Asked, Answered, Heard)


class Ears:
    """What actors were told, and at what they fail."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.fails: set[str] = set()

    def of(self, path: str) -> list[str]:
        return [text for at, text in list(self.heard) if at == path]


class Sage(Actor):
    """Answers what is asked."""

    def __init__(self, ears: Ears) -> None:
        super().__init__()
        self.ears = ears

    @handles(Asked)
    def reply(self, event: Asked) -> None:
        self.ears.heard.append((self.path, event.text))
        self.publish(Answered(text=f"{event.text}!"), subject=event.text)


class Pupil(Actor):
    """Hears answers; fails at some."""

    def __init__(self, ears: Ears) -> None:
        super().__init__()
        self.ears = ears

    @handles(Answered)
    def hear(self, event: Answered) -> None:
        self.ears.heard.append((self.path, event.text))
        if event.text in self.ears.fails:
            raise ValueError(f"no room for {event.text}\nmore of it")
        self.publish(Heard())


class Scribe(Actor):
    """Writes down what is asked: a durable consumer."""

    durable = True

    def __init__(self, ears: Ears) -> None:
        super().__init__()
        self.ears = ears

    @handles(Asked)
    def write(self, event: Asked) -> None:
        self.ears.heard.append((self.path, event.text))


class LogNode:
    """Runs on a data directory; `stop` leaves its files."""

    epochs = itertools.count(1)

    def __init__(self, data: DataDir, *actors: type[Actor]) -> None:
        data.make()
        self.data, self.ears = data, Ears()
        self.system = System(event_types=TYPES, intensity=1000)
        context = self.system.context
        self.store = EventStore(
            data.events, clock=context.clock, spawn=spawn, epoch=next(self.epochs)
        )
        encode = self.system.catalogue.encode
        letters = SqliteLetters(self.store.reader, self.store.writer, encode, context.clock.time)
        self.system.keep(self.store.log, letters)
        self.events = EventDesk(self.system)
        self.log = LogDesk(self.system.hub, self.events.look)
        self.server = ControlServer(data.socket, self.answer, spawn)
        self.system.start()
        for kind in actors:
            self.add(kind)
        self.events.open()
        self.server.start()

    def answer(self, question: Any) -> Any:
        if isinstance(question, EventQuestion):
            return self.events.answer(question)
        if isinstance(question, LetterQuestion):
            return Later(partial(answer_about_letters, self.system.dlq, question))
        return self.log.answer(question)

    def add(self, kind: Callable[..., Actor], name: str = "") -> None:
        name = name or str(getattr(kind, "__name__", "")).lower()
        self.system.start_child(ChildSpec(name, kind, (self.ears,)))  # type: ignore[arg-type]  # a class
        assert self.store.writer.flush(10)  # a durable one is attached

    def publish(self, *events: Event, source: str = "/outside") -> list[str]:
        """Publish, and wait until all that follows is handled; return the ids."""
        publications = [self.system.publish(event, source=source) for event in events]
        for publication in publications:
            publication.get(timeout=10)
        self.settle()
        return [publication.id for publication in publications]

    def log_only(self, envelope: Envelope, payload: bytes) -> None:
        """Put an event into the log as if it had been there for long: nobody is told."""
        log = self.store.log
        listener, log.listener = log.listener, None
        log.append(Publication(Heard(), payload, envelope, is_logged=True))
        assert self.store.writer.flush(10)
        log.listener = listener

    def settle(self) -> None:
        """Wait until nothing is under way any more."""
        probe(self._is_quiet)
        assert self.store.writer.flush(10)

    def _is_quiet(self) -> bool:
        hub = self.system.hub
        idle = all(len(cell.mailbox) == 0 for cell in self.system.cells())
        settled = all(not s.pending for s in hub.table.subscriptions())
        mine = f"{self.system.context.node_id}-"
        consumers = [c for c in self.store.log.consumers() if c.owner.startswith(mine)]
        caught_up = not any(c.lag or c.in_hand for c in consumers)
        return idle and settled and caught_up and not hub.in_log and not self.store.writer.waiting

    def client(self) -> Client:
        """Return a client in another process, as far as the node can tell."""
        return Client(self.data.path, event_types=TYPES, source="test", timeout=10.0)

    def consumer(self, name: str) -> ConsumerInfo:
        return next(info for info in self.store.log.consumers() if info.name == name)

    def stop(self) -> None:
        self.events.close()
        assert self.server.close()
        assert self.system.stop()
        assert self.store.close()
