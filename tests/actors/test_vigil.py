"""Who hangs is ended, and too many threads that hang end the system."""

from __future__ import annotations

from threading import Event as ThreadEvent
from typing import TYPE_CHECKING, Any

import pytest

from ringleader import Actor, ChildSpec, Outcome, System, handles
from ringleader.actors.dispatch import Pool
from ringleader.actors.errors import Hung, TooManyStuckThreads
from ringleader.actors.future import Reply
from ringleader.actors.options import ActorOptions
from ringleader.testing import TestSystem
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.actors.ref import Ref

pytestmark = pytest.mark.usefixtures("quiet")


class Sleeper(Actor):
    """Sleeps for as long as it is told to."""

    def __init__(self, done: list[float] | None = None) -> None:
        super().__init__()
        self.done: list[float] = [] if done is None else done

    @handles(float)
    async def nap(self, seconds: float) -> None:
        await self.doze(seconds)
        self.done.append(seconds)

    async def doze(self, seconds: float) -> None:
        await self.sleep(seconds)


class Stuck(Actor):
    """Waits for an event of the test."""

    @handles(ThreadEvent)
    def wait(self, event: ThreadEvent) -> None:
        event.wait(30)

    @handles(str)
    def answer(self, question: str) -> str:
        return question


@pytest.fixture
def system() -> Iterator[TestSystem]:
    with TestSystem(intensity=100) as system:
        yield system


def sleeper(system: System, deadline: float | None = 10.0, **kwargs: Any) -> Ref[Any]:
    return system.start_child(ChildSpec("s", Sleeper, progress_deadline=deadline, **kwargs))


def causes(system: System) -> list[str]:
    return [death.cause for death in system.deaths.all()]


# -------------------------------------------------------------------------- hangs


def test_who_is_at_one_message_for_the_whole_deadline_dies_by_hang(system: TestSystem) -> None:
    ref = sleeper(system)
    ref.tell(1_000.0)

    system.advance(9.9)
    assert system.deaths.all() == []

    system.advance(2.6)
    (death,) = system.deaths.all()
    assert isinstance(death.report.reason, Hung)
    assert 10.0 <= death.report.reason.seconds <= 12.5
    assert death.report.in_hand == 1_000.0
    assert ref.is_alive()
    assert [letter.reason for letter in system.dead_letters.letters()] == [Outcome.INTERRUPTED]


def test_a_hung_coroutine_s_report_says_where_it_waits(system: TestSystem) -> None:
    sleeper(system).tell(1_000.0)

    system.advance(15.0)

    stack = system.deaths.all()[0].report.stack
    assert [name in stack for name in ("in nap", "in doze", "in sleep")] == [True] * 3
    assert "turns.py" not in stack


@pytest.mark.parametrize("answers", [True, False])
def test_what_lives_elsewhere_is_asked_where_it_hangs_and_may_not_answer(
    system: TestSystem, *, answers: bool
) -> None:
    class StandIn(Sleeper):
        def stacks(self) -> Reply[str]:
            reply: Reply[str] = Reply()
            if answers:
                reply.set("in the other process")
            return reply

    ref = system.start_child(ChildSpec("s", StandIn, progress_deadline=10.0))
    ref.tell(1_000.0)

    system.advance(16.0)

    (death,) = system.deaths.all()
    assert ("in the other process" if answers else "in nap") in death.report.stack


def test_what_waits_behind_a_hung_message_goes_to_the_next_life(system: TestSystem) -> None:
    done: list[float] = []
    ref = sleeper(system, args=(done,))
    ref.tell(1_000.0)
    ref.tell(1.0)

    system.advance(15.0)

    assert done == [1.0]


def test_who_ends_a_message_now_and_then_does_not_hang(system: TestSystem) -> None:
    done: list[float] = []
    ref = sleeper(system, args=(done,))
    for _ in range(20):
        ref.tell(9.0)

    system.advance(200.0)

    assert len(done) == 20
    assert system.deaths.all() == []


def test_who_has_nothing_to_do_does_not_hang(system: TestSystem) -> None:
    sleeper(system)

    system.advance(1_000.0)

    assert system.deaths.all() == []


def test_nothing_is_watched_by_default_and_watching_nobody_takes_no_timer(
    system: TestSystem,
) -> None:
    ref = sleeper(system, deadline=None)
    ref.tell(50.0)
    system.run()
    assert system.statistics().watched == 0

    system.advance(49.0)  # the sleeper's own timer is the only one
    assert system.manual.next_time() == 50.0


def test_who_has_ended_is_watched_no_more(system: TestSystem) -> None:
    ref = sleeper(system, restart="temporary")
    system.run()
    assert system.statistics().watched == 1

    ref.stop()
    system.run()

    assert system.statistics().watched == 0
    system.advance(10.0)
    assert system.manual.next_time() is None


def test_many_restarts_leave_nothing_behind_in_the_vigil(system: TestSystem) -> None:
    ref = sleeper(system, deadline=1e6)
    for _ in range(50):
        current = ref.cell.current
        assert current is not None
        ref.cell.kill(current)
        system.advance(1.0)

    assert system.statistics().watched == 1


def test_the_vigil_goes_on_after_its_own_crash(system: TestSystem) -> None:
    vigil = system.ref("/system/vigil").cell
    sleeper(system).tell(1_000.0)
    system.run()
    assert vigil.current is not None

    vigil.inject(vigil.current, ValueError("bad luck"))
    system.advance(15.0)

    assert "Hung: hung: it was at one message for 10 s" in causes(system)


def test_a_hung_thread_is_given_up_replaced_and_its_stack_reported() -> None:
    release, answers = ThreadEvent(), list[str]()
    with System(actors=ActorOptions(pool_workers=1)) as system:
        ref = system.start_child(ChildSpec("stuck", Stuck, progress_deadline=0.05))
        ref.tell(release)
        probe(system.deaths.all)
        answers.append(ref.ask("here?", timeout=5))

        (death,) = system.deaths.all()
        assert isinstance(death.report.reason, Hung)
        assert death.report.in_hand is release
        assert "event.wait(30)" in death.report.stack
        assert "_work" not in death.report.stack
        assert system.statistics().stuck_threads == 1

        release.set()
        probe(lambda: system.statistics().stuck_threads == 0)
    assert answers == ["here?"]


def test_work_that_waits_for_a_free_worker_is_no_hang() -> None:
    release = ThreadEvent()
    with System(actors=ActorOptions(pool_workers=1)) as system:
        pool = system.context.dispatcher("pool", "")
        assert isinstance(pool, Pool)
        pool._limit = 1  # nobody takes over
        culprit = system.start_child(ChildSpec("culprit", Stuck))
        waiting = system.start_child(ChildSpec("waiting", Stuck, progress_deadline=0.05))
        culprit.tell(release)
        probe(lambda: culprit.cell.in_turn)
        reply = waiting.ask("here?", block=False)
        vigil = system.ref("/system/vigil").cell
        looks = vigil.mailbox.read
        probe(lambda: vigil.mailbox.read > looks + 5)
        assert system.deaths.all() == []
        release.set()
        assert reply.get(timeout=5) == "here?"


def test_who_waits_on_an_event_loop_that_another_blocks_does_not_hang() -> None:
    release = ThreadEvent()

    class Blocker(Actor):
        @handles(ThreadEvent)
        async def block(self, event: ThreadEvent) -> None:
            event.wait(30)  # what async code must not do

        @handles(str)
        async def answer(self, _: str) -> str:
            assert not release.is_set()
            return "on a new loop"

    class Waiter(Actor):
        @handles(float)
        async def nap(self, seconds: float) -> None:
            await self.sleep(seconds)

    with System() as system:
        waiter = system.start_child(ChildSpec("waiter", Waiter, progress_deadline=0.1))
        blocker = system.start_child(ChildSpec("blocker", Blocker, progress_deadline=0.1))
        waiter.tell(0.05)
        probe(lambda: waiter.cell.mailbox.read)
        blocker.tell(release)
        probe(system.deaths.all)
        (death,) = system.deaths.all()
        waiter.cell.context.clock.call_later(1.5, release.set)
        assert blocker.ask("still here?", timeout=5) == "on a new loop"
        probe(lambda: not waiter.cell.in_turn)

    assert death.path == "/blocker"
    assert "event.wait(30)" in death.report.stack


# -------------------------------------------------------------------------- too many


def test_at_the_cap_of_stuck_threads_the_system_gives_up_and_says_why() -> None:
    release = ThreadEvent()
    with System(actors=ActorOptions(max_stuck_threads=2), intensity=100) as system:
        refs = [
            system.start_child(ChildSpec(f"s{n}", Stuck, progress_deadline=0.05)) for n in range(2)
        ]
        for ref in refs:
            ref.tell(release)

        assert system.wait(10)
        assert system.gave_up
        assert isinstance(system.reason, TooManyStuckThreads)
        assert (system.reason.count, system.reason.limit) == (2, 2)
        assert "2 threads hang" in str(system.reason)
        release.set()


def test_threads_that_come_back_at_once_are_not_too_many(system: TestSystem) -> None:
    context = system.context
    context.abandoned |= set(range(1, 65))

    context.check_stuck()
    system.advance(0.9)
    context.abandoned.clear()
    system.advance(10.0)

    assert not system.gave_up
    assert system.manual.next_time() is None


def test_threads_that_hang_for_a_second_end_the_system_in_order(system: TestSystem) -> None:
    stopped: list[str] = []

    class Orderly(Actor):
        def on_stop(self) -> None:
            stopped.append(self.path)

    system.start_child(ChildSpec("orderly", Orderly))
    system.context.abandoned |= set(range(1, 65))

    system.context.check_stuck()
    system.advance(1.0)

    assert system.gave_up
    assert isinstance(system.reason, TooManyStuckThreads)
    assert stopped == ["/orderly"]
