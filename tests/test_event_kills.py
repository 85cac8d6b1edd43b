"""Publishers and consumers are killed at any point: nothing is lost, nothing is done twice."""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import TYPE_CHECKING

import apsw

from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.actors.event_log import LogQuery
from ringleader.transport.event_store import EventStore
from tests.event_bench import Bench, child
from tests.probe import probe

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = int(os.environ.get("RINGLEADER_TEST_KILLS", "3"))
"""Kills of each; the variable is for a long run."""


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
        connection = apsw.Connection(str(self.path / "events.db"))
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

    def kill_a_publisher(self, first: int) -> list[int]:
        """Let a process publish, and kill it somewhere; return what it had receipts for."""
        with child("publish", self.path, first) as publisher:
            lines = [int(publisher.line()) for _ in range(self.random.randint(1, 40))]
            publisher.kill()
        return lines

    def kill_a_consumer(self, name: str, kind: str) -> None:
        with child("work", self.path, name, kind, self.path / name) as consumer:
            for _ in range(self.random.randint(1, 40)):
                if not consumer.line():
                    break
            consumer.kill()
        probe(lambda: not self.bench.consumer(name).active)


def test_a_receipt_means_that_the_event_is_kept_whatever_happens(tmp_path: Path) -> None:
    field = Field(tmp_path)
    promised = [number for turn in range(ROUNDS) for number in field.kill_a_publisher(turn * 1_000)]
    found = field.published()
    assert set(promised) <= set(found)
    assert set(found.values()) == {1}
    field.close()


def test_each_event_is_handled_once_or_set_aside(tmp_path: Path) -> None:
    field = Field(tmp_path)
    for name, kind in (("plain", "plain"), ("twice", "idempotent")):
        with child("work", tmp_path, name, kind, tmp_path / name) as first:
            assert first.line() == "ready"
    probe(lambda: not any(info.active for info in field.store.log.consumers()))
    everything = range(ROUNDS * 60)
    field.bench.happen(*everything)
    for name, kind in (("plain", "plain"), ("twice", "idempotent")):
        for _ in range(ROUNDS):
            field.kill_a_consumer(name, kind)
        with child("work", tmp_path, name, kind, tmp_path / name) as last:
            probe(lambda name=name: field.bench.consumer(name).lag == 0, 20)  # type: ignore[misc]
            probe(lambda name=name: field.bench.consumer(name).in_hand <= 1, 20)  # type: ignore[misc]
            last.kill()
        probe(lambda name=name: not field.bench.consumer(name).active)  # type: ignore[misc]
    plain, twice, letters = field.handled("plain"), field.handled("twice"), field.letters()
    assert len(plain) == len(set(plain))
    assert set(plain) | set(letters) == set(everything)
    assert set(twice) | set(letters) >= set(everything)
    assert max(Counter(twice).values()) <= 2
    assert len(letters) <= 2 * (ROUNDS + 2)
    field.close()
