"""A loop that an actor blocks is replaced once that actor is given up."""

from __future__ import annotations

import threading
from threading import Event as ThreadEvent
from typing import TYPE_CHECKING

import pytest

from ringleader import Actor, handles
from ringleader.actors import dispatch_async
from ringleader.actors.base import build
from ringleader.actors.hang import stack_of
from tests.probe import probe

if TYPE_CHECKING:
    from ringleader.actors.cell import Cell
    from tests.actors.stage import Stage

pytestmark = pytest.mark.usefixtures("quiet", "impatient")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocked is who does not come round within 50 ms."""
    monkeypatch.setattr(dispatch_async, "BLOCKED_AFTER", 0.05)


class Async(Actor):
    """Blocks, or waits, for an event of the test."""

    def __init__(self, began: ThreadEvent | None = None) -> None:
        super().__init__()
        self.began = began

    @handles(ThreadEvent)
    async def block(self, event: ThreadEvent) -> None:
        if self.began is not None:
            self.began.set()
        event.wait(30)  # what async code must not do
        self.actor_ref.tell("from the past")

    @handles(float)
    async def nap(self, seconds: float) -> str:
        await self.sleep(seconds)
        return "well slept"

    @handles(str)
    async def hear(self, message: str) -> str:
        return f"{message} on {threading.get_ident()}"


class Stubborn(Actor):
    """Blocks the loop in its constructor."""

    dispatcher = "async"

    def __init__(self, began: ThreadEvent, release: ThreadEvent) -> None:
        super().__init__()
        began.set()
        release.wait(30)


def block(real: Stage, cell: Cell, began: ThreadEvent, release: ThreadEvent) -> None:
    cell.ref.tell(release)
    assert began.wait(5)
    current = cell.current
    assert current is not None
    cell.kill(current)
    real.restart(cell)


def test_who_was_given_up_for_blocking_starts_anew_on_another_loop(real: Stage) -> None:
    began, release = ThreadEvent(), ThreadEvent()
    cell = real.start(Async, began)
    before = cell.ref.ask("here", timeout=5)

    block(real, cell, began, release)

    assert cell.ref.ask("here", timeout=5) != before
    assert len(real.context.abandoned) == 1
    assert "event.wait(30)" in real.sink.reports[0].stack
    release.set()
    probe(lambda: not real.context.abandoned)


def test_what_was_given_up_tells_nobody_anything_any_more(real: Stage) -> None:
    began, release = ThreadEvent(), ThreadEvent()
    cell = real.start(Async, began)
    block(real, cell, began, release)
    assert cell.ref.ask("here", timeout=5)
    read = cell.mailbox.read

    release.set()
    probe(lambda: not real.context.abandoned)

    assert cell.ref.ask("here", timeout=5)
    assert cell.mailbox.read == read + 1  # and no message from the past


def test_the_others_run_on_the_new_loop_and_what_was_under_way_goes_on_with_the_old(
    real: Stage,
) -> None:
    began, release = ThreadEvent(), ThreadEvent()
    sleeper, idle = real.start(Async), real.start(Async)
    nap = sleeper.ref.ask(0.2, block=False)
    current = sleeper.current
    assert current is not None
    probe(lambda: "in sleep" in stack_of(current))
    cell = real.start(Async, began)
    block(real, cell, began, release)

    assert idle.ref.ask("here", timeout=5)

    release.set()
    assert nap.get(timeout=5) == "well slept"
    assert sleeper.ref.ask("here", timeout=5)


def test_a_replaced_loop_that_comes_back_ends_its_thread(real: Stage) -> None:
    began, release = ThreadEvent(), ThreadEvent()
    cell = real.start(Async, began)
    block(real, cell, began, release)
    assert cell.ref.ask("here", timeout=5)

    def loops() -> int:
        return sum(thread.name == "ringleader-loop" for thread in threading.enumerate())

    assert loops() == 2
    release.set()
    probe(lambda: loops() == 1)


def test_a_constructor_that_blocks_the_loop_is_given_up_too(real: Stage) -> None:
    began, release = ThreadEvent(), ThreadEvent()
    cell = real.start(Stubborn, began, release)
    assert began.wait(5)
    current = cell.current
    assert current is not None

    cell.kill(current)

    assert real.start(Async).ref.ask("here", timeout=5)
    release.set()
    probe(lambda: not real.context.abandoned)


def test_a_coroutine_that_can_be_cancelled_costs_no_loop(real: Stage) -> None:
    cell = real.start(Async)
    first = cell.ref.ask("here", timeout=5)
    cell.ref.tell(1e6)
    current = cell.current
    assert current is not None
    probe(lambda: "in sleep" in stack_of(current))

    cell.kill(current)
    cell.launch(lambda: build(Async, cell, (), {}), real.parent)
    rested = threading.Event()
    real.context.clock.call_later(0.1, rested.set)
    assert rested.wait(5)

    assert cell.ref.ask("here", timeout=5) == first
