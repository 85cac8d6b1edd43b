"""What the reference system's tests of its queues promise: the log, its consumers, dead letters."""

from __future__ import annotations

import queue
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from ringleader import Event, Outcome
from ringleader.actors.dead_letter_options import DeadLetterOptions
from ringleader.actors.dead_letters import LetterQuery
from ringleader.actors.dispatch import spawn
from ringleader.actors.errors import RingleaderError
from ringleader.actors.event_log import ConsumerSpec, ConsumerTaken, LogQuery, Settled
from ringleader.actors.events import DlqEventsPurged
from ringleader.actors.options import EventLogOptions, EventOptions
from tests.events.places import Aging, Kept, Place, Plain, Said

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.event_log import ConsumerInfo, Fetched, Record, Then

T = TypeVar("T")
DAY = 86_400.0
HAND = DeadLetterOptions(interval=1e9, replay=False)
"""Nothing is tried by itself."""


def ask(place: Place, call: Callable[[Then[T]], object]) -> T:
    answers: queue.SimpleQueue[T | RingleaderError] = queue.SimpleQueue()
    call(answers.put)
    place.settle()
    result = answers.get(timeout=10)
    if isinstance(result, RingleaderError):
        raise result
    return result


def attach(place: Place, name: str = "c", owner: str = "o", **spec: Any) -> ConsumerInfo:
    asked = ConsumerSpec(name=name, start="first", **spec)
    info: ConsumerInfo = ask(place, partial(place.log.attach, asked, owner))
    return info


def fetch(place: Place, limit: int = 100, name: str = "c", owner: str = "o") -> list[int]:
    """Return the numbers of events that are handed out, by their places in the log."""
    fetched: Fetched = ask(place, partial(place.log.fetch, name, owner, limit))
    kept = [r for r in fetched.records if r.envelope.type in ("kept", "aging")]
    return [number_of(place, record) for record in kept]


def number_of(place: Place, record: Record) -> int:
    event: Any = place.system.catalogue.decode(record.envelope.type, record.payload)
    number: int = event.number
    return number


def settle(place: Place, *numbers: int, name: str = "c") -> int:
    records = place.log.read(LogQuery(types=("kept",), limit=1000))
    mine = [r for r in records if number_of(place, r) in numbers]
    settled = [Settled(r.sequence, Outcome.HANDLED) for r in mine]
    count: int = ask(place, partial(place.log.settle, name, "o", settled))
    return count


# --- 17 to 21: the event log and its consumers


def test_a_consumer_gets_what_it_asked_for_and_has_not_had_so_many_at_a_time(
    place: Place,
) -> None:
    """17."""
    attach(place, types=("kept",))
    place.publish(1, 2)
    place.publish(7, kind=Aging)
    place.publish(3, 4, 5)
    assert fetch(place, 2) == [1, 2]
    assert fetch(place, 2) == [3, 4]
    assert settle(place, 1, 2, 3, 4) == 4
    assert fetch(place) == [5]
    assert fetch(place) == []
    first = place.log.read(LogQuery(types=("kept",), limit=2))
    rest = place.log.read(LogQuery(types=("kept",), after=first[-1].sequence, limit=2))
    assert (len(first), len(rest)) == (2, 2)
    assert first[-1].sequence < rest[0].sequence


def test_outcomes_make_what_is_left_smaller_for_this_consumer_only(place: Place) -> None:
    """18."""
    for name in "cd":
        attach(place, name, types=("kept",))
    place.publish(*range(6))
    for name in "cd":
        assert fetch(place, 4, name) == [0, 1, 2, 3]
    assert settle(place, 0) == 1
    assert settle(place, 1, 2) == 2
    found = {name: place.consumer(name) for name in "cd"}
    assert (found["c"].in_hand, found["c"].lag) == (1, 2)
    assert (found["d"].in_hand, found["d"].lag) == (4, 2)


def test_retention_removes_old_events_and_forsaken_consumers_hold_nothing(
    place_with: Callable[..., Place],
) -> None:
    """19."""
    options = EventLogOptions(retention=DAY, abandoned_after=3 * DAY)
    place = place_with(log=options, letters=HAND, events=EventOptions(poll_interval=DAY / 8))
    attach(place, "dead", lease=300.0, types=("kept",))
    attach(place, "live", types=("kept",))
    place.publish(1, 2)
    fetch(place, name="live")
    settle(place, 1, 2, name="live")
    place.advance(2 * DAY)
    assert not place.consumer("dead").active
    assert place.consumer("live").active
    assert len(place.log.read(LogQuery(types=("kept",)))) == 2
    place.advance(2 * DAY)
    place.publish(3)
    assert len(place.log.read(LogQuery(types=("kept",)))) == 1
    assert fetch(place, name="live") == [3]


def test_eight_threads_publish_and_nothing_is_lost(place: Place) -> None:
    """20."""
    heard: list[Event] = []
    place.system.subscribe(Kept, heard.append)
    place.settle()

    def publish(first: int) -> None:
        for number in range(first, first + 25):
            place.system.publish(Kept(number=number))

    threads = [spawn(f"p{n}", partial(publish, n * 25)) for n in range(8)]
    for thread in threads:
        thread.join(10)
    place.settle()
    records = place.log.read(LogQuery(types=("kept",), limit=1000))
    assert len(records) == 200
    assert sorted(e.number for e in heard) == list(range(200))  # type: ignore[attr-defined]  # ours


def test_to_attach_or_detach_twice_changes_nothing_and_a_sign_of_life_renews_the_lease(
    place: Place,
) -> None:
    """21."""
    first = attach(place, lease=100.0)
    assert attach(place, lease=100.0).cursor == first.cursor
    until = place.consumer("c").lease_until
    assert until is not None
    place.advance(50)
    fetch(place)
    renewed = place.consumer("c").lease_until
    assert renewed is not None
    assert renewed >= until + 50
    with pytest.raises(ConsumerTaken):
        attach(place, owner="other")
    assert ask(place, partial(place.log.detach, "c", "o"))
    assert not ask(place, partial(place.log.detach, "c", "o"))
    attach(place, owner="other")


# --- 22 to 27: dead letters


def fail(place: Place, *numbers: int, fails: set[int] | None = None) -> list[str]:
    """Let one subscriber fail at events, and another one handle them."""
    wrong = set(numbers) if fails is None else fails
    wrong.update(numbers)
    place.add("bad", Plain, [], wrong)
    place.add("good", Plain, [])
    return place.publish(*numbers)


def test_a_failure_survives_the_end_of_the_node(place: Place) -> None:
    """22."""
    (event_id,) = fail(place, 1)
    place.stop()
    place.start()
    (letter,) = place.found()
    assert (letter.event_id, letter.path, letter.status) == (event_id, "/bad", "pending")
    assert "no 1" in letter.error


def test_a_try_that_works_recovers_and_one_that_fails_counts_until_it_is_given_up(
    place_with: Callable[..., Place],
) -> None:
    """23."""
    place = place_with(letters=DeadLetterOptions(retries=3, interval=1e9, replay=False))
    fails: set[int] = set()
    fail(place, 1, 2, fails=fails)
    fails.remove(1)
    one, two = place.found()
    assert place.system.dlq.retry(one.number)
    counts: list[int] = []
    for _ in range(3):
        assert place.system.dlq.retry(two.number)
        place.settle()
        counts.append(place.found()[1].retry_count)
    one, two = place.found()
    assert one.status == "recovered"
    assert (counts, two.status) == ([1, 2, 3], "abandoned")


@pytest.mark.parametrize("which", [4711, "no-such-id"])
def test_a_letter_that_is_not_there_is_not_tried(place: Place, which: int | str) -> None:
    """24."""
    assert not place.system.dlq.retry(which)
    assert place.system.dlq.drop(which) == 0
    assert not place.system.dlq.get(which)


def test_tries_wait_ever_longer_and_an_hour_at_most(place_with: Callable[..., Place]) -> None:
    """25."""
    options = DeadLetterOptions(retries=9, interval=20, abandon_after=30 * DAY, replay=False)
    place = place_with(letters=options, events=EventOptions(poll_interval=DAY))
    heard: list[int] = []
    place.add("bad", Plain, heard, {1})
    place.publish(1)
    waits: list[float] = []
    for _ in range(9):
        begun = place.system.manual.now()
        tries = len(heard)
        while len(heard) == tries:
            place.advance(20)
        waits.append(place.system.manual.now() - begun)
    expected = [min(60 * 2**n, 3600) for n in range(9)]
    for wait, least in zip(waits, expected, strict=True):
        assert least - 20 <= wait <= least + 40, waits
    place.advance(2 * 3600)
    assert place.found()[0].status == "abandoned"


def test_what_waits_is_never_removed(place_with: Callable[..., Place]) -> None:
    """26."""
    place = place_with(letters=DeadLetterOptions(interval=1e9, replay=False, retries=1))
    told: list[Event] = []
    place.system.subscribe(DlqEventsPurged, told.append)
    fail(place, 1, 2)
    first, second = place.found()
    place.system.dlq.retry(first.number)
    place.advance(1)
    assert [x.status for x in place.found()] == ["abandoned", "pending"]
    place.advance(1)
    assert place.system.dlq.cleanup(seconds=0) == 1
    place.settle()
    assert [x.number for x in place.found()] == [second.number]
    assert [e.count for e in told] == [1]  # type: ignore[attr-defined]  # they have one


def test_dead_letters_are_counted_by_type_and_found_by_filters(
    place_with: Callable[..., Place],
) -> None:
    """27."""
    place = place_with(letters=HAND)

    def refuse(event: Event) -> None:
        raise ValueError(event)

    place.system.subscribe(Said, refuse)
    ids = fail(place, 1, 2)
    place.system.publish(Said(what="x"))
    place.settle()
    dlq = place.system.dlq
    statistics = dlq.statistics()
    assert dict(statistics.by_type) == {"kept": 2, "said": 1}
    assert statistics.pending == dlq.pending_count() == 3
    assert dlq.pending_count(type="KEPT") == 2
    assert [x.event_id for x in dlq.pending(type="kept")] == ids
    assert [x.event_id for x in dlq.pending(1)] == ids[:1]
    assert len(dlq.find(dlq.query(handler="/bad"))) == 2
    assert len(dlq.find(LetterQuery(event_id=ids[0]))) == 1
    assert len(dlq.find(dlq.query(reason=Outcome.TIMED_OUT))) == 0
    assert {(g.event_type, g.count) for g in dlq.error_summary()} == {("kept", 2), ("said", 1)}
