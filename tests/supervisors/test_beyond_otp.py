"""The actor, beyond OTP: waits, crash loops, parked children and holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from tenacity import wait_exponential, wait_fixed, wait_random

from ringleader.actors.events.daemon import DaemonCrashLoopDetected
from ringleader.actors.events.health import DaemonPermanentlyFailed
from ringleader.supervisors.dynamic import DynamicSupervisor, DynamicSupervisorRef
from ringleader.supervisors.errors import (
    ChildHeld,
    ChildNotFound,
    ChildRunning,
    StartFailed,
)
from ringleader.supervisors.quarantine import Quarantine
from ringleader.supervisors.spec import ChildSpec, Limit
from ringleader.testing import TestSystem
from tests.supervisors.onlooker import changes, children, listen, states
from tests.supervisors.samples import Log, is_up, start, team, tell, workers

if TYPE_CHECKING:
    from ringleader.supervisors.ref import SupervisorRef

# --- backoff


def test_a_crash_is_followed_by_a_wait_that_grows(system: TestSystem, log: Log) -> None:
    wait = wait_exponential(multiplier=1, max=300)
    ref = start(system, team("t", *workers(log, "a", backoff=wait)))
    waits: list[float] = []
    for _ in range(4):
        tell(system, "/t/a")
        due = children(ref)["a"].due
        assert due is not None
        waits.append(due - system.manual.now())
        assert states(ref) == {"a": "backoff"}
        system.advance(waits[-1] - 0.1)
        assert states(ref) == {"a": "backoff"}
        system.advance(0.2)
        assert states(ref) == {"a": "running"}
    assert waits == [1, 2, 4, 8]


def test_the_wait_is_short_again_after_a_healthy_time(system: TestSystem, log: Log) -> None:
    wait = wait_exponential(multiplier=1)
    ref = start(system, team("t", *workers(log, "a", backoff=wait, healthy_after=60)))
    for up in (0, 59, 61):
        tell(system, "/t/a")
        system.advance(100)
        system.advance(up)
    tell(system, "/t/a")
    due = children(ref)["a"].due
    assert due is not None
    assert due - system.manual.now() == 1


def test_messages_are_kept_while_a_child_backs_off(system: TestSystem, log: Log) -> None:
    start(system, team("t", *workers(log, "a", "b", backoff=wait_fixed(30))))
    tell(system, "/t/a")
    answer = system.ref("/t/a").ask("hello", block=False)

    assert system.ref("/t/b").ask("hello") == ("b", "hello")
    assert not answer.done
    system.advance(30)

    assert answer.get(timeout=0) == ("a", "hello")


def test_two_systems_of_one_seed_draw_the_same_jitter() -> None:
    def first_wait(seed: int) -> float:
        with TestSystem(seed=seed) as system:
            ref = start(system, team("t", *workers(Log(), "a", backoff=wait_random(0, 100))))
            tell(system, "/t/a")
            return children(ref)["a"].due or 0.0

    assert first_wait(1) == first_wait(1) != first_wait(2)


def test_a_backoff_of_no_time_ends_the_supervisor_with_the_reason(
    system: TestSystem, log: Log
) -> None:
    ref = start(system, team("t", *workers(log, "a", backoff=wait_fixed(-1))))
    tell(system, "/t/a")
    assert not is_up(system, ref)
    assert isinstance(ref.cell.last_reason, ValueError)


# --- crash loops


def test_a_crash_loop_is_told_with_its_fingerprint_and_its_end(
    system: TestSystem, log: Log
) -> None:
    told = listen(system)
    start(system, team("t", *workers(log, "a", healthy_after=60), announce=True))
    for _ in range(5):
        tell(system, "/t/a")
    (loop,) = (e for e in told if isinstance(e, DaemonCrashLoopDetected))
    assert loop.restart_count == 3
    assert loop.fingerprint is not None
    assert loop.fingerprint.startswith("ValueError < Worker.on_receive:")
    assert "all alike" in loop.message
    assert ("crash_loop", "running") not in changes(told)

    system.advance(60)

    assert changes(told)[-1] == ("crash_loop", "running")


def test_crashes_of_several_kinds_share_no_fingerprint(system: TestSystem, log: Log) -> None:
    told = listen(system)
    start(system, team("t", *workers(log, "a"), announce=True))
    tell(system, "/t/a")
    tell(system, "/t/a", ("exit", "odd"))
    tell(system, "/t/a")
    (loop,) = (e for e in told if isinstance(e, DaemonCrashLoopDetected))
    assert loop.fingerprint is None
    assert "in 2 ways" in loop.message


def test_a_crash_in_the_healthy_time_keeps_the_loop(system: TestSystem, log: Log) -> None:
    told = listen(system)
    start(system, team("t", *workers(log, "a", healthy_after=60), announce=True))
    for _ in range(3):
        tell(system, "/t/a")
    for _ in range(4):
        system.advance(59)
        tell(system, "/t/a")
    assert ("crash_loop", "running") not in changes(told)
    assert len([e for e in told if isinstance(e, DaemonCrashLoopDetected)]) == 1


# --- permanent failure


def test_a_permanent_failure_is_told_once_and_concerns_one_child(
    system: TestSystem, log: Log
) -> None:
    told = listen(system)
    specs = workers(log, "a", "b", limit=Limit(2, 3600), on_limit="quarantine")
    ref = start(system, team("t", *specs, announce=True))
    for _ in range(3):
        tell(system, "/t/a")

    assert states(ref) == {"a": "quarantined", "b": "running"}
    (failed,) = (e for e in told if isinstance(e, DaemonPermanentlyFailed))
    assert (failed.daemon_name, failed.restart_count) == ("a", 3)
    assert failed.reason == "quarantined: intensity 2 in 3600 s exceeded"
    assert ("failed", "quarantined") in changes(told)

    system.advance(86_400)

    assert states(ref) == {"a": "running", "b": "running"}
    for _ in range(3):
        tell(system, "/t/a")
    assert states(ref) == {"a": "quarantined", "b": "running"}
    assert len([e for e in told if isinstance(e, DaemonPermanentlyFailed)]) == 1


def test_a_failure_for_good_is_told_once_however_often_its_supervisor_comes_back(
    system: TestSystem, log: Log
) -> None:
    told = listen(system)
    inner = team(
        "inner",
        *workers(log, "a", healthy_after=60),
        restart="permanent",
        intensity=0,
        announce=True,
    )
    start(system, team("outer", inner))
    for _ in range(3):
        tell(system, "/outer/inner/a")
    assert [e.daemon_name for e in told if isinstance(e, DaemonPermanentlyFailed)] == ["a"]

    system.advance(61)
    tell(system, "/outer/inner/a")

    assert [e.daemon_name for e in told if isinstance(e, DaemonPermanentlyFailed)] == ["a", "a"]


def test_what_can_t_be_imported_is_parked_and_the_others_start(
    system: TestSystem, log: Log
) -> None:
    log.starts["b"] = [ImportError("No module named 'torch'")]
    specs = workers(log, "a", "b", "c")
    ref = start(system, team("t", *specs, on_limit="quarantine"))
    assert states(ref) == {"a": "running", "b": "quarantined", "c": "running"}

    log.starts["b"] = [ImportError("No module named 'torch'")]
    with pytest.raises(StartFailed, match="No module named 'torch'"):
        system.start_child(team("u", *specs))


def test_the_mailbox_is_kept_in_quarantine(system: TestSystem, log: Log) -> None:
    ref = start(system, team("t", *workers(log, "a"), intensity=0, on_limit="quarantine"))
    tell(system, "/t/a")
    answer = system.ref("/t/a").ask("hello", block=False)
    system.run()

    ref.release_child("a")

    assert answer.get(timeout=0) == ("a", "hello")


def test_a_quarantine_outlives_the_supervisor(system: TestSystem, log: Log) -> None:
    inner = team(
        "inner",
        *workers(log, "a", "b"),
        restart="permanent",
        intensity=0,
        on_limit="quarantine",
        quarantine=Quarantine(100.0),
    )
    ref = start(system, team("outer", inner))
    inner_ref = cast("SupervisorRef[Any]", system.ref("/outer/inner"))
    tell(system, "/outer/inner/a")
    system.advance(40)
    ref.renew_child("inner")
    assert states(inner_ref) == {"a": "quarantined", "b": "running"}

    system.advance(59)
    assert states(inner_ref) == {"a": "quarantined", "b": "running"}
    system.advance(2)
    assert states(inner_ref) == {"a": "running", "b": "running"}


# --- holds


def test_what_an_operator_stopped_stays_stopped(system: TestSystem, log: Log) -> None:
    ref = start(system, team("t", *workers(log, "a", "b"), strategy="one_for_all"))
    ref.hold_child("a", by="ann", why="too loud")

    tell(system, "/t/b")
    assert states(ref) == {"a": "held", "b": "running"}
    with pytest.raises(ChildHeld, match="'a' is held by ann: too loud") as caught:
        ref.restart_child("a")
    assert caught.value.hold.by == "ann"
    with pytest.raises(ChildHeld):
        ref.renew_child("a")

    assert ref.release_child("a").ask("hello") == ("a", "hello")
    with pytest.raises(ChildRunning):
        ref.release_child("a")
    with pytest.raises(ChildNotFound, match="did you mean 'a'"):
        ref.hold_child("aa", by="ann")


def test_a_quarantine_by_hand_has_a_time(system: TestSystem, log: Log) -> None:
    ref = start(system, team("t", *workers(log, "a")))
    ref.quarantine_child("a", by="ann", release_after=10.0)
    assert states(ref) == {"a": "quarantined"}
    system.advance(10)
    assert states(ref) == {"a": "running"}


def test_a_held_child_among_many_has_no_address(system: TestSystem, log: Log) -> None:
    ref = start(system, team("t", *workers(log, "a")))
    ref.hold_child("a", by="ann")
    ref.delete_child("a")
    assert [r.path for r in ref.start_children(workers(log, "a", "b"))] == ["/t/b"]
    assert states(ref) == {"a": "held", "b": "running"}


class Pool(DynamicSupervisor):
    """Has workers of one template."""

    intensity = 9

    def __init__(self, template: ChildSpec) -> None:
        super().__init__()
        self.template = template


def test_children_of_a_template_are_operated_by_name(system: TestSystem, log: Log) -> None:
    (template,) = workers(log, "job")
    pool = system.start_child(ChildSpec("pool", Pool, (template,)))
    assert isinstance(pool, DynamicSupervisorRef)
    pool.start_child(name="x")

    pool.hold_child("x", by="ann")

    tell(system, "/pool/x", "hello")
    assert pool.renew_child("x", block=False).done is False
    with pytest.raises(ChildHeld):
        pool.renew_child("x")
    assert pool.release_child("x").ask("again") == ("job", "again")

    x = system.ref("/pool/x")
    pool.hold_child("x", by="ann")
    pool.terminate_child(x)
    assert pool.count_children().active == 0
    assert pool.which_children() == []
