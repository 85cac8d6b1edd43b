"""What one can subscribe to, and what is refused in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ringleader import (
    ALL,
    Actor,
    ChildSpec,
    Event,
    EventCategory,
    EventType,
    HandlerError,
    handles,
)
from ringleader.actors.topics import breadth, check_timeout, check_topic, condition, wants
from ringleader.testing import TestSystem

if TYPE_CHECKING:
    from collections.abc import Iterator


class Said(Event, frozen=True, kw_only=True):
    EVENT: ClassVar[EventType] = EventType.custom("SAID")

    who: str
    number: int = 0


class Shouted(Said, frozen=True, kw_only=True):
    EVENT: ClassVar[EventType] = EventType.custom("SHOUTED")


class Deaf(Actor):
    """Wants nothing by itself."""


@pytest.fixture
def system() -> Iterator[TestSystem]:
    with TestSystem(event_types=(Said, Shouted)) as system:
        yield system


NO_TOPICS = [Said(who="a"), None, int, [Said], 7, {Said: 1}, object()]
NO_TIMES = ["30", -1, 0, 0.0, float("nan"), float("inf"), True, [1]]


async def soon(event: Said) -> bool:
    return bool(event.number)


NO_CONDITIONS = [{"who": [1]}, {"who": {"a": 1}}, soon, 5, "who"]


def test_a_type_is_wanted_by_itself_its_bases_its_category_and_all() -> None:
    assert wants(Said, Shouted)
    assert not wants(Shouted, Said)
    assert wants(Said.EVENT.category, Shouted)
    assert not wants(EventCategory.HEALTH, Said) or Said.EVENT.category is EventCategory.HEALTH
    assert wants(ALL, Said)


def test_the_narrowest_topic_is_the_type_then_its_bases_its_category_and_all() -> None:
    topics: list[Any] = [ALL, Event, Said.EVENT.category, Said, Shouted]

    assert sorted(topics, key=lambda topic: breadth(topic, Shouted)) == [
        Shouted,
        Said,
        Event,
        Said.EVENT.category,
        ALL,
    ]


@pytest.mark.parametrize("topic", [ALL, EventCategory.HEALTH, Event, Said])
def test_topics_are_taken(topic: object) -> None:
    check_topic(topic, "somebody")


@pytest.mark.parametrize("timeout", [None, 1, 0.001, 3_600.0])
def test_times_are_taken(timeout: object) -> None:
    check_timeout(timeout, "somebody")


@pytest.mark.parametrize("topic", NO_TOPICS)
def test_what_is_no_topic_is_refused_in_words(system: TestSystem, topic: Any) -> None:
    ref = system.start_child(ChildSpec("deaf", Deaf))
    words = r"subscription of .*no topic; it can be an event type, a category, or ALL"

    with pytest.raises(HandlerError, match=words):
        system.subscribe(topic, print)
    with pytest.raises(HandlerError, match=words):
        system.hub.subscribe(ref, topic)
    nobody_is_harmed(system)


@pytest.mark.parametrize("timeout", NO_TIMES)
def test_what_is_no_time_is_refused_in_words(system: TestSystem, timeout: Any) -> None:
    ref = system.start_child(ChildSpec("deaf", Deaf))

    with pytest.raises(HandlerError, match=r"subscription of .*timeout=.*seconds above 0"):
        system.subscribe(Said, print, timeout=timeout)
    with pytest.raises(HandlerError, match=r"subscription of .*timeout=.*seconds above 0"):
        system.hub.subscribe(ref, Said, timeout=timeout)
    with pytest.raises(HandlerError, match=r"@handles.*timeout=.*seconds above 0"):
        handles(Said, timeout=timeout)
    nobody_is_harmed(system)


@pytest.mark.parametrize("topic", [Said, ALL])
@pytest.mark.parametrize("where", NO_CONDITIONS)
def test_what_is_no_condition_is_refused_in_words(
    system: TestSystem, topic: Any, where: Any
) -> None:
    ref = system.start_child(ChildSpec("deaf", Deaf))
    words = r"subscription of .*where.*(is no condition|can't be compared so.*use a function)"

    with pytest.raises(HandlerError, match=words):
        system.subscribe(topic, print, where=where)
    with pytest.raises(HandlerError, match=words):
        system.hub.subscribe(ref, topic, where=where)
    nobody_is_harmed(system)


def test_a_field_that_the_type_has_not_is_refused_with_the_nearest(system: TestSystem) -> None:
    with pytest.raises(HandlerError, match=r"Said has no field 'whom'; did you mean who\?"):
        system.subscribe(Said, print, where={"whom": "a"})


def test_a_condition_is_fields_with_one_value_or_one_of_several_or_a_function() -> None:
    several = condition(Said, {"who": {"a", "b"}, "number": 1}, "somebody")
    assert several is not None
    assert several(Said(who="a", number=1))
    assert not several(Said(who="a"))
    assert not several(Said(who="c", number=1))

    function = condition(Said, lambda event: event.number > 1, "somebody")
    assert function is not None
    assert function(Said(who="a", number=2))
    assert condition(Said, None, "somebody") is None


def test_an_event_without_the_field_is_not_of_a_condition_on_every_event() -> None:
    only_a = condition(ALL, {"who": "a"}, "somebody")
    assert only_a is not None
    assert not only_a(Event())


def nobody_is_harmed(system: TestSystem) -> None:
    heard: list[Said] = []
    system.subscribe(Said, heard.append)
    published = system.publish(Said(who="a"))
    system.run()

    assert heard == [published.event]
    assert system.deaths.all() == []
    assert system.hub.statistics().subscriptions == 1
