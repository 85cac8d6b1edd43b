"""Durable consumers in this process: nothing is lost, and nothing comes twice after its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader import Actor, ChildSpec, Outcome
from ringleader.actors.options import EventOptions
from tests.events.places import (
    Durable,
    Kept,
    Place,
    Slow,
    SlowTwice,
    Twice,
)

if TYPE_CHECKING:
    from collections.abc import Callable


Handed = list[int]


@pytest.fixture
def heard() -> Handed:
    return []


# --- goes on where it stopped


@pytest.mark.parametrize("kind", [Durable, Twice])
def test_a_durable_actor_gets_each_event_once_and_in_order(
    place: Place, heard: Handed, kind: type[Actor]
) -> None:
    place.add("a", kind, heard)
    place.publish(*range(10))
    assert heard == list(range(10))
    assert place.outcomes() == {Outcome.HANDLED: 10}
    assert place.consumer("/a").lag == place.consumer("/a").in_hand == 0


@pytest.mark.parametrize("kind", [Durable, Twice])
def test_it_goes_on_over_a_crash_of_the_actor(
    place: Place, heard: Handed, kind: type[Actor]
) -> None:
    ref = place.add("a", kind, heard)
    place.publish(1, 2)
    ref.tell("crash")
    place.publish(3)
    ref.tell("crash")
    place.publish(4)
    assert heard == [1, 2, 3, 4]


@pytest.mark.parametrize("kind", [Durable, Twice])
def test_what_is_published_while_it_is_down_comes_when_it_is_back(
    place: Place, heard: Handed, kind: type[Actor]
) -> None:
    place.add("a", kind, heard)
    place.publish(1)
    top = place.system._top
    top.terminate_child("a")
    place.publish(2, 3)
    assert heard == [1]
    top.restart_child("a")
    place.settle()
    assert heard == [1, 2, 3]


@pytest.mark.parametrize("kind", [Durable, Twice])
def test_it_goes_on_over_a_deletion_and_a_new_start_under_its_path(
    place: Place, heard: Handed, kind: type[Actor]
) -> None:
    place.add("a", kind, heard)
    place.publish(1)
    _delete(place, "a")
    place.publish(2, 3)
    assert not place.consumer("/a").active
    place.add("a", kind, heard)
    place.publish(4)
    assert heard == [1, 2, 3, 4]


@pytest.mark.parametrize("end", ["stop", "kill"])
@pytest.mark.parametrize("kind", [Durable, Twice])
def test_it_goes_on_over_the_end_of_the_node(
    place: Place, heard: Handed, kind: type[Actor], end: str
) -> None:
    place.add("a", kind, heard)
    place.publish(1, 2)
    getattr(place, end)()

    place.start()
    place.publish(3, 4)
    assert heard == [1, 2]
    place.add("a", kind, heard)
    place.publish(5)

    assert heard == [1, 2, 3, 4, 5]
    assert place.found() == []


@pytest.mark.parametrize("end", ["stop", "kill"])
@pytest.mark.parametrize("idempotent", [False, True])
def test_a_function_with_a_durable_name_goes_on_over_the_end_of_the_node(
    place: Place, heard: Handed, end: str, *, idempotent: bool
) -> None:
    def subscribe() -> None:
        place.system.subscribe(
            Kept, lambda e: heard.append(e.number), durable="mine", idempotent=idempotent
        )
        place.settle()

    subscribe()
    place.publish(1, 2)
    getattr(place, end)()
    place.start()
    place.publish(3)
    subscribe()
    place.publish(4)
    assert heard == [1, 2, 3, 4]


def test_a_name_that_the_log_does_not_know_begins_with_what_comes_from_now_on(
    place: Place, heard: Handed
) -> None:
    place.publish(1, 2)
    place.add("a", Durable, heard)
    place.publish(3)
    assert heard == [3]


def test_an_event_published_right_behind_the_subscription_is_not_missed(
    place: Place, heard: Handed
) -> None:
    place.system.start_child(ChildSpec("a", Durable, (heard,)))
    place.system.publish(Kept(number=1))
    place.settle()
    assert heard == [1]


def test_many_lives_lose_nothing_and_repeat_nothing(place: Place, heard: Handed) -> None:
    place.add("a", Durable, heard)
    number = 0
    for life in range(6):
        place.publish(*range(number, number + 3))
        number += 3
        (place.stop, place.kill)[life % 2]()
        place.start()
        place.publish(number)
        number += 1
        place.add("a", Durable, heard)
    assert heard == list(range(number))


# --- what was in hand


def test_what_was_in_hand_when_the_node_was_killed_is_set_aside(place: Place) -> None:
    begun: Handed = []
    done: Handed = []
    place.add("a", Slow, begun, done)
    one, _, _ = place.publish(1, 2, 3)
    assert begun == [1]
    place.kill()

    place.start()
    place.add("a", Slow, begun, done, 1.0)
    place.advance(10)

    assert (begun, done) == ([1, 2, 3], [2, 3])
    (letter,) = place.found()
    assert (letter.event_id, letter.reason, letter.consumer) == (one, Outcome.INTERRUPTED, "/a")


def test_what_was_in_hand_comes_again_to_who_is_idempotent(place: Place) -> None:
    begun: Handed = []
    done: Handed = []
    place.add("a", SlowTwice, begun, done)
    place.publish(1, 2, 3)
    assert begun == [1]
    place.kill()

    place.start()
    place.add("a", SlowTwice, begun, done, 1.0)
    place.advance(10)

    assert (begun, done) == ([1, 1, 2, 3], [1, 2, 3])
    assert place.found() == []


def test_what_kills_its_idempotent_holder_twice_is_poison_and_the_next_one_comes(
    place: Place,
) -> None:
    begun: Handed = []
    done: Handed = []
    place.add("a", SlowTwice, begun, done)
    place.publish(1, 2)
    for _ in range(3):
        place.kill()
        place.start()
        place.add("a", SlowTwice, begun, done)
        place.settle()
    assert begun.count(1) <= 2
    assert 2 in begun


def test_an_idempotent_actor_gets_what_it_crashed_at_once_more_and_then_the_next(
    place: Place, heard: Handed
) -> None:
    place.add("a", Twice, heard, {2})
    _, two, _ = place.publish(1, 2, 3)
    assert heard == [1, 2, 2, 3]
    (letter,) = place.found()
    assert (letter.event_id, letter.reason) == (two, Outcome.FAILED)
    assert place.outcomes() == {Outcome.HANDLED: 2, Outcome.FAILED: 1}


def test_a_crash_at_an_event_makes_one_dead_letter_and_the_next_event_comes(
    place: Place, heard: Handed
) -> None:
    place.add("a", Durable, heard, {2})
    _, two, _ = place.publish(1, 2, 3)

    assert heard == [1, 2, 3]
    (letter,) = place.found()
    assert (letter.event_id, letter.path, letter.consumer) == (two, "/a", "/a")
    assert letter.reason is Outcome.FAILED
    info = place.consumer("/a")
    assert (info.in_hand, info.lag) == (0, 0)
    place.stop()
    place.start()
    place.add("a", Durable, heard)
    assert heard == [1, 2, 3]


def test_an_event_that_failed_is_tried_again_and_the_cursor_stays(
    place: Place, heard: Handed
) -> None:
    fails = {2}
    place.add("a", Durable, heard, fails)
    other: Handed = []
    place.add("b", Durable, other)
    place.publish(1, 2, 3)
    fails.clear()
    (letter,) = place.found()

    assert place.system.dlq.retry(letter.number)
    place.settle()

    assert heard == [1, 2, 3, 2]
    assert other == [1, 2, 3]
    assert place.found()[0].status == "recovered"
    assert (place.consumer("/a").lag, place.consumer("/a").in_hand) == (0, 0)


def test_a_handler_that_takes_too_long_is_ended_and_the_next_event_comes(
    place_with: Callable[..., Place],
) -> None:
    place = place_with(events=EventOptions(handler_timeout=10.0))
    begun: Handed = []
    done: Handed = []
    place.add("a", Slow, begun, done)
    one, two = place.publish(1, 2)
    place.advance(15)
    assert begun == [1, 2]
    place.advance(15)
    letters = place.found()
    assert [(x.event_id, x.reason) for x in letters] == [
        (one, Outcome.TIMED_OUT),
        (two, Outcome.TIMED_OUT),
    ]
    assert place.consumer("/a").in_hand == 0


def _delete(place: Place, name: str) -> None:
    top = place.system._top
    top.terminate_child(name)
    top.delete_child(name)
    place.settle()
