"""The main thread of a process actor's process, as a dispatcher."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Any

from ringleader.actors.cell import Cell
from ringleader.actors.dispatch import Seat, here

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.turns import Turns


class MainThread:
    """Runs the actor's turns in the thread that calls `run`: the process's main thread."""

    is_async = False
    inline = False

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Turns | Callable[[], None] | None] = queue.SimpleQueue()
        self._seat = Seat()

    def put(self, runnable: Turns, /) -> None:
        """Give this one a turn soon."""
        self._queue.put(runnable)

    def call(self, job: Callable[[], None]) -> None:
        """Call this in the thread, in its turn."""
        self._queue.put(job)

    def run(self) -> None:
        """Do what is asked for until `end`."""
        here.seat = self._seat
        while (job := self._queue.get()) is not None:
            if isinstance(job, Cell):
                self._seat.cell = job
                job.run(1)
                self._seat.cell = None
            elif callable(job):
                job()

    def end(self) -> None:
        """Let `run` return."""
        self._queue.put(None)

    def run_task(self, coroutine: Any, ended: Callable[[Any], None]) -> Any:
        """Refuse: coroutines run on event loops."""
        del ended
        coroutine.close()
        raise TypeError("an actor with async handlers needs the dispatcher 'async'")

    def drive(self) -> None:
        """Do nothing: the thread gives the turns."""

    def replace(self, thread: int) -> None:
        """Do nothing: nobody gives up a turn here, the process would be killed."""

    def release(self) -> None:
        """Keep everything."""

    def close(self, timeout: float) -> bool:
        """End after the turn under way."""
        del timeout
        self.end()
        return True
