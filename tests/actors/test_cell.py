from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from pykka import ActorDeadError

from ringleader.actors.base import Actor, build
from ringleader.actors.cell import Cell
from ringleader.actors.incarnation import Phase
from ringleader.actors.lifecycle import (
    LATER,
    Exit,
    Exited,
    Failed,
    Ignore,
    Ignored,
    Shutdown,
    Started,
    Up,
)
from tests.actors.stage import ManualStage, outcomes
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.incarnation import Incarnation
    from tests.actors.stage import Stage

pytestmark = pytest.mark.usefixtures("quiet")


class Worker(Actor):
    """Notes what it handles, and calls the functions that it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []

    def on_receive(self, message: Any) -> Any:
        if callable(message):
            return message()
        self.seen.append(message)
        return message


class Other(Worker):
    """Another class."""


class Parenting(Worker):
    """Hears of what it launches, as a supervisor does."""

    in_order = True

    def ended(self, reason: Any) -> None:
        self.seen.append(("ended", reason))


def current(cell: Cell) -> Incarnation:
    assert cell.current is not None
    return cell.current


def launch(parent: Cell, name: str, kind: type[Actor] = Worker, **kwargs: Any) -> Incarnation:
    launched = parent.launch_child(
        current(parent), name, kind, lambda cell: build(kind, cell, (), {}), **kwargs
    )
    assert launched is not None
    return launched


# ---------------------------------------------------------------- starting


class Starting(Actor):
    """Starts as it is told to."""

    def __init__(self, start: Callable[[], Any]) -> None:
        super().__init__()
        self.start_with = start
        self.failures: list[BaseException] = []

    def on_start(self) -> Any:
        return self.start_with()

    def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:
        del exception_type, traceback
        FAILURES.append(exception_value)


FAILURES: list[BaseException] = []


@pytest.fixture(autouse=True)
def no_failures() -> None:
    FAILURES.clear()


def raising(error: BaseException) -> Callable[[], Any]:
    def start() -> None:
        raise error

    return start


BROKEN, LEAVING = ValueError("no"), SystemExit(1)


@pytest.mark.parametrize(
    ("start", "outcome", "failures"),
    [
        (lambda: None, Up(), []),
        (lambda: {"port": 7}, Up({"port": 7}), []),
        (raising(Ignore()), Ignored(), []),
        (raising(Exit("no room")), Failed("no room"), []),
        (raising(BROKEN), Failed(BROKEN), [BROKEN]),
        (raising(LEAVING), Failed(LEAVING), [LEAVING]),
    ],
)
def test_a_start_ends_in_one_of_three_ways_and_the_parent_hears_of_it(
    stage: ManualStage, start: Callable[[], Any], outcome: Any, failures: list[Any]
) -> None:
    cell = stage.start(Starting, start)

    (started,) = stage.parent.news
    assert isinstance(started, Started)
    assert started.outcome == outcome
    assert started.incarnation.alive == isinstance(started.outcome, Up)
    assert (cell.current is None) == (not started.incarnation.alive)
    assert failures == FAILURES


def test_a_constructor_that_fails_is_a_failed_start(stage: ManualStage) -> None:
    class Broken(Actor):
        def __init__(self) -> None:
            super().__init__()
            raise BROKEN

    stage.start(Broken)

    assert [n.outcome for n in stage.parent.news if isinstance(n, Started)] == [Failed(BROKEN)]


def test_a_start_may_be_completed_later(stage: ManualStage) -> None:
    cell = stage.start(Starting, lambda: LATER)
    incarnation = current(cell)
    cell.ref.tell("waits")
    stage.run()
    assert incarnation.phase is Phase.STARTING
    assert len(cell.mailbox) == 1

    cell.started(incarnation, Up("extra"))
    cell.started(incarnation, Failed("only the first counts"))
    stage.run()

    assert stage.parent.news == [Started(incarnation, Up("extra"))]
    assert outcomes(cell) == {"handled": 1}


def test_an_order_to_stop_is_obeyed_when_the_start_is_through(stage: ManualStage) -> None:
    cell = stage.start(Starting, lambda: LATER)
    incarnation = current(cell)
    cell.shutdown(incarnation, "shutdown")
    stage.run()
    assert incarnation.alive

    cell.started(incarnation, Up())
    stage.run()

    assert stage.parent.news == [Started(incarnation, Up()), Exited(incarnation, "shutdown")]


def test_an_order_to_stop_is_void_when_the_start_fails(stage: ManualStage) -> None:
    cell = stage.start(Starting, lambda: LATER)
    incarnation = current(cell)
    cell.shutdown(incarnation, "shutdown")
    stage.run()

    cell.started(incarnation, Failed("no"))
    stage.run()

    assert stage.parent.news == [Started(incarnation, Failed("no"))]
    assert incarnation.reason == "no"


def test_a_kill_before_the_start_is_a_failed_start(stage: ManualStage) -> None:
    ran: list[str] = []
    cell = Cell("/a", Starting, stage.context)
    incarnation = stage.restart(cell, lambda: ran.append("started"))

    cell.kill(incarnation)
    stage.run()

    assert ran == []
    assert stage.parent.news == [Started(incarnation, Failed("killed"))]
    assert stage.sink.reports == []


def test_a_kill_in_the_middle_of_the_start_is_one(real: Stage) -> None:
    begun, release = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        release.wait(5)
        raise BROKEN

    cell = real.start(Starting, hang)
    begun.wait(5)
    incarnation = current(cell)
    cell.kill(incarnation)
    release.set()

    probe(lambda: not real.context.abandoned)
    assert real.parent.news == [Started(incarnation, Failed("killed"))]
    assert FAILURES == []


# ---------------------------------------------------------------- ending from outside


def test_an_order_to_stop_overtakes_messages_and_calls_on_stop(stage: ManualStage) -> None:
    log: list[str] = []

    class Stopping(Worker):
        def on_stop(self) -> None:
            log.append("on_stop")

    cell = stage.start(Stopping)
    instance, incarnation = cell.instance, current(cell)
    with stage.stepper.hold(cell):
        cell.ref.tell("waits")
        cell.shutdown(incarnation, ("shutdown", "restarting"))
    stage.run()

    assert (instance.seen, log) == ([], ["on_stop"])
    assert stage.parent.reasons == [("shutdown", "restarting")]
    assert len(cell.mailbox) == 1
    cell.shutdown(incarnation, "again")  # it has ended: no matter
    stage.run()


def test_one_that_takes_orders_in_order_stops_when_it_comes_to_it(stage: ManualStage) -> None:
    cell = stage.start(Parenting)
    instance = cell.instance
    cell.ref.tell("first")
    cell.shutdown(current(cell), "shutdown")
    cell.ref.tell("last")
    stage.run()

    assert instance.seen == ["first", Shutdown("shutdown"), "last"]


def test_an_injected_error_is_a_failure_at_the_next_turn(stage: ManualStage) -> None:
    cell = stage.start(Starting, lambda: None)
    with stage.stepper.hold(cell):
        cell.ref.tell("waits")
        cell.inject(current(cell), BROKEN)
    stage.run()

    assert FAILURES == [BROKEN]
    assert stage.parent.reasons == [BROKEN]
    assert stage.buried == []
    assert len(cell.mailbox) == 1


def test_an_injected_error_for_one_that_has_ended_is_void(stage: ManualStage) -> None:
    cell = stage.start(Worker)
    incarnation = current(cell)
    cell.inject(incarnation, BROKEN)
    cell.kill(incarnation)
    stage.restart(cell)
    stage.run()

    assert stage.parent.reasons == ["killed"]
    assert current(cell).alive


def test_only_the_first_end_counts(stage: ManualStage) -> None:
    cell = stage.start(Worker)
    incarnation = current(cell)

    assert cell.finish(incarnation, "first")
    assert not cell.finish(incarnation, "second")
    cell.kill(incarnation, "third")
    cell.stop(incarnation, "fourth")
    cell.fail(incarnation, BROKEN)

    assert stage.parent.reasons == ["first"]


def test_an_order_of_an_unknown_kind_is_refused(stage: ManualStage) -> None:
    with pytest.raises(TypeError, match="not an order: 'dance'"):
        stage.start(Worker)._obey("dance")


# ---------------------------------------------------------------- children


def test_a_child_lives_below_its_parent(stage: ManualStage) -> None:
    parent = stage.start(Parenting, path="/parent")
    incarnation = launch(parent, "child")
    stage.run()

    child = parent.children["child"]
    assert (child.path, incarnation.cell, current(child)) == (
        "/parent/child",
        child,
        incarnation,
    )
    assert parent.instance.seen == [Started(incarnation, Up())]


def test_a_parent_that_was_restarted_adopts_the_cells_that_it_had(stage: ManualStage) -> None:
    parent = stage.start(Parenting)
    launch(parent, "child")
    stage.run()
    child = parent.children["child"]
    with stage.stepper.hold(child):
        child.ref.tell("kept")
        parent.kill(current(parent))
    stage.restart(parent)
    stage.run()

    assert launch(parent, "child").cell is child
    stage.run()

    assert child.launched == 2
    assert child.instance.seen == ["kept"]


def test_another_class_at_the_old_name_gets_another_cell(stage: ManualStage) -> None:
    parent = stage.start(Parenting)
    launch(parent, "child")
    stage.run()
    old = parent.children["child"]
    old.kill(current(old))

    new = launch(parent, "child", Other).cell
    stage.run()

    assert new is not old
    assert not old.ref.is_alive()
    assert new.ref.actor_class is Other


def test_a_parent_that_has_ended_launches_nobody(stage: ManualStage) -> None:
    parent = stage.start(Parenting)
    ended = current(parent)
    parent.kill(ended)
    stage.restart(parent)

    made = partial(build, Worker, args=(), kwargs={})
    assert parent.launch_child(ended, "child", Worker, made) is None
    assert parent.children == {}


def test_whoever_ends_a_parent_ends_its_children_from_the_top_down(stage: ManualStage) -> None:
    top = stage.start(Parenting)
    launch(top, "middle", Parenting)
    stage.run()
    middle = top.children["middle"]
    launch(middle, "bottom")
    stage.run()
    bottom = middle.children["bottom"]
    lives = [current(cell) for cell in (top, middle, bottom)]

    top.kill(lives[0])

    assert [life.reason for life in lives] == ["killed", "killed", "shutdown"]
    assert list(stage.sink.down) == lives
    assert [cell.current for cell in (top, middle, bottom)] == [None, None, None]


def test_children_of_one_that_fails_end_with_its_reason(stage: ManualStage) -> None:
    top = stage.start(Parenting)
    child = launch(top, "child")
    stage.run()
    top.finish(current(top), "given up")

    assert child.reason == "given up"


def test_a_closed_child_is_forgotten(stage: ManualStage) -> None:
    parent = stage.start(Parenting)
    launch(parent, "child")
    stage.run()
    child = parent.children["child"]
    child.kill(current(child))

    parent.close_child("child", current(parent))
    parent.close_child("child")
    parent.close_child("unknown")

    assert parent.children == {}
    assert not child.ref.is_alive()


def test_a_parent_that_has_ended_closes_nobodys_child(stage: ManualStage) -> None:
    parent = stage.start(Parenting)
    ended = current(parent)
    parent.kill(ended)
    stage.restart(parent)
    stage.run()
    launch(parent, "child")

    parent.close_child("child", ended)

    assert "child" in parent.children


def test_closing_closes_all_that_is_below(stage: ManualStage) -> None:
    parent = stage.start(Parenting)
    launch(parent, "child")
    stage.run()
    child = parent.children["child"]
    parent.kill(current(parent))

    parent.close()

    assert not parent.ref.is_alive()
    assert not child.ref.is_alive()
    assert parent.children == {}


def test_a_child_may_have_another_dispatcher(stage: ManualStage) -> None:
    parent = stage.start(Parenting)

    child = launch(parent, "child", dispatcher="async").cell

    assert child.dispatcher is stage.stepper.loop


# ---------------------------------------------------------------- those who take orders in order


def test_calls_to_a_parent_are_the_business_of_one_life(stage: ManualStage) -> None:
    parent = stage.start(Parenting)
    instance = parent.instance
    with stage.stepper.hold(parent):
        reply = parent.ref.ask("queued", block=False)
        parent.ref.tell("told")
        parent.kill(current(parent))

    with pytest.raises(Exception, match="ended before it answered: 'killed'"):
        reply.get()
    assert instance.seen == [("ended", "killed")]
    assert outcomes(parent) == {"undeliverable": 1, "expired": 1}
    assert stage.buried == []


def test_a_parent_that_ends_in_its_turn_has_handled_its_message(stage: ManualStage) -> None:
    parent = stage.start(Parenting)
    parent.ref.tell("before")
    parent.ref.tell(lambda: parent.finish(current(parent), "done"))
    parent.ref.tell("after")
    stage.run()

    assert outcomes(parent) == {"handled": 2, "expired": 1}
    assert stage.parent.reasons == ["done"]


def test_a_parent_that_is_killed_in_its_turn_was_interrupted(real: Stage) -> None:
    begun, release = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        release.wait(5)

    parent = real.start(Parenting)
    parent.ref.tell(hang)
    begun.wait(5)
    parent.kill(current(parent))
    release.set()

    probe(lambda: not real.context.abandoned)
    assert outcomes(parent) == {"interrupted": 1}


# ---------------------------------------------------------------- messages that come too late


def test_what_slips_in_while_a_cell_is_closed_is_refused(stage: ManualStage) -> None:
    """A sender has looked whether it is closed, and appends after that."""
    cell = stage.start(Worker)
    cell.kill(current(cell))
    cell.close()
    assert outcomes(cell) == {}

    cell.mailbox.put("late")
    stage.run()

    assert outcomes(cell) == {"undeliverable": 1}
    assert stage.buried_messages() == ["late"]


def test_on_a_thread_of_its_own_it_is_refused_too(real: Stage) -> None:
    cell = real.start(Worker, dispatcher="thread")
    assert cell.ref.ask("hello", timeout=5) == "hello"
    cell.kill(current(cell))
    cell.close()
    probe(lambda: not any(t.name == f"ringleader {cell.path}" for t in threading.enumerate()))

    cell.mailbox.put("late")

    probe(lambda: outcomes(cell) == {"handled": 1, "undeliverable": 1})


def test_many_senders_that_find_it_closed_lose_nothing(real: Stage) -> None:
    cell = real.start(Worker)
    assert cell.ref.ask("hello", timeout=5) == "hello"
    sent: list[int] = []

    def send() -> None:
        try:
            for number in range(10_000):
                cell.ref.tell(number)
                sent.append(number)
        except ActorDeadError:
            pass

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    probe(lambda: len(sent) > 100)
    cell.kill(current(cell))
    cell.close()
    for thread in threads:
        thread.join(5)

    probe(cell.mailbox.empty)
    probe(lambda: sum(cell.outcomes.values()) == len(sent) + 1)


def test_text_says_where_and_who_lives_there(stage: ManualStage) -> None:
    cell = stage.start(Worker, path="/worker")

    assert repr(cell) == "<Cell /worker </worker#1 running>>"
