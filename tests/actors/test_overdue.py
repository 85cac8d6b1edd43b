"""Which handlers take too long, as a function of looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from ringleader import Envelope
from ringleader.actors.overdue import Overdue

if TYPE_CHECKING:
    from ringleader.actors.cell import Cell


class Place:
    """All that a look sees of a cell."""

    def __init__(self) -> None:
        self.envelope: Envelope | None = None


def event(number: int) -> Envelope:
    return Envelope(id=str(number), source="/a", type="training_completed", time=0.0)


def look(overdue: Overdue, place: Place, now: float) -> list[Any]:
    return [late.envelope for late in overdue.look([cast("Cell", place)], now)]


def test_a_handler_is_late_once_it_was_seen_at_one_event_for_the_whole_time() -> None:
    overdue, place = Overdue(10.0), Place()
    place.envelope = first = event(1)

    assert [look(overdue, place, now) for now in (0.0, 5.0, 9.9)] == [[], [], []]
    assert look(overdue, place, 10.0) == [first]


def test_who_is_at_another_event_at_each_look_is_never_late() -> None:
    overdue, place = Overdue(10.0), Place()

    for number in range(50):
        place.envelope = event(number)
        assert look(overdue, place, float(number)) == []


def test_who_was_idle_in_between_begins_anew() -> None:
    overdue, place = Overdue(10.0), Place()
    envelope = event(1)
    for now, at in ((0.0, envelope), (6.0, None), (7.0, envelope), (16.0, envelope)):
        place.envelope = at
        assert look(overdue, place, now) == []


@pytest.mark.parametrize(("timeout", "interval"), [(600.0, 5.0), (10.0, 1.0), (0.1, 0.01)])
def test_looks_are_a_tenth_of_the_timeout_apart_and_five_seconds_at_most(
    timeout: float, interval: float
) -> None:
    assert Overdue(timeout).interval == pytest.approx(interval)
