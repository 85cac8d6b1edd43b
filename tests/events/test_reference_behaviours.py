"""What the reference system's tests of its router promise, in our terms, numbered as there."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from ringleader import ALL, Actor, Event, Outcome, System, handles
from ringleader.actors.dispatch import spawn
from ringleader.actors.event_log_memory import MemoryEventLog
from ringleader.actors.events import (
    HandlerFailed,
    HandlerTimeout,
    TrainingCompleted,
)
from ringleader.actors.kinds import key_function
from ringleader.actors.options import EventOptions
from ringleader.actors.publication import Routing
from tests.events.places import TYPES, Fleeting, Kept, Place, Plain, Said, Slow
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.topics import Topic

Number = int


def note(place: Place, topic: Topic | str = Kept, **more: Any) -> list[Event]:
    """Let a function note what it hears."""
    heard: list[Event] = []
    place.system.subscribe(topic, heard.append, **more)
    place.settle()
    return heard


def ours(events: list[Event]) -> list[type[Event]]:
    """Return the types of events that the tests have published."""
    return [type(e) for e in events if isinstance(e, TYPES)]


# --- 2 to 6: subscribers


def test_a_subscriber_gets_exactly_what_it_asked_for_and_one_to_all_gets_all(place: Place) -> None:
    """2."""
    some, everything = note(place, Kept), note(place, ALL)
    place.publish(1)
    place.publish(2, kind=Fleeting)
    assert some == [Kept(number=1)]
    assert ours(everything) == [Kept, Fleeting]


def test_to_unsubscribe_says_whether_there_was_a_subscription(place: Place) -> None:
    """3."""
    ref = place.add("a", Plain, heard := [])  # type: ignore[var-annotated]  # of numbers
    assert place.system.hub.unsubscribe(ref, Kept)
    assert not place.system.hub.unsubscribe(ref, Kept)
    place.publish(1)
    assert heard == []


class Raises(Actor):
    """Fails at every event, in a turn."""

    @handles(Kept)
    def hear(self, event: Kept) -> None:
        raise ValueError(event.number)


class RaisesLater(Actor):
    """Fails at every event, in a coroutine."""

    @handles(Kept)
    async def hear(self, event: Kept) -> None:
        await self.sleep(0)
        raise ValueError(event.number)


@pytest.mark.parametrize("kind", [Raises, RaisesLater])
def test_a_handler_that_raises_stops_nobody_else_and_the_publisher_goes_on(
    place: Place, kind: type[Actor]
) -> None:
    """4."""
    place.add("bad", kind)
    heard = note(place)
    publication = place.system.publish(Kept(number=1))
    place.advance(1)
    assert heard == [Kept(number=1)]
    assert publication.receipt is not None
    assert publication.receipt.deliveries == 2
    assert place.outcomes() == {Outcome.HANDLED: 1, Outcome.FAILED: 1}


def test_a_time_out_of_a_handler_counts_and_the_next_handler_runs(
    place_with: Callable[..., Place],
) -> None:
    """5."""
    place = place_with(events=EventOptions(handler_timeout=10))
    begun: list[Number] = []
    place.add("slow", Slow, begun, [])
    heard = note(place)
    place.publish(1)
    assert heard == [Kept(number=1)]
    place.advance(20)
    assert place.outcomes() == {Outcome.HANDLED: 1, Outcome.TIMED_OUT: 1}


def test_the_history_has_a_bound_and_filters(place_with: Callable[..., Place]) -> None:
    """6."""
    place = place_with(events=EventOptions(history=10))
    place.publish(*range(30), source="/a")
    assert len(place.system.hub.history) <= 10
    place.advance(5)
    since = place.system.manual.time()
    place.publish(30, 31, source="/b/c")
    place.publish(32, kind=Fleeting, source="/a")

    def numbers(*args: Any, **kwargs: Any) -> list[Number]:
        return [past.event.number for past in place.system.history(*args, **kwargs)]  # type: ignore[attr-defined]  # ours have one

    assert numbers("KEPT", limit=2) == [30, 31]
    assert numbers(Fleeting) == [32]
    assert numbers(source="/b") == [30, 31]
    assert numbers(since=since) == [30, 31, 32]
    assert len(numbers()) <= 10


# --- 7 to 9: duplicates


def test_equal_content_has_an_equal_key_and_other_content_another(place: Place) -> None:
    """7."""
    key = key_function(Said.EVENT)
    assert key is not None
    encode = place.system.catalogue.encode
    one, same, other = Said(what="a"), Said(what="a"), Said(what="b")
    assert key(one, encode(one)) == key(same, encode(same)) != key(other, encode(other))

    first = place.system.publish(one, source="/a")
    place.advance(1)
    second = place.system.publish(same, source="/b", subject="it")
    place.settle()
    assert second.receipt is not None
    assert (second.receipt.routing, second.receipt.duplicate_of) == (Routing.DUPLICATE, first.id)


def test_the_same_id_twice_is_delivered_once_and_counted(place: Place) -> None:
    """8."""
    heard = note(place, ALL)
    for kind in ("KEPT", "FLEETING"):
        for _ in range(2):
            place.system.hub.publish_named(kind, {"number": 1}, source="/x", id=f"same-{kind}")
    place.settle()
    assert ours(heard) == [Kept, Fleeting]
    assert place.system.hub.statistics().deduplicated == 2


def test_what_was_seen_never_exceeds_its_cap(place_with: Callable[..., Place]) -> None:
    """9."""
    place = place_with(events=EventOptions(dedup_capacity=50))
    window = place.system.hub.window
    assert window is not None
    for number in range(500):
        place.system.publish(Said(what=f"{number}"))
        if number % 20 == 0:
            place.settle()
            assert len(window) <= 50
    place.settle()
    assert len(window) <= 50


# --- 10 to 13: from everywhere, at any time


def test_a_hundred_threads_publish_and_nothing_is_lost() -> None:
    """10."""
    system = System(event_types=TYPES)
    system.keep(MemoryEventLog(system.context.clock))
    with system:
        heard: list[Event] = []
        system.subscribe(Kept, heard.append)

        def publish(number: int) -> None:
            system.publish(Kept(number=number)).get(timeout=10)

        threads = [spawn(f"p{n}", partial(publish, n)) for n in range(100)]
        for thread in threads:
            thread.join(10)
        probe(lambda: len(heard) == 100)
    assert sorted(e.number for e in heard) == list(range(100))  # type: ignore[attr-defined]  # ours


def test_to_subscribe_during_a_delivery_is_safe(place: Place) -> None:
    """11."""
    late: list[Number] = []
    other = place.add("late", Plain, late)
    place.system.hub.unsubscribe(other)

    class Inviting(Actor):
        """Brings another one in at each event."""

        @handles(Kept)
        def hear(self, _: Kept) -> None:
            place.system.hub.subscribe(other, Kept)

    place.add("inviting", Inviting)
    place.publish(1)
    assert late == []
    place.publish(2, 3)
    assert late == [2, 3]


def test_one_can_publish_with_and_without_an_event_loop() -> None:
    """12."""
    heard: list[Event] = []
    with System(event_types=TYPES) as system:
        system.subscribe(Fleeting, heard.append)
        system.publish(Fleeting(number=1)).get(timeout=10)

        async def publish() -> None:
            receipt = await system.publish(Fleeting(number=2))
            assert receipt.deliveries == 1

        asyncio.run(publish())
        probe(lambda: len(heard) == 2)
    assert heard == [Fleeting(number=1), Fleeting(number=2)]


def test_the_counters_have_the_names_that_others_read(place: Place) -> None:
    """13."""
    place.publish(1)
    assert set(asdict(place.system.hub.statistics())) >= {
        "published",
        "deduplicated",
        "unrouted",
        "deliveries",
        "outcomes",
        "by_type",
        "subscriptions",
        "looped",
        "unknown",
        "renamed",
        "shed",
        "refused",
        "expired",
        "level",
    }


# --- 28, 29: handlers that fail, and subscriptions that stay


def test_failures_and_time_outs_are_told_and_five_in_a_row_are_told_once(
    place_with: Callable[..., Place],
) -> None:
    """28."""
    place = place_with(events=EventOptions(handler_timeout=10))
    fails = {0, 1, 2, 3, 4, 5, 10, 11, 12, 13}
    place.add("a", Plain, [], fails)
    failed, degraded = note(place, HandlerFailed), note(place, "COORDINATOR_HEALTH_DEGRADED")
    ids = place.publish(0, 1, 2, 3)
    assert [e.event_id for e in failed] == ids  # type: ignore[attr-defined]  # they have one
    assert degraded == []
    place.publish(4, 5)
    assert len(degraded) == 1
    place.publish(6)
    place.publish(10, 11, 12, 13)
    assert len(degraded) == 1

    late = note(place, HandlerTimeout)
    place.add("slow", Slow, [], [])
    (one,) = place.publish(20)
    place.advance(20)
    assert [(e.handler_name, e.event_id) for e in late] == [("/slow", one)]  # type: ignore[attr-defined]  # as above


def test_a_subscription_made_twice_is_one_is_ended_and_survives_restarts(place: Place) -> None:
    """29."""
    heard: list[Number] = []
    ref = place.add("a", Plain, heard)
    before = place.system.hub.statistics().subscriptions
    for _ in range(2):
        place.system.hub.subscribe(ref, Said)
    assert place.system.hub.statistics().subscriptions == before + 1
    ref.tell("crash")
    place.publish(1)
    assert heard == [1]
    assert place.system.hub.statistics().subscriptions == before + 1
    assert place.system.hub.unsubscribe(ref, Said)
    assert place.system.hub.statistics().subscriptions == before


def test_a_durable_subscription_survives_restarts_of_the_node(place: Place) -> None:
    """29."""
    heard = note(place, Kept, durable="mine")
    place.stop()
    place.start()
    place.publish(1, 2)
    more = note(place, Kept, durable="mine")
    assert heard == []
    assert Counter(e.number for e in more) == {1: 1, 2: 1}  # type: ignore[attr-defined]  # ours


def test_an_event_of_the_catalogue_is_known_by_its_struct_its_name_and_its_value(
    place: Place,
) -> None:
    """2."""
    heard = [note(place, of) for of in (TrainingCompleted, "TRAINING_COMPLETED")]
    heard.append(note(place, "training_completed"))
    place.system.publish(TrainingCompleted(config_key="hex8_2p"))
    place.settle()
    assert [len(events) for events in heard] == [1, 1, 1]
