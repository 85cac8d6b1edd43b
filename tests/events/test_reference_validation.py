"""What the reference system's tests of validation promise, in our terms, numbered as there."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from ringleader import ALL, Event
from ringleader.actors.events import (
    UnknownEvent,
    UnknownEventTypeError,
)
from ringleader.actors.options import EventOptions
from ringleader.config import load
from tests.events.places import TYPES, Kept, Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.topics import Topic

Number = int


def note(place: Place, topic: Topic | str = Kept, **more: Any) -> list[Event]:
    """Let a function note what it hears."""
    heard: list[Event] = []
    place.system.subscribe(topic, heard.append, **more)
    place.settle()
    return heard


def ours(events: list[Event]) -> list[type[Event]]:
    """Return the types of events that the tests have published."""
    return [type(e) for e in events if isinstance(e, TYPES)]


# --- 14 to 16: validation


def test_strict_validation_refuses_an_unknown_name_and_names_the_nearest(place: Place) -> None:
    """14."""
    with pytest.raises(UnknownEventTypeError, match="TRAINING_COMPLETED"):
        place.system.publish("TRAINING_COMPLETD", {})


def test_lenient_validation_warns_once_and_counts(
    place_with: Callable[..., Place], caplog: pytest.LogCaptureFixture
) -> None:
    """15."""
    place = place_with(events=EventOptions(validation_strict=False))
    heard = note(place, ALL)
    for _ in range(3):
        place.system.publish("NO_SUCH_THING", {"a": 1})
    place.settle()
    assert [e for e in heard if isinstance(e, UnknownEvent)] == [
        UnknownEvent(type="NO_SUCH_THING", fields={"a": 1})
    ] * 3
    assert place.system.hub.statistics().unknown == {"NO_SUCH_THING": 3}
    warnings = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert len([r for r in warnings if "NO_SUCH_THING" in r.getMessage()]) == 1


def test_the_environment_s_switches_are_obeyed() -> None:
    """16."""
    settings = load(
        environment={
            "RINGRIFT_EVENT_VALIDATION_STRICT": "false",
            "RINGRIFT_EVENT_HANDLER_TIMEOUT": "30",
            "RINGRIFT_EVENT_DEDUP_WINDOW_SECS": "5",
            "RINGRIFT_CROSS_PROCESS_RETENTION_HOURS": "2",
            "COORDINATOR_CROSS_PROCESS_POLL_INTERVAL": "9",
            "RINGRIFT_DISABLE_DLQ_REPLAY": "1",
            "RINGRIFT_FAIL_ON_SUBSCRIPTION_FAILURE": "0",
        }
    ).settings
    events = settings.events
    assert not events.validation_strict
    assert (events.handler_timeout, events.dedup_window, events.poll_interval) == (30, 5, 9)
    assert events.on_missing_subscription == "warn"
    assert settings.event_log.retention == 7200
    assert not settings.dead_letters.replay
