"""The actor: intensity, escalation, restarts that fail or wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.actors.errors import ActorDied
from ringleader.supervisors.spec import ChildSpec
from tests.supervisors.samples import (
    Log,
    Team,
    is_up,
    start,
    states,
    team,
    tell,
    workers,
)

if TYPE_CHECKING:
    from ringleader.supervisors.child import Child
    from ringleader.testing import TestSystem


# --- intensity and escalation


def test_one_crash_too_many_ends_the_supervisor(system: TestSystem, log: Log) -> None:
    ref = start(system, team("t", *workers(log, "a", "b"), intensity=2, period=5))
    for _ in range(2):
        tell(system, "/t/a")
    assert is_up(system, ref)

    tell(system, "/t/a")

    assert not is_up(system, ref)
    assert log.take() == ["+a", "+b", "+a", "+a", "-b"]


def test_crashes_far_apart_are_forgiven(system: TestSystem, log: Log) -> None:
    ref = start(system, team("t", *workers(log, "a"), intensity=1, period=5))

    for _ in range(5):
        tell(system, "/t/a")
        system.advance(6.0)

    assert is_up(system, ref)


def test_a_permanent_supervisor_that_gave_up_is_restarted_afresh(
    system: TestSystem, log: Log
) -> None:
    inner = team("inner", *workers(log, "a"), restart="permanent", intensity=0)
    outer = start(system, team("outer", inner))
    ref = system.ref("/outer/inner/a")
    log.take()

    ref.tell("boom")

    assert ref.ask("hi") == ("a", "hi")
    assert log.take() == ["+a"]
    assert is_up(system, outer)


def test_a_transient_supervisor_that_gave_up_stays_down(system: TestSystem, log: Log) -> None:
    inner = team("inner", *workers(log, "a"), restart="transient", intensity=0)
    outer = start(system, team("outer", inner))

    tell(system, "/outer/inner/a")

    assert states(outer) == {"inner": "down"}


def test_giving_up_goes_all_the_way_up(system: TestSystem, log: Log) -> None:
    inner = team("inner", *workers(log, "a"), restart="permanent", intensity=0)
    middle = team("middle", inner, restart="permanent", intensity=0)
    outer = start(system, team("outer", middle, *workers(log, "z"), intensity=0))

    tell(system, "/outer/middle/inner/a")

    assert not is_up(system, outer)
    assert log.take() == ["+a", "+z", "-z"]


def test_children_added_later_are_gone_after_a_restart_of_their_supervisor(
    system: TestSystem, log: Log
) -> None:
    inner = team("inner", *workers(log, "a"), restart="permanent")
    start(system, team("outer", inner))
    ref = system.ref("/outer/inner")
    ref.start_child(*workers(log, "b"))  # type: ignore[attr-defined]  # a SupervisorRef  # pyright: ignore[reportAttributeAccessIssue]
    later = system.ref("/outer/inner/b")

    tell(system, "/outer/inner/b", ("exit", "normal"))
    current = ref.cell.current
    assert current is not None
    ref.cell.kill(current)
    system.run()

    assert system.ref("/outer/inner/a").ask("hi") == ("a", "hi")
    assert not later.is_alive()


# --- restarts that fail


def test_a_restart_that_fails_is_tried_until_it_succeeds(system: TestSystem, log: Log) -> None:
    ref = start(system, team("t", *workers(log, "a")))
    log.starts["a"] = [ValueError("1"), "no", "ok"]

    tell(system, "/t/a")

    assert states(ref) == {"a": "running"}
    assert system.ref("/t/a").ask("hi") == ("a", "hi")


def test_restarts_that_keep_failing_end_the_supervisor(system: TestSystem, log: Log) -> None:
    ref = start(system, team("t", *workers(log, "a"), intensity=3, period=5))
    log.starts["a"] = ["no"] * 10

    tell(system, "/t/a")

    assert not is_up(system, ref)
    assert len(log.starts["a"]) == 7


class Patient(Team):
    def backoff(self, child: Child) -> float:
        return 2.0 ** (child.restarts - 1)


def test_a_backoff_waits_before_the_restart(system: TestSystem, log: Log) -> None:
    ref = start(system, ChildSpec("t", Patient, (workers(log, "a"), {})))
    tell(system, "/t/a")
    assert states(ref) == {"a": "restarting"}

    system.advance(0.9)
    assert states(ref) == {"a": "restarting"}
    system.advance(0.1)
    assert states(ref) == {"a": "running"}

    tell(system, "/t/a")
    system.advance(1.9)
    assert states(ref) == {"a": "restarting"}
    system.advance(0.1)
    assert states(ref) == {"a": "running"}


def test_messages_wait_over_a_backoff(system: TestSystem, log: Log) -> None:
    start(system, ChildSpec("t", Patient, (workers(log, "a"), {})))
    child = system.ref("/t/a")
    child.tell("boom")
    reply = child.ask("hi", block=False)
    system.run()
    assert not reply.done

    system.advance(1.0)

    assert reply.get() == ("a", "hi")


def test_terminate_child_cancels_a_backoff(system: TestSystem, log: Log) -> None:
    ref = start(system, ChildSpec("t", Patient, (workers(log, "a"), {})))
    tell(system, "/t/a")

    ref.terminate_child("a")
    assert system.manual.next_time() is None
    system.advance(10.0)

    assert states(ref) == {"a": "down"}


def test_a_supervisor_that_ends_forgets_its_backoffs(system: TestSystem, log: Log) -> None:
    start(system, ChildSpec("t", Patient, (workers(log, "a"), {}), restart="temporary"))
    tell(system, "/t/a")

    system.ref("/t").stop()
    system.advance(10.0)

    assert log.take() == ["+a"]


def test_a_backoff_that_fails_ends_the_supervisor_and_not_the_caller(
    system: TestSystem, log: Log
) -> None:
    class Broken(Team):
        def backoff(self, child: Child) -> float:
            return 1.0 / (child.restarts - 1)

    ref = start(system, ChildSpec("t", Broken, (workers(log, "a"), {}), restart="temporary"))

    with system.stepper.hold(ref.cell):
        tell(system, "/t/a")
        reply = ref.count_children(block=False)
    system.run()

    assert not is_up(system, ref)
    with pytest.raises(ActorDied):
        reply.get()
