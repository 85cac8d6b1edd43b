"""Who is ill is told of, and ended when it is unhealthy for too long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pykka
import pytest

from ringleader import Actor, ChildSpec, Event, System, handles
from ringleader.actors.care import HealthCheck
from ringleader.actors.errors import Unhealthy
from ringleader.actors.events import (
    CoordinatorHealthDegraded,
    CoordinatorHealthy,
    CoordinatorHeartbeat,
    CoordinatorShutdown,
    CoordinatorUnhealthy,
)
from ringleader.actors.health import Health
from ringleader.actors.topics import ALL
from ringleader.supervisors.supervisor import Supervisor
from ringleader.testing import TestSystem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.actors.events.base import Envelope
    from ringleader.actors.ref import Ref
    from ringleader.supervisors.spec import Restart

pytestmark = pytest.mark.usefixtures("quiet")

CHECK = HealthCheck(interval=10.0, timeout=2.0, grace=0.0)


class Patient(Actor):
    """Says of its health what it is told to say."""

    def __init__(self, says: list[Any]) -> None:
        super().__init__()
        self.says = says

    @handles(str)
    def hear(self, _: str) -> None:
        pass

    def health(self) -> Any:
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(said, Exception):
            raise said
        return said


class SlowPatient(Actor):
    """Takes its time for an answer."""

    def __init__(self, seconds: list[float]) -> None:
        super().__init__()
        self.seconds = seconds

    async def health(self) -> bool:
        await self.sleep(self.seconds.pop(0) if len(self.seconds) > 1 else self.seconds[0])
        return True


@pytest.fixture
def system() -> Iterator[TestSystem]:
    with TestSystem(intensity=100) as system:
        yield system


def listen(system: System) -> list[tuple[Event, str | None]]:
    """Return a list that gets the events about coordinators, each with its subject."""
    heard: list[tuple[Event, str | None]] = []

    def tap(event: Event, envelope: Envelope) -> None:
        if event.EVENT.name.startswith("COORDINATOR_"):
            heard.append((event, envelope.subject))

    system.hub.taps.append(tap)
    return heard


def kinds(heard: list[tuple[Event, str | None]]) -> list[type[Event]]:
    return [type(event) for event, _ in heard if not isinstance(event, CoordinatorHeartbeat)]


def patient(
    system: System, *says: Any, check: HealthCheck = CHECK, restart: Restart = "permanent"
) -> Ref[Any]:
    spec = ChildSpec("patient", Patient, (list(says),), health=check, restart=restart)
    return system.start_child(spec)


def causes(system: System) -> list[str]:
    return [death.cause for death in system.deaths.all()]


def test_a_healthy_coordinator_says_so_once_and_beats_at_each_poll(system: TestSystem) -> None:
    heard = listen(system)
    ref = patient(system, "ok")
    ref.tell("a")

    system.advance(35.0)

    beats = [event for event, _ in heard if isinstance(event, CoordinatorHeartbeat)]
    assert len(beats) == 3
    assert beats[0] == CoordinatorHeartbeat(
        coordinator_name="patient", health_score=1.0, active_handlers=0, events_processed=1
    )
    assert [event for event, _ in heard if not isinstance(event, CoordinatorHeartbeat)] == [
        CoordinatorHealthy(
            coordinator_name="patient", health_score=1.0, uptime_seconds=10.0, subscribed=False
        )
    ]
    assert {subject for _, subject in heard} == {"/patient"}


def test_a_degraded_actor_is_told_of_once_and_lives(system: TestSystem) -> None:
    heard = listen(system)
    patient(system, "ok", "degraded: the disk is slow", "degraded", "ok")

    system.advance(45.0)

    assert kinds(heard) == [CoordinatorHealthy, CoordinatorHealthDegraded, CoordinatorHealthy]
    degraded = next(e for e, _ in heard if isinstance(e, CoordinatorHealthDegraded))
    assert (degraded.reason, degraded.health_score) == ("the disk is slow", 0.5)
    assert system.deaths.all() == []


def test_an_unhealthy_actor_is_ended_and_comes_back(system: TestSystem) -> None:
    heard = listen(system)
    ref = patient(system, {"healthy": False, "message": "no disk"})

    system.advance(11.0)

    assert kinds(heard) == [CoordinatorUnhealthy]
    (death,) = system.deaths.all()
    assert isinstance(death.report.reason, Unhealthy)
    assert death.report.reason.health == Health("unhealthy", "no disk")
    assert ref.cell.current is not None
    assert ref.cell.current.number == 2
    assert system.dead_letters.letters() == []  # between two messages, so none was in hand


def test_as_many_bad_answers_as_the_check_says_must_come_in_a_row(system: TestSystem) -> None:
    check = HealthCheck(interval=10.0, timeout=2.0, grace=0.0, failures=3)
    heard = listen(system)
    patient(system, "failed", "failed", "ok", "failed", "failed", "failed", check=check)

    system.advance(51.0)
    assert system.deaths.all() == []
    assert kinds(heard) == [CoordinatorUnhealthy, CoordinatorHealthy, CoordinatorUnhealthy]

    system.advance(10.0)
    assert len(system.deaths.all()) == 1
    assert kinds(heard)[3:] == []


def test_within_the_grace_bad_answers_mean_nothing(system: TestSystem) -> None:
    check = HealthCheck(interval=10.0, timeout=2.0, grace=25.0)
    heard = listen(system)
    patient(system, "failed", "failed", "ok", check=check)

    system.advance(31.0)

    assert kinds(heard) == [CoordinatorHealthy]
    assert system.deaths.all() == []


def test_a_health_that_raises_is_unhealthy(system: TestSystem) -> None:
    heard = listen(system)
    patient(system, ValueError("no disk"))

    system.advance(11.0)

    assert causes(system) == ["Unhealthy: health() raised ValueError: no disk"]
    (unhealthy,) = [e for e, _ in heard if isinstance(e, CoordinatorUnhealthy)]
    assert unhealthy.error == "ValueError: no disk"


def test_a_coroutine_is_awaited(system: TestSystem) -> None:
    heard = listen(system)
    system.start_child(ChildSpec("slow", SlowPatient, ([1.9],), health=CHECK))

    system.advance(12.0)

    assert kinds(heard) == [CoordinatorHealthy]


def test_an_answer_that_does_not_come_in_time_is_an_unhealthy_one(system: TestSystem) -> None:
    heard = listen(system)
    system.start_child(ChildSpec("slow", SlowPatient, ([2.1],), health=CHECK))

    system.advance(12.5)

    (death,) = system.deaths.all()
    assert death.cause == "Unhealthy: health() has not answered for 2 s"
    assert "in health" in death.report.stack
    assert kinds(heard) == [CoordinatorUnhealthy]


def test_an_answer_that_comes_too_late_is_void(system: TestSystem) -> None:
    check = HealthCheck(interval=10.0, timeout=2.0, grace=0.0, failures=2)
    heard = listen(system)
    system.start_child(ChildSpec("slow", SlowPatient, ([3.0, 0.0],), health=check))

    system.advance(15.0)
    assert heard[0][0] == CoordinatorUnhealthy(
        coordinator_name="slow",
        reason="health() has not answered for 2 s",
        health_score=0.0,
    )
    assert len(heard) == 1

    system.advance(10.0)
    assert kinds(heard) == [CoordinatorUnhealthy, CoordinatorHealthy]


def test_who_still_does_not_answer_at_the_next_poll_is_not_asked_again_and_fails_again(
    system: TestSystem,
) -> None:
    check = HealthCheck(interval=10.0, timeout=2.0, grace=0.0, failures=2)
    system.start_child(ChildSpec("slow", SlowPatient, ([1e6],), health=check))

    system.advance(19.0)
    assert causes(system) == []

    system.advance(2.0)
    assert causes(system) == ["Unhealthy: health() has not answered for 10 s"]


def test_the_question_overtakes_messages_but_not_the_one_in_hand(system: TestSystem) -> None:
    said: list[str] = []

    class Busy(Actor):
        @handles(int)
        def work(self, number: int) -> None:
            said.append(f"work {number}")

        def health(self) -> None:
            said.append("health")

    spec = ChildSpec("busy", Busy, health=CHECK)
    ref = system.start_child(spec)
    system.advance(9.0)
    with system.stepper.hold(ref.cell):
        ref.tell(1)
        system.advance(1.5)
        assert said == []
    system.run()

    assert said == ["health", "work 1"]


def test_who_stops_in_order_says_so_and_who_crashes_does_not(system: TestSystem) -> None:
    heard = listen(system)
    patient(system, "ok", restart="temporary").stop()
    system.run()
    assert heard == [(CoordinatorShutdown(coordinator_name="patient", reason="normal"), "/patient")]

    ref = patient(system, "ok", restart="temporary")
    assert ref.cell.current is not None
    ref.cell.kill(ref.cell.current)
    system.run()
    assert len(heard) == 1


def test_coordinators_that_stop_with_the_system_say_so() -> None:
    with TestSystem() as system:
        heard = listen(system)
        patient(system, "ok")
        system.run()

    assert kinds(heard) == [CoordinatorShutdown]


def test_an_unchanged_pykka_actor_that_answers_is_well(system: TestSystem) -> None:
    class Old(pykka.ThreadingActor):
        pass

    heard = listen(system)
    system.start_child(ChildSpec("old", Old, health=CHECK))

    system.advance(11.0)

    assert kinds(heard) == [CoordinatorHealthy]


def test_a_supervisor_is_not_polled(system: TestSystem) -> None:
    heard = listen(system)
    system.start_child(ChildSpec("family", Supervisor, health=CHECK))

    system.advance(100.0)

    assert heard == []


def test_nobody_is_a_coordinator_by_its_class_alone(system: TestSystem) -> None:
    heard = listen(system)
    system.start_child(ChildSpec("patient", Patient, ([False],)))

    system.advance(100.0)

    assert heard == []


def test_the_events_reach_those_who_subscribe(system: TestSystem) -> None:
    names: list[str] = []
    system.subscribe(ALL, lambda event: names.append(event.EVENT.name))
    patient(system, "ok")

    system.advance(11.0)

    assert {"COORDINATOR_HEALTHY", "COORDINATOR_HEARTBEAT"} <= set(names)
