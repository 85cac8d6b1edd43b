"""The actor: order, strategies, ends and their limits, and what it does to its own supervisor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.errors import ActorDied, HandlerError
from ringleader.actors.handlers import handles
from ringleader.actors.lifecycle import Exit, Exited, Ignore, Started, Up
from ringleader.supervisors.errors import StartFailed, StartIgnored, SupervisorError
from ringleader.supervisors.spec import ChildSpec, Flags
from ringleader.supervisors.supervisor import Supervisor
from ringleader.testing import TestSystem
from tests.supervisors.samples import Log, Team, Worker, start, states, team, workers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.supervisors.child import Child
    from ringleader.supervisors.ref import SupervisorRef


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def system() -> Iterator[TestSystem]:
    with TestSystem(intensity=100) as system:
        yield system


def tell(system: TestSystem, path: str, message: object = "boom") -> None:
    system.ref(path).tell(message)
    system.run()


def is_up(system: TestSystem, ref: SupervisorRef[Any]) -> bool:
    system.run()
    return ref.cell.current is not None


# --- order


def test_children_start_in_order_and_stop_in_reverse(system: TestSystem, log: Log) -> None:
    start(system, team("t", *workers(log, "a", "b", "c")))
    assert log.take() == ["+a", "+b", "+c"]

    system.stop()

    assert log.take() == ["-c", "-b", "-a"]


def test_inner_trees_are_whole_before_the_next_child_begins(system: TestSystem, log: Log) -> None:
    inner = team("inner", *workers(log, "b", "c"))
    start(system, team("t", *workers(log, "a"), inner, *workers(log, "d")))
    assert log.take() == ["+a", "+b", "+c", "+d"]

    system.stop()

    assert log.take() == ["-d", "-c", "-b", "-a"]


def test_paths_follow_the_tree(system: TestSystem, log: Log) -> None:
    start(system, team("t", team("inner", *workers(log, "a"))))

    assert system.ref("/t/inner/a").ask("hi") == ("a", "hi")


def test_a_ref_stays_valid_and_messages_wait_over_a_restart(system: TestSystem, log: Log) -> None:
    start(system, team("t", *workers(log, "a")))
    ref = system.ref("/t/a")
    ref.tell("boom")

    assert ref.ask("still there?") == ("a", "still there?")
    assert log.take() == ["+a", "+a"]


# --- starting


def test_a_child_that_does_not_start_ends_the_start_of_all(system: TestSystem, log: Log) -> None:
    log.starts["b"] = [error := ValueError("no")]

    with pytest.raises(StartFailed) as failed:
        start(system, team("t", *workers(log, "a", "b", "c")))

    assert failed.value.reason == ("shutdown", ("failed_to_start_child", "b", error))
    assert log.take() == ["+a", "-a"]


def test_the_constructor_of_a_child_is_part_of_its_start(system: TestSystem) -> None:
    with pytest.raises(StartFailed, match="TypeError") as failed:
        system.start_child(ChildSpec("a", Worker))

    assert isinstance(failed.value.__cause__, TypeError)


def test_a_child_with_an_unknown_dispatcher_does_not_start(system: TestSystem, log: Log) -> None:
    ref = start(system, team("t"))

    with pytest.raises(StartFailed, match="there is no dispatcher 'pol'"):
        ref.start_child(*workers(log, "a", dispatcher="pol"))

    assert ref.which_children() == []


def test_bad_flags_and_specs_are_answered_before_anything_starts(
    system: TestSystem, log: Log
) -> None:
    bad: list[ChildSpec] = [
        team("t", *workers(log, "a"), intensity=-1),
        team("t", *workers(log, "a", "b", "a")),
        team("t", *workers(log, "a", restart="always")),
    ]
    for spec in bad:
        with pytest.raises(StartFailed):
            system.start_child(spec)

    assert log.take() == []


def test_init_may_decline_or_fail(system: TestSystem) -> None:
    class Declines(Supervisor):
        def init(self) -> list[ChildSpec]:
            raise Ignore

    class Fails(Supervisor):
        def init(self) -> list[ChildSpec]:
            raise Exit("no luck")

    with pytest.raises(StartIgnored):
        system.start_child(ChildSpec("a", Declines))
    with pytest.raises(StartFailed, match="no luck"):
        system.start_child(ChildSpec("b", Fails))


def test_a_supervisor_has_no_handlers() -> None:
    with pytest.raises(HandlerError, match=r"take handles str, but a supervisor only supervises"):

        class Wrong(Supervisor):  # pyright: ignore[reportUnusedClass]  # it is never made
            @handles(str)
            def take(self, message: str) -> None: ...


def test_a_supervisor_can_be_started_as_pykka_does() -> None:
    ref = Supervisor.start()
    try:
        assert isinstance(ref.path, str)
        assert ref.is_alive()
    finally:
        assert ref.stop(timeout=5.0)
    assert not ref.is_alive()


# --- strategies


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("one_for_one", ["+b"]),
        ("one_for_all", ["-c", "-a", "+a", "+b", "+c"]),
        ("rest_for_one", ["-c", "+b", "+c"]),
    ],
)
def test_a_crash_restarts_whom_the_strategy_names(
    system: TestSystem, log: Log, strategy: str, expected: list[str]
) -> None:
    start(system, team("t", *workers(log, "a", "b", "c"), strategy=strategy))
    log.take()

    tell(system, "/t/b")

    assert log.take() == expected


@pytest.mark.parametrize(
    ("restart", "reason", "state"),
    [
        ("permanent", "normal", "running"),
        ("permanent", "boom", "running"),
        ("transient", "normal", "down"),
        ("transient", ("shutdown", 1), "down"),
        ("transient", "boom", "running"),
        ("temporary", "normal", None),
        ("temporary", "boom", None),
    ],
)
def test_whether_an_end_is_restarted_depends_on_the_restart_type(
    system: TestSystem, log: Log, restart: str, reason: object, state: str | None
) -> None:
    ref = start(system, team("t", *workers(log, "a", restart=restart)))

    tell(system, "/t/a", ("exit", reason))

    assert states(ref).get("a") == state


def test_siblings_that_died_before_the_group_stop_reaches_them_count_once(
    system: TestSystem, log: Log
) -> None:
    ref = start(system, team("t", *workers(log, "a", "b"), strategy="one_for_all", intensity=1))
    with system.stepper.hold(ref.cell):
        tell(system, "/t/a")
        tell(system, "/t/b")

    assert is_up(system, ref)
    assert log.take() == ["+a", "+b", "+a", "+b"]


def test_an_exit_that_waits_in_the_queue_is_used_up_by_a_stop(system: TestSystem, log: Log) -> None:
    ref = start(system, team("t", *workers(log, "a", "b"), strategy="one_for_all", intensity=1))
    log.starts["c"] = ["later"]
    ref.start_child(*workers(log, "c"), block=False)
    system.run()
    tell(system, "/t/a")
    tell(system, "/t/b")
    child = ref.cell.children["c"].current
    assert child is not None

    child.cell.started(child, Up())

    assert is_up(system, ref)
    assert log.take() == ["+a", "+b", "-c", "+a", "+b", "+c"]


def test_news_of_a_stranger_mean_nothing(system: TestSystem, log: Log) -> None:
    ref, other = start(system, team("t")), start(system, team("u", *workers(log, "x")))
    stranger = other.cell.children["x"].current
    assert stranger is not None
    log.starts["a"] = ["later"]
    started = ref.start_child(*workers(log, "a"), block=False)

    ref.tell(Started(stranger, Up()))
    ref.tell(Exited(stranger, "boom"))
    system.run()

    assert not started.done
    child = ref.cell.children["a"].current
    assert child is not None
    child.cell.started(child, Up())
    assert started.get().path == "/t/a"


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


# --- stopping


def test_a_child_that_overruns_its_time_is_killed(system: TestSystem, log: Log) -> None:
    log.stops["a"] = "hang"
    ref = start(system, team("t", *workers(log, "a", "b", shutdown=2.0)))

    done = ref.terminate_child("a", block=False)
    system.advance(1.9)
    assert not done.done
    system.advance(0.1)

    done.get()
    assert states(ref) == {"a": "down", "b": "running"}


def test_a_child_with_infinity_is_waited_for(system: TestSystem, log: Log) -> None:
    log.stops["a"] = "hang"
    ref = start(system, team("t", *workers(log, "a", shutdown="infinity")))
    child = system.ref("/t/a").cell.current
    assert child is not None

    done = ref.terminate_child("a", block=False)
    system.advance(1000.0)
    assert not done.done
    child.cell.finish(child, "shutdown")
    system.run()

    assert done.done


def test_a_child_that_stops_in_time_leaves_no_timer(system: TestSystem, log: Log) -> None:
    ref = start(system, team("t", *workers(log, "a", shutdown=2.0)))

    ref.terminate_child("a")

    assert system.manual.next_time() is None


def test_brutal_kill_asks_nobody(system: TestSystem, log: Log) -> None:
    ref = start(system, team("t", *workers(log, "a", shutdown="brutal_kill")))
    log.take()

    ref.terminate_child("a")

    assert log.take() == []
    assert states(ref) == {"a": "down"}


def test_the_time_of_one_child_is_not_that_of_another(system: TestSystem, log: Log) -> None:
    log.stops.update(a="hang", b="hang")
    ref = start(system, team("t", *workers(log, "a", "b", shutdown=2.0)))
    system.ref("/t").tell("unexpected")

    stopped = ref.stop(block=False)
    system.advance(2.0)
    assert states_of_cells(ref) == {"a": True, "b": False}
    system.advance(2.0)

    assert stopped.get()
    assert log.take() == ["+a", "+b", "-b", "-a"]


def states_of_cells(ref: SupervisorRef[Any]) -> dict[str, bool]:
    return {name: cell.current is not None for name, cell in ref.cell.children.items()}


def test_a_supervisor_that_is_killed_takes_its_tree_along(system: TestSystem, log: Log) -> None:
    inner = team("inner", *workers(log, "a", "b"), restart="permanent")
    start(system, team("t", inner))
    log.take()
    cell = system.ref("/t/inner").cell
    assert cell.current is not None

    cell.kill(cell.current)
    system.run()

    assert log.take() == ["+a", "+b"]


def test_a_call_in_hand_and_calls_in_the_queue_fail_when_the_supervisor_is_killed(
    system: TestSystem, log: Log
) -> None:
    log.starts["a"] = ["later"]
    ref = start(system, team("t"))
    in_hand = ref.start_child(*workers(log, "a"), block=False)
    queued = ref.which_children(block=False)
    system.run()
    assert not in_hand.done
    assert not queued.done
    assert ref.cell.current is not None

    ref.cell.kill(ref.cell.current)

    for reply in (in_hand, queued):
        with pytest.raises(ActorDied) as died:
            reply.get()
        assert died.value.reason == "killed"


def test_calls_wait_while_a_child_starts(system: TestSystem, log: Log) -> None:
    log.starts["a"] = ["later"]
    ref = start(system, team("t"))
    first = ref.start_child(*workers(log, "a"), block=False)
    second = ref.count_children(block=False)
    system.run()
    assert not second.done
    child = ref.cell.children["a"]
    assert child.current is not None

    child.current.cell.started(child.current, Up())
    system.run()

    assert first.get().path == "/t/a"
    assert second.get().active == 1


def test_the_order_to_stop_waits_for_a_start_that_is_under_way(
    system: TestSystem, log: Log
) -> None:
    log.starts["b"] = ["later"]
    ref = start(system, team("t", *workers(log, "a")))
    ref.start_child(*workers(log, "b"), block=False)
    system.run()
    stopped = ref.stop(block=False)
    system.run()
    child = ref.cell.children["b"].current
    assert child is not None
    assert states_of_cells(ref) == {"a": True, "b": True}

    child.cell.started(child, Up())
    system.run()

    assert stopped.get()
    assert log.take() == ["+a", "-b", "-a"]


def test_on_stop_runs_when_the_children_have_stopped(system: TestSystem, log: Log) -> None:
    class Tidy(Team):
        def on_stop(self) -> None:
            log.append("-tidy")

    ref = start(system, ChildSpec("t", Tidy, (workers(log, "a"), {}), restart="temporary"))

    ref.stop()

    assert log.take() == ["+a", "-a", "-tidy"]


# --- auto_shutdown


def test_the_end_of_a_significant_child_ends_its_supervisor(system: TestSystem, log: Log) -> None:
    significant = workers(log, "a", restart="transient", significant=True)
    spec = team("t", *significant, *workers(log, "b"), auto_shutdown="any_significant")
    ref = start(system, spec)

    tell(system, "/t/a", ("exit", "normal"))

    assert not is_up(system, ref)
    assert log.take() == ["+a", "+b", "-b"]


# --- messages that are none


def test_a_question_that_is_no_call_is_refused(system: TestSystem) -> None:
    ref = start(system, team("t"))

    with pytest.raises(SupervisorError, match="/t is a supervisor; it can't do 'what'"):
        ref.ask("what")


def test_a_proxy_can_look_at_a_supervisor(system: TestSystem, log: Log) -> None:
    ref = start(system, team("t", *workers(log, "a", "b"), strategy="one_for_all"))
    log.take()

    assert ref.proxy().strategy.get() == "one_for_all"
    tell(system, "/t/a")

    assert log.take() == ["-b", "+a", "+b"]


def test_what_a_supervisor_is_told_and_does_not_know_is_ignored(system: TestSystem) -> None:
    ref = start(system, team("t"))

    ref.tell("unexpected")

    assert ref.which_children() == []


def test_flags_can_be_computed(system: TestSystem, log: Log) -> None:
    class Computed(Team):
        def flags(self) -> Flags:
            return Flags("one_for_all", 10, 5)

    start(system, ChildSpec("t", Computed, (workers(log, "a", "b"), {})))
    log.take()

    tell(system, "/t/b")

    assert log.take() == ["-a", "+a", "+b"]
