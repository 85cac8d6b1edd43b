"""The cases: each does `size` operations with a class of actors and returns the seconds they took.

Starting and stopping the actors is outside the measured time, but for the case about just that.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from .players import LAST, Echo, Hop, Sink, Source, play

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import pykka

    Base = type[pykka.Actor]
    Ref = pykka.ActorRef[Any]

PATIENCE = 120.0  # seconds until a case counts as hung
PRODUCERS = 4
WIDTH = 100  # actors in the fan-out and in the ring


@dataclass(frozen=True, kw_only=True)
class Case:
    """A case with its usual size and the ratio it shall reach.

    `run` is None where time is not what is measured (memory).
    """

    name: str
    unit: str
    size: int
    target: float | None = None
    run: Callable[[Base, int], float] | None = None


@contextmanager
def started(*refs: Ref) -> Generator[None]:
    """Stop the actors at the end, and wait until they did."""
    try:
        yield
    finally:
        stop_all(refs)


def stop_all(refs: tuple[Ref, ...] | list[Ref]) -> None:
    """Stop actors side by side."""
    for stopped in [ref.stop(block=False) for ref in refs]:
        stopped.get(timeout=PATIENCE)


def await_event(done: threading.Event) -> None:
    """Wait for the end of a case, but not for ever."""
    if not done.wait(PATIENCE):
        raise TimeoutError(f"the case did not end within {PATIENCE:.0f} s")


def tell(base: Base, size: int) -> float:
    """One thread tells one actor; the time ends when all is handled."""
    done = threading.Event()
    sink = play(Sink, base).start(done)
    with started(sink):
        begin = perf_counter()
        for number in range(size):
            sink.tell(number)
        sink.tell(LAST)
        await_event(done)
        return perf_counter() - begin


def producers(base: Base, size: int) -> float:
    """Four threads tell one actor."""
    done = threading.Event()
    sink = play(Sink, base).start(done, PRODUCERS)
    ready = threading.Barrier(PRODUCERS + 1)

    def produce() -> None:
        ready.wait(PATIENCE)
        for number in range(size // PRODUCERS):
            sink.tell(number)
        sink.tell(LAST)

    threads = [threading.Thread(target=produce) for _ in range(PRODUCERS)]
    with started(sink):
        for thread in threads:
            thread.start()
        ready.wait(PATIENCE)
        begin = perf_counter()
        await_event(done)
        seconds = perf_counter() - begin
        for thread in threads:
            thread.join(PATIENCE)
    return seconds


def actor_to_actor(base: Base, size: int) -> float:
    """One actor tells another."""
    done = threading.Event()
    sink = play(Sink, base).start(done)
    source = play(Source, base).start(sink)
    with started(source, sink):
        begin = perf_counter()
        source.tell(size)
        await_event(done)
        return perf_counter() - begin


def fan_out(base: Base, size: int) -> float:
    """One thread tells a hundred actors in turn."""
    finished = [threading.Event() for _ in range(WIDTH)]
    sinks = [play(Sink, base).start(done) for done in finished]
    with started(*sinks):
        begin = perf_counter()
        for number in range(size // WIDTH):
            for sink in sinks:
                sink.tell(number)
        for sink in sinks:
            sink.tell(LAST)
        for done in finished:
            await_event(done)
        return perf_counter() - begin


def ring(base: Base, size: int) -> float:
    """One token goes round a hundred actors."""
    done = threading.Event()
    members: list[Ref] = []
    hop = play(Hop, base)
    members += [hop.start(members, (index + 1) % WIDTH, done) for index in range(WIDTH)]
    with started(*members):
        begin = perf_counter()
        members[0].tell(size)
        await_event(done)
        return perf_counter() - begin


def pipelined_ask(base: Base, size: int) -> float:
    """One thread asks without waiting, then collects the answers."""
    echo = play(Echo, base).start()
    with started(echo):
        begin = perf_counter()
        futures = [echo.ask(number, block=False) for number in range(size)]
        for future in futures:
            future.get(timeout=PATIENCE)
        return perf_counter() - begin


def blocking_ask(base: Base, size: int) -> float:
    """One thread asks and waits for each answer."""
    echo = play(Echo, base).start()
    with started(echo):
        begin = perf_counter()
        for number in range(size):
            echo.ask(number)
        return perf_counter() - begin


def spawn_and_stop(base: Base, size: int) -> float:
    """One thread starts actors, then stops them all."""
    echo = play(Echo, base)
    begin = perf_counter()
    stop_all([echo.start() for _ in range(size)])
    return perf_counter() - begin


CASES = {
    case.name: case
    for case in (
        Case(name="tell", unit="msg/s", size=50_000, target=6, run=tell),
        Case(name="producers", unit="msg/s", size=50_000, run=producers),
        Case(name="actor-to-actor", unit="msg/s", size=50_000, run=actor_to_actor),
        Case(name="fan-out", unit="msg/s", size=50_000, target=6, run=fan_out),
        Case(name="ring", unit="hops/s", size=10_000, target=8, run=ring),
        Case(name="pipelined-ask", unit="asks/s", size=10_000, target=4, run=pipelined_ask),
        Case(name="blocking-ask", unit="asks/s", size=2_000, target=0.85, run=blocking_ask),
        Case(name="spawn-stop", unit="actors/s", size=500, target=10, run=spawn_and_stop),
        Case(name="memory", unit="B/actor", size=1_000),
    )
}
