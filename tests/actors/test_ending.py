from __future__ import annotations

import gc
import logging
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from ringleader import ChildSpec
from ringleader.actors.base import Actor
from ringleader.actors.events.training import TrainingCompleted
from ringleader.actors.handlers import handles
from ringleader.actors.letters import DeathReport, Outcome
from ringleader.actors.lifecycle import LATER, Exit
from ringleader.testing import ManualClock, TestSystem
from tests.actors.stage import ManualStage, outcomes

if TYPE_CHECKING:
    from ringleader.actors.cell import Cell
    from ringleader.actors.incarnation import Incarnation

DONE = TrainingCompleted(config_key="hex5_2p", model_path="m.npz")


class Worker(Actor):
    """Raises what it is sent."""

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, BaseException):
            raise message
        return message


def current(cell: Cell) -> Incarnation:
    assert cell.current is not None
    return cell.current


# ---------------------------------------------------------------- what is known of an end


@pytest.mark.usefixtures("quiet")
def test_a_report_says_who_ended_when_why_and_at_what(stage: ManualStage) -> None:
    error = ValueError("no")
    cell = stage.start(Worker, path="/worker")
    stage.advance(5)
    for message in ("first", error, "queued", "queued too"):
        cell.ref.tell(message)
    stage.run()

    assert stage.sink.reports == [
        DeathReport(
            path="/worker",
            number=1,
            reason=error,
            time=ManualClock().time() + 5,
            uptime=5.0,
            depth=2,
            in_hand=error,
        )
    ]
    assert stage.buried[0].report is stage.sink.reports[0]
    assert stage.buried[0].detail == "ValueError: no"


def test_an_orderly_end_has_nothing_in_hand(stage: ManualStage) -> None:
    cell = stage.start(Worker)
    cell.ref.stop(block=False)
    cell.ref.tell("queued")
    stage.run()

    (report,) = stage.sink.reports
    assert (report.reason, report.in_hand, report.depth) == ("normal", None, 1)
    assert stage.buried == []


class Heavy(Actor):
    """Fails where it is told to, with itself in the local variables of many frames."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where
        self.fail("__init__")

    def on_start(self) -> None:
        self.fail("on_start")

    def on_receive(self, message: Any) -> None:
        try:
            self.fail("on_receive")
        except ValueError as error:
            raise KeyError(message) from error

    def fail(self, where: str) -> None:
        ALIVE.add(self)
        if where == self.where:
            raise ValueError(where)


class HeavyLater(Heavy):
    """The same on an event loop."""

    async def on_receive(self, message: Any) -> None:  # type: ignore[override]  # async
        super().on_receive(message)


ALIVE: weakref.WeakSet[Heavy] = weakref.WeakSet()


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("where", ["__init__", "on_start", "on_receive"])
@pytest.mark.parametrize("kind", [Heavy, HeavyLater])
def test_the_dead_are_not_kept_by_their_reports(kind: type[Heavy], where: str) -> None:
    """A traceback would keep its frames, and they the actor."""
    stage = ManualStage()
    cell = stage.start(kind, where)
    if cell.current is not None:
        cell.ref.tell("message")
        stage.run()
    kept = stage.sink.reports, stage.buried, list(stage.parent.reasons)
    assert cell.last_reason is not None
    stage.parent.news.clear()
    stage.sink.up.clear()
    stage.sink.down.clear()
    gc.collect()

    assert kept[0] or where in {"__init__", "on_start"}
    assert list(ALIVE) == []
    stage.close()


# ---------------------------------------------------------------- what is logged


def test_a_failure_is_logged_with_the_path_by_our_logger(
    stage: ManualStage, caplog: pytest.LogCaptureFixture
) -> None:
    cell = stage.start(Worker, path="/worker")
    cell.ref.tell(ValueError("no"))
    stage.run()

    (record,) = [r for r in caplog.records if r.name == "ringleader.actor"]
    assert record.getMessage() == "/worker failed: ValueError: no"
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert record.exc_info[2] is not None


def test_a_second_failure_in_on_failure_is_logged_as_well(
    stage: ManualStage, caplog: pytest.LogCaptureFixture
) -> None:
    class Unlucky(Worker):
        def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:
            del exception_type, exception_value, traceback
            raise SystemExit("second")

    cell = stage.start(Unlucky, path="/unlucky")
    cell.ref.tell(ValueError("first"))
    stage.run()

    assert [r.getMessage() for r in caplog.records] == [
        "/unlucky failed: ValueError: first",
        "/unlucky failed: SystemExit: second",
    ]
    assert isinstance(stage.parent.reasons[0], ValueError)


def test_a_chosen_end_is_no_failure(stage: ManualStage, caplog: pytest.LogCaptureFixture) -> None:
    cell = stage.start(Worker)
    cell.ref.tell(Exit("done"))
    stage.run()

    assert caplog.records == []
    assert stage.parent.reasons == ["done"]
    assert outcomes(cell) == {"handled": 1}


# ---------------------------------------------------------------- in order


class Stopping(Worker):
    """Does at its end what it was told to."""

    def __init__(self, at_the_end: Any) -> None:
        super().__init__()
        self.at_the_end = at_the_end

    def on_stop(self) -> Any:
        if isinstance(self.at_the_end, BaseException):
            raise self.at_the_end
        return self.at_the_end


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    ("at_the_end", "reason"),
    [("ignored", "normal"), (Exit("changed my mind"), "changed my mind")],
)
def test_on_stop_may_choose_another_reason(
    stage: ManualStage, at_the_end: Any, reason: str
) -> None:
    cell = stage.start(Stopping, at_the_end)

    assert cell.ref.stop()

    assert stage.parent.reasons == [reason]


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1)])
def test_a_failure_in_on_stop_is_the_reason(stage: ManualStage, error: BaseException) -> None:
    cell = stage.start(Stopping, error)

    assert cell.ref.stop()

    assert stage.parent.reasons == [error]
    assert outcomes(cell) == {"handled": 1}


def test_an_end_may_take_longer_than_on_stop(stage: ManualStage) -> None:
    cell = stage.start(Stopping, LATER)
    incarnation = current(cell)
    stopped = cell.ref.stop(block=False)
    cell.ref.tell("waits for the next life")
    stage.run()
    assert incarnation.alive
    assert not stopped.map(bool).done
    assert stage.parent.reasons == []

    cell.finish(incarnation, "normal")
    stage.run()

    assert stopped.get() is True
    assert stage.parent.reasons == ["normal"]
    assert len(cell.mailbox) == 1


def test_a_kill_puts_an_end_to_a_long_end(stage: ManualStage) -> None:
    cell = stage.start(Stopping, LATER)
    stopped = cell.ref.stop(block=False)
    stage.run()

    cell.kill(current(cell))

    assert stopped.get() is True
    assert stage.parent.reasons == ["killed"]
    assert outcomes(cell) == {"handled": 1}


def test_who_is_told_to_stop_twice_stops_once_and_tells_both(stage: ManualStage) -> None:
    cell = stage.start(Stopping, LATER)
    incarnation = current(cell)
    stops = [cell.ref.stop(block=False) for _ in range(2)]
    stage.run()
    cell.finish(incarnation, "normal")
    assert stops[0].get()

    stage.restart(cell, None)
    stage.run()

    assert stops[1].get()  # by the next life, which it was queued for
    assert stage.parent.reasons == ["normal", "normal"]


# ---------------------------------------------------------------- events


class Listening(Actor):
    """Handles an event as it is told to."""

    def __init__(self, how: Any = None) -> None:
        super().__init__()
        self.how = how
        self.seen = 0

    @handles(TrainingCompleted)
    def take(self, event: TrainingCompleted) -> None:
        del event
        self.seen += 1
        if isinstance(self.how, BaseException):
            raise self.how
        if callable(self.how):
            self.how(self)


def kill_itself(actor: Listening) -> None:
    actor._cell.kill(current(actor._cell))


class Persistent(Listening):
    """Takes an event again after an interruption."""

    @handles(TrainingCompleted, idempotent=True)
    def take(self, event: TrainingCompleted) -> None:
        super().take(event)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    ("how", "delivered", "counted", "buried"),
    [
        (None, {"handled": 1}, {"handled": 1}, []),
        (ValueError("no"), {"failed": 1}, {"failed": 1}, ["failed"]),
        (Exit("done"), {"handled": 1}, {"handled": 1}, []),
        (
            kill_itself,
            {"interrupted": 1},
            {"interrupted": 1},
            ["interrupted"],
        ),
    ],
    ids=["handled", "failed", "left", "killed"],
)
def test_a_delivery_has_the_outcome_of_its_message(
    how: Any, delivered: dict[str, int], counted: dict[str, int], buried: list[str]
) -> None:
    with TestSystem(intensity=10) as system:
        ref = system.start_child(ChildSpec("listening", Listening, (how,)))
        system.run()
        before = len(system.dead_letters.letters())

        event_id = system.publish(DONE).id
        system.run()

        assert system.statistics().events.outcomes == delivered
        assert outcomes(ref.cell) == counted
        letters = system.dead_letters.letters()[before:]
        assert [letter.reason.value for letter in letters] == buried
        assert [(letter.event_id, letter.message) for letter in letters] == [
            (event_id, DONE) for _ in buried
        ]


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("ends", ["fails", "is killed"])
def test_an_idempotent_handler_gets_an_event_once_more_and_it_is_delivered_once(
    ends: str,
) -> None:
    failures = [0]

    def fail_once(self: Listening) -> None:
        failures[0] += 1
        if failures[0] == 1:
            if ends == "fails":
                raise ValueError("no")
            kill_itself(self)

    with TestSystem(intensity=10) as system:
        ref = system.start_child(ChildSpec("persistent", Persistent, (fail_once,)))
        system.publish(DONE)
        system.run()

        assert failures == [2]
        assert outcomes(ref.cell) == {"retried": 1, "handled": 1}
        assert ref.cell.delivery is None
        assert system.statistics().events.outcomes == {Outcome.HANDLED: 1}
        assert len(system.dead_letters) == 0


@pytest.mark.usefixtures("quiet")
def test_an_event_that_fails_again_becomes_a_dead_letter() -> None:
    with TestSystem(intensity=10) as system:
        ref = system.start_child(ChildSpec("persistent", Persistent, (ValueError("no"),)))
        system.publish(DONE)
        system.run()

        assert outcomes(ref.cell) == {"retried": 1, "failed": 1}
        assert system.statistics().events.outcomes == {Outcome.FAILED: 1}
        assert [letter.message for letter in system.dead_letters.letters()] == [DONE]


@pytest.mark.usefixtures("quiet")
def test_events_for_one_that_is_gone_for_good_are_undeliverable() -> None:
    with TestSystem(intensity=10) as system:
        spec = ChildSpec("listening", Listening, restart="temporary")
        ref = system.start_child(spec)
        with system.stepper.hold(ref.cell):
            system.publish(DONE)
            system.run()
            ref.cell.kill(current(ref.cell))
        system.run()

        assert system.statistics().events.outcomes == {Outcome.UNDELIVERABLE: 1}
        assert [letter.message for letter in system.dead_letters.letters()] == [DONE]
