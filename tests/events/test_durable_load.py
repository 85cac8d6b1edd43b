"""Durable consumers on real threads: order, completeness and accounts while everything moves."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

import pytest

from ringleader import Actor, ChildSpec, System, handles
from ringleader.actors.clock import RealClock
from ringleader.actors.dead_letters import LetterQuery
from ringleader.actors.dispatch import spawn
from ringleader.actors.event_log_memory import MemoryEventLog
from ringleader.transport.dead_letters import SqliteLetters
from ringleader.transport.event_store import EventStore
from tests.events.places import TYPES, Fleeting, Kept
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

SOURCES = 4
EACH = 100


class Ears:
    """What was heard, by whom, in which order; survives its actor."""

    def __init__(self, *, fails: bool = False) -> None:
        self.heard: list[tuple[str, int]] = []
        self.fails = fails


class Listener(Actor):
    """Notes sources and numbers; durable."""

    durable = True

    def __init__(self, ears: Ears) -> None:
        super().__init__()
        self.ears = ears

    @handles(Kept)
    def hear(self, event: Kept) -> None:
        self.ears.heard.append((event.who, event.number))
        if self.ears.fails and event.number % 10 == 7:
            raise ValueError(event.number)


class Again(Listener):
    """The same, idempotent."""

    @handles(Kept, idempotent=True)
    def hear(self, event: Kept) -> None:
        super().hear(event)


class Field:
    """A system on real threads that keeps its events."""

    def __init__(self, backend: str, path: Path) -> None:
        self.system = System(intensity=10_000, event_types=TYPES)
        self.clock = RealClock(spawn)
        self.store: EventStore | None = None
        if backend == "memory":
            self.system.keep(MemoryEventLog(self.clock, aside=self.system.letters.put_aside))
        else:
            epoch = self.system.epoch
            self.store = EventStore(path / "e.db", clock=self.clock, spawn=spawn, epoch=epoch)
            encode, time = self.system.catalogue.encode, self.clock.time
            letters = SqliteLetters(self.store.reader, self.store.writer, encode, time)
            self.system.keep(self.store.log, letters)
        self.system.start()

    def close(self) -> None:
        assert self.system.stop()
        statistics = self.system.hub.statistics()
        assert statistics.deliveries == sum(statistics.outcomes.values()), statistics
        if self.store is not None:
            assert self.store.close(10)
        assert self.clock.close()

    @contextmanager
    def publishers(self) -> Generator[None]:
        """Several threads publish meanwhile, each in order; in the end all of it is kept."""

        def publish(source: str) -> None:
            for number in range(EACH):
                last = self.system.publish(Kept(number=number, who=source), source=source)
                if number % 5 == 0:
                    self.system.publish(Fleeting(number=number), source=source)
                if number == EACH - 1:
                    last.get(timeout=20)

        threads = [spawn(f"p{n}", partial(publish, f"/p{n}")) for n in range(SOURCES)]
        yield
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()

    def is_through(self, name: str) -> bool:
        log = self.system.hub.log
        assert log is not None
        return any(
            info.name == name and info.active and info.lag == info.in_hand == 0
            for info in log.consumers()
        )

    def letters(self) -> Counter[str]:
        found = self.system.dlq.find(LetterQuery(limit=10_000))
        return Counter(str(x.reason) for x in found if x.event_type == "kept")


@pytest.fixture
def field(backend: str, tmp_path: Path) -> Iterator[Field]:
    field = Field(backend, tmp_path)
    yield field
    field.close()


def in_order(ears: Ears) -> bool:
    """Tell whether each source was heard once and in order."""
    return all(
        [number for who, number in ears.heard if who == f"/p{n}"] == list(range(EACH))
        for n in range(SOURCES)
    )


@pytest.mark.parametrize("kind", [Listener, Again])
def test_each_source_is_heard_in_order_by_each_consumer(field: Field, kind: type[Actor]) -> None:
    all_ears = [Ears() for _ in range(3)]
    for number, ears in enumerate(all_ears):
        field.system.start_child(ChildSpec(f"c{number}", kind, (ears,)))
    with field.publishers():
        pass
    for number in range(3):
        probe(partial(field.is_through, f"/c{number}"), 20)
    assert [in_order(ears) for ears in all_ears] == [True] * 3


def test_crashes_at_events_cost_these_events_and_no_others(field: Field) -> None:
    ears = Ears(fails=True)
    field.system.start_child(ChildSpec("c", Listener, (ears,)))
    with field.publishers():
        pass
    probe(lambda: field.is_through("/c"), 20)
    assert in_order(ears)
    assert field.letters() == {"failed": SOURCES * EACH // 10}


@pytest.mark.parametrize("kind", [Listener, Again])
def test_deletions_and_new_starts_in_the_middle_lose_nothing(
    field: Field, kind: type[Actor]
) -> None:
    ears, lock = Ears(), Lock()
    top: Any = field.system._top

    def start() -> None:
        field.system.start_child(ChildSpec("c", kind, (ears,)))

    def is_time(turn: int) -> bool:
        return len(ears.heard) >= turn * 20 or field.is_through("/c")

    start()
    with field.publishers():
        for turn in range(1, 11):
            probe(partial(is_time, turn), 20)
            with lock:
                top.terminate_child("c")
                top.delete_child("c")
                start()
    probe(lambda: field.is_through("/c"), 20)
    assert field.letters() == {}
    assert in_order(ears)
