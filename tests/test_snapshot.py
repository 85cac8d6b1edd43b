"""What a look at a running tree shows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import psutil

from ringleader import System, snapshot
from ringleader.actors.base import Actor
from ringleader.operate import operate
from ringleader.supervisors.spec import ChildSpec
from ringleader.supervisors.supervisor import Supervisor
from ringleader.testing import TestSystem
from tests.cli.tiny_actors import Idle

if TYPE_CHECKING:
    from ringleader.snapshot import CellSnapshot
    from ringleader.supervisors.child import Child


class Worker(Actor):
    """Fails when told to."""

    def on_receive(self, message: Any) -> Any:
        raise ValueError(message)


class Stubborn(Actor):
    """Does not start a second time."""

    starts = 0

    def on_start(self) -> None:
        Stubborn.starts += 1
        if Stubborn.starts > 1:
            raise RuntimeError("not again")


class Patient(Supervisor):
    """Waits before it restarts."""

    intensity = 10
    strategy = "rest_for_one"

    def init(self) -> list[ChildSpec]:
        return [ChildSpec("first", Worker), ChildSpec("second", Worker)]

    def backoff(self, child: Child) -> float:
        assert child.name == "first"
        return 5.0


def look(system: TestSystem) -> dict[str, CellSnapshot]:
    return {cell.path: cell for cell in snapshot.take(system).cells}


def test_every_place_is_there_parents_first_in_start_order() -> None:
    with TestSystem(node_id="n") as system:
        system.start_child(ChildSpec("p", Patient))
        tree = snapshot.take(system)
        assert [cell.path for cell in tree.cells[-3:]] == ["/p", "/p/first", "/p/second"]
        assert tree.cells[0].path == "/system"
        system_, *_, above, first, second = tree.cells
        assert (system_.depth, above.depth, first.depth) == (0, 0, 1)
        assert (tree.node_id, second.name) == ("n", "second")
        assert (above.strategy, first.strategy) == ("rest_for_one", None)
        assert first.actor.endswith("test_snapshot:Worker")
        assert {cell.state for cell in tree.cells} == {"running"}


def test_uptime_counts_from_the_launch() -> None:
    with TestSystem() as system:
        system.advance(5)
        system.start_child(ChildSpec("p", Patient))
        system.advance(2)
        assert look(system)["/p/first"].uptime == 2
        assert snapshot.take(system).uptime >= 7


def test_a_child_that_waits_for_its_restart_is_in_backoff_and_its_group_down() -> None:
    with TestSystem() as system:
        system.start_child(ChildSpec("p", Patient))
        system.ref("/p/first").tell("x")
        system.run()
        cells = look(system)
        assert (cells["/p/first"].state, cells["/p/first"].uptime) == ("backoff", None)
        assert cells["/p/second"].state == "down"
        system.advance(5)
        cells = look(system)
        assert (cells["/p/first"].state, cells["/p/first"].restarts) == ("running", 1)
        assert (cells["/p/second"].state, cells["/p/second"].restarts) == ("running", 1)


def test_the_time_left_until_a_restart_is_shown() -> None:
    with TestSystem() as system:
        system.start_child(ChildSpec("p", Patient))
        system.ref("/p/first").tell("x")
        system.run()
        assert look(system)["/p/first"].left == 5
        system.advance(2)
        assert look(system)["/p/first"].left == 3
        system.advance(3)
        assert look(system)["/p/first"].left is None


def test_who_is_held_or_in_quarantine_is_shown_with_what_holds_it() -> None:
    with TestSystem() as system:
        system.start_child(ChildSpec("p", Patient))
        operate(system, "stop", "/p/first", by="ada", why="maintenance")
        operate(system, "quarantine", "/p/second", by="bob", release_after=60.0)
        system.advance(10)
        cells = look(system)
        first, second = cells["/p/first"], cells["/p/second"]
        assert (first.state, first.left) == ("held", None)
        assert first.hold is not None
        assert (first.hold.kind, first.hold.by, first.hold.why) == ("hold", "ada", "maintenance")
        assert (second.state, second.left) == ("quarantined", 50)
        assert second.hold is not None
        assert second.hold.until == system.context.clock.time() + 50


def test_an_actor_s_own_process_is_shown() -> None:
    class Apart(Worker):
        os_pid = 4711

    with TestSystem() as system:
        system.start_child(ChildSpec("apart", Apart))
        system.start_child(ChildSpec("here", Worker))
        assert (look(system)["/apart"].os_pid, look(system)["/here"].os_pid) == (4711, None)


def test_one_place_is_found_without_the_others() -> None:
    with TestSystem() as system:
        system.start_child(ChildSpec("p", Patient))
        found = snapshot.cell_at(system, "/p/first")
        assert found is not None
        assert found.name == "first"
        assert snapshot.cell_at(system, "/p/third") is None
        assert snapshot.paths(system) == ["/p", "/p/first", "/p/second"]


def test_who_ended_and_was_not_decided_about_is_restarting() -> None:
    with TestSystem() as system:
        ref = system.start_child(ChildSpec("p", Patient))
        with system.stepper.hold(ref.cell):
            system.ref("/p/first").tell("x")
            system.run()
            assert look(system)["/p/first"].state == "restarting"
        system.run()
        assert look(system)["/p/first"].state == "backoff"


def test_messages_that_wait_are_counted() -> None:
    with TestSystem() as system:
        ref = system.start_child(ChildSpec("p", Patient))
        first = system.ref("/p/first")
        with system.stepper.hold(first.cell):
            first.tell("x")
            first.tell("y")
            assert look(system)["/p/first"].mailbox == 2
        assert ref.path == "/p"


def test_a_child_that_was_never_started_is_down() -> None:
    class Half(Supervisor):
        def init(self) -> list[ChildSpec]:
            return [ChildSpec("a", Waiter), ChildSpec("b", Worker)]

    class Waiter(Actor):
        def on_start(self) -> Any:
            cells = {cell.path: cell.state for cell in snapshot.take(system).cells}
            seen.append((cells["/h"], cells["/h/a"], cells["/h/b"]))

    seen: list[tuple[str, str, str]] = []
    with TestSystem() as system:
        system.start_child(ChildSpec("h", Half))
        assert seen == [("starting", "starting", "down")]


def test_a_system_that_stopped_has_an_empty_tree() -> None:
    with TestSystem() as system:
        system.start_child(ChildSpec("p", Patient))
    assert snapshot.take(system).cells == ()


def test_deaths_are_told_in_one_line_each() -> None:
    with TestSystem() as system:
        system.start_child(ChildSpec("p", Patient))
        system.ref("/p/first").tell("one\ntwo")
        system.run()
        (line,) = snapshot.death_lines(system.deaths.all())
        assert (line.path, line.cause) == ("/p/first", "ValueError: one …")
        assert line.decision.startswith("restarted with 1 sibling in 5 s")
    assert snapshot.one_line("") == ""
    assert snapshot.one_line("x" * 30, 10) == "xxxxxxxx …"


def test_an_actor_that_lives_in_a_process_is_shown_with_it() -> None:
    with System() as system:
        system.start_child(ChildSpec("apart", Idle, dispatcher="process"))
        cell = snapshot.cell_at(system, "/apart")
        assert cell is not None
        assert psutil.Process(cell.os_pid).ppid() == os.getpid()
