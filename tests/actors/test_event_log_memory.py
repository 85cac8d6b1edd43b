"""The event log in memory: what is asked for within an answer waits for its turn."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from ringleader.actors.event_log import ConsumerSpec, LogQuery
from ringleader.actors.event_log_memory import MemoryEventLog
from ringleader.testing import ManualClock
from tests.event_logs import Stand, answer, publication

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ringleader.actors.publication import Publication


def test_the_listener_is_told_before_append_returns() -> None:
    log = MemoryEventLog(ManualClock())
    told: list[int | None] = []
    log.listener = lambda publications: told.extend(each.sequence for each in publications)
    log.append(publication("a"))
    assert told == [1]


def test_what_the_listener_publishes_is_told_after_it_has_returned() -> None:
    log = MemoryEventLog(ManualClock())
    told: list[str] = []

    def listen(publications: Sequence[Publication]) -> None:
        (event,) = publications
        told.append(f"begin {event.id}")
        if event.id == "a":
            log.append(publication("b"))
        told.append(f"end {event.id}")

    log.listener = listen
    log.append(publication("a"))
    assert told == ["begin a", "end a", "begin b", "end b"]


def test_a_wait_within_an_answer_is_not_in_time() -> None:
    log = MemoryEventLog(ManualClock())
    waited: list[bool] = []
    log.listener = lambda _: waited.append(log.flush(0.0))
    log.append(publication("a"))
    assert waited == [False]
    assert log.flush(0.0)


def test_of_many_threads_no_event_is_lost_and_the_order_is_that_of_the_log() -> None:
    stand = Stand()

    def run(who: int) -> None:
        for number in range(200):
            stand.log.append(publication(f"{who}.{number}"))

    threads = [threading.Thread(target=run, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    heard = stand.all_heard()
    assert heard == [record.envelope.id for record in stand.log.read(LogQuery(limit=10_000))]
    assert len(heard) == 1_600
    assert [i for i in heard if i.startswith("3.")] == [f"3.{number}" for number in range(200)]


def test_an_answer_that_fails_stops_nothing() -> None:
    log = MemoryEventLog(ManualClock())

    def fail(_: object) -> None:
        raise ValueError("no")

    log.attach(ConsumerSpec(name="c"), "o", fail)
    assert answer(partial(log.forget, "c"))
