"""What the registry does when it, or a subscriber, is behind."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ringleader import Actor, ChildSpec, Event, EventType, Outcome, System, handles
from ringleader.actors.errors import PublishRefused
from ringleader.actors.events import BackpressureActivated, BackpressureReleased, PressureLevel
from ringleader.actors.events.base import Dedup
from ringleader.actors.events.scales import Priority
from ringleader.actors.options import EventOptions
from ringleader.actors.publication import Routing
from ringleader.testing import TestSystem
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.actors.mailbox import Overflow

PATIENCE = 20.0


class Bulk(Event, frozen=True, kw_only=True):
    EVENT = EventType.custom("BULK", dedup=Dedup.id())

    number: int


class Alarm(Event, frozen=True, kw_only=True):
    EVENT = EventType.custom("ALARM", dedup=Dedup.id(), priority=Priority.HIGH)

    number: int


class Beat(Event, frozen=True, kw_only=True):
    EVENT = EventType.custom("BEAT", dedup=Dedup.id(), priority=Priority.LOW, on_pressure="shed")

    number: int


class Optional(Event, frozen=True, kw_only=True):
    EVENT = EventType.custom("OPTIONAL", dedup=Dedup.id(), on_pressure="refuse")

    number: int


class Patient(Event, frozen=True, kw_only=True):
    EVENT = EventType.custom("PATIENT", dedup=Dedup.id(), on_pressure="slow")

    number: int


TYPES = (Bulk, Alarm, Beat, Optional, Patient)


@pytest.fixture
def system() -> Iterator[TestSystem]:
    with TestSystem(intensity=100, events=EventOptions(backlog=100), event_types=TYPES) as system:
        system.run()
        yield system


class Keeping(Actor):
    """Keeps the events it hears."""

    mailbox_capacity: ClassVar[int | None] = 10
    overflow: ClassVar[Overflow | None] = "reject"

    def __init__(self, heard: list[Any]) -> None:
        super().__init__()
        self.heard = heard

    @handles(Bulk, Alarm)
    def hear(self, event: Event) -> None:
        self.heard.append(event)


def test_urgent_events_are_routed_before_the_rest(system: TestSystem) -> None:
    heard: list[Any] = []
    system.hub.taps.append(lambda event, _: heard.append(event))
    for number in range(3):
        system.publish(Bulk(number=number))
        system.publish(Alarm(number=number))
    system.run()

    alarms = [Alarm(number=number) for number in range(3)]
    assert heard == [*alarms, *(Bulk(number=number) for number in range(3))]


def test_urgent_events_get_into_a_mailbox_that_is_full(system: TestSystem) -> None:
    heard: list[Any] = []
    ref = system.start_child(ChildSpec("keeping", Keeping, (heard,)))
    system.hub.publish(Bulk(number=10), source="/test")
    system.hub.publish(Alarm(number=1), source="/test")
    for number in range(10):
        ref.tell(Bulk(number=number))  # it is full when the registry, which was first, has its turn
    system.run()

    assert Alarm(number=1) in heard
    assert system.hub.statistics().outcomes == {Outcome.REJECTED: 1, Outcome.HANDLED: 1}


def test_a_subscriber_that_falls_behind_is_told_of_once_a_level_and_when_it_is_over(
    system: TestSystem,
) -> None:
    told: list[Any] = []
    system.subscribe(BackpressureActivated, told.append)
    system.subscribe(BackpressureReleased, told.append)
    system.start_child(ChildSpec("keeping", Keeping, ([],)))
    for number in range(6):
        system.publish(Bulk(number=number))
    system.run()
    system.advance(120.0)

    assert [type(event) for event in told] == [BackpressureActivated] * 3 + [BackpressureReleased]
    assert [event.level for event in told[:3]] == ["low", "soft", "medium"]
    assert {(e.trigger, e.resource_type) for e in told[:3]} == {("/keeping", "mailbox")}
    assert told[3].previous_level == PressureLevel.MEDIUM
    assert told[3].reason == "/keeping has caught up"


def crowd(system: TestSystem, number: int) -> None:
    """Publish without giving the registry a turn, then let it see where it is."""
    for place in range(number):
        system.publish(Bulk(number=place))
    system.hub.level = PressureLevel.HIGH


def test_what_may_be_shed_is_dropped_to_the_dead_letters_under_pressure(
    system: TestSystem,
) -> None:
    crowd(system, 60)
    published = system.publish(Beat(number=1))

    assert published.get().routing is Routing.SHED
    system.run()
    (letter,) = system.dead_letters.letters()
    assert (letter.message, letter.reason) == (Beat(number=1), Outcome.REJECTED)
    assert letter.detail == "shed: pressure is high"
    assert letter.event_id == published.id
    statistics = system.hub.statistics()
    assert (statistics.shed, statistics.by_type.get("BEAT")) == (1, None)


def test_what_may_be_refused_is_an_error_to_its_publisher_under_pressure(
    system: TestSystem,
) -> None:
    crowd(system, 60)

    with pytest.raises(PublishRefused, match=r"OPTIONAL is refused for now.*pressure is high"):
        system.publish(Optional(number=1))
    assert system.hub.statistics().refused == 1


def test_what_must_be_accepted_is_whatever_the_pressure(system: TestSystem) -> None:
    crowd(system, 60)
    system.hub.level = PressureLevel.STOP

    assert system.publish(Bulk(number=1)).receipt is None
    system.run()
    assert system.hub.statistics().by_type["BULK"] == 61


def test_the_registry_tells_of_its_own_pressure_and_that_it_is_over(system: TestSystem) -> None:
    told: list[Any] = []
    system.subscribe(BackpressureActivated, told.append)
    system.subscribe(BackpressureReleased, told.append)
    system.run()
    for number in range(200):
        system.publish(Bulk(number=number))
    system.run()
    system.advance(60.0)

    assert [type(event) for event in told] == [BackpressureActivated, BackpressureReleased]
    assert (told[0].level, told[0].resource_type) == (PressureLevel.STOP, "registry")
    assert system.hub.level is PressureLevel.NONE


def test_a_publisher_that_may_be_slowed_waits_in_a_thread_until_the_registry_has_caught_up() -> (
    None
):
    with System(events=EventOptions(backlog=10), event_types=TYPES) as system:
        gate = threading.Event()
        entered = threading.Event()

        def block(_event: Event, _envelope: object) -> None:
            entered.set()
            gate.wait(PATIENCE)

        system.hub.taps.append(block)
        system.publish(Bulk(number=0))
        assert entered.wait(PATIENCE)
        for number in range(8):
            system.publish(Bulk(number=number))
        system.hub.level = PressureLevel.SOFT
        done = threading.Event()

        def publish() -> None:
            system.publish(Patient(number=1))
            done.set()

        thread = threading.Thread(target=publish)
        thread.start()
        probe(lambda: len(system.hub.slowing.waiting) == 1, PATIENCE)
        assert not done.is_set()
        gate.set()
        assert done.wait(PATIENCE)
        thread.join(PATIENCE)
        probe(lambda: system.hub.statistics().by_type.get("PATIENT") == 1, PATIENCE)
