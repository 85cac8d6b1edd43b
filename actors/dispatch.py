"""What runs the actors' turns: a pool of threads, or one thread for one actor.

The only module that starts threads.
"""

from __future__ import annotations

import queue
import threading
from _thread import get_ident
from contextlib import contextmanager, suppress
from sys import getswitchinterval
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from .turns import Turns

TURN = 64
"""Messages in one turn: a turn's own cost vanishes, and the others wait for less than 0.1 ms."""
LINGER = 3
"""How often the watchdog finds all workers idle before it sleeps: to be woken for each message of a
slow trickle, it would take the GIL from what the message causes (measured: 0.1 ms)."""
CROWDED = 4
"""How often in a row the watchdog finds that no turn has ended before it adds workers while threads
compute: the turn may only wait for the GIL then, and one more worker would only want it, too
(measured: it takes 60 % more time for 5,000 events)."""


T = TypeVar("T")


class Dispatcher(Protocol):
    """Gives turns to those who are ready."""

    is_async: bool
    """Whether its actors may have `async def` handlers."""

    inline: bool
    """Whether turns run in the thread that asks for them, as in deterministic tests."""

    def put(self, runnable: Turns, /) -> None:
        """Give this one a turn soon."""
        ...

    def run_task(self, coroutine: Coroutine[Any, Any, T], ended: Callable[[T | None], None]) -> Any:
        """Run a coroutine as a task of the loop; then call `ended` with its result."""
        ...

    def drive(self) -> None:
        """Give turns until nothing is left to do, if turns run in the asking thread."""
        ...

    def replace(self, thread: int) -> None:
        """Do without this thread: it is in a turn that will never end."""
        ...

    def release(self) -> None:
        """Let go of what was kept for one cell alone; the cell is closed."""
        ...

    def close(self, timeout: float) -> bool:
        """End all threads; tell whether they ended within `timeout` seconds."""
        ...


@runtime_checkable
class Looping(Protocol):
    """A dispatcher whose turns are tasks of an event loop."""

    def pulse(self) -> int:
        """Return a number that changes while the loop comes round."""
        ...

    def thread_of(self, task: Any) -> int:
        """Return the thread in which a task of the loop runs now; 0 if the task waits."""
        ...


class Seat:
    """Where a worker sits: the cell whose turn it runs; that of the last turn while it is idle."""

    __slots__ = ("cell", "is_idle")

    def __init__(self, cell: Turns | None = None) -> None:
        self.cell = cell
        self.is_idle = False


class Here(threading.local):
    """What the current thread is. Class attributes are the values of all threads but workers."""

    seat = Seat()
    pool: Pool | None = None
    is_loop: bool = False


here = Here()


def spawn(name: str, run: Callable[[], None]) -> threading.Thread:
    """Start a daemon thread; nothing but this module makes threads."""
    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


class Threads:
    """What dispatchers with threads have in common."""

    is_async = False
    inline = False

    def run_task(self, coroutine: Coroutine[Any, Any, T], ended: Callable[[T | None], None]) -> Any:
        """Refuse: coroutines run on event loops."""
        del ended
        coroutine.close()
        raise TypeError("an actor with async handlers needs the dispatcher 'async'")

    def drive(self) -> None:
        """Do nothing: the threads give the turns."""


class Pool(Threads):
    """A few threads that share all turns.

    The GIL lets one thread run at a time, so one worker is fastest while nobody blocks. A spare
    takes over while a worker waits for a reply; and when work waits and no turn ends for a
    `patience`, because a handler sleeps or does I/O, the watchdog doubles the workers until it
    moves again (measured: 100 handlers that sleep 10 ms each take 40 ms in all). Workers too many
    end when they find nothing to do. The watchdog sleeps while all workers are idle.

    Args:
        workers: threads while nobody blocks.
        limit: the most threads the watchdog makes.
        turn: messages a turn.
        patience: seconds without the end of a turn after which a worker counts as blocked.
        abandoned: the system's set of given-up threads.
    """

    def __init__(
        self,
        workers: int = 1,
        *,
        limit: int = 128,
        turn: int = TURN,
        patience: float = 0.005,
        name: str = "ringleader-pool",
        abandoned: set[int] | None = None,
    ) -> None:
        self._queue: queue.SimpleQueue[Turns | None] = queue.SimpleQueue()
        self._alarm: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._armed = self._surplus = False
        self._turns = 0
        self._workers, self._limit, self._turn = workers, limit, turn
        self._patience, self._name = patience, name
        self._lock = threading.Lock()
        self._live = self._blocked = 0
        self._seats: dict[threading.Thread, Seat] = {}
        self._given_up: set[threading.Thread] = set()
        self._watchdog: threading.Thread | None = None
        self._abandoned = set[int]() if abandoned is None else abandoned

    def put(self, runnable: Turns, /) -> None:
        """Give this one a turn soon. The first call starts the workers."""
        with self._lock:
            if self._watchdog is None and not self._closing.is_set():
                for _ in range(self._workers):
                    self._add()
                self._watchdog = spawn(f"{self._name}-watchdog", self._watch)
        self._queue.put(runnable)
        # From now on without this method: a call in C instead of one in Python for each turn.
        self.put = self._queue.put  # type: ignore[method-assign]

    def replace(self, thread: int) -> None:
        """Give up a worker whose turn does not end."""
        with self._lock:
            self._abandoned.add(thread)
            for given_up in [t for t in self._seats if t.ident == thread]:
                del self._seats[given_up]
                self._given_up.add(given_up)
                self._live -= 1
            self._add()

    def release(self) -> None:
        """Keep everything: the threads belong to all cells."""

    def close(self, timeout: float) -> bool:
        """End all threads after their current turn; tell whether they did in `timeout` seconds."""
        self._closing.set()
        with self._lock:
            threads = set(self._seats) | self._given_up
            self._alarm.put(None)
            for _ in threads:
                self._queue.put(None)
        if self._watchdog is not None:
            threads.add(self._watchdog)
        return join(threads, timeout)

    @property
    def threads(self) -> int:
        """How many workers there are now."""
        return self._live

    @contextmanager
    def waiting(self) -> Generator[None]:
        """Mark the calling worker as about to wait: a spare one takes over."""
        with self._lock:
            self._blocked += 1
            if self._live - self._blocked < self._workers:
                self._add()
        try:
            yield
        finally:
            with self._lock:
                self._blocked -= 1
                self._count_surplus()

    # ------------------------------------------------------------------- workers

    def _add(self) -> None:
        if self._closing.is_set():
            return
        self._live += 1
        self._count_surplus()
        seat = Seat()
        thread = threading.Thread(target=self._work, args=(seat,), name=self._name, daemon=True)
        self._seats[thread] = seat
        thread.start()

    def _count_surplus(self) -> None:
        self._surplus = self._live - self._blocked > self._workers

    def _work(self, seat: Seat) -> None:
        here.pool, here.seat = self, seat
        ready, turn, abandoned = self._queue, self._turn, self._abandoned
        while True:
            if ready.empty():
                if self._surplus and self._retire():
                    return
                seat.is_idle = True
                runnable = ready.get()
                seat.is_idle = False
                if not self._armed:
                    self._arm()
            else:
                runnable = ready.get()
            if runnable is None:
                self._leave()
                return
            seat.cell = runnable
            runnable.run(turn)
            self._turns += 1
            if abandoned and get_ident() in abandoned:
                abandoned.discard(get_ident())
                self._given_up.discard(threading.current_thread())
                return

    def _retire(self) -> bool:
        with self._lock:
            if self._live - self._blocked <= self._workers:
                return False
            self._drop_worker()
            return True

    def _leave(self) -> None:
        with self._lock:
            self._drop_worker()

    def _drop_worker(self) -> None:
        if self._seats.pop(threading.current_thread(), None) is not None:
            self._live -= 1
            self._count_surplus()

    # ------------------------------------------------------------------- the watchdog

    def _arm(self) -> None:
        """Wake the watchdog: somebody works, and may block."""
        self._armed = True
        self._alarm.put(None)

    def _all_idle(self) -> bool:
        with self._lock:
            return self._queue.empty() and all(seat.is_idle for seat in self._seats.values())

    def _watch(self) -> None:
        while not self._closing.is_set():
            self._alarm.get()
            seen = -1
            idle = stuck = 0
            while (late := self._wait()) is not None:
                still = self._turns == seen
                seen = self._turns
                idle = idle + 1 if still and self._all_idle() else 0
                stuck = stuck + 1 if still and not self._queue.empty() else 0
                if idle >= LINGER:
                    self._armed = False
                    # A worker stops being idle, then looks at `_armed`: whoever comes second sees.
                    if self._all_idle():
                        break
                    self._armed = True
                if stuck >= (CROWDED if late > getswitchinterval() / 2 else 1):
                    self._grow()
                    stuck = 0

    def _wait(self) -> float | None:
        """Wait for a `patience`; return how much more it took, None if the pool is closed.

        A thread that computes lets another one have the GIL after a switch interval.
        """
        until = monotonic() + self._patience
        with suppress(queue.Empty):
            self._alarm.get(timeout=self._patience)
        return None if self._closing.is_set() else monotonic() - until

    def _grow(self) -> None:
        with self._lock:
            room = self._limit - self._live
            for _ in range(min(self._queue.qsize(), max(1, self._live), room)):
                self._add()


def join(threads: set[threading.Thread], timeout: float) -> bool:
    """Wait for threads, which end side by side: after the first time-out there is no other."""
    others = [t for t in threads if t is not threading.current_thread()]
    for thread in others:
        thread.join(timeout)
        if thread.is_alive():
            timeout = 0.0
    return not any(thread.is_alive() for thread in others)
