from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from ringleader.actors.base import Actor
from ringleader.actors.dispatch import TURN
from ringleader.actors.dispatch_async import LoopDispatcher
from ringleader.actors.errors import ActorDied, BlockingCallError, MailboxFull
from ringleader.actors.handlers import handles
from ringleader.actors.letters import Outcome
from ringleader.actors.lifecycle import Exit, Exited, Failed, Ignore, Ignored, Started, Up
from tests.actors.stage import outcomes
from tests.probe import once_around, probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ringleader.actors.cell import Cell
    from ringleader.actors.turns import Turns
    from tests.actors.stage import ManualStage, Stage

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def loop() -> Iterator[LoopDispatcher]:
    loop = LoopDispatcher(name="my-loop")
    yield loop
    assert loop.close(5)


class Job:
    def __init__(self, run: Callable[[int], object]) -> None:
        self.run = run


def job(run: Callable[[int], object]) -> Turns:
    return cast("Turns", Job(run))


# ---------------------------------------------------------------- the dispatcher


def test_the_loops_thread_starts_with_the_first_turn(loop: LoopDispatcher) -> None:
    turns: list[tuple[int, str]] = []
    assert not any(t.name == "my-loop" for t in threading.enumerate())

    loop.put(job(lambda turn: turns.append((turn, threading.current_thread().name))))

    probe(lambda: turns == [(TURN, "my-loop")])


def test_turns_asked_for_on_the_loop_come_too(loop: LoopDispatcher) -> None:
    order: list[str] = []

    def first(_: int) -> None:
        order.append("first")
        loop.put(job(lambda _: order.append("second")))

    loop.put(job(first))

    probe(lambda: order == ["first", "second"])


def test_a_coroutine_ends_with_its_result(loop: LoopDispatcher) -> None:
    ended: list[str | None] = []

    async def give() -> str:
        await once_around()
        return "result"

    loop.put(job(lambda _: loop.run_task(give(), ended.append)))

    probe(lambda: ended == ["result"])


def test_a_coroutine_that_fails_or_is_cancelled_ends_with_nothing(loop: LoopDispatcher) -> None:
    ended: list[str | None] = []
    tasks: list[Any] = []

    async def fail() -> str:
        raise ValueError

    async def wait() -> str:
        await asyncio.get_running_loop().create_future()
        return "never"

    def begin(_: int) -> None:
        loop.run_task(fail(), ended.append)
        tasks.append(loop.run_task(wait(), ended.append))

    loop.put(job(begin))
    probe(lambda: ended == [None])
    tasks[0].cancel()  # from another thread

    probe(lambda: ended == [None, None])


def test_closing_cancels_what_runs() -> None:
    loop, ended = LoopDispatcher(), list[str]()

    async def wait() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("cancelled")

    begun = threading.Event()

    def begin(_: int) -> None:
        loop.run_task(wait(), lambda _: ended.append("told"))
        begun.set()

    loop.put(job(begin))
    begun.wait(5)

    assert loop.close(5)
    assert ended == ["cancelled", "told"]


def test_an_idle_loop_closes_without_a_sound() -> None:
    loop, ran = LoopDispatcher(), threading.Event()
    loop.put(job(lambda _: ran.set()))
    ran.wait(5)

    assert loop.close(5)
    assert loop.close(5)


def test_a_loop_that_was_never_used_has_nothing_to_close() -> None:
    assert LoopDispatcher().close(0)


def test_a_closed_loop_takes_turns_and_gives_none() -> None:
    never, closed = LoopDispatcher(), LoopDispatcher()
    ran = threading.Event()
    closed.put(job(lambda _: ran.set()))
    ran.wait(5)
    assert closed.close(5)
    assert never.close(0)

    for loop in (never, closed):
        loop.put(job(lambda _: pytest.fail("ran")))
        loop.drive()
        loop.release()
        loop.replace(0)


def test_coroutines_need_a_running_loop() -> None:
    async def nothing() -> None:
        pass

    with pytest.raises(RuntimeError, match="the loop is not running"):
        LoopDispatcher().run_task(nothing(), lambda _: None)


def test_a_task_can_be_cancelled_after_its_loop_was_closed() -> None:
    loop, tasks = LoopDispatcher(), list[Any]()

    async def nothing() -> None:
        pass

    loop.put(job(lambda _: tasks.append(loop.run_task(nothing(), lambda _: None))))
    probe(lambda: tasks)
    assert loop.close(5)

    tasks[0].cancel()


# ---------------------------------------------------------------- handlers that wait


class Desk(Actor):
    """Handles messages that wait for the test to open a gate."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}

    @handles(str)
    async def take(self, message: str) -> str:
        self.log.append(f"+{message}")
        await self.gate(message).wait()
        self.log.append(f"-{message}")
        return message.upper()

    def gate(self, name: str) -> asyncio.Event:
        return self.gates.setdefault(name, asyncio.Event())

    @handles(tuple)
    def open(self, names: tuple[str, ...]) -> None:
        for name in names:
            self.gate(name).set()

    @handles(Exception)
    async def fail(self, error: Exception) -> None:
        raise error

    async def shout(self, message: str) -> str:
        return message.upper() + "!"


def test_a_class_with_async_handlers_gets_the_event_loop() -> None:
    assert Desk.dispatcher == "async"


def test_one_message_at_a_time_however_long_it_waits(stage: ManualStage) -> None:
    cell = stage.start(Desk)
    for name in "abc":
        cell.ref.tell(name)
    stage.run()

    assert cell.instance.log == ["+a"]
    cell.instance.open("ba")
    stage.run()
    assert cell.instance.log == ["+a", "-a", "+b", "-b", "+c"]
    cell.instance.open("c")
    stage.run()


def test_many_actors_wait_side_by_side(stage: ManualStage) -> None:
    cells = [stage.start(Desk) for _ in range(3)]
    replies = [cell.ref.ask("a", block=False) for cell in cells]
    stage.run()

    assert [cell.instance.log for cell in cells] == [["+a"]] * 3
    for cell in reversed(cells):
        cell.instance.open("a")
        stage.run()

    assert [reply.get() for reply in replies] == ["A", "A", "A"]


def test_an_ask_is_answered_with_what_the_coroutine_returns(real: Stage) -> None:
    cell = real.start(Desk)

    cell.ref.tell(("a",))

    assert cell.ref.ask("a", timeout=5) == "A"
    assert cell.ref.call(Desk.shout, "hello").get(timeout=5) == "HELLO!"
    assert cell.ref.proxy().shout("hello").get(timeout=5) == "HELLO!"


def test_what_an_ask_raises_goes_to_the_caller_and_the_actor_lives(real: Stage) -> None:
    cell = real.start(Desk)

    with pytest.raises(ValueError, match="no"):
        cell.ref.ask(ValueError("no"), timeout=5)

    assert cell.ref.call(Desk.shout, "alive").get(timeout=5) == "ALIVE!"


def test_what_a_tell_raises_ends_the_actor(stage: ManualStage) -> None:
    cell = stage.start(Desk)

    cell.ref.tell(ValueError("no"))
    stage.run()

    assert cell.current is None
    assert outcomes(cell) == {"failed": 1}
    assert isinstance(stage.parent.reasons[0], ValueError)


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), GeneratorExit()])
def test_the_loop_survives_what_would_end_a_program(real: Stage, error: BaseException) -> None:
    class Bad(Actor):
        async def on_receive(self, message: Any) -> None:
            del message
            raise error

    bad, good = real.start(Bad), real.start(Desk)
    bad.ref.tell("go")
    probe(lambda: bad.current is None)

    assert real.parent.reasons == [error]
    assert good.ref.call(Desk.shout, "alive").get(timeout=5) == "ALIVE!"


def test_a_chosen_exit_in_an_ask_ends_the_actor_and_tells_the_caller(real: Stage) -> None:
    cell = real.start(Desk)

    with pytest.raises(ActorDied) as died:
        cell.ref.ask(Exit("closing"), timeout=5)

    assert died.value.reason == "closing"
    assert outcomes(cell) == {"handled": 1}


# ---------------------------------------------------------------- beginning and end


class Slow(Desk):
    """Starts and stops when the test opens its gates."""

    async def on_start(self) -> str:  # type: ignore[override]  # Pykka knows no async
        await self.gate("start").wait()
        return "extra"

    async def on_stop(self) -> None:  # type: ignore[override]  # Pykka knows no async
        self.log.append("stopping")
        await self.gate("stop").wait()
        self.log.append("stopped")


def test_messages_wait_until_on_start_is_through(stage: ManualStage) -> None:
    cell = stage.start(Slow)
    cell.ref.tell(("a",))
    stage.run()
    assert stage.parent.news == []

    cell.instance.open(["start"])
    stage.run()

    assert [n.outcome for n in stage.parent.news if isinstance(n, Started)] == [Up("extra")]
    assert outcomes(cell) == {"handled": 1}
    cell.instance.open(["stop"])


def test_a_stop_waits_for_on_stop(stage: ManualStage) -> None:
    cell = stage.start(Slow)
    cell.instance.open(["start"])
    stage.run()

    stopped = cell.ref.stop(block=False)
    stage.run()
    assert not cell.instance.log.count("stopped")
    assert stage.parent.reasons == []

    instance = cell.instance
    instance.open(["stop"])
    stage.run()

    assert stopped.get()
    assert instance.log == ["stopping", "stopped"]
    assert stage.parent.reasons == ["normal"]


def test_a_stop_that_fails_is_the_reason_of_the_end(stage: ManualStage) -> None:
    errors: list[str] = []

    class Failing(Actor):
        async def on_stop(self) -> None:  # type: ignore[override]  # Pykka knows no async
            raise ValueError("no")

        def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:
            del exception_type, traceback
            errors.append(str(exception_value))

    cell = stage.start(Failing)
    cell.ref.tell("unexpected")
    cell.ref.stop()

    assert errors == ["no"]
    assert isinstance(stage.parent.reasons[0], ValueError)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(Ignore(), Ignored()), (Exit("no room"), Failed("no room"))],
)
def test_a_start_can_be_declined_or_fail(
    stage: ManualStage, error: Exception, outcome: object
) -> None:
    class Unwilling(Actor):
        async def on_start(self) -> None:  # type: ignore[override]  # Pykka knows no async
            raise error

    stage.start(Unwilling)

    assert [n.outcome for n in stage.parent.news if isinstance(n, Started)] == [outcome]


def test_an_order_to_stop_waits_until_on_start_is_through(stage: ManualStage) -> None:
    cell = stage.start(Slow)
    incarnation = cell.current
    assert incarnation is not None
    cell.shutdown(incarnation, "shutdown")
    stage.run()
    assert incarnation.alive

    instance = cell.instance
    instance.open(["start", "stop"])
    stage.run()

    assert instance.log == ["stopping", "stopped"]
    assert stage.parent.reasons == ["shutdown"]


# ---------------------------------------------------------------- killed while it waits


def kill(cell: Cell) -> None:
    assert cell.current is not None
    cell.kill(cell.current)


def test_a_kill_cancels_the_handler_and_sets_its_message_aside(stage: ManualStage) -> None:
    ends: list[str] = []

    class Careful(Actor):
        async def on_receive(self, message: Any) -> None:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                ends.append(message)
                raise

    cell = stage.start(Careful)
    cell.ref.tell("first")
    cell.ref.tell("second")
    stage.run()
    kill(cell)
    stage.run()
    assert ends == ["first"]
    assert stage.buried_messages(Outcome.INTERRUPTED) == ["first"]

    stage.restart(cell)
    stage.run()
    kill(cell)
    stage.run()

    assert ends == ["first", "second"]
    assert outcomes(cell) == {"interrupted": 2}


def test_the_ask_in_hand_at_a_kill_raises(stage: ManualStage) -> None:
    cell = stage.start(Desk)
    reply = cell.ref.ask("a", block=False)
    stage.run()

    kill(cell)

    with pytest.raises(ActorDied):
        reply.get()


def test_a_kill_while_starting_is_a_failed_start(stage: ManualStage) -> None:
    cell = stage.start(Slow)

    kill(cell)
    stage.run()

    assert [n.outcome for n in stage.parent.news if isinstance(n, Started)] == [Failed("killed")]


@pytest.mark.parametrize("how", ["message", "order"])
def test_a_kill_while_stopping_cancels_on_stop(stage: ManualStage, how: str) -> None:
    cell = stage.start(Slow)
    instance, incarnation = cell.instance, cell.current
    assert incarnation is not None
    instance.open(["start"])
    stage.run()
    if how == "message":
        cell.ref.stop(block=False)
    else:
        cell.shutdown(incarnation, "shutdown")
    stage.run()
    assert instance.log == ["stopping"]

    kill(cell)
    stage.run()
    instance.open(["stop"])
    stage.run()

    assert instance.log == ["stopping"]
    assert stage.parent.news[-1] == Exited(incarnation, "killed")


def test_an_actor_that_was_killed_can_be_restarted_at_once(real: Stage) -> None:
    cell = real.start(Desk)
    cell.ref.tell("a")
    probe(lambda: cell.instance is not None and cell.instance.log == ["+a"])

    kill(cell)
    real.restart(cell)

    assert cell.ref.call(Desk.shout, "back").get(timeout=5) == "BACK!"
    probe(lambda: outcomes(cell) == {"interrupted": 1, "handled": 1})


def test_a_handler_that_does_not_mind_being_cancelled_answers_nobody(stage: ManualStage) -> None:
    class Stubborn(Actor):
        async def on_receive(self, message: Any) -> Any:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                return message

    cell = stage.start(Stubborn)
    reply = cell.ref.ask("late", block=False)
    stage.run()
    kill(cell)
    stage.run()

    with pytest.raises(ActorDied):
        reply.get()
    assert outcomes(cell) == {"interrupted": 1}


# ---------------------------------------------------------------- waiting in a handler


class Napping(Actor):
    """Sleeps before it answers."""

    async def on_receive(self, message: Any) -> Any:
        await self.sleep(10)  # of the system's clock
        return message


def test_sleeping_takes_the_time_of_the_systems_clock(stage: ManualStage) -> None:
    cell = stage.start(Napping)
    reply = cell.ref.ask("rested", block=False)
    stage.advance(9.9)
    assert not reply.done

    stage.advance(0.2)

    assert reply.get() == "rested"


def test_a_sleeper_that_is_killed_leaves_no_timer(stage: ManualStage) -> None:
    cell = stage.start(Napping)
    cell.ref.tell("tired")
    stage.run()

    kill(cell)
    stage.run()

    assert stage.clock.next_time() is None


def test_sleeping_on_real_threads(real: Stage) -> None:
    class Short(Actor):
        async def on_receive(self, message: Any) -> Any:
            await self.sleep(0.001)
            return message

    assert real.start(Short).ref.ask("rested", timeout=5) == "rested"


class Forwarding(Actor):
    """Asks somebody else, with or without blocking the loop."""

    def __init__(self, other: Any) -> None:
        super().__init__()
        self.other = other

    @handles(str)
    async def forward(self, message: str) -> Any:
        return await self.other.ask(message, block=False)

    @handles(int)
    async def block(self, message: int) -> Any:
        return self.other.ask(message)


def test_an_async_actor_awaits_the_replies_of_others(real: Stage) -> None:
    desk = real.start(Desk)
    middle = real.start(Forwarding, desk.ref)
    desk.ref.tell(("a",))

    assert real.start(Forwarding, middle.ref).ref.ask("a", timeout=5) == "A"


def test_blocking_the_loop_is_refused(real: Stage) -> None:
    cell = real.start(Forwarding, real.start(Desk).ref)

    with pytest.raises(BlockingCallError, match="await the reply instead"):
        cell.ref.ask(7, timeout=5)


def test_a_full_mailbox_does_not_block_the_loop(stage: ManualStage) -> None:
    class Small(Actor):
        mailbox_capacity = 1

    class Flooding(Actor):
        def __init__(self, other: Any) -> None:
            super().__init__()
            self.other = other

        async def on_receive(self, message: Any) -> None:
            self.other.tell(message)
            self.other.tell(message)

    cell = stage.start(Flooding, stage.start(Small).ref)

    with pytest.raises(MailboxFull, match="an actor's turn does not block"):
        cell.ref.ask("flood")
