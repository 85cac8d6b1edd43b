from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from ringleader.actors.base import Actor
from ringleader.actors.events.daemon import (
    DaemonCrashLoopDetected,
    DaemonStarted,
    DaemonStatusChanged,
    DaemonStopped,
)
from ringleader.actors.events.health import DaemonPermanentlyFailed
from ringleader.actors.incarnation import Incarnation
from ringleader.supervisors.child import Child
from ringleader.supervisors.crash_loop import CrashLoop
from ringleader.supervisors.lifecycle_events import Host, LifecycleEvent, LifecycleEvents
from ringleader.supervisors.plan import Decided, Verdict
from ringleader.supervisors.spec import ChildSpec, Flags

if TYPE_CHECKING:
    from ringleader.actors.cell import Cell
    from ringleader.supervisors.spec import ChildType, Restart

BOOM = ValueError("boom")


@pytest.fixture
def events() -> LifecycleEvents:
    flags = Flags(intensity=10, period=60)
    return LifecycleEvents(flags, Host("node-a", 42), CrashLoop(3, 300.0))


def child(restart: Restart = "permanent", kind: ChildType = "worker") -> Child:
    return Child(ChildSpec("evaluator", Actor, restart=restart, type=kind), "evaluator")


def pid() -> Incarnation:
    cell = SimpleNamespace(path="/evaluator", launched=1)
    return Incarnation(cast("Cell", cell), lambda: None, None)


def changes(events: list[LifecycleEvent]) -> list[tuple[str, str]]:
    return [
        (event.old_status, event.new_status)
        for event in events
        if isinstance(event, DaemonStatusChanged)
    ]


def kinds(events: list[LifecycleEvent]) -> list[type[LifecycleEvent]]:
    return [type(event) for event in events]


def test_a_start_is_told(events: LifecycleEvents) -> None:
    assert events.started(child()) == [
        DaemonStarted(daemon_name="evaluator", hostname="node-a", pid=42)
    ]


def test_a_stop_is_told(events: LifecycleEvents) -> None:
    one = child()
    events.started(one)

    assert events.stopped(one, "shutdown") == [
        DaemonStopped(daemon_name="evaluator", hostname="node-a", reason="shutdown")
    ]


def test_a_crash_and_its_restart_are_told_as_changes_of_status(events: LifecycleEvents) -> None:
    one = child()
    events.started(one)

    told = events.decided(Decided(one, pid(), BOOM, Verdict.RESTARTED, siblings=2), 0.0)
    told += events.started(one)

    assert told == [
        DaemonStatusChanged(
            daemon_name="evaluator",
            hostname="node-a",
            old_status="running",
            new_status="failed",
            reason="restarted",
            error="ValueError: boom",
        ),
        DaemonStatusChanged(
            daemon_name="evaluator",
            hostname="node-a",
            old_status="failed",
            new_status="restarting",
            reason="restarted with 2 siblings",
        ),
        DaemonStarted(daemon_name="evaluator", hostname="node-a", pid=42),
        DaemonStatusChanged(
            daemon_name="evaluator",
            hostname="node-a",
            old_status="restarting",
            new_status="running",
            reason="started",
        ),
    ]


def test_a_normal_end_that_is_restarted_is_no_failure(events: LifecycleEvents) -> None:
    one = child()
    events.started(one)

    told = events.decided(Decided(one, pid(), "normal", Verdict.RESTARTED), 0.0)

    assert changes(told) == [("running", "restarting")]


def test_an_end_that_is_left_so_is_a_stop(events: LifecycleEvents) -> None:
    one = child("transient")
    events.started(one)

    told = events.decided(Decided(one, pid(), "normal", Verdict.LEFT_DOWN), 0.0)

    assert told == [DaemonStopped(daemon_name="evaluator", hostname="node-a", reason="normal")]


def test_a_restart_that_fails_is_a_failure_again(events: LifecycleEvents) -> None:
    one = child()
    events.started(one)
    events.decided(Decided(one, pid(), BOOM, Verdict.RESTARTED), 0.0)

    told = events.decided(Decided(one, pid(), BOOM, Verdict.RETRYING), 0.0)

    assert changes(told) == [("restarting", "failed"), ("failed", "restarting")]


def test_a_retry_that_is_cancelled_is_a_change(events: LifecycleEvents) -> None:
    one = child()
    events.started(one)
    events.decided(Decided(one, pid(), BOOM, Verdict.RESTARTED), 0.0)

    assert changes(events.cancelled(one)) == [("restarting", "stopped")]


def test_giving_up_is_a_permanent_failure(events: LifecycleEvents) -> None:
    one = child()
    events.started(one)

    told = events.decided(Decided(one, pid(), BOOM, Verdict.GAVE_UP, restarts=11), 0.0)

    assert changes(told) == [("running", "failed")]
    assert told[-1] == DaemonPermanentlyFailed(
        daemon_name="evaluator",
        hostname="node-a",
        restart_count=11,
        requires_intervention=True,
        reason="gave up: intensity 10 in 60 s exceeded",
    )


def test_a_crash_loop_is_told_once(events: LifecycleEvents) -> None:
    one, loops = child(), list[LifecycleEvent]()
    for now in range(0, 300, 10):
        events.started(one)
        told = events.decided(Decided(one, pid(), BOOM, Verdict.RESTARTED), float(now))
        loops += [event for event in told if isinstance(event, DaemonCrashLoopDetected)]

    assert loops == [
        DaemonCrashLoopDetected(
            daemon_name="evaluator",
            hostname="node-a",
            restart_count=3,
            window_minutes=5.0,
            max_restarts=10,
            severity="warning",
            message="evaluator crashed 3 times within 300 s, all alike, last: ValueError: boom",
            fingerprint="ValueError",
        )
    ]


def test_a_crash_loop_after_a_healthy_time_is_another_one(events: LifecycleEvents) -> None:
    one, loops = child(), 0
    for now in (0.0, 1.0, 2.0, 400.0, 401.0, 402.0):
        told = events.decided(Decided(one, pid(), BOOM, Verdict.RESTARTED), now)
        loops += DaemonCrashLoopDetected in kinds(told)

    assert loops == 2


def test_one_end_counts_once_however_often_it_is_decided_about(events: LifecycleEvents) -> None:
    one, failed = child(), pid()
    events.decided(Decided(one, pid(), BOOM, Verdict.RESTARTED), 0.0)
    events.decided(Decided(one, failed, BOOM, Verdict.RETRYING), 0.0)

    told = events.decided(Decided(one, failed, BOOM, Verdict.GAVE_UP), 0.0)

    assert DaemonCrashLoopDetected not in kinds(told)


def test_a_supervisor_that_gives_up_again_and_again_is_in_a_loop(events: LifecycleEvents) -> None:
    one = child(kind="supervisor")
    told = list[LifecycleEvent]()
    for now in range(3):
        told += events.decided(Decided(one, pid(), "shutdown", Verdict.RESTARTED), float(now))

    assert DaemonCrashLoopDetected in kinds(told)


def test_a_forgotten_child_begins_afresh(events: LifecycleEvents) -> None:
    one, told = child(), list[LifecycleEvent]()
    for now in range(4):
        told += events.decided(Decided(one, pid(), BOOM, Verdict.RESTARTED), float(now))
        if now % 2:
            events.forgotten(one)

    assert DaemonCrashLoopDetected not in kinds(told)


def test_of_temporary_children_nothing_is_told(events: LifecycleEvents) -> None:
    one = child("temporary")

    assert events.started(one) == []
    assert events.stopped(one, "shutdown") == []
    assert events.cancelled(one) == []
    assert events.decided(Decided(one, pid(), BOOM, Verdict.REMOVED), 0.0) == []


def test_an_end_during_a_stop_is_told_by_the_stop(events: LifecycleEvents) -> None:
    one = child()
    events.started(one)

    assert events.decided(Decided(one, pid(), "killed", Verdict.WAS_STOPPING), 0.0) == []


def test_a_start_that_fails_is_told(events: LifecycleEvents) -> None:
    told = events.decided(Decided(child(), pid(), BOOM, Verdict.CALLER_TOLD), 0.0)

    assert changes(told) == [("stopped", "failed")]


def test_a_window_without_a_crash_ends_a_loop_and_is_told(events: LifecycleEvents) -> None:
    one = child()
    for now in (0.0, 1.0, 2.0):
        events.decided(Decided(one, pid(), BOOM, Verdict.RESTARTED), now)
    assert events.is_looping(one)

    told = events.decided(Decided(one, pid(), BOOM, Verdict.RESTARTED), 303.0)

    assert changes(told)[-1] == ("crash_loop", "restarting")
    assert not events.is_looping(one)
