"""Time: the only module that reads a clock or waits for one."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


logger = logging.getLogger("ringleader.clock")

LONGEST_WAIT: Final = 86_400.0
"""Seconds after which the clock's thread looks again: what a lock can wait for has a limit."""


class Timer:
    """A pending call; `cancel` is final and may be repeated."""

    __slots__ = ("call", "when")

    def __init__(self, when: float, call: Callable[[], object]) -> None:
        self.when = when
        self.call: Callable[[], object] | None = call

    def cancel(self) -> None:
        """Never call it, unless the call is under way."""
        self.call = None

    def fire(self) -> None:
        """Make the call, once."""
        call, self.call = self.call, None
        if call is not None:
            call()


class Clock(Protocol):
    """Seconds, and calls at a later time."""

    def now(self) -> float:
        """Return monotonic seconds: only differences mean something."""
        ...

    def time(self) -> float:
        """Return seconds since 1970, UTC: for people and for other hosts, never for waiting."""
        ...

    def call_later(self, seconds: float, call: Callable[[], object]) -> Timer:
        """Call `call` after `seconds` in the clock's thread; it must return at once."""
        ...


class Agenda:
    """Timers by time, equal times in the order they were set."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()

    def add(self, timer: Timer) -> None:
        """Take in a timer."""
        heapq.heappush(self._heap, (timer.when, next(self._order), timer))

    def next_time(self) -> float | None:
        """Return when the next timer is due that was not cancelled."""
        while self._heap and self._heap[0][2].call is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> Timer | None:
        """Take out the first timer that is due."""
        when = self.next_time()
        return heapq.heappop(self._heap)[2] if when is not None and when <= now else None


class RealClock:
    """The machine's clocks. One thread, started with the first timer, waits for all of them."""

    def __init__(self, spawn: Callable[[str, Callable[[], None]], threading.Thread]) -> None:
        self._agenda = Agenda()
        self._changed = threading.Condition()
        self._spawn = spawn
        self._thread: threading.Thread | None = None
        self._closed = False

    now = staticmethod(time.monotonic)  # not wrapped: it is asked twice for each event handled
    time = staticmethod(time.time)

    def call_later(self, seconds: float, call: Callable[[], object]) -> Timer:
        """Call `call` after `seconds`. After `close`, take the timer and never call it."""
        timer = Timer(self.now() + seconds, call)
        with self._changed:
            if self._closed:
                return timer
            self._agenda.add(timer)
            if self._thread is None:
                self._thread = self._spawn("ringleader-clock", self._wait)
            self._changed.notify()
        return timer

    def close(self, timeout: float = 5.0) -> bool:
        """Drop all timers and end the thread; tell whether it ended within `timeout` seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(timeout)
        return not thread.is_alive()

    def _wait(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                when = self._agenda.next_time()
                if when is None or when > self.now():
                    left = None if when is None else min(when - self.now(), LONGEST_WAIT)
                    self._changed.wait(left)
                    continue
                timer = self._agenda.pop_due(when)
            if timer is not None:
                self._fire(timer)

    @staticmethod
    def _fire(timer: Timer) -> None:
        try:
            timer.fire()
        except Exception:
            logger.exception("a timer's call failed; the clock goes on")
