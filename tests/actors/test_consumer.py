"""A durable consumer whose log is slow: one source's events come in order, and none is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader import Actor, ChildSpec, Outcome, handles
from ringleader.testing import TestSystem
from tests.held_log import Fleeting, HeldLog, Kept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.actors.ref import Ref


class Durable(Actor):
    """Hears what is logged from the log, and the rest at once."""

    durable = True

    def __init__(self, heard: list[int]) -> None:
        super().__init__()
        self.heard = heard

    @handles(Kept, Fleeting)
    def hear(self, event: Kept | Fleeting) -> None:
        self.heard.append(event.number)


class Place:
    """A system with one durable actor, whose log answers when the test says so."""

    def __init__(self, system: TestSystem, log: HeldLog) -> None:
        self.system, self.log = system, log
        self.heard: list[int] = []
        self.ref: Ref[Durable] = system.start_child(ChildSpec("a", Durable, (self.heard,)))
        system.run()
        log.holds_answers = True

    def publish(self, *events: Kept | Fleeting) -> None:
        for event in events:
            self.system.publish(event, source="/b")
            self.system.run()

    def answer(self) -> None:
        self.log.answer()
        self.system.run()


@pytest.fixture
def place() -> Iterator[Place]:
    log = HeldLog()
    with TestSystem(event_types=(Kept, Fleeting), event_log=log) as system:
        yield Place(system, log)
        log.answer()  # whatever still waits


def test_what_is_not_logged_waits_behind_what_is(place: Place) -> None:
    place.publish(Kept(number=1), Fleeting(number=2), Kept(number=3), Fleeting(number=4))
    assert place.heard == []

    place.answer()
    assert place.heard == [1, 2, 3, 4]


def test_what_is_not_logged_comes_at_once_when_nothing_is_owed(place: Place) -> None:
    place.publish(Fleeting(number=1))
    assert place.heard == [1]

    place.publish(Kept(number=2))
    place.answer()
    place.publish(Fleeting(number=3))
    assert place.heard == [1, 2, 3]


def test_what_waited_comes_when_the_subscription_ends(place: Place) -> None:
    place.publish(Kept(number=1), Fleeting(number=2))

    place.system.hub.unsubscribe(place.ref)
    place.system.run()

    assert place.heard == [2]  # it was routed to it; the other one is in the log


def test_what_waited_for_an_actor_that_is_gone_is_a_dead_letter(place: Place) -> None:
    place.publish(Kept(number=1), Fleeting(number=2))
    top = place.system._top

    top.terminate_child("a")
    top.delete_child("a")
    place.system.run()

    (letter,) = place.system.dead_letters.letters()
    assert (letter.message, letter.reason) == (Fleeting(number=2), Outcome.UNDELIVERABLE)
    assert place.heard == []


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_what_waited_at_the_end_of_the_system_is_a_dead_letter(end: str) -> None:
    log = HeldLog()
    system = TestSystem(event_types=(Kept, Fleeting), event_log=log)
    system.start()
    place = Place(system, log)
    place.publish(Kept(number=1), Fleeting(number=2))

    getattr(system, end)()
    system.run()
    place.answer()

    assert place.heard == []
    assert [letter.message for letter in system.dead_letters.letters()] == [Fleeting(number=2)]
    assert log.consumers()[0].in_hand == 0
    assert system.stop()  # all is counted
    assert system.hub.statistics().deliveries == 1


def test_what_comes_too_late_for_a_feed_that_was_closed_is_handed_back(place: Place) -> None:
    place.publish(Kept(number=1))
    assert place.log.consumers()[0].in_hand == 1

    place.system.hub.unsubscribe(place.ref)
    place.answer()

    assert place.heard == []
    info = place.log.consumers()[0]
    assert (info.in_hand, info.active, info.lag) == (0, False, 1)
