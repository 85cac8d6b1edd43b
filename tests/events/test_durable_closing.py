"""Durable consumers that end: what was not begun is handed back, and comes to the successor."""

from __future__ import annotations

import pytest

from ringleader import Actor, Outcome
from tests.events.places import (
    Durable,
    Kept,
    Place,
    Plain,
    Slow,
    Twice,
)

Handed = list[int]


@pytest.fixture
def heard() -> Handed:
    return []


# --- closing


@pytest.mark.parametrize("kind", [Durable, Twice])
def test_what_was_not_begun_when_it_is_deleted_comes_to_its_successor(
    place: Place, heard: Handed, kind: type[Actor]
) -> None:
    ref = place.add("a", kind, heard, shutdown="brutal_kill")
    with place.system.stepper.hold(ref.cell):
        place.publish(1, 2, 3)
        _delete(place, "a")
    assert heard == []
    assert place.found() == []
    info = place.consumer("/a")
    assert (info.in_hand, info.lag, info.active) == (0, 3, False)

    place.add("a", kind, heard)
    assert heard == [1, 2, 3]


def test_what_was_begun_when_it_is_killed_and_deleted_is_set_aside(place: Place) -> None:
    begun: Handed = []
    done: Handed = []
    place.add("a", Slow, begun, done, 1.0, shutdown="brutal_kill")
    one, _ = place.publish(1, 2)
    assert begun == [1]
    _delete(place, "a")

    place.add("a", Slow, begun, done, 1.0)
    place.advance(10)

    assert (begun, done) == ([1, 2], [2])
    assert [x.event_id for x in place.found()] == [one]


def test_a_temporary_consumer_that_crashes_leaves_what_it_had_not_begun(
    place: Place, heard: Handed
) -> None:
    place.add("a", Durable, heard, {1}, restart="temporary")
    place.publish(1, 2, 3)
    assert heard == [1]
    place.add("a", Durable, heard)
    assert heard == [1, 2, 3]
    assert [x.reason for x in place.found()] == [Outcome.FAILED]


def test_a_full_mailbox_delays_a_durable_consumer_and_costs_it_nothing(
    place: Place, heard: Handed
) -> None:
    class Narrow(Twice):
        mailbox_capacity = 2

    ref = place.add("a", Narrow, heard)
    with place.system.stepper.hold(ref.cell):
        place.publish(*range(10))
    place.advance(10)
    assert heard == list(range(10))
    assert place.found() == []


def test_an_end_of_a_subscription_keeps_the_place_in_the_log(place: Place, heard: Handed) -> None:
    ref = place.add("a", Plain, heard)
    hub = place.system.hub
    hub.unsubscribe(ref, Kept)
    hub.subscribe(ref, Kept, durable="mine")
    place.publish(1)
    assert hub.unsubscribe(ref, Kept)
    place.publish(2, 3)
    assert heard == [1]
    hub.subscribe(ref, Kept, durable="mine")
    place.publish(4)
    assert heard == [1, 2, 3, 4]


def _delete(place: Place, name: str) -> None:
    top = place.system._top
    top.terminate_child(name)
    top.delete_child(name)
    place.settle()
