"""Ringleader's side where each of many producers waits until its event is on the disk."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

from .cases import PATIENCE
from .events_facts import parts
from .events_node import logged
from .events_ours import event_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from ringleader import System

    from .events_facts import Fact

    Parts = Sequence[Sequence[Fact]]
    Publish = Callable[[System, Parts], float]


@contextmanager
def with_threads() -> Generator[Callable[[int], float]]:
    """Publish from threads, each of which waits in `get`."""
    with _published(_from_threads) as run:
        yield run


@contextmanager
def with_tasks() -> Generator[Callable[[int], float]]:
    """Publish from the tasks of one event loop, each of which awaits its publication."""
    with _published(_from_tasks) as run:
        yield run


@contextmanager
def _published(publish: Publish) -> Generator[Callable[[int], float]]:
    with logged() as node:

        def run(size: int) -> float:
            before = node.store.log.statistics().head
            seconds = publish(node.system, parts(size))
            kept = node.store.log.statistics().head - before
            if kept != size:
                raise RuntimeError(f"{size} events were acknowledged, and {kept} are kept")
            return seconds

        yield run


def _from_threads(system: System, given: Parts) -> float:
    begin = threading.Barrier(len(given) + 1)
    failures: list[BaseException] = []

    def produce(facts: Sequence[Fact]) -> None:
        begin.wait(PATIENCE)
        try:
            for fact in facts:
                system.publish(event_of(fact)).get(timeout=PATIENCE)
        except Exception as error:  # noqa: BLE001  # raised below, in the thread that measures
            failures.append(error)

    threads = [threading.Thread(target=produce, args=(facts,)) for facts in given]
    for thread in threads:
        thread.start()
    begin.wait(PATIENCE)
    since = perf_counter()
    for thread in threads:
        thread.join(PATIENCE)
    seconds = perf_counter() - since
    if failures:
        raise failures[0]
    return seconds


def _from_tasks(system: System, given: Parts) -> float:
    async def produce(facts: Sequence[Fact]) -> None:
        for fact in facts:
            await system.publish(event_of(fact))

    async def produce_all() -> float:
        since = perf_counter()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(produce(facts) for facts in given))
        return perf_counter() - since

    return asyncio.run(produce_all())
