"""Behaviour 28: what the world hears of handlers that fail or take too long."""

from __future__ import annotations

from threading import Event as ThreadEvent
from typing import TYPE_CHECKING, Any

import pytest

from ringleader import Actor, ChildSpec, Event, Outcome, System, handles
from ringleader.actors.events import (
    CoordinatorHealthDegraded,
    HandlerFailed,
    HandlerTimeout,
    TrainingCompleted,
)
from ringleader.actors.options import EventOptions
from ringleader.actors.overdue import HandlerTimedOut
from ringleader.testing import TestSystem
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.actors.events.base import Envelope

pytestmark = pytest.mark.usefixtures("quiet")


class Fragile(Actor):
    """Fails at what is named so, and sleeps at what is named so."""

    @handles(TrainingCompleted)
    async def train(self, event: TrainingCompleted) -> None:
        if "bad" in str(event.model_path):
            raise ValueError(event.model_path)
        if "slow" in str(event.model_path):
            await self.sleep(1e6)


class Complainer(Actor):
    """Fails at the news of a failure."""

    @handles(HandlerFailed)
    def hear(self, event: HandlerFailed) -> None:
        raise ValueError(event.error)


class Steady(Actor):
    """May try again what failed."""

    @handles(TrainingCompleted, idempotent=True)
    def train(self, event: TrainingCompleted) -> None:
        raise ValueError(event.model_path)


@pytest.fixture
def system() -> Iterator[TestSystem]:
    with TestSystem(intensity=100, events=EventOptions(handler_timeout=10.0)) as system:
        yield system


def listen(system: System) -> list[tuple[Event, Envelope]]:
    heard: list[tuple[Event, Envelope]] = []

    def tap(event: Event, envelope: Envelope) -> None:
        if not isinstance(event, TrainingCompleted) and "DAEMON" not in event.EVENT.name:
            heard.append((event, envelope))

    system.hub.taps.append(tap)
    return heard


def publish(system: TestSystem, *paths: str) -> None:
    for path in paths:
        system.publish(TrainingCompleted(config_key="hex8_2p", model_path=path))
        system.advance(20.0 if path.startswith("slow") else 0.0)


def names(heard: list[tuple[Event, Any]]) -> list[str]:
    return [event.EVENT.name for event, _ in heard]


def test_a_handler_that_raises_is_told_of_in_the_name_of_its_actor(system: TestSystem) -> None:
    heard = listen(system)
    system.start_child(ChildSpec("fragile", Fragile))
    publish(system, "bad")

    ((event, envelope),) = heard
    assert event == HandlerFailed(
        handler_name="/fragile",
        event_type="TRAINING_COMPLETED",
        error="ValueError: bad",
        coordinator="fragile",
        event_id=envelope.causationid,
        duration_seconds=0.0,
    )
    assert (envelope.source, envelope.subject, envelope.depth) == ("/fragile", "/fragile", 1)
    assert envelope.causationid is not None


def test_a_handler_that_takes_too_long_is_told_of_with_its_stack_in_the_report(
    system: TestSystem,
) -> None:
    heard = listen(system)
    system.start_child(ChildSpec("fragile", Fragile))
    publish(system, "slow")

    assert names(heard) == ["HANDLER_TIMEOUT"]
    (death,) = system.deaths.all()
    assert isinstance(death.report.reason, HandlerTimedOut)
    assert "in train" in death.report.stack
    assert [letter.reason for letter in system.dead_letters.letters()] == [Outcome.TIMED_OUT]


def test_a_thread_that_takes_too_long_at_an_event_is_in_the_report() -> None:
    release = ThreadEvent()

    class Slow(Actor):
        @handles(TrainingCompleted)
        def train(self, _: TrainingCompleted) -> None:
            release.wait(30)

    with System(events=EventOptions(handler_timeout=0.1)) as system:
        system.start_child(ChildSpec("slow", Slow))
        system.publish(TrainingCompleted(config_key="hex8_2p", model_path="m"))
        probe(system.deaths.all)
        assert "release.wait(30)" in system.deaths.all()[0].report.stack
        release.set()


def test_five_failures_in_a_row_degrade_the_health_once(system: TestSystem) -> None:
    heard = listen(system)
    system.start_child(ChildSpec("fragile", Fragile))
    publish(system, *(f"bad{n}" for n in range(4)))
    assert names(heard) == ["HANDLER_FAILED"] * 4

    publish(system, *(f"bad{n}" for n in range(4, 12)))

    (degraded,) = [event for event, _ in heard if isinstance(event, CoordinatorHealthDegraded)]
    assert degraded == CoordinatorHealthDegraded(
        coordinator_name="fragile",
        reason="5 failures in a row at TRAINING_COMPLETED",
        health_score=0.5,
        issues=("ValueError: bad4",),
    )
    assert names(heard).count("HANDLER_FAILED") == 12


def test_success_ends_the_row_and_the_next_one_is_told_too(system: TestSystem) -> None:
    heard = listen(system)
    system.start_child(ChildSpec("fragile", Fragile))

    publish(system, *(f"bad{n}" for n in range(4)), "good", *(f"bad{n}" for n in range(4, 8)))
    assert "COORDINATOR_HEALTH_DEGRADED" not in names(heard)

    publish(system, "bad8", "good1", *(f"bad{n}" for n in range(9, 14)))
    assert names(heard).count("COORDINATOR_HEALTH_DEGRADED") == 2


def test_taking_too_long_counts_as_a_failure(system: TestSystem) -> None:
    heard = listen(system)
    system.start_child(ChildSpec("fragile", Fragile))

    publish(system, "bad0", "slow1", "bad2", "slow3", "slow4")

    assert names(heard).count("COORDINATOR_HEALTH_DEGRADED") == 1


def test_who_fails_at_the_news_of_a_failure_is_not_news(system: TestSystem) -> None:
    heard = listen(system)
    system.start_child(ChildSpec("fragile", Fragile))
    system.start_child(ChildSpec("complainer", Complainer))

    publish(system, *(f"bad{n}" for n in range(5)))

    assert names(heard).count("HANDLER_FAILED") == 5
    assert {e.handler_name for e, _ in heard if isinstance(e, HandlerFailed)} == {"/fragile"}
    assert not any(isinstance(event, HandlerTimeout) for event, _ in heard)


def test_each_try_of_an_idempotent_handler_that_fails_is_told(system: TestSystem) -> None:
    heard = listen(system)
    system.start_child(ChildSpec("steady", Steady))

    publish(system, "bad")

    assert names(heard) == ["HANDLER_FAILED"] * 2
