"""A thread for one actor."""

from __future__ import annotations

import queue
import threading
from _thread import get_ident
from typing import TYPE_CHECKING

from .dispatch import TURN, Seat, Threads, here, join, spawn

if TYPE_CHECKING:
    from .turns import Turns


class Pinned(Threads):
    """One thread for one cell, for code that blocks; it ends when the cell is closed."""

    def __init__(self, name: str, *, turn: int = TURN, abandoned: set[int] | None = None) -> None:
        self._queue: queue.SimpleQueue[Turns | None] = queue.SimpleQueue()
        self._name, self._turn = name, turn
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._given_up: set[threading.Thread] = set()
        self._released = False
        self._abandoned = set[int]() if abandoned is None else abandoned

    def put(self, runnable: Turns, /) -> None:
        """Give the cell a turn; once it is closed, in the calling thread: it refuses what came."""
        if self._released:
            runnable.run(self._turn)
            return
        if self._thread is None:
            self._begin()
        self._queue.put(runnable)

    def replace(self, thread: int) -> None:
        """Give up the thread: its turn does not end."""
        with self._lock:
            self._abandoned.add(thread)
            self._queue = queue.SimpleQueue()
            if self._thread is not None:
                self._given_up.add(self._thread)
            self._thread = None
        self._begin()

    def release(self) -> None:
        """End the thread after its current turn."""
        with self._lock:
            self._released = True
        self._queue.put(None)

    def close(self, timeout: float) -> bool:
        """End the thread; tell whether it ended within `timeout` seconds."""
        self.release()
        with self._lock:
            threads = set(self._given_up)
        if self._thread is not None:
            threads.add(self._thread)
        return join(threads, timeout)

    @property
    def is_done(self) -> bool:
        """Whether it was released and its thread has ended."""
        thread = self._thread
        return self._released and (thread is None or not thread.is_alive())

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None and not self._released:
                self._thread = spawn(self._name, self._work)

    def _work(self) -> None:
        ready = self._queue
        here.seat = seat = Seat()
        while True:
            runnable = ready.get()
            if runnable is None:
                return
            seat.cell = runnable
            runnable.run(self._turn)
            if self._abandoned and get_ident() in self._abandoned:
                self._abandoned.discard(get_ident())
                self._given_up.discard(threading.current_thread())
                return
