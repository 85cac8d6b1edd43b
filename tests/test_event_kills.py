"""Publishers and consumers are killed at any point: nothing is lost, nothing is done twice."""

from __future__ import annotations

import os
import random
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.actors.event_log import LogQuery
from ringleader.transport.event_store import EventStore
from tests.event_bench import Bench, child
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROUNDS = int(os.environ.get("RINGLEADER_TEST_KILLS", "3"))
"""Kills of each; the variable is for a long run."""

EACH = 40
"""Events published between two kills, and most of them waited for before one."""


class Field:
    """A bench on SQLite, whose processes note in files what they have done."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = RealClock(spawn)
        self.store = EventStore(path / "events.db", clock=self.clock, spawn=spawn, epoch=1)
        self.bench = Bench(path, self.store.log)
        self.bench.start()
        self.random = random.Random(7)  # noqa: S311  # where to kill, no secrets

    def close(self) -> None:
        self.bench.close()
        assert self.store.close(10)
        assert self.clock.close()
        connection: Any = apsw.Connection(str(self.path / "events.db"))
        assert list(connection.execute("PRAGMA integrity_check")) == [("ok",)]
        connection.close()

    def published(self) -> Counter[int]:
        """Return the numbers in the log, and how often each is there."""
        records = self.store.log.read(LogQuery(limit=1_000_000))
        decode = self.bench.system.catalogue.decode
        return Counter(decode("happened", record.payload).number for record in records)  # type: ignore[attr-defined]

    def letters(self) -> list[int]:
        """Return the numbers of events that are dead letters."""
        rows = self.store.reader.rows("SELECT payload FROM dead_letters")
        decode = self.bench.system.catalogue.decode
        return [decode("happened", row[0]).number for row in rows]  # type: ignore[attr-defined]

    def handled(self, name: str) -> list[int]:
        """Return what the consumer of a name has noted, the line that a kill cut off excepted."""
        text = (self.path / name).read_text() if (self.path / name).exists() else ""
        return [int(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def is_free(self) -> bool:
        """Tell whether nobody holds any consumer."""
        return not any(info.active for info in self.store.log.consumers())

    def is_through(self, name: str) -> bool:
        """Tell whether a consumer has had everything; of the last one the outcome may be untold."""
        info = self.bench.consumer(name)
        return info.lag == 0 and info.in_hand <= 1

    def is_done(self, name: str, number: int) -> bool:
        """Tell whether a consumer has noted so many events, or they are dead letters."""
        done = {*self.handled(name), *self.letters()}
        return self.is_through(name) and len(done) >= number

    def kill_a_publisher(self, first: int) -> list[int]:
        """Let a process publish, and kill it somewhere; return what it had receipts for."""
        with child("publish", self.path, first) as publisher:
            lines = [int(publisher.line()) for _ in range(self.random.randint(1, EACH))]
            publisher.kill()
        return lines

    def kill_a_consumer(self, name: str, kind: str) -> None:
        with child("work", self.path, name, kind, self.path / name) as consumer:
            for _ in range(self.random.randint(1, EACH)):
                assert consumer.line()
            consumer.kill()
        probe(lambda: not self.bench.consumer(name).active)


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    field = Field(tmp_path)
    yield field
    field.close()


def test_a_receipt_means_that_the_event_is_kept_whatever_happens(field: Field) -> None:
    promised = [number for turn in range(ROUNDS) for number in field.kill_a_publisher(turn * 1_000)]
    found = field.published()
    assert set(promised) <= set(found)
    assert set(found.values()) == {1}


def test_each_event_is_handled_once_or_set_aside(field: Field) -> None:
    kinds = {"plain": "plain", "twice": "idempotent"}
    for name, kind in kinds.items():
        with child("work", field.path, name, kind, field.path / name) as first:
            assert first.line() == "ready"
    probe(field.is_free)
    for turn in range(ROUNDS):
        field.bench.happen(*range(turn * EACH, (turn + 1) * EACH))
        for name, kind in kinds.items():
            field.kill_a_consumer(name, kind)
    for name, kind in kinds.items():
        with child("work", field.path, name, kind, field.path / name):
            probe(partial(field.is_done, name, ROUNDS * EACH), 20)
    probe(field.is_free)
    plain, twice, letters = field.handled("plain"), field.handled("twice"), field.letters()
    everything = set(range(ROUNDS * EACH))
    assert len(plain) == len(set(plain))
    assert set(plain) | set(letters) == everything
    assert set(twice) | set(letters) >= everything
    assert max(Counter(twice).values()) <= 2
    assert len(letters) <= 2 * (ROUNDS + 2)
