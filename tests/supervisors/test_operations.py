from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.actors.holds import Hold
from ringleader.actors.lifecycle import Failed
from ringleader.supervisors import operations
from tests.supervisors.world import child, family

if TYPE_CHECKING:
    from ringleader.supervisors.spec import Strategy


def test_a_hold_stops_a_child_and_says_who_and_why() -> None:
    world = family(child("a"), child("b"))

    assert world.hold("a") == "ok"

    assert world.log == ["stop a", "park a"]
    assert world.states() == {"a": "held", "b": "running"}
    assert world.holds.all() == [
        Hold(path="/top/a", kind="hold", by="ann", why="too loud", since=1_000_000.0)
    ]


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
def test_a_restart_of_the_group_does_not_undo_a_hold(strategy: Strategy) -> None:
    world = family(child("a"), child("b"), child("c"), strategy=strategy, intensity=9)
    world.hold("b")
    world.clear()

    assert world.crash("a")

    assert world.log == ["stop c", "start a", "start c"]
    assert world.states() == {"a": "running", "b": "held", "c": "running"}


def test_a_restart_of_the_supervisor_does_not_undo_a_hold() -> None:
    world = family(child("a"), child("b"))
    world.hold("a")
    world.clear()

    assert world.begin(child("a"), child("b")) is None

    assert world.states() == {"a": "held", "b": "running"}


def test_neither_restart_child_nor_start_child_undoes_a_hold() -> None:
    world = family(child("a"))
    world.hold("a")

    answer = world.restart("a")
    assert answer[0] == "held"
    assert world.delete("a") == "ok"
    assert world.start_child(child("a"))[0] == "held"
    assert world.states() == {"a": "held"}


def test_a_name_of_a_template_that_is_held_is_refused() -> None:
    world = family(child("job"), strategy="simple_one_for_one")
    world.start_dynamic(name="x")
    world.hold("x")
    world.family.children.clear()

    answer = world.start_dynamic(name="x")

    assert answer[0] == "error"
    assert answer[1][0] == "held"


def test_only_release_lifts_a_hold() -> None:
    world = family(child("a"))
    world.hold("a")
    world.clear()

    assert world.release("a")[0] == "ok"

    assert world.log == ["unpark a", "start a"]
    assert world.holds.all() == []


def test_a_release_that_fails_to_start_leaves_the_child_down() -> None:
    world = family(child("a"))
    world.hold("a")
    world.starts["a"] = [Failed("no")]

    assert world.release("a") == ("error", "no")
    assert world.states() == {"a": "down"}
    assert world.retries == []


def test_release_starts_a_child_that_is_just_down_and_not_one_that_runs() -> None:
    world = family(child("a"))
    assert world.release("a") == ("error", "running")
    world.terminate("a")
    assert world.release("a")[0] == "ok"


def test_release_starts_a_child_that_backs_off_now() -> None:
    world = family(child("a"), backoff=60.0)
    world.crash("a")
    assert world.states() == {"a": "backoff"}

    assert world.release("a")[0] == "ok"
    assert world.states() == {"a": "running"}
    assert world.retry()  # the one that was cancelled
    assert world.log == ["cancel a", "start a"]


def test_renewing_counts_as_no_restart() -> None:
    world = family(child("a"), intensity=0)

    assert world.renew("a")[0] == "ok"

    assert world.log == ["stop a", "start a"]
    assert world.family.window.restarts == ()


def test_what_is_held_is_not_renewed() -> None:
    world = family(child("a"))
    world.hold("a")

    answer = world.renew("a")

    assert answer[1][0] == "held"
    assert world.states() == {"a": "held"}


def test_a_temporary_child_is_stopped_and_gone() -> None:
    world = family(child("a", "temporary"))

    assert world.hold("a") == "ok"

    assert world.states() == {}
    assert world.holds.all() == []


def test_a_hold_takes_the_place_of_a_quarantine() -> None:
    world = family(child("a"))
    world.hold("a", "quarantine", 60.0)
    assert world.states() == {"a": "quarantined"}

    world.hold("a")

    assert world.states() == {"a": "held"}
    assert world.holds.all()[0].until is None


def test_nobody_else_is_moved_by_what_operators_do() -> None:
    world = family(child("a"), child("b"), strategy="one_for_all")
    world.hold("a")
    world.release("a")
    world.renew("a")
    assert [line for line in world.log if "b" in line] == []


@pytest.mark.parametrize("call", ["hold", "release", "renew"])
def test_those_who_were_down_for_its_restart_wait_no_longer(call: str) -> None:
    world = family(child("a"), child("b"), child("c"), strategy="one_for_all", backoff=60.0)
    world.crash("b")
    world.terminate("c")
    assert world.states() == {"a": "down", "b": "backoff", "c": "down"}
    world.clear()

    getattr(world, call)("b")
    assert world.regroup()

    assert world.states()["a"] == "running"
    assert world.states()["b"] == ("held" if call == "hold" else "running")
    assert world.log[-2:] == ["start a", "start c"]


def test_a_quarantine_by_hand_is_no_failure_of_the_child() -> None:
    world = family(child("a", on_limit="quarantine"), intensity=0)
    world.hold("a", "quarantine", 60.0)
    assert world.holds.all()[0].times == 0
    world.release("a")

    world.crash("a")

    assert world.holds.all()[0].times == 1


def test_a_child_without_a_name_gets_none_that_is_held() -> None:
    world = family(child("job"), strategy="simple_one_for_one", intensity=9)
    world.start_dynamic()
    world.hold("job-1")
    world.family.children.clear()
    world.family.dynamic_started = 0  # as after a restart of the node

    assert world.start_dynamic()[0] == "ok"

    assert world.states() == {"job-2": "running"}


@pytest.mark.parametrize("call", ["hold", "release", "renew"])
def test_who_is_not_there_is_not_found(call: str) -> None:
    assert getattr(family(), call)("x") == ("error", "not_found")


def test_a_quarantine_does_not_take_the_place_of_a_hold() -> None:
    world = family(child("a"))
    world.hold("a")

    answer = world.hold("a", "quarantine", 60.0)

    assert answer[1][0] == "held"
    assert world.states() == {"a": "held"}


def test_what_lifts_quarantines_only_leaves_a_hold() -> None:
    world = family(child("a"), child("b"))
    world.hold("a")
    world.hold("b", "quarantine")

    assert world.run(operations.release_child(world.family, "a", "quarantine"))[0] == "error"
    assert world.run(operations.release_child(world.family, "b", "quarantine"))[0] == "ok"

    assert world.states() == {"a": "held", "b": "running"}
