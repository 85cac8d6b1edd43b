"""What durable consumers take, in which order, and under which names."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from ringleader import ALL, Actor, ChildSpec, Outcome, handles
from ringleader.actors.errors import RingleaderError
from ringleader.actors.event_log import EventLogError
from ringleader.actors.events.base import Envelope
from ringleader.actors.publication import Publication, Routing
from ringleader.testing import TestSystem
from tests.events.places import (
    Aging,
    Durable,
    Fleeting,
    Kept,
    Place,
    Plain,
    Said,
)

if TYPE_CHECKING:
    from ringleader.actors.events import Event

Handed = list[int]


@pytest.fixture
def heard() -> Handed:
    return []


# --- conditions, types


def test_only_what_meets_the_condition_comes_over_restarts_too(place: Place, heard: Handed) -> None:
    def subscribe() -> None:
        place.system.subscribe(
            Kept, lambda e: heard.append(e.number), where={"number": {2, 4, 6}}, durable="even"
        )
        place.settle()

    subscribe()
    place.publish(1, 2, 3)
    place.stop()
    place.start()
    place.publish(4, 5)
    subscribe()
    place.publish(6, 7)
    assert heard == [2, 4, 6]
    assert place.consumer("even").lag == 0
    assert place.found() == []


def test_a_condition_that_raises_makes_one_dead_letter(place: Place, heard: Handed) -> None:
    def picky(event: Kept) -> bool:
        if event.number == 2:
            raise ValueError("no two")
        return True

    place.system.subscribe(Kept, lambda e: heard.append(e.number), where=picky, durable="picky")
    place.settle()
    place.publish(1, 2, 3)
    assert heard == [1, 3]
    assert len(place.found()) == 1
    counts = place.system.dead_letters.counts()
    assert counts == {Outcome.FAILED: 1}


def test_a_subscriber_to_all_gets_logged_and_fleeting_events_once(
    place: Place, heard: Handed
) -> None:
    seen: list[str] = []

    def note(event: Event) -> None:
        if isinstance(event, Kept | Fleeting | Said):
            seen.append(type(event).__name__)

    place.system.subscribe(ALL, note, durable="everything")
    place.settle()
    place.publish(1)
    place.publish(2, kind=Fleeting)
    place.system.publish(Said(what="x"))
    place.settle()
    assert seen == ["Kept", "Fleeting", "Said"]


def test_a_durable_actor_of_types_that_are_not_kept_hears_them_and_nobody_complains(
    place: Place, heard: Handed, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)

    class Passing(Actor):
        durable = True

        @handles(Fleeting)
        def hear(self, event: Fleeting) -> None:
            heard.append(event.number)

    place.add("a", Passing)
    place.publish(1, kind=Fleeting)
    assert heard == [1]
    assert [r.getMessage() for r in caplog.records if "durable consumer" in r.getMessage()] == []


@pytest.mark.parametrize("kind", [Plain, Durable])
def test_an_event_that_is_not_logged_does_not_overtake_one_that_is(
    place: Place, heard: Handed, kind: type[Actor]
) -> None:
    place.add("a", kind, heard)
    for number in range(0, 20, 2):
        place.system.publish(Kept(number=number), source="/p")
        place.system.publish(Fleeting(number=number + 1), source="/p")
    place.settle()
    assert heard == list(range(20))


def test_a_fleeting_event_of_another_source_does_not_wait_for_the_log(
    place: Place, heard: Handed
) -> None:
    place.add("a", Plain, heard)
    place.system.publish(Kept(number=1), source="/p")
    place.system.publish(Fleeting(number=2), source="/q")
    place.settle()
    assert sorted(heard) == [1, 2]
    assert place.system.hub.passing == {}


def test_an_event_that_grew_too_old_while_it_was_down_expires(place: Place, heard: Handed) -> None:
    place.add("a", Durable, heard)
    place.stop()
    place.start()
    (old,) = place.publish(1, kind=Aging)
    place.advance(90)
    place.publish(2, kind=Aging)
    place.publish(3)
    place.advance(20)
    place.add("a", Durable, heard)
    assert heard == [2, 3]
    (letter,) = place.found()
    assert (letter.event_id, letter.reason) == (old, Outcome.EXPIRED)


def test_what_nobody_here_can_read_is_set_aside_and_the_next_one_comes(
    place: Place, heard: Handed
) -> None:
    place.add("a", Durable, heard)
    place.stop()
    place.start()
    place.publish(1)
    now = place.system.manual.time()
    for id_, kind, payload in (("u", "kept", b"\x81\xa6number\xa1x"), ("v", "kept", b"\xc1")):
        envelope = Envelope(id=id_, source="/x", type=kind, time=now)
        raw = Publication(Kept(), payload, envelope, is_logged=True)
        listener, place.log.listener = place.log.listener, None
        place.log.append(raw)
        assert place.log.flush(10)
        place.log.listener = listener
    place.publish(2)
    place.add("a", Durable, heard)
    assert heard == [1, 2]
    assert {(x.event_id, x.reason) for x in place.found()} == {
        ("u", Outcome.POISON),
        ("v", Outcome.POISON),
    }


def test_a_type_that_is_not_known_any_more_is_set_aside(place: Place) -> None:
    seen: list[Any] = []

    def subscribe() -> None:
        place.system.subscribe(ALL, seen.append, durable="all")
        place.settle()

    subscribe()
    place.stop()
    place.start()
    (gone,) = place.publish(1)
    place.stop()
    place.kwargs["event_types"] = (Aging, Fleeting, Said)
    place.start()
    subscribe()
    place.publish(2, kind=Aging)
    assert [e.number for e in seen if isinstance(e, Aging)] == [2]
    reasons = {x.event_id: x.reason for x in place.found()}
    assert reasons == {gone: Outcome.UNKNOWN_TYPE}


def test_a_second_event_with_an_id_of_the_log_is_a_duplicate_over_restarts(
    place: Place, heard: Handed
) -> None:
    place.add("a", Durable, heard)
    hub = place.system.hub
    hub.publish_named("KEPT", {"number": 1}, source="/x", id="same")
    place.settle()
    place.stop()
    place.start()
    place.advance(3600)
    place.add("a", Durable, heard)
    again = place.system.hub.publish_named("KEPT", {"number": 1}, source="/x", id="same")
    place.settle()
    assert heard == [1]
    receipt = again.receipt
    assert receipt is not None
    assert receipt.routing is Routing.DUPLICATE


# --- names


def test_two_subscribers_can_not_share_a_durable_name(place: Place, heard: Handed) -> None:
    place.system.subscribe(Kept, lambda e: heard.append(e.number), durable="mine")
    place.settle()
    with pytest.raises(EventLogError, match="'mine' belongs to /system/subscribers/"):
        place.system.subscribe(Kept, lambda e: heard.append(e.number), durable="mine")
    ref = place.add("a", Plain, [])
    with pytest.raises(EventLogError, match=r"'mine' belongs to .*; /a needs another name"):
        place.system.hub.subscribe(ref, Kept, durable="mine")
    place.publish(1)
    assert heard == [1]


def test_one_name_can_stand_for_several_topics_of_one_subscriber(
    place: Place, heard: Handed
) -> None:
    ref = place.add("a", Durable, heard)
    hub = place.system.hub
    hub.unsubscribe(ref)
    for topic in (Kept, Aging):
        hub.subscribe(ref, topic, durable="mine")
    place.publish(1)
    place.publish(2, kind=Aging)
    assert heard == [1, 2]
    assert place.consumer("mine").types == ("aging", "kept")


def test_a_subscription_under_another_name_leaves_the_old_place_where_it_was(
    place: Place, heard: Handed
) -> None:
    ref = place.add("a", Plain, heard)
    hub = place.system.hub
    hub.subscribe(ref, Kept, durable="old")
    place.publish(1)
    hub.subscribe(ref, Kept, durable="new")
    place.publish(2)
    assert heard == [1, 2]
    assert (place.consumer("old").active, place.consumer("old").lag) == (False, 1)


def test_a_name_is_free_again_when_its_subscriber_is_gone(place: Place, heard: Handed) -> None:
    ref = place.system.subscribe(Kept, lambda e: heard.append(e.number), durable="mine")
    place.settle()
    place.publish(1)
    ref.stop()
    place.settle()
    place.publish(2)
    place.system.subscribe(Kept, lambda e: heard.append(-e.number), durable="mine")
    place.settle()
    assert heard == [1, -2]


def test_without_an_event_log_a_durable_actor_does_not_start() -> None:
    with TestSystem(event_types=[Kept, Aging, Fleeting]) as system:
        with pytest.raises(RingleaderError, match="System\\(event_log="):
            system.start_child(ChildSpec("a", Durable, ([],)))
        with pytest.raises(EventLogError, match="'mine'"):
            system.subscribe(Kept, print, durable="mine")


# --- the registry


def test_a_crash_of_the_registry_loses_nothing_and_repeats_nothing(
    place: Place, heard: Handed
) -> None:
    place.add("a", Durable, heard)
    registry = place.system.ref("/system/registry").cell
    number = 0
    for _ in range(5):
        with place.system.stepper.hold(registry):
            for _ in range(3):
                place.system.publish(Kept(number=number))
                number += 1
            assert registry.current is not None
            registry.inject(registry.current, ValueError("injected"))
        place.settle()
    place.advance(10)
    assert heard == list(range(number))


def test_an_event_whose_envelope_can_not_be_kept_is_refused_and_the_registry_lives(
    place: Place, heard: Handed
) -> None:
    place.add("a", Durable, heard)
    registry = place.system.ref("/system/registry").cell
    launched = registry.launched
    with pytest.raises(RingleaderError, match="surrogate"):
        place.system.publish(Kept(number=1), subject="\ud800", source="/p")
    place.settle()
    place.publish(2, source="/p")
    assert heard == [2]
    assert registry.launched == launched
    assert place.system.hub.passing == {}
    assert place.system.hub.in_log == 0


def test_receipts_count_durable_subscribers(place: Place, heard: Handed) -> None:
    place.add("a", Durable, heard)
    place.add("b", Plain, [])
    publication = place.system.publish(Kept(number=1))
    place.settle()
    receipt = publication.receipt
    assert receipt is not None
    assert (receipt.routing, receipt.deliveries) == (Routing.ROUTED, 2)
    assert receipt.sequence
