"""The end of the registry: who has published is told, and nothing is lost without a word."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

import pytest

from ringleader import Dedup, Event, EventType, Outcome, System
from ringleader.actors.chores import CatchUp
from ringleader.actors.events.scales import Priority
from ringleader.actors.publication import Routing
from ringleader.testing import TestSystem
from tests.held_log import Fleeting, HeldLog, Kept, Said
from tests.probe import probe

if TYPE_CHECKING:
    from ringleader.actors.letters import DeadLetter
    from ringleader.actors.publication import Publication

PATIENCE = 20.0


class Alarm(Event, frozen=True, kw_only=True):
    EVENT: ClassVar[EventType] = EventType.custom("ALARM", dedup=Dedup.id(), priority=Priority.HIGH)

    number: int


TYPES = (Alarm, Fleeting, Kept, Said)


def started(log: HeldLog | None = None) -> TestSystem:
    system = TestSystem(event_types=TYPES, event_log=log)
    system.start()
    system.run()
    return system


def routings(*published: Publication) -> list[Routing | None]:
    return [None if each.receipt is None else each.receipt.routing for each in published]


def lost(system: TestSystem) -> list[tuple[str | None, str]]:
    letters: list[DeadLetter] = system.dead_letters.letters()
    return [(letter.event_id, str(letter.reason)) for letter in letters]


def test_at_a_kill_what_was_not_routed_is_rejected_with_a_dead_letter_urgent_or_not() -> None:
    system = started()
    published = [system.publish(Fleeting(number=1)), system.publish(Alarm(number=1))]

    system.kill()
    system.run()

    assert routings(*published) == [Routing.REJECTED] * 2
    assert sorted(lost(system)) == sorted((each.id, "undeliverable") for each in published)
    assert not system.hub.urgent
    assert system.stop()


def test_at_a_stop_what_was_published_is_routed_urgent_or_not() -> None:
    system = started()
    published = [system.publish(Fleeting(number=1)), system.publish(Alarm(number=1))]

    assert system.stop()

    assert routings(*published) == [Routing.UNROUTED] * 2
    assert lost(system) == []


def test_a_stop_routes_first_what_was_published_while_its_subscribers_are_still_there() -> None:
    heard: list[int] = []
    gate, entered = threading.Event(), threading.Event()

    def block(_event: Event, _envelope: object) -> None:
        entered.set()
        gate.wait(PATIENCE)

    system = System(event_types=TYPES).start()
    system.subscribe(Fleeting, lambda event: heard.append(event.number))
    system.hub.taps.append(block)
    published = [system.publish(Fleeting(number=0))]
    assert entered.wait(PATIENCE)
    published += [system.publish(Fleeting(number=number)) for number in range(1, 50)]
    registry = system.ref("/system/registry").cell
    thread = threading.Thread(target=system.stop)
    thread.start()
    try:
        probe(lambda: any(isinstance(item, CatchUp) for item in list(registry.mailbox.q)), PATIENCE)
    finally:
        gate.set()
        thread.join(PATIENCE)

    assert {(p.get(timeout=0).routing, p.get(timeout=0).deliveries) for p in published} == {
        (Routing.ROUTED, 1)
    }
    assert sum(system.hub.statistics().outcomes.values()) == 50


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_what_the_log_commits_after_the_end_is_decided_too(end: str) -> None:
    log = HeldLog()
    system = started(log)
    log.holds_commits = True
    published = [system.publish(Kept(number=1)), system.publish(Fleeting(number=1))]
    system.run()
    getattr(system, end)()
    assert routings(*published) == [None, None]

    log.commit()

    assert routings(*published) == [Routing.UNROUTED, Routing.REJECTED]
    assert published[0].sequence == 1
    assert lost(system) == [(published[1].id, "undeliverable")]  # the log has the other one
    assert system.stop()


def test_a_duplicate_of_what_is_not_committed_yet_is_decided_with_its_original() -> None:
    log = HeldLog()
    system = started(log)
    log.holds_commits = True
    published = [system.publish(Said(number=1)), system.publish(Said(number=1))]
    system.run()
    assert routings(*published) == [None, None]

    log.commit()
    system.run()

    assert routings(*published) == [Routing.UNROUTED, Routing.DUPLICATE]
    assert published[1].get(timeout=0).duplicate_of == published[0].id
    assert system.stop()


def test_a_duplicate_of_what_the_log_never_took_is_rejected_with_it() -> None:
    log = HeldLog()
    system = started(log)
    log.holds_commits = True
    published = [system.publish(Said(number=1)), system.publish(Said(number=1))]
    system.run()

    published[0].decided(Routing.REJECTED)

    assert routings(*published) == [Routing.REJECTED] * 2
    log.commit()
    system.run()
    assert system.stop()


def test_the_systems_own_chores_are_no_dead_letters_at_a_kill() -> None:
    system = started()
    registry, vigil = system.ref("/system/registry").cell, system.ref("/system/vigil").cell
    chore = CatchUp()
    with system.stepper.hold(registry), system.stepper.hold(vigil):
        system.hub.look()
        registry.mailbox.put(chore)
        alarm = system.publish(Alarm(number=1))
        system.kill()
    system.run()

    assert lost(system) == [(alarm.id, "undeliverable")]
    assert chore.reply.get(timeout=0) is None
    assert system.stop()


def test_a_function_that_is_stopped_is_forgotten_and_gets_nothing_any_more() -> None:
    heard: list[int] = []
    with TestSystem(event_types=TYPES) as system:
        ref = system.subscribe(Fleeting, lambda event: heard.append(event.number), name="f")
        system.publish(Fleeting(number=1))
        system.run()
        ref.stop()
        system.run()
        published = system.publish(Fleeting(number=2))
        system.run()

        assert heard == [1]
        assert routings(published) == [Routing.UNROUTED]
        assert system.hub.statistics().subscriptions == 0
        assert system.hub.statistics().outcomes == {Outcome.HANDLED: 1}
        system.subscribe(Fleeting, lambda event: heard.append(event.number), name="f")


def test_the_specs_of_functions_that_were_stopped_do_not_pile_up() -> None:
    with TestSystem(event_types=TYPES) as system:
        for _ in range(3):
            system.subscribe(Fleeting, print).stop()
        system.run()

        subscribers = system.ref("/system/subscribers").cell
        assert list(subscribers.children) == []
