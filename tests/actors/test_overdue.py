"""Which handlers take too long, as a function of looks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from ringleader import Envelope
from ringleader.actors.events import TrainingCompleted
from ringleader.actors.message import Delivery
from ringleader.actors.overdue import Overdue

if TYPE_CHECKING:
    from ringleader.actors.cell import Cell


class Place:
    """All that a look sees of a cell."""

    def __init__(self) -> None:
        self.delivery: Delivery | None = None


def delivery(timeout: float | None = None) -> Delivery:
    event = TrainingCompleted(config_key="hex8_2p", model_path="m")
    envelope = Envelope(id="1", source="/a", type=event.EVENT.value, time=0.0)
    return Delivery(event, envelope, SimpleNamespace(timeout=timeout))


def look(overdue: Overdue, place: Place, now: float) -> list[Any]:
    return [late.delivery for late in overdue.look([cast("Cell", place)], now)]


def test_a_handler_is_late_once_it_was_seen_at_one_event_for_the_whole_time() -> None:
    overdue, place = Overdue(10.0), Place()
    place.delivery = first = delivery()

    assert [look(overdue, place, now) for now in (0.0, 5.0, 9.9)] == [[], [], []]
    assert look(overdue, place, 10.0) == [first]


def test_who_is_at_another_event_at_each_look_is_never_late() -> None:
    overdue, place = Overdue(10.0), Place()

    for number in range(50):
        place.delivery = delivery()
        assert look(overdue, place, float(number)) == []


def test_who_was_idle_in_between_begins_anew() -> None:
    overdue, place = Overdue(10.0), Place()
    one = delivery()
    for now, at in ((0.0, one), (6.0, None), (7.0, one), (16.0, one)):
        place.delivery = at
        assert look(overdue, place, now) == []


def test_a_handler_may_have_a_time_of_its_own() -> None:
    overdue, place = Overdue(10.0), Place()
    place.delivery = short = delivery(timeout=2.0)
    assert [look(overdue, place, now) for now in (0.0, 2.0)] == [[], [short]]

    place.delivery = delivery(timeout=20.0)
    assert [look(overdue, place, now) for now in (3.0, 18.0)] == [[], []]


@pytest.mark.parametrize(
    ("timeout", "interval"), [(600.0, 5.0), (10.0, 1.0), (0.1, 0.01), (1e-6, 0.01)]
)
def test_looks_are_a_tenth_of_the_timeout_apart_and_between_10_ms_and_five_seconds(
    timeout: float, interval: float
) -> None:
    assert Overdue(timeout).interval() == pytest.approx(interval)


def test_the_shortest_time_of_a_subscription_makes_looks_more_frequent() -> None:
    assert Overdue(600.0).interval(1.0) == pytest.approx(0.1)
    assert Overdue(1.0).interval(600.0) == pytest.approx(0.1)
