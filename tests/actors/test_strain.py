"""Pressure is told of once when it rises, and once when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ringleader import Actor, ChildSpec, Dedup, Event, EventType, handles
from ringleader.actors.errors import PublishRefused
from ringleader.actors.events import BackpressureActivated, BackpressureReleased, PressureLevel
from ringleader.actors.options import EventOptions
from ringleader.actors.strain import Strain
from ringleader.testing import TestSystem

if TYPE_CHECKING:
    from collections.abc import Iterator


class One(Event, frozen=True, kw_only=True):
    EVENT: ClassVar[EventType] = EventType.custom("ONE", dedup=Dedup.id())


class Two(Event, frozen=True, kw_only=True):
    EVENT: ClassVar[EventType] = EventType.custom("TWO", dedup=Dedup.id())


class Three(Event, frozen=True, kw_only=True):
    EVENT: ClassVar[EventType] = EventType.custom("THREE", dedup=Dedup.id())


class Busy(Actor):
    """Has room for ten, of three types."""

    mailbox_capacity = 10
    overflow = "reject"

    @handles(One, Two, Three)
    def hear(self, event: Event) -> None:
        del event


@pytest.fixture
def system() -> Iterator[TestSystem]:
    options = EventOptions(backlog=100)
    with TestSystem(events=options, event_types=(One, Two, Three)) as system:
        system.run()
        yield system


def test_a_mailbox_is_told_of_once_for_each_level_however_many_types_fill_it(
    system: TestSystem,
) -> None:
    told: list[Any] = []
    system.subscribe(BackpressureActivated, told.append)
    system.subscribe(BackpressureReleased, told.append)
    ref = system.start_child(ChildSpec("busy", Busy))
    with system.stepper.hold(ref.cell):
        for _ in range(3):
            for kind in (One, Two, Three):
                system.publish(kind())
                system.run()
    system.run()
    system.advance(60.0)

    levels = [event.level for event in told if isinstance(event, BackpressureActivated)]
    assert levels == ["low", "soft", "medium", "hard", "high", "critical"]
    assert {event.trigger for event in told[:-1]} == {"/busy"}
    assert [type(event) for event in told[6:]] == [BackpressureReleased]


def test_the_registry_is_behind_from_soft_on_and_caught_up_far_below(system: TestSystem) -> None:
    told: list[Any] = []
    strain = Strain(system.hub)
    for depth in (10, 45, 45, 70, 30, 21):
        strain.weigh(depth, told.append)
    assert [event.level for event in told] == ["soft", "hard"]
    assert strain

    strain.weigh(19, told.append)
    assert not strain
    assert told[2].previous_level is PressureLevel.HARD
    assert system.hub.level is PressureLevel.NONE


def test_it_is_said_how_long_a_subscriber_was_behind(system: TestSystem) -> None:
    told: list[Any] = []
    strain = Strain(system.hub)
    system.start_child(ChildSpec("busy", Busy))
    one, other, _ = system.hub.table.subscriptions()
    strain.crowded(one, 5, told.append)
    system.advance(3.0)
    strain.crowded(other, 5, told.append)
    strain.crowded(other, 9, told.append)
    assert [event.queue_depth for event in told] == [5, 9]
    assert strain

    system.advance(4.0)
    strain.look(told.append)
    assert told[2].duration_seconds == 7.0
    assert not strain


def test_news_that_can_not_be_published_harm_nobody(
    system: TestSystem, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: Event) -> None:
        raise PublishRefused("not now")

    Strain(system.hub).weigh(100, refuse)

    assert "BACKPRESSURE_ACTIVATED not published: not now" in caplog.text
    system.hub.level = PressureLevel.NONE
