"""What the registry knows of an event type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ringleader import Dedup, Event, EventType
from ringleader.actors.events.scales import PressureLevel, Priority
from ringleader.actors.kinds import Kind, key_function

if TYPE_CHECKING:
    from collections.abc import Mapping


class Closed(Event, frozen=True, kw_only=True):
    EVENT: ClassVar[EventType] = EventType.custom("CLOSED", dedup=Dedup.key("who", "what"))

    who: str
    what: Mapping[str, Any]
    why: str = ""


def unchecked(event: Any) -> tuple[Any, bytes]:
    return event, b""


def kind(**fields: Any) -> Kind:
    return Kind(EventType.custom("KIND", **fields), unchecked)


def test_a_type_is_logged_if_it_is_durable_or_goes_to_other_nodes() -> None:
    assert kind(durable=True).is_logged
    assert kind(bridged=True).is_logged
    assert not kind().is_logged


@pytest.mark.parametrize("priority", Priority)
def test_a_type_is_urgent_from_high_priority_on(priority: Priority) -> None:
    assert kind(priority=priority).is_urgent is (priority >= Priority.HIGH)


def test_a_type_says_what_its_publishers_meet_under_pressure() -> None:
    assert kind().verdict(PressureLevel.STOP) == "take"
    assert kind(on_pressure="refuse").verdict(PressureLevel.STOP) == "refuse"
    assert kind(on_pressure="slow").verdict(PressureLevel.SOFT) == "wait"
    low = kind(on_pressure="shed", priority=Priority.LOW)
    assert (low.verdict(PressureLevel.NONE), low.verdict(PressureLevel.SOFT)) == ("take", "shed")


def test_events_told_apart_by_their_ids_have_no_key() -> None:
    assert key_function(EventType.custom("KIND", dedup=Dedup.id())) is None


def test_a_key_of_fields_takes_any_value_and_no_other_fields() -> None:
    key = key_function(Closed.EVENT)
    assert key is not None

    one = key(Closed(who="a", what={"b": [1]}, why="x"), b"1")
    assert one == key(Closed(who="a", what={"b": [1]}, why="y"), b"2")
    assert one != key(Closed(who="a", what={"b": [2]}), b"1")
    hash(one)


def test_equal_payloads_of_two_types_are_two_facts() -> None:
    one, other = (
        key_function(EventType.custom(name, dedup=Dedup.content())) for name in ("ONE", "OTHER")
    )
    assert one is not None
    assert other is not None

    assert one(Event(), b"1") == one(Event(), b"1") != one(Event(), b"2")
    assert one(Event(), b"1") != other(Event(), b"1")
