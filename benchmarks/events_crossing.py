"""How long events take from `publish` to a handler in another process, at a modest rate."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import IO, TYPE_CHECKING, NamedTuple

import msgspec

from ringleader import ChildSpec
from ringleader.events import TrainingCompleted, TrainingTimeoutReached

from .cases import PATIENCE
from .events_facts import different
from .events_far import Far
from .events_ours import event_of
from .events_receiver import READY

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ringleader import Event
    from ringleader.actors.publication import Receipt

    from .events_facts import Fact
    from .events_node import Logged

RATE = 200.0
"""Events a second."""
RECEIVER = Path(__file__).with_name("events_receiver.py")

Notes = list[tuple[int, float]]


class Delays(NamedTuple):
    """Seconds, one figure for each event.

    Attributes:
        handled: from before `publish` until it is handled elsewhere.
        decided: until it is committed and routed, in the same process; empty: nobody says so.
    """

    handled: list[float]
    decided: list[float]


class Way(NamedTuple):
    """A way to another process.

    Attributes:
        name: of it.
        run: sends so many events from a node, and returns what they took.
        target: milliseconds that half of the events may take; None: shown as information only.
        note: what happens on the way.
    """

    name: str
    run: Callable[[Logged, int], Delays]
    target: float | None = 1.0
    note: str = ""


def kept(fact: Fact) -> Event:
    """Make an event of a type that is committed before anyone sees it."""
    return event_of(fact)


def passing(fact: Fact) -> Event:
    """Make an event of a type that is not kept."""
    return TrainingTimeoutReached(
        config_key=fact.config_key, timeout_hours=1.0, iteration=fact.iteration
    )


def to_client(node: Logged, size: int, *, way: str, make: Callable[[Fact], Event]) -> Delays:
    """Send to a function that was subscribed through a `ringleader.Client`."""
    name = (TrainingCompleted if make is kept else TrainingTimeoutReached).EVENT.name
    facts, decided = different(size), list[float]()
    with _receiver(way, str(node.data_dir), name, size) as process:
        begun = _published(node, facts, make, decided)
        return Delays(_handled(begun, _notes(process)), decided)


def to_actor(node: Logged, size: int, *, make: Callable[[Fact], Event]) -> Delays:
    """Send to an actor in a process of its own."""
    facts, decided = different(size), list[float]()
    far = node.system.start_child(ChildSpec("far", Far, restart="temporary"))
    try:
        begun = _published(node, facts, make, decided)
        pause, end = threading.Event(), perf_counter() + PATIENCE
        while (notes := far.ask(size, timeout=PATIENCE)) is None:
            if perf_counter() > end:
                raise TimeoutError("not all events came")
            pause.wait(0.01)
    finally:
        far.stop()
    return Delays(_handled(begun, notes), decided)


def to_pipe(_: Logged, size: int) -> Delays:
    """Send nothing but numbers: what the machine itself needs."""
    with _receiver("pipe", "", "", size) as process:
        stdin = _stream(process.stdin)
        begun: dict[int, float] = {}
        for fact in _paced(different(size)):
            begun[fact.iteration] = perf_counter()
            stdin.write(f"{fact.iteration}\n".encode())
            stdin.flush()
        return Delays(_handled(begun, _notes(process)), [])


def to_disk(node: Logged, size: int) -> Delays:
    """Write a page and sync it: what a commit needs at least."""
    took: list[float] = []
    page = bytes(4096)
    with (node.data_dir / "pages").open("wb", buffering=0) as file:
        for _ in _paced(different(size)):
            since = perf_counter()
            file.write(page)
            os.fsync(file.fileno())
            took.append(perf_counter() - since)
    return Delays(took, [])


WAYS = (
    Way(
        "durable consumer",
        partial(to_client, way="durable", make=kept),
        note="Client.subscribe(durable=...): committed, and again when it is handed out",
    ),
    Way(
        "durable, idempotent",
        partial(to_client, way="idempotent", make=kept),
        note="the same for a consumer that may get an event twice",
    ),
    Way(
        "live",
        partial(to_client, way="live", make=kept),
        note="Client.subscribe: committed, then passed on",
    ),
    Way(
        "live, type not kept",
        partial(to_client, way="live", make=passing),
        note="Client.subscribe; nothing is written",
    ),
    Way(
        "process actor",
        partial(to_actor, make=kept),
        note='dispatcher="process": committed, then passed on',
    ),
    Way(
        "process actor, not kept",
        partial(to_actor, make=passing),
        note='dispatcher="process"; nothing is written',
    ),
    Way("bare pipe", to_pipe, None, "numbers, a line each: what the machine itself needs"),
    Way("bare disk", to_disk, None, "a page is written and synced: what a commit needs at least"),
)


def _published(
    node: Logged, facts: list[Fact], make: Callable[[Fact], Event], decided: list[float]
) -> dict[int, float]:
    """Publish one after the other; return when each was, by its number."""
    begun: dict[int, float] = {}
    for fact in _paced(facts):
        event = make(fact)
        begun[fact.iteration] = since = perf_counter()
        node.system.publish(event).when_decided(partial(_note, decided, since))
    return begun


def _note(decided: list[float], since: float, _: Receipt) -> None:
    decided.append(perf_counter() - since)


def _paced(facts: list[Fact]) -> Generator[Fact]:
    """Yield one after the other at the rate, whatever is done with them takes."""
    pause, due = threading.Event(), perf_counter()
    for fact in facts:
        pause.wait(max(0.0, due - perf_counter()))
        yield fact
        due += 1 / RATE


@contextmanager
def _receiver(way: str, data_dir: str, name: str, size: int) -> Generator[subprocess.Popen[bytes]]:
    """Run a process that waits for events; it is ready, and killed in the end if it must be."""
    command = [sys.executable, str(RECEIVER), way, data_dir, name, str(size)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603  # our own
        try:
            said = _stream(process.stdout).readline().decode().strip()
            if said != READY:
                raise RuntimeError(f"the receiver did not start; it says: {said or 'nothing'}")
            yield process
        finally:
            process.kill()


def _notes(process: subprocess.Popen[bytes]) -> Notes:
    written, _ = process.communicate(timeout=PATIENCE)
    return msgspec.json.decode(written, type=Notes)


def _stream(found: IO[bytes] | None) -> IO[bytes]:
    if found is None:
        raise RuntimeError("the process has no pipes")
    return found


def _handled(begun: dict[int, float], notes: Notes) -> list[float]:
    """Match both ends; each event is to come once."""
    if sorted(number for number, _ in notes) != sorted(begun):
        raise RuntimeError(f"{len(begun)} events were published, and {len(notes)} handled")
    return [then - begun[number] for number, then in notes]
