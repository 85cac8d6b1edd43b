"""Who hangs is ended, who is ill is told of and ended, and too many stuck threads end the system."""

from __future__ import annotations

from threading import Event as ThreadEvent
from typing import TYPE_CHECKING, Any

import pykka
import pytest

from ringleader import Actor, ChildSpec, Event, Outcome, System, handles
from ringleader.actors.care import HealthCheck
from ringleader.actors.dispatch import Pool
from ringleader.actors.errors import Hung, TooManyStuckThreads, Unhealthy
from ringleader.actors.events import (
    CoordinatorHealthDegraded,
    CoordinatorHealthy,
    CoordinatorHeartbeat,
    CoordinatorShutdown,
    CoordinatorUnhealthy,
)
from ringleader.actors.health import Health
from ringleader.actors.options import ActorOptions
from ringleader.actors.routing import ALL
from ringleader.supervisors.supervisor import Supervisor
from ringleader.testing import TestSystem
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.actors.events.base import Envelope
    from ringleader.actors.ref import Ref
    from ringleader.supervisors.spec import Restart

pytestmark = pytest.mark.usefixtures("quiet")

CHECK = HealthCheck(interval=10.0, timeout=2.0, grace=0.0)


class Sleeper(Actor):
    """Sleeps for as long as it is told to."""

    def __init__(self, done: list[float] | None = None) -> None:
        super().__init__()
        self.done: list[float] = [] if done is None else done

    @handles(float)
    async def nap(self, seconds: float) -> None:
        await self.doze(seconds)
        self.done.append(seconds)

    async def doze(self, seconds: float) -> None:
        await self.sleep(seconds)


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


class SlowPatient(Sleeper):
    """Takes its time for an answer."""

    def __init__(self, seconds: list[float]) -> None:
        super().__init__()
        self.seconds = seconds

    async def health(self) -> bool:
        await self.sleep(self.seconds.pop(0) if len(self.seconds) > 1 else self.seconds[0])
        return True


class Stuck(Actor):
    """Waits for an event of the test."""

    @handles(ThreadEvent)
    def wait(self, event: ThreadEvent) -> None:
        event.wait(30)

    @handles(str)
    def answer(self, question: str) -> str:
        return question


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


def sleeper(system: System, deadline: float | None = 10.0, **kwargs: Any) -> Ref[Any]:
    return system.start_child(ChildSpec("s", Sleeper, progress_deadline=deadline, **kwargs))


def patient(
    system: System, *says: Any, check: HealthCheck = CHECK, restart: Restart = "permanent"
) -> Ref[Any]:
    spec = ChildSpec("patient", Patient, (list(says),), health=check, restart=restart)
    return system.start_child(spec)


def causes(system: System) -> list[str]:
    return [death.cause for death in system.deaths.all()]


# -------------------------------------------------------------------------- hangs


def test_who_is_at_one_message_for_the_whole_deadline_dies_by_hang(system: TestSystem) -> None:
    ref = sleeper(system)
    ref.tell(1_000.0)

    system.advance(9.9)
    assert system.deaths.all() == []

    system.advance(2.6)
    (death,) = system.deaths.all()
    assert isinstance(death.report.reason, Hung)
    assert 10.0 <= death.report.reason.seconds <= 12.5
    assert death.report.in_hand == 1_000.0
    assert ref.is_alive()
    assert [letter.reason for letter in system.dead_letters.letters()] == [Outcome.INTERRUPTED]


def test_a_hung_coroutine_s_report_says_where_it_waits(system: TestSystem) -> None:
    sleeper(system).tell(1_000.0)

    system.advance(15.0)

    stack = system.deaths.all()[0].report.stack
    assert [name in stack for name in ("in nap", "in doze", "in sleep")] == [True] * 3
    assert "turns.py" not in stack


def test_what_waits_behind_a_hung_message_goes_to_the_next_life(system: TestSystem) -> None:
    done: list[float] = []
    ref = sleeper(system, args=(done,))
    ref.tell(1_000.0)
    ref.tell(1.0)

    system.advance(15.0)

    assert done == [1.0]


def test_who_ends_a_message_now_and_then_does_not_hang(system: TestSystem) -> None:
    ref = sleeper(system, args=(done := [],))
    for _ in range(20):
        ref.tell(9.0)

    system.advance(200.0)

    assert len(done) == 20
    assert system.deaths.all() == []


def test_who_has_nothing_to_do_does_not_hang(system: TestSystem) -> None:
    sleeper(system)

    system.advance(1_000.0)

    assert system.deaths.all() == []


def test_nothing_is_watched_by_default_and_watching_nobody_takes_no_timer(
    system: TestSystem,
) -> None:
    ref = sleeper(system, deadline=None)
    ref.tell(50.0)
    system.run()
    assert system.statistics().watched == 0

    system.advance(49.0)  # the sleeper's own timer is the only one
    assert system.manual.next_time() == 50.0


def test_who_has_ended_is_watched_no_more(system: TestSystem) -> None:
    ref = sleeper(system, restart="temporary")
    system.run()
    assert system.statistics().watched == 1

    ref.stop()
    system.run()

    assert system.statistics().watched == 0
    system.advance(10.0)
    assert system.manual.next_time() is None


def test_many_restarts_leave_nothing_behind_in_the_vigil(system: TestSystem) -> None:
    ref = patient(system, True, check=HealthCheck(interval=1e6))
    for _ in range(50):
        current = ref.cell.current
        assert current is not None
        ref.cell.kill(current)
        system.advance(1.0)

    assert system.statistics().watched == 1


def test_the_vigil_goes_on_after_its_own_crash(system: TestSystem) -> None:
    vigil = system.ref("/system/vigil").cell
    sleeper(system).tell(1_000.0)
    system.run()
    assert vigil.current is not None

    vigil.inject(vigil.current, ValueError("bad luck"))
    system.advance(15.0)

    assert "Hung: hung: it was at one message for 10 s" in causes(system)


def test_a_hung_thread_is_given_up_replaced_and_its_stack_reported() -> None:
    release, answers = ThreadEvent(), list[str]()
    with System(actors=ActorOptions(pool_workers=1)) as system:
        ref = system.start_child(ChildSpec("stuck", Stuck, progress_deadline=0.05))
        ref.tell(release)
        probe(system.deaths.all)
        answers.append(ref.ask("here?", timeout=5))

        (death,) = system.deaths.all()
        assert isinstance(death.report.reason, Hung)
        assert death.report.in_hand is release
        assert "event.wait(30)" in death.report.stack
        assert "_work" not in death.report.stack
        assert system.statistics().stuck_threads == 1

        release.set()
        probe(lambda: system.statistics().stuck_threads == 0)
    assert answers == ["here?"]


def test_work_that_waits_for_a_free_worker_is_no_hang() -> None:
    release = ThreadEvent()
    with System(actors=ActorOptions(pool_workers=1)) as system:
        pool = system.context.dispatcher("pool", "")
        assert isinstance(pool, Pool)
        pool._limit = 1  # nobody takes over
        culprit = system.start_child(ChildSpec("culprit", Stuck))
        waiting = system.start_child(ChildSpec("waiting", Stuck, progress_deadline=0.05))
        culprit.tell(release)
        probe(lambda: culprit.cell.in_turn)
        reply = waiting.ask("here?", block=False)
        vigil = system.ref("/system/vigil").cell
        looks = vigil.mailbox.read
        probe(lambda: vigil.mailbox.read > looks + 5)
        assert system.deaths.all() == []
        release.set()
        assert reply.get(timeout=5) == "here?"


def test_who_waits_on_an_event_loop_that_another_blocks_does_not_hang() -> None:
    release = ThreadEvent()

    class Blocker(Actor):
        @handles(ThreadEvent)
        async def block(self, event: ThreadEvent) -> None:
            event.wait(30)  # what async code must not do

    class Waiter(Actor):
        @handles(float)
        async def nap(self, seconds: float) -> None:
            await self.sleep(seconds)

    with System() as system:
        waiter = system.start_child(ChildSpec("waiter", Waiter, progress_deadline=0.1))
        blocker = system.start_child(ChildSpec("blocker", Blocker, progress_deadline=0.1))
        waiter.tell(0.01)
        blocker.tell(release)
        probe(system.deaths.all)
        (death,) = system.deaths.all()
        release.set()
        probe(lambda: not waiter.cell.in_turn)

    assert death.path == "/blocker"
    assert "event.wait(30)" in death.report.stack


# -------------------------------------------------------------------------- too many


def test_at_the_cap_of_stuck_threads_the_system_gives_up_and_says_why() -> None:
    release = ThreadEvent()
    with System(actors=ActorOptions(max_stuck_threads=2), intensity=100) as system:
        refs = [
            system.start_child(ChildSpec(f"s{n}", Stuck, progress_deadline=0.05)) for n in range(2)
        ]
        for ref in refs:
            ref.tell(release)

        assert system.wait(10)
        assert system.gave_up
        assert isinstance(system.reason, TooManyStuckThreads)
        assert (system.reason.count, system.reason.limit) == (2, 2)
        assert "2 threads hang" in str(system.reason)
        release.set()


def test_threads_that_come_back_at_once_are_not_too_many(system: TestSystem) -> None:
    context = system.context
    context.abandoned |= set(range(1, 65))

    context.check_stuck()
    system.advance(0.9)
    context.abandoned.clear()
    system.advance(10.0)

    assert not system.gave_up
    assert system.manual.next_time() is None


def test_threads_that_hang_for_a_second_end_the_system_in_order(system: TestSystem) -> None:
    stopped: list[str] = []

    class Orderly(Actor):
        def on_stop(self) -> None:
            stopped.append(self.path)

    system.start_child(ChildSpec("orderly", Orderly))
    system.context.abandoned |= set(range(1, 65))

    system.context.check_stuck()
    system.advance(1.0)

    assert system.gave_up
    assert isinstance(system.reason, TooManyStuckThreads)
    assert stopped == ["/orderly"]


# -------------------------------------------------------------------------- health


def test_a_healthy_coordinator_says_so_once_and_beats_at_each_poll(system: TestSystem) -> None:
    heard = listen(system)
    ref = patient(system, True)
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
    patient(system, True, "degraded: the disk is slow", "degraded", True)

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
    patient(system, False, False, True, False, False, False, check=check)

    system.advance(51.0)
    assert system.deaths.all() == []
    assert kinds(heard) == [CoordinatorUnhealthy, CoordinatorHealthy, CoordinatorUnhealthy]

    system.advance(10.0)
    assert len(system.deaths.all()) == 1
    assert kinds(heard)[3:] == []


def test_within_the_grace_bad_answers_mean_nothing(system: TestSystem) -> None:
    check = HealthCheck(interval=10.0, timeout=2.0, grace=25.0)
    heard = listen(system)
    patient(system, False, False, True, check=check)

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
    patient(system, True, restart="temporary").stop()
    system.run()
    assert heard == [
        (CoordinatorShutdown(coordinator_name="patient", reason="normal"), "/patient")
    ]

    ref = patient(system, True, restart="temporary")
    assert ref.cell.current is not None
    ref.cell.kill(ref.cell.current)
    system.run()
    assert len(heard) == 1


def test_coordinators_that_stop_with_the_system_say_so() -> None:
    with TestSystem() as system:
        heard = listen(system)
        patient(system, True)
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
    patient(system, True)

    system.advance(11.0)

    assert {"COORDINATOR_HEALTHY", "COORDINATOR_HEARTBEAT"} <= set(names)
