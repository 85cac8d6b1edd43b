"""A node for measurements: a system with its event log, and the socket that clients connect to."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ringleader import System
from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.control import ControlServer
from ringleader.datadir import DataDir
from ringleader.event_desk import EventDesk
from ringleader.transport.event_store import EventStore

from .events_disk import directory

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from ringleader.event_questions import EventQuestion
    from ringleader.questions import Question


class Logged(NamedTuple):
    """A system and what it keeps."""

    system: System
    store: EventStore
    data_dir: Path


@contextmanager
def logged() -> Generator[Logged]:
    """Run a system whose durable events are on the disk before they are acknowledged."""
    clock = RealClock(spawn)
    with directory() as data_dir:
        store = EventStore(DataDir(data_dir).events, clock=clock, spawn=spawn, epoch=1)
        try:
            with System("bench", event_log=store.log) as system:
                yield Logged(system, store, data_dir)
        finally:
            store.close()
            clock.close()


@contextmanager
def reachable() -> Generator[Logged]:
    """The same, for clients in other processes, too."""
    with logged() as node:
        desk = EventDesk(node.system)
        desk.open()

        def answer(question: Question) -> Any:
            return desk.answer(cast("EventQuestion", question))  # no other is asked here

        socket = DataDir(node.data_dir).socket
        server = ControlServer(socket, answer, node.system.context.spawn)
        server.start()
        try:
            yield node
        finally:
            server.close()
            desk.close()
