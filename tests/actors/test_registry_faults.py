"""What one publisher or subscriber does wrong harms nobody else, and nothing is counted twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ringleader import Actor, ChildSpec, Dedup, Event, EventType, Outcome, handles
from ringleader.actors.errors import PublishError
from ringleader.actors.events import HandlerTimeout
from ringleader.actors.publication import Routing
from ringleader.testing import TestSystem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.actors.publication import Publication, Receipt


class Fact(Event, frozen=True, kw_only=True):
    EVENT: ClassVar[EventType] = EventType.custom("FACT", dedup=Dedup.id())

    number: int


class Said(Event, frozen=True, kw_only=True):
    EVENT: ClassVar[EventType] = EventType.custom("SAID", dedup=Dedup.content())

    number: int


class Closed(Event, frozen=True, kw_only=True):
    EVENT: ClassVar[EventType] = EventType.custom("CLOSED", dedup=Dedup.key("number"))

    number: int


class Listener(Actor):
    def __init__(self, heard: list[int]) -> None:
        super().__init__()
        self.heard = heard

    @handles(Fact)
    def hear(self, event: Fact) -> None:
        self.heard.append(event.number)


class Dropping(Actor):
    """Is at each event for a long time, and lets go of the oldest that wait."""

    dispatcher = "async"
    overflow = "drop_oldest"
    mailbox_capacity = 8

    @handles(Fact)
    async def hear(self, event: Fact) -> None:
        del event
        await self.sleep(100.0)


class Slow(Actor):
    """Takes too long at everything, also at the news of that."""

    @handles(Fact, HandlerTimeout, timeout=10.0)
    async def hear(self, event: Event) -> None:
        del event
        await self.sleep(1_000.0)


@pytest.fixture
def system() -> Iterator[TestSystem]:
    with TestSystem(intensity=100, event_types=(Fact, Said, Closed)) as system:
        system.run()
        yield system


def publish(system: TestSystem, number: int = 10) -> list[Publication]:
    return [system.publish(Fact(number=each)) for each in range(number)]


def routings(published: list[Publication]) -> list[Routing | None]:
    return [None if each.receipt is None else each.receipt.routing for each in published]


@pytest.mark.usefixtures("quiet")
def test_a_publisher_whose_callback_raises_harms_neither_the_registry_nor_others(
    system: TestSystem,
) -> None:
    heard: list[int] = []
    system.start_child(ChildSpec("listener", Listener, (heard,)))
    published = publish(system)

    def fail(receipt: Receipt) -> None:
        raise ValueError(receipt.id)

    published[3].when_decided(fail)
    system.run()

    assert heard == list(range(10))
    assert routings(published) == [Routing.ROUTED] * 10
    assert system.dead_letters.counts() == {}
    assert system.deaths.all() == []


@pytest.mark.usefixtures("quiet")
def test_a_condition_that_wants_to_exit_harms_neither_the_registry_nor_others(
    system: TestSystem,
) -> None:
    heard: list[int] = []
    system.start_child(ChildSpec("listener", Listener, (heard,)))

    def leave(event: Fact) -> bool:
        raise SystemExit(event.number)

    system.subscribe(Fact, print, name="leaving", where=leave)
    published = publish(system)
    system.run()

    assert heard == list(range(10))
    assert routings(published) == [Routing.ROUTED] * 10
    assert {letter.path for letter in system.dead_letters.letters()} == {
        "/system/subscribers/leaving"
    }
    assert system.deaths.all() == []


@pytest.mark.parametrize("kind", [Fact, Said, Closed])
def test_an_id_that_comes_twice_from_outside_is_a_duplicate_whatever_the_type_says(
    system: TestSystem, kind: type[Event]
) -> None:
    name = kind.EVENT.name
    first, second = (
        system.hub.publish_named(name, {"number": number}, source="x", id="same")
        for number in (1, 2)
    )
    system.run()

    assert routings([first, second]) == [Routing.UNROUTED, Routing.DUPLICATE]
    assert second.get(timeout=0).duplicate_of == "same"


def test_what_is_dropped_from_a_mailbox_does_not_count_for_what_is_in_hand(
    system: TestSystem,
) -> None:
    ref = system.start_child(ChildSpec("dropping", Dropping))
    for number in range(12):
        system.publish(Fact(number=number))
        system.run()
    (subscription,) = system.hub.table.subscriptions()
    assert ref.cell.current is not None
    ref.cell.kill(ref.cell.current)
    system.run()
    system.advance(1_000.0)

    letters = [(x.message.number, x.reason) for x in system.dead_letters.letters()]
    assert sorted(letters) == [
        (0, Outcome.INTERRUPTED),
        *((number, Outcome.UNDELIVERABLE) for number in (1, 2, 3)),
    ]
    assert subscription.outcomes == {
        Outcome.INTERRUPTED: 1,
        Outcome.UNDELIVERABLE: 3,
        Outcome.HANDLED: 8,
    }
    assert not subscription.open


def test_who_leaves_while_the_registry_gives_out_an_event_is_counted_all_the_same(
    system: TestSystem,
) -> None:
    heard: list[int] = []
    ref: Any = None

    def unsubscribe_the_other(_: Fact) -> bool:
        system.hub.unsubscribe(ref)  # as another thread might, in this moment
        return True

    system.subscribe(Fact, heard.append, where=unsubscribe_the_other)
    ref = system.start_child(ChildSpec("listener", Listener, ([],)))
    publish(system, 1)
    system.run()
    for _ in range(5):  # who was there before is looked through at each change
        other = system.start_child(ChildSpec("other", Listener, ([],), restart="temporary"))
        publish(system, 1)
        system.run()
        other.stop()

    statistics = system.hub.statistics()
    assert statistics.deliveries == sum(statistics.outcomes.values()) == 12


@pytest.mark.parametrize("field", ["subject", "source"])
def test_words_that_can_not_be_written_are_refused(system: TestSystem, field: str) -> None:
    words: Any = {"source": "a", field: "a\ud800b"}

    with pytest.raises(PublishError, match=rf"FACT.*{field} 'a\\ud800b'.*lone surrogates"):
        system.publish(Fact(number=1), **words)
    with pytest.raises(PublishError, match=rf"FACT.*{field} 'a\\ud800b'.*lone surrogates"):
        system.hub.publish_named("FACT", {"number": 1}, **words)
    good: Any = {field: "a good word"}
    system.publish(Fact(number=2), **good)
    system.run()
    assert system.hub.statistics().by_type["FACT"] == 1


def test_who_takes_too_long_at_the_news_of_a_timeout_is_not_told_of(system: TestSystem) -> None:
    system.start_child(ChildSpec("slow", Slow))
    system.publish(Fact(number=1))
    system.advance(200.0)

    assert system.hub.statistics().by_type["HANDLER_TIMEOUT"] == 1
    assert system.hub.statistics().outcomes == {Outcome.TIMED_OUT: 2}


class Short(Actor):
    """Has little time."""

    @handles(Said, timeout=0.2)
    async def hear(self, event: Said) -> None:
        del event
        await self.sleep(500.0)


class Long(Actor):
    """Has all the time there is."""

    @handles(Fact)
    async def hear(self, event: Fact) -> None:
        del event
        await self.sleep(10.0)


def test_a_timeout_that_is_shorter_than_those_before_pulls_the_next_look_forward(
    system: TestSystem,
) -> None:
    system.start_child(ChildSpec("long", Long))
    publish(system, 1)
    system.run()
    system.advance(0.1)

    system.start_child(ChildSpec("short", Short))
    system.publish(Said(number=1))
    system.advance(0.3)

    assert [letter.path for letter in system.dead_letters.letters()] == ["/short"]
    system.advance(15.0)
