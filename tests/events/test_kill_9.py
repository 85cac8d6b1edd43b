"""Publishers, consumers and the node are killed at any point: every event is accounted for."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw
import msgspec
import pytest

from ringleader.events_client import Client
from ringleader.spool import waiting
from ringleader.transport.event_store import read_events
from tests.event_bench import TYPES, Happened
from tests.events.killed import INSIDE, OUTSIDE
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = int(os.environ.get("RINGLEADER_TEST_KILLS_OF_ALL", "15"))
"""Kills in all; the variable is for a long run."""
SCRIPT = Path(__file__).with_name("killed.py")
SOURCES = {"p1": 0, "p2": 10_000_000}
"""Publishers, and the first number of each."""
LAST = 99_999_999
PATIENCE = 30.0
WEIGHTS = {"node": 4, "p1": 1, "p2": 1, "outside-plain": 2, "outside-idempotent": 2}


class Killing:
    """A directory, the processes that work on it, and what they have noted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.random = random.Random(int(os.environ.get("RINGLEADER_TEST_SEED", "7")))  # noqa: S311  # whom to kill
        self.processes: dict[str, subprocess.Popen[str]] = {}
        self.kills: Counter[str] = Counter()

    def start(self, name: str) -> None:
        match name:
            case "node":
                words = ["node", str(self.path), str(sum(self.kills.values()) + 1)]
            case "p1" | "p2":
                numbers = self.notes(name, "acked")
                # The next but one: the one in hand may have come through all the same.
                first = numbers[-1] + 2 if numbers else SOURCES[name]
                words = ["publish", str(self.path), name, str(first)]
            case _:
                kind = "idempotent" if OUTSIDE[name] else "plain"
                words = ["consume", str(self.path), name, kind]
        self.processes[name] = subprocess.Popen(  # noqa: S603  # our own code
            [sys.executable, str(SCRIPT), *words],
            env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[2])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if name == "node":
            stdout = self.processes[name].stdout
            assert stdout is not None
            assert stdout.readline() == "ready\n"

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        assert process.poll() is None, f"{name} has ended by itself"
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)
        self.kills[name] += 1

    def kill_somebody(self) -> None:
        """Let something happen, then kill one, or two at once, and start them again."""
        before, some = self.seen(), self.random.randint(0, 40)
        probe(lambda: self.seen() >= before + some, PATIENCE)
        names = list(WEIGHTS)
        weights = list(WEIGHTS.values())
        victims = set(self.random.choices(names, weights, k=self.random.choice((1, 1, 2))))
        for name in victims:
            self.kill(name)
        for name in sorted(victims, key=lambda _: self.random.random()):
            self.start(name)

    def seen(self) -> int:
        """Return how many bytes the consumers have noted, as a measure of what happened."""
        files = [self.path / "notes" / name for name in (*INSIDE, *OUTSIDE)]
        return sum(file.stat().st_size for file in files if file.exists()) // 10

    def notes(self, name: str, word: str) -> list[int]:
        file = self.path / "notes" / name
        lines = file.read_text().splitlines() if file.exists() else []
        pairs = [line.split() for line in lines]
        return [int(number) for what, number in pairs if what == word]

    def finish(self) -> None:
        """Let the consumers have all there is, and end the node in order."""
        for name in SOURCES:
            self.kill(name)
        spool = self.path / "spool"
        probe(lambda: not spool.exists() or not waiting(spool), PATIENCE)
        with Client(self.path, event_types=TYPES, source="last", timeout=10.0) as client:
            client.publish(Happened(number=LAST))
        for name in (*INSIDE, *OUTSIDE):
            probe(partial(self.is_through, name), PATIENCE)
        for name in OUTSIDE:
            self.kill(name)
        self.processes.pop("node").communicate("stop\n", timeout=PATIENCE)

    def is_through(self, name: str) -> bool:
        return LAST in self.notes(name, "begin")

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.communicate()

    # ---------------------------------------------------------------- what is on the disk

    def kept(self) -> Counter[int]:
        """Return the numbers in the log, and how often each is there."""
        return Counter(self._numbers("SELECT payload FROM events WHERE event_type = 'happened'"))

    def letters(self, consumer: str) -> list[int]:
        return self._numbers(f"SELECT payload FROM dead_letters WHERE consumer = '{consumer}'")  # noqa: S608  # our own words

    def _numbers(self, query: str) -> list[int]:
        decoder = msgspec.msgpack.Decoder(Happened)
        with read_events(self.path / "events.db") as file:
            return [decoder.decode(payload).number for (payload,) in file.rows(query)]


@pytest.fixture
def killing(tmp_path: Path) -> Iterator[Killing]:
    killing = Killing(tmp_path)
    yield killing
    killing.close()


@pytest.mark.timeout(600 + ROUNDS * 5)
def test_whatever_is_killed_nothing_is_lost_and_nothing_is_handled_twice(killing: Killing) -> None:
    killing.start("node")
    for name in (*OUTSIDE, *SOURCES):
        killing.start(name)
    while sum(killing.kills.values()) < ROUNDS:
        killing.kill_somebody()
    killing.finish()

    kept = killing.kept()
    for name in SOURCES:
        assert set(killing.notes(name, "acked")) <= set(kept), "an event with a receipt is lost"
    assert set(kept.values()) == {1}, "an event is in the log twice"
    for name, idempotent in (INSIDE | OUTSIDE).items():
        begun, letters = killing.notes(name, "begin"), killing.letters(name)
        missing = set(kept) - set(begun) - set(letters)
        assert missing == set(), f"{name} never had {sorted(missing)[:9]}"
        often = {n: times for n, times in Counter(begun).items() if times > 1 + idempotent}
        assert often == {}, f"{name} had these too often"
        assert is_over_when_done(killing, name), f"{name} had an event after its outcome"
        assert len(letters) <= 2 * ROUNDS + 2
    connection: Any = apsw.Connection(str(killing.path / "events.db"))
    assert list(connection.execute("PRAGMA integrity_check")) == [("ok",)]
    connection.close()


def is_over_when_done(killing: Killing, name: str) -> bool:
    """Tell whether no event was begun whose outcome was committed."""
    over: set[int] = set()
    for line in (killing.path / "notes" / name).read_text().splitlines():
        what, number = line.split()
        if what == "done":
            over.add(int(number))
        elif int(number) in over:
            return False
    return True
