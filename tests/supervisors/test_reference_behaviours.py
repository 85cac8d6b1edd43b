"""What the reference system's tests of daemons promise, in our terms; numbered as its list is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tenacity import wait_exponential

from ringleader.actors.care import HealthCheck
from ringleader.actors.events.daemon import DaemonCrashLoopDetected
from ringleader.actors.events.health import DaemonPermanentlyFailed
from ringleader.supervisors.cascade import CascadeLimits, Threshold
from ringleader.supervisors.errors import BadChildSpec, ChildNotFound, ChildRunning, ChildWaits
from ringleader.supervisors.spec import Limit
from ringleader.testing import TestSystem
from tests.supervisors.onlooker import children, listen, states
from tests.supervisors.samples import Log, start, team, tell, workers

if TYPE_CHECKING:
    from ringleader.supervisors.ref import SupervisorRef

HOUR = 3600


def wait_until_up(system: TestSystem, ref: SupervisorRef[Any], name: str) -> float:
    """Let time pass until a child's restart is due; return how long that was."""
    due = children(ref)[name].due
    assert due is not None
    wait = due - system.manual.now()
    system.advance(wait)
    assert states(ref)[name] == "running"
    return wait


# --- 30: starts


def test_30_who_is_unknown_is_not_started_and_who_runs_is_not_started_twice(
    system: TestSystem, log: Log
) -> None:
    ref = start(system, team("t", *workers(log, "a")))
    with pytest.raises(ChildNotFound):
        ref.release_child("b")
    with pytest.raises(ChildRunning):
        ref.release_child("a")


def test_30_without_its_hard_dependency_a_start_is_refused(system: TestSystem, log: Log) -> None:
    ref = start(system, team("t", *workers(log, "db")))
    ref.terminate_child("db")
    with pytest.raises(ChildWaits):
        ref.start_child(*workers(log, "web", depends_on=("db",)))


def test_30_an_import_error_is_tried_again_only_when_somebody_says_so(
    system: TestSystem, log: Log
) -> None:
    ref = start(system, team("t", *workers(log, "a"), on_limit="quarantine"))
    log.starts["a"] = [ImportError("No module named 'torch'")]
    tell(system, "/t/a")
    system.advance(60)
    assert states(ref) == {"a": "quarantined"}
    hold = children(ref)["a"].hold
    assert hold is not None
    assert hold.why.startswith("import error: No module named 'torch'")

    assert ref.release_child("a").ask("hello") == ("a", "hello")


# --- 31: growing delays


def test_31_each_crash_is_followed_by_a_longer_wait(system: TestSystem, log: Log) -> None:
    wait = wait_exponential(multiplier=5, max=300)
    ref = start(system, team("t", *workers(log, "a", backoff=wait, healthy_after=HOUR)))
    waits: list[float] = []
    for _ in range(8):
        tell(system, "/t/a")
        waits.append(wait_until_up(system, ref, "a"))
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]


# --- 32: order


def test_32_children_start_in_the_order_of_their_dependencies(system: TestSystem, log: Log) -> None:
    (top,) = workers(log, "top", depends_on=("left", "right"))
    left, right = workers(log, "left", "right", depends_on=("base",))
    start(system, team("t", top, left, right, *workers(log, "base")))
    assert log.take() == ["+base", "+left", "+right", "+top"]


@pytest.mark.parametrize("needs", [("a",), ("b",), ("nobody",)])
def test_32_circles_and_missing_names_are_refused(
    system: TestSystem, log: Log, needs: tuple[str, ...]
) -> None:
    ref = start(system, team("t"))
    specs = [*workers(log, "a", depends_on=needs), *workers(log, "b", depends_on=("a",))]
    with pytest.raises(BadChildSpec):
        ref.start_children(specs)
    assert states(ref) == {}


# --- 33: stopping


def test_33_children_stop_in_reverse_order_and_who_hangs_is_forced(
    system: TestSystem, log: Log
) -> None:
    (web,) = workers(log, "web", depends_on=("db",), health=HealthCheck(interval=1))
    db, last = workers(log, "db", "last", shutdown=30.0)
    ref = start(system, team("t", web, db, last))
    log.take()
    log.stops["db"] = "hang"

    stopping = ref.stop(block=False)
    system.advance(30)

    assert stopping.get(timeout=0)
    assert log.take() == ["-last", "-web", "-db"]


# --- 34: permanent failure


def permanent_failures(told: list[Any]) -> int:
    """Count what was told of failures for good."""
    return sum(isinstance(event, DaemonPermanentlyFailed) for event in told)


def test_34_the_eleventh_restart_in_an_hour_is_a_permanent_failure_told_once(
    system: TestSystem, log: Log
) -> None:
    told = listen(system)
    specs = workers(log, "a", limit=Limit(10, HOUR), on_limit="quarantine")
    ref = start(system, team("t", *specs, announce=True))
    for _ in range(10):
        tell(system, "/t/a")
        system.advance(60)
    assert states(ref) == {"a": "running"}

    tell(system, "/t/a")

    assert states(ref) == {"a": "quarantined"}
    assert permanent_failures(told) == 1


def test_34_restarts_of_more_than_an_hour_ago_do_not_count(system: TestSystem, log: Log) -> None:
    specs = workers(log, "a", limit=Limit(10, HOUR), on_limit="quarantine")
    ref = start(system, team("t", *specs))
    for _ in range(30):
        tell(system, "/t/a")
        system.advance(HOUR / 10 + 1)
    assert states(ref) == {"a": "running"}


def test_34_a_permanent_failure_is_cleared_by_hand_or_after_a_day(
    system: TestSystem, log: Log
) -> None:
    specs = workers(log, "a", "b", limit=Limit(0, HOUR), on_limit="quarantine")
    ref = start(system, team("t", *specs))
    tell(system, "/t/a")
    tell(system, "/t/b")

    ref.release_child("a")
    system.advance(24 * HOUR - 1)
    assert states(ref) == {"a": "running", "b": "quarantined"}
    system.advance(2)
    assert states(ref) == {"a": "running", "b": "running"}


def test_34_a_permanent_failure_outlives_the_node(log: Log) -> None:
    spec = team("t", *workers(log, "a", limit=Limit(0, HOUR), on_limit="quarantine"))
    with TestSystem() as first:
        start(first, spec)
        tell(first, "/t/a")
        holds = first.context.holds
    with TestSystem() as second:
        second.context.holds = holds
        assert states(start(second, spec)) == {"a": "quarantined"}


# --- 36: the watchdog


def test_36_a_dead_daemon_is_restarted_three_times_an_hour_and_then_there_is_one_alert(
    system: TestSystem, log: Log
) -> None:
    told = listen(system)
    specs = workers(log, "a", limit=Limit(3, HOUR), on_limit="quarantine")
    start(system, team("t", *specs, announce=True))
    for _ in range(4):
        tell(system, "/t/a")
    for _ in range(5):
        tell(system, "/t/a")  # nobody is there
        system.advance(60)
    assert permanent_failures(told) == 1
    assert sum(isinstance(event, DaemonCrashLoopDetected) for event in told) == 1


def test_36_who_shall_not_be_restarted_is_not(system: TestSystem, log: Log) -> None:
    ref = start(system, team("t", *workers(log, "a", restart="temporary")))
    tell(system, "/t/a")
    system.advance(HOUR)
    assert states(ref) == {}
    assert log.take() == ["+a"]


# --- 37: cascades


def test_37_a_trip_for_all_spares_the_exempt_and_the_critical_and_ends_with_its_cooldown(
    log: Log,
) -> None:
    limits = CascadeLimits(overall=Threshold(3, cooldown=120), grace=0)
    with TestSystem(cascade=limits, intensity=100) as system:
        sync = workers(log, "s1", "s2", "s3", "s4", category="sync")
        exempt = workers(log, "exempt", category="event")
        critical = workers(log, "critical", category="sync", critical=True)
        ref = start(system, team("t", *sync, *exempt, *critical))
        for name in ("s1", "s2", "s3", "s4", "exempt", "critical"):
            tell(system, f"/t/{name}")
        down = [name for name, state in states(ref).items() if state == "backoff"]
        assert down == ["s4"]

        system.advance(120)

        assert set(states(ref).values()) == {"running"}


def test_37_while_a_node_comes_up_more_may_fail(log: Log) -> None:
    limits = CascadeLimits(
        overall=Threshold(3), grace=180, grace_restarts=50, categories={"misc": Threshold(99)}
    )
    with TestSystem(cascade=limits, intensity=100) as system:
        ref = start(system, team("t", *workers(log, "a", category="misc")))
        for _ in range(10):
            tell(system, "/t/a")
        assert states(ref) == {"a": "running"}
        system.advance(300)
        for _ in range(10):
            tell(system, "/t/a")
        assert states(ref) == {"a": "backoff"}
