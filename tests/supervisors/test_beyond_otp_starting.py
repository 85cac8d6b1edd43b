"""The actor, beyond OTP: dependencies, starts that fail, and what is told of ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from ringleader.actors.base import Actor
from ringleader.actors.care import HealthCheck
from ringleader.actors.letters import Decision
from ringleader.actors.lifecycle import LATER
from ringleader.supervisors.cascade import CascadeLimits
from ringleader.supervisors.errors import (
    AlreadyStarted,
    BadChildSpec,
    ChildWaits,
    StartFailed,
    StartTimedOut,
)
from ringleader.supervisors.spec import ChildSpec
from ringleader.testing import TestSystem
from tests.supervisors.onlooker import states
from tests.supervisors.samples import Log, start, team, tell, workers

if TYPE_CHECKING:
    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.lifecycle import Reason
    from ringleader.supervisors.ref import SupervisorRef

# --- dependencies and starts


def inner_again(spec: ChildSpec) -> ChildSpec:
    """Return the same under another name."""
    return replace(spec, id="again")


class Slow(Actor):
    """Is ready when it is told so."""

    def on_receive(self, message: Any) -> Any:
        if message == "ready":
            self.ready()
        return message


def test_who_depends_on_another_starts_when_that_is_ready(system: TestSystem, log: Log) -> None:
    slow = ChildSpec("db", Slow, signals_ready=True, ready_timeout=30)
    ref = start(system, team("t", slow))
    answer = ref.start_child(*workers(log, "web", depends_on=("db",)), block=False)
    system.advance(10)
    assert not answer.done

    tell(system, "/t/db", "ready")

    assert answer.get(timeout=0).ask("hello") == ("web", "hello")


def test_who_is_not_ready_in_time_is_waited_for_in_the_background(
    system: TestSystem, log: Log
) -> None:
    slow = ChildSpec("db", Slow, signals_ready=True, ready_timeout=30)
    ref = start(system, team("t", slow))
    answer = ref.start_child(*workers(log, "web", depends_on=("db",)), block=False)
    system.advance(31)
    with pytest.raises(ChildWaits, match="waits for 'db'"):
        answer.get(timeout=0)
    assert states(ref) == {"db": "running", "web": "waiting"}

    tell(system, "/t/db", "ready")

    assert states(ref) == {"db": "running", "web": "running"}


def test_a_dependency_that_crashes_while_it_is_awaited_leaves_the_other_waiting(
    system: TestSystem, log: Log
) -> None:
    slow = ChildSpec("db", Slow, signals_ready=True)
    ref = start(system, team("t", slow))
    answer = ref.start_child(*workers(log, "web", depends_on=("db",)), block=False)
    system.run()

    cell = system.ref("/t/db").cell
    assert cell.current is not None
    cell.kill(cell.current)
    system.run()

    with pytest.raises(ChildWaits):
        answer.get(timeout=0)
    assert states(ref) == {"db": "running", "web": "waiting"}
    tell(system, "/t/db", "ready")
    assert states(ref) == {"db": "running", "web": "running"}


def test_nobody_is_waited_for_once_the_supervisor_is_to_end(system: TestSystem, log: Log) -> None:
    slow = ChildSpec("db", Slow, signals_ready=True, ready_timeout=30)
    ref, top = start(system, team("t", slow)), cast("SupervisorRef[Any]", system.root.ref)
    several = workers(log, "web", "api", depends_on=("db",))
    answer = ref.start_children(several, block=False)
    system.run()
    assert not answer.done

    ended = top.terminate_child("t", block=False)
    system.run()

    assert ended.done
    assert answer.get(timeout=0) == []


def test_nor_by_a_supervisor_that_is_being_started_then(system: TestSystem, log: Log) -> None:
    slow = ChildSpec("db", Slow, signals_ready=True, ready_timeout=30)
    inner = team("inner", slow, *workers(log, "web", depends_on=("db",)))
    top = cast("SupervisorRef[Any]", system.root.ref)
    first = top.start_child(team("outer", inner, inner_again(inner)), block=False)
    system.run()
    assert not first.done

    current = system.ref("/outer").cell.current
    assert current is not None
    current.cell.shutdown(current, "shutdown")
    system.run()

    assert first.done
    assert current.alive is False
    assert log == []


def test_a_circle_is_refused_when_the_supervisor_starts(system: TestSystem, log: Log) -> None:
    one, two = workers(log, "a", "b", depends_on=("b",))
    with pytest.raises(StartFailed, match="in a circle: b → b"):
        system.start_child(team("t", one, two))
    with pytest.raises(BadChildSpec, match="'a' depends on 'b', which is none of its siblings"):
        system.start_child(one)


class Never(Actor):
    """Never comes up."""

    def on_start(self) -> Any:
        return LATER


def test_a_start_that_takes_too_long_has_failed(system: TestSystem) -> None:
    ref = start(system, team("t"))
    answer = ref.start_child(ChildSpec("n", Never, start_timeout=7), block=False)
    system.advance(6.9)
    assert not answer.done
    system.advance(0.2)
    with pytest.raises(StartFailed, match="/t/n did not come up within 7 s") as caught:
        answer.get(timeout=0)
    assert isinstance(caught.value.reason, StartTimedOut)


def test_a_start_in_time_is_not_ended_later(system: TestSystem, log: Log) -> None:
    ref = start(system, team("t", *workers(log, "a", start_timeout=5)))
    system.advance(10)
    assert states(ref) == {"a": "running"}


def test_a_coordinator_that_does_not_start_is_told_of(system: TestSystem, log: Log) -> None:
    told: list[Any] = []
    system.subscribe("COORDINATOR_INIT_FAILED", told.append)
    specs = workers(log, "a", health=HealthCheck())
    start(system, team("t", *specs, *workers(log, "b"), announce=True))
    log.starts["a"], log.starts["b"] = [ValueError("no disk")], [ValueError("no disk")]

    tell(system, "/t/a")
    tell(system, "/t/b")

    (event,) = told
    assert event.coordinator_name == "a"
    assert "no disk" in event.error


# --- the cascade breaker


def test_too_many_restarts_of_a_kind_wait_for_the_cooldown(log: Log) -> None:
    with TestSystem(cascade=CascadeLimits(grace=0), intensity=1000) as system:
        specs = workers(log, "a", "b", "c", "d", category="provider")
        vital = workers(log, "vital", category="provider", critical=True)
        ref = start(system, team("t", *specs, *vital))
        for name in ("a", "b", "c", "d", "vital"):
            tell(system, f"/t/{name}")
        assert states(ref) == {
            "a": "running", "b": "running", "c": "running", "d": "backoff", "vital": "running",
        }  # fmt: skip
        (death,) = (d for d in system.deaths.all() if d.path == "/t/d")
        assert death.decision == "restarted in 120 s (the cascade breaker is open)"

        system.advance(120)

        assert states(ref)["d"] == "running"


# --- what OTP's terms carry


class Informed(Actor):
    """Has something to say when it is up."""

    def on_start(self) -> Any:
        return {"port": 4711}


def test_what_on_start_returned_is_kept_with_the_incarnation(system: TestSystem) -> None:
    ref = start(system, team("t", ChildSpec("i", Informed)))
    (info,) = ref.which_children()
    assert info.incarnation is not None
    assert info.incarnation.extra == {"port": 4711}
    with pytest.raises(AlreadyStarted) as caught:
        ref.start_child(ChildSpec("i", Informed))
    assert caught.value.incarnation is info.incarnation


def test_a_start_that_failed_has_its_spec(system: TestSystem, log: Log) -> None:
    log.starts["a"] = [ValueError("no")]
    (spec,) = workers(log, "a")
    with pytest.raises(StartFailed) as caught:
        start(system, team("t")).start_child(spec)
    assert caught.value.spec is spec


# --- what is told of a death


def test_a_death_says_by_which_rule_and_what_is_left(system: TestSystem, log: Log) -> None:
    start(system, team("t", *workers(log, "a"), intensity=3, period=60))
    said: list[Decision] = []
    decided = system.deaths.decided

    def listen_in(
        supervisor: Incarnation, child: Incarnation, reason: Reason, decision: Decision
    ) -> None:
        said.append(decision)
        decided(supervisor, child, reason, decision)

    system.deaths.decided = listen_in  # type: ignore[method-assign]
    tell(system, "/t/a")

    assert said == [
        Decision("restarted", "a permanent child is restarted after every end; one_for_one", left=2)
    ]
