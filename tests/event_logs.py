"""Event logs for tests: in memory and on SQLite, on a clock that is moved by hand."""

from __future__ import annotations

import queue
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from ringleader.actors.dispatch import spawn
from ringleader.actors.errors import RingleaderError
from ringleader.actors.event_log import ConsumerSpec, LogQuery, Settled
from ringleader.actors.event_log_memory import MemoryEventLog
from ringleader.actors.events.base import Envelope, Event, EventType
from ringleader.actors.letters import Outcome
from ringleader.actors.options import EventLogOptions
from ringleader.actors.publication import Publication
from ringleader.testing import ManualClock
from ringleader.transport.event_letters import keep_letter
from ringleader.transport.event_store import EventStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from ringleader.actors.consumer_rules import SetAside
    from ringleader.actors.event_log import ConsumerInfo, EventLog, Fetched, Record, Then
    from ringleader.transport.sqlite import Tables

T = TypeVar("T")
PATIENCE = 20.0


class Fact(Event, frozen=True, kw_only=True):
    """Whatever."""

    EVENT: ClassVar[EventType] = EventType.custom("FACT")


def publication(
    event_id: str,
    type: str = "fact",  # noqa: A002  # the envelope's word
    *,
    time: float | None = None,
    source: str = "/a",
    correlation: str | None = None,
    logged: bool = True,
    payload: bytes = b"\x80",
    epoch: int | None = 7,
) -> Publication:
    envelope = Envelope(
        id=event_id,
        source=source,
        type=type,
        time=ManualClock().time() if time is None else time,
        correlationid=correlation,
        epoch=epoch,
    )
    return Publication(Fact(), payload, envelope, is_logged=logged)


class Letter(NamedTuple):
    """A dead letter that the log has set aside."""

    event_id: str
    consumer: str
    reason: str


class Waiting:
    """A fetch that waits.

    Attributes:
        answers: what it was told; one at most.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.answers: list[Fetched | RingleaderError] = []

    def settled(self) -> list[Fetched | RingleaderError]:
        """Return the answers when all that was asked for so far is done, and what that asked."""
        for _ in range(3):
            assert self._log.flush(PATIENCE)
        assert len(self.answers) <= 1
        return self.answers

    @property
    def waits(self) -> bool:
        return not self.settled()

    @property
    def ids(self) -> list[str]:
        (fetched,) = self.settled()
        assert not isinstance(fetched, RingleaderError)
        return ids_of(fetched.records)

    @property
    def error(self) -> RingleaderError:
        (error,) = self.settled()
        assert isinstance(error, RingleaderError)
        return error


class Stand:
    """A log, with its calls made to wait for their answers.

    Attributes:
        clock: moved by hand.
        log: under test.
        heard: what its listener was told, by id, one list for each call.
        losses: what `on_loss` was told.
    """

    def __init__(self, options: EventLogOptions | None = None) -> None:
        self.clock = ManualClock()
        self.options = options or EventLogOptions()
        self.heard: list[list[str]] = []
        self.losses: list[tuple[tuple[str, ...], int, int]] = []
        self.letters: list[Letter] = []
        self.log: EventLog = self.open()
        self.log.listener = self._hear

    def open(self) -> EventLog:
        return MemoryEventLog(
            self.clock,
            options=self.options,
            on_loss=self._lose,
            aside=self._aside,
        )

    def close(self) -> None:
        assert self.log.close()

    def kill_the_node(self) -> None:
        """End the node and start it again; here, all that it does is let go of holders."""
        for info in self.consumers():
            if info.active and info.lease_until is None:
                self.detach(info.name, info.owner)

    def _lose(self, names: tuple[str, ...], first: int, last: int) -> None:
        self.losses.append((names, first, last))

    def _aside(self, aside: SetAside) -> None:
        self.letters.append(Letter(aside.record.envelope.id, aside.consumer, str(aside.reason)))

    def _hear(self, publications: Sequence[Publication]) -> None:
        self.heard.append([each.id for each in publications])

    def all_heard(self) -> list[str]:
        assert self.log.flush(PATIENCE)
        return [event_id for group in self.heard for event_id in group]

    # ---------------------------------------------------------------- the log's calls

    def append(self, *events: Publication | str) -> list[int | None]:
        made = [publication(e) if isinstance(e, str) else e for e in events]
        for event in made:
            self.log.append(event)
        assert self.log.flush(PATIENCE)
        return [event.sequence for event in made]

    def attach(self, name: str = "c", owner: str = "o", **spec: Any) -> ConsumerInfo:
        asked = ConsumerSpec(name=name, **spec)
        result: ConsumerInfo = answer(partial(self.log.attach, asked, owner))
        return result

    def fetch(self, limit: int = 100, name: str = "c", owner: str = "o") -> Fetched:
        result: Fetched = answer(partial(self.log.fetch, name, owner, limit))
        return result

    def wait(self, limit: int = 100, name: str = "c", owner: str = "o") -> Waiting:
        waiting = self.ask_and_wait(limit, name, owner)
        assert self.log.flush(PATIENCE)
        return waiting

    def ask_and_wait(self, limit: int = 100, name: str = "c", owner: str = "o") -> Waiting:
        """Return before the log has seen it."""
        waiting = Waiting(self.log)
        self.log.fetch(name, owner, limit, waiting.answers.append, wait=True)
        return waiting

    def ids(self, limit: int = 100, name: str = "c", owner: str = "o") -> list[str]:
        return ids_of(self.fetch(limit, name, owner).records)

    def settle(
        self,
        sequences: Iterable[int],
        outcome: Outcome = Outcome.HANDLED,
        *,
        letter: bool = False,
        name: str = "c",
        owner: str = "o",
    ) -> int:
        outcomes = [Settled(sequence, outcome, "why", letter) for sequence in sequences]
        result: int = answer(partial(self.log.settle, name, owner, outcomes))
        return result

    def hand_back(self, sequences: Sequence[int], name: str = "c", owner: str = "o") -> None:
        self.log.hand_back(name, owner, sequences)
        assert self.log.flush(PATIENCE)

    def detach(self, name: str = "c", owner: str = "o") -> bool:
        result: bool = answer(partial(self.log.detach, name, owner))
        return result

    def forget(self, name: str = "c") -> bool:
        result: bool = answer(partial(self.log.forget, name))
        return result

    def rewind(self, after: int, name: str = "c") -> ConsumerInfo:
        result: ConsumerInfo = answer(partial(self.log.rewind, name, after))
        return result

    def reclaim(self) -> None:
        self.log.reclaim(self.clock.time())
        assert self.log.flush(PATIENCE)

    def consumers(self) -> list[ConsumerInfo]:
        assert self.log.flush(PATIENCE)
        return self.log.consumers()

    def consumer(self, name: str = "c") -> ConsumerInfo:
        return next(info for info in self.consumers() if info.name == name)

    def read(self, **query: Any) -> list[str]:
        return ids_of(self.log.read(LogQuery(**query)))

    def prune(self, after: float = 0.0) -> None:
        self.clock.advance(after)
        before = -1
        self.log.prune(self.clock.time())
        while before != self.log.statistics().pruned:  # it goes on by itself, a part at a time
            before = self.log.statistics().pruned
            assert self.log.flush(PATIENCE)


class SqliteStand(Stand):
    """The same on a file."""

    def __init__(self, path: Path, options: EventLogOptions | None = None) -> None:
        self.path = path
        self._epoch = 0
        super().__init__(options)

    def open(self) -> EventLog:
        self._epoch += 1
        self.store = EventStore(
            self.path,
            clock=self.clock,
            spawn=spawn,
            epoch=self._epoch,
            options=self.options,
            on_loss=self._lose,
            aside=self._keep,
        )
        return self.store.log

    def close(self) -> None:
        assert self.store.close()

    def kill_the_node(self) -> None:
        self.close()
        self.log = self.open()
        self.log.listener = self._hear

    def _keep(self, tables: Tables, aside: SetAside) -> None:
        keep_letter(tables, aside)
        self._aside(aside)


def answer(ask: Callable[[Then[T]], object]) -> T:
    """Ask, and wait for the answer; raise it if it is an error."""
    answers: queue.SimpleQueue[T | RingleaderError] = queue.SimpleQueue()
    ask(answers.put)
    result = answers.get(timeout=PATIENCE)
    if isinstance(result, RingleaderError):
        raise result
    return result


def ids_of(records: Iterable[Record]) -> list[str]:
    return [record.envelope.id for record in records]
