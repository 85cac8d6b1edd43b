"""Tests without sleeping: a clock that is moved by hand, and turns in the calling thread."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ringleader.actors.clock import Agenda, Timer
from ringleader.actors.dispatch import TURN, Seat, here
from ringleader.actors.letters import Outcome

from .system import System

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Coroutine, Generator

    from ringleader.actors.cell import Cell
    from ringleader.actors.dispatch import Dispatcher
    from ringleader.actors.event_statistics import EventStatistics
    from ringleader.actors.turns import Turns

T = TypeVar("T")
SPINS = 4
"""Rounds of the event loop without news after which its tasks count as waiting."""


class ManualClock:
    """Time that only moves when it is told to. It begins at 0; the wall clock at 2026-01-01."""

    def __init__(self, time: float = 1_767_225_600.0) -> None:
        self._now = 0.0
        self._epoch = time
        self._agenda = Agenda()

    def now(self) -> float:
        """Return the seconds since it was made."""
        return self._now

    def time(self) -> float:
        """Return seconds since 1970, UTC, as moved."""
        return self._epoch + self._now

    def call_later(self, seconds: float, call: Callable[[], object]) -> Timer:
        """Call `call` when the clock is moved to `seconds` from now or beyond."""
        timer = Timer(round(self._now + seconds, 9), call)
        self._agenda.add(timer)
        return timer

    def next_time(self) -> float | None:
        """Return when the next timer is due."""
        return self._agenda.next_time()

    def advance(self, seconds: float) -> None:
        """Move by `seconds`; call what is due, in order of time."""
        self.advance_to(self._now + seconds)

    def advance_to(self, when: float) -> None:
        """Move to `when`; call what is due, in order of time."""
        while (due := self._agenda.next_time()) is not None and due <= when:
            self._now = max(self._now, due)
            timer = self._agenda.pop_due(due)
            if timer is not None:
                timer.fire()
        self._now = max(self._now, when)


class Stepper:
    """One turn after another in the calling thread, always in the same order.

    Args:
        turn: messages in one turn.
        shuffle: draws which turn is next, and how long it is, in place of first come first served.
    """

    is_async = False
    inline = True

    def __init__(self, turn: int = TURN, shuffle: random.Random | None = None) -> None:
        self._turn, self._shuffle = turn, shuffle
        self._queue: deque[Turns] = deque()
        self._held: dict[Turns, bool] = {}
        self.loop = _SteppedLoop(self)

    def dispatchers(self) -> dict[str, Callable[[str], Dispatcher]]:
        """Return what a system takes in place of its own dispatchers."""
        return {"pool": lambda _: self, "thread": lambda _: self, "async": lambda _: self.loop}

    def put(self, runnable: Turns, /) -> None:
        """Give this one a turn later."""
        if runnable in self._held:
            self._held[runnable] = True
        else:
            self._queue.append(runnable)

    def run_task(self, coroutine: Coroutine[Any, Any, T], ended: Callable[[T | None], None]) -> Any:
        """Refuse: coroutines run on the loop."""
        del ended
        coroutine.close()
        raise TypeError("an actor with async handlers needs the dispatcher 'async'")

    def replace(self, thread: int) -> None:
        """Do nothing: a turn that never ends would hang the test."""

    def release(self) -> None:
        """Keep everything."""

    def close(self, timeout: float) -> bool:
        """End the loop; there are no threads."""
        del timeout
        self.loop.shut()
        return True

    def step(self) -> bool:
        """Give one turn; tell whether anybody was ready."""
        if not self._queue:
            return False
        turn = self._turn
        if self._shuffle is not None:
            self._queue.rotate(self._shuffle.randrange(len(self._queue)))
            turn = self._shuffle.randint(1, self._turn)
        cell = self._queue.popleft()
        outer, here.seat = here.seat, Seat(None if cell.dispatcher.is_async else cell)
        try:
            cell.run(turn)
        finally:
            here.seat = outer
        return True

    def drive(self) -> None:
        """Give turns until nobody is ready and all coroutines wait for something."""
        while True:
            while self.step():
                pass
            if not self.loop.spin():
                return

    run_until_quiescent = drive

    @contextmanager
    def hold(self, runnable: Turns) -> Generator[None]:
        """Let messages reach `runnable` meanwhile, but give it no turn."""
        self._held[runnable] = False
        try:
            yield
        finally:
            if self._held.pop(runnable):
                self._queue.append(runnable)


class _SteppedLoop:
    """The event loop of a `Stepper`: it runs only when it is told to."""

    is_async = True
    inline = True

    def __init__(self, stepper: Stepper) -> None:
        self._stepper = stepper
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._news = False
        self._pulses = 0

    def put(self, runnable: Turns, /) -> None:
        self._news = True
        self._stepper.put(runnable)

    def run_task(self, coroutine: Coroutine[Any, Any, T], ended: Callable[[T | None], None]) -> Any:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)

        def done(task: asyncio.Task[T]) -> None:
            self._tasks.discard(task)
            self._news = True
            ended(None if task.cancelled() or task.exception() is not None else task.result())

        task.add_done_callback(done)
        self._news = True
        return task

    def spin(self) -> bool:
        """Run what is ready in the loop; tell whether anything came of it."""
        if self._loop is None or not self._tasks:
            return False
        for _ in range(SPINS):
            self._news = False
            here.is_loop = True
            try:
                self._loop.call_soon(self._loop.stop)
                self._loop.run_forever()
            finally:
                here.is_loop = False
            if self._news:
                return True
        return False

    def drive(self) -> None:
        self._stepper.drive()

    def replace(self, thread: int) -> None:
        pass

    def pulse(self) -> int:
        self._pulses += 1  # no task blocks it for long: that would hang the test
        return self._pulses

    def thread_of(self, task: Any) -> int:
        del task
        return 0

    def release(self) -> None:
        pass

    def close(self, timeout: float) -> bool:
        return self._stepper.close(timeout)

    def shut(self) -> None:
        loop, self._loop = self._loop, None
        if loop is None:
            return
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        loop.close()


class TestSystem(System):
    """A system on a `ManualClock` and a `Stepper`: nothing happens but when the test says so.

    `ask` from the test runs turns until the reply is there. `advance` moves time and runs what is
    due. Leaving the `with` block checks that every message has exactly one outcome.
    """

    __test__ = False  # not a test class, whatever pytest thinks of its name

    def __init__(self, *, shuffle: random.Random | None = None, **kwargs: Any) -> None:
        self.manual = ManualClock()
        self.stepper = Stepper(shuffle=shuffle)
        kwargs.setdefault("seed", 1)
        super().__init__(clock=self.manual, dispatchers=self.stepper.dispatchers(), **kwargs)
        self.context.kept = []

    def __enter__(self) -> Self:
        """Start."""
        super().__enter__()
        return self

    def run(self) -> None:
        """Give turns until nothing is left to do."""
        self.stepper.drive()

    def advance(self, seconds: float) -> None:
        """Let time pass, stopping at each timer to run what it sets off."""
        self.run()
        end = self.manual.now() + seconds
        while (due := self.manual.next_time()) is not None and due <= end:
            self.manual.advance_to(due)
            self.run()
        self.manual.advance_to(end)
        self.run()

    def stop(self, timeout: float | None = None) -> bool:
        """Stop in order, letting as much time pass as that needs, and check the counters."""
        root = self.root.current
        if root is not None:
            end = self.manual.now() + (self._shutdown_timeout if timeout is None else timeout)
            self.root.shutdown(root, "shutdown")
            self.run()
            while root.alive and (due := self.manual.next_time()) is not None and due <= end:
                self.manual.advance_to(due)
                self.run()
        stopped = super().stop(0.0)
        for problem in [*unbalanced(self.context.kept or []), *unsettled(self.hub.statistics())]:
            raise AssertionError(problem)
        return stopped


def unsettled(statistics: EventStatistics) -> list[str]:
    """Return in words where deliveries and their outcomes differ."""
    settled = sum(statistics.outcomes.values())
    if settled == statistics.deliveries:
        return []
    outcomes = {str(o): n for o, n in statistics.outcomes.items()}
    return [f"{statistics.deliveries} deliveries were made, and {settled} ended: {outcomes}"]


def unbalanced(cells: list[Cell]) -> list[str]:
    """Return in words where messages read and outcomes counted differ."""
    problems: list[str] = []
    for cell in cells:
        counted = sum(n for o, n in cell.outcomes.items() if o is not Outcome.REJECTED)
        read = cell.mailbox.read
        if counted != read or not cell.mailbox.empty():
            outcomes = {str(o): n for o, n in cell.outcomes.items()}
            waiting = len(cell.mailbox)
            problems.append(f"{cell.path} read {read} messages ({waiting} wait): {outcomes}")
    return problems
