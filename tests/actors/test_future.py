from __future__ import annotations

import asyncio
import queue
import threading
import traceback
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pykka
import pytest
from pykka import Timeout

from ringleader.actors.base import Actor
from ringleader.actors.errors import DeadlockError
from ringleader.actors.future import Reply, _circle
from ringleader.actors.handlers import handles
from ringleader.actors.letters import Outcome
from tests.probe import once_around, probe

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ringleader.actors.cell import Cell
    from ringleader.actors.ref import Ref
    from ringleader.actors.turns import Turns
    from tests.actors.stage import ManualStage, Stage

pytestmark = pytest.mark.usefixtures("quiet")


def raised() -> ValueError:
    try:
        raise ValueError("no")  # noqa: TRY301  # for its traceback
    except ValueError as error:
        return error


# ---------------------------------------------------------------- one reply


def test_a_reply_can_be_read_again_and_again() -> None:
    reply: Reply[str] = Reply()
    assert not reply.done

    reply.set("value")

    assert reply.done
    assert [reply.get(), reply.get(timeout=0)] == ["value", "value"]


def test_there_is_one_reply() -> None:
    reply: Reply[int] = Reply()
    reply.set(1)

    with pytest.raises(queue.Full):
        reply.set(2)
    with pytest.raises(queue.Full):
        reply.fail(ValueError())
    with pytest.raises(queue.Full):
        reply.set_get_hook(lambda _: 3)
    assert reply.get() == 1


def test_a_reply_that_does_not_come_in_time_is_a_timeout() -> None:
    with pytest.raises(Timeout, match=r"0\.001 seconds"):
        Reply().get(timeout=0.001)
    with pytest.raises(Timeout, match="-1 seconds"):
        Reply().get(timeout=-1)


def test_all_who_wait_are_woken() -> None:
    reply: Reply[int] = Reply()
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(reply.get())) for _ in range(3)]
    for thread in threads:
        thread.start()
    probe(lambda: len(reply._waiters) == 3)

    reply.set(7)
    for thread in threads:
        thread.join(5)

    assert seen == [7, 7, 7]


def test_the_exception_being_handled_becomes_the_reply() -> None:
    reply: Reply[int] = Reply()
    try:
        raise ValueError("no")  # noqa: TRY301  # for `except`
    except ValueError:
        reply.set_exception()

    with pytest.raises(ValueError, match="no"):
        reply.get()


def test_an_exception_keeps_its_traceback_however_often_it_is_raised() -> None:
    reply: Reply[int] = Reply()
    error = raised()
    reply.set_exception((type(error), error, error.__traceback__))
    frames: list[list[str]] = []

    for _ in range(3):
        with pytest.raises(ValueError, match="no") as caught:
            reply.get()
        frames.append([frame.name for frame in traceback.extract_tb(caught.tb)])

    assert "raised" in frames[0]
    assert frames == [frames[0]] * 3


def test_an_exception_can_be_given_by_its_class() -> None:
    reply: Reply[int] = Reply()
    reply.set_exception((ValueError, None, None))

    with pytest.raises(ValueError):  # noqa: PT011  # it has no text
        reply.get()


def test_what_is_no_exception_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a triple as of sys\.exc_info\(\), not \('no',\)"):
        Reply().set_exception(("no",))  # type: ignore[arg-type]  # that is the point


# ---------------------------------------------------------------- hooks


def test_a_hook_makes_the_reply_once_when_it_is_asked_for() -> None:
    asked: list[float | None] = []
    reply: Reply[None] = Reply()
    reply.set_get_hook(asked.append)
    assert asked == []

    for _ in range(3):
        assert reply.get(timeout=2.5) is None

    assert asked == [2.5]


def test_a_reply_with_a_hook_takes_no_value() -> None:
    reply: Reply[int] = Reply()
    reply.set_get_hook(lambda _: 1)

    with pytest.raises(queue.Full):
        reply.set(2)
    assert reply.get() == 1


def test_a_hook_wakes_who_waits() -> None:
    reply: Reply[int] = Reply()
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(reply.get()))
    thread.start()
    probe(lambda: reply._waiters)

    reply.set_get_hook(lambda _: 7)
    thread.join(5)

    assert seen == [7]


# ---------------------------------------------------------------- await


async def later(reply: Reply[Any], value: Any, awaited: Awaitable[Any]) -> Any:
    """Await something while a reply comes from another thread."""
    thread = threading.Thread(target=reply.set, args=(value,))
    asyncio.get_running_loop().call_soon(thread.start)
    try:
        return await awaited
    finally:
        thread.join()


def test_a_reply_can_be_awaited() -> None:
    reply: Reply[int] = Reply()

    assert asyncio.run(later(reply, 7, reply)) == 7


def test_a_reply_that_is_there_is_awaited_at_once() -> None:
    reply: Reply[int] = Reply()
    reply.set(7)

    assert asyncio.run(_await(reply)) == 7


async def _await(awaited: Awaitable[Any]) -> Any:
    return await awaited


def test_an_exception_comes_through_await() -> None:
    reply: Reply[int] = Reply()
    reply.fail(ValueError("no"))

    with pytest.raises(ValueError, match="no"):
        asyncio.run(_await(reply))


DERIVED: list[tuple[Callable[[Reply[Any]], Any], Any]] = [
    (lambda reply: reply.map(sum), 6),
    (lambda reply: reply.filter(lambda n: n > 1), [2, 3]),
    (lambda reply: reply.reduce(max), 3),
    (lambda reply: reply.join(reply), [[1, 2, 3], [1, 2, 3]]),
    (lambda reply: reply.map(len).map(str), "3"),
]


@pytest.mark.parametrize(("derive", "expected"), DERIVED)
def test_what_is_made_of_a_reply_can_be_awaited_before_the_reply_is_there(
    derive: Callable[[Reply[Any]], Any], expected: Any
) -> None:
    reply: Reply[Any] = Reply()

    assert asyncio.run(later(reply, [1, 2, 3], derive(reply))) == expected


def test_a_hook_that_comes_while_a_reply_is_awaited_ends_the_waiting() -> None:
    reply: Reply[Any] = Reply()

    def hook(_: float | None) -> str:
        return "hooked"

    async def scenario() -> Any:
        asyncio.get_running_loop().call_soon(reply.set_get_hook, hook)
        return await reply

    assert asyncio.run(scenario()) == "hooked"


def test_many_coroutines_await_one_reply_and_one_gives_up() -> None:
    reply: Reply[int] = Reply()

    async def scenario() -> list[Any]:
        tasks = [asyncio.create_task(_await(reply)) for _ in range(3)]
        await once_around()  # let them begin
        tasks[0].cancel()
        await later(reply, 7, reply)
        return await asyncio.gather(*tasks, return_exceptions=True)

    results = asyncio.run(scenario())

    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [7, 7]


def test_a_reply_after_the_loop_has_ended_disturbs_nobody() -> None:
    reply: Reply[int] = Reply()

    async def give_up() -> None:
        task = asyncio.create_task(_await(reply))
        await once_around()  # let it begin
        task.cancel()

    asyncio.run(give_up())
    reply.set(7)

    assert reply.get() == 7


def test_replies_of_pykkas_kind_can_be_joined() -> None:
    ours: Reply[int] = Reply()
    theirs: pykka.Future[int] = pykka.ThreadingFuture()
    joined = ours.join(theirs)
    ours.set(1)
    theirs.set(2)

    assert joined.get() == [1, 2]
    assert asyncio.run(_await(ours.join(theirs))) == [1, 2]


# ---------------------------------------------------------------- circles


class Asking(Actor):
    """Asks whom it is told to, in the ways that there are."""

    next: Any = None  # of the class: a test sets it while the actor may still be starting

    def ask_on(self, timeout: float | None = None) -> Any:
        return self.next.ask("on", timeout=timeout)

    @handles(str)
    def on(self, message: str) -> Any:
        return self.next.ask(message) if self.next is not None else "end"

    def call_on(self) -> Any:
        return self.next.call(Asking.call_on).get() if self.next is not None else "end"

    def describe(self) -> str:
        return "idle"

    def proxy_on(self) -> Any:
        return self.next.proxy().proxy_on().get() if self.next is not None else "end"


class OwnThread(Asking):
    dispatcher = "thread"


def ring(start: Callable[[], Cell], size: int) -> list[Ref[Any]]:
    cells = [start() for _ in range(size)]
    for number, cell in enumerate(cells):
        probe(lambda c=cell: c.instance is not None)  # type: ignore[misc]  # a default
        cell.instance.next = cells[(number + 1) % size].ref
    return [cell.ref for cell in cells]


def rings(stage: Stage) -> list[Callable[[], Cell]]:
    return [lambda: stage.start(Asking), lambda: stage.start(OwnThread)]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_circle_of_asks_is_named_at_once(real: Stage, size: int) -> None:
    for start in rings(real):
        refs = ring(start, size)
        paths = [ref.path for ref in refs]
        # Whoever closes the circle sees it: the last one, and the error goes back to the first.
        order = [paths[-1], *paths]

        with pytest.raises(DeadlockError) as caught:
            refs[0].ask("on", timeout=5)

        text = " → ".join(order)
        assert str(caught.value) == (
            f"{text}: each would wait for the next for ever; "
            "use tell, ask(block=False), or a timeout"
        )


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("method", [Asking.call_on, Asking.proxy_on])
def test_circles_of_calls_and_proxies_are_named_too(
    real: Stage, size: int, method: Callable[[Any], Any]
) -> None:
    for start in rings(real):
        refs = ring(start, size)

        with pytest.raises(DeadlockError, match="each would wait for the next"):
            refs[0].call(method).get(timeout=5)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_on_the_deterministic_dispatcher_circles_are_named_as_well(
    stage: ManualStage, size: int
) -> None:
    refs = ring(lambda: stage.start(Asking), size)

    with pytest.raises(DeadlockError, match="each would wait for the next"):
        refs[0].ask("on")


def test_what_was_asked_in_a_circle_is_taken_back(real: Stage) -> None:
    for start in rings(real):
        ref = ring(start, 1)[0]
        with pytest.raises(DeadlockError):
            ref.ask("on", timeout=5)
        with pytest.raises(DeadlockError):
            ref.proxy().proxy_on().get(timeout=5)

        assert len(ref.cell.mailbox) == 0
        assert ref.cell.waits_for is None
        assert ref.call(Asking.describe).get(timeout=5) == "idle"
    assert real.context.closed_outcomes == {Outcome.REJECTED: 4}


def test_a_chain_that_ends_is_no_circle(real: Stage) -> None:
    for start in rings(real):
        refs = ring(start, 3)
        refs[2].cell.instance.next = None

        assert refs[0].ask("on", timeout=5) == "end"
        assert refs[0].call(Asking.call_on).get(timeout=5) == "end"


def test_who_waits_with_a_timeout_gets_it(real: Stage) -> None:
    refs = ring(lambda: real.start(Asking), 1)

    with pytest.raises(Timeout, match=r"0\.001 seconds"):
        refs[0].call(Asking.ask_on, 0.001).get(timeout=5)


def test_to_stop_oneself_and_wait_for_it_is_a_circle(real: Stage) -> None:
    class Stopping(Actor):
        def on_receive(self, message: Any) -> Any:
            del message
            return self.actor_ref.stop()

    cell = real.start(Stopping)

    with pytest.raises(DeadlockError):
        cell.ref.ask("stop", timeout=5)
    assert cell.ref.stop(timeout=5)  # it had not stopped


def test_two_who_close_a_circle_at_the_same_moment_do_not_both_wait(real: Stage) -> None:
    barrier = threading.Barrier(2)

    class Meeting(OwnThread):
        def on_receive(self, message: Any) -> Any:
            if message != "go":
                return "free"
            barrier.wait(5)
            return self.next.ask("are you free?")

    for _ in range(50):
        refs = ring(lambda: real.start(Meeting), 2)
        replies = [ref.ask("go", block=False) for ref in refs]
        outcomes = [_outcome(reply) for reply in replies]
        assert DeadlockError in outcomes
        assert set(outcomes) <= {DeadlockError, "free"}


def _outcome(reply: Reply[Any]) -> Any:
    try:
        return reply.get(timeout=5)
    except DeadlockError as error:
        return type(error)


def test_an_actor_that_was_given_up_while_it_waited_does_not_count_as_waiting(
    real: Stage,
) -> None:
    release = threading.Event()

    class Hanging(Actor):
        def on_receive(self, message: Any) -> Any:
            del message
            return release.wait(5)

    hanging = real.start(Hanging)
    waiting, other = ring(lambda: real.start(Asking), 2)
    waiting.cell.instance.next = hanging.ref
    waiting.tell("on")
    probe(lambda: waiting.cell.waits_for is hanging)
    waiting.cell.kill(waiting.cell.current)  # type: ignore[arg-type]  # it has one
    real.restart(waiting.cell)
    hanging.ref.cell.waits_for = None

    assert other.call(Asking.call_on).get(timeout=5) == "end"
    release.set()
    probe(lambda: not real.context.abandoned)
    assert waiting.cell.waits_for is None


def test_a_circle_of_others_does_not_keep_a_third_from_waiting() -> None:
    """Such a circle is there for a moment, until those in it have looked."""
    first, second = SimpleNamespace(path="/1"), SimpleNamespace(path="/2")
    first.waits_for, second.waits_for = second, first
    asker = cast("Turns", SimpleNamespace(path="/3"))

    assert _circle(asker, cast("Turns", first)) == []


def test_in_a_deterministic_test_nobody_waits_for_what_cannot_come(stage: ManualStage) -> None:
    class Busy(Actor):
        pass

    cell = stage.start(Busy)
    with stage.stepper.hold(cell):
        with pytest.raises(DeadlockError, match="there is nothing left to do"):
            cell.ref.ask("held")
        with pytest.raises(Timeout):
            cell.ref.ask("held", timeout=1)
