"""The actor: order, starts, strategies, and what it does not understand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.actors.errors import HandlerError
from ringleader.actors.handlers import handles
from ringleader.actors.lifecycle import Exit, Exited, Ignore, Started, Up
from ringleader.supervisors.errors import StartFailed, StartIgnored, SupervisorError
from ringleader.supervisors.spec import ChildSpec, Flags
from ringleader.supervisors.supervisor import Supervisor
from tests.supervisors.samples import (
    Log,
    Team,
    Worker,
    is_up,
    start,
    states,
    team,
    tell,
    workers,
)

if TYPE_CHECKING:
    from ringleader.testing import TestSystem


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
