"""What an operator orders is done, and no supervisor undoes it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from ringleader import Actor, ChildSpec, Supervisor, System
from ringleader.actors.errors import NoSuchActor
from ringleader.actors.holds import Hold
from ringleader.operate import Done, NotNow, Refused, full_path, operate
from ringleader.snapshot import cell_at
from ringleader.supervisors.errors import StartFailed
from tests.probe import holds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.questions import Verb
    from ringleader.snapshot import State


class Worker(Actor):
    """Dies of what it is told; asked, it says in which life it is."""

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, Exception):
            raise message
        life = self.actor_ref.cell.current
        return None if life is None else life.number


class Fickle(Actor):
    """Does not start while it must not."""

    refuses = False

    def on_start(self) -> None:
        if Fickle.refuses:
            raise OSError("no disk")


class Slow(Actor):
    """Does not stop before it may."""

    dispatcher = "thread"
    may_stop = threading.Event()

    def on_stop(self) -> None:
        Slow.may_stop.wait(30)


class Team(Supervisor):
    strategy = "one_for_all"
    intensity = 10

    def init(self) -> list[ChildSpec]:
        return [
            ChildSpec("worker", Worker),
            ChildSpec("mate", Worker),
            ChildSpec("fickle", Fickle),
            ChildSpec("guest", Worker, restart="temporary"),
        ]


@pytest.fixture
def system() -> Iterator[System]:
    Fickle.refuses = False
    with System(node_id="n", intensity=10) as system:
        system.start_child(ChildSpec("team", Team))
        yield system


def order(system: System, verb: Verb, path: str, **more: Any) -> Done:
    return operate(system, verb, path, by="ada", **more)


def state(system: System, path: str) -> State | None:
    cell = cell_at(system, path)
    return None if cell is None else cell.state


@pytest.mark.parametrize("path", ["/a/b", "a/b", "/a/b/", "//a/b"])
def test_a_path_may_be_written_carelessly(path: str) -> None:
    assert full_path(path) == "/a/b"


def test_who_is_stopped_is_held_and_its_group_s_restart_does_not_bring_it_back(
    system: System,
) -> None:
    done = order(system, "stop", "/team/worker", why="maintenance")
    assert (done.state, done.changed) == ("held", True)
    assert done.words == "/team/worker is stopped, and held until: ringleader start /team/worker"
    hold = system.context.holds.get("/team/worker")
    assert hold is not None
    assert (hold.kind, hold.by, hold.why, hold.until) == ("hold", "ada", "maintenance", None)

    system.ref("/team/mate").tell(ValueError("x"))
    assert system.ref("/team/mate").ask("life", timeout=30) == 2
    assert state(system, "/team/worker") == "held"


def test_to_stop_who_is_held_changes_nothing(system: System) -> None:
    order(system, "stop", "/team/worker", why="maintenance")
    again = operate(system, "stop", "/team/worker", by="bob")
    assert not again.changed
    assert again.words == "/team/worker is held already, by ada: maintenance"


def test_only_start_lifts_a_hold(system: System) -> None:
    order(system, "stop", "/team/worker")
    with pytest.raises(Refused, match="worker is held, by ada; `start` lifts that"):
        order(system, "restart", "/team/worker")
    done = order(system, "start", "/team/worker")
    assert (done.words, done.state) == ("/team/worker is started", "running")
    assert system.context.holds.all() == []
    assert system.ref("/team/worker").ask("life", timeout=30) == 2
    assert not order(system, "start", "/team/worker").changed


def test_a_quarantine_has_an_end_or_none(system: System) -> None:
    done = order(system, "quarantine", "/team/worker", release_after=7200.0, why="odd")
    assert done.state == "quarantined"
    assert "is in quarantine for 2 h, or until: ringleader release" in done.words
    cell = cell_at(system, "/team/worker")
    assert cell is not None
    assert cell.hold is not None
    assert (cell.hold.kind, cell.hold.by, cell.hold.why) == ("quarantine", "ada", "odd")
    assert cell.left is not None
    assert 7100 < cell.left <= 7200

    done = order(system, "release", "/team/worker")
    assert (done.words, done.state) == ("/team/worker is released and started", "running")
    assert "is in quarantine until:" in order(system, "quarantine", "/team/mate").words


def test_a_restart_by_an_operator_is_no_death(system: System) -> None:
    done = order(system, "restart", "/team/worker")
    assert (done.words, done.state) == ("/team/worker was stopped and started again", "running")
    assert system.ref("/team/worker").ask("life", timeout=30) == 2
    assert system.deaths.all() == []


def test_a_supervisor_is_stopped_with_all_below_it(system: System) -> None:
    assert order(system, "stop", "/team").state == "held"
    assert state(system, "/team") == "held"
    with pytest.raises((NotNow, NoSuchActor)):
        order(system, "start", "/team/worker")
    assert order(system, "start", "/team").state == "running"
    assert state(system, "/team/worker") == "running"


def test_a_temporary_child_that_is_stopped_is_gone(system: System) -> None:
    assert order(system, "stop", "/team/guest").words.endswith("gone: it is temporary")
    assert state(system, "/team/guest") is None


def test_to_release_who_is_not_held_makes_no_sense(system: System) -> None:
    with pytest.raises(Refused, match="worker is not in quarantine: it is running"):
        order(system, "release", "/team/worker")


def test_a_start_that_fails_is_told(system: System) -> None:
    order(system, "stop", "/team/fickle")
    Fickle.refuses = True
    with pytest.raises(StartFailed, match="no disk"):
        order(system, "start", "/team/fickle")
    assert state(system, "/team/fickle") == "down"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/", "`ringleader stop` without a path"),
        ("/system", "belongs to the node itself"),
        ("/system/registry", "belongs to the node itself"),
        ("system", "belongs to the node itself"),
    ],
)
def test_what_the_node_needs_itself_is_not_for_operators(
    system: System, path: str, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        order(system, "stop", path)


@pytest.mark.parametrize("path", ["/team/wroker", "/taem/worker", "/team/worker/x"])
def test_who_is_not_there_is_answered_with_who_is_near(system: System, path: str) -> None:
    with pytest.raises(NoSuchActor, match=r"no actor at .*; did you mean .*/team/worker"):
        order(system, "stop", path)


def test_a_stop_that_takes_long_goes_on_behind_the_operator_s_back(system: System) -> None:
    Slow.may_stop.clear()
    system.start_child(ChildSpec("slow", Slow, shutdown=30))
    with pytest.raises(NotNow, match=r"its supervisor is still at it after 0\.05 s"):
        order(system, "stop", "/slow", timeout=0.05)
    Slow.may_stop.set()
    assert holds(lambda: state(system, "/slow") == "held", 30)


def test_an_order_to_a_system_that_ends_is_answered(system: System) -> None:
    Slow.may_stop.clear()
    system.start_child(ChildSpec("slow", Slow, shutdown=30))
    answers: list[Exception] = []

    def stop() -> None:
        try:
            order(system, "stop", "/slow")
        except NotNow as error:
            answers.append(error)

    thread = system.context.spawn("operator", stop)
    assert holds(lambda: state(system, "/slow") == "stopping", 30)
    system.kill()
    Slow.may_stop.set()
    thread.join(30)
    assert [str(error) for error in answers] == [
        "stop /slow: its supervisor ended before it was done; try again"
    ]


def test_what_is_on_a_path_that_nobody_has_any_more_can_be_lifted(system: System) -> None:
    holds = system.context.holds
    holds.put(Hold("/team/gone", "hold", by="ada", why="", since=1.0))
    holds.put(Hold("/team/lost", "quarantine", by="/team", why="", since=1.0))

    with pytest.raises(Refused, match="/team/gone is held by ada; `start` lifts that"):
        order(system, "release", "/team/gone")
    assert "nobody lives at /team/gone" in order(system, "start", "/team/gone").words
    assert "nobody lives at /team/lost" in order(system, "release", "/team/lost").words

    assert holds.all() == []


def test_a_quarantine_does_not_undo_a_hold(system: System) -> None:
    order(system, "stop", "/team/worker")
    with pytest.raises(Refused, match=r"worker is held by .* already; only `start` lifts that"):
        order(system, "quarantine", "/team/worker")
    with pytest.raises(Refused, match="worker is not in quarantine"):
        order(system, "release", "/team/worker")
