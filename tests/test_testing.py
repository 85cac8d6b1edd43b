"""The means that tests of users have: a clock moved by hand, turns one by one, a whole system."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from pykka import Timeout

from ringleader import Actor, ChildSpec, handles
from ringleader.actors.errors import ActorDied, DeadlockError
from ringleader.actors.letters import Outcome
from ringleader.testing import ManualClock, Stepper, TestSystem, unbalanced

if TYPE_CHECKING:
    from ringleader.actors.cell import Cell


class Noting(Actor):
    """Writes down what it is sent, with its name."""

    def __init__(self, name: str = "", log: list[Any] | None = None) -> None:
        super().__init__()
        self.name = name
        self.log: list[Any] = [] if log is None else log

    @handles(object)
    def note(self, message: object) -> object:
        self.log.append((self.name, message) if self.name else message)
        return message


class Asking(Actor):
    """Asks somebody else."""

    def __init__(self, other: Any) -> None:
        super().__init__()
        self.other = other

    @handles(str)
    def ask(self, message: str) -> Any:
        return self.other.ask(message)


class Napping(Actor):
    """Takes its time."""

    @handles(str)
    async def nap(self, message: str) -> str:
        await self.sleep(10)
        return message.upper()

    @handles(int)
    async def spin(self, times: int) -> int:
        for _ in range(times):
            await self.sleep(0)
        return times


# ---------------------------------------------------------------- the clock


def test_time_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(time=1_000.0)
    assert (clock.now(), clock.time()) == (0.0, 1_000.0)

    clock.advance(2.5)

    assert (clock.now(), clock.time()) == (2.5, 1_002.5)


def test_it_begins_with_the_year_2026() -> None:
    assert ManualClock().time() == 1_767_225_600


def test_calls_see_the_time_that_they_were_set_for() -> None:
    clock, seen = ManualClock(), list[float]()
    for seconds in (3, 1, 2):
        clock.call_later(seconds, lambda: seen.append(clock.now()))
    assert clock.next_time() == 1

    clock.advance_to(2.5)
    assert (seen, clock.next_time()) == ([1, 2], 3)
    clock.advance_to(1)  # back it can't go

    assert clock.now() == 2.5


def test_sums_of_times_do_not_drift() -> None:
    clock, seen = ManualClock(), list[float]()

    def again() -> None:
        seen.append(clock.now())
        if len(seen) < 10:
            clock.call_later(0.1, again)

    clock.call_later(0.1, again)
    clock.advance_to(1.0)

    assert len(seen) == 10


# ---------------------------------------------------------------- the stepper


class Job:
    """Something with turns."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name, self.log = name, log
        self.dispatcher = Stepper()

    def run(self, turn: int) -> None:
        self.log.append(f"{self.name}{turn}")


def stepped(*names: str, **kwargs: Any) -> tuple[Stepper, list[Any], list[str]]:
    log: list[str] = []
    return Stepper(**kwargs), [Job(name, log) for name in names], log


def test_turns_are_given_one_by_one_in_the_order_in_which_they_were_asked_for() -> None:
    stepper, jobs, log = stepped("a", "b", turn=7)
    for job in jobs:
        stepper.put(job)

    assert stepper.step()
    assert log == ["a7"]
    stepper.run_until_quiescent()

    assert log == ["a7", "b7"]
    assert not stepper.step()


def test_shuffled_turns_come_in_any_order_and_of_any_length_but_the_same_for_a_seed() -> None:
    def run(seed: int) -> list[str]:
        stepper, jobs, log = stepped(*"abcdefgh", shuffle=random.Random(seed))  # noqa: S311  # a seed
        for job in jobs:
            stepper.put(job)
        stepper.drive()
        return log

    assert run(1) == run(1) != run(2)
    assert sorted(entry[0] for entry in run(1)) == list("abcdefgh")
    assert len({entry[1:] for entry in run(1)}) > 1


def test_who_is_held_gets_no_turn_until_it_is_let_go() -> None:
    stepper, (held, other), log = stepped("h", "o", turn=1)
    with stepper.hold(held):
        stepper.put(held)
        stepper.put(held)
        stepper.put(other)
        stepper.drive()
        assert log == ["o1"]
    stepper.drive()

    assert log == ["o1", "h1"]


def test_who_is_held_and_asks_for_nothing_gets_nothing() -> None:
    stepper, (held,), log = stepped("h")
    with stepper.hold(held):
        pass
    stepper.drive()

    assert log == []


def test_coroutines_do_not_run_between_turns() -> None:
    async def nothing() -> None:
        pass

    with pytest.raises(TypeError, match="needs the dispatcher 'async'"):
        Stepper().run_task(nothing(), lambda _: None)


def test_a_stepper_has_nothing_to_let_go_of() -> None:
    stepper = Stepper()

    stepper.replace(0)
    stepper.release()

    assert stepper.close(0)
    assert stepper.close(0)


# ---------------------------------------------------------------- the system


def test_nothing_happens_but_when_the_test_says_so() -> None:
    with TestSystem() as system:
        ref = system.start_child(ChildSpec("noting", Noting))
        ref.tell("told")
        assert ref.cell.instance.log == []

        system.run()

        assert ref.cell.instance.log == ["told"]


def test_an_ask_from_the_test_runs_turns_until_the_reply_is_there() -> None:
    with TestSystem() as system:
        ref = system.start_child(ChildSpec("noting", Noting))
        ref.tell("first")

        assert ref.ask("second") == "second"
        assert ref.cell.instance.log == ["first", "second"]


def test_actors_ask_one_another() -> None:
    with TestSystem() as system:
        other = system.start_child(ChildSpec("other", Noting))
        ref = system.start_child(ChildSpec("asking", Asking, (other,)))

        assert ref.ask("hello") == "hello"


def test_a_reply_that_can_not_come_is_an_error_at_once() -> None:
    with TestSystem() as system:
        ref = system.start_child(ChildSpec("napping", Napping))

        with pytest.raises(DeadlockError, match="there is nothing left to do"):
            ref.ask("tired")
        with pytest.raises(Timeout):
            ref.ask("tired", timeout=5)
        system.advance(60)


def test_moving_time_runs_what_it_sets_off_at_each_moment() -> None:
    log: list[Any] = []

    class Ticking(Noting):
        def on_start(self) -> None:
            self.timers.periodic(1, "tick")

        @handles(str)
        def tick(self, message: str) -> None:
            log.append((self.context.clock.now(), message))

    with TestSystem() as system:
        begin = system.manual.now()
        system.start_child(ChildSpec("ticking", Ticking))
        system.advance(3)

        assert [when - begin for when, _ in log] == [1, 2, 3]
        assert system.manual.now() == begin + 3


def test_coroutines_wait_for_the_clock() -> None:
    with TestSystem() as system:
        ref = system.start_child(ChildSpec("napping", Napping))
        reply = ref.ask("tired", block=False)
        system.advance(9)
        assert not reply.done

        system.advance(1)

        assert reply.get() == "TIRED"


def test_coroutines_that_wait_for_nothing_long_are_run_to_their_end() -> None:
    with TestSystem() as system:
        ref = system.start_child(ChildSpec("napping", Napping))
        reply = ref.ask(20, block=False)
        system.advance(0)

        assert reply.get() == 20


def test_the_loop_of_coroutines_is_closed_with_the_system() -> None:
    with TestSystem() as system:
        ref = system.start_child(ChildSpec("napping", Napping))
        ref.tell("tired")
        system.run()
        loop: Any = system.stepper.loop
        assert loop._loop is not None

    assert loop._loop is None
    assert loop._tasks == set()


def test_stopping_lets_the_time_pass_that_it_needs() -> None:
    class Slow(Napping):
        def on_stop(self) -> None:
            log.append((self.context.clock.now(), "stopped"))

    log: list[Any] = []
    system = TestSystem().start()
    for name, patience in (("patient", 60.0), ("impatient", 5.0)):
        ref = system.start_child(ChildSpec(name, Slow, shutdown=patience))
        ref.tell("tired")  # for ten seconds
    system.run()
    begin = system.manual.now()

    assert system.stop()

    assert log == [(begin + 10, "stopped")]  # the impatient one was killed after five
    assert system.stop()


def test_stopping_takes_as_long_as_it_may_and_kills_who_is_left() -> None:
    system = TestSystem().start()
    ref = system.start_child(ChildSpec("napping", Napping, shutdown=60.0))
    reply = ref.ask("tired", block=False)
    system.run()

    assert system.stop(timeout=3)

    with pytest.raises(ActorDied, match="'killed'"):
        reply.get()
    assert system.manual.now() <= 3


def test_each_path_is_dispatched_on_the_stepper_and_there_are_no_threads() -> None:
    class Own(Noting):
        dispatcher = "thread"

    with TestSystem() as system:
        ref = system.start_child(ChildSpec("own", Own))

        assert ref.cell.dispatcher is system.stepper


def test_turns_can_be_shuffled() -> None:
    def run(seed: int) -> list[Any]:
        log: list[Any] = []
        with TestSystem(shuffle=random.Random(seed)) as system:  # noqa: S311  # a seed
            refs = [system.start_child(ChildSpec(name, Noting, (name, log))) for name in "abcdefgh"]
            for ref in refs:
                ref.tell("message")
            system.run()
        return log

    assert sorted(run(1)) == sorted(run(2))
    assert run(1) == run(1) != run(2)


def test_leaving_checks_that_every_message_has_one_outcome() -> None:
    system = TestSystem().start()
    ref = system.start_child(ChildSpec("noting", Noting))
    ref.ask("once")
    ref.cell.settle(Outcome.HANDLED)

    with pytest.raises(AssertionError, match=r"/noting read 1 messages \(0 wait\): .*'handled': 2"):
        system.stop()


def test_what_is_unbalanced_is_said_in_words() -> None:
    with TestSystem() as system:
        ref = system.start_child(ChildSpec("noting", Noting))
        cells: list[Cell] = [ref.cell]
        with system.stepper.hold(ref.cell):
            ref.tell("waits")
            assert unbalanced(cells) == ["/noting read 0 messages (1 wait): {}"]
        system.run()

        assert unbalanced(cells) == []
        ref.cell.settle(Outcome.REJECTED)  # not read, so not counted
        assert unbalanced(cells) == []
