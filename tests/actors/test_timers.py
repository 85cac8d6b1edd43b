from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

from ringleader.actors.base import Actor
from ringleader.actors.handlers import handles
from ringleader.actors.letters import Outcome
from ringleader.actors.lifecycle import Exit
from tests.actors.stage import ManualStage, outcomes
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.clock import Timer
    from ringleader.actors.timers import ActorTimer, Timers
    from tests.actors.stage import Stage

pytestmark = pytest.mark.usefixtures("quiet")


class Timed(Actor):
    """Notes when which message comes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[float, Any]] = []

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, BaseException):
            raise message
        self.seen.append((round(self.context.clock.now(), 6), message))
        return None


def timed(stage: ManualStage) -> tuple[Timed, Timers]:
    actor: Timed = stage.start(Timed).instance
    return actor, actor.timers


# ---------------------------------------------------------------- once and again


def test_a_timer_tells_the_actor_itself_once(stage: ManualStage) -> None:
    actor, timers = timed(stage)
    timer = timers.once(5, "tick")
    assert timer.is_active

    stage.advance(4.9)
    assert actor.seen == []
    stage.advance(10)

    assert actor.seen == [(5, "tick")]
    assert not timer.is_active
    assert len(timers) == 0


def test_the_message_goes_to_the_handler_of_its_type(stage: ManualStage) -> None:
    class Handling(Actor):
        def __init__(self) -> None:
            super().__init__()
            self.total = 0

        @handles(int)
        def add(self, number: int) -> None:
            self.total += number

    actor = stage.start(Handling).instance
    actor.timers.once(1, 7)
    stage.advance(1)

    assert actor.total == 7


def test_a_periodic_timer_goes_on_until_it_is_cancelled(stage: ManualStage) -> None:
    actor, timers = timed(stage)
    timer = timers.periodic(2, "tick")

    stage.advance(7)
    timer.cancel()
    stage.advance(7)

    assert actor.seen == [(2, "tick"), (4, "tick"), (6, "tick")]
    assert not timer.is_active


def test_a_periodic_timer_may_begin_at_another_time(stage: ManualStage) -> None:
    actor, timers = timed(stage)
    timers.periodic(10, "tick", first=0)

    stage.advance(20)

    assert [when for when, _ in actor.seen] == [0, 10, 20]


def test_ticks_do_not_pile_up_while_one_waits(stage: ManualStage) -> None:
    cell = stage.start(Timed)
    cell.instance.timers.periodic(1, "tick")
    with stage.stepper.hold(cell):
        stage.advance(10)
        assert len(cell.mailbox) == 1
    stage.run()
    stage.advance(1)

    assert cell.instance.seen == [(10, "tick"), (11, "tick")]


def test_a_timer_may_be_set_in_the_constructor_and_in_its_own_message(
    stage: ManualStage,
) -> None:
    class Counting(Actor):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[int] = []
            self.timers.once(1, 1)

        def on_receive(self, message: int) -> None:
            self.seen.append(message)
            if message < 3:
                self.timers.once(1, message + 1)

    actor = stage.start(Counting).instance
    stage.advance(5)

    assert actor.seen == [1, 2, 3]


@pytest.mark.parametrize("seconds", [-1, float("nan"), -0.001])
def test_a_time_that_is_not_in_the_future_is_refused(stage: ManualStage, seconds: float) -> None:
    _, timers = timed(stage)

    with pytest.raises(ValueError, match=r"a timer can.t fire in .* s: that is not in the future"):
        timers.once(seconds, "never")


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_period_must_be_positive(stage: ManualStage, seconds: float) -> None:
    _, timers = timed(stage)

    with pytest.raises(ValueError, match=f"a period must be positive, not {seconds} s"):
        timers.periodic(seconds, "never")


# ---------------------------------------------------------------- keys and cancelling


def test_a_key_in_use_is_replaced(stage: ManualStage) -> None:
    actor, timers = timed(stage)
    first = timers.once(1, "first", key="k")
    timers.once(2, "second", key="k")

    stage.advance(5)

    assert actor.seen == [(2, "second")]
    assert not first.is_active


def test_timers_without_a_key_are_each_their_own_whatever_keys_there_are(
    stage: ManualStage,
) -> None:
    actor, timers = timed(stage)
    timers.once(1, "a")
    timers.once(1, "b")
    timers.once(1, "c", key=0)
    timers.once(1, "d", key=1)

    stage.advance(1)

    assert [message for _, message in actor.seen] == ["a", "b", "c", "d"]


def test_cancelling_says_whether_there_was_something_to_cancel(stage: ManualStage) -> None:
    actor, timers = timed(stage)
    timers.once(1, "tick", key="k")

    assert timers.cancel("k")
    assert not timers.cancel("k")
    assert not timers.cancel("unknown")
    stage.advance(5)

    assert actor.seen == []


def test_a_timer_is_cancelled_also_when_its_message_is_queued_already(
    stage: ManualStage,
) -> None:
    cell = stage.start(Timed)
    timers = cell.instance.timers
    timers.once(1, "tick", key="k")
    with stage.stepper.hold(cell):
        stage.advance(1)
        assert timers.cancel("k")
    stage.run()

    assert cell.instance.seen == []
    assert outcomes(cell) == {"expired": 1}


def test_a_replaced_timer_whose_message_is_queued_does_not_come_twice(
    stage: ManualStage,
) -> None:
    cell = stage.start(Timed)
    timers = cell.instance.timers
    timers.once(1, "first", key="k")
    with stage.stepper.hold(cell):
        stage.advance(1)
        timers.once(1, "second", key="k")
        stage.advance(1)
    stage.run()

    assert cell.instance.seen == [(2, "second")]


def test_all_can_be_cancelled(stage: ManualStage) -> None:
    actor, timers = timed(stage)
    timers.once(1, "a")
    timers.periodic(1, "b", key="k")
    assert len(timers) == 2

    timers.cancel_all()
    stage.advance(5)

    assert actor.seen == []
    assert len(timers) == 0


@given(st.lists(st.sampled_from(["keyed", "unkeyed", "cancelled", "replaced"]), max_size=20))
def test_nothing_is_kept_of_timers_that_are_through(kinds: list[str]) -> None:
    stage = ManualStage()
    actor, timers = timed(stage)
    for number, kind in enumerate(kinds):
        match kind:
            case "keyed":
                timers.once(1, number, key=number)
            case "unkeyed":
                timers.once(1, number)
            case "cancelled":
                timers.once(1, number).cancel()
            case _:
                timers.once(1, number, key="same")
    stage.advance(1)

    kept = [n for n, kind in enumerate(kinds) if kind in {"keyed", "unkeyed"}]
    last = [n for n, kind in enumerate(kinds) if kind == "replaced"][-1:]
    assert sorted(message for _, message in actor.seen) == sorted(kept + last)
    assert timers._timers == {}
    stage.close()


# ---------------------------------------------------------------- the end of a life


ENDS: dict[str, Callable[[Any], object]] = {
    "stop": lambda cell: cell.ref.stop(block=False),
    "exit": lambda cell: cell.ref.tell(Exit("done")),
    "crash": lambda cell: cell.ref.tell(ValueError()),
    "kill": lambda cell: cell.kill(cell.current),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_timers_die_with_the_life_that_set_them(
    stage: ManualStage, end: Callable[[Any], object]
) -> None:
    cell = stage.start(Timed)
    timers = cell.instance.timers
    timer = timers.periodic(1, "tick")
    end(cell)
    stage.run()
    stage.restart(cell)
    stage.advance(5)

    assert cell.instance.seen == []
    assert not timer.is_active
    assert stage.clock.next_time() is None


def test_a_timer_set_after_the_end_of_its_life_never_fires(stage: ManualStage) -> None:
    cell = stage.start(Timed)
    timers = cell.instance.timers
    cell.kill(cell.current)  # type: ignore[arg-type]  # it has one
    stage.restart(cell)
    stage.run()

    timers.once(1, "from the dead")
    stage.advance(5)

    assert cell.instance.seen == []


def test_the_message_of_a_timer_whose_life_has_ended_expires(stage: ManualStage) -> None:
    cell = stage.start(Timed)
    cell.instance.timers.once(1, "tick")
    with stage.stepper.hold(cell):
        stage.advance(1)
        cell.kill(cell.current)  # type: ignore[arg-type]  # it has one
        stage.restart(cell)
    stage.run()

    assert cell.instance.seen == []
    assert outcomes(cell) == {"expired": 1}


def test_it_expires_also_where_nobody_will_live_any_more(stage: ManualStage) -> None:
    cell = stage.start(Timed)
    cell.instance.timers.once(1, "tick")
    with stage.stepper.hold(cell):
        stage.advance(1)
        cell.kill(cell.current)  # type: ignore[arg-type]  # it has one
        cell.close()

    assert outcomes(cell) == {"expired": 1}
    assert stage.buried == []


def test_a_failure_in_a_timers_message_ends_the_life(stage: ManualStage) -> None:
    cell = stage.start(Timed)
    error = ValueError("no")
    cell.instance.timers.once(1, error)

    stage.advance(1)

    assert stage.parent.reasons == [error]
    assert stage.buried_messages(Outcome.FAILED) == [error]
    assert stage.sink.reports[0].in_hand is error


# ---------------------------------------------------------------- real threads


def test_timers_on_real_threads(real: Stage) -> None:
    ticks = threading.Semaphore(0)

    class Ticking(Actor):
        def on_start(self) -> None:
            self.timers.periodic(0.001, "tick")

        def on_receive(self, message: Any) -> None:
            del message
            ticks.release()

    real.start(Ticking)

    assert all(ticks.acquire(timeout=5) for _ in range(3))


def test_a_cancelled_timer_stays_cancelled_even_when_it_is_just_firing(
    stage: ManualStage,
) -> None:
    """The clock's thread is between telling the message and setting the next one."""
    cell = stage.start(Timed)
    timers = cell.instance.timers
    timer: ActorTimer = timers.periodic(1, "tick")
    put = cell.mailbox.put

    class Interfering:
        def put(self, item: Any) -> None:
            put(item)
            timer.cancel()

        def __getattr__(self, name: str) -> Any:
            return getattr(mailbox, name)

    mailbox = cell.mailbox
    cell.mailbox = Interfering()  # type: ignore[assignment]  # looks like one
    stage.clock.advance(1)
    cell.mailbox = mailbox
    stage.advance(5)

    assert cell.instance.seen == []
    assert not timer.is_active
    assert stage.clock.next_time() is None
    probe(lambda: outcomes(cell) == {"expired": 1})


@pytest.mark.parametrize("periodic", [False, True])
def test_a_timer_that_is_due_while_it_is_being_set_is_not_lost(
    stage: ManualStage, monkeypatch: pytest.MonkeyPatch, *, periodic: bool
) -> None:
    actor, timers = timed(stage)
    clock = stage.clock
    call_later = clock.call_later

    def overtaken(seconds: float, call: Callable[[], object]) -> Timer:
        timer = call_later(seconds, call)
        monkeypatch.undo()
        clock.advance(seconds)  # as the clock's thread may, before the timer is returned
        return timer

    monkeypatch.setattr(clock, "call_later", overtaken)
    (timers.periodic if periodic else timers.once)(1, "tick")
    stage.advance(0)

    assert actor.seen == [(1, "tick")]
