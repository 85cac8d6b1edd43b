"""Processes that tests kill: a node, publishers, consumers.

    python killed.py node DIRECTORY EPOCH
    python killed.py publish DIRECTORY SOURCE FIRST
    python killed.py consume DIRECTORY NAME plain|idempotent

What each has seen it writes to a file of its own at once, so that a kill takes nothing of it back:
`acked NUMBER` of a publisher, once it has a receipt or the event is in the spool; `begin NUMBER`
of a consumer before it handles an event, and `done NUMBER` once the outcome is committed.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING

from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.actors.event_log import ConsumerTaken
from ringleader.control import ControlServer
from ringleader.event_desk import EventDesk
from ringleader.events_client import Client
from ringleader.sent_events import publish_sent
from ringleader.spool import Spooled
from ringleader.spool_intake import SpoolIntake, rejecting_into
from ringleader.system import System
from ringleader.transport.dead_letters import SqliteLetters
from ringleader.transport.event_store import EventStore
from tests.event_bench import TYPES, Happened

if TYPE_CHECKING:
    from collections.abc import Iterable

INSIDE = {"inside-plain": False, "inside-idempotent": True}
"""Consumers in the node's own process, and whether they are idempotent."""
OUTSIDE = {"outside-plain": False, "outside-idempotent": True}
"""Consumers in processes of their own."""
LEASE = 6.0
"""Seconds: the least there is."""


class Notes:
    """A file that lines are appended to."""

    def __init__(self, directory: Path, name: str) -> None:
        path = directory / "notes"
        path.mkdir(exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._descriptor = os.open(path / name, flags, 0o600)

    def write(self, word: str, number: int) -> None:
        os.write(self._descriptor, f"{word} {number}\n".encode())


def begin(notes: Notes, event: Happened) -> None:
    notes.write("begin", event.number)


def node(directory: Path, epoch: int) -> None:
    """Run a node's side of events, until the end."""
    system = System(node_id="killed", seed=epoch, event_types=TYPES)
    context = system.context
    clock, store_path = context.clock, directory / "events.db"
    store = EventStore(store_path, clock=clock, spawn=context.spawn, epoch=system.epoch)
    letters = SqliteLetters(store.reader, store.writer, system.catalogue.encode, clock.time)
    system.keep(store.log, letters)
    system.start()
    for name, idempotent in INSIDE.items():
        notes = Notes(directory, name)
        system.subscribe(
            Happened,
            partial(begin, notes),
            name=name,
            durable=name,
            idempotent=idempotent,
        )
    desk = EventDesk(system)
    desk.open()
    intake = SpoolIntake(
        directory / "spool",
        publish=partial(publish_sent, system.hub),
        reject=rejecting_into(letters, clock.time),
        clock=clock,
        spawn=context.spawn,
        interval=0.2,
    )
    intake.start()
    server = ControlServer(directory / "control.sock", desk.answer, context.spawn)
    server.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()  # until a test says so, or kills it
    desk.close()
    intake.close()
    system.stop()
    server.close()
    store.close(10)


def publish(client: Client, source: str, first: int, notes: Notes) -> None:
    """Publish without end; not faster than consumers are, nor than a spool is taken in."""
    number, never = first, Flag()
    while True:
        receipt = client.publish(Happened(number=number), source=source)
        notes.write("acked", number)
        number += 1
        never.wait(0.05 if isinstance(receipt, Spooled) else 0.01)


def consume(client: Client, name: str, notes: Notes, *, idempotent: bool) -> None:
    """Handle all there is; with one in hand at a time, to know what each outcome is about."""
    never, last = Flag(), None
    while True:
        try:
            consumer = client.consumer(
                name, Happened, idempotent=idempotent, start="first", lease=LEASE, batch=1
            )
            for delivery in consumer:
                event = delivery.event
                assert isinstance(event, Happened)
                if last is not None:  # it was told with the question for this one
                    notes.write("done", last)
                notes.write("begin", event.number)
                delivery.done()
                last = event.number
        except ConsumerTaken:  # by one that was killed while no node was there to see it
            last = None
            never.wait(0.05)


def main(what: str, directory: Path, rest: Iterable[str]) -> None:
    if what == "node":
        node(directory, *map(int, rest))
        return
    name, other = rest
    notes = Notes(directory, name)
    with Client(
        directory, event_types=TYPES, source="killed", timeout=10.0, clock=RealClock(spawn)
    ) as client:
        if what == "publish":
            publish(client, name, int(other), notes)
        else:
            consume(client, name, notes, idempotent=other == "idempotent")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
